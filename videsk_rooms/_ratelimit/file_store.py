"""A store for all processes of one machine: a file under a lock.

The kernel holds the lock, and releases it when a process dies. The content is written twice, in
turns: a process that is killed while it writes leaves the other copy intact. The file is read and
written, not mapped: a mapped file that somebody truncates, or a full disk, kills the process.
Times are those of the machine's monotonic clock, which all processes share and nobody sets. It
starts again at a reboot, so the file holds the id of its boot.

The file is opened and closed for each use. A descriptor that is kept may be another file's later,
where a daemon has closed all descriptors, and an inherited one shares its lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import random
import stat
import struct
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videsk_rooms.errors import ConfigurationError

from .schedule import SlidingWindow
from .store import MICRO, PATIENCE, Slot, StoreUnreachableError, slots_of, window_params

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from typing_extensions import Self

    from .limit import Limit

_MAGIC = b"videsk-rooms pacing 1"
_HEADER = struct.Struct("<24s40sQ")  # magic, boot, which copy holds
_COPY = struct.Struct("<Qq")  # how many times, held until
_TIME_BYTES = 8
_CAPACITY = 16_384
_COPY_BYTES = _COPY.size + _CAPACITY * _TIME_BYTES
_SIZE = _HEADER.size + 2 * _COPY_BYTES

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.01
_CLOCK_IS_SET_BY = 60


class FileStore:
    """Keeps the departures of all processes that name the same file."""

    def __init__(self, path: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = _checked(path)
        self._clock = clock
        try:
            with _File(self._path):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"RateLimit.shared: the file {str(self._path)!r} cannot be used: "
                f"{error.strerror}; name one that this process may write, or that it can make"
            ) from None

    async def ready(self) -> None:
        """Nothing is needed."""

    async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
        """Reserve places."""
        rule = window_params(limit)
        async with self._ring() as ring:
            here, now = self._now()
            ring.forget(now - rule.window)
            count = min(count, _CAPACITY - len(ring.times))
            slots = ring.reserve(count, rule, now=now)
        return slots_of(slots, self, now=now, here=here)

    async def confirm(self, places: Sequence[Slot], limit: Limit) -> Sequence[Slot]:
        """Confirm places whose time has come."""
        rule = window_params(limit)
        async with self._ring() as ring:
            here, now = self._now()
            slots = [ring.confirm(place.slot, rule, now=now) for place in places]
        return slots_of(slots, self, now=now, here=here)

    async def give_back(self, places: Sequence[Slot]) -> None:
        """Free places."""
        async with self._ring() as ring:
            ring.give_back(place.slot for place in places)

    async def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        async with self._ring() as ring:
            _, now = self._now()
            ring.hold(now + int(seconds * MICRO))

    async def close(self) -> None:
        """Nothing is held; the departures stay in the file."""

    def reset_after_fork(self) -> None:
        """Nothing is the parent's."""

    def _now(self) -> tuple[float, int]:
        """Read the clock, as we count and as the file does."""
        here = self._clock()
        return here, int(here * MICRO)

    @contextlib.asynccontextmanager
    async def _ring(self) -> AsyncIterator[SlidingWindow]:
        """Lock the file, and write back what becomes of its ring."""
        give_up_at = time.monotonic() + PATIENCE
        pause = _FIRST_PAUSE
        try:
            while True:
                with _File(self._path) as file:
                    if file.lock():
                        ring = file.read()
                        yield ring
                        file.write(ring)
                        return
                # Held for microseconds, unless its holder was stopped: not worth a thread.
                if time.monotonic() > give_up_at:
                    raise StoreUnreachableError(f"another process keeps {self._path} locked")
                await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - no secret
                pause = min(2 * pause, _LONGEST_PAUSE)
        except OSError as error:
            raise StoreUnreachableError(f"{self._path}: {error.strerror}") from None


class _File:
    """The file while it is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            self._prepare()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A child forked in between has a copy of the descriptor: the lock would stay with it.
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)

    def lock(self) -> bool:
        """Try to lock it; one that was deleted, replaced or emptied meanwhile is of no use."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine, named = os.fstat(self._descriptor), os.stat(self._path)
        except (BlockingIOError, FileNotFoundError):
            return False
        return os.path.samestat(mine, named) and mine.st_size == _SIZE

    def read(self) -> SlidingWindow:
        """Read the ring; a new file, or one of an earlier boot, has an empty one."""
        copy = self._copy_that_holds()
        if copy is None:
            return SlidingWindow()
        count, held_until = self._read(_COPY, copy)
        times = self._read(struct.Struct(f"<{min(count, _CAPACITY)}q"), copy + _COPY.size)
        return SlidingWindow(times, held_until=held_until)

    def write(self, ring: SlidingWindow) -> None:
        """Write the ring into the copy that does not hold, and then say that it does."""
        other = 1 if self._copy_that_holds() == _copy_start(0) else 0
        times = ring.times[-_CAPACITY:]
        head = _COPY.pack(len(times), ring.held_until)
        content = head + struct.pack(f"<{len(times)}q", *times)
        self._write(content, _copy_start(other))
        self._write(_HEADER.pack(_MAGIC, _this_boot(), other), 0)

    def _copy_that_holds(self) -> int | None:
        magic, boot, which = self._read(_HEADER, 0)
        if magic.rstrip(b"\0") != _MAGIC or not _is_same_boot(boot, _this_boot()):
            return None
        return _copy_start(which & 1)

    def _read(self, content: struct.Struct, start: int) -> tuple[Any, ...]:
        found = os.pread(self._descriptor, content.size, start)
        return content.unpack(found.ljust(content.size, b"\0"))

    def _write(self, content: bytes, start: int) -> None:
        written = os.pwrite(self._descriptor, content, start)
        if written != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _prepare(self) -> None:
        """Give a new file its size, and refuse one that holds something else."""
        state = os.fstat(self._descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        start = os.pread(self._descriptor, len(_MAGIC), 0)
        if state.st_size == 0:
            os.ftruncate(self._descriptor, _SIZE)
        elif state.st_size != _SIZE or start not in {_MAGIC, bytes(len(_MAGIC))}:
            raise OSError(errno.EEXIST, "it holds something else")


def _copy_start(copy: int) -> int:
    return _HEADER.size + copy * _COPY_BYTES


def _checked(path: str) -> Path:
    if path.startswith("//") and not path.startswith("///"):  # file:///a/path names no host
        raise ConfigurationError("RateLimit.shared names a host; give 'file:/a/path'")
    return Path(path).absolute()


@lru_cache(maxsize=1)
def _this_boot() -> bytes:
    """Name this boot of the machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    # Elsewhere: when it was, by a clock that is set now and then.
    return str(round(time.time() - time.monotonic())).encode()


def _is_same_boot(one: bytes, other: bytes) -> bool:
    one, other = one.rstrip(b"\0"), other.rstrip(b"\0")
    try:
        return abs(int(one) - int(other)) < _CLOCK_IS_SET_BY
    except ValueError:
        return one == other
