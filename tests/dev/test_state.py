"""The file that keeps the rooms from one run to the next."""

from __future__ import annotations

import json
import os
import stat
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.waiting import wait_until
from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .calls import Lobby
from .server import Server

if TYPE_CHECKING:
    from pathlib import Path

HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rooms.json"


def running(file: Path, **options: Any) -> Sandbox:
    return Sandbox(console=True, rate=None, state=file, **options)


def without_time(rooms: tuple[dict[str, object], ...]) -> list[dict[str, object]]:
    return [{name: value for name, value in room.items() if name != "ended"} for room in rooms]


def test_rooms_and_tokens_last_over_a_restart(file: Path) -> None:
    """Everything of a room, and the API token."""
    with running(file) as sandbox, Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        room = videsk.rooms.create(
            name="Check-up 🩺", external_id="visit-7", settings={"maxParticipants": 2}
        )
        videsk.rooms.join(room)
        videsk.rooms.end(videsk.rooms.create(name="over"))
        now = sandbox.now
        sandbox.add_room(nbf=now + HOUR, exp=now + 2 * HOUR, extra={"x": [1]}, without=["name"])
        before, token = without_time(sandbox.rooms), sandbox.api_token
    with running(file) as sandbox, Videsk(token, base_url=sandbox.url) as videsk:
        assert without_time(sandbox.rooms) == before
        assert [each["ended"] for each in sandbox.rooms] == [False, True, False]
        assert videsk.rooms.get("visit-7").name == "Check-up 🩺"
        assert sandbox.api_token == token


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"window": "jumping"}, {"port": -1}])
def test_a_sandbox_that_is_refused_makes_no_file(file: Path, wrong: dict[str, Any]) -> None:
    """Nor does it change one that is there."""
    with pytest.raises(ValueError, match=r"give|use"):
        Sandbox(console=True, state=file, **wrong)
    assert not file.exists()


async def test_whoever_got_an_access_token_enters_after_a_restart(file: Path) -> None:
    """The secret that signs the tokens is the same."""
    async with aiohttp.ClientSession() as session:
        with running(file) as sandbox:
            async with Lobby(sandbox, session).videsk as videsk:
                room = await videsk.rooms.create(name="Support")
        with running(file) as sandbox:
            caller = await Lobby(sandbox, session).enter(room.access_token)
            await caller.hears("entered")


def test_a_seed_draws_no_id_of_a_room_that_was_kept(file: Path) -> None:
    """The second run draws the ids of the first again."""
    with running(file, seed=7) as sandbox:
        sandbox.add_rooms(2)
    with running(file, seed=7) as sandbox:
        sandbox.add_rooms(2)
    assert len({room["id"] for room in sandbox.rooms}) == 4
    assert len({room["externalId"] for room in sandbox.rooms}) == 4


def test_a_change_is_written_while_the_server_runs(file: Path) -> None:
    """A moment later, for a crash to lose little."""
    with running(file) as sandbox:
        server = Server(sandbox)
        made = server.do("POST", "/rooms", {"name": "Support"}).json["id"]
        wait_until(lambda: json.loads(file.read_bytes())["rooms"])
        assert [room["id"] for room in json.loads(file.read_bytes())["rooms"]] == [made]


