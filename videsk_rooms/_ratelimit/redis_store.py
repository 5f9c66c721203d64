"""A store for all machines: one key in Redis, and one script.

The script implements the rule of `schedule.py`, on the Redis server's clock, and returns a wait, so
that no machine's own clock matters. All of it is in one key, and so in one slot of a cluster. If a
server loses the key, it counts from zero again, and one window may be over the limit.

The key is derived from a hash of the API token: the processes of an account share it, and the token
is not stored. While an account's old and new token are both in use, each has a separate limit.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from videsk_rooms._concurrency.fork import leak
from videsk_rooms.errors import ConfigurationError

from .store import PATIENCE, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from .schedule import Message

# Exactly what the script returns, because a wait of 0 is a permit.
_WAIT = re.compile(r"[0-9]\.[0-9]{6}")

# KEYS: the schedule. ARGV: the message as JSON. The numbers are those of `schedule.py`.
SCRIPT = """
local TICK, GRACE, LEAST_WAIT, LONGEST_WAIT, HALVED_ABOVE = 0.002, 0.001, 0.005, 5, 0.2
local ABANDONED_AFTER, IMPLAUSIBLE, LONGEST_PAUSE = 0.1, 10, 3600
local BACKGROUND_EVERY, BACKGROUND_RANK, SPACING = 10, 2, 0.8
local KEEPS_ONE_FREE, SPARES_FROM = 5, 5

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local message = cjson.decode(ARGV[1])

local function new_state(paused_until)
  return {
    counted = {}, waiting = {}, paused_until = paused_until, without_background = 0,
    last_interactive = 0, last_background = 0,
  }
end

local stored = redis.call('GET', KEYS[1])
local state = new_state(0)

local function forget(per)
  local later = false
  for id, one in pairs(state.counted) do
    later = later or one.latest > now + IMPLAUSIBLE
    if not (one.latest > now - math.max(one.per, per) - TICK) then state.counted[id] = nil end
  end
  if later then state.counted = {} end
  if later or state.paused_until > now + LONGEST_PAUSE then
    state.paused_until = now + per + TICK
  end
  for id, waiting in pairs(state.waiting) do
    if not (waiting.due >= now - ABANDONED_AFTER and waiting.due <= now + IMPLAUSIBLE) then
      state.waiting[id] = nil
    end
  end
  state.last_background = math.min(state.last_background, now)
  state.last_interactive = math.min(state.last_interactive, now)
end

local function background_waits()
  for _, waiting in pairs(state.waiting) do
    if waiting.rank >= BACKGROUND_RANK then return true end
  end
  return false
end

local function owed_to_background()
  if not background_waits() then return 0 end
  return math.floor(state.without_background / (BACKGROUND_EVERY - 1))
end

