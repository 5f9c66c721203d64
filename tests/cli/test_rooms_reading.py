"""`videsk-rooms rooms list`, `get` and `stats`."""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from tests.cli.support import account as variables
from tests.cli.support import call, called_on_a_terminal, running
from tests.waiting import PATIENCE
from videsk_rooms import AsyncRooms
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Ask

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

STARTS = datetime(2042, 8, 14, 15, tzinfo=timezone.utc)
ENDS = datetime(2042, 8, 14, 18, tzinfo=timezone.utc)


def rows(shown: str) -> list[list[str]]:
    return [line.split("  ") for line in shown.splitlines()]


def ids(shown: str) -> list[str]:
    return [row[0] for row in rows(shown)[1:]]


# -- list -----------------------------------------------------------------------------------------


def test_a_page_is_a_table_with_whole_values_in_a_pipe(
    account: Sandbox, ask: Ask, in_zone: Callable[[str], None]
) -> None:
    """What is searched for in it is there, however long; times are local."""
    in_zone("<-03>3")
    name = "A name that is far longer than a column of a terminal is wide"
    room = account.add_room(
        name=name, external_id="x" * 100, nbf=STARTS, exp=ENDS, created_at=STARTS
    )
    done = ask("rooms", "list")
    assert (done.returncode, done.stderr) == (0, "")
    header, first, _theirs = done.stdout.splitlines()
    assert header.split() == ["ID", "NAME", "EXTERNAL_ID", "STATUS", "EXP"]
    opens = "opens 2042-08-14 12:00"
    assert first == "  ".join([str(room["id"]), name, "x" * 100, opens, "2042-08-14 15:00"])


def test_a_page_as_json_is_one_object(account: Sandbox, ask: Ask) -> None:
    """Its rooms have every field, and times are UTC."""
    account.add_room(
        external_id="ours", nbf=STARTS, exp=ENDS, created_at=STARTS, extra={"region": "scl"}
    )
    done = ask("rooms", "list", "--json", "--limit", "1", "--sort", "-created_at")
    assert (done.returncode, done.stderr) == (0, "")
    page = json.loads(done.stdout)
    (room,) = page.pop("data")
    assert page == {"total": 2, "limit": 1, "skip": 0, "has_more": True}
    assert (room["external_id"], room["extra"]) == ("ours", {"region": "scl"})
    assert (room["nbf"], room["exp"]) == ("2042-08-14T15:00:00.000Z", "2042-08-14T18:00:00.000Z")
    assert "access_token" not in room


def test_what_is_asked_for_is_what_is_sent(account: Sandbox, ask: Ask) -> None:
    """Every option of a page."""
    options = ["--limit", "5", "--skip", "2", "--sort", "-created_at,name", "--no-ended"]
    assert ask("rooms", "list", *options, "--external-id", "theirs").returncode == 0
    assert dict(account.requests[0].query) == {
        "$limit": "5",
        "$skip": "2",
        "$sort[createdAt]": "-1",
        "$sort[name]": "1",
        "ended": "false",
        "externalId": "theirs",
    }


def test_more_rooms_than_a_page_are_told_beside_it(account: Sandbox, ask: Ask) -> None:
    """On standard error, so that what is piped on are rooms only."""
    account.add_rooms(30)
    done = ask("rooms", "list", "--skip", "10")
    assert len(done.stdout.splitlines()) == 11
    assert done.stderr == "videsk-rooms: 10 of 31 rooms; --skip 20 shows the next, --all all\n"


def test_an_account_without_rooms_says_so() -> None:
    """Nothing was filtered out."""
    with Sandbox(rate=None) as empty:
        done = call("rooms", "list", env=variables(empty))
    assert (done.returncode, done.stderr) == (0, "videsk-rooms: the account has no rooms\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--external-id", "nobody's"], "no rooms match"),
        (["--external-id", "nobody's", "--all"], "no rooms match"),
        (["--skip", "5"], "no rooms after the first 5, of 1; give a smaller --skip"),
    ],
)
def test_an_empty_page_says_so(ask: Ask, options: list[str], told: str) -> None:
    """It is no failure, and no table without rows."""
    done = ask("rooms", "list", *options)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"videsk-rooms: {told}\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_all_rooms_come_page_by_page(account: Sandbox, ask: Ask, as_json: bool) -> None:
    """A line each, newest first, as JSON too."""
    account.add_rooms(150)
    done = ask("rooms", "list", "--all", *["--json"] * as_json)
    assert (done.returncode, done.stderr) == (0, "")
    shown = (
        [json.loads(line)["id"] for line in done.stdout.splitlines()]
        if as_json
        else ids(done.stdout)
    )
    held = {str(room["id"]): room["createdAt"] for room in account.rooms}
    assert len(shown) == 151
    assert shown == sorted(shown, key=lambda room: str(held[room]), reverse=True)


