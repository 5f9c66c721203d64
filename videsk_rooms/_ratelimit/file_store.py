"""A store for all processes of one machine: a file of SQLite with one row.

The file is opened for each use: after a daemon has closed all descriptors, a connection that was
kept may belong to another file, and none may be used on both sides of a fork. That costs about a
millisecond, of the fifty between requests. SQLite's journal keeps the file intact if a process is
killed. It is not synced to disk, because after a reboot nothing in it counts.

Times are those of the machine's monotonic clock, which all processes share and nobody sets.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sqlite3
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import fork_guard
from videsk_rooms.errors import ConfigurationError

from .schedule import Message, Schedule
from .store import PATIENCE, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# "VRrl": tells our files from other databases.
_APPLICATION_ID = 0x5652726C
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.01


class FileStore:
    """Counts the requests of all processes that name the same file."""

    def __init__(self, path: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._path = _checked(path)
        self._clock = clock
        try:
            # A write, so that a read-only file or folder is refused now.
            fork_guard.run(partial(self._apply_now, Message()))
        except (OSError, sqlite3.Error) as error:
            if _is_busy(error):  # by others that use it
                return
            raise ConfigurationError(
                f"RateLimit.shared: the file {str(self._path)!r} cannot be used: {_reason(error)}; "
                "name one that this process may write, or that it can make in a folder where it "
                "may write"
            ) from None

    async def apply(self, message: Message) -> float:
        """Apply a message to the schedule in the file; return the wait, 0 for a permit."""
        give_up_at = monotonic() + PATIENCE
        pause = _FIRST_PAUSE
        while True:
            try:
                # A child that is forked meanwhile would find SQLite's own locks held.
                return fork_guard.run(partial(self._apply_now, message))
            except (OSError, sqlite3.Error) as error:
                # Locked for a millisecond, unless its holder was stopped: not worth a thread.
                if not _is_busy(error) or monotonic() > give_up_at:
                    reason = _reason(error)
                    raise StoreUnreachableError(f"{self._path}: {reason}") from None
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def close(self) -> None:
        """Do nothing: no connection is open, and the counts stay in the file."""

    def reset_after_fork(self) -> None:
        """Do nothing: no connection is inherited."""

    def _apply_now(self, message: Message) -> float:
        _make(self._path)
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            _prepare(database)
            now = self._clock()
            schedule = _read(database, now)
            answer = schedule.apply(message, now)
            _write(database, schedule)
            database.execute("COMMIT")
            return answer

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        # Our own statements begin and end transactions, so that none is left without a rollback.
        # SQLite must not create the file: in a folder where everybody may write but not delete,
        # Linux can refuse to open another user's file with the flag for creation.
        database = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None
        )
        try:
            database.execute("PRAGMA synchronous=OFF")
            yield database
        finally:
            database.close()


def _make(path: Path) -> None:
    """Make the file if there is none, so that a group of users can share it."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(0, "it is not a regular file")
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o660))


def _prepare(database: sqlite3.Connection) -> None:
    (found,) = database.execute("PRAGMA application_id").fetchone()
    if found == _APPLICATION_ID:
        return
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found or tables:
        raise sqlite3.DatabaseError("it holds something else")
    database.execute(f"PRAGMA application_id={_APPLICATION_ID}")
    database.execute(
        "CREATE TABLE IF NOT EXISTS schedule (id INTEGER PRIMARY KEY, data TEXT NOT NULL)"
    )


def _read(database: sqlite3.Connection, now: float) -> Schedule:
    row = database.execute("SELECT data FROM schedule WHERE id = 1").fetchone()
    if row is None:
        return Schedule()
    try:
        return Schedule.from_data(json.loads(row[0]))
    except Exception:  # whatever somebody has written there
        return Schedule(paused_until=now + _AFTER_GARBAGE)


def _write(database: sqlite3.Connection, schedule: Schedule) -> None:
    database.execute(
        "INSERT OR REPLACE INTO schedule (id, data) VALUES (1, ?)",
        (json.dumps(schedule.to_data(), separators=(",", ":")),),
    )


# Seconds: the counts are lost, and those requests must have left the server's window.
_AFTER_GARBAGE = 1.0


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


def _checked(path: str) -> Path:
    if path.startswith("//") and not path.startswith("///"):  # file:///a/path names no host
        raise ConfigurationError("RateLimit.shared names a host; give 'file:/a/path'")
    return Path(path).absolute()
