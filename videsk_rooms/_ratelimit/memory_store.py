"""A store for the clients of one process."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import register_after_fork

from .schedule import Message, Schedule, Update

if TYPE_CHECKING:
    from collections.abc import Callable


class MemoryStore:
    """Counts the requests of this process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._schedule = Schedule()
        self._clock = clock
        self._pending: deque[tuple[str, float | None]] = deque()
        self._lock = threading.Lock()
        register_after_fork(self)

    def note(self, request_id: str, counted_at: float | None) -> None:
        """Record when a request was counted at the latest; `None`: it was not sent.

        It takes no lock, because a collected coroutine may call it while this thread holds it.
        """
        self._pending.append((request_id, counted_at))

    def apply_now(self, message: Message) -> float:
        """Apply a message to the schedule; return the wait, 0 for a permit."""
        with self._lock:
            now = self._clock()
            for _ in range(len(self._pending)):
                self._schedule.update(self._next_update(now), now)
            return self._schedule.apply(message, now)

    async def apply(self, message: Message) -> float:
        """Apply a message to the schedule; return the wait, 0 for a permit."""
        return self.apply_now(message)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def reset_after_fork(self) -> None:
        """Replace the lock, and keep the schedule: what the parent sent counts for both."""
        self._lock = threading.Lock()

    def _next_update(self, now: float) -> Update:
        request_id, counted_at = self._pending.popleft()
        return Update(request_id, None if counted_at is None else now - counted_at)
