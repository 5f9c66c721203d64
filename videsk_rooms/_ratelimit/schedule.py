"""The rule of the rate limit: when the next request may leave. No I/O.

The server counts a request somewhere between its departure and its answer. So each request is kept
with the latest moment at which it can have been counted: at first by what is known of the path,
and once its answer is there, by that. Another request, which arrives no sooner than the shortest
way there takes, may leave when fewer than the limit can still be in the server's window then
(docs/decisions/0033-rate-limit-by-answers.md).

Times are seconds of one clock, whichever the store has. `redis_store.py` has the same rule in Lua.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import attrs

from .rank import Rank

TICK = 0.002
"""Seconds that a window counts as longer: clocks and timers are no finer."""
GRACE = 0.001
"""Seconds before its time at which a request may leave; within `TICK`."""
LEAST_WAIT = 0.005
_LONGEST_WAIT = 5.0
_HALVED_ABOVE = 0.2
"""Longer waits are asked about again at their half: those ahead may have gone."""
_ABANDONED_AFTER = 0.1
"""Seconds after the time to ask again at which whoever waits counts as gone."""
_IMPLAUSIBLE = 10.0
"""A moment so many seconds ahead is of a clock that was set back since."""
_LONGEST_PAUSE = 3600.0
"""A pause that ends later is none, too: a file may be older than the last reboot."""
BACKGROUND_EVERY = 10
"""One permit of so many goes to the background, however many others wait."""
_SPACING = 0.8
"""Background requests leave this evenly: a share of the time that each has under the limit."""
_KEEPS_ONE_FREE = 5.0
"""Seconds after an interactive request in which the background leaves one place free."""
_SPARES_FROM = 5
"""Limits below this have no place to leave free."""


@attrs.frozen
class Ask:
    """A request that wants to leave.

    Attributes:
        id: Names it, among all processes.
        rank: Who goes first.
        waited: Seconds that it has waited so far.
        requests: The limit: how many.
        per: In how many seconds.
        out: The shortest way to the server, in seconds.
        late: By how much longer the way may be.
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
    """News of a request that was permitted.

    Attributes:
        id: The request.
        ago: How many seconds ago it was counted at the latest; `None`: it never left.
    """

    id: str
    ago: float | None


@attrs.frozen
class Message:
    """What a store is told at once.

    Attributes:
        updates: News of permitted requests.
        pause: For how many seconds nothing is to leave; 0: no pause.
        ask: A request that wants to leave.
    """

    updates: Sequence[Update] = ()
    pause: float = 0.0
    ask: Ask | None = None


@attrs.define
class Waiting:
    """A request that was told to wait, until `due`, when it asks again."""

    rank: int
    since: float
    due: float


@attrs.define
class Counted:
    """A request that was permitted.

    Attributes:
        latest: The latest moment at which the server can have counted it.
        out: The shortest way out that its process knew.
    """

    latest: float
    out: float


