"""Again, or not: the decision alone, with no network and no clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from videsk_rooms import Retry
from videsk_rooms._http.retry_policy import (
    AttemptResult,
    Decision,
    RetryBudget,
    decide,
    longest_pause,
    result_from_status,
)
from videsk_rooms._wire import operations
from videsk_rooms._wire.headers import server_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms._wire.message import Request

ROOM = "64f1a2b3c4d5e6f7a8b9c0d1"
READ = operations.get(ROOM)[0]
CREATE = operations.create(name="Support", external_id=None, exp=None, nbf=None, settings=None)
UNCHANGED = {"external_id": ..., "exp": ..., "nbf": ..., "settings": ...}
OWN: dict[str, Request] = {
    "create": CREATE,
    "list": operations.listing(limit=None, skip=None, sort=None, ended=None, external_id=None)[0],
    "get": READ,
    "update": operations.update(ROOM, name="Moved", **UNCHANGED)[0],
    "delete": operations.delete(ROOM)[0],
    "join": operations.join(ROOM)[0],
    "stats": operations.stats(ROOM, view="report")[0],
}


def any_request(method: str) -> Request:
    return operations.any_request(method, "/vpaas/other", query=None, json=None)[0]


FOREIGN_POST = any_request("POST")
HARMLESS_TWICE: dict[str, Request] = {
    **OWN,
    **{method: any_request(method) for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")},
}
HARMFUL_TWICE: dict[str, Request] = {method: any_request(method) for method in ("POST", "PATCH")}
ALL = {**HARMLESS_TWICE, **HARMFUL_TWICE}

CLOUDFLARE = {520, 521, 522, 523, 524, 525, 526, 527, 530}
PASSING = {408, 425, 429, 500, 502, 503, 504, *CLOUDFLARE}
REFUSED_UNDONE = {425, 429}
STATUSES = sorted(
    {status.value for status in HTTPStatus if status >= 300} | {*range(518, 532), 499, 599}
)
NOT_PROCESSED = AttemptResult(None, "not")
PERHAPS_PROCESSED = AttemptResult(None, "maybe")
GENEROUS = Retry(attempts=9, base_delay=0.25, max_delay=8.0, max_retry_after=60.0)
NOON = datetime(2042, 8, 14, 12, tzinfo=timezone.utc)


def decided(
    request: Request,
    happened: AttemptResult,
    *,
    tries: int = 1,
    retry: Retry = GENEROUS,
    left: float = float("inf"),
    affordable: bool = True,
    chance: float = 0.0,
) -> Decision:
    """Decide with everything allowed but what a test forbids."""
    return decide(
        request,
        happened,
        tries=tries,
        retry=retry,
        remaining=left,
        affordable=affordable,
        chance=chance,
    )


# -- which failures pass --------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
def test_what_passes_is_tried_again_and_nothing_else(status: int) -> None:
    """What a gateway or an overloaded server says passes; what the API means stays."""
    decision = decided(READ, result_from_status(status, {}))
    assert decision.again is (status in PASSING)
    assert decision.why == ("transient" if status in PASSING else "final")


@pytest.mark.parametrize("request_", HARMLESS_TWICE.values(), ids=HARMLESS_TWICE)
@pytest.mark.parametrize("happened", [NOT_PROCESSED, PERHAPS_PROCESSED], ids=["not", "maybe"])
def test_no_answer_is_tried_again(request_: Request, happened: AttemptResult) -> None:
    """All of this package's own calls may be sent twice, and so may idempotent methods."""
    assert decided(request_, happened).again


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_that_cannot_be_read_is_tried_again(status: int) -> None:
    """Garbage in place of JSON is a lost answer: what was asked may have been done."""
    happened = result_from_status(status, {"retry-after": "5"})
    assert (happened.garbled, happened.processed, happened.wait) == (True, "maybe", None)
    assert decided(CREATE, happened).again


