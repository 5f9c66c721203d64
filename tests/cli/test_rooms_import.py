"""`videsk-rooms rooms import`."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import QUICK
from tests.cli.support import account as variables
from tests.cli.support import call
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Operation

EMPTY_PAGE = b'{"total": 0, "limit": 1, "skip": 0, "data": []}'
ROWS = """\
name,external_id,exp,settings
Check-up,appointment-1,2h,"{""maxParticipants"": 2}"
Consultation,appointment-2,90m,
Walk-in,,,
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that somebody works in, with a file of rooms."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rooms.csv").write_text(ROWS)
    return tmp_path


def results_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sent(account: Sandbox, operation: Operation) -> int:
    return len(account.requests.of(operation))


def bodies(account: Sandbox) -> list[dict[str, Any]]:
    sent = [request.json for request in account.requests.of("create")]
    return [body for body in sent if isinstance(body, dict)]


def summary(text: str) -> dict[str, Any]:
    """Pick from a summary what is not nothing, and not the clock's."""
    found = json.loads(text)
    return {name: value for name, value in found.items() if value and name != "seconds"}


def by_external_id(account: Sandbox) -> dict[str, dict[str, Any]]:
    return {str(room["externalId"]): room for room in account.rooms}


def refuse_all_after(account: Sandbox, count: int) -> None:
    """Let so many creates be answered as usual, and none after them."""
    account.faults.delay(0, on="create", times=count)
    account.faults.status(403, on="create", times=None)


# -- creating -------------------------------------------------------------------------------------