def test_ended_rooms_are_told_from_others(account: Sandbox, ask: Ask) -> None:
    """By the two flags, also with all pages."""
    over = account.add_room(external_id="over", exp=account.now)
    for more in ([], ["--all"]):
        assert ids(ask("rooms", "list", "--ended", *more).stdout) == [over["id"]]
        assert over["id"] not in ids(ask("rooms", "list", "--no-ended", *more).stdout)


def test_a_room_that_was_ended_before_its_time_is_told_from_others(
    account: Sandbox, ask: Ask, theirs: str, in_zone: Callable[[str], None]
) -> None:
    """Also where there are no colours: its time would say that it is open."""
    in_zone("UTC0")
    ask("rooms", "end", theirs)
    past, ahead = (account.now + timedelta(hours=hours) for hours in (-1, 1))
    for exp in (past, ahead):
        account.add_room(exp=exp)
    untold = account.add_room(without=["exp"])
    ask("rooms", "end", str(untold["id"]))
    table = ask("rooms", "list", "--sort", "created_at", "--columns", "status,exp,ended").stdout
    lines = [[cell.strip() for cell in line.split("  ") if cell] for line in table.splitlines()]
    assert [(line[0], line[-1]) for line in lines[1:]] == [
        *(("over", "yes"), ("over", "yes"), ("open", "no"), ("over", "yes"))
    ]
    assert f"{past:%Y-%m-%d %H:%M}" in lines[2]
    assert "ended         yes" in ask("rooms", "get", theirs).stdout


@posix
def test_a_table_fits_a_terminal(account: Sandbox) -> None:
    """Of an id the end is shown, names are cut, external ids are whole; some signs take two."""
    account.add_room(name="視訊會議室" * 9, external_id="b3c6f0a4-9a51-4f6e-8f43-0d8f6d1f3c55")
    account.add_room(name="\x1b[2J\x07" * 3, external_id="plain")
    done = called_on_a_terminal("rooms", "list", env={"TERM": "xterm", **variables(account)})
    plain = done.stdout.replace("\x1b[1m", "").replace("\x1b[0m", "")
    lines = plain.split("\r\n")[:-1]
    assert [cell_len(line) <= 80 for line in lines] == [True] * 4
    shown = {line.split()[0] for line in lines[1:]}
    assert shown == {f"…{str(room['id'])[-8:]}" for room in account.rooms}
    assert "b3c6f0a4-9a51-4f6e-8f43-0d8f6d1f3c55" in plain
    assert "\x1b" not in plain
    assert "\x07" not in plain
    assert "視…" in plain


@posix
def test_a_long_external_id_is_whole_and_moves_no_other_line(account: Sandbox) -> None:
    """It is what people type, so it may be longer than the terminal is wide."""
    account.add_room(external_id="x" * 100)
    done = called_on_a_terminal("rooms", "list", env={"TERM": "dumb", **variables(account)})
    lines = done.stdout.split("\r\n")[:-1]
    assert [len(line) <= 80 for line in lines if "x" * 100 not in line] == [True, True]
    assert len(lines) == 3


@posix
@pytest.mark.parametrize(("columns", "whole"), [(20, False), (80, False), (110, True)])
def test_a_wide_terminal_has_room_for_whole_ids(
    account: Sandbox, theirs: str, columns: int, whole: bool
) -> None:
    """And one that is too narrow for all shows what it can."""
    account.add_room(name="A consultation", external_id="appointment-7")
    env = {"TERM": "xterm", "COLUMNS": str(columns), **variables(account)}
    done = called_on_a_terminal("rooms", "list", env=env)
    assert done.returncode == 0
    assert (theirs in done.stdout) is whole
    assert "appointment-7" in done.stdout


@posix
def test_columns_that_are_asked_for_are_whole(account: Sandbox, theirs: str) -> None:
    """Also on a terminal: how one gets an id that can be typed."""
    env = {"TERM": "dumb", "COLUMNS": "20", **variables(account)}
    done = called_on_a_terminal("rooms", "list", "--columns", "external_id,id", env=env)
    assert done.stdout == f"EXTERNAL_ID  ID\r\ntheirs       {theirs}\r\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--columns", "id,access_token"], "there is no column 'access_token'; give some of id,"),
        (["--columns", "id", "--json"], "JSON has every field; leave out --columns or --json"),
        (["--status", "open", "--limit", "1"], "--status reads every page; leave out --limit"),
    ],
)
def test_options_that_cannot_be_are_refused(ask: Ask, options: list[str], told: str) -> None:
    """Before anything is sent; a token is no column."""
    done = ask("rooms", "list", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_rooms_are_told_by_their_status(
    account: Sandbox, ask: Ask, in_zone: Callable[[str], None], as_json: bool
) -> None:
    """The API has no such filter: every page is read, and what does not match left out."""
    in_zone("UTC0")
    account.add_rooms(105)
    account.add_room(name="w", nbf=STARTS, exp=ENDS, created_at=account.now - timedelta(days=9))
    account.add_room(name="o", exp=account.now - timedelta(hours=1))
    for status, shown in (("open", 106), ("waiting", 1), ("over", 1)):
        done = ask("rooms", "list", "--status", status, *["--json"] * as_json)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout.splitlines()) == shown + (not as_json)
    assert ask("rooms", "list", "--status", "over", "--external-id", "theirs").stderr == (
        "videsk-rooms: no rooms match\n"
    )


