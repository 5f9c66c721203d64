"""The rule by itself, and in each store, beside a simple model of it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from videsk_rooms._ratelimit.file_store import FileStore
from videsk_rooms._ratelimit.memory_store import MemoryStore
from videsk_rooms._ratelimit.schedule import (
    BACKGROUND_EVERY,
    GRACE,
    LEAST_WAIT,
    TICK,
    Ask,
    Message,
    Rank,
    Schedule,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

NOW = 1000.0


def ask(
    number: int,
    rank: Rank = Rank.INTERACTIVE,
    *,
    waited: float = 0.0,
    requests: int = 3,
    out: float = 0.0,
    late: float = 0.0,
) -> Message:
    """Ask for a permit."""
    return Message(ask=Ask(str(number), rank, waited, requests, 1.0, out, late))


def permitted(
    schedule: Schedule,
    now: float,
    *numbers: int,
    rank: Rank = Rank.INTERACTIVE,
    requests: int = 3,
) -> None:
    """Have requests leave at once."""
    for number in numbers:
        assert schedule.apply(ask(number, rank, requests=requests), now) == 0


# -- examples -------------------------------------------------------------------------------------


def test_a_request_may_leave_when_the_one_so_many_before_is_out_of_the_window() -> None:
    """It arrives no sooner than the shortest way takes, so it may leave by that sooner."""
    schedule = Schedule()
    for number in (1, 2, 3):
        assert schedule.apply(ask(number, out=0.1), NOW) == 0
        schedule.apply(Message([Update(str(number), 0.0)]), NOW)
    assert schedule.apply(ask(4, out=0.1), NOW + 0.8) == pytest.approx(0.1 + TICK)
    assert schedule.apply(ask(4, out=0.1), NOW + 0.9 + TICK) == 0


@pytest.mark.parametrize(("first", "second"), [(0.1, 0.3), (0.3, 0.1)])
def test_of_two_ways_the_shorter_one_counts(first: float, second: float) -> None:
    """Two processes know different ways: the server may only work longer for one of them."""
    schedule = Schedule()
    assert schedule.apply(ask(1, requests=1, out=first), NOW) == 0
    schedule.apply(Message([Update("1", 0.0)]), NOW)
    wait = schedule.apply(ask(2, requests=1, out=second), NOW + 0.8)
    assert wait == pytest.approx(0.1 + TICK)


def test_a_request_counts_at_the_latest_moment_that_is_possible() -> None:
    """First by what is known of the path, then by its answer."""
    schedule = Schedule()
    assert schedule.apply(ask(1, requests=1, out=0.1, late=0.5), NOW) == 0
    wait = schedule.apply(ask(2, requests=1, out=0.1, late=0.5), NOW + 1.4)
    assert wait == pytest.approx(0.1 + TICK)
    news = Message([Update("1", 1.3)], ask=ask(2, requests=1, out=0.1).ask)
    assert schedule.apply(news, NOW + 1.4) == 0


def test_an_answer_that_comes_late_counts() -> None:
    """Its request was forgotten; but it left, and nobody knows how long it was on its way."""
    schedule = Schedule()
    permitted(schedule, NOW, 1)
    permitted(schedule, NOW + 1.5, 2)
    schedule.apply(Message([Update("1", 0.0), Update("never left", None)]), NOW + 1.6)
    permitted(schedule, NOW + 1.6, 3)
    assert schedule.apply(ask(4), NOW + 2.5 + TICK) == 0
    assert schedule.apply(ask(5), NOW + 2.5 + TICK) > 0


def test_who_knows_a_shorter_window_does_not_shorten_that_of_others() -> None:
    """A process that has had no answer yet goes by what it was set to."""

    def ask_by(per: float, requests: int, number: int, now: float) -> float:
        asked = Ask(str(number), Rank.INTERACTIVE, 0.0, requests, per, 0.0, 0.0)
        return schedule.apply(Message(ask=asked), now)

    schedule = Schedule()
    for number in range(4):
        assert ask_by(60.0, 4, number, NOW) == 0
    schedule.apply(Message([Update("3", 0.0)]), NOW)
    assert ask_by(1.0, 1, 5, NOW + 0.5) == pytest.approx((0.5 + TICK) / 2)
    assert ask_by(1.0, 1, 5, NOW + 2.0) == 0  # what is out of its own window does not count for it
    assert ask_by(60.0, 4, 6, NOW + 2.0) > 0
    assert ask_by(60.0, 4, 6, NOW + 61.0) == 0


def test_a_long_wait_is_asked_about_again_at_its_half() -> None:
    """Those ahead may have gone; a short one is waited for, and none is shorter than a tick."""
    schedule = Schedule()
    permitted(schedule, NOW, 1, 2, 3)
    assert schedule.apply(ask(4), NOW) == pytest.approx((1.0 + TICK) / 2)
    assert schedule.apply(ask(4), NOW + 0.9) == pytest.approx(0.1 + TICK)
    assert schedule.apply(ask(4), NOW + 0.999) == LEAST_WAIT


def test_who_is_far_behind_waits_for_several_windows() -> None:
    """Of one request in a window, the second that waits may leave after two of them."""
    schedule = Schedule()
    assert schedule.apply(ask(1, requests=1), NOW) == 0
    assert schedule.apply(ask(2, requests=1), NOW) == pytest.approx((1.0 + TICK) / 2)
    assert schedule.apply(ask(3, requests=1), NOW) == pytest.approx(1.0 + TICK)


def test_who_does_not_ask_again_blocks_nobody() -> None:
    """It was killed, or forgotten: a moment after its time it counts as gone."""
    schedule = Schedule()
    permitted(schedule, NOW, 1, 2, 3)
    assert schedule.apply(ask(4), NOW) > 0
    assert schedule.apply(ask(5), NOW + 0.3) > 0
    permitted(schedule, NOW + 1.0 + TICK, 6, 7, 8)


def test_who_withdraws_blocks_nobody() -> None:
    """From the moment on at which the store hears of it."""
    schedule = Schedule()
    permitted(schedule, NOW, 1, 2)
    assert schedule.apply(ask(3, Rank.CONTINUED, requests=2), NOW + 0.95) > 0
    assert schedule.apply(ask(4, Rank.CONTINUED, requests=2), NOW + 0.95) > 0
    later = NOW + 1.0 + TICK
    assert schedule.apply(ask(5, requests=2), later) > 0
    schedule.apply(Message([Update("3", None), Update("4", None)]), later)
    assert schedule.apply(ask(5, requests=2), later) == 0


def test_a_pause_is_longest_an_hour() -> None:
    """One that ends later comes from before a reboot, and a window passes instead."""
    schedule = Schedule(paused_until=NOW + 1e6)
    assert 0 < schedule.apply(ask(1), NOW) <= 1.0
    permitted(schedule, NOW + 1.0 + TICK, 1)
    schedule.apply(Message(pause=1e9), NOW)
    permitted(schedule, NOW + 3600.0, 2)


def test_who_waited_by_a_later_clock_blocks_nobody() -> None:
    """Though nothing was counted by it: it will not ask again for an hour."""
    schedule = Schedule()
    schedule.apply(Message(pause=60.0, ask=ask(1, Rank.CONTINUED).ask), NOW + 3600.0)
    assert schedule.apply(ask(2, requests=1), NOW) > 0
    assert schedule.apply(ask(3, requests=1), NOW + 1.0 + TICK) == 0


def test_a_clock_that_is_set_back_does_not_hold_up_the_background() -> None:
    """Neither by when some of it left, nor by when somebody came."""
    schedule = Schedule(last_background=NOW + 1e6, last_interactive=NOW + 1e6)
    assert schedule.apply(ask(0, Rank.BACKGROUND, requests=5), NOW) <= 0.16
    now = NOW + 6.0
    for number in range(5):
        assert schedule.apply(ask(number, Rank.BACKGROUND, requests=5), now + 0.16 * number) == 0


@pytest.mark.parametrize("by", [30.0, 3600.0, 1e6])
def test_a_clock_that_is_set_back_costs_a_window(by: float) -> None:
    """What was counted by the old time, and a pause until then, hold up nobody for long."""
    schedule = Schedule()
    permitted(schedule, NOW + by, 1, 2, 3)
    schedule.apply(Message(pause=60.0), NOW + by)
    assert 0 < schedule.apply(ask(4), NOW) <= 1.0
    permitted(schedule, NOW + 1.0 + TICK, 4, 5, 6)
    assert schedule.apply(ask(7), NOW + 1.0 + TICK) > 0


def test_the_background_leaves_evenly() -> None:
    """So that somebody who comes in between need not wait for a whole window."""
    schedule = Schedule()
    assert schedule.apply(ask(1, Rank.BACKGROUND, requests=10), NOW) == 0
    assert schedule.apply(ask(2, Rank.BACKGROUND, requests=10), NOW) == pytest.approx(0.08)
    assert schedule.apply(ask(2, Rank.BACKGROUND, requests=10), NOW + 0.08) == 0


@pytest.mark.parametrize(
    ("requests", "since", "places"), [(5, 1.0, 4), (5, 6.0, 5), (4, 1.0, 4), (4, 6.0, 4)]
)
def test_the_background_keeps_one_place_free_while_people_come(
    requests: int, since: float, places: int
) -> None:
    """For the next one of them, if there are many; when none has come for a while, it takes all."""
    schedule = Schedule(last_interactive=NOW - since)
    now, left = NOW, 0
    for number in range(requests):
        now += 0.8 / requests
        left += schedule.apply(ask(number, Rank.BACKGROUND, requests=requests), now) == 0
    assert left == places


def test_the_background_is_owed_nothing_for_when_none_of_it_waited() -> None:
    """After a hundred calls alone, its first request is owed one permit, and no more."""
    schedule = Schedule()
    permitted(schedule, NOW, *range(100), requests=100)
    now = NOW + 2.0
    permitted(schedule, now, 100)
    permitted(schedule, now, 101, rank=Rank.BACKGROUND)
    assert schedule.apply(ask(102, Rank.BACKGROUND, requests=3), now) > 0
    permitted(schedule, now, 103)


def test_the_background_is_owed_what_it_did_not_get() -> None:
    """While some of it waits, others leave places for all that it should have had."""
    schedule = Schedule()
    assert schedule.apply(Message(pause=0.5, ask=ask(0, Rank.BACKGROUND).ask), NOW) > 0
    now = NOW + 0.5
    requests = 40
    left = 0
    while schedule.apply(ask(1000 + left, requests=requests), now) == 0:
        left += 1
        schedule.apply(ask(0, Rank.BACKGROUND, requests=1), now - 0.3)  # waits on
    assert left < requests
    for number in range(requests - left):
        assert schedule.apply(ask(number, Rank.BACKGROUND, requests=requests), now) == 0


# -- plain data -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("counted", None),
        ("counted", [1.0]),
        ("counted", {"a": ["soon", 0.0, 1.0]}),
        ("counted", {"a": 1.0}),
        ("counted", {"a": [float("nan"), 0.0, 1.0]}),
        ("counted", {"a": [1.0, float("inf"), 1.0]}),
        ("counted", {"a": [1.0, 0.0, float("inf")]}),
        ("counted", {"a": [1.0, 0.0]}),
        ("waiting", {"a": [1, 2.0]}),
        ("waiting", {"a": [1, 2.0, "x"]}),
        ("waiting", {"a": None}),
        ("paused_until", float("inf")),
        ("paused_until", "tomorrow"),
        ("last_background", None),
        ("last_interactive", float("nan")),
        ("without_background", "many"),
        pytest.param("without_background", 10**400, id="more than a float holds"),
    ],
)
def test_data_of_something_else_is_refused(name: str, value: object) -> None:
    """Nothing of it is believed."""
    data = Schedule().to_data()
    Schedule.from_data(data)
    with pytest.raises((TypeError, ValueError, AttributeError, OverflowError)):
        Schedule.from_data({**data, name: value})
    del data[name]
    with pytest.raises(KeyError):
        Schedule.from_data(data)


# -- many at once, beside a model -----------------------------------------------------------------


class Waits:
    """A request that waits, as the model sees it."""

    def __init__(self, rank: Rank, since: float) -> None:
        self.rank = rank
        self.since = since
        self.due = since
        self.gone = False


class Model(RuleBasedStateMachine):
    """A store, and what anybody may expect of it, whatever the rule is in detail."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.waiting: dict[str, Waits] = {}
        self.counted: dict[str, float] = {}
        self.paused_until = 0.0
        self.last_interactive = self.last_background = 0.0
        self.number = 0
        # Permits of others since the background has waited or had one.
        self.others = 0

    def apply(self, message: Message) -> float:
        """Apply it to the store at this moment."""
        raise NotImplementedError

    @initialize(
        requests=st.integers(1, 6),
        out=st.sampled_from([0.0, 0.03, 0.2]),
        late=st.sampled_from([0.0, 0.02, 0.4]),
    )
    def begin(self, requests: int, out: float, late: float) -> None:
        self.requests, self.out, self.late = requests, out, late

    # -- what may happen --------------------------------------------------------------------------

    @precondition(lambda self: len(self.waiting) < 8)
    @rule(rank=st.sampled_from(Rank), count=st.integers(1, 4))
    def come(self, rank: Rank, count: int) -> None:
        """Requests come and ask."""
        for _ in range(count):
            self.number += 1
            one = str(self.number)
            self.waiting[one] = Waits(rank, self.now)
            self.ask(one)

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.3, 1.0]))
    def time_passes(self, seconds: float) -> None:
        """Whoever waits asks again when it is due."""
        until = self.now + seconds
        while due := min((each.due for each in self.alive().values()), default=None):
            if due > until:
                break
            self.now = max(self.now, due)
            for one in [each for each, waits in self.alive().items() if waits.due <= self.now]:
                self.ask(one)
        self.now = until

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), says_so=st.booleans())
    def leave(self, data: st.DataObject, says_so: bool) -> None:
        """Somebody is cancelled, or killed."""
        one = data.draw(st.sampled_from(sorted(self.waiting)))
        if says_so:
            del self.waiting[one]
            self.apply(Message([Update(one, None)]))
        else:
            self.waiting[one].gone = True

    @precondition(lambda self: self.counted)
    @rule(data=st.data(), ago=st.none() | st.sampled_from([0.0, 0.02, 0.5]))
    def know(self, data: st.DataObject, ago: float | None) -> None:
        """An answer comes, or a request has never left."""
        one = data.draw(st.sampled_from(sorted(self.counted)))
        if ago is None:
            del self.counted[one]
        else:
            self.counted[one] = self.now - ago
        self.apply(Message([Update(one, ago)]))

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0]))
    def pause(self, seconds: float) -> None:
        """The server has refused a request."""
        self.paused_until = max(self.paused_until, self.now + seconds)
        self.apply(Message(pause=seconds))

    # -- what is right ----------------------------------------------------------------------------

    def alive(self) -> dict[str, Waits]:
        return {one: waits for one, waits in self.waiting.items() if not waits.gone}

    def ask(self, one: str) -> None:
        """Ask, and check the answer."""
        its = self.waiting[one]
        message = Ask(one, its.rank, self.now - its.since, self.requests, 1.0, self.out, self.late)
        wait = self.apply(Message(ask=message))
        # A request that has gone without a word counts for a moment longer.
        there = {
            each: waits
            for each, waits in self.waiting.items()
            if each != one and waits.due + 0.1 >= self.now
        }
        first = sum(goes_before(each, its) for each in there.values())
        if wait > 0:
            its.due = self.now + wait
            assert LEAST_WAIT <= wait <= 5.0
            assert self.may_wait(its, there)
        else:
            del self.waiting[one]
            assert self.now + GRACE >= self.paused_until
            before = self.counted_since(self.now + self.out - 1.0)
            assert before < self.requests
            self.check_order(its, there, first, before)
            self.counted[one] = self.now + self.out + self.late

    def counted_since(self, moment: float) -> int:
        """Count the requests that the server can have counted later."""
        return sum(latest > moment + 1e-6 for latest in self.counted.values())

    def check_order(self, its: Waits, there: dict[str, Waits], first: int, before: int) -> None:
        """Check that nobody was overtaken, and that the background has its part."""
        if its.rank.is_background:
            self.others, self.last_background = 0, self.now
            # It may be owed a permit; but none of its own was overtaken unless it might leave, too.
            first = sum(
                each.rank.is_background and goes_before(each, its) for each in there.values()
            )
        else:
            self.last_interactive = self.now
            waits = any(each.rank.is_background and not each.gone for each in there.values())
            self.others = self.others + 1 if waits else 0
            # What the store owes to the background is known when it asks next.
            assert self.others <= BACKGROUND_EVERY + 6 * self.requests
        assert first + before < self.requests

    def may_wait(self, its: Waits, there: dict[str, Waits]) -> bool:
        """Return whether there is a reason to wait."""
        first = sum(not goes_before(its, each) for each in there.values())
        before = self.counted_since(self.now + self.out - 1.0 - TICK)
        background = sum(each.rank.is_background for each in there.values())
        if its.rank.is_background:
            spaced = self.now < self.last_background + 0.8 / self.requests
            free = self.requests >= 5 and self.now - self.last_interactive < 5.0
            reason = spaced or first + before + free >= self.requests
        else:
            # As much as it is owed at most; none, where none of it waits.
            owed = bool(background) * (1 + self.others // (BACKGROUND_EVERY - 1))
            reason = first + before + owed >= self.requests
        return reason or self.now < self.paused_until


def goes_before(one: Waits, other: Waits) -> bool:
    """Return whether one surely has to go before another; of two of a moment, neither has."""
    return one.rank < other.rank or (one.rank == other.rank and one.since < other.since - 1e-6)


class OnSchedule(Model):
    """The rule itself, which may be written down and read at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule()

    def apply(self, message: Message) -> float:
        return self.schedule.apply(message, self.now)

    @rule()
    def write_and_read(self) -> None:
        """The same in all that it says."""
        again = Schedule.from_data(json.loads(json.dumps(self.schedule.to_data())))
        assert again == self.schedule
        self.schedule = again


class InMemory(Model):
    """The store of a process."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore(lambda: self.now)

    def apply(self, message: Message) -> float:
        return self.store.apply_now(message)


class InAFile(Model):
    """The store of a machine; each time it may be another process that tells it something."""

    folder: ClassVar[tempfile.TemporaryDirectory[str]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()  # type: ignore[misc]  # one for each run
        path = Path(self.folder.name) / "limit"
        self.stores = [FileStore(str(path), clock=lambda: self.now) for _ in range(2)]

    def apply(self, message: Message) -> float:
        self.stores.reverse()
        return at_once(self.stores[0].apply(message))

    def teardown(self) -> None:
        self.folder.cleanup()


def at_once(coroutine: Coroutine[Any, Any, float]) -> float:
    """Run what need not wait."""
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    answer: float = ended.value.value
    return answer


TestOnSchedule = OnSchedule.TestCase
TestInMemory = InMemory.TestCase
TestInAFile = InAFile.TestCase
_SLOW_IS_FINE = [HealthCheck.too_slow]
TestOnSchedule.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=_SLOW_IS_FINE
)
TestInMemory.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=_SLOW_IS_FINE
)
TestInAFile.settings = settings(
    max_examples=5, stateful_step_count=20, deadline=None, suppress_health_check=_SLOW_IS_FINE
)
