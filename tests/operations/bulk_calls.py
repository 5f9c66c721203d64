"""Calls that end when a test says so, and what is asked of many of them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tests.waiting import until
from videsk_rooms import AsyncOutcomes, Outcome, VideskError
from videsk_rooms._operations.bulk import Bulk

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable

    from videsk_rooms import Progress
    from videsk_rooms._operations.bulk import Begin

T = TypeVar("T")


class RequestHandler:
    """Where calls wait until they are let go. The value of a call is its item as a string."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.cancelled: set[int] = set()
        self._ends: dict[int, asyncio.Future[None]] = {}

    def calls(
        self,
        items: Iterable[int] | AsyncIterable[int],
        *,
        concurrency: int = 3,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[int, str]:
        """Make a call for each item."""
        bulk = Bulk("items", items, self._prepare, concurrency, on_progress)
        return AsyncOutcomes("call_many", bulk)

    def _prepare(self, item: int) -> Begin[str]:
        return partial(self._call, item)

    async def _call(self, item: int) -> str:
        self.begun.append(item)
        self._ends[item] = asyncio.get_running_loop().create_future()
        try:
            await self._ends[item]
        except asyncio.CancelledError:
            self.cancelled.add(item)
            raise
        return str(item)

    async def end(self, *items: int, error: BaseException | None = None) -> None:
        """Let calls end, in this order."""
        for item in items:
            await until(partial(self._ends.__contains__, item))
            if error is None:
                self._ends[item].set_result(None)
            else:
                self._ends[item].set_exception(error)


def at_once(
    items: Iterable[int] | AsyncIterable[int],
    *,
    concurrency: int = 3,
    on_progress: Callable[[Progress], object] | None = None,
) -> AsyncOutcomes[int, str]:
    """Make calls that end by themselves, with the item as a string; a negative one is refused."""

    def prepare(item: int) -> Begin[str]:
        return partial(_as_text, item)

    return AsyncOutcomes("call_many", Bulk("items", items, prepare, concurrency, on_progress))


async def _as_text(item: int) -> str:
    await asyncio.sleep(0)
    if item < 0:
        raise VideskError(f"{item} is negative")
    return str(item)


async def settled() -> None:
    """Let everything go on that can: whoever is not through by then waits for something else."""
    for _ in range(20):
        await asyncio.sleep(0)


def asked(outcomes: AsyncIterator[T]) -> asyncio.Task[T]:
    """Ask for the next outcome."""

    async def ask() -> T:
        return await outcomes.__anext__()

    return asyncio.ensure_future(ask())


async def asynchronous(items: Iterable[T]) -> AsyncIterator[T]:
    """Give items to those who await them."""
    for item in items:
        yield item


def plain(items: Iterable[T]) -> Iterable[T]:
    """Give items as they are."""
    return items


def values(outcomes: Iterable[Outcome[Any, T]]) -> list[T | None]:
    """Return the values of outcomes that are no errors."""
    assert [outcome.error for outcome in outcomes if outcome.error is not None] == []
    return [outcome.value for outcome in outcomes]


def errors(outcomes: Iterable[Outcome[Any, Any]]) -> dict[int, VideskError]:
    """Return the errors of outcomes, by the positions of their items."""
    return {each.index: each.error for each in outcomes if each.error is not None}


def other_tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks of this loop, but for the test itself."""
    return asyncio.all_tasks() - {asyncio.current_task()}