def test_a_room_that_opens_today_is_told_by_its_time(
    account: Sandbox, ask: Ask, in_zone: Callable[[str], None]
) -> None:
    """The day is told only where it is another."""
    in_zone("UTC0")
    now = datetime.now(timezone.utc)
    midnight = now.replace(hour=23, minute=59, second=59)
    account.add_room(name="today", nbf=midnight, exp=midnight + timedelta(hours=1))
    shown = ask("rooms", "list", "--columns", "status,name").stdout
    assert "opens 23:59  today" in shown


# -- get ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("show_token", [False, True])
def test_a_room_is_shown_and_its_token_only_on_demand(
    account: Sandbox, ask: Ask, theirs: str, by_name: bool, show_token: bool
) -> None:
    """By its id and by one's own name for it, to people and to programs."""
    which = ["--external-id", "theirs"] if by_name else [theirs]
    options = ["--show-token"] * show_token
    people, program = (ask("rooms", "get", *which, *options, *more) for more in ([], ["--json"]))
    assert (people.returncode, people.stderr) == (0, "")
    assert f"id            {theirs}\n".split() == people.stdout.splitlines()[0].split()
    assert ("eyJ" in people.stdout) is show_token
    room = json.loads(program.stdout)
    assert (room["id"], room["external_id"]) == (theirs, "theirs")
    assert ("access_token" in room) is show_token
    assert "eyJ" in room.get("access_token", "eyJ")
    assert account.api_token not in people.stdout + program.stdout


def test_a_token_is_shown_whole(ask: Ask, theirs: str) -> None:
    """On one line, to be copied."""
    shown = ask("rooms", "get", theirs, "--show-token").stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("access_token")]
    assert len(line.split()[-1].split(".")) == 3


def test_everything_known_of_a_room_is_shown(
    account: Sandbox, ask: Ask, in_zone: Callable[[str], None]
) -> None:
    """Also who was let in, and what the package does not know."""
    in_zone("UTC0")
    room = account.add_room(
        name="Support",
        external_id="ours",
        exp=account.now + timedelta(hours=2),
        settings={"maxParticipants": 10},
        extra={"region": "scl", "tags": ["a", "b"]},
    )
    ask("rooms", "join", str(room["id"]))
    shown = ask("rooms", "get", "--external-id", "ours").stdout
    lines = dict(line.split("  ", 1) for line in shown.splitlines())
    told = {name.strip(): value.strip() for name, value in lines.items()}
    assert told.keys() == {
        *("id", "name", "external_id", "nbf", "exp", "ended", "settings", "created_at"),
        *("updated_at", "authorizations", "region (unknown)", "tags (unknown)", "access_token"),
    }
    assert (told["name"], told["ended"]) == ("Support", "no")
    assert (told["settings"], told["tags (unknown)"]) == ('{"maxParticipants": 10}', '["a", "b"]')
    assert told["exp"].endswith("(in 2 h)")
    assert told["authorizations"].startswith("127.0.0.1, ")


@pytest.mark.parametrize("more", [(), ("--json",), ("--show-token",)])
def test_a_room_that_comes_without_a_token_is_shown(
    account: Sandbox, ask: Ask, theirs: str, more: tuple[str, ...]
) -> None:
    """Perhaps the API sends none for a room that is over: that is not documented."""
    account.faults.answer(200, body=json.dumps(account.rooms[0]).encode(), on="get")
    done = ask("rooms", "get", theirs, *more)
    assert (done.returncode, done.stderr) == (0, "")
    assert theirs in done.stdout
    assert "access_token  " not in done.stdout


def test_fields_that_the_api_leaves_out_are_left_out(account: Sandbox, ask: Ask) -> None:
    """docs/api.md, "Objects": any field but `id` may be absent; in JSON they are null."""
    fields = ["name", "externalId", "exp", "nbf", "settings", "ended", "createdAt", "updatedAt"]
    room = account.add_room(without=[*fields, "authorizations"])
    shown = ask("rooms", "get", str(room["id"])).stdout
    assert [line.split("  ")[0] for line in shown.splitlines()] == ["id", "access_token"]
    seen = json.loads(ask("rooms", "get", str(room["id"]), "--json").stdout)
    assert {name for name, value in seen.items() if value is None} == {
        *("name", "external_id", "exp", "nbf", "settings", "ended", "created_at", "updated_at"),
        "authorizations",
    }


