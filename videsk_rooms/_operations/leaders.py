"""Concurrent calls for the same room: one leads, and the others follow.

Without it, if 200 callers want one new room at the same moment, each looks it up, tries to create
it and looks again. The leader does that once. Each follower gets the room's id from it and
retrieves the room by that, with a separate token: whether one token may be used twice is not
documented.

A follower waits no longer than its own deadline, and never gets the leader's error. If a leader is
cancelled or runs out of time, that says nothing about the room, so the next one leads. If it fails
otherwise, its followers try for themselves, as they would without it.

It works within one event loop: callers in another loop have another leader.
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
        gave_up: Whether it was cancelled or ran out of time, which says nothing about the room.
    """

    end: asyncio.Future[None]
    room_id: str | None = None
    gave_up: bool = False

    async def ended(self, seconds: float) -> bool:
        """Wait at most `seconds` for its end; return whether it has ended."""
        done, _ = await asyncio.wait([self.end], timeout=None if seconds == inf else seconds)
        return bool(done)


class Leaders:
    """The calls that others may follow, by event loop and by what they do."""

    def __init__(self) -> None:
        self._leading: dict[tuple[asyncio.AbstractEventLoop, Hashable], Leader] = {}

    def find(self, key: Hashable) -> Leader | None:
        """Return the running loop's leader for a key, if there is one."""
        return self._leading.get((asyncio.get_running_loop(), key))

    @contextmanager
    def lead(self, key: Hashable) -> Iterator[Leader]:
        """Lead in the running loop until the block ends; nobody may lead there yet."""
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
            # If a loop left the coroutine behind, it may end in any thread.
            call_soon_in(loop, settle, leader.end, leader.end.set_result, None)