@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_was_not_processed_and_a_failing_server_may_have(status: int) -> None:
    """408 and 5xx tell nothing of the outcome; every other status says that nothing was done."""
    expected = "maybe" if status == 408 or status >= 500 else "not"
    assert result_from_status(status, {}).processed == expected


# -- which requests may go twice ------------------------------------------------------------------


@pytest.mark.parametrize("request_", HARMFUL_TWICE.values(), ids=HARMFUL_TWICE)
@pytest.mark.parametrize(
    "happened",
    [
        PERHAPS_PROCESSED,
        result_from_status(200, {}),
        *(result_from_status(status, {}) for status in sorted(PASSING - REFUSED_UNDONE)),
    ],
    ids=lambda happened: str(happened.status),
)
def test_a_foreign_change_that_may_have_been_made_is_not_sent_again(
    request_: Request, happened: AttemptResult
) -> None:
    """Nobody knows what a POST or PATCH to another path does the second time."""
    assert decided(request_, happened) == Decision("unrepeatable")


@pytest.mark.parametrize("request_", ALL.values(), ids=ALL)
@pytest.mark.parametrize(
    "happened",
    [NOT_PROCESSED, *(result_from_status(status, {}) for status in sorted(REFUSED_UNDONE))],
    ids=lambda happened: str(happened.status),
)
def test_what_was_surely_not_processed_may_always_be_sent_again(
    request_: Request, happened: AttemptResult
) -> None:
    """Not connected, too early, too many: the server did nothing."""
    assert decided(request_, happened).again


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_only_foreign_changes_are_not_repeatable(method: str) -> None:
    """The resource's own POST and PATCH carry what makes a second one harmless."""
    own = [request for request in OWN.values() if request.method == method]
    assert own
    assert all(request.repeatable for request in own)
    assert not any_request(method).repeatable


# -- how often, and how long in between -----------------------------------------------------------


@pytest.mark.parametrize("attempts", [1, 2, 7])
def test_the_last_attempt_is_the_last(attempts: int) -> None:
    """`attempts` counts all of them, the first included."""
    retry = Retry(attempts=attempts)
    again = [
        decided(READ, PERHAPS_PROCESSED, tries=tries, retry=retry).again
        for tries in range(1, attempts + 2)
    ]
    assert again == [True] * (attempts - 1) + [False] * 2
    assert decided(READ, PERHAPS_PROCESSED, tries=attempts, retry=retry).why == "attempts"


