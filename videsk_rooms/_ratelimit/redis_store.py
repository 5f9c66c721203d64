"""A store for all machines: a sorted set in Redis, and one script for all commands.

Times are the Redis server's, and answers are waits, so that no machine's own clock matters. If
the server's clock is set back by more than a window, the slots of its old time are forgotten, and
a window passes before the next request.

The keys are made from a hash of the API token: the processes of an account share them, and the
token is not stored. While an old and a new token of an account are both in use, each has a limit
of its own.
"""

from __future__ import annotations

import hashlib
from time import monotonic
from typing import TYPE_CHECKING, cast

import anyio
import attrs

from videsk_rooms._concurrency.fork import leak
from videsk_rooms.errors import ConfigurationError

from .store import MICRO, PATIENCE, RemoteClock, StoreUnreachableError, slots_of, window_params

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

    from .limit import Limit
    from .store import Account, Slot


# KEYS: the departures, the end of a hold, the latest time that was seen. ARGV: the command and its
# numbers, in microseconds. The rule is that of `_ratelimit/schedule.py`. Answers begin with the
# server's time.
_SCRIPT = """
local departures, held, latest = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local whole = function(value) return string.format('%.0f', value) end
local answer = {whole(now)}

if ARGV[1] == 'give back' then
  for i = 2, #ARGV do redis.call('ZREM', departures, ARGV[i]) end
  return answer
end

local held_until = tonumber(redis.call('GET', held) or '0')

if ARGV[1] == 'hold' then
  local till = now + ARGV[2]
  if till > held_until then
    redis.call('SET', held, whole(till), 'PX', math.ceil(ARGV[2] / 1000) + 1000)
  end
  return answer
end

local limit, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local gap, late = tonumber(ARGV[4]), tonumber(ARGV[5])

local at_rank = function(rank)
  return tonumber(redis.call('ZRANGE', departures, rank, rank)[1])
end

local promise = function(slot)
  redis.call('ZADD', departures, whole(slot), whole(slot))
  return slot
end

local reserve = function()
  local slot = math.max(now, held_until)
  local before, last = at_rank(-limit), at_rank(-1)
  if before then slot = math.max(slot, before + window) end
  if last then slot = math.max(slot, last + (slot > now and gap or 1)) end
  return promise(slot)
end

local opening = function()
  local opens = math.max(now, held_until)
  while true do
    local before = redis.call('ZCOUNT', departures, '-inf', whole(opens))
    if before < limit or at_rank(before - limit) + window <= opens then return opens end
    opens = at_rank(before - limit) + window
  end
end

local confirm = function(member)
  local rank, slot = redis.call('ZRANK', departures, member), tonumber(member)
  if not rank then return reserve() end
  local early = rank >= limit and at_rank(rank - limit) + window > slot
  if slot >= held_until and not early and now - slot <= late then return slot end
  redis.call('ZREM', departures, member)
  local moved = opening()
  local step = moved > now and 1 or -1
  while redis.call('ZSCORE', departures, whole(moved)) do moved = moved + step end
  return promise(moved)
end

local seen = tonumber(redis.call('GET', latest) or '0')
if seen > now + window then
  redis.call('DEL', departures)
  held_until = now + window
  redis.call('SET', held, whole(held_until), 'PX', math.ceil(window / 1000) + 1000)
  seen = 0
end
if now > seen then redis.call('SET', latest, whole(now), 'PX', 3600000) end

redis.call('ZREMRANGEBYSCORE', departures, '-inf', whole(now - window))
if ARGV[1] == 'reserve' then
  for i = 1, tonumber(ARGV[6]) do answer[#answer + 1] = whole(reserve()) end
else
  for i = 6, #ARGV do answer[#answer + 1] = whole(confirm(ARGV[i])) end
end
local last = at_rank(-1)
if last then
  redis.call('PEXPIRE', departures, math.ceil((math.max(last - now, 0) + window) / 1000) + 1000)
end
return answer
"""


class RedisStore:
    """Keeps the departures of all processes that use the same Redis and API token."""

    def __init__(self, url: str, account: Account) -> None:
        self._url = url
        self._account = account
        self._script: AsyncScript | None = None
        self._watch: AsyncGenerator[None, None] | None = None
        self._clock = RemoteClock()
        _check_url(url)

    async def ready(self) -> None:
        """Have the token: a callable that gives it fails towards whoever asked."""
        await self._account()

    async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
        """Reserve places."""
        return self._places(await self._run("reserve", *attrs.astuple(window_params(limit)), count))

    async def confirm(self, places: Sequence[Slot], limit: Limit) -> Sequence[Slot]:
        """Confirm places whose time has come."""
        slots = (place.slot for place in places)
        return self._places(
            await self._run("confirm", *attrs.astuple(window_params(limit)), *slots)
        )

    async def give_back(self, places: Sequence[Slot]) -> None:
        """Free places."""
        await self._run("give back", *(place.slot for place in places))

    async def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        await self._run("hold", int(seconds * MICRO))

    async def close(self) -> None:
        """Close the connections to Redis; the departures stay there."""
        if self._watch is not None:
            await self._watch.aclose()
        self._script = self._watch = None

    def reset_after_fork(self) -> None:
        """Leak the parent's connections: two processes must not speak on one."""
        leak(self._script, self._watch)  # collecting them would reach into the parent's loop
        self._script = self._watch = None

    def _places(self, answer: Sequence[int]) -> list[Slot]:
        now, *slots = answer
        return slots_of(slots, self, now=now, here=self._clock.ours(now, came=monotonic()))

    async def _run(self, command: str, *numbers: int) -> list[int]:
        from redis.exceptions import RedisError

        keys = await self._keys()
        script = self._script or await self._connect()
        try:
            with anyio.fail_after(PATIENCE):
                answer = await script(keys=keys, args=[command, *numbers])
        except (RedisError, OSError, UnicodeError) as error:
            # Its text may hold the URL, and that a password.
            raise StoreUnreachableError(f"Redis: {type(error).__name__}") from None
        return [int(number) for number in cast("list[bytes]", answer)]

    async def _keys(self) -> list[str]:
        token = await self._account()
        digest = hashlib.sha256(f"videsk-rooms pacing\0{token}".encode()).hexdigest()
        account = f"{{videsk-rooms:{digest[:32]}}}"  # braces: one node of a cluster holds all keys
        return [f"{account}:departures", f"{account}:held", f"{account}:latest"]

    async def _connect(self) -> AsyncScript:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import ConnectionError as BrokenError

        # Once more at once, where the server has dropped a connection that was idle. It does no
        # harm when the script then runs twice: places that nobody heard of are left unused.
        retry = Retry(NoBackoff(), 1, supported_errors=(BrokenError,))
        redis = Redis.from_url(self._url, retry=retry)
        self._script = script = redis.register_script(_SCRIPT)
        # Loops have no hook for it, but before they end they close the generators begun in them.
        self._watch = _close_at_the_end(redis)
        await self._watch.__anext__()
        return script


async def _close_at_the_end(redis: Redis) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await redis.aclose()


def _check_url(url: str) -> None:
    try:
        from redis.asyncio import ConnectionPool
    except ImportError:
        raise ConfigurationError(
            "RateLimit.shared='redis://…' needs Redis' own client; run: "
            "pip install 'videsk-rooms[redis]'"
        ) from None
    try:
        pool = ConnectionPool.from_url(url)
        pool.connection_class(**pool.connection_kwargs)  # which connects nowhere yet
    except (ValueError, TypeError):
        raise ConfigurationError(
            "RateLimit.shared is no URL of a Redis; give one such as 'redis://host:6379/0'"
        ) from None
