"""`videsk-rooms rooms export`, and that what it writes can be imported again."""

from __future__ import annotations

import csv
import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import QUICK
from tests.cli.support import account as variables
from tests.cli.support import call
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ask


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that somebody works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def full(account: Sandbox) -> Sandbox:
    """An account with more rooms than a page has, of which one is over."""
    account.add_rooms(120)
    account.add_room(external_id="over", exp=account.now - timedelta(days=1))
    account.add_room(
        external_id="odd", name='Señal; "a",\r\nb\r', settings={"region": "ñ", "deep": [1, {}]}
    )
    return account


def test_every_room_is_written_into_csv(full: Sandbox, ask: Ask, folder: Path) -> None:
    """With what is known of it, but for its token."""
    done = ask("rooms", "export", "rooms.csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "123 rooms, in rooms.csv\n", "")
    text = (folder / "rooms.csv").read_bytes().decode()
    assert "eyJ" not in text
    lines = list(csv.DictReader(text.splitlines(keepends=True)))
    assert sorted(line["id"] for line in lines) == sorted(str(room["id"]) for room in full.rooms)
    assert lines[-1]["name"] == 'Señal; "a",\r\nb\r'
    assert json.loads(lines[-1]["settings"]) == {"region": "ñ", "deep": [1, {}]}
    assert (lines[-2]["ended"], lines[-2]["exp"]) == ("true", full.rooms[-2]["exp"])
    assert [path.name for path in folder.iterdir()] == ["rooms.csv"]


def test_json_lines_are_those_of_the_list(full: Sandbox, ask: Ask, folder: Path) -> None:
    """`rooms list --all --json` and an export are the same."""
    done = ask("rooms", "export", "rooms.jsonl", "--json")
    assert json.loads(done.stdout) == {"rooms": len(full.rooms), "file": "rooms.jsonl"}
    listed = ask("rooms", "list", "--all", "--json", "--sort", "created_at").stdout
    assert (folder / "rooms.jsonl").read_text() == listed
    assert ask("rooms", "export", "-").stdout == listed


def test_standard_output_is_the_file(full: Sandbox, ask: Ask, folder: Path) -> None:
    """And nothing else."""
    ask("rooms", "export", "rooms.csv")
    done = ask("rooms", "export", "-", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.encode() == (folder / "rooms.csv").read_bytes()


def test_rooms_may_be_picked_and_put_in_order(full: Sandbox, ask: Ask) -> None:
    """As in a list."""
    over = ask("rooms", "export", "-", "--format", "jsonl", "--ended").stdout.splitlines()
    assert [json.loads(line)["external_id"] for line in over] == ["over"]
    newest = ask("rooms", "export", "-", "--format", "jsonl", "--sort", "-created_at", "--no-ended")
    created = [json.loads(line)["created_at"] for line in newest.stdout.splitlines()]
    assert len(created) == 122
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("name", ["rooms.csv", "rooms.jsonl"])
def test_what_was_exported_is_up_to_date(full: Sandbox, ask: Ask, folder: Path, name: str) -> None:
    """Imported again it changes nothing, and after a change of one row one room."""
    ask("rooms", "export", name)
    done = ask("rooms", "import", name, "--update", "--json")
    assert (done.returncode, json.loads(done.stdout)["unchanged"]) == (0, 123)
    file = folder / name
    file.write_text(file.read_text("utf-8").replace("Se\\u00f1al", "Señal").replace("Señal", "X"))
    done = ask("rooms", "import", name, "--update", "--json")
    assert json.loads(done.stdout)["updated"] == 1
    assert str(full.rooms[-1]["name"]).startswith("X;")
    assert len(full.requests.of("create")) == 0


def test_what_was_exported_makes_the_rooms_of_another_account(
    full: Sandbox, ask: Ask, folder: Path
) -> None:
    """All but those that are over, which nobody can make."""
    before = {room["externalId"]: room["name"] for room in full.rooms if not room["ended"]}
    ask("rooms", "export", "rooms.csv")
    with Sandbox(rate=QUICK) as other:
        done = call("rooms", "import", "rooms.csv", "--json", env=variables(other))
        told = json.loads(done.stdout)
        assert (done.returncode, told["created"], told["failed"]) == (1, 122, 1)
        assert {room["externalId"]: room["name"] for room in other.rooms} == before


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(
    full: Sandbox, ask: Ask, folder: Path
) -> None:
    """Half a file would be taken for all rooms."""
    (folder / "rooms.csv").write_text("of yesterday")
    full.faults.delay(0, on="list", times=2)
    full.faults.status(403, on="list", times=None)
    assert ask("rooms", "export", "rooms.csv").returncode == 1
    assert (folder / "rooms.csv").read_text() == "of yesterday"
    assert [path.name for path in folder.iterdir()] == ["rooms.csv"]


@pytest.mark.parametrize("file", ["rooms.csv", "-"])
def test_an_account_that_takes_too_long_is_no_file_that_cannot_be_written(
    account: Sandbox, ask: Ask, folder: Path, file: str
) -> None:
    """The error of a deadline is one of the system as well, as that of a full disk is."""
    account.faults.delay(60, on="list", times=None)
    done = ask("rooms", "export", file, "--format", "csv", "--timeout", "0.2")
    assert done.returncode == 1
    assert "give the call more time with --timeout" in done.stderr
    assert "written" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="the system has no links")
def test_a_link_stays_one(ask: Ask, folder: Path) -> None:
    """What it leads to is written."""
    (folder / "real.csv").write_text("")
    (folder / "rooms.csv").symlink_to("real.csv")
    ask("rooms", "export", "rooms.csv")
    assert (folder / "rooms.csv").is_symlink()
    assert "theirs" in (folder / "real.csv").read_text()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
def test_a_file_that_is_not_for_everybody_stays_so(ask: Ask, folder: Path) -> None:
    """It tells who was let in, and from which address."""
    file = folder / "rooms.csv"
    file.touch()
    file.chmod(0o600)
    ask("rooms", "export", "rooms.csv")
    assert "theirs" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_excel_opens_it(account: Sandbox, ask: Ask, folder: Path) -> None:
    """By a byte order mark and semicolons; what would be a formula is text, and read as it was."""
    account.add_room(name="=cmd|' /C calc'!A1", external_id="+56 9")
    ask("rooms", "export", "rooms.csv", "--excel")
    content = (folder / "rooms.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid;name;")
    assert b";'=cmd|' /C calc'!A1;'+56 9;" in content
    done = ask("rooms", "import", "rooms.csv", "--update", "--json")
    assert json.loads(done.stdout)["unchanged"] == len(account.rooms)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["rooms"], "--format"),
        (["rooms.jsonl", "--excel"], "--excel is for CSV"),
        (["-", "--format", "jsonl", "--excel"], "--excel is for CSV"),
        (["nowhere/rooms.csv"], "'nowhere/rooms.csv' cannot be written"),
        ([f"{'x' * 300}.csv"], "x.csv' cannot be written"),
        ([".", "--format", "csv"], "'.' is not a file"),
        (["-", "--format", "csv", "--json"], "give a FILE"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    account: Sandbox, ask: Ask, folder: Path, arguments: list[str], named: str
) -> None:
    """Before anything is asked."""
    done = ask("rooms", "export", *arguments)
    assert (done.returncode in {1, 2}, done.stdout) == (True, "")
    (line,) = done.stderr.splitlines()
    assert named in line
    assert len(account.requests) == 0
    assert list(folder.iterdir()) == []