def test_the_bound_of_the_pause_doubles_until_it_is_long_enough() -> None:
    """`base_delay`, twice, four times as much, never above `max_delay`."""
    retry = Retry(base_delay=0.5, max_delay=3.0)
    assert [longest_pause(retry, tries) for tries in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("tries", [1, 65, 1_000, 10**9])
def test_the_bound_of_the_pause_is_a_number_after_any_number_of_attempts(tries: int) -> None:
    """Whoever tries for days must not run into an overflow."""
    assert longest_pause(Retry(base_delay=1e-9, max_delay=4.0), tries) <= 4.0
    assert longest_pause(Retry(base_delay=0.0, max_delay=4.0), tries) == 0.0


@given(chance=st.floats(0, 1), tries=st.integers(1, 8))
def test_the_pause_is_drawn_from_nothing_to_its_bound(chance: float, tries: int) -> None:
    """Full jitter, so that clients which failed together do not come back together."""
    decision = decided(READ, PERHAPS_PROCESSED, tries=tries, chance=chance)
    assert decision.pause == pytest.approx(chance * min(8.0, 0.25 * 2 ** (tries - 1)))


@given(wait=st.floats(0, 60), chance=st.floats(0, 1))
def test_what_the_server_asks_for_is_waited_in_full(wait: float, chance: float) -> None:
    """The jitter comes on top."""
    decision = decided(READ, AttemptResult(503, "maybe", wait=wait), chance=chance)
    assert decision.again
    assert decision.pause == pytest.approx(wait + 0.25 * chance)


@pytest.mark.parametrize(("wait", "again"), [(59.9, True), (60.0, True), (60.1, False)])
def test_a_server_that_asks_for_too_long_is_not_waited_for(wait: float, *, again: bool) -> None:
    """Neither in full nor in part: coming back sooner would be against its word."""
    decision = decided(READ, AttemptResult(429, "not", wait=wait))
    assert decision == (Decision("transient", wait) if again else Decision("server_wait"))


@pytest.mark.parametrize(("left", "again"), [(2.1, True), (2.0, False), (0.0, False)])
def test_no_pause_reaches_the_deadline(left: float, *, again: bool) -> None:
    """An attempt that could only begin when the time is up is none."""
    decision = decided(READ, AttemptResult(503, "maybe", wait=2.0), left=left)
    assert decision == (Decision("transient", 2.0) if again else Decision("deadline"))


def test_no_retry_without_a_budget() -> None:
    """In an outage, more requests are the last thing that helps."""
    assert decided(READ, PERHAPS_PROCESSED, affordable=False) == Decision("budget")


def test_the_accounts_own_limit_is_no_outage() -> None:
    """Waiting for it multiplies nothing, so it needs no budget."""
    assert decided(READ, AttemptResult(429, "not", wait=1.0), affordable=False).again


# -- what the server says of waiting --------------------------------------------------------------


def at(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "999999999"}, 999_999_999.0),
        ({"retry-after": at(NOON + timedelta(seconds=30))}, 30.0),
        ({"retry-after": at(NOON - timedelta(seconds=30))}, 0.0),
        ({"retry-after": "Thu, 14 Aug 2042 12:00:05 -0000"}, 5.0),
        ({"retry-after": "Thu, 14 Aug 2042 09:00:05 -0300"}, 5.0),
        ({"retry-after": "Thursday, 14-Aug-42 12:00:05 GMT"}, 5.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: Mapping[str, str], wait: float | None) -> None:
    """Both forms of RFC 9110, and fractions, which some proxies send."""
    assert server_wait(503, headers, now=NOON) == wait


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "-1",
        "+3",
        "1e3",
        "inf",
        "nan",
        "7 seconds",
        "1,5",
        "9999999999999999999999",
        "Thu, 99 Aug 2042 12:00:00 GMT",
        "٢٠",
        "9" * 5000,
        "Thu, 14 Aug 99999999999999999999 12:00:00 GMT",
        "Thu, 14 Aug 2042 12:00:00 +99999999999999999999",
    ],
)
def test_a_retry_after_that_cannot_be_read_is_none(value: str) -> None:
    """Whatever a proxy invents, it must not break the call."""
    assert server_wait(503, {"retry-after": value}, now=NOON) is None


@given(value=st.text(st.characters(max_codepoint=255)) | st.from_regex(r"[\w,: +-]{0,40}"))
@settings(deadline=None)
def test_no_retry_after_breaks_anything(value: str) -> None:
    """A number of seconds or none, whatever the header says."""
    wait = server_wait(429, {"retry-after": value, "ratelimit-reset": value, "date": value})
    assert wait is None or 0 <= wait < float("inf")


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(hours=5), timedelta(days=-400)])
def test_a_date_is_read_by_the_servers_own_clock(skew: timedelta) -> None:
    """Its clock may be wrong, as long as it is wrong twice alike."""
    clock = NOON + skew
    headers = {"date": at(clock), "retry-after": at(clock + timedelta(seconds=20))}
    assert server_wait(503, headers) == 20.0


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_a_date_without_the_servers_clock_is_read_by_ours(date: str | None) -> None:
    """The best there is."""
    moment = datetime.now(timezone.utc) + timedelta(hours=1)
    headers = {"retry-after": at(moment), **({} if date is None else {"date": date})}
    wait = server_wait(503, headers)
    assert wait is not None
    assert 3_000 < wait <= 3_600


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"ratelimit-reset": "1"}, 1.0),
        (429, {"ratelimit-reset": "0.4"}, 0.4),
        (429, {"ratelimit-reset": "1", "retry-after": "3"}, 3.0),
        (429, {"ratelimit-reset": "1", "retry-after": "soon"}, 1.0),
        (429, {"ratelimit-reset": "soon"}, None),
        (429, {"ratelimit-reset": "60"}, 60.0),
        # No window is that long: a moment, or nonsense.
        (429, {"ratelimit-reset": "61"}, None),
        (429, {"ratelimit-reset": "999999999"}, None),
        (429, {"ratelimit-reset": "1764471926"}, None),
        (503, {"ratelimit-reset": "1"}, None),
        (500, {"ratelimit-reset": "1"}, None),
    ],
)
def test_the_reset_of_the_limit_counts_for_a_429_alone(
    status: int, headers: Mapping[str, str], wait: float | None
) -> None:
    """It comes with every answer (docs/api.md, "Access"), and says nothing of an outage."""
    assert server_wait(status, headers) == wait
    assert result_from_status(status, headers).wait == wait


