"""A store for all processes of one machine: a mapped file under a lock.

The lock is the kernel's and falls with whoever holds it. The content is written twice, in turns:
a process killed while it writes leaves the other copy as it was. Times are those of the machine's
monotonic clock, which all processes share and nobody sets; they end with a reboot, so the file
knows of which boot it speaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import mmap
import os
import random
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.errors import ConfigurationError

from ._ring import Ring
from ._store import MICRO, Place, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ._limit import Limit

# As in one process; measured with four processes on a busy machine (docs/architecture.md).
MARGIN = 0.010

_MAGIC = b"videsk-rooms pacing 1"
_HEADER = struct.Struct(f"<{len(_MAGIC)}s36sxxxxxxxB")  # magic, boot, which copy holds
_COPY = struct.Struct("<Qq")  # how many times, held until
_TIME_BYTES = 8
_CAPACITY = 16_384
_COPY_BYTES = _COPY.size + _CAPACITY * _TIME_BYTES
_SIZE = _HEADER.size + 2 * _COPY_BYTES

_PATIENCE = 1.0
_BETWEEN_TRIES = (0.0002, 0.001)


class FileStore:
    """Keeps the departures of all processes that name the same file."""

    def __init__(self, path: str) -> None:
        self._path = _checked(path)
        self._file: _MappedFile | None = None
        self._file_for_now()  # a path that cannot be used is told at construction

    async def reserve(self, count: int, limit: Limit) -> Sequence[Place]:
        """Reserve places."""
        window = int((limit.per + MARGIN) * MICRO)
        async with self._ring() as ring:
            count = min(count, _CAPACITY - len(ring.times))
            slots = ring.reserve(count, now=_now(), limit=limit.requests, window=window)
        return [Place(slot, slot / MICRO, self) for slot in slots]

    async def give_back(self, places: Sequence[Place]) -> None:
        """Free places."""
        async with self._ring() as ring:
            ring.give_back(place.slot for place in places)

    async def hold(self, seconds: float) -> None:
        """Promise nothing for so long."""
        async with self._ring() as ring:
            ring.hold(_now() + int(seconds * MICRO))

    def held_until(self) -> float:
        """Tell until when nobody may leave. Read without the lock: it is one number."""
        return 0.0 if self._file is None else self._file.held_until() / MICRO

    async def close(self) -> None:
        """Close the file; the departures stay in it."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    @contextlib.asynccontextmanager
    async def _ring(self) -> AsyncIterator[Ring]:
        """Lock the file, and write back what becomes of its ring."""
        file = self._file_for_now()
        give_up_at = time.monotonic() + _PATIENCE
        while not file.lock():
            # Held for microseconds, unless its holder was stopped: not worth a thread.
            if time.monotonic() > give_up_at:
                raise StoreUnreachableError(f"another process keeps {self._path} locked")
            await asyncio.sleep(random.uniform(*_BETWEEN_TRIES))  # noqa: S311 - no secret
        try:
            ring = file.read()
            yield ring
            file.write(ring)
        finally:
            file.unlock()

    def _file_for_now(self) -> _MappedFile:
        # A forked child would share its parent's lock, and a deleted file is nobody else's.
        if self._file is not None and not self._file.is_current():
            self._file.close()
            self._file = None
        if self._file is None:
            try:
                self._file = _MappedFile(self._path)
            except OSError as error:
                raise ConfigurationError(
                    f"RateLimit.shared: the file {str(self._path)!r} cannot be used: "
                    f"{error.strerror}; name a file that this process may write"
                ) from None
        return self._file


class _MappedFile:
    """The file as one process sees it."""

    def __init__(self, path: Path) -> None:
        self._pid = os.getpid()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self._prepare(path)
            self._map = mmap.mmap(self._descriptor, _SIZE)
            self._begin_this_boot()
            self.unlock()
        except BaseException:
            os.close(self._descriptor)
            raise

    def is_current(self) -> bool:
        return self._pid == os.getpid() and os.fstat(self._descriptor).st_nlink > 0

    def lock(self) -> bool:
        """Try to lock it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def read(self) -> Ring:
        start = self._copy_start(self._map[_HEADER.size - 1])
        count, held_until = _COPY.unpack_from(self._map, start)
        times = struct.unpack_from(f"<{count}q", self._map, start + _COPY.size)
        return Ring(times, held_until=held_until)

    def write(self, ring: Ring) -> None:
        other = 1 - self._map[_HEADER.size - 1]
        start = self._copy_start(other)
        _COPY.pack_into(self._map, start, len(ring.times), ring.held_until)
        struct.pack_into(f"<{len(ring.times)}q", self._map, start + _COPY.size, *ring.times)
        self._map[_HEADER.size - 1] = other

    def held_until(self) -> int:
        start = self._copy_start(self._map[_HEADER.size - 1])
        held_until: int = _COPY.unpack_from(self._map, start)[1]
        return held_until

    def close(self) -> None:
        self._map.close()
        os.close(self._descriptor)

    def _prepare(self, path: Path) -> None:
        start = os.pread(self._descriptor, len(_MAGIC), 0)
        if start.strip(b"\0") and start != _MAGIC:
            raise ConfigurationError(
                f"RateLimit.shared: the file {str(path)!r} holds something else; "
                "name a new file, which is made when it is missing"
            )
        os.ftruncate(self._descriptor, _SIZE)

    def _begin_this_boot(self) -> None:
        magic, boot, _ = _HEADER.unpack_from(self._map)
        if magic != _MAGIC or boot != _boot():
            _COPY.pack_into(self._map, self._copy_start(0), 0, 0)
            _HEADER.pack_into(self._map, 0, _MAGIC, _boot(), 0)

    @staticmethod
    def _copy_start(copy: int) -> int:
        return _HEADER.size + copy * _COPY_BYTES


def _checked(path: str) -> Path:
    if path.startswith("//"):  # file:///a/path
        path = path[2:]
        if not path.startswith("/"):
            raise ConfigurationError("RateLimit.shared names a host; give 'file:/a/path'")
    return Path(path).absolute()


def _now() -> int:
    return int(time.monotonic() * MICRO)


def _boot() -> bytes:
    """Name this boot of the machine, in 36 bytes."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()[:36].ljust(36)
    # Elsewhere: when it was, to a quarter of an hour, since corrections of the clock move it.
    began = round((time.time() - time.monotonic()) / 900)
    return str(began).encode().ljust(36)
