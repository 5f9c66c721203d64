"""Words of others on a terminal: of whoever named a room, of the server, of a file."""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import account as variables
from tests.cli.support import call, called_on_a_terminal
from videsk_rooms.cli._output import below_ctrl_c, complain
from videsk_rooms.cli._transfer import table
from videsk_rooms.cli._transfer.files import standard_output
from videsk_rooms.cli._transfer.table import Format

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Sandbox

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

# Clears the screen, rings, begins a line of its own, deletes, starts a sequence in one byte, and
# turns the direction of writing.
HOSTILE = "\x1b[2J\x07\nforged\rforged\x7f\x9b31m\u202e\u2066"


def of_a_terminal(*arguments: str, account: Sandbox) -> str:
    """Return what a terminal without colours was sent."""
    env = {"TERM": "dumb", **variables(account)}
    return called_on_a_terminal(*arguments, env=env).stdout


def check(shown: str) -> None:
    """Refuse what steers a terminal, and lines that others have begun."""
    lines = shown.split("\r\n")
    assert {sign for line in lines for sign in line if not sign.isprintable()} == set()
    assert not any(line.startswith("forged") for line in lines)
    assert "1b[2J" in shown, "it was not even mentioned"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with hostile files."""
    monkeypatch.chdir(tmp_path)
    values = {"external_id": HOSTILE, "name": HOSTILE, "exp": HOSTILE}
    (tmp_path / "bad.jsonl").write_text(json.dumps(values))
    (tmp_path / "good.jsonl").write_text(json.dumps({**values, "exp": "1h"}))
    (tmp_path / "columns.jsonl").write_text(json.dumps({HOSTILE: "a"}))
    return tmp_path


@posix
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--external-id", HOSTILE],
        ["list", "--json"],
        ["list", "--all", "--json"],
        ["list", "--sort", HOSTILE],
        ["get", "{room}"],
        ["get", "{room}", "--json"],
        ["get", "--external-id", f"{HOSTILE}'"],
        ["create", "--if-missing", "--external-id", HOSTILE],
        ["create", "--exp", HOSTILE],
        ["create", "--settings", f"@{HOSTILE}"],
        ["delete", HOSTILE],
        ["export", "-", "--format", "csv"],
        ["export", "-", "--format", "jsonl"],
        ["import", "bad.jsonl"],
        ["import", "good.jsonl", "--results", "-"],
        ["import", "good.jsonl", "--results", "-", "--format", "csv"],
        ["import", "columns.jsonl"],
        ["import", HOSTILE],
        [HOSTILE],
    ],
)
def test_names_cannot_steer_a_terminal(account: Sandbox, arguments: list[str]) -> None:
    """Neither those of rooms nor those that are typed, by hand or by a script."""
    room = account.add_room(name=HOSTILE, external_id=HOSTILE, extra={HOSTILE: [HOSTILE]})
    typed = [each.replace("{room}", str(room["id"])) for each in arguments]
    check(of_a_terminal("rooms", *typed, account=account))


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["rooms", "list"],
        ["rooms", "create"],
        ["rooms", "create", "--external-id", "ours"],
        ["rooms", "update", "{theirs}", "--name", "a"],
        ["rooms", "delete", "{theirs}"],
        ["rooms", "delete", "{theirs}", "--json"],
        ["rooms", "join", "{theirs}"],
        ["rooms", "stats", "{theirs}"],
        ["rooms", "import", "good.jsonl"],
        ["rooms", "import", "good.jsonl", "--results", "-"],
        ["rooms", "export", "all.csv"],
        ["doctor"],
        ["demo", "--live"],
        ["demo", "--live", "--json"],
    ],
)
@pytest.mark.usefixtures("folder")
def test_words_of_the_server_cannot_steer_a_terminal(
    account: Sandbox, theirs: str, arguments: list[str]
) -> None:
    """Whoever stands in its place is no friend."""
    account.faults.status(400, message=HOSTILE, times=None)
    typed = [each.replace("{theirs}", theirs) for each in arguments]
    check(of_a_terminal(*typed, account=account))


@posix
@pytest.mark.parametrize("arguments", [["stats", "{theirs}"], ["stats", "{theirs}", "--json"]])
def test_statistics_cannot_steer_a_terminal(
    account: Sandbox, theirs: str, arguments: list[str]
) -> None:
    """Their keys are the server's as well."""
    body = json.dumps({HOSTILE: HOSTILE, "list": [HOSTILE, {HOSTILE: [HOSTILE]}]}).encode()
    account.faults.answer(200, body=body, on="stats")
    typed = [each.replace("{theirs}", theirs) for each in arguments]
    check(of_a_terminal("rooms", *typed, account=account))