def test_only_its_owner_may_read_it(file: Path) -> None:
    """It holds a secret and a token; also when somebody else had made it readable."""
    with running(file):
        pass
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.chmod(0o644)
        with running(file) as sandbox:
            sandbox.add_room()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_takes_the_place_of_the_old_one_in_one_step(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong on the way leaves the old one, and no other file."""
    with running(file) as sandbox:
        sandbox.add_room(name="kept")
    before = file.read_bytes()
    sandbox = running(file).start()
    sandbox.add_room(name="lost")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            sandbox.stop()
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    sandbox.stop()  # what was not written is still to be written
    assert b"lost" in file.read_bytes()


def test_a_disk_that_is_full_while_the_server_runs_is_logged(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the file and why, and the server runs on."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with running(file) as sandbox:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            sandbox.add_room()
            wait_until(lambda: caplog.records)
        assert f"the state cannot be kept in {file}: No space left" in caplog.text


def test_what_another_sandbox_kept_is_not_overwritten(file: Path) -> None:
    """The one that wrote to the file last goes on, the other one is told why it cannot."""
    first, second = running(file).start(), running(file).start()
    first.add_room(name="first")
    first.stop()
    second.add_room(name="second")
    with pytest.raises(OSError, match="give each a separate one"):
        second.stop()
    assert [room["name"] for room in json.loads(file.read_bytes())["rooms"]] == ["first"]
    first.add_room(name="third")
    first.stop()
    assert len(json.loads(file.read_bytes())["rooms"]) == 2


def test_a_file_that_was_taken_away_is_made_again(file: Path) -> None:
    """With all rooms."""
    with running(file) as sandbox:
        sandbox.add_room()
        file.unlink()
    assert len(json.loads(file.read_bytes())["rooms"]) == 1


def test_a_link_is_followed(file: Path, tmp_path: Path) -> None:
    """What it leads to is replaced, and not the link."""
    link = tmp_path / "link.json"
    link.symlink_to(file)
    with running(link) as sandbox:
        sandbox.add_room()
    assert link.is_symlink()
    assert len(json.loads(file.read_bytes())["rooms"]) == 1


def test_a_given_token_wins(file: Path) -> None:
    """And is the one that is kept."""
    with running(file):
        pass
    with running(file, api_token="mine") as sandbox:
        assert sandbox.api_token == "mine"
        sandbox.add_room()
    with running(file) as sandbox:
        assert sandbox.api_token == "mine"


def state(**changes: object) -> dict[str, object]:
    room: dict[str, object] = {
        "id": "64f1a2b3c4d5e6f7a8b9c0d1",
        "name": "Support",
        "externalId": "visit-7",
        "exp": "2042-08-14T18:00:00.000Z",
        "nbf": "2042-08-14T15:00:00.000Z",
        "settings": {},
        "createdAt": "2026-08-14T15:00:00.000Z",
        "updatedAt": "2026-08-14T15:00:00.000Z",
        "endedAt": None,
        "authorizations": [],
        "extra": {},
        "without": [],
    }
    return {"form": 1, "secret": "ab" * 32, "apiToken": "token", "rooms": [{**room, **changes}]}


def test_a_state_that_is_sound_is_read(file: Path) -> None:
    """What the broken ones differ from."""
    file.write_text(json.dumps(state()))
    with running(file) as sandbox:
        assert [room["name"] for room in sandbox.rooms] == ["Support"]


BROKEN: dict[str, bytes | object] = {
    "empty": b"",
    "cut off": json.dumps(state()).encode()[:-20],
    "binary": b"\xff\xfe\x00",
    "nested": b"[" * 100_000,
    "a list": [],
    "another form": {**state(), "form": 2},
    "no secret": {**state(), "secret": None},
    "no token": {**state(), "apiToken": ""},
    "half a surrogate pair": {**state(), "apiToken": "\ud800"},
    "no rooms": {**state(), "rooms": None},
    "no room": {**state(), "rooms": [7]},
    "two of one id": {**state(), "rooms": [*state()["rooms"], *state()["rooms"]]},  # type: ignore[misc]  # it is a list
    "no name": state(name=None),
    "no time": state(exp="soon"),
    "no settings": state(settings=7),
    "no surrogate": state(name="\ud800"),
    "no authorization": state(authorizations=[{"ip": "127.0.0.1"}]),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_what_to_do(file: Path, broken: object) -> None:
    """And left as it is."""
    data = broken if isinstance(broken, bytes) else json.dumps(broken).encode()
    file.write_bytes(data)
    with pytest.raises(ValueError, match="move it away to start afresh") as raised:
        running(file)
    assert str(file) in str(raised.value)
    assert "ab" * 32 not in str(raised.value)
    assert file.read_bytes() == data


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    """And not when the rooms are lost."""
    with pytest.raises(OSError, match="No such file"):
        running(tmp_path / "nothing" / "rooms.json")


def test_a_state_needs_a_console() -> None:
    """Which keeps it."""
    with pytest.raises(ValueError, match="console=True"):
        Sandbox(state="rooms.json")
