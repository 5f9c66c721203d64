"""When the next request may leave.

_limit.py      how many requests in how much time, and what the server's headers say of it
_ring.py       the departures that were promised, and the rule for the next one: pure
_in_process.py one client alone: callers stand in line, departures are counted as they happen
_shared.py     several processes: places are reserved in a store that they have in common
_file.py       such a store: a mapped, locked file of this machine
_redis.py      such a store: one script in a Redis server of all machines
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms.errors import ConfigurationError

from ._departure import Departure, Pacing, Unpaced
from ._in_process import InProcess
from ._limit import Limit

if TYPE_CHECKING:
    from videsk_rooms._auth import TokenSource
    from videsk_rooms._options import RateLimit

__all__ = ["Departure", "Pacing", "make_pacing"]


def make_pacing(rate_limit: RateLimit | None, source: TokenSource) -> Pacing:
    """Choose how requests are paced.

    Raises:
        ConfigurationError: What is to be shared cannot be used here.
    """
    if rate_limit is None:
        return Unpaced()
    limit = Limit(rate_limit.requests, rate_limit.per)
    if rate_limit.shared is None:
        return InProcess(limit)
    from ._shared import Shared

    scheme, _, rest = rate_limit.shared.partition(":")
    if scheme == "file":
        try:
            from ._file import FileStore
        except ImportError:
            raise ConfigurationError(
                "RateLimit.shared='file:…' needs a lock that this system does not have (Windows "
                "has none of the kind); share by Redis"
            ) from None
        return Shared(FileStore(rest), limit)
    from ._redis import RedisStore

    return Shared(RedisStore(rate_limit.shared, source), limit)