@posix
def test_an_export_is_raw_where_no_terminal_is(account: Sandbox, ask: Ask, tmp_path: Path) -> None:
    """What is written into a file or a pipe is data, and comes back as it was."""
    account.add_room(name=HOSTILE)
    ask("rooms", "export", str(tmp_path / "all.csv"))
    assert HOSTILE in (tmp_path / "all.csv").read_bytes().decode()
    assert HOSTILE in ask("rooms", "export", "-", "--format", "csv").stdout


def test_json_is_ascii_without_control_characters(account: Sandbox, ask: Ask) -> None:
    """Whatever the terminal is."""
    account.add_room(name=HOSTILE)
    for arguments in (["list", "--all", "--json"], ["export", "-", "--format", "jsonl"]):
        lines = ask("rooms", *arguments).stdout.splitlines()
        assert {sign for line in lines for sign in line if not " " <= sign <= "~"} == set()
        assert HOSTILE in [json.loads(line)["name"] for line in lines]


def test_half_a_sign_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON can say what UTF-8 cannot: a lone surrogate."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr("sys.stdout", stream)
    table.Writer(standard_output(), Format.CSV, ["name"]).write({"name": "a\ud800"})
    stream.flush()
    assert stream.buffer.getvalue() == b"name\na?\n"


def test_a_limit_of_too_many_digits_is_none(account: Sandbox, tmp_path: Path) -> None:
    """The header is the server's: Python reads no more than 4,300 digits of a number."""
    (tmp_path / "rooms.csv").write_text("name\nAna\n")
    page = b'{"total": 0, "limit": 1, "skip": 0, "data": []}'
    account.faults.answer(200, headers={"Ratelimit-Limit": "9" * 5_000}, body=page, on="list")
    done = call("rooms", "import", str(tmp_path / "rooms.csv"), env=variables(account))
    assert done.returncode == 0


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Screen, "\n"), (io.StringIO, "")])
def test_what_follows_ctrl_c_begins_a_line(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], shown: str
) -> None:
    """A terminal shows `^C` where the cursor is; a pipe does not."""
    monkeypatch.setattr("sys.stderr", told := stream())
    with pytest.raises(KeyboardInterrupt), below_ctrl_c():
        raise KeyboardInterrupt
    assert told.getvalue() == shown


def shown_on(columns: int, text: str) -> list[str]:
    """Return the lines of a terminal of so many columns after a complaint."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(theirs, "w", encoding="utf-8") as screen, contextlib.redirect_stderr(screen):
        complain(text)
    shown = os.read(ours, 65_536).decode().removesuffix("\r\n")
    os.close(ours)
    assert "\n" not in shown  # one line, that the terminal breaks
    return [shown[start : start + columns] for start in range(0, len(shown), columns)]


REFUSED = (
    "POST http://127.0.0.1:8931/vpaas/rooms: 409 Conflict: externalId already exists. Fetch the "
    "room that has it with `videsk-rooms rooms get --external-id ID`, or choose another one."
)


@posix
@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_a_terminal_breaks_an_error_between_words(columns: int) -> None:
    """And not in a command that is to be copied; what is copied is the whole text."""
    lines = shown_on(columns, REFUSED)
    assert len(lines) > 1
    assert [line for line in lines[:-1] if not line.endswith(" ")] == []
    assert [line for line in lines if line.startswith(" ")] == []
    assert any("`videsk-rooms rooms get --external-id ID`" in line for line in lines)
    assert " ".join("".join(lines).split()) == f"videsk-rooms: {REFUSED}"


@posix
def test_a_word_longer_than_the_terminal_is_whole() -> None:
    """The terminal breaks it, where nothing else can."""
    lines = shown_on(20, f"see {'x' * 50}  for more")
    assert lines[0] == "videsk-rooms: see " + "xx"
    assert "".join(lines) == f"videsk-rooms: see {'x' * 50}  for more"