def test_each_row_is_a_room(account: Sandbox, ask: Ask, folder: Path) -> None:
    """By one request; the results say which, in the order of the rows."""
    done = ask("rooms", "import", "rooms.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 rows: 3 created\n" in done.stdout
    assert (sent(account, "create"), len(account.requests)) == (3, 4)  # and one to begin with
    told = results_of(folder / "rooms.results.csv")
    assert [(line["row"], line["result"]) for line in told] == [
        ("2", "created"),
        ("3", "created"),
        ("4", "created"),
    ]
    rooms = by_external_id(account)
    assert {line["external_id"]: line["room"] for line in told} == {
        name: room["id"] for name, room in rooms.items() if name != "theirs"
    }
    room = rooms["appointment-1"]
    assert (room["name"], room["settings"]) == ("Check-up", {"maxParticipants": 2})
    assert told[0]["exp"] == room["exp"]
    assert sorted(path.name for path in folder.iterdir()) == ["rooms.csv", "rooms.results.csv"]


def test_no_token_is_in_the_results(ask: Ask, folder: Path) -> None:
    """Neither a room's nor the account's."""
    done = ask("rooms", "import", "rooms.csv")
    written = (folder / "rooms.results.csv").read_text()
    assert "eyJ" not in written + done.stdout + done.stderr


def test_json_lines_come_with_results_of_their_kind(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """And an object for programs."""
    (folder / "rooms.jsonl").write_text('{"name": "Ana"}\n{"externalId": "a", "exp": "1h"}\n')
    done = ask("rooms", "import", "rooms.jsonl", "--json")
    assert summary(done.stdout) == {"rows": 2, "created": 2, "results": "rooms.results.jsonl"}
    lines = (folder / "rooms.results.jsonl").read_text().splitlines()
    assert [json.loads(line)["result"] for line in lines] == ["created", "created"]
    assert len(account.rooms) == 3


def test_a_file_of_a_spreadsheet_is_read(account: Sandbox, ask: Ask, folder: Path) -> None:
    """Semicolons, a byte order mark, carriage returns."""
    (folder / "rooms.csv").write_bytes("name;exp\r\nSeñal;1h\r\n".encode("utf-8-sig"))
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert account.rooms[-1]["name"] == "Señal"


def test_rows_that_cannot_be_are_failed_rows(account: Sandbox, ask: Ask, folder: Path) -> None:
    """By their reading, by the client, and by the API; the others are created."""
    (folder / "rooms.csv").write_text(
        f"name,external_id,exp\nAna,a,never\nLuis,b,2020-01-01 00:00Z\n{'x' * 501},c,\nEva,d,1h\n"
    )
    done = ask("rooms", "import", "rooms.csv", "--json")
    assert done.returncode == 1
    told = {"rows": 4, "created": 1, "failed": 3, "results": "rooms.results.csv"}
    assert summary(done.stdout) == told
    lines = results_of(folder / "rooms.results.csv")
    assert [line["result"] for line in lines] == ["failed"] * 3 + ["created"]
    for line, word in zip(lines, ("exp 'never'", "exp=", "name="), strict=False):
        assert line["error"].startswith(word)
        assert f"row {line['row']}: {word}" in done.stderr
    assert (sent(account, "create"), len(account.rooms)) == (1, 2)


def test_a_time_is_told_as_the_file_has_it(ask: Ask, folder: Path) -> None:
    """Beside what it comes to, which its author has never seen."""
    (folder / "rooms.csv").write_text("name,exp\nAna,100h\n")
    for options in ((), ("--dry-run",)):
        (line,) = ask("rooms", "import", "rooms.csv", *options).stderr.splitlines()
        assert re.match(r"videsk-rooms: row 2: exp='[^']+Z' \(100h\): give a time", line)


def test_no_more_than_a_few_failures_fill_the_terminal(ask: Ask, folder: Path) -> None:
    """The results have them all."""
    bad = [f"Ana,never-{number}\n" for number in range(50)]
    (folder / "rooms.csv").write_text("name,exp\n" + "".join(bad))
    complaints = ask("rooms", "import", "rooms.csv").stderr.splitlines()
    assert len(complaints) == 6
    assert complaints[-1].endswith("45 more rows failed; all are in rooms.results.csv")
    (folder / "rooms.csv").write_text("name,exp\n" + "".join(bad[:5]))
    assert len(ask("rooms", "import", "rooms.csv").stderr.splitlines()) == 5


def test_rows_that_fail_alike_are_one_line(ask: Ask, folder: Path) -> None:
    """Such as those that were under way when the API went away."""
    (folder / "rooms.csv").write_text("name,exp\n" + "Ana,never\n" * 7)
    (line,) = ask("rooms", "import", "rooms.csv").stderr.splitlines()
    assert line.startswith("videsk-rooms: rows 2, 3, 4, 5, 6 and 2 more: exp 'never' is not a time")


def test_results_that_are_not_written_are_not_named(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """A run that is stopped leaves its journal, and no results."""
    bad = "".join(f"Ana,never-{number}\n" for number in range(6))
    (folder / "rooms.csv").write_text(f"name,exp\n{bad}Luis,1h\n")
    account.faults.status(403, on="create", times=None)
    complaints = ask("rooms", "import", "rooms.csv").stderr.splitlines()
    assert complaints[5].endswith(": 2 more rows failed")


@pytest.mark.parametrize(("count", "rows"), [(5, "2, 3, 4, 5, 6;"), (6, "6 and 1 more;")])
def test_a_few_rooms_that_are_over_are_named(
    account: Sandbox, ask: Ask, folder: Path, count: int, rows: str
) -> None:
    """The results have them all."""
    past = datetime.now(timezone.utc) - timedelta(days=7)
    for number in range(count):
        account.add_room(external_id=f"past-{number}", exp=past)
    names = "".join(f"past-{number}\n" for number in range(count))
    (folder / "rooms.csv").write_text(f"external_id\n{names}")
    assert rows in ask("rooms", "import", "rooms.csv").stderr


def test_an_unknown_outcome_is_exit_code_5(account: Sandbox, ask: Ask, folder: Path) -> None:
    """The room may be there; running it again finds out, and makes no second one."""
    account.faults.drop("after", on="create", times=4)
    done = ask("rooms", "import", "rooms.csv", "--concurrency", "1")
    lost = results_of(folder / "rooms.results.csv")[0]
    assert (done.returncode, lost["result"], lost["outcome_unknown"]) == (5, "failed", "true")
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert results_of(folder / "rooms.results.csv")[0]["result"] == "exists"
    assert len(account.rooms) == 4


def test_what_all_others_would_fail_by_ends_it(account: Sandbox, ask: Ask, folder: Path) -> None:
    """The rows that are left are not tried; the same command goes on with them."""
    (folder / "rooms.csv").write_text("name\n" + "Ana\n" * 50)
    refuse_all_after(account, 10)
    done = ask("rooms", "import", "rooms.csv", "--concurrency", "2", "--json")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("The same command continues with the rest.")
    assert 35 < summary(done.stdout)["not_tried"] < 40
    assert not (folder / "rooms.results.csv").exists()
    account.faults.clear()
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert len(results_of(folder / "rooms.results.csv")) == 50
    assert len(account.rooms) == 51


def test_no_more_rows_at_a_time_than_get_through_the_line(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """The others would come to their deadline there, as if something were wrong."""
    slow = {"Ratelimit-Limit": "1"}
    account.faults.answer(200, headers=slow, body=EMPTY_PAGE, on="list")
    account.faults.status(403, on="create", times=None)
    ask("rooms", "import", "rooms.csv", "--timeout", "5")
    assert sent(account, "create") == 1


def test_a_limit_that_is_not_waited_for_ends_it(account: Sandbox, ask: Ask, folder: Path) -> None:
    """To go on would be a request for each row to whoever asked for none in the next minutes."""
    (folder / "rooms.csv").write_text("name\n" + "Ana\n" * 50)
    account.faults.status(429, on="create", times=None, headers={"Retry-After": "120"})
    done = ask("rooms", "import", "rooms.csv", "--concurrency", "2")
    assert (done.returncode, sent(account, "create")) == (1, 2)
    assert "Retry after 120 s" in done.stderr.splitlines()[-1]


def test_a_limit_that_was_waited_for_fails_a_row(account: Sandbox, ask: Ask, folder: Path) -> None:
    """Others may have better luck."""
    account.faults.status(429, on="create", times=4, headers={"Retry-After": "0"})
    done = ask("rooms", "import", "rooms.csv", "--concurrency", "1", "--json")
    told = {"rows": 3, "created": 2, "failed": 1, "results": "rooms.results.csv"}
    assert summary(done.stdout) == told


def test_a_refused_token_fails_no_row(account: Sandbox, folder: Path) -> None:
    """It shows before any is sent."""
    env = {**variables(account), "VIDESK_API_TOKEN": "a-wrong-token"}
    done = call("rooms", "import", "rooms.csv", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "401" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["rooms.csv"]


# -- again ----------------------------------------------------------------------------------------


def test_a_second_run_sends_nothing(account: Sandbox, ask: Ask, folder: Path) -> None:
    """The results say that all is done, and stay as they are; one room is looked for."""
    ask("rooms", "import", "rooms.csv")
    told = (folder / "rooms.results.csv").read_text()
    account.requests.clear()
    done = ask("rooms", "import", "rooms.csv")
    assert (done.returncode, len(account.requests), sent(account, "list")) == (0, 1, 1)
    assert "3 rows: 3 created (3 of them before)" in done.stdout
    assert (folder / "rooms.results.csv").read_text() == told


def test_a_second_run_sends_what_is_new_or_mended(account: Sandbox, ask: Ask, folder: Path) -> None:
    """Also where rows were put in before the others."""
    (folder / "rooms.csv").write_text("name,exp\nAna,1h\nLuis,never\n")
    assert ask("rooms", "import", "rooms.csv").returncode == 1
    (folder / "rooms.csv").write_text("name,exp\nEva,1h\nAna,1h\nLuis,2h\n")
    done = ask("rooms", "import", "rooms.csv", "--json")
    told = {"rows": 3, "created": 3, "done_before": 1, "results": "rooms.results.csv"}
    assert summary(done.stdout) == told
    assert [room["name"] for room in account.rooms[1:]] == ["Ana", "Eva", "Luis"]
    assert [line["row"] for line in results_of(folder / "rooms.results.csv")] == ["2", "3", "4"]


def test_what_was_done_before_is_told_beside_what_is_done(ask: Ask, folder: Path) -> None:
    """And not beside the rows that failed, of which there may be fewer."""
    (folder / "rooms.csv").write_text("name,exp\nAna,1h\nLuis,1h\nEva,never\n")
    ask("rooms", "import", "rooms.csv")
    done = ask("rooms", "import", "rooms.csv")
    assert "3 rows: 2 created (2 of them before), 1 failed\n" in done.stdout


def test_a_second_row_of_a_name_does_not_hide_that_the_first_is_done(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """It fails each time, and its room is made once."""
    (folder / "rooms.csv").write_text("external_id\na\na\n")
    assert ask("rooms", "import", "rooms.csv").returncode == 1
    assert ask("rooms", "import", "rooms.csv").returncode == 1
    assert sent(account, "create") == 1
    told = [line["result"] for line in results_of(folder / "rooms.results.csv")]
    assert told == ["created", "failed"]


def test_without_results_the_rooms_are_found(account: Sandbox, ask: Ask, folder: Path) -> None:
    """There already is no error; their ids are in the results."""
    ask("rooms", "import", "rooms.csv")
    (folder / "rooms.results.csv").unlink()
    done = ask("rooms", "import", "rooms.csv", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert summary(done.stdout) == {"rows": 3, "exists": 3, "results": "rooms.results.csv"}
    told = {line["room"] for line in results_of(folder / "rooms.results.csv")}
    assert told == {room["id"] for room in account.rooms[1:]}
    assert len(account.rooms) == 4


def test_the_same_file_makes_the_same_rooms_wherever_it_is_imported_from(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """A row without an external id is known by the name of the file, and not by the way to it."""
    ask("rooms", "import", "rooms.csv")
    (folder / "rooms.results.csv").unlink()
    assert ask("rooms", "import", str(folder / "rooms.csv")).returncode == 0
    assert len(account.rooms) == 4


@pytest.mark.parametrize("options", [[], ["--update"]])
def test_what_was_done_in_another_account_is_not_passed_over(
    account: Sandbox, ask: Ask, folder: Path, options: list[str]
) -> None:
    """Whoever tries a file on a sandbox first is not to find nothing done in earnest."""
    with Sandbox(rate=QUICK) as tried:
        refuse_all_after(tried, 2)
        call("rooms", "import", "rooms.csv", *options, env=variables(tried))
    done = ask("rooms", "import", "rooms.csv", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert "('appointment-" in done.stderr
    assert ask("rooms", "import", "rooms.csv", "--results", "live.csv").returncode == 0
    assert len(account.rooms) == 4


def test_what_was_done_in_another_account_is_told_by_its_rooms(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """Which may have the same external ids there."""
    with Sandbox(rate=QUICK) as tried:
        call("rooms", "import", "rooms.csv", env=variables(tried))
        (room, *_) = results_of(folder / "rooms.results.csv")
    for external_id in ("appointment-1", "appointment-2"):
        account.add_room(external_id=external_id)
    done = ask("rooms", "import", "rooms.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"does not have its room {room['room']} ('appointment-1')" in done.stderr


def test_a_room_that_was_deleted_holds_up_no_other(folder: Path) -> None:
    """Its row is done; where the account may delete rooms, those of yesterday may be gone."""
    with Sandbox(rate=QUICK, deletion=True) as account:
        ask = partial(call, env=variables(account))
        ask("rooms", "import", "rooms.csv")
        ask("rooms", "delete", str(by_external_id(account)["appointment-1"]["id"]))
        with (folder / "rooms.csv").open("a") as file:
            file.write("New,appointment-4,,\n")
        done = ask("rooms", "import", "rooms.csv", "--json")
        told = {"rows": 4, "created": 4, "done_before": 3, "results": "rooms.results.csv"}
        assert (done.returncode, summary(done.stdout)) == (0, told)
        assert {*by_external_id(account)} >= {"appointment-2", "appointment-4"}
        assert "appointment-1" not in by_external_id(account)


def test_a_room_that_was_ended_is_not_made_again(account: Sandbox, ask: Ask, folder: Path) -> None:
    """Its external id is taken for good; one look is enough to know the account by it."""
    ask("rooms", "import", "rooms.csv")
    ask("rooms", "end", *(str(room["id"]) for room in account.rooms), "--yes")
    account.requests.clear()
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert (len(account.requests), sent(account, "list")) == (1, 1)
    (folder / "rooms.results.csv").unlink()
    done = ask("rooms", "import", "rooms.csv", "--json")
    told = {"rows": 3, "exists": 3, "over": 3, "results": "rooms.results.csv"}
    assert (done.returncode, summary(done.stdout)) == (0, told)
    assert "3 rooms are over, and nobody can join: rows 2, 3, 4;" in done.stderr


@pytest.mark.parametrize("reopening", [True, False])
def test_a_room_that_was_ended_is_not_opened_by_new_times_alone(
    folder: Path, reopening: bool
) -> None:
    """Somebody has ended it; whether the API would let it be opened is not known, and is told."""
    with Sandbox(rate=QUICK, reopening=reopening) as account:
        ask = partial(call, env=variables(account))
        (folder / "rooms.csv").write_text("external_id,exp\na,2h\n")
        ask("rooms", "import", "rooms.csv")
        ask("rooms", "end", str(account.rooms[0]["id"]))
        done = ask("rooms", "import", "rooms.csv", "--update", "--json")
        assert account.rooms[0]["ended"] is True
        told = "is over, and nobody can join: row 2;" if reopening else "row 2: "
        assert told in done.stderr
        assert done.returncode == (0 if reopening else 1)


@pytest.mark.parametrize("results_are_there", [True, False])
def test_rooms_that_are_over_are_warned_of(
    account: Sandbox, ask: Ask, folder: Path, results_are_there: bool
) -> None:
    """Whoever imports last week's file gets rooms that nobody can enter."""
    account.add_room(external_id="a", exp=datetime.now(timezone.utc) - timedelta(days=7))
    (folder / "rooms.csv").write_text("external_id\na\n")
    if results_are_there:
        ask("rooms", "import", "rooms.csv")
    done = ask("rooms", "import", "rooms.csv", "--json")
    assert (done.returncode, summary(done.stdout)["over"]) == (0, 1)
    (line,) = done.stderr.splitlines()
    assert "1 room is over, and nobody can join: row 2;" in line
    assert "--update" in line


def test_a_journal_with_half_a_line_is_gone_on_with(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """As SIGKILL or a full disk may leave it."""
    refuse_all_after(account, 1)
    ask("rooms", "import", "rooms.csv", "--concurrency", "1")
    account.faults.clear()
    journal = folder / "rooms.results.csv.journal"
    journal.write_bytes(journal.read_bytes() + b'{"row": 3, "exter')
    account.requests.clear()
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert sent(account, "create") == 2
    assert len(results_of(folder / "rooms.results.csv")) == 3
    assert not journal.exists()


def test_half_a_line_hides_no_line_after_it(account: Sandbox, ask: Ask, folder: Path) -> None:
    """What the run after a SIGKILL has done counts, though that run is stopped as well."""
    command = ("rooms", "import", "rooms.csv", "--concurrency", "1")
    journal = folder / "rooms.results.csv.journal"
    journal.write_bytes(b'{"row": 2, "external_id": "appoint')
    refuse_all_after(account, 1)
    assert ask(*command).returncode == 1
    assert journal.exists()
    account.faults.clear()
    account.requests.clear()
    assert ask(*command).returncode == 0
    names = [body["externalId"] for body in bodies(account)]
    assert "appointment-1" not in names
    assert len(names) == 2


def test_a_line_that_lacks_nothing_but_its_end_counts(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """All that it says was written."""
    refuse_all_after(account, 1)
    ask("rooms", "import", "rooms.csv", "--concurrency", "1")
    journal = folder / "rooms.results.csv.journal"
    first, *_ = journal.read_bytes().split(b"\n")
    journal.write_bytes(first)
    account.faults.clear()
    account.requests.clear()
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert sent(account, "create") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_disk_that_is_full_in_the_middle_of_a_line_is_told(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """At once, and not by an outcome that is missing in the next run."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, before[1]))
    try:
        done = ask("rooms", "import", "rooms.csv", "--concurrency", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (done.returncode, sent(account, "create")) == (1, 1)
    assert "'rooms.results.csv' cannot be written: " in done.stderr
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    told = results_of(folder / "rooms.results.csv")
    assert [line["result"] for line in told] == ["exists", "created", "created"]
    assert len(account.rooms) == 4


# -- bringing up to date --------------------------------------------------------------------------


def test_rooms_are_brought_up_to_date(account: Sandbox, ask: Ask, folder: Path) -> None:
    """By what differs alone; what is missing is created, what is right is left."""
    account.add_room(external_id="a", name="Ana", settings={"maxParticipants": 2})
    account.add_room(external_id="b", name="Luis")
    (folder / "rooms.csv").write_text(
        'external_id,name,settings\na,Ana,"{""maxParticipants"": 3}"\nb,Luis,\nc,Eva,\n'
    )
    done = ask("rooms", "import", "rooms.csv", "--update", "--json")
    told = {"rows": 3, "created": 1, "updated": 1, "unchanged": 1, "results": "rooms.results.csv"}
    assert summary(done.stdout) == told
    assert [request.json for request in account.requests.of("update")] == [
        {"settings": {"maxParticipants": 3}}
    ]
    assert by_external_id(account)["c"]["name"] == "Eva"
    lines = results_of(folder / "rooms.results.csv")
    assert [line["result"] for line in lines] == ["updated", "unchanged", "created"]


def test_without_update_rooms_stay_as_they_are(account: Sandbox, ask: Ask, folder: Path) -> None:
    """A mistake in a file is not to change rooms that somebody may be in."""
    (folder / "rooms.csv").write_text("external_id,name\ntheirs,Mine\n")
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert sent(account, "update") == 0
    assert account.rooms[0]["name"] != "Mine"


def test_updating_looks_at_all_rooms_each_time(account: Sandbox, ask: Ask, folder: Path) -> None:
    """`2h` from now is another time, whatever an earlier run has done."""
    (folder / "rooms.csv").write_text("external_id,exp\na,2h\n")
    ask("rooms", "import", "rooms.csv", "--update")
    done = ask("rooms", "import", "rooms.csv", "--update", "--json")
    assert summary(done.stdout)["updated"] == 1
    assert sent(account, "update") == 1


def test_a_run_of_updates_that_was_stopped_goes_on(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """What it has done is not looked at again, unless its row was changed meanwhile."""
    command = ("rooms", "import", "rooms.csv", "--update", "--concurrency", "1", "--json")
    (folder / "rooms.csv").write_text("external_id,name\na,Ana\nb,Luis\nc,Eva\nd,Eva\n")
    refuse_all_after(account, 2)
    assert ask(*command).returncode == 1
    account.faults.clear()
    account.requests.clear()
    (folder / "rooms.csv").write_text("external_id,name\na,Ana\nb,Luis Miguel\nc,Eva\nd,Eva\n")
    done = ask(*command)
    told = {"rows": 4, "created": 3, "updated": 1, "done_before": 1, "results": "rooms.results.csv"}
    assert summary(done.stdout) == told
    assert by_external_id(account)["b"]["name"] == "Luis Miguel"
    assert [dict(request.query)["externalId"] for request in account.requests.of("list")] == ["a"]
    asked = [request.path.rpartition("/")[2] for request in account.requests.of("get")]
    assert asked == ["b", "c", "d"]


# -- where things come from and go ----------------------------------------------------------------


def test_rows_may_come_on_stdin(account: Sandbox, ask: Ask, folder: Path) -> None:
    """The results then go to standard output, and what else there is to say does not."""
    done = ask("rooms", "import", "-", "--format", "csv", stdin="name\nAna\nLuis\n")
    assert done.returncode == 0
    lines = list(csv.DictReader(done.stdout.splitlines()))
    assert sorted(line["row"] for line in lines) == ["2", "3"]
    assert {line["room"] for line in lines} == {room["id"] for room in account.rooms[1:]}
    assert done.stderr == "videsk-rooms: 2 rows: 2 created\n"
    assert [path.name for path in folder.iterdir()] == ["rooms.csv"]


def test_the_same_rows_on_stdin_are_the_same_rooms(account: Sandbox, ask: Ask) -> None:
    """There is no name of a file to tell them apart by."""
    for _ in range(2):
        ask("rooms", "import", "-", "--format", "jsonl", stdin='{"name": "Ana"}')
    assert len(account.rooms) == 2


def test_the_results_go_where_they_are_told_to(ask: Ask, folder: Path) -> None:
    """In the format of their own suffix."""
    done = ask("rooms", "import", "rooms.csv", "--results", "told.jsonl", "--json")
    assert json.loads(done.stdout)["results"] == "told.jsonl"
    first = json.loads((folder / "told.jsonl").read_text().splitlines()[0])
    assert (first["row"], first["ended"], first["error"]) == (2, False, None)
    again = ask("rooms", "import", "rooms.csv", "--results", "told.jsonl", "--json")
    assert json.loads(again.stdout)["done_before"] == 3


def test_the_rate_limit_may_be_shared(account: Sandbox, ask: Ask, folder: Path) -> None:
    """So that an import can run beside the workers of an account."""
    done = ask("rooms", "import", "rooms.csv", "--shared", f"file:{folder / 'pace'}")
    assert done.returncode == 0
    assert (folder / "pace").stat().st_size > 0
    assert len(account.rooms) == 4


def test_a_dry_run_sends_nothing(account: Sandbox, ask: Ask, folder: Path) -> None:
    """It needs no account, and tells what would be refused before anything is sent."""
    (folder / "rooms.csv").write_text(
        f"external_id,name,exp\na,Ana,1h\nb,Eva,73h\nc,Luis,never\n{'x' * 101},,\n"
    )
    done = call("rooms", "import", "rooms.csv", "--dry-run")
    assert done.returncode == 1
    assert done.stdout == "✗ 4 rows: 3 would be refused; nothing was sent\n"
    assert [line.split()[:3] for line in done.stderr.splitlines()] == [
        ["videsk-rooms:", "row", f"{number}:"] for number in (3, 4, 5)
    ]
    told = ask("rooms", "import", "rooms.csv", "--dry-run", "--json").stdout
    assert json.loads(told).items() >= {"rows": 4, "failed": 3, "not_tried": 1}.items()
    (folder / "rooms.csv").write_text(ROWS)
    assert ask("rooms", "import", "rooms.csv", "--dry-run").returncode == 0
    assert len(account.requests) == 0
    real = ask("rooms", "import", "rooms.csv", "--json").stdout
    assert json.loads(told).keys() == json.loads(real).keys()


def test_a_dry_run_tells_of_all_rows(ask: Ask, folder: Path) -> None:
    """There are no results to look them up in."""
    (folder / "rooms.csv").write_text("name,exp\n" + "Ana,never\n" * 50)
    assert len(ask("rooms", "import", "rooms.csv", "--dry-run").stderr.splitlines()) == 50


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "names",
    [["Señal"], ["José Peñaloza", "Ángela Ibáñez"], ["Consulta, Ñuñoa", "Revisión “anual”"]],
)
def test_what_spreadsheets_write_is_read(
    account: Sandbox, ask: Ask, folder: Path, encoding: str, names: list[str]
) -> None:
    """To the letter, though there are few accents to tell by; as what it is read is told."""
    (folder / "excel.csv").write_bytes(
        "\r\n".join(["name", *(f'"{name}"' for name in names)]).encode(encoding)
    )
    done = ask("rooms", "import", "excel.csv")
    assert done.returncode == 0
    assert "excel.csv is read as " in done.stderr
    assert sorted(str(room["name"]) for room in account.rooms[1:]) == sorted(names)


def test_any_encoding_can_be_told(account: Sandbox, ask: Ask, folder: Path) -> None:
    """For what nobody could know by itself."""
    (folder / "old.csv").write_bytes("name\nSeñal\n".encode("cp850"))
    done = ask("rooms", "import", "old.csv", "--encoding", "cp850")
    assert (done.returncode, done.stderr) == (0, "")
    assert account.rooms[-1]["name"] == "Señal"


def test_a_sheet_with_columns_of_its_own_is_mapped(
    account: Sandbox, ask: Ask, folder: Path, in_zone: Callable[[str], None]
) -> None:
    """Its dates as it writes them, its semicolons found; the rest passed over, which is told."""
    in_zone("<-03>3")
    ends = (account.now + timedelta(hours=20)).replace(second=0, microsecond=0)
    typed = (ends - timedelta(hours=3)).strftime("%d/%m/%Y %H:%M")
    (folder / "hoja.csv").write_text(
        f"Cliente;Hora, fin;Teléfono\nAna;{typed};+56 9\nEva;2h;\n", encoding="utf-8"
    )
    maps = ["--map", "name=Cliente", "--map", "exp=Hora, fin"]
    done = ask("rooms", "import", "hoja.csv", *maps, "--date-format", "%d/%m/%Y %H:%M")
    assert (done.returncode, done.stderr) == (0, "videsk-rooms: columns ignored: Teléfono\n")
    ana = next(room for room in account.rooms if room["name"] == "Ana")
    assert ana["exp"] == f"{ends:%Y-%m-%dT%H:%M:%S}.000Z"
    assert len(account.rooms) == 3


def test_a_date_that_is_written_otherwise_names_the_option(ask: Ask, folder: Path) -> None:
    """Where it was not given."""
    (folder / "rooms.csv").write_text("name,exp\nAna,24/12/2042 16:00\n")
    assert "--date-format" in ask("rooms", "import", "rooms.csv", "--dry-run").stderr


def test_results_open_in_the_excel_that_wrote_the_file(
    account: Sandbox, ask: Ask, folder: Path
) -> None:
    """Semicolons and a byte order mark; the next run reads them."""
    (folder / "hoja.csv").write_text("name;external_id\nAna;a-1\n", encoding="cp1252")
    for _ in range(2):
        assert ask("rooms", "import", "hoja.csv").returncode == 0
        results = (folder / "hoja.results.csv").read_bytes()
        assert results.startswith(b"\xef\xbb\xbfrow;external_id;result;")
        assert b";created;" in results
    assert len(account.requests.of("create")) == 1


def test_a_date_that_does_not_exist_shows_one_that_does(ask: Ask, folder: Path) -> None:
    """As `--date-format` has it."""
    (folder / "rooms.csv").write_text("name,exp\nAna,31-11-2042\n")
    done = ask("rooms", "import", "rooms.csv", "--dry-run", "--date-format", "%d-%m-%Y")
    assert done.returncode == 1
    assert "exp '31-11-2042' is not a time" in done.stderr
    assert "or a date that exists, written as 24-12-2026" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere.csv"], "'nowhere.csv' cannot be read"),
        (["."], "--format"),
        ([".", "--format", "csv"], "'.' cannot be read"),
        (["noise.csv"], "'noise.csv' is neither UTF-8"),
        (["latin.csv", "--encoding", "utf-8"], "'latin.csv' is not utf-8; leave out --encoding"),
        (["latin.csv", "--encoding", "latin-0"], "--encoding 'latin-0' is not known"),
        (["rooms.csv", "--date-format", "%H:%M"], "'%H:%M' is not a date format"),
        (["rooms.csv", "--map", "Cliente"], "'Cliente' does not map a field"),
        (["rooms.csv", "--map", "client=name"], "'client=name' does not map a field"),
        (["rooms.csv", "--map", "name=Cliente"], "--map: there is no column 'Cliente'"),
        (["wrong.csv"], "call it 'name'"),
        *(
            (["rooms.csv", "--results", name], "is the file to import")
            for name in ("rooms.csv", "./rooms.csv")
        ),
        *(
            (["rooms.csv", "--results", name], f"--results {name!r} is not a results file")
            for name in ("other.csv", "more.csv", "mixed.csv", "notes.csv", "notes.jsonl")
        ),
        (["rooms.csv", "--results", "."], "'.' is not a file"),
        (["rooms.csv", "--results", os.devnull], "is not a file"),
        (["rooms.csv", "--shared", "nonsense"], "--shared"),
        (["rooms.csv", "--shared", "@nowhere"], "nowhere"),
        (["rooms.csv", "--dry-run", "--update"], "--dry-run"),
        (["rooms.csv", "--dry-run", "--results", "told.csv"], "--dry-run"),
        (["-", "--format", "csv", "--json"], "--results FILE"),
    ],
)
def test_what_cannot_be_imported_is_one_line(
    account: Sandbox, ask: Ask, folder: Path, arguments: list[str], named: str
) -> None:
    """Before anything is sent."""
    (folder / "latin.csv").write_bytes("name\nSeñal\n".encode("latin-1"))
    (folder / "noise.csv").write_bytes(bytes(range(128, 256)) * 9)
    (folder / "wrong.csv").write_text("nmae\nAna\n")
    (folder / "other.csv").write_text("day,hours\nMonday,7\n")
    (folder / "more.csv").write_text("external_id,exp\na,2h\n")
    (folder / "mixed.csv").write_text("row,result,mine\n2,created,a\n")
    (folder / "notes.csv").write_text("Monday,,7\n")
    (folder / "notes.jsonl").write_text("Monday 7\n")
    before = sorted(folder.iterdir())
    done = ask("rooms", "import", *arguments)
    assert (done.returncode in {2, 3}, done.stdout) == (True, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: ")
    assert named in line
    assert len(account.requests) == 0
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "results", ["nowhere/results.csv", f"{'x' * 300}.csv"], ids=["no folder", "a long name"]
)
def test_results_that_cannot_be_kept_end_it_before_it_begins(
    account: Sandbox, ask: Ask, folder: Path, results: str
) -> None:
    """Rooms that nobody hears of are of no use."""
    done = ask("rooms", "import", "rooms.csv", "--results", results)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{results!r} cannot be written" in done.stderr
    assert "say with --results FILE" in done.stderr
    assert len(account.requests) == 0
    assert [path.name for path in folder.iterdir()] == ["rooms.csv"]
