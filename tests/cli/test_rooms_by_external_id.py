"""Rooms by the caller's own id: `--external-id` in place of ROOM."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import QUICK
from tests.cli.support import account as variables
from tests.cli.support import call
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.cli.conftest import Ask


def sent(account: Sandbox) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in account.requests]


def test_a_room_is_ended_by_its_external_id(account: Sandbox, ask: Ask, theirs: str) -> None:
    """It is looked up by one request, and its id and external id are printed."""
    done = ask("rooms", "end", "--external-id", "theirs")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ended {theirs} (theirs)\n", "")
    assert sent(account) == [("GET", "/vpaas/rooms/theirs"), ("PATCH", f"/vpaas/rooms/{theirs}")]
    assert account.rooms[0]["ended"] is True


def test_several_rooms_are_ended_by_their_external_ids(account: Sandbox, ask: Ask) -> None:
    """Each once, with both ids in JSON."""
    ours = str(account.add_room(external_id="ours")["id"])
    own_ids = [word for name in ("theirs", "ours", "theirs") for word in ("--external-id", name)]
    done = ask("rooms", "end", *own_ids, "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["external_id"] == "theirs"
    assert second == {"room": ours, "external_id": "ours", "ended": True, "error": None}
    assert [room["ended"] for room in account.rooms] == [True, True]


def test_an_external_id_of_no_room_does_not_keep_the_others(account: Sandbox, ask: Ask) -> None:
    """Its error is printed, and is the exit code."""
    own_ids = ("--external-id", "nobody's", "--external-id", "theirs")
    done = ask("rooms", "end", *own_ids, "--yes", "--json")
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: nobody's: ")
    failed, ended = (json.loads(line) for line in done.stdout.splitlines())
    assert (failed["room"], failed["external_id"], failed["ended"]) == (None, "nobody's", False)
    assert ended["ended"] is True
    assert account.rooms[0]["ended"] is True


def test_a_room_is_deleted_by_its_external_id() -> None:
    """Where the account may delete rooms."""
    with Sandbox(rate=QUICK, deletion=True) as account:
        room = account.add_room(external_id="ours")
        ask = partial(call, env=variables(account))
        done = ask("rooms", "delete", "--external-id", "ours")
        assert (done.returncode, done.stdout) == (0, f"deleted {room['id']} (ours)\n")
        assert account.rooms == ()


def test_a_token_is_asked_for_by_external_id(account: Sandbox, ask: Ask, theirs: str) -> None:
    """What is printed names the room by its id."""
    joined = json.loads(ask("rooms", "join", "--external-id", "theirs", "--json").stdout)
    assert joined["room"] == theirs
    assert sent(account)[-1] == ("POST", f"/vpaas/rooms/{theirs}/join")


def test_statistics_are_read_by_external_id(account: Sandbox, ask: Ask, theirs: str) -> None:
    """Of the view that is asked for."""
    done = ask("rooms", "stats", "--external-id", "theirs", "--view", "snapshot", "--json")
    assert json.loads(done.stdout)["roomId"] == theirs
    assert dict(account.requests[-1].query) == {"view": "snapshot"}


def test_a_room_is_changed_by_its_external_id(account: Sandbox, ask: Ask, theirs: str) -> None:
    """It says which room, and is not sent."""
    done = ask("rooms", "update", "--external-id", "theirs", "--name", "Moved", "--json")
    assert json.loads(done.stdout)["id"] == theirs
    (request,) = account.requests.of("update")
    assert request.json == {"name": "Moved"}
    assert (account.rooms[0]["name"], account.rooms[0]["externalId"]) == ("Moved", "theirs")


def test_an_external_id_is_changed_by_an_option_of_its_own(account: Sandbox, ask: Ask) -> None:
    """Whoever forgets ROOM must not give another room's id away."""
    done = ask("rooms", "update", "--external-id", "theirs", "--new-external-id", "ours", "--json")
    assert json.loads(done.stdout)["external_id"] == "ours"
    assert account.requests.of("update")[0].json == {"externalId": "ours"}


@pytest.mark.parametrize(
    "arguments", [["get"], ["update", "--name", "Moved"], ["end"], ["delete"], ["join"], ["stats"]]
)
def test_an_external_id_of_no_room_is_exit_code_4(
    account: Sandbox, ask: Ask, arguments: list[str]
) -> None:
    """Nothing is changed, and the line names the id."""
    done = ask("rooms", *arguments, "--external-id", "nobody's")
    assert (done.returncode, done.stdout) == (4, "")
    assert "nobody's" in done.stderr
    assert {method for method, _ in sent(account)} == {"GET"}
