"""Concurrent calls for the same room: one leads, and the others follow.

Without it, of 200 callers that want one new room at the same moment, each looks it up, tries to
create it and looks again. The leader does that once; each follower gets the room's id from it and
retrieves the room by it, with a token of its own: whether one token may be used twice is not
documented.

A follower waits no longer than its own deadline, and never gets an error of the leader's. A leader
that is cancelled, or whose time is up, says nothing about the room, so that the next one leads. One
that fails otherwise has its followers try for themselves, as they would without it.

It works within one event loop: callers of another loop have a leader of their own.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.loops import call_soon_in

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import TracebackType

    from typing_extensions import Self


class Leaders:
    """The calls that others may follow, by event loop and by what they do."""

    def __init__(self) -> None:
        self._leading: dict[tuple[asyncio.AbstractEventLoop, Hashable], Leader] = {}

    def find(self, key: Hashable) -> Leader | None:
        """Return who leads in the running loop, if anybody does."""
        return self._leading.get((asyncio.get_running_loop(), key))

    def lead(self, key: Hashable) -> Leader:
        """Begin to lead, as a context manager; to be called where nobody leads."""
        loop_and_key = asyncio.get_running_loop(), key
        leader = self._leading[loop_and_key] = Leader(self, loop_and_key)
        return leader

    def end(self, loop_and_key: tuple[asyncio.AbstractEventLoop, Hashable]) -> None:
        """Forget a leader: the next caller leads."""
        self._leading.pop(loop_and_key, None)


class Leader:
    """A call that others wait for.

    Attributes:
        room_id: The id of the room that it found or created; `None` if it did not get so far.
        gave_up: Whether it was cancelled or its time was up, which says nothing about the room.
    """

    def __init__(
        self, leaders: Leaders, loop_and_key: tuple[asyncio.AbstractEventLoop, Hashable]
    ) -> None:
        self.room_id: str | None = None
        self.gave_up: bool = False
        self._leaders = leaders
        self._loop_and_key = loop_and_key
        self._ended: asyncio.Future[None] = loop_and_key[0].create_future()

    async def ended(self, seconds: float) -> bool:
        """Wait so many seconds for its end; return whether it has ended."""
        done, _ = await asyncio.wait([self._ended], timeout=None if seconds == inf else seconds)
        return bool(done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self.room_id = None
            self.gave_up = issubclass(exc_type, TimeoutError) or not issubclass(exc_type, Exception)
        self._leaders.end(self._loop_and_key)
        # A coroutine that its loop left behind may end anywhere.
        call_soon_in(self._loop_and_key[0], _end, self._ended)


def _end(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
