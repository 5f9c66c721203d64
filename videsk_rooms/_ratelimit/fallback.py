"""Limits a process by itself while the shared store is out of reach.

Nobody then knows how many processes share the limit. Each takes a quarter of it, which keeps four
within it. A process that loses the store first lets one window pass; when the store is back, it
keeps to its quarter until others must have noticed, too. So no window holds requests by the store
and as many beside them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import attrs

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import leak

from .memory_store import MemoryStore
from .schedule import Message, Update
from .store import PATIENCE, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .limit import ObservedLimit
    from .schedule import Ask
    from .store import Store

SHARE = 0.25
PROBE_EVERY = 1.0
# Seconds by which a request may be counted later than a window after it left.
_LATE = 0.05

_logger = logging.getLogger("videsk_rooms")


class FallbackStore:
    """A store that always answers: while the shared one cannot, this process limits itself."""

    def __init__(
        self, store: Store, limit: ObservedLimit, clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._local = MemoryStore(clock)
        self._limit = limit
        self._clock = clock
        self._is_lost = False
        self._probe_at = 0.0
        self._probe: asyncio.Task[None] | None = None
        self._careful_until = 0.0

    async def tell(self, message: Message) -> float:
        """Have a message heard by the shared store, else by this process alone."""
        if self._is_lost:
            self._begin_probe()
            return self._tell_local(message)
        wait, told = 0.0, message
        if message.ask is not None and self._clock() < self._careful_until:
            # Others may still be on their own, so this one goes on keeping to its share.
            wait = self._tell_local(Message(message.updates, ask=message.ask))
            if wait > 0:
                told = attrs.evolve(message, ask=None)
        try:
            wait = max(wait, await self._store.tell(told))
        except StoreUnreachableError as error:
            self._lose(error)
            return self._tell_local(message)
        if wait > 0 and message.ask is not None:
            self._local.tell_now(Message([Update(message.ask.id, None)]))
        return wait

    async def close(self) -> None:
        """Close the store."""
        if self._probe is not None and self._probe.get_loop() is asyncio.get_running_loop():
            self._probe.cancel()
            await asyncio.wait([self._probe])
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent."""
        leak(self._probe)  # collecting it would complain that it is pending
        self._probe = None
        self._store.reset_after_fork()

    def _tell_local(self, message: Message) -> float:
        ask = message.ask
        return self._local.tell_now(
            attrs.evolve(message, ask=ask if ask is None else _share_of(ask))
        )

    def _lose(self, error: StoreUnreachableError) -> None:
        # Until what left by the permits of the store, here or elsewhere, is out of the window.
        self._local.tell_now(Message(pause=self._limit.limit.per + _LATE))
        self._is_lost = True
        self._probe_at = self._clock() + PROBE_EVERY
        _logger.warning(
            "the shared rate limit is out of reach (%s); until it is back, this process keeps to "
            "%.0f %% of the limit",
            error,
            SHARE * 100,
        )

    def _begin_probe(self) -> None:
        """Look whether the store is back, in the background: it may be long in not answering."""
        if self._probe is not None and self._probe.get_loop().is_closed():
            self._probe = None
        if self._probe is None and self._clock() >= self._probe_at:
            probe = asyncio.ensure_future(self._probe_once())
            if not probe.done():  # as it can be where a loop begins tasks at once
                self._probe = probe

    async def _probe_once(self) -> None:
        try:
            await self._store.tell(Message())
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
