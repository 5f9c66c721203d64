"""What became of rows, and which of them are left to do."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timezone

import pytest

from videsk_rooms import Room
from videsk_rooms.cli._transfer.journal import (
    COLUMNS,
    EarlierRuns,
    Outcome,
    Result,
    done_in,
    of_line,
)
from videsk_rooms.cli._transfer.rows import Row
from videsk_rooms.cli._transfer.sending import differences, outcome_of
from videsk_rooms.cli._transfer.table import Table

ROW = Row(7, "a-1", {"name": "Ana"})
CREATED = Outcome(2, "a-1", Result.CREATED, room="6", exp="2042-08-14T18:00:00.000Z", ended=False)
FAILED = Outcome(2, "a-1", Result.FAILED, error="refused")
DONE = [Result.CREATED, Result.UPDATED, Result.UNCHANGED, Result.EXISTS]


def runs(*outcomes: tuple[str, Outcome]) -> EarlierRuns:
    lines = [{**asdict(outcome), "checksum": checksum} for checksum, outcome in outcomes]
    return dict(done_in(Table(COLUMNS, list(enumerate(lines)))))


def finished(outcome: Outcome) -> EarlierRuns:
    return runs(("", outcome))


def begun(outcome: Outcome, row: Row = ROW, *, update: bool) -> EarlierRuns:
    return runs((row.checksum(update=update), outcome))


def test_times_differ_by_milliseconds_and_no_less() -> None:
    """The API keeps no more (docs/api.md, "On the wire"): a room would be changed in each run."""
    exp = datetime(2042, 8, 14, 18, 0, 0, 123_456, tzinfo=timezone.utc)
    room = Room("6", name="Ana", exp=exp.replace(microsecond=123_000))
    assert differences(room, {"exp": exp, "name": "Ana"}) == {}
    later = exp.replace(microsecond=124_000)
    assert differences(room, {"exp": later, "name": "Eva"}) == {"exp": later, "name": "Eva"}


@pytest.mark.parametrize("result", DONE)
def test_what_is_done_is_not_done_again(result: Result) -> None:
    """Where the row stands now is told, and not where it stood."""
    earlier = finished(replace(CREATED, result=result))
    assert outcome_of(ROW, earlier, update=False) == replace(CREATED, result=result, row=7)


def test_what_failed_and_what_is_new_is_left_to_do() -> None:
    """In either kind of run."""
    for update in (False, True):
        assert outcome_of(ROW, finished(FAILED), update=update) is None
        assert outcome_of(ROW, begun(FAILED, update=update), update=update) is None
        assert outcome_of(ROW, {}, update=update) is None


def test_a_row_that_failed_in_this_run_may_be_done_since_an_earlier_one() -> None:
    """As when a room was taken out of the results of neither."""
    earlier = runs(("", CREATED), ("", FAILED))
    assert outcome_of(ROW, earlier, update=False) is not None


def test_bringing_up_to_date_goes_on_with_its_own_run_alone() -> None:
    """After a run that came to its end, rooms may have been changed, and `2h` is another time."""
    assert outcome_of(ROW, finished(CREATED), update=True) is None
    assert outcome_of(ROW, begun(CREATED, update=False), update=True) is None
    assert outcome_of(ROW, begun(CREATED, update=True), update=True) == replace(CREATED, row=7)


def test_a_row_that_was_changed_meanwhile_is_brought_up_to_date() -> None:
    """Also in a run that is gone on with; without --update its room stays as it is."""
    changed = Row(7, "a-1", {"name": "Ana María"})
    assert outcome_of(changed, begun(CREATED, update=True), update=True) is None
    assert outcome_of(changed, begun(CREATED, update=True), update=False) is not None


@pytest.mark.parametrize("outcome", [CREATED, FAILED, Outcome(3, None, Result.FAILED)])
def test_a_line_is_read_as_it_was_written(outcome: Outcome) -> None:
    """But for the error, which the next run finds out anew."""
    line = asdict(outcome)
    assert tuple(line) == COLUMNS
    assert of_line(line) == replace(outcome, error=None)


@pytest.mark.parametrize(
    ("exp", "ended", "is_over"),
    [
        ("2042-08-14T18:00:00.000Z", False, False),
        ("2042-08-14T15:59:59.999Z", False, True),
        ("2042-08-14T18:00:00.000Z", True, True),
        (None, None, False),
    ],
)
def test_a_room_is_over_by_its_time_or_because_the_api_says_so(
    exp: str | None, ended: bool | None, is_over: bool
) -> None:
    """Either may be missing (docs/api.md, "Objects")."""
    now = datetime(2042, 8, 14, 16, tzinfo=timezone.utc)
    assert replace(CREATED, exp=exp, ended=ended).is_over(now) is is_over
