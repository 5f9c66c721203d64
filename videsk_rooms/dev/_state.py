"""Keeps the rooms in a file between runs.

The file also holds the API token and the secret that signs tokens, so that a developer's tokens
stay valid. Only its owner may read it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videsk_rooms._emulator.clock import monotonic
from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.messages import to_json
from videsk_rooms._emulator.validation import find_problem
from videsk_rooms.dev._kept_rooms import read_room, write_room

if TYPE_CHECKING:
    from videsk_rooms._emulator.parts import SandboxParts

_logger = logging.getLogger("videsk_rooms.sandbox")
_FORM = 1
_DELAY = 0.5
# Writing many rooms takes long, and may take at most a tenth of the time.
_REST = 10.0


class StateFile:
    """A file with the state of one sandbox.

    Args:
        path: The file's path. It is created if absent.

    Raises:
        ValueError: The file is corrupt.
        OSError: The file cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # Resolved, so that writing replaces a symbolic link's target and not the link.
        self._path = Path(os.path.realpath(path))
        self._seen = self._look()
        self._content = self._read()
        self._parts: SandboxParts | None = None
        self._writing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_dirty = False
        self._delay = _DELAY

    @property
    def secret(self) -> str | None:
        """The stored secret."""
        return None if self._content is None else str(self._content["secret"])

    @property
    def api_token(self) -> str | None:
        """The stored API token."""
        return None if self._content is None else str(self._content["apiToken"])

    def attach(self, parts: SandboxParts) -> None:
        """Load the stored rooms into a sandbox, and store its rooms from now on.

        Raises:
            ValueError: The file is corrupt.
            OSError: There is no file yet, and it cannot be created.
        """
        content, self._content = self._content, None
        with parts.lock:
            try:
                for room in () if content is None else content["rooms"]:
                    parts.store.add(read_room(room))
            except (KeyError, TypeError, ValueError, AttributeError, RefusedError) as error:
                raise self._broken(f"a room in it cannot be read ({error!r})") from None
        self._parts = parts
        if content is None:  # fail now, and not when the first change is saved
            self._is_dirty = True
            self.save()

    def changed(self) -> None:
        """Record a change; a separate thread writes it a moment later."""
        self._is_dirty = True
        if self._timer is None and self._parts is not None:
            self._timer = threading.Timer(self._delay, self._save_later)
            self._timer.daemon = True
            self._timer.start()

    def save(self) -> None:
        """Write unsaved changes now.

        Raises:
            OSError: The file cannot be written.
        """
        with self._writing:
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if self._is_dirty and self._parts is not None:
                self._is_dirty = False
                began = monotonic()
                try:
                    self._write(to_json(_snapshot(self._parts)))
                except BaseException:
                    self._is_dirty = True
                    raise
                self._delay = max(_DELAY, _REST * (monotonic() - began))

    def _save_later(self) -> None:
        try:
            self.save()
        except OSError as error:
            _logger.error("the state cannot be kept in %s: %s", self._path, error.strerror or error)

    def _read(self) -> dict[str, Any] | None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._broken(f"it is not JSON ({error})") from None
        if not isinstance(content, dict) or content.get("form") != _FORM:
            raise self._broken(f'it has no "form": {_FORM}')
        texts = (content.get("secret"), content.get("apiToken"))
        if not all(isinstance(text, str) and text and not find_problem(text) for text in texts):
            raise self._broken("it lacks secret or apiToken")
        if not isinstance(content.get("rooms"), list):
            raise self._broken("it lacks the list rooms")
        return content

    def _broken(self, why: str) -> ValueError:
        return ValueError(
            f"{self._path} is not a state that can be read: {why}; "
            "move it away to start afresh, or give another file"
        )

    def _look(self) -> tuple[int, int, int] | None:
        """Return what identifies the file and its version, or `None` if there is none."""
        try:
            return _identity(os.stat(self._path))
        except FileNotFoundError:
            return None

    def _write(self, data: bytes) -> None:
        folder = self._path.parent
        if self._look() not in (None, self._seen):
            raise OSError(
                f"{self._path} was changed by another program, so its content was left unchanged. "
                "Two sandboxes cannot share a state file: give each a separate one"
            )
        # In the same folder, because an atomic replace works only there.
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:  # mkstemp makes it readable by its owner only
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                written = _identity(os.fstat(file.fileno()))
            os.replace(name, self._path)
            self._seen = written
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(folder)


def _identity(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power loss, on systems where folders can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _snapshot(parts: SandboxParts) -> dict[str, object]:
    with parts.lock:
        rooms = [write_room(room) for room in parts.store.all()]
        return {
            "form": _FORM,
            "secret": parts.signer.secret,
            "apiToken": parts.api_token,
            "rooms": rooms,
        }
