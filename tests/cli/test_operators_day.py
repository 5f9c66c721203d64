"""An operator's day in a terminal of 80 columns: processes on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from tests.cli.support import MODULE, environment
from tests.cli.support import account as variables
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals that POSIX knows"
)

WIDTH = 80
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_WHOLE = ("videsk-rooms: ", "other claims  {", "End 1 room? ")
# A table as Excel saves it in Chile: semicolons, CRLF, the letters of Windows.
TURNS = (
    "external_id;name;exp\r\n"
    "box-1;Atención de Ñuñoa;4h\r\n"
    "box-2;Kinesiología, sala 2;4h\r\n"
    'box-4;"Turno ""tarde""; José Muñoz Peñailillo y la unidad de cuidados paliativos";6h\r\n'
).encode("cp1252")


class Terminal:
    """A window of 80 columns and 24 lines, in a folder, with the account in its environment."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = {**environment(env), "TERM": "xterm-256color"}
        del self._env["COLUMNS"]  # the terminal itself tells its width
        self.all_shown = ""

    def type(self, *command: str, expected: int = 0, stopped_at: str = "") -> list[str]:
        """Run a command to its end; return the lines that it left on the screen.

        Args:
            command: The command.
            expected: Its exit code.
            stopped_at: What it shows when it gets SIGINT, as by Ctrl-C; empty: it gets none.
        """
        import fcntl
        import pty
        import termios

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
        process = subprocess.Popen(
            [*MODULE, *command],
            cwd=self._folder,
            env=self._env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = bytearray()
        try:
            while piece := os.read(ours, 65_536):
                shown.extend(piece)
                if stopped_at and stopped_at.encode() in shown:
                    stopped_at = ""
                    process.send_signal(signal.SIGINT)
        except OSError:  # how Linux says that nobody holds the other end
            pass
        finally:
            os.close(ours)
        code = process.wait(PATIENCE)
        text = _SEQUENCE.sub("", shown.decode())
        self.all_shown += text
        assert code == expected, text
        assert "Traceback" not in text
        # What a bar draws over and over is one line.
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
        # A message and a value are one line, to be copied whole; the terminal breaks them.
        wide = [line for line in lines if cell_len(line) > WIDTH]
        assert [line for line in wide if not line.startswith(_WHOLE)] == []
        return [line.rstrip() for line in lines if line.strip()]


@pytest.fixture
def terminal(account: Sandbox, tmp_path: Path) -> Terminal:
    """The operator's own, with the table of the day's turns."""
    (tmp_path / "turnos.csv").write_bytes(TURNS)
    return Terminal(tmp_path, variables(account))


def test_a_day_of_an_operator(account: Sandbox, terminal: Terminal, tmp_path: Path) -> None:
    """Morning to evening: no line is too wide, no token is shown, every mistake is explained."""
    assert terminal.type("doctor")[-1] == "Nothing is wrong."

    made = terminal.type(
        *("rooms", "create", "--external-id", "box-3", "--name", "Consulta de la señora Ibáñez"),
        *("--exp", "2h"),
    )
    found = terminal.type("rooms", "get", "--external-id", "box-3")
    assert [line.split()[0] for line in made] == [line.split()[0] for line in found]
    assert "name          Consulta de la señora Ibáñez" in found

    terminal.type("rooms", "import", "turnos.csv")
    names = {room["externalId"]: room["name"] for room in account.rooms}
    assert names["box-1"] == "Atención de Ñuñoa"
    assert names["box-2"] == "Kinesiología, sala 2"
    assert str(names["box-4"]).startswith('Turno "tarde"; José')
    terminal.type("rooms", "import", "turnos.csv")  # by mistake, once more
    assert len(account.rooms) == 5

    head, *rows = terminal.type("rooms", "list", "--all")
    assert head.split()[:4] == ["ID", "NAME", "EXTERNAL_ID", "STATUS"]
    assert {name for row in rows for name in ("box-1", "box-2", "box-3", "box-4") if name in row}
    assert len(rows) == 5
    joined = terminal.type("rooms", "join", "--external-id", "box-1")
    assert joined[-1] == "access_token  not shown; --show-token shows it"

    moved = terminal.type("rooms", "update", "--external-id", "box-3", "--exp", "4h")
    assert [line.split()[0] for line in moved] == [line.split()[0] for line in found[:-1]]

    (missing,) = terminal.type("rooms", "get", "--external-id", "box-9", expected=4)
    assert "box-9" in missing
    *_, refused = terminal.type("rooms", "delete", "--external-id", "box-3", "-y", expected=1)
    assert "rooms end" in refused
    terminal.type("rooms", "nothing", expected=2)

    for _ in range(2):  # ending twice is fine
        terminal.type("rooms", "end", "--external-id", "box-3")
    assert "over" in terminal.type("rooms", "list", "--sort", "created_at")[2]
    terminal.type("rooms", "export", "evening.csv")
    exported = (tmp_path / "evening.csv").read_bytes().decode("utf-8-sig")
    assert "Atención de Ñuñoa" in exported
    assert account.api_token not in terminal.all_shown
    assert "eyJ" not in terminal.all_shown


@pytest.mark.parametrize(
    ("command", "shown", "last"),
    [
        (("rooms", "end", "--created-after", "today"), "[y/N]", "[y/N] \r\n"),
        (("doctor",), "TLS", "\r\n\r\n"),
    ],
)
def test_what_follows_ctrl_c_begins_a_line(
    account: Sandbox, terminal: Terminal, command: tuple[str, ...], shown: str, last: str
) -> None:
    """The prompt of the shell does not stand behind the `^C` that the terminal shows."""
    if command == ("doctor",):
        account.faults.delay(PATIENCE, times=None)
    terminal.type(*command, expected=130, stopped_at=shown)
    assert terminal.all_shown.endswith(last)
