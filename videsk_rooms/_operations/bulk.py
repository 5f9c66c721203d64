"""Bulk calls: reads items as needed, runs their calls concurrently, returns outcomes as they end.

At most `concurrency` items are in progress. An item is in progress from its reading until the
consumer, having handled its outcome, asks for the next. So a slow consumer slows the reading down.
With a concurrency of one, a consumer that stops at a failure knows that no later call has begun.

`steps` decides what is next and never waits. Its two drivers wait: `given_out` in the event loop,
and `Portal.run_bulk` in a caller's thread, which reads the items while the calls run in the loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Mapping, Sized
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

from videsk_rooms._http.attempt import check_loop, completed
from videsk_rooms._wire import validation as check
from videsk_rooms.errors import ClosedError, ConfigurationError, VideskError

from .outcomes import Outcome, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator

Item = TypeVar("Item")
Value = TypeVar("Value")

Begin: TypeAlias = Callable[[], Coroutine[Any, Any, Value]]
"""A call with its arguments, ready to be made."""

Start: TypeAlias = Callable[[int, Item, Begin[Value]], object]
"""Starts a call: its position, its item, the call."""


class Bulk(Generic[Item, Value]):
    """Many calls, from the reading of the items to the outcomes."""

    def __init__(
        self,
        argument: str,
        items: Iterable[Item] | AsyncIterable[Item],
        prepare: Callable[[Item], Begin[Value]],
        concurrency: object,
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        """Prepare it; nothing is read yet.

        Args:
            argument: The name of the argument that holds the items.
            items: One item for each call.
            prepare: Makes a call of an item, or refuses it with a `VideskError`.
            concurrency: How many items may be read and not finished, 1 or more.
            on_progress: Called before each outcome is given out.

        Raises:
            InvalidRequestError: An argument is invalid.
        """
        self._items = _checked_items(argument, items)
        self._argument = argument
        self._prepare = prepare
        self._concurrency = check.whole("concurrency", concurrency, least=1)
        self._on_progress = _checked_callback(on_progress)
        self._read = 0
        self._lost = 0  # those that ended without an outcome
        self._dealt_with = 0
        self._failed = 0
        self._finished: deque[Outcome[Item, Value]] = deque()
        self._ended = False  # nothing more is read
        # Raised at the end; popped from a list, so that no frame of its traceback refers to it.
        self._errors: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    # -- deciding, on the consumer's side ---------------------------------------------------------

    def steps(
        self, source: Iterator[Item] | None, start: Start[Item, Value]
    ) -> Generator[Outcome[Item, Value] | None, None, None]:
        """Do everything possible without waiting: yield outcomes, and `None` before each wait.

        Args:
            source: The items; `None` if the other driver reads them.
            start: Starts a call.
        """
        try:
            while not self._is_over():
                if source is not None and self._has_room():
                    self._read_one(source, start)
                elif not self._finished:
                    yield None
                # After each item: reading the next one may take long.
                if self._finished:
                    yield self._next_outcome()
                    self._dealt_with += 1
                    if source is None:
                        self._changed.set()
        finally:
            self._items = ()  # a generator that nobody else refers to is closed here
        if self._errors:
            raise self._errors.pop()

    def _is_over(self) -> bool:
        return self._ended and self._read == self._dealt_with + self._lost

    def _has_room(self) -> bool:
        return not self._ended and self._read - self._dealt_with < self._concurrency

    def _read_one(self, source: Iterator[Item], start: Start[Item, Value]) -> None:
        try:
            item = next(source)
            begin = self._prepared(item)
        except StopIteration:
            self._end()
        except Exception as error:
            self._end(error)
        else:
            # Counted outside of the `try`, which may catch what a signal handler raises, such as a
            # time limit: an item that is counted and never started would be waited for forever.
            start(self._count(), item, begin)

    def _prepared(self, item: Item) -> Begin[Value]:
        """Prepare the call of an item now, because the item may be changed after it was read."""
        try:
            return self._prepare(item)
        except VideskError as error:
            return partial(_refuse, error)

    def _count(self) -> int:
        """Count an item as read, and return its position."""
        self._read += 1
        return self._read - 1

    def _next_outcome(self) -> Outcome[Item, Value]:
        outcome = self._finished.popleft()
        self._failed += not outcome.ok
        if self._on_progress is not None:
            done = self._dealt_with + 1
            running = self._read - self._lost - done - len(self._finished)
            self._on_progress(Progress(done, self._failed, running, self._total()))
        return outcome

    def _total(self) -> int | None:
        # Of what can be read both ways, such as Django's QuerySet, len() may block.
        if isinstance(self._items, Sized) and not isinstance(self._items, AsyncIterable):
            return len(self._items)
        return None

    def _end(self, error: BaseException | None = None) -> None:
        """Stop reading; the first error is the one that is raised."""
        if error is not None and not self._errors:
            self._errors.append(error)
        self._ended = True

    # -- in the loop ------------------------------------------------------------------------------

    def start(self, index: int, item: Item, begin: Begin[Value]) -> None:
        """Make a call."""
        task = asyncio.ensure_future(self._run(index, item, begin))
        if not task.done():  # an eager task may be done already
            self._tasks.add(task)

    async def _run(self, index: int, item: Item, begin: Begin[Value]) -> None:
        outcome: Outcome[Item, Value]
        try:
            outcome = Outcome(index, item, await begin(), None)
        except VideskError as error:
            if isinstance(error, ClosedError | ConfigurationError):
                self._end(type(error)(*error.args))  # all later calls would fail with it, too
            # With its traceback, the outcome would keep all frames of the call alive.
            outcome = Outcome(index, item, None, error.with_traceback(None))
        except BaseException as error:
            self._end(error)
            self._lost += 1
            if not isinstance(error, Exception):
                raise
            return
        finally:
            self._tasks.discard(asyncio.current_task())
            self._changed.set()
        self._finished.append(outcome)

    async def wait(self) -> None:
        """Wait until an outcome is ready, or all calls are done."""
        while not (self._finished or self._is_over()):
            self._changed.clear()
            await self._changed.wait()

    async def give_up(self) -> None:
        """Cancel the running calls, and wait for their end."""
        self._ended = True
        if self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await completed(asyncio.wait(tasks))
        # By the tracebacks these would keep each other, this and the items alive.
        self._tasks.clear()
        self._errors.clear()

    async def given_out(self) -> AsyncGenerator[Outcome[Item, Value], None]:
        """Yield the outcomes. When it ends, or is closed early, no call is running."""
        check_loop()
        try:
            source: Iterator[Item] | None = None
            if isinstance(self._items, AsyncIterable):
                # One task for all of it, not one for each item: an asynchronous generator must
                # close what it opens, such as a task group, in the same task.
                reading = self._read_all(self._items)
                self._tasks.add(asyncio.ensure_future(reading))
            else:
                source = iter(self._items)
            for step in self.steps(source, self.start):
                if step is None:
                    await self.wait()
                else:
                    yield step
        finally:
            await self.give_up()

    async def _read_all(self, items: AsyncIterable[Item]) -> None:
        try:
            async for item in items:
                if self._ended:
                    return
                begin = self._prepared(item)
                self.start(self._count(), item, begin)
                while not self._has_room() and not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
            self._end()
        except BaseException as error:
            self._end(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._changed.set()

    # -- in a caller's thread ---------------------------------------------------------------------

    def plain_items(self) -> Iterable[Item]:
        """Return the items for reading without a loop.

        Raises:
            InvalidRequestError: They can only be awaited.
        """
        if isinstance(self._items, Iterable):
            return self._items
        expected = "this iterable is asynchronous; give a plain one, or use AsyncVidesk"
        raise check.refusal(self._argument, self._items, expected)


async def _refuse(error: VideskError) -> NoReturn:
    raise error


def _checked_items(
    argument: str, items: Iterable[Item] | AsyncIterable[Item]
) -> Iterable[Item] | AsyncIterable[Item]:
    # Reading a list or a tuple runs no user code, so an exception comes from a signal handler.
    guard = nullcontext() if type(items) in {list, tuple} else check.Reading(argument, items)
    with guard:
        # Strings and mappings are iterable, but their characters and keys are not items.
        is_one = isinstance(items, str | bytes | Mapping)
        if is_one or not isinstance(items, Iterable | AsyncIterable):
            expected = (
                "give an iterable of items, such as a list or a generator, also for a single one"
            )
            raise check.refusal(argument, items, expected)
    return items


def _checked_callback(callback: object) -> Callable[[Progress], object] | None:
    with check.Reading("on_progress", callback):
        if callback is None or (callable(callback) and not inspect.iscoroutinefunction(callback)):
            return callback
    expected = "give a function that takes a Progress, and that is not async"
    raise check.refusal("on_progress", callback, expected)