local function position_of(wanted)
  local queue = {}
  for id in pairs(state.waiting) do queue[#queue + 1] = id end
  table.sort(queue, function(one, other)
    local a, b = state.waiting[one], state.waiting[other]
    if a.rank ~= b.rank then return a.rank < b.rank end
    if a.since ~= b.since then return a.since < b.since end
    return one < other
  end)
  if owed_to_background() > 0 then
    for index, id in ipairs(queue) do
      if state.waiting[id].rank >= BACKGROUND_RANK then
        table.insert(queue, 1, table.remove(queue, index))
        break
      end
    end
  end
  for index, id in ipairs(queue) do
    if id == wanted then return index - 1 end
  end
end

local function opens(ask)
  local position, earliest = position_of(ask.id), state.paused_until
  local owed = owed_to_background()
  if ask.rank < BACKGROUND_RANK then
    position = position + math.max(owed - 1, 0)
  elseif position > 0 or owed == 0 then
    earliest = math.max(earliest, state.last_background + SPACING * ask.per / ask.requests)
    if ask.requests >= SPARES_FROM and now - state.last_interactive < KEEPS_ONE_FREE then
      position = position + 1
    end
  end
  local window = ask.per + TICK
  local windows = math.floor(position / ask.requests)
  local fewer = ask.requests - position % ask.requests
  local before = {}
  for _, one in pairs(state.counted) do
    before[#before + 1] = one.latest - math.min(one.out, ask.out)
  end
  table.sort(before)
  local last = math.max(before[#before - fewer + 1] or 0, now - window)
  return math.max(earliest, last + window * (1 + windows))
end

local function permit(ask)
  state.waiting[ask.id] = nil
  state.counted[ask.id] = {latest = now + ask.out + ask.late, out = ask.out, per = ask.per}
  if ask.rank >= BACKGROUND_RANK then
    state.last_background = now
    state.without_background = math.max(state.without_background - (BACKGROUND_EVERY - 1), 0)
  else
    state.last_interactive = now
    state.without_background = state.without_background + 1
    if not background_waits() then
      state.without_background = math.min(state.without_background, BACKGROUND_EVERY - 1)
    end
  end
end

local function answer(ask)
  forget(ask.per)
  state.counted[ask.id] = nil
  state.waiting[ask.id] = {rank = ask.rank, since = now - ask.waited, due = now}
  local wait = opens(ask) - now
  if wait <= GRACE then
    permit(ask)
    return 0
  end
  if wait > HALVED_ABOVE then wait = wait / 2 end
  wait = math.min(math.max(wait, LEAST_WAIT), LONGEST_WAIT)
  state.waiting[ask.id].due = now + wait
  return wait
end

local function apply()
  for _, update in ipairs(message.updates) do
    state.waiting[update.id] = nil
    if update.ago == cjson.null then
      state.counted[update.id] = nil
    else
      local known = state.counted[update.id] or {out = 0, per = 0}
      state.counted[update.id] = {latest = now - update.ago, out = known.out, per = known.per}
    end
  end
  if message.pause > 0 then
    state.paused_until = math.max(state.paused_until, now + math.min(message.pause, LONGEST_PAUSE))
  end
  return message.ask ~= cjson.null and answer(message.ask) or 0
end

local function apply_to_stored()
  if stored then state = cmsgpack.unpack(stored) end
  for name, value in pairs(new_state(0)) do
    assert(type(state[name]) == type(value) and state[name] == state[name])
  end
  return apply()
end

local is_ours, wait = pcall(apply_to_stored)
if not is_ours then -- the key held something else
  state = new_state(now + 1)
  wait = apply()
end
local window = message.ask ~= cjson.null and message.ask.per or 0
local needed = math.max(state.paused_until - now, window)
local kept = math.max((needed + 120) * 1000, redis.call('PTTL', KEYS[1]))
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', math.ceil(kept))
return string.format('%.6f', wait)
"""


class RedisStore:
    """Counts the requests of all processes that use the same Redis and API token."""

    def __init__(self, url: str, account: Callable[[], str]) -> None:
        """Make a store that connects when it first applies a message.

        Args:
            url: Of the Redis server, or of any node of a cluster.
            account: Returns what only the account's processes have: its token.
        """
        self._url = url
        self._account = account
        self._script: Any = None
        self._watch: AsyncGenerator[None, None] | None = None
        self._is_cluster = False
        self._applying: set[asyncio.Task[Any] | None] = set()

    async def apply(self, message: Message) -> float:
        """Apply a message to the schedule in Redis; return the wait, 0 for a permit."""
        from redis.exceptions import MovedError

        data = json.dumps(attrs.asdict(message))
        applying = asyncio.current_task()
        self._applying.add(applying)
        try:
            with anyio.fail_after(PATIENCE):
                try:
                    return _checked(await self._run(data))
                except MovedError:  # a node of a cluster, and the key is another's
                    await self.close()
                    self._is_cluster = True
                    return _checked(await self._run(data))
        except Exception as error:  # anything that the server or its client may raise
            # The next message reconnects: after a failover, the address leads to another server,
            # and the connected one may be its replica, or hang.
            with suppress(Exception), anyio.move_on_after(PATIENCE):
                await self.close()
            # The error's text may contain the URL, and so a password.
            raise StoreUnreachableError(f"Redis: {type(error).__name__}") from None
        finally:
            self._applying.discard(applying)

    async def close(self) -> None:
        """Close the connections to Redis; what was counted stays there."""
        watch, self._watch, self._script = self._watch, None, None
        if watch is not None:
            await watch.aclose()

    def reset_after_fork(self) -> None:
        """Leak the parent's connections, because two processes must not share one."""
        leak(self._script, self._watch)  # collecting them would reach into the parent's loop
        self._script = self._watch = None

    async def _run(self, data: str) -> object:
        script = self._script or await self._connect()
        return await script(keys=[self._key()], args=[data])

    def _key(self) -> str:
        digest = hashlib.sha256(f"videsk-rooms pacing\0{self._account()}".encode()).hexdigest()
        return f"{{videsk-rooms:{digest[:32]}}}:schedule"

    async def _connect(self) -> Any:
        from redis.asyncio import Redis
        from redis.asyncio.cluster import RedisCluster
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import ConnectionError as BrokenError

        redis: Any
        if self._is_cluster:
            redis = RedisCluster.from_url(self._url)
        else:
            # Retry once immediately, in case the server has dropped an idle connection. Applying a
            # message a second time changes nothing.
            retry = Retry(NoBackoff(), 1, supported_errors=(BrokenError,))
            redis = Redis.from_url(self._url, retry=retry)
        self._script = script = redis.register_script(SCRIPT)
        # Loops have no hook for it, but before they end they close the generators begun in them.
        self._watch = _close_at_the_end(redis, self._applying)
        await self._watch.__anext__()
        return script


async def _close_at_the_end(
    redis: Any, applying: set[asyncio.Task[Any] | None]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        # Messages that are still being applied in a loop that ends would reconnect.
        others = {each for each in applying if each is not None} - {asyncio.current_task()}
        for each in others:
            each.cancel()
        if others:
            await asyncio.wait(others)
        # Its own task, or a cancellation would leave connections open.
        await asyncio.shield(redis.aclose())


def _checked(answer: object) -> float:
    """Return the wait in Redis's response; raise `ValueError` if it is not one."""
    text = answer.decode() if isinstance(answer, bytes) else answer
    if not isinstance(text, str) or not _WAIT.fullmatch(text):
        raise ValueError("the response is not a wait")
    return float(text)


def check_url(url: str) -> None:
    """Check that a URL can be used, as far as possible without a connection.

    Raises:
        ConfigurationError: The URL is not Redis's, or the Redis client is missing.
    """
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
            "RateLimit.shared is not the URL of a Redis server; give one such as "
            "'redis://host:6379/0'"
        ) from None