@pytest.mark.parametrize("status", [400, 403, 404, 409, 501])
def test_no_wait_is_read_from_what_is_not_tried_again(status: int) -> None:
    """There is nothing to wait for."""
    assert result_from_status(status, {"retry-after": "5"}).wait is None


# -- the budget -----------------------------------------------------------------------------------


@given(calls=st.integers(1, 200), attempts=st.integers(1, 6))
@settings(deadline=None, max_examples=50)
def test_an_outage_is_not_multiplied(calls: int, attempts: int) -> None:
    """When all fails, there are no more attempts than calls and the budget's capacity."""
    budget, sent = RetryBudget(), 0
    retry = Retry(attempts=attempts, base_delay=0.0)
    for _ in range(calls):
        for tries in range(1, attempts + 1):
            sent += 1
            decision = decided(
                READ, PERHAPS_PROCESSED, tries=tries, retry=retry, affordable=budget.affordable
            )
            if not decision.again:
                break
            budget.spend()
    assert sent == calls + min(calls * (attempts - 1), int(RetryBudget.CAPACITY))


def test_successes_bring_the_budget_back() -> None:
    """Two of them pay for one retry."""
    budget = RetryBudget()
    while budget.affordable:
        budget.spend()
    budget.refill()
    assert not budget.affordable
    budget.refill()
    assert budget.affordable


def test_the_budget_has_a_brim_and_a_bottom() -> None:
    """A long peace saves up no storm, and a long outage makes no debts."""
    full, empty = RetryBudget(), RetryBudget()
    for _ in range(1_000):
        full.refill()
        empty.spend()
    retries = 0
    while full.affordable:
        full.spend()
        retries += 1
    assert retries == RetryBudget.CAPACITY
    for _ in range(2):
        empty.refill()
    assert empty.affordable


# -- many calls of one client, against a model ----------------------------------------------------

outcomes = st.one_of(
    st.just(("silence", "not")),
    st.just(("silence", "maybe")),
    st.just(("garbage", "maybe")),
    st.sampled_from(sorted(PASSING)).map(lambda status: (status, "?")),
    st.sampled_from([400, 401, 403, 404, 409, 410, 422, 501]).map(lambda status: (status, "?")),
)


