"""`videsk-rooms rooms end` for all rooms that match."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import account as variables
from tests.cli.support import called_on_a_terminal

if TYPE_CHECKING:
    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Sandbox

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture
def day(account: Sandbox) -> Sandbox:
    """An account with rooms of different ages and ends, and one that is over."""
    hour = timedelta(hours=1)
    for external_id, age, ahead in (
        ("appointment-1", 30, 1),
        ("appointment-2", 2, 5),
        ("visit-1", 30, 5),
        ("appointment-over", 30, -1),
    ):
        account.add_room(
            external_id=external_id,
            created_at=account.now - age * hour,
            nbf=account.now - age * hour,
            exp=account.now + ahead * hour,
        )
    return account


def ended(account: Sandbox) -> set[str]:
    """Return the external ids of the rooms that the command has ended."""
    told = {request.path.rpartition("/")[2] for request in account.requests.of("update")}
    return {str(room["externalId"]) for room in account.rooms if room["id"] in told}


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (["--created-before", "24h ago"], {"appointment-1", "visit-1"}),
        (["--created-after", "24h ago", "--external-id-like", "a*"], {"appointment-2"}),
        (
            ["--created-after", "31h ago", "--created-before", "24h ago"],
            {"appointment-1", "visit-1"},
        ),
        (["--created-before", "today", "--created-after", "tomorrow"], set()),
        (["--exp-before", "2h"], {"appointment-1"}),
        (["--external-id-like", "appointment-*"], {"appointment-1", "appointment-2"}),
        (["--external-id-like", "a*", "--created-before", "24h ago"], {"appointment-1"}),
    ],
)
def test_the_rooms_that_match_are_ended(
    day: Sandbox, ask: Ask, options: list[str], meant: set[str]
) -> None:
    """All that is given has to match; what is over stays as it is."""
    done = ask("rooms", "end", *options, "--yes")
    assert (done.returncode, done.stderr) == (0, "" if meant else "videsk-rooms: no rooms match\n")
    assert ended(day) == meant
    assert {line.split("(")[1] for line in done.stdout.splitlines()} == {f"{it})" for it in meant}


def test_a_moment_is_local_and_json_tells_each_room(day: Sandbox, ask: Ask) -> None:
    """As for rooms that are named."""
    moment = datetime.now(timezone.utc).astimezone() - timedelta(hours=24)
    text = f"{moment:%Y-%m-%d %H:%M:%S}"
    done = ask("rooms", "end", "--created-before", text, "--yes", "--json")
    assert [set(json.loads(line)) for line in done.stdout.splitlines()] == [
        {"room", "external_id", "ended", "error"}
    ] * 2
    assert ended(day) == {"appointment-1", "visit-1"}


@posix
@pytest.mark.parametrize(("typed", "meant"), [("n", set()), ("y", {"appointment-1"})])
def test_the_question_says_how_many(day: Sandbox, typed: str, meant: set[str]) -> None:
    """Before one room, too: nobody has named it."""
    done = called_on_a_terminal(
        *("rooms", "end", "--exp-before", "2h"), env=variables(day), typed=f"{typed}\n"
    )
    assert "End 1 room? It is not documented" in done.stdout
    assert ended(day) == meant
    assert done.returncode == (0 if meant else 1)


def test_where_nobody_can_be_asked_yes_is_wanted(day: Sandbox, ask: Ask) -> None:
    """Nothing is ended then."""
    done = ask("rooms", "end", "--created-before", "24h ago")
    assert (done.returncode, done.stdout) == (2, "")
    assert "End 2 rooms?" in done.stderr
    assert "confirm with --yes" in done.stderr
    assert ended(day) == set()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_shows_the_rooms_and_ends_none(day: Sandbox, ask: Ask, as_json: bool) -> None:
    """Without a question; as JSON too."""
    more = ["--json"] * as_json
    done = ask("rooms", "end", "--created-before", "24h ago", "--dry-run", *more)
    assert done.returncode == 0
    assert done.stderr == "videsk-rooms: 2 rooms would be ended; none was\n"
    assert len(done.stdout.splitlines()) == 2 + (not as_json)
    assert "appointment-1" in done.stdout
    assert ended(day) == set()


def test_no_room_that_matches_is_no_failure(day: Sandbox, ask: Ask) -> None:
    """For cron; nobody is asked, either."""
    done = ask("rooms", "end", "--external-id-like", "nothing-*")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "videsk-rooms: no rooms match\n"
    assert ended(day) == set()


def test_a_room_that_fails_keeps_no_other(day: Sandbox, ask: Ask) -> None:
    """It is told, and is the exit code."""
    day.faults.status(404, on="update")
    done = ask("rooms", "end", "--created-before", "24h ago", "--yes")
    assert done.returncode == 4
    assert len(done.stdout.splitlines()) == 1
    assert len(day.requests.of("update")) == 2


def test_what_fails_alike_ends_it(account: Sandbox, ask: Ask) -> None:
    """Those that were not tried are counted."""
    account.add_rooms(60)
    account.faults.status(403, on="update", times=None)
    done = ask("rooms", "end", "--external-id-like", "*", "--yes")
    assert done.returncode == 1
    assert len(account.requests.of("update")) < 60
    assert "more of these rooms not tried: they would fail, too" in done.stderr


@pytest.mark.parametrize(
    "options",
    [["--dry-run", "id"], ["--created-before", "1h ago", "id"], ["--created-before", "lately"]],
)
def test_wrong_usage_is_exit_code_2(account: Sandbox, ask: Ask, options: list[str]) -> None:
    """Before anything is sent."""
    assert ask("rooms", "end", *options).returncode == 2
    assert len(account.requests) == 0
