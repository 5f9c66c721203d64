"""Limits a process by itself while the shared store is out of reach.

A process then does not know how many others share the limit. Each takes a quarter of it, so that
four stay within it. A process that loses the store sends nothing for one window. When the store is
back, the process keeps to its quarter until the others must have noticed. So no window ever gets a
full limit of requests through the store, plus others.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import attrs

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import leak

from .ceiling_store import CeilingStore
from .schedule import Message
from .store import PATIENCE, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .limit import ObservedLimit
    from .memory_store import MemoryStore
    from .schedule import Ask
    from .store import Store

SHARE = 0.25
PROBE_EVERY = 1.0
# Seconds between the sending of a request and its count, at most.
_LATE = 0.05

_logger = logging.getLogger("videsk_rooms")


class FallbackStore:
    """A store that always answers: while the shared one cannot, it limits this process alone."""

    def __init__(
        self,
        store: Store,
        local: MemoryStore,
        limit: ObservedLimit,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a store.

        Args:
            store: The shared one.
            local: Counts the account's requests of this process, in all its loops and clients.
            limit: The limit, as far as it is known.
            clock: Returns seconds.
        """
        self._store = store
        self._local = local
        # Used while other processes may not have noticed that the store is back.
        self._careful = CeilingStore(local, _share_of, store)
        self._limit = limit
        self._clock = clock
        self._is_lost = False
        self._probe_at = 0.0
        self._probe: asyncio.Task[None] | None = None
        self._careful_until = 0.0

    async def apply(self, message: Message) -> float:
        """Apply a message to the shared store, or to the local one while that is out of reach."""
        if self._is_lost:
            self._begin_probe()
            return self._careful.apply_to_own(message)
        store = self._careful if self._clock() < self._careful_until else self._store
        try:
            return await store.apply(message)
        except StoreUnreachableError as error:
            self._lose(error)
            return self._careful.apply_to_own(message)

    async def close(self) -> None:
        """Close the store."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait([self._probe])
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent."""
        leak(self._probe)  # collecting it would complain that it is pending
        self._probe = None
        self._store.reset_after_fork()

    def _lose(self, error: StoreUnreachableError) -> None:
        # Until all requests that the store permitted, to any process, have left the window.
        self._local.apply_now(Message(pause=self._limit.limit.per + _LATE))
        self._is_lost = True
        self._probe_at = self._clock() + PROBE_EVERY
        _logger.warning(
            "the shared rate limit is out of reach (%s); until it is back, this process keeps to "
            "%.0f %% of the limit",
            error,
            SHARE * 100,
        )

    def _begin_probe(self) -> None:
        """Check in the background whether the store is back, because a timeout takes a while."""
        if self._probe is None and self._clock() >= self._probe_at:
            probe = asyncio.ensure_future(self._probe_once())
            if not probe.done():  # an eager task may be done already
                self._probe = probe

    async def _probe_once(self) -> None:
        try:
            await self._store.apply(Message())
        except Exception:
            self._probe_at = self._clock() + PROBE_EVERY
        else:
            self._is_lost = False
            others_know = self._clock() + PROBE_EVERY + PATIENCE
            self._careful_until = others_know + self._limit.limit.per + _LATE
            _logger.warning("the shared rate limit is back")
        finally:
            self._probe = None


def _share_of(ask: Ask) -> Ask:
    share = ask.requests * SHARE
    requests = max(1, int(share))
    # A quarter of 2 a second is 1 in two seconds.
    return attrs.evolve(ask, requests=requests, per=ask.per * requests / share)
