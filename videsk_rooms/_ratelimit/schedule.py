"""The rule of the rate limit: when the next request may be sent. No I/O.

The server counts a request at some time between its sending and its response. Each request is kept
with `latest`, the latest such time:

    until it is answered:  sent + out + late    by the latency that was measured before
    afterwards:            answered - back      by its own response

A request that is sent at `t` arrives at `t + out` or later. It may be sent when the window that
ends then has fewer requests, by their `latest`, than the limit
(docs/decisions/0033-rate-limit-by-answers.md).

Times are seconds of one clock, the store's. `redis_store.py` has the same rule in Lua.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import isfinite
from operator import attrgetter
from typing import Any

import attrs

TICK = 0.002
"""Seconds added to a window, because clocks and timers are not finer."""
GRACE = 0.001
"""Seconds by which a request may be sent early. Less than `TICK`, which makes up for it."""
LEAST_WAIT = 0.005
_LONGEST_WAIT = 5.0
_HALVED_ABOVE = 0.2
"""Seconds. After half of a longer wait the store is asked again: others may have given up."""
_ABANDONED_AFTER = 0.1
"""Seconds after `due` at which a request that did not ask again counts as gone."""
_IMPLAUSIBLE = 10.0
"""Seconds. A time further ahead shows that the clock was set back."""
_LONGEST_PAUSE = 3600.0
"""Seconds. A pause that ends later is shortened: its file may be older than the last reboot."""
BACKGROUND_EVERY = 10
"""One in this many permits goes to the background, however many interactive requests wait."""
_SPACING = 0.8
"""Background requests keep at least this share of `per / requests` between each other."""
_KEEPS_ONE_FREE = 5.0
"""Seconds after an interactive request in which the background leaves one request unused."""
_SPARES_FROM = 5
"""The lowest limit at which the background leaves one request unused."""


class Rank(IntEnum):
    """The order of waiting requests: the lowest goes first.

    A call's later requests go before other calls' first ones, so that work once begun ends.
    """

    CONTINUED = 0
    INTERACTIVE = 1
    BACKGROUND_CONTINUED = 2
    BACKGROUND = 3

    @property
    def is_background(self) -> bool:
        """Whether nobody waits for it."""
        return self >= Rank.BACKGROUND_CONTINUED


@attrs.frozen
class Ask:
    """A request that waits to be sent.

    Attributes:
        id: Its id, unique among all processes.
        rank: Its rank; the lowest goes first.
        waited: Seconds that it has waited so far.
        requests: The limit in requests per window.
        per: The window in seconds.
        out: The shortest latency to the server, in seconds.
        late: By how many seconds the latency may be longer.
    """

    id: str
    rank: Rank
    waited: float
    requests: int
    per: float
    out: float
    late: float


@attrs.frozen
class Update:
    """An update on a request that was permitted.

    Attributes:
        id: The request.
        ago: How many seconds ago it was counted at the latest; `None`: it was not sent.
    """

    id: str
    ago: float | None


@attrs.frozen
class Message:
    """A message to a store, which is applied as a whole.

    Attributes:
        updates: Updates on permitted requests.
        pause: For how many seconds no request may be sent; 0: no pause.
        ask: A request that waits to be sent.
    """

    updates: Sequence[Update] = ()
    pause: float = 0.0
    ask: Ask | None = None


@attrs.define
class Waiting:
    """A request that waits, and asks again at `due`."""

    rank: int
    since: float
    due: float


@attrs.define
class Counted:
    """A request that was permitted.

    Attributes:
        latest: The latest moment at which the server can have counted it.
        out: The shortest latency to the server that its process knew.
        per: The window that its process knew. Another process may ask by a shorter one.
    """

    latest: float
    out: float
    per: float


_FORGOTTEN = Counted(0.0, 0.0, 0.0)


@attrs.define
class Schedule:
    """The requests of an account that were permitted within the last window, and those that wait.

    Attributes:
        counted: The permitted requests, by id.
        waiting: The waiting requests, by id.
        paused_until: Until when no request may be sent.
        last_interactive: When the last interactive request was permitted.
        last_background: When the last background request was permitted.
        without_background: The credit of the background: each interactive permit adds 1, each
            background one takes 9.
    """

    counted: dict[str, Counted] = attrs.field(factory=dict)
    waiting: dict[str, Waiting] = attrs.field(factory=dict)
    paused_until: float = 0.0
    last_interactive: float = -_KEEPS_ONE_FREE
    last_background: float = -_KEEPS_ONE_FREE
    without_background: int = 0

    def apply(self, message: Message, now: float) -> float:
        """Apply a message to the schedule.

        Returns:
            0 if the request has a permit, or none asks; otherwise the seconds until it asks again.
        """
        for update in message.updates:
            self.update(update, now)
        if message.pause:
            self.paused_until = max(self.paused_until, now + min(message.pause, _LONGEST_PAUSE))
        return 0.0 if message.ask is None else self._ask(message.ask, now)

    def update(self, update: Update, now: float) -> None:
        """Apply an update on a permitted request."""
        self.waiting.pop(update.id, None)
        if update.ago is None:
            self.counted.pop(update.id, None)
        else:  # also one that was forgotten, because it was counted later than expected
            known = self.counted.get(update.id, _FORGOTTEN)
            self.counted[update.id] = attrs.evolve(known, latest=now - update.ago)

    def _ask(self, ask: Ask, now: float) -> float:
        self._forget(now, ask.per)
        self.counted.pop(ask.id, None)  # one that asks again was not sent yet
        self.waiting[ask.id] = Waiting(ask.rank, now - ask.waited, now)
        opens = self._opens(ask, now)
        if opens <= now + GRACE:
            self._permit(ask, now)
            return 0.0
        wait = opens - now
        wait = min(max(wait if wait <= _HALVED_ABOVE else wait / 2, LEAST_WAIT), _LONGEST_WAIT)
        self.waiting[ask.id].due = now + wait
        return wait

    def _opens(self, ask: Ask, now: float) -> float:
        """Return when a request may be sent."""
        opens, owed = self.paused_until, self._owed_to_background()
        position = self._position(ask.id, owed)
        if not ask.rank.is_background:
            # The background asks for one permit at a time, so one waiting request may stand for
            # several permits that it is owed.
            position += max(owed - 1, 0)
        elif not (position == 0 and owed):
            opens = max(opens, self.last_background + _SPACING * ask.per / ask.requests)
            position += self._keeps_one_free(ask, now)
        window = ask.per + TICK
        windows, rest = divmod(position, ask.requests)
        # It waits until the window has room for this many fewer requests.
        fewer = ask.requests - rest
        # The earliest send time at which this request arrives a window after each counted one. Of
        # two processes' latencies only the shorter is certain: the longer may be the server's work.
        before = sorted(one.latest - min(one.out, ask.out) for one in self.counted.values())
        last = max(before[-fewer], now - window) if len(before) >= fewer else now - window
        return max(opens, last + window * (1 + windows))

    def _position(self, request_id: str, owed: int) -> int:
        """Return how many waiting requests go first."""
        queue = sorted((each.rank, each.since, one) for one, each in self.waiting.items())
        if owed:
            first = next(each for each in queue if each[0] >= Rank.BACKGROUND_CONTINUED)
            queue.remove(first)
            queue.insert(0, first)
        return [one for _, _, one in queue].index(request_id)

    def _owed_to_background(self) -> int:
        """Return how many permits the background is owed, if any of it waits."""
        return self.without_background // (BACKGROUND_EVERY - 1) if self._background_waits() else 0

    def _background_waits(self) -> bool:
        return any(each.rank >= Rank.BACKGROUND_CONTINUED for each in self.waiting.values())

    def _keeps_one_free(self, ask: Ask, now: float) -> bool:
        return ask.requests >= _SPARES_FROM and now - self.last_interactive < _KEEPS_ONE_FREE

    def _permit(self, ask: Ask, now: float) -> None:
        del self.waiting[ask.id]
        self.counted[ask.id] = Counted(now + ask.out + ask.late, ask.out, ask.per)
        if ask.rank.is_background:
            self.last_background = now
            self.without_background = max(self.without_background - (BACKGROUND_EVERY - 1), 0)
        else:
            self.last_interactive = now
            self.without_background += 1
            if not self._background_waits():
                self.without_background = min(self.without_background, BACKGROUND_EVERY - 1)

    def _forget(self, now: float, per: float) -> None:
        """Drop requests that left the window or are gone, or are from before a clock set back."""
        horizon, window = now + _IMPLAUSIBLE, per + TICK
        if max(map(_latest, self.counted.values()), default=now) > horizon:
            self.counted.clear()
            self.paused_until = now + window
        if self.paused_until > now + _LONGEST_PAUSE:
            self.paused_until = now + window
        self.counted = {
            each: one
            for each, one in self.counted.items()
            if one.latest > now - max(one.per, per) - TICK
        }
        self.waiting = {
            each: waiting
            for each, waiting in self.waiting.items()
            if now - _ABANDONED_AFTER <= waiting.due <= horizon
        }
        self.last_background = min(self.last_background, now)
        self.last_interactive = min(self.last_interactive, now)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        data = attrs.asdict(self, recurse=False)
        data["counted"] = {each: attrs.astuple(one) for each, one in self.counted.items()}
        data["waiting"] = {each: attrs.astuple(one) for each, one in self.waiting.items()}
        return data

    @classmethod
    def from_data(cls, data: Any) -> Schedule:
        """Make it from plain data.

        Raises:
            Exception: The data has another format.
        """
        numbers = {name: float(data[name]) for name in _NUMBERS}
        schedule = cls(
            counted={
                str(each): Counted(float(latest), float(out), float(per))
                for each, (latest, out, per) in data["counted"].items()
            },
            waiting={
                str(each): Waiting(int(rank), float(since), float(due))
                for each, (rank, since, due) in data["waiting"].items()
            },
            **numbers,
            without_background=int(float(data["without_background"])),  # a float has a largest
        )
        counted = [number for one in schedule.counted.values() for number in attrs.astuple(one)]
        if not all(map(isfinite, [*numbers.values(), *counted])):
            raise ValueError("not finite")
        return schedule


_latest = attrgetter("latest")
_NUMBERS = ("paused_until", "last_interactive", "last_background")
