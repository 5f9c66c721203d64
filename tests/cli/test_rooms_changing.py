"""`videsk-rooms rooms create`, `update`, `end`, `delete` and `join`."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import QUICK
from tests.cli.support import account as variables
from tests.cli.support import call, called_on_a_terminal
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Operation

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def of_wire(text: object) -> datetime:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00"))


# -- create ---------------------------------------------------------------------------------------


def test_a_room_is_created_as_it_was_asked_for(account: Sandbox, ask: Ask) -> None:
    """Every option; the times from now on."""
    before = datetime.now(timezone.utc)
    options = ["--name", "Support", "--external-id", "ours", "--nbf", "30m", "--exp", "2h"]
    done = ask("rooms", "create", *options, "--settings", '{"maxParticipants": 10}')
    assert (done.returncode, done.stderr) == (0, "")
    room = account.rooms[-1]
    assert (room["name"], room["externalId"]) == ("Support", "ours")
    assert room["settings"] == {"maxParticipants": 10}
    for field, ahead in (("nbf", timedelta(minutes=30)), ("exp", timedelta(hours=2))):
        late = of_wire(room[field]) - before - ahead
        assert timedelta(milliseconds=-1) < late < timedelta(seconds=30)
    assert str(room["id"]) in done.stdout
    assert "eyJ" not in done.stdout


def test_nothing_given_is_the_server_s_choice(account: Sandbox, ask: Ask) -> None:
    """Name and times; as JSON the room comes with what was chosen."""
    room = json.loads(ask("rooms", "create", "--json").stdout)
    body = account.requests.of("create")[0].json
    assert isinstance(body, dict)
    assert body.keys() == {"externalId"}
    assert (room["id"], room["name"]) == (account.rooms[-1]["id"], account.rooms[-1]["name"])
    assert "access_token" not in room


def test_the_token_of_a_new_room_is_shown_on_demand(ask: Ask) -> None:
    """For the program that hands it to a browser."""
    room = json.loads(ask("rooms", "create", "--json", "--show-token").stdout)
    assert room["access_token"].startswith("eyJ")


def test_settings_come_from_a_file_or_from_stdin(
    account: Sandbox, ask: Ask, tmp_path: Path
) -> None:
    """Also from one that an editor began with a byte order mark."""
    file = tmp_path / "settings.json"
    file.write_text('{"region": "señal"}', encoding="utf-8-sig")
    ask("rooms", "create", "--settings", f"@{file}")
    ask("rooms", "create", "--settings", "@-", stdin='{"region": "stdin"}')
    settings = [room["settings"] for room in account.rooms[1:]]
    assert settings == [{"region": "señal"}, {"region": "stdin"}]


def test_a_taken_external_id_is_exit_code_1(account: Sandbox, ask: Ask) -> None:
    """With how to see the room that has it."""
    done = ask("rooms", "create", "--external-id", "theirs")
    assert (done.returncode, done.stdout) == (1, "")
    assert "409" in done.stderr
    assert "videsk-rooms rooms get --external-id" in done.stderr
    assert len(account.rooms) == 1


def test_a_room_is_created_only_if_it_is_missing(account: Sandbox, ask: Ask, theirs: str) -> None:
    """The one that is there is shown as it is."""
    found, made = (
        json.loads(
            ask(
                *("rooms", "create", "--if-missing", "--external-id", external_id),
                *("--name", "Mine", "--json"),
            ).stdout
        )
        for external_id in ("theirs", "ours")
    )
    assert found["id"] == theirs
    assert found["name"] != "Mine"
    assert (made["external_id"], made["name"]) == ("ours", "Mine")
    assert [room["externalId"] for room in account.rooms] == ["theirs", "ours"]


# -- update ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (["--name", "Moved"], {"name": "Moved"}),
        (["--name", ""], {"name": ""}),
        (["--new-external-id", "ours"], {"externalId": "ours"}),
        (["--settings", "{}"], {"settings": {}}),
        (["--nbf", "2042-08-14T15:00Z"], {"nbf": "2042-08-14T15:00:00.000Z"}),
    ],
)
def test_only_what_is_given_is_changed(
    account: Sandbox, ask: Ask, options: list[str], sent: dict[str, object]
) -> None:
    """The rest is not even sent."""
    exp = datetime(2042, 8, 14, 18, tzinfo=timezone.utc)
    room = account.add_room(exp=exp)
    done = ask("rooms", "update", str(room["id"]), *options)
    assert (done.returncode, done.stderr) == (0, "")
    (request,) = account.requests.of("update")
    assert request.json == sent
    assert sent.items() <= account.rooms[-1].items()
    assert "eyJ" not in done.stdout


def test_an_end_is_moved(account: Sandbox, ask: Ask, theirs: str) -> None:
    """To so much time from now; as JSON the changed room is printed."""
    changed = json.loads(ask("rooms", "update", theirs, "--exp", "72h", "--json").stdout)
    assert changed["exp"] == account.rooms[0]["exp"]
    assert of_wire(changed["exp"]) - datetime.now(timezone.utc) > timedelta(hours=71)


@pytest.mark.parametrize(("option", "ended"), [("--ended", True), ("--not-ended", False)])
def test_a_room_is_ended_and_opened_again_by_an_update(
    account: Sandbox, ask: Ask, theirs: str, option: str, ended: bool
) -> None:
    """As far as the API lets it (docs/api.md, "Operations")."""
    ask("rooms", "end", theirs)
    changed = json.loads(ask("rooms", "update", theirs, option, "--json").stdout)
    assert changed["ended"] is account.rooms[0]["ended"] is ended
    assert account.requests.of("update")[-1].json == {"ended": ended}


@pytest.mark.parametrize("update_token", [True, False])
def test_the_token_of_a_changed_room_is_shown_on_demand(update_token: bool) -> None:
    """Also where the update is answered without: then it is fetched."""
    with Sandbox(rate=QUICK, update_token=update_token) as account:
        (room,) = account.add_rooms(1)
        options = ["rooms", "update", room, "--name", "Moved", "--show-token"]
        done = call(*options, env=variables(account))
        assert "eyJ" in done.stdout
        assert len(account.requests) == (1 if update_token else 2)


def test_a_change_is_told_though_its_token_cannot_be_fetched(
    account: Sandbox, ask: Ask, theirs: str
) -> None:
    """Whoever reads of a failure would change it again."""
    account.faults.status(403, on="get")
    done = ask("rooms", "update", theirs, "--name", "Moved", "--show-token")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the room was changed" in done.stderr
    assert account.rooms[0]["name"] == "Moved"


# -- end and delete -------------------------------------------------------------------------------


@pytest.fixture
def deleting() -> Iterator[Sandbox]:
    """An account that may delete rooms."""
    with Sandbox(rate=QUICK, deletion=True) as account:
        account.add_room(external_id="theirs")
        yield account


@pytest.fixture
def ask_deleting(deleting: Sandbox) -> Ask:
    """The command line, for that account."""
    return partial(call, env=variables(deleting))


def open_ids(account: Sandbox) -> list[object]:
    return [room["id"] for room in account.rooms if not room["ended"]]


def test_a_room_is_ended_without_asking(account: Sandbox, ask: Ask, theirs: str) -> None:
    """Whoever types its id means it; and ending it again is fine."""
    for _ in range(2):
        done = ask("rooms", "end", theirs)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"ended {theirs}\n", "")
    assert open_ids(account) == []


def test_nobody_joins_a_room_that_was_ended(ask: Ask, theirs: str) -> None:
    """What the API says is told."""
    ask("rooms", "end", theirs)
    done = ask("rooms", "join", theirs)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The room is over" in done.stderr


def test_several_rooms_are_ended_with_yes(account: Sandbox, ask: Ask, theirs: str) -> None:
    """Each once, whatever is typed twice, a line of JSON each."""
    first, second = account.add_rooms(2)
    done = ask("rooms", "end", first, second, first, "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"room": room, "ended": True, "error": None} for room in (first, second)
    ]
    assert open_ids(account) == [theirs]


def test_one_room_is_deleted_without_asking(deleting: Sandbox, ask_deleting: Ask) -> None:
    """Where the account may; whoever types its id means it."""
    (room,) = deleting.rooms
    done = ask_deleting("rooms", "delete", str(room["id"]))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"deleted {room['id']}\n", "")
    assert deleting.rooms == ()


def test_several_rooms_are_deleted_with_yes(deleting: Sandbox, ask_deleting: Ask) -> None:
    """Each once, whatever is typed twice, a line of JSON each."""
    first, second = deleting.add_rooms(2)
    done = ask_deleting("rooms", "delete", first, second, first, "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"room": room, "deleted": True, "error": None} for room in (first, second)
    ]
    assert len(deleting.rooms) == 1


def test_a_deletion_is_refused_with_the_command_that_ends_rooms(account: Sandbox, ask: Ask) -> None:
    """What the API says, and what to type; the others are not tried."""
    first, second = account.add_rooms(2)
    done = ask("rooms", "delete", first, second, "--yes", "--json")
    assert done.returncode == 1
    refused, untried = done.stderr.splitlines()
    assert refused.startswith(f"videsk-rooms: {first}: DELETE ")
    assert "403 Forbidden: Room deletion not allowed" in refused
    assert "`videsk-rooms rooms end`" in refused
    assert untried.startswith("videsk-rooms: 1 more of these rooms not tried")
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["deleted"] is False
    assert "`videsk-rooms rooms end`" in json.loads(line)["error"]


@pytest.mark.parametrize("command", ["end", "delete"])
def test_several_rooms_need_yes_where_nobody_can_be_asked(
    account: Sandbox, ask: Ask, command: str
) -> None:
    """Nothing is done, and what to type is told."""
    done = ask("rooms", command, *account.add_rooms(2))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert len(account.requests) == 0


@posix
@pytest.mark.parametrize(
    ("typed", "code", "left"), [("y\n", 0, 1), ("yes\n", 0, 1), ("n\n", 1, 3), ("\n", 1, 3)]
)
@pytest.mark.parametrize(
    ("command", "question", "otherwise"),
    [
        ("end", "End 2 rooms? It is not documented", "nothing was ended"),
        ("delete", "Delete 2 rooms? The API as published refuses; `videsk-", "nothing was deleted"),
    ],
)
def test_several_rooms_are_asked_for_on_a_terminal(  # noqa: PLR0917 - a table
    deleting: Sandbox,
    command: str,
    question: str,
    otherwise: str,
    typed: str,
    code: int,
    left: int,
) -> None:
    """Only a yes is one."""
    arguments = ["rooms", command, *deleting.add_rooms(2)]
    done = called_on_a_terminal(*arguments, env=variables(deleting), typed=typed)
    assert question in done.stdout
    assert "[y/N]" in done.stdout
    assert (otherwise in done.stdout) is (code == 1)
    assert (done.returncode, len(open_ids(deleting))) == (code, left)


def test_one_room_that_fails_does_not_keep_the_others(account: Sandbox, ask: Ask) -> None:
    """Its error is told, to people and to programs, and is the exit code."""
    first, second = account.add_rooms(2)
    done = ask("rooms", "end", first, "gone", second, "--yes", "--json")
    assert done.returncode == 4
    assert done.stderr.startswith("videsk-rooms: gone: PATCH ")
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [outcome["ended"] for outcome in outcomes] == [True, False, True]
    assert "404" in outcomes[1]["error"]
    assert len(open_ids(account)) == 1


def test_failures_of_different_kinds_are_exit_code_1(account: Sandbox, ask: Ask) -> None:
    """No code stands for both."""
    account.faults.status(405, on="update")
    done = ask("rooms", "end", *account.add_rooms(1), "gone", "--yes")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(("command", "operation"), [("end", "update"), ("delete", "delete")])
def test_a_refused_token_ends_the_work(
    account: Sandbox, ask: Ask, command: str, operation: Operation
) -> None:
    """Every further call would be refused alike."""
    account.tokens.revoke(account.api_token)
    done = ask("rooms", command, *account.add_rooms(3), "--yes")
    assert done.returncode == 1
    assert len(account.requests.of(operation)) == 1
    assert "2 more of these rooms not tried" in done.stderr


@pytest.mark.parametrize("command", ["end", "delete"])
def test_a_limit_that_is_not_waited_for_ends_the_work(
    account: Sandbox, ask: Ask, command: str
) -> None:
    """Whoever asked for no request in the next minutes is sent none."""
    account.faults.status(429, times=None, headers={"Retry-After": "120"})
    done = ask("rooms", command, *account.add_rooms(3), "--yes")
    assert (done.returncode, len(account.requests)) == (1, 1)


# -- join -----------------------------------------------------------------------------------------


def test_a_token_s_claims_are_shown_and_itself_only_on_demand(
    account: Sandbox, ask: Ask, theirs: str
) -> None:
    """To people and to programs alike."""
    plain = ask("rooms", "join", theirs).stdout
    as_json = json.loads(ask("rooms", "join", theirs, "--json").stdout)
    assert "eyJ" not in plain
    assert "access_token" not in as_json
    assert as_json["room"] == theirs
    jtis = [entry["jti"] for entry in account.rooms[0]["authorizations"]]  # type: ignore[attr-defined]  # a list of objects
    assert jtis[0] in plain
    assert as_json["jti"] == jtis[1]
    assert as_json["claims"]["exp"] == of_wire(as_json["exp"]).timestamp()

    shown = ask("rooms", "join", theirs, "--show-token").stdout
    assert "eyJ" in shown
    shown = ask("rooms", "join", theirs, "--show-token", "--json").stdout
    assert json.loads(shown)["access_token"].startswith("eyJ")


def test_a_room_that_is_not_open_is_exit_code_1(account: Sandbox, ask: Ask) -> None:
    """What the API says is told (docs/api.md, "Operations": some 4xx)."""
    room = account.add_room(nbf=account.now + timedelta(hours=1))
    done = ask("rooms", "join", str(room["id"]))
    assert (done.returncode, done.stdout) == (1, "")
    assert "not open yet" in done.stderr


# -- outcomes that nobody knows -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["create", "--external-id", "it's"], """get --external-id 'it'"'"'s'`"""),
        (["update", "{theirs}", "--name", "Moved"], "look at the room"),
        (["end", "{theirs}"], "look at the room"),
        (["delete", "{theirs}"], "look at the room"),
        (["join", "{theirs}"], "look at the room"),
    ],
)
def test_an_unknown_outcome_is_exit_code_5(
    account: Sandbox, ask: Ask, theirs: str, arguments: list[str], remedy: str
) -> None:
    """With how to find out."""
    account.faults.drop("before", times=None)
    arguments = [argument.replace("{theirs}", theirs) for argument in arguments]
    done = ask("rooms", *arguments, "--timeout", "0.5")
    assert (done.returncode, done.stdout) == (5, "")
    assert remedy in done.stderr
