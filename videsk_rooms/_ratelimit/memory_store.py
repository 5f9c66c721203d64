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
        self._news: deque[tuple[str, float | None]] = deque()
        self._lock = threading.Lock()
        register_after_fork(self)

    def note(self, request_id: str, counted_at: float | None) -> None:
        """Take note of when a request was counted at the latest; `None`: it never left.

        Takes no lock: a coroutine that is collected may come here while this thread holds it.
        """
        self._news.append((request_id, counted_at))

    def tell_now(self, message: Message) -> float:
        """Have a message heard, without waiting."""
        with self._lock:
            now = self._clock()
            self._schedule.hear(Message([self._update(now) for _ in range(len(self._news))]), now)
            return self._schedule.hear(message, now)

    async def tell(self, message: Message) -> float:
        """Have a message heard."""
        return self.tell_now(message)

    async def close(self) -> None:
        """Nothing is connected."""

    def reset_after_fork(self) -> None:
        """Count on, for what the parent sent counts for both; under a lock that nobody holds."""
        self._lock = threading.Lock()

    def _update(self, now: float) -> Update:
        request_id, counted_at = self._news.popleft()
        return Update(request_id, None if counted_at is None else now - counted_at)
