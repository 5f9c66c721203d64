"""State that all clients of a process for the same account share: latency and store."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import register_after_fork
from videsk_rooms.errors import ConfigurationError

from .ceiling import Ceiling
from .fallback import FallbackStore
from .latency import Latency
from .limit import Limit, ObservedLimit
from .memory_store import MemoryStore
from .no_limit import NoLimit
from .store_limiter import StoreLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from videsk_rooms._config import RateLimit

    from .limiter import RateLimiter
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
        ConfigurationError: What is to be shared cannot be used here.
    """
    if rate_limit is None:
        return NoLimit()
    limit = ObservedLimit(Limit(rate_limit.requests, rate_limit.per))
    known = _accounts.get(account)

    def make_store() -> Store:  # no partial, whose repr would show the URL and its password
        # It holds the account, which so lives as long as one of its clients.
        return _store_of(known, limit, rate_limit.shared, token)

    shared = rate_limit.shared is not None
    limiter: RateLimiter = StoreLimiter(limit, known.latency, make_store, shared=shared)
    if rate_limit.at_most is not None:
        own = ObservedLimit(Limit(rate_limit.at_most, rate_limit.per), source="RateLimit.at_most")
        store = MemoryStore()
        # With a latency of its own: its permits also wait for those of the account.
        limiter = Ceiling(StoreLimiter(own, Latency(), lambda: store), limiter)
    register_after_fork(limiter)
    return limiter


class _Account:
    """An account's latency and store in this process."""

    def __init__(self) -> None:
        self.latency = Latency()
        self.store = MemoryStore()


class _Accounts:
    """The accounts of open clients, and the most recent of closed ones."""

    def __init__(self) -> None:
        self._in_use: weakref.WeakValueDictionary[Hashable, _Account] = (
            weakref.WeakValueDictionary()
        )
        # A program may make a client for each call.
        self._recent: OrderedDict[Hashable, _Account] = OrderedDict()
        self.reset_after_fork()
        register_after_fork(self)

    def get(self, account: Hashable) -> _Account:
        """Return the account that other clients use, or a new one."""
        with self._lock:
            known = self._in_use.get(account)
            if known is None:
                known = self._in_use[account] = _Account()
            self._recent[account] = known
            self._recent.move_to_end(account)
            while len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
            return known

    def reset_after_fork(self) -> None:
        """Take another lock: a thread of the parent may hold this one."""
        self._lock = threading.Lock()


_accounts = _Accounts()


def _store_of(
    account: _Account, limit: ObservedLimit, shared: str | None, token: Callable[[], str]
) -> Store:
    if shared is None:
        return account.store
    scheme, _, rest = shared.partition(":")
    if scheme == "file":
        from .file_store import FileStore

        return FallbackStore(FileStore(rest), limit)
    if scheme in {"redis", "rediss"}:
        from .redis_store import RedisStore

        return FallbackStore(RedisStore(shared, token), limit)
    # `_config.py` refuses all others. The value is not shown: it may hold a password.
    raise ConfigurationError(
        "RateLimit.shared has no store; give 'file:/a/path' for this machine, or "
        "'redis://host:6379/0' for all machines"
    )
