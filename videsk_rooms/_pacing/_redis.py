"""A store for all machines: a list in Redis, and one script that reads and changes it at once.

Times are those of the Redis server, and what comes back are waits, so that no machine's clock
matters. The key is made from a hash of the API token: an account's processes meet there, and the
token is not told.
"""

from __future__ import annotations

import hashlib
from time import monotonic
from typing import TYPE_CHECKING, cast

from videsk_rooms.errors import ConfigurationError

from ._store import MICRO, Place, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

    from videsk_rooms._auth import TokenSource

    from ._limit import Limit

# Wider than in one machine, for the way to Redis and back varies too (docs/architecture.md).
MARGIN = 0.020

_PATIENCE = 1.0

# KEYS: the departures, the end of a hold. ARGV: the command and its numbers, in microseconds.
_SCRIPT = """
local departures, held = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local number = function(value) return tonumber(value or '0') end

if ARGV[1] == 'give back' then
  for i = 2, #ARGV do redis.call('LREM', departures, -1, ARGV[i]) end
  return {}
end

if ARGV[1] == 'hold' then
  local till = now + number(ARGV[2])
  if till > number(redis.call('GET', held)) then
    redis.call('SET', held, string.format('%.0f', till), 'PX', math.ceil(number(ARGV[2]) / 1000))
  end
  return {}
end

local count, limit, window = number(ARGV[2]), number(ARGV[3]), number(ARGV[4])
local first = redis.call('LINDEX', departures, 0)
while first and tonumber(first) <= now - window do
  redis.call('LPOP', departures)
  first = redis.call('LINDEX', departures, 0)
end
local least = math.max(now, number(redis.call('GET', held)))
local slot = now
local answer = {string.format('%.0f', now)}
for i = 1, count do
  slot = math.max(least, number(redis.call('LINDEX', departures, -1)))
  local before = redis.call('LINDEX', departures, -limit)
  if before then slot = math.max(slot, tonumber(before) + window) end
  redis.call('RPUSH', departures, string.format('%.0f', slot))
  answer[i + 1] = string.format('%.0f', slot)
end
redis.call('PEXPIRE', departures, math.ceil((slot - now + window) / 1000) + 1000)
return answer
"""


class RedisStore:
    """Keeps the departures of all processes that use the same Redis and API token."""

    def __init__(self, url: str, source: TokenSource) -> None:
        self._url = url
        self._source = source
        self._redis: Redis | None = None
        self._script: AsyncScript | None = None
        self._held_until = 0.0
        _check_url(url)

    async def reserve(self, count: int, limit: Limit) -> Sequence[Place]:
        """Reserve places."""
        window = int((limit.per + MARGIN) * MICRO)
        answer = await self._run("reserve", count, limit.requests, window)
        here, now = monotonic(), int(answer[0])
        return [Place(slot, here + (slot - now) / MICRO, self) for slot in map(int, answer[1:])]

    async def give_back(self, places: Sequence[Place]) -> None:
        """Free places."""
        await self._run("give back", *(place.slot for place in places))

    async def hold(self, seconds: float) -> None:
        """Promise nothing for so long."""
        self._held_until = max(self._held_until, monotonic() + seconds)
        await self._run("hold", int(seconds * MICRO))

    def held_until(self) -> float:
        """Tell until when nobody may leave, as far as this process was told."""
        return self._held_until

    async def close(self) -> None:
        """Close the connections to Redis; the departures stay there."""
        redis, self._redis, self._script = self._redis, None, None
        if redis is not None:
            await redis.aclose()

    async def _run(self, command: str, *numbers: int) -> list[bytes]:
        from redis.exceptions import RedisError

        account = await self._account()
        script = self._script or self._connect()
        keys = [f"{account}:departures", f"{account}:held"]
        try:
            return cast("list[bytes]", await script(keys=keys, args=[command, *numbers]))
        except (RedisError, OSError) as error:
            # Its text may hold the URL, and that a password.
            raise StoreUnreachableError(f"Redis: {type(error).__name__}") from None

    async def _account(self) -> str:
        token = (await self._source.current()).reveal()
        digest = hashlib.sha256(f"videsk-rooms pacing\0{token}".encode()).hexdigest()
        return f"{{videsk-rooms:{digest[:32]}}}"  # braces: one node of a cluster holds both keys

    def _connect(self) -> AsyncScript:
        from redis.asyncio import Redis

        self._redis = Redis.from_url(
            self._url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
        )
        self._script = self._redis.register_script(_SCRIPT)
        return self._script


def _check_url(url: str) -> None:
    try:
        from redis.asyncio import ConnectionPool
    except ImportError:
        raise ConfigurationError(
            "RateLimit.shared='redis://…' needs Redis' own client; run: "
            "pip install 'videsk-rooms[redis]'"
        ) from None
    try:
        ConnectionPool.from_url(url)
    except ValueError:
        raise ConfigurationError(
            "RateLimit.shared is no URL of a Redis; give one such as 'redis://host:6379/0'"
        ) from None