@attrs.define
class Schedule:
    """The requests of an account that were permitted lately, and those that wait.

    Attributes:
        counted: By request, when it counts.
        waiting: By request, who waits.
        paused_until: Until when nothing leaves.
        last_interactive: When somebody last left whom somebody waits for.
        last_background: When somebody else last did.
        without_background: Permits since then.
    """

    counted: dict[str, Counted] = attrs.field(factory=dict)
    waiting: dict[str, Waiting] = attrs.field(factory=dict)
    paused_until: float = 0.0
    last_interactive: float = -_KEEPS_ONE_FREE
    last_background: float = -_KEEPS_ONE_FREE
    without_background: int = 0

    def hear(self, message: Message, now: float) -> float:
        """Take note of a message, and answer what it asks.

        Returns:
            0: the request may leave, or none asks. Above: in how many seconds to ask again.
        """
        for update in message.updates:
            self._update(update, now)
        if message.pause:
            self.paused_until = max(self.paused_until, now + min(message.pause, _LONGEST_PAUSE))
        return 0.0 if message.ask is None else self._ask(message.ask, now)

    def _ask(self, ask: Ask, now: float) -> float:
        self._forget(now, ask.per)
        self.counted.pop(ask.id, None)  # one that asks again has not left yet
        self.waiting[ask.id] = Waiting(ask.rank, now - ask.waited, now)
        opens = self._opens(ask, now)
        if opens <= now + GRACE:
            self._permit(ask, now)
            return 0.0
        wait = opens - now
        wait = min(max(wait if wait <= _HALVED_ABOVE else wait / 2, LEAST_WAIT), _LONGEST_WAIT)
        self.waiting[ask.id].due = now + wait
        return wait

    def _update(self, update: Update, now: float) -> None:
        self.waiting.pop(update.id, None)
        if update.ago is None:
            self.counted.pop(update.id, None)
        else:  # one that was forgotten, too: it was later than its path had it
            known = self.counted.get(update.id)
            out = 0.0 if known is None else known.out
            self.counted[update.id] = Counted(now - update.ago, out)

    def _opens(self, ask: Ask, now: float) -> float:
        queue = self._queue()
        position = queue.index(ask.id)
        opens, owed = self.paused_until, self._owed_to_background()
        if not ask.rank.is_background:
            # They ask one after another, so that one who waits may stand for all that is owed.
            position += max(owed - 1, 0)
        elif not (position == 0 and owed):
            opens = max(opens, self.last_background + _SPACING * ask.per / ask.requests)
            position += self._keeps_one_free(ask, now)
        window = ask.per + TICK
        windows, place = divmod(position, ask.requests)
        # When this one would have to leave, to arrive as each of the others did at the latest.
        # Where two processes know different ways, only the shorter is sure: the longer may be work.
        before = sorted(one.latest - min(one.out, ask.out) for one in self.counted.values())
        # Of those that arrive in one window, so many may have left before this one.
        fewer = ask.requests - place
        base = before[-fewer] if len(before) >= fewer else now - window
        return max(opens, base + window * (1 + windows))

    def _queue(self) -> list[str]:
        """Return who waits, in order."""
        queue = sorted(
            self.waiting, key=lambda each: (self.waiting[each].rank, self.waiting[each].since, each)
        )
        if self._owed_to_background():
            for place, each in enumerate(queue):
                if self.waiting[each].rank >= Rank.BACKGROUND_CONTINUED:
                    queue.insert(0, queue.pop(place))
                    break
        return queue

    def _owed_to_background(self) -> int:
        """Return how many permits the background should have had, if any of it waits."""
        return self.without_background // (BACKGROUND_EVERY - 1) if self._background_waits() else 0

    def _background_waits(self) -> bool:
        return any(each.rank >= Rank.BACKGROUND_CONTINUED for each in self.waiting.values())

    def _keeps_one_free(self, ask: Ask, now: float) -> bool:
        return ask.requests >= _SPARES_FROM and now - self.last_interactive < _KEEPS_ONE_FREE

    def _permit(self, ask: Ask, now: float) -> None:
        del self.waiting[ask.id]
        self.counted[ask.id] = Counted(now + ask.out + ask.late, ask.out)
        if ask.rank.is_background:
            self.last_background = now
            self.without_background = max(self.without_background - (BACKGROUND_EVERY - 1), 0)
        else:
            self.last_interactive = now
            self.without_background += 1
            if not self._background_waits():
                self.without_background = min(self.without_background, BACKGROUND_EVERY - 1)

    def _forget(self, now: float, per: float) -> None:
        """Drop what is out of the window, who no longer asks, and what a clock set back left."""
        horizon = now + _IMPLAUSIBLE
        is_set_back = any(one.latest > horizon for one in self.counted.values())
        if is_set_back:
            self.counted.clear()
            self.waiting.clear()
        if is_set_back or self.paused_until > now + _LONGEST_PAUSE:
            self.paused_until = now + per + TICK
        out_of_window = now - per - TICK
        self.counted = {
            each: one for each, one in self.counted.items() if one.latest > out_of_window
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
        """Make it of plain data.

        Raises:
            Exception: The data is of something else.
        """
        numbers = {name: float(data[name]) for name in _NUMBERS}
        schedule = cls(
            counted={
                str(each): Counted(float(latest), float(out))
                for each, (latest, out) in data["counted"].items()
            },
            waiting={
                str(each): Waiting(int(rank), float(since), float(due))
                for each, (rank, since, due) in data["waiting"].items()
            },
            **numbers,
            without_background=int(data["without_background"]),
        )
        counted = [number for one in schedule.counted.values() for number in attrs.astuple(one)]
        if not all(map(isfinite, [*numbers.values(), *counted])):
            raise ValueError("not finite")
        return schedule


_NUMBERS = ("paused_until", "last_interactive", "last_background")
