"""The rate limit: when the next request may leave. `make_limiter` chooses among the limiters.

limiter.py       the interfaces of rate limiters and permits, and the limiter without a limit
limit.py         a limit, and how it is learned from the server's headers
queue.py         callers that wait in order, and the timer that wakes them
memory_store.py  the limiter of one client alone
schedule.py      the sliding window of reserved slots. No I/O
shared.py        the limiter of several processes, which reserve slots in a common store
per_loop.py      one `shared` limiter for each event loop
store.py         the interface of stores
file_store.py    a store: a locked file on this machine
redis_store.py   a store: one script in Redis, for many machines
fallback.py      the limit of a process while its store is out of reach

A new store is a file beside these, its scheme in `_make_store` below, and in `_config.py`, which
checks `RateLimit.shared`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import register_after_fork
from videsk_rooms.errors import ConfigurationError

from .limit import Limit
from .limiter import NoLimit, Permit, Rank, RateLimiter
from .memory_store import MemoryLimiter

if TYPE_CHECKING:
    from videsk_rooms._config import RateLimit

    from .store import Account, Store

__all__ = ["Permit", "Rank", "RateLimiter", "make_limiter"]


def make_limiter(rate_limit: RateLimit | None, account: Account) -> RateLimiter:
    """Choose how requests are paced.

    Raises:
        ConfigurationError: What is to be shared cannot be used here.
    """
    if rate_limit is None:
        return NoLimit()
    limit = Limit(rate_limit.requests, rate_limit.per)
    pacing: RateLimiter
    if rate_limit.shared is None:
        pacing = MemoryLimiter(limit)
    else:
        from .per_loop import LimiterPerLoop
        from .shared import Shared

        shared = rate_limit.shared
        pacing = LimiterPerLoop(lambda: Shared(_make_store(shared, account), limit))
    register_after_fork(pacing)
    return pacing


def _make_store(shared: str, account: Account) -> Store:
    scheme, _, rest = shared.partition(":")
    if scheme == "file":
        try:
            from .file_store import FileStore
        except ImportError:
            raise ConfigurationError(
                "RateLimit.shared='file:…' needs a lock that this system does not have (Windows "
                "has none of the kind); share by Redis"
            ) from None
        return FileStore(rest)
    from .redis_store import RedisStore

    return RedisStore(shared, account)
