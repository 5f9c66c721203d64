"""Reading a listing to its end while others change it.

The API pages by `$skip`. If a room that was already read is deleted, all later ones move forward,
and the next page would skip some. Therefore each page overlaps the previous one by one room. If its
first room was seen before, nothing was skipped. If not, the order has moved, and reading steps back
until it meets a seen room again: first by the number of rooms that `total` lacks, which is exact if
rooms are only deleted, then by more and more. A room created meanwhile moves others backward. Those
come twice, and are recognised by their ids.

The promise: a room that exists from the first page to the last is returned exactly once, as long as
the server keeps the order of rooms (a stable sort by a key that does not change). `$skip` cannot
promise whether rooms created or deleted meanwhile are returned. Nor is the result complete if the
order is unstable, such as when equal keys are ordered differently each time. Reading then stops
stepping back after several times as many pages as the listing has.

It is an error if the server does not page, instead of a listing that is short or endless: it starts
elsewhere than asked, repeats or omits a page, or continues without a new room.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, TypeVar

from videsk_rooms._http.attempt import completed
from videsk_rooms._wire.message import unexpected

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from videsk_rooms._wire.message import Response
    from videsk_rooms.errors import ResponseError
    from videsk_rooms.models import Room, RoomPage

T = TypeVar("T")

# Stepping back ends after this many times the listing's pages.
_PATIENCE = 8
# After this many identical pages in a row from different positions, the server repeats a page. Once
# may be a coincidence with pages of two: one room is created ahead, and another deleted behind.
_REPEATED = 3
# If the server keeps its order, the seen rooms are in at most as many places. Twice that may be
# read without a new room, because rooms move meanwhile, and this many pages for stepping back.
_STEPS_BACK = 64


async def one_by_one(batches: AsyncGenerator[Sequence[T], None]) -> AsyncGenerator[T, None]:
    """Yield the items of batches, for awaiting code.

    The blocking client takes whole batches, so that it crosses between threads once a page and not
    once a room: if another thread is busy, a crossing takes milliseconds.
    """
    try:
        async for batch in batches:
            for item in batch:
                yield item
    finally:
        # The collector may have found both at the same time; then they are being closed already.
        with suppress(RuntimeError):
            await batches.aclose()


async def read_pages(
    fetch: Callable[[int], Awaitable[tuple[Response, RoomPage]]], limit: float = inf
) -> AsyncGenerator[Sequence[Room], None]:
    """Yield the rooms of a listing, a batch a page, each room once.

    The next page is fetched while this one is consumed; no more than one is kept ahead.

    Args:
        fetch: Fetches the page that begins after a number of rooms.
        limit: How many rooms are given at most; no page is fetched for more.

    Raises:
        ResponseError: The server does not page.
    """
    reading, remaining = Reading(), limit
    answered = await fetch(0)
    ahead: asyncio.Task[tuple[Response, RoomPage]] | None = None
    try:
        while True:
            fresh, following = reading.take(*answered)
            if len(fresh) >= remaining:
                fresh, following = fresh[: int(remaining)], None
            remaining -= len(fresh)
            if following is not None:
                # A task and no task group: a generator must not yield inside a cancel scope.
                ahead = asyncio.ensure_future(fetch(following))
            if fresh:
                yield fresh
            if ahead is None:
                return
            answered, ahead = await ahead, None
    finally:
        if ahead is not None:
            ahead.cancel()
            try:
                await completed(asyncio.wait([ahead]))
            finally:
                if not ahead.cancelled():
                    ahead.exception()  # seen, so that nothing is logged about it


class Reading:
    """Decides, page by page, what is new and where to read on. No I/O."""

    def __init__(self) -> None:
        self._position = 0
        self._seen: set[str] = set()
        # Where the last room read stood, and how many rooms there were then.
        self._anchor: int | None = None
        self._total = 0
        self._steps_back = 0
        self._pages = 0
        self._longest_page = 0
        self._greatest_total = 0
        # Places read in a row that brought no new room.
        self._fruitless = 0
        self._repeats = _Repeats()
        # Where a page was empty though rooms were to follow, and whether one was found beyond it.
        self._gap: int | None = None
        self._found_beyond = False

    def take(self, response: Response, page: RoomPage) -> tuple[list[Room], int | None]:
        """Take a page that was read at the position last returned.

        Returns:
            The rooms of it that were not seen before, and the position to read at next, or `None`
            at the end.

        Raises:
            ResponseError: The server does not page.
        """
        if page.skip != self._position:
            what = f"begins after {page.skip} rooms, though $skip={self._position} was asked for,"
            raise unexpected(response, what, path="skip")
        self._count(page)
        fresh, following = self._new_and_next(response, page)
        self._fruitless = 0 if fresh else self._fruitless + max(len(page.data) - 1, 1)
        if following is None:
            return fresh, None
        if self._fruitless > 2 * len(self._seen) + _STEPS_BACK * max(self._longest_page, 1):
            raise _no_progress(response)
        self._position = following
        return fresh, following

    def _new_and_next(self, response: Response, page: RoomPage) -> tuple[list[Room], int | None]:
        repeats = self._repeats.take(self._position, page)
        if repeats is not None:
            if self._repeats.in_a_row >= _REPEATED:
                raise _repeated(response, self._position, repeats)
            return [], repeats
        if self._gap is not None and self._position > self._gap:
            return [], self._beyond_gap(page)
        if not page.data and self._position < page.total:
            return [], self._at_gap(response, page)
        self._gap, self._found_beyond = None, False
        if self._is_lost(page):
            return [], self._further_back(page)
        return [room for room in page.data if self._is_new(room)], self._following(page)

    def _following(self, page: RoomPage) -> int | None:
        end = self._position + len(page.data)
        # A full page beyond the total shows that the total is too small.
        goes_on = end < page.total or (end > page.total and len(page.data) == self._longest_page)
        if not page.data or not goes_on:
            return None
        # A page of one room cannot overlap: it would never get on.
        overlaps = len(page.data) > 1
        following = end - 1 if overlaps else end
        self._anchor = following if overlaps else None
        self._total = page.total
        self._steps_back = 0
        return following

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

    # -- order that has moved ---------------------------------------------------------------------

    def _is_lost(self, page: RoomPage) -> bool:
        """Whether rooms may hide between what was read and this page."""
        if self._anchor is None or self._position == 0:
            return False
        if page.data and page.data[0].id in self._seen:
            return False
        expected = self._greatest_total // max(self._longest_page - 1, 1)
        return self._pages <= _PATIENCE * (expected + _PATIENCE)

    def _further_back(self, page: RoomPage) -> int:
        assert self._anchor is not None  # noqa: S101 - for the type checker
        missing = max(self._total - page.total, 0)
        # If the total lacks no room, created rooms hide deleted ones.
        guessed = bool(self._steps_back) or not missing
        hidden = (self._longest_page << self._steps_back) // 4 if guessed else 0
        self._steps_back += 1
        return max(self._anchor - max(missing + hidden, 1), 0)

    # -- an empty page before the end -------------------------------------------------------------

    # Either the total counts more rooms than can be read, or the page was left out. The position of
    # the last room shows which.

    def _at_gap(self, response: Response, page: RoomPage) -> int | None:
        if self._gap is None:
            self._gap = self._position
            return page.total - 1
        if not self._found_beyond:
            return None
        what = f"is empty at $skip={self._position}, though it counts {page.total} rooms,"
        raise unexpected(response, what, path="data")

    def _beyond_gap(self, page: RoomPage) -> int | None:
        assert self._gap is not None  # noqa: S101 - for the type checker
        self._found_beyond = bool(page.data)
        if page.data:
            return self._gap
        if page.total > self._gap:
            return None
        # Rooms were deleted meanwhile, so the empty page was not a gap.
        gap, self._gap = self._gap, None
        return gap


class _Repeats:
    """Notices a page that holds the rooms of the page before, read elsewhere."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self._position = 0
        self._total = 0
        self._ids: frozenset[str] = frozenset()

    def take(self, position: int, page: RoomPage) -> int | None:
        """Take a page; return where the same rooms were read before, or `None`.

        A page may move when rooms before it are created or deleted; then the total changes too.
        """
        before, total, ids = self._position, self._total, self._ids
        self._position, self._total = position, page.total
        self._ids = frozenset(room.id for room in page.data)
        moved = abs(position - before)
        same = len(ids) > 1 and ids == self._ids and abs(page.total - total) < moved
        self.in_a_row = self.in_a_row + 1 if same else 0
        return before if same else None


def _repeated(response: Response, position: int, before: int) -> ResponseError:
    what = (
        f"holds the same rooms at $skip={position} as at $skip={before}: the server ignores $skip, "
        "or repeats a page,"
    )
    return unexpected(response, what, path="data")


def _no_progress(response: Response) -> ResponseError:
    what = (
        "holds no new room, like those before it: the server repeats pages, or rooms are created "
        "faster than they are read,"
    )
    return unexpected(response, what, path="data")