class Calls(RuleBasedStateMachine):
    """One client, one call after the other, each with its own options.

    The model knows reasons to stop, all of them, in no order; the decision must stop if there is
    any, for one of them, and go on if there is none. It counts the budget in half retries, and adds
    up time by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget()
        self.halves = 100
        self.successes = 0
        self.paid = 0
        self.under_way = False

    @initialize(retries=st.sampled_from([0, 20, 49, 50]))
    def have_a_past(self, retries: int) -> None:
        """So many retries were paid for before."""
        for _ in range(retries):
            self.budget.spend()
        self.paid = retries
        self.halves -= 2 * retries

    @precondition(lambda self: not self.under_way)
    @rule(
        request=st.sampled_from([READ, CREATE, FOREIGN_POST, any_request("PUT")]),
        retry=st.builds(
            Retry,
            attempts=st.integers(1, 6),
            base_delay=st.sampled_from([0.0, 0.1, 1.0]),
            max_delay=st.sampled_from([0.1, 2.0, 8.0]),
            max_retry_after=st.sampled_from([0.0, 5.0, 60.0]),
        ),
        total=st.sampled_from([0.5, 20.0, float("inf")]),
    )
    def begin(self, request: Request, retry: Retry, total: float) -> None:
        """Begin a call."""
        self.under_way = True
        self.request = request
        self.retry = retry
        self.total = total
        self.spent = 0.0
        self.sent = 1
        self.bound = min(retry.base_delay, retry.max_delay)
        self.perhaps_done = False

    @precondition(lambda self: self.under_way)
    @rule(took=st.floats(0, 3))
    def succeed(self, took: float) -> None:
        """The attempt brings an answer."""
        self.spent += took
        self.successes += 1
        self.halves = min(100, self.halves + 1)
        self.budget.refill()
        self.under_way = False

    @precondition(lambda self: self.under_way)
    @rule(
        outcome=outcomes,
        wait=st.none() | st.integers(0, 70),
        took=st.floats(0, 3),
        chance=st.floats(0, 1),
    )
    def fail(
        self, outcome: tuple[int | str, str], wait: int | None, took: float, chance: float
    ) -> None:
        """The attempt fails, and the decision is compared with the model."""
        kind, processed = outcome
        self.spent = min(self.spent + took, self.total)
        if isinstance(kind, int):
            happened = result_from_status(kind, {} if wait is None else {"retry-after": str(wait)})
            passing = kind in PASSING
            perhaps = kind == 408 or kind >= 500
            asked = float(wait or 0) if passing else 0.0
        else:
            happened = (
                result_from_status(200, {}) if kind == "garbage" else AttemptResult(None, processed)  # type: ignore[arg-type]  # drawn from its two words
            )
            passing, perhaps, asked = True, processed == "maybe", 0.0
        self.perhaps_done = self.perhaps_done or perhaps
        pause = asked + chance * self.bound
        left = self.total - self.spent
        reasons = {
            reason
            for reason, applies in {
                "final": not passing,
                "unrepeatable": self.request is FOREIGN_POST and perhaps,
                "attempts": self.sent >= self.retry.attempts,
                "server_wait": asked > self.retry.max_retry_after,
                "deadline": pause >= left,
                "budget": self.halves < 2 and kind != 429,
            }.items()
            if applies
        }
        decision = decide(
            self.request,
            happened,
            tries=self.sent,
            retry=self.retry,
            remaining=left,
            affordable=self.budget.affordable,
            chance=chance,
        )
        assert decision.again is (not reasons)
        if not decision.again:
            assert decision.why in reasons
            self.under_way = False
            return
        assert asked <= decision.pause <= asked + self.bound
        assert decision.pause == pytest.approx(pause)
        if kind != 429:
            self.budget.spend()
            self.halves -= 2
            self.paid += 1
        self.spent += decision.pause
        self.sent += 1
        self.bound = min(self.retry.max_delay, self.bound * 2)

    @invariant()
    def no_more_is_sent_than_allowed(self) -> None:
        """Within the attempts, within the time, and nothing twice that must not be."""
        if self.under_way:
            assert self.sent <= self.retry.attempts
            assert self.spent <= self.total
            assert not (self.request is FOREIGN_POST and self.perhaps_done)

    @invariant()
    def retries_are_paid_for(self) -> None:
        """By the capacity and by half of the successes."""
        assert self.paid <= RetryBudget.CAPACITY + self.successes / 2
        assert self.budget.affordable is (self.halves >= 2)


Calls.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestCalls = Calls.TestCase
