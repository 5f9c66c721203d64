"""When the next request may leave.

_departure.py  what pacing gives to one attempt, and what every kind of pacing can do
_limit.py      how many requests in how much time, and what the server's headers say of it
_line.py       callers that wait in order
_in_process.py one client alone: departures are counted as they happen
_ring.py       the departures that were promised, and the rule for the next one: pure
_shared.py     several processes: places are reserved in a store that they have in common
_loops.py      the same for each event loop of a process
_store.py      what such a store can do
_file.py       a store: a locked file of this machine
_redis.py      a store: one script in a Redis server of all machines
_alone.py      what paces a process while its store is out of reach
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import register_after_fork
from videsk_rooms.errors import ConfigurationError

from .limit import Limit
from .limiter import NoLimit, Permit, RateLimiter
from .memory_store import MemoryLimiter

if TYPE_CHECKING:
    from videsk_rooms._config import RateLimit

    from .store import Account, Store

__all__ = ["Permit", "RateLimiter", "make_limiter"]


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
