"""State that all clients of a process for the same account share: latency and store."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING

import attrs

from videsk_rooms._concurrency.fork import register_after_fork
from videsk_rooms.errors import ConfigurationError

from .ceiling_store import CeilingStore
from .fallback_store import FallbackStore
from .latency import Latency
from .limit import Limit, ObservedLimit
from .limiter import NoLimit, RateLimiter, StoreLimiter
from .memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from videsk_rooms._config import RateLimit

    from .schedule import Ask
    from .store import Store


_MOST_RECENT = 16


def make_limiter(
    rate_limit: RateLimit | None, account: Hashable, token: Callable[[], str]
) -> RateLimiter:
    """Choose how requests are limited.

    Args:
        rate_limit: The option of the client.
        account: Equal for the clients of this process that use the same account of one server.
        token: Returns the account's token, which names it to other processes.

    Raises:
        ConfigurationError: The shared store cannot be used here.
    """
    if rate_limit is None:
        return NoLimit()
    limit = ObservedLimit(Limit(rate_limit.requests, rate_limit.per))
    known = _accounts.get(account)
    # It refers to the account, which thus lives as long as one of its clients.
    make_store = _stores_of(known, limit, rate_limit.shared, token)
    at_most = None
    if rate_limit.at_most is not None:
        at_most = Limit(rate_limit.at_most, rate_limit.per)
        make_store = _below(at_most, make_store)
    shared = rate_limit.shared is not None
    limiter = StoreLimiter(limit, known.latency, make_store, at_most=at_most, shared=shared)
    register_after_fork(limiter)
    return limiter


@attrs.frozen(eq=False)
class _Account:
    """An account's latency and store in this process."""

    latency: Latency = attrs.field(factory=Latency)
    store: MemoryStore = attrs.field(factory=MemoryStore)


class _Accounts:
    """The accounts of open clients, and the most recent of closed ones."""

    def __init__(self) -> None:
        self._in_use: weakref.WeakValueDictionary[Hashable, _Account] = (
            weakref.WeakValueDictionary()
        )
        # A program may make a client for each call.
        self._recent: deque[_Account] = deque(maxlen=_MOST_RECENT)
        self.reset_after_fork()
        register_after_fork(self)

    def get(self, account: Hashable) -> _Account:
        """Return the account that other clients use, or a new one."""
        with self._lock:
            known = self._in_use.get(account)
            if known is None:
                known = self._in_use[account] = _Account()
            if known not in self._recent:
                self._recent.append(known)
            return known

    def reset_after_fork(self) -> None:
        """Replace the lock, because a thread of the parent may hold this one."""
        self._lock = threading.Lock()


_accounts = _Accounts()


def _below(at_most: Limit, make_store: Callable[[], Store]) -> Callable[[], Store]:
    """Make stores that also keep a client's own limit."""
    own = MemoryStore()

    def lowered(ask: Ask) -> Ask:
        return attrs.evolve(ask, requests=at_most.requests, per=at_most.per)

    return lambda: CeilingStore(own, lowered, make_store())


def _stores_of(
    account: _Account, limit: ObservedLimit, shared: str | None, token: Callable[[], str]
) -> Callable[[], Store]:
    """Return a function that makes the store of each event loop."""
    # No partials, whose repr would show the URL and its password.
    if shared is None:
        return lambda: account.store
    scheme, _, rest = shared.partition(":")
    if scheme == "file":
        from .file_store import FileStore

        file = FileStore(rest)
        return lambda: FallbackStore(file, account.store, limit)
    if scheme in {"redis", "rediss"}:
        from .redis_store import RedisStore, check_url

        check_url(shared)
        return lambda: FallbackStore(RedisStore(shared, token), account.store, limit)
    # `_config.py` refuses all others. The value is not shown: it may hold a password.
    raise ConfigurationError(
        "RateLimit.shared has no store; give 'file:/a/path' for this machine, or "
        "'redis://host:6379/0' for all machines"
    )
