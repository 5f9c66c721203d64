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
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

import attrs

from videsk_rooms._concurrency.loops import call_soon_in, settle

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator


@attrs.define(eq=False)
class Leader:
    """A call that others wait for.

    Attributes:
        end: Done when it has ended.
        room_id: The id of the room that it found or created; `None` if it did not get so far.
        gave_up: Whether it was cancelled or its time was up, which says nothing about the room.
    """

    end: asyncio.Future[None]
    room_id: str | None = None
    gave_up: bool = False

    async def ended(self, seconds: float) -> bool:
        """Wait so many seconds for its end; return whether it has ended."""
        done, _ = await asyncio.wait([self.end], timeout=None if seconds == inf else seconds)
        return bool(done)


class Leaders:
    """The calls that others may follow, by event loop and by what they do."""

    def __init__(self) -> None:
        self._leading: dict[tuple[asyncio.AbstractEventLoop, Hashable], Leader] = {}

    def find(self, key: Hashable) -> Leader | None:
        """Return who leads in the running loop, if anybody does."""
        return self._leading.get((asyncio.get_running_loop(), key))

    @contextmanager
    def lead(self, key: Hashable) -> Iterator[Leader]:
        """Lead in the running loop, where nobody leads, until the block ends."""
        loop = asyncio.get_running_loop()
        leader = self._leading[loop, key] = Leader(loop.create_future())
        try:
            yield leader
        except BaseException as error:
            leader.room_id = None
            leader.gave_up = isinstance(error, TimeoutError) or not isinstance(error, Exception)
            raise
        finally:
            del self._leading[loop, key]
            # A coroutine that its loop left behind may end anywhere.
            call_soon_in(loop, settle, leader.end, leader.end.set_result, None)
