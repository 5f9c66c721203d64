"""A new field is an edit of one file; a new operation one of two files, and a line in a third."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import videsk_rooms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    # By file: a line that is there, and what is put before it.
    Edits: TypeAlias = dict[str, list[tuple[str, str]]]

pytestmark = pytest.mark.any_python("which files an edit touches is the same everywhere")

PACKAGE = Path(videsk_rooms.__file__).parent
ID = "64f1a2b3c4d5e6f7a8b9c0d1"
ROOM = {"id": ID, "region": "scl", "exp": "2042-08-14T18:00:00.000Z"}

FIELD: Edits = {
    "models.py": [
        (
            "        ended: Whether the room was ended.\n",
            "        region: Where it is served from.\n",
        ),
        ("    access_token: str | None = attrs.field(", "    region: str | None = None\n"),
    ],
}
OPERATION: Edits = {
    "_wire/operations.py": [
        (
            "# -- anything else -",
            (
                'EXTEND = Operation(\n    "rooms.extend", "POST", f"{_ROOM}/extend", '
                '{409: "Wait until somebody joins."}, repeatable=True\n)\n\n\n'
                "def extend(room: Room | str) -> Call[Room]:\n"
                '    """Extend a room."""\n'
                "    return EXTEND.request(room), verify.retrieved(room)\n\n\n"
            ),
        ),
    ],
    "rooms.py": [
        (
            "    async def join(self, room: Room | str) -> RoomAccess:\n",
            (
                "    async def extend(self, room: Room | str) -> Room:\n"
                '        """Extend a room."""\n'
                "        return await self._send(*operations.extend(room))\n\n"
            ),
        ),
    ],
    "sync.py": [
        (
            "    join: Final = blocking(AsyncRooms.join)\n",
            "    extend: Final = blocking(AsyncRooms.extend)\n",
        ),
    ],
}

USES_FIELD = """
import json
from videsk_rooms import Room, Videsk
from videsk_rooms.cli._transfer import export, rows

with Videsk() as videsk:
    room = videsk.rooms.get("64f1a2b3c4d5e6f7a8b9c0d1")
print(json.dumps([
    [room.region, room.extra],
    room.to_dict(),
    json.loads(room.to_json()),
    Room.from_dict(room.to_dict()) == room,
    "region" in export.COLUMNS,
    rows.fields_of(["name", "region"], {}),
]))
"""
USES_OPERATION = """
import asyncio, inspect, json
from videsk_rooms import APIError, AsyncVidesk, Room, Videsk

room = Room("64f1a2b3c4d5e6f7a8b9c0d1")

async def awaited():
    async with AsyncVidesk() as videsk:
        return await videsk.rooms.extend(room)

with Videsk() as videsk:
    answers = [asyncio.run(awaited()).id, videsk.rooms.extend(room=room).id]
    try:
        videsk.rooms.extend("0" * 24)
    except APIError as error:
        answers.append(str(error))
    answers.append(str(inspect.signature(videsk.rooms.extend)))
print(json.dumps(answers))
"""


class Api(BaseHTTPRequestHandler):
    """Answers every request with one room, and refuses those about any other."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Answer a request."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status: int = 200
        body: dict[str, object] = {**ROOM}
        if ID not in self.path:
            status, body = 409, {"name": "Conflict", "message": "nobody is in", "code": 409}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the API."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def edited(scratch: Path, edits: Edits) -> list[str]:
    """Copy the package into a folder, and edit the copy; return which files differ."""
    copy = scratch / "videsk_rooms"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, insertions in edits.items():
        text = (copy / name).read_text(encoding="utf-8")
        for there, new in insertions:
            assert text.count(there) == 1, there
            text = text.replace(there, new + there)
        (copy / name).write_text(text, encoding="utf-8")
    names = [path.relative_to(copy) for path in copy.rglob("*.py")]
    changed = [name for name in names if (copy / name).read_bytes() != _original(name)]
    return sorted(name.as_posix() for name in changed)


def _original(name: Path) -> bytes:
    return (PACKAGE / name).read_bytes()


def output_of(scratch: Path, url: str, *arguments: str) -> str:
    """Run Python with the edited copy, and return what it prints."""
    paths = os.pathsep.join([str(scratch), os.environ.get("PYTHONPATH", "")])
    account = {"VIDESK_BASE_URL": url, "VIDESK_API_TOKEN": "token", "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **account},
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_field_is_one_edit(tmp_path: Path, url: str) -> None:
    """The reader, the writer, the tables, `--json` and the columns of files all know it."""
    assert edited(tmp_path, FIELD) == ["models.py"]
    read, as_dict, as_json, is_same, is_exported, columns = json.loads(
        output_of(tmp_path, url, "-c", USES_FIELD)
    )
    assert read == ["scl", {}]
    assert as_dict == as_json == ROOM
    assert is_same
    assert is_exported
    assert columns == {"name": "name"}  # known, and passed over: only the API sets it
    command = ("-m", "videsk_rooms.cli", "rooms", "get", ID)
    assert "region  scl" in output_of(tmp_path, url, *command)
    assert json.loads(output_of(tmp_path, url, *command, "--json"))["region"] == "scl"


def test_an_operation_is_two_files_and_one_line(tmp_path: Path, url: str) -> None:
    """It can be awaited and called blocking, and its errors have their own remedies."""
    assert edited(tmp_path, OPERATION) == ["_wire/operations.py", "rooms.py", "sync.py"]
    assert [len(new.splitlines()) for _, new in OPERATION["sync.py"]] == [1]
    awaited, blocking, refused, signature = json.loads(
        output_of(tmp_path, url, "-c", USES_OPERATION)
    )
    assert awaited == blocking == ID
    assert f"POST {url}/vpaas/rooms/{'0' * 24}/extend: 409 Conflict: nobody is in" in refused
    assert "Wait until somebody joins." in refused
    assert signature == "(room: 'Room | str') -> 'Room'"
