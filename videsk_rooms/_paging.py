"""Reading a listing to its end while others change it.

The API pages by `$skip`: a room deleted from what was read already moves all later ones forward,
and the next page would begin beyond some that nobody has seen. Therefore each page overlaps the one
before by one room. If its first room is one that was seen, nothing hides between the two; if not,
the order moved, and reading steps back until it meets a seen room again: first by as many rooms as
`total` lacks, which is exact where rooms are only deleted, then by more and more. A room created
meanwhile moves others backward; those come twice, and the ids seen keep them from being given
twice.

What this promises: a room that is there from the first page to the last is given exactly once, as
long as the server keeps the order of rooms (a stable sort whose key does not change). What `$skip`
paging cannot promise: whether rooms created or deleted meanwhile are among those given; and nothing
about completeness where the order itself is unstable, such as equal keys ordered anew each time.
There, reading gives up stepping back after several times as many pages as the listing has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

    from .models import Room, RoomPage

T_co = TypeVar("T_co", covariant=True)

# An id is a MongoDB ObjectId (docs/api.md, "Objects"), written in hexadecimal digits.
_ID_BYTES = 12
_ID_ROWS = 1024

# So many times the pages that a listing has are read before stepping back ends.
_PATIENCE = 8


class Batches(AsyncGenerator[T_co, None], Generic[T_co]):
    """An asynchronous iterator over items that come in batches.

    Awaiting code takes one item at a time; the blocking face takes whole batches, so that it
    crosses between threads once a page and not once a room.
    """

    def __init__(self, source: AsyncGenerator[Sequence[T_co], None]) -> None:
        self._source = source
        self._items: Iterator[T_co] = iter(())

    async def next_batch(self) -> Sequence[T_co]:
        """Return the next items; none at the end."""
        try:
            return await self._source.__anext__()
        except StopAsyncIteration:
            return ()

    async def __anext__(self) -> T_co:
        while True:
            for item in self._items:
                return item
            batch = await self.next_batch()
            if not batch:
                raise StopAsyncIteration
            self._items = iter(batch)

    async def asend(self, value: None) -> T_co:
        """Return the next item."""
        return await self.__anext__()

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
        /,
    ) -> T_co:
        """Close, and raise what was thrown."""
        await self.aclose()
        if isinstance(typ, BaseException):
            raise typ
        if isinstance(val, BaseException):
            raise val.with_traceback(tb)
        raise (typ() if val is None else typ(val)).with_traceback(tb)

    async def aclose(self) -> None:
        """Stop reading: what is being fetched is cancelled."""
        self._items = iter(())
        await self._source.aclose()


async def read_pages(
    fetch: Callable[[int], Awaitable[RoomPage]],
) -> AsyncGenerator[Sequence[Room], None]:
    """Yield the rooms of a listing, a batch a page, each room once.

    The next page is fetched while this one is consumed; no more than one is kept ahead.

    Args:
        fetch: Fetches the page that begins after so many rooms.
    """
    reading = _Reading()
    page = await fetch(0)
    ahead: asyncio.Task[RoomPage] | None = None
    try:
        while True:
            fresh, following = reading.take(page)
            if following is not None:
                # A task and no task group: a generator must not yield inside a cancel scope.
                ahead = asyncio.ensure_future(fetch(following))
            if fresh:
                yield fresh
            if ahead is None:
                return
            page, ahead = await ahead, None
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.wait([ahead])
            if not ahead.cancelled():
                ahead.exception()  # seen, so that nothing is logged about it


class _Reading:
    """Decides, page by page, what is new and where to read on. No I/O."""

    def __init__(self) -> None:
        self._position = 0
        self._seen = _Ids()
        # Where the last room read stood, and how many rooms there were then.
        self._anchor: int | None = None
        self._total = 0
        self._steps_back = 0
        self._pages = 0
        self._longest_page = 0
        self._greatest_total = 0

    def take(self, page: RoomPage) -> tuple[list[Room], int | None]:
        """Take a page that was read at the position last returned.

        Returns:
            The rooms of it that were not seen before, and the position to read at next, or `None`
            at the end.
        """
        self._count(page)
        if self._is_lost(page):
            self._position = self._further_back(page)
            return [], self._position
        fresh = [room for room in page.data if self._is_new(room)]
        end = self._position + len(page.data)
        if not page.data or end >= page.total:
            return fresh, None
        # A page of one room cannot overlap: it would never get on.
        overlaps = len(page.data) > 1
        self._position = end - 1 if overlaps else end
        self._anchor = self._position if overlaps else None
        self._total = page.total
        self._steps_back = 0
        return fresh, self._position

    def _is_new(self, room: Room) -> bool:
        if room.id in self._seen:
            return False
        self._seen.add(room.id)
        return True

    def _count(self, page: RoomPage) -> None:
        self._pages += 1
        # Not the page's `limit`: a page may hold less.
        self._longest_page = max(self._longest_page, len(page.data))
        self._greatest_total = max(self._greatest_total, page.total)

    def _is_lost(self, page: RoomPage) -> bool:
        """Whether rooms may hide between what was read and this page."""
        if self._anchor is None or self._position == 0:
            return False
        if page.data and page.data[0].id in self._seen:
            return False
        expected = self._greatest_total // max(self._longest_page - 1, 1)
        return self._pages <= _PATIENCE * (expected + _PATIENCE)

    def _further_back(self, page: RoomPage) -> int:
        assert self._anchor is not None  # noqa: S101 - told to the type checker
        missing = max(self._total - page.total, 0)
        # Where the total does not tell, rooms that were created hide others that were deleted.
        guessed = bool(self._steps_back) or not missing
        hidden = (self._longest_page << self._steps_back) // 4 if guessed else 0
        self._steps_back += 1
        return max(self._anchor - max(missing + hidden, 1), 0)


class _Ids:
    """Which ids were added: exactly, in 15 bytes each where a set of strings takes 107.

    Their bytes stand one after another, in one of many rows, which is searched from its start.
    """

    def __init__(self) -> None:
        self._rows: dict[int, bytearray] = {}
        self._others: set[str] = set()

    def add(self, room: str) -> None:
        """Add an id."""
        key = _as_bytes(room)
        if key is None:
            self._others.add(room)
        else:
            self._rows.setdefault(_row_of(key), bytearray()).extend(key)

    def __contains__(self, room: str) -> bool:
        key = _as_bytes(room)
        if key is None:
            return room in self._others
        row = self._rows.get(_row_of(key), b"")
        place = row.find(key)
        while place > 0 and place % _ID_BYTES:  # the end of one id and the start of the next
            place = row.find(key, place + 1)
        return place >= 0


def _row_of(key: bytes) -> int:
    return hash(key) % _ID_ROWS


def _as_bytes(room: str) -> bytes | None:
    """Turn an id into its bytes, if they tell all that the id does."""
    try:
        key = bytes.fromhex(room)
    except ValueError:
        return None
    return key if len(key) == _ID_BYTES and key.hex() == room else None