def test_a_name_cannot_steer_the_terminal(account: Sandbox, ask: Ask) -> None:
    """Whoever names a room writes to the terminal of whoever lists it."""
    room = account.add_room(name="\x1b[2Jnew\nline\x07", external_id="evil")
    for arguments in (["list"], ["list", "--all"], ["get", str(room["id"])]):
        shown = ask("rooms", *arguments).stdout
        assert "\\x1b[2Jnew\\nline\\x07" in shown
        assert "\x1b" not in shown


# -- stats ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["report", "snapshot", "summary"])
def test_statistics_are_shown_in_every_view(
    account: Sandbox, ask: Ask, theirs: str, view: str
) -> None:
    """To programs as the server has them, to people as an outline."""
    ask("rooms", "join", theirs)
    account.advance(timedelta(hours=3))
    people, program = (
        ask("rooms", "stats", theirs, "--view", view, *more) for more in ([], ["--json"])
    )
    assert (people.returncode, people.stderr) == (0, "")
    assert f"view: {view}\n" in people.stdout
    assert f"roomId: {theirs}\n" in people.stdout
    assert {"view": view, "roomId": theirs}.items() <= json.loads(program.stdout).items()


def test_statistics_are_the_report_unless_asked_for(ask: Ask, theirs: str) -> None:
    """As in the API; whatever is in it has its line."""
    shown = ask("rooms", "stats", theirs).stdout
    assert "\nmetrics:\n  peers: 0\n  packetLoss: 0.4\n" in shown
    assert "\npatterns:\n  1.\n    type: steady\n" in shown
    assert "\nrecommendations:\n  - Nothing to improve.\n" in shown


def test_statistics_are_watched_until_ctrl_c(account: Sandbox, theirs: str) -> None:
    """Without a terminal a line each; what may pass does not end it."""
    account.faults.status(400, on="stats")
    arguments = ("rooms", "stats", theirs, "--watch", "0.05")
    with running(*arguments, env=variables(account)) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert [line["roomId"] for line in lines] == [theirs] * 3
    assert process.returncode == 130
    assert "400" in err


@posix
def test_watched_statistics_are_shown_in_place_of_the_last_ones(
    account: Sandbox, theirs: str
) -> None:
    """On a terminal; that there are none any more ends it."""
    account.faults.answer(200, body=b'{"peers": 2}', on="stats", times=2)
    account.faults.status(404, on="stats")
    env = {"TERM": "xterm", **variables(account)}
    done = called_on_a_terminal("rooms", "stats", theirs, "--watch", "0.05", env=env)
    assert done.returncode == 4
    assert done.stdout.count("\x1b[2J") == 2
    assert done.stdout.count("peers: ") == 2


# -- what is not there ----------------------------------------------------------------------------

NOWHERE = "64f1a2b3c4d5e6f7a8b9c0d1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["get", NOWHERE],
        ["get", "--external-id", "nobody's"],
        ["update", NOWHERE, "--name", "Support"],
        ["end", NOWHERE],
        ["join", NOWHERE],
        ["stats", NOWHERE],
    ],
)
def test_what_is_not_there_is_exit_code_4(ask: Ask, arguments: list[str]) -> None:
    """One line that names it, on standard error."""
    done = ask("rooms", *arguments)
    assert (done.returncode, done.stdout) == (4, "")
    (line,) = done.stderr.splitlines()
    assert NOWHERE in line or "nobody's" in line


def test_a_proxy_s_404_is_no_word_about_the_room(account: Sandbox, ask: Ask, theirs: str) -> None:
    """Whoever creates a room on exit code 4 is not to create one because of a wrong address."""
    account.faults.status(404, html=True, times=None)
    for arguments in (["get", theirs], ["list"], ["end", theirs]):
        assert ask("rooms", *arguments).returncode == 1


def test_every_operation_has_its_command() -> None:
    """What the package can do with rooms, the command line can."""
    from videsk_rooms.cli._rooms import rooms

    commands = {command.name for command in rooms.registered_commands}
    operations = {name for name in vars(AsyncRooms) if not name.startswith("_")}
    ways = {"get_by_external_id", "get_or_create", "iter"}  # of get, create and list
    many = {"create_many", "delete_many", "join_many", "update_many"}  # a shell has loops
    # A stock is of use to a program that keeps running; commands print what a response says.
    kept = {"access_stock", "with_response"}
    assert commands >= operations - ways - many - kept
