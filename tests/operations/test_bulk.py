"""How many calls go on: what is read and begun when, what comes in which order, what ends it."""

from __future__ import annotations

import asyncio
import gc
import itertools
import weakref
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.operations.bulk_calls import (
    RequestHandler,
    asked,
    asynchronous,
    at_once,
    errors,
    other_tasks,
    plain,
    settled,
)
from videsk_rooms import (
    AsyncOutcomes,
    ClosedError,
    ConfigurationError,
    InvalidRequestError,
    Progress,
    VideskError,
)
from videsk_rooms._operations.bulk import Bulk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from videsk_rooms._operations.bulk import Begin

Given = Callable[[Iterable[int]], "Iterable[int] | AsyncIterable[int]"]

both = pytest.mark.parametrize("given", [plain, asynchronous])


class BodyError(Exception):
    """What goes wrong elsewhere than in a call."""


@pytest.fixture
def desk() -> RequestHandler:
    """Calls that end when they are told to."""
    return RequestHandler()


# -- what is read and begun -----------------------------------------------------------------------


@both
async def test_so_many_are_in_the_works_and_no_more(desk: RequestHandler, given: Given) -> None:
    """The outcome in the consumer's hands is one of them; only asking on begins another."""
    outcomes = desk.calls(given(itertools.count()), concurrency=3)
    first = asked(outcomes)
    await settled()
    assert desk.begun == [0, 1, 2]
    await desk.end(1)
    assert (await first).item == 1
    await settled()
    assert desk.begun == [0, 1, 2]
    second = asked(outcomes)
    await settled()
    assert desk.begun == [0, 1, 2, 3]
    await desk.end(0)
    await second
    await outcomes.aclose()


@both
async def test_a_slow_consumer_holds_up_the_reading(desk: RequestHandler, given: Given) -> None:
    """Though all that was begun has ended, nothing more is read until it asks on."""
    read: list[int] = []

    def items() -> Iterator[int]:
        for item in itertools.count():
            read.append(item)
            yield item

    outcomes = desk.calls(given(items()), concurrency=4)
    first = asked(outcomes)
    await desk.end(0, 1, 2, 3)
    await first
    await settled()
    assert read == [0, 1, 2, 3]
    await anext(outcomes)
    await settled()
    assert read == [0, 1, 2, 3, 4]
    await outcomes.aclose()


@both
async def test_one_at_a_time(desk: RequestHandler, given: Given) -> None:
    """Whoever leaves at a failure knows that nothing after it has begun."""
    async with desk.calls(given(range(5)), concurrency=1) as outcomes:
        ending = asyncio.gather(desk.end(0), desk.end(1, error=VideskError("refused")))
        async for outcome in outcomes:
            await settled()
            if not outcome.ok:
                break
        await ending
    assert desk.begun == [0, 1]


@both
async def test_nothing_is_read_before_an_outcome_is_asked_for(given: Given) -> None:
    """Whoever makes the iterator has begun nothing."""
    read: list[int] = []

    def items() -> Iterator[int]:
        read.append(0)
        yield 0

    outcomes = at_once(given(items()))
    await settled()
    assert read == []
    await outcomes.aclose()


async def test_outcomes_come_while_the_next_item_is_waited_for(desk: RequestHandler) -> None:
    """An asynchronous iterable may take its time, and holds up nobody."""
    more = asyncio.Event()

    async def items() -> AsyncIterator[int]:
        yield 0
        await more.wait()
        yield 1

    outcomes = desk.calls(items())
    first = asked(outcomes)
    await desk.end(0)
    assert (await first).item == 0
    second = asked(outcomes)
    more.set()
    await desk.end(1)
    assert (await second).item == 1
    assert [outcome async for outcome in outcomes] == []


async def test_an_asynchronous_iterable_is_read_by_one_task() -> None:
    """What it opens it has to close in the same task, such as a task group."""
    tasks: set[asyncio.Task[Any] | None] = set()

    async def items() -> AsyncIterator[int]:
        for item in range(5):
            tasks.add(asyncio.current_task())
            yield item

    assert len([outcome async for outcome in at_once(items(), concurrency=2)]) == 5
    assert len(tasks) == 1


async def test_what_can_be_read_both_ways_is_awaited() -> None:
    """Its plain way may block, as a QuerySet of Django's does."""

    class Both:
        def __iter__(self) -> Iterator[int]:
            raise AssertionError("read without awaiting")

        def __len__(self) -> int:
            raise AssertionError("counted")

        def __aiter__(self) -> AsyncIterator[int]:
            return asynchronous(range(3))

    seen: list[Progress] = []
    outcomes = at_once(Both(), on_progress=seen.append)
    assert len([outcome async for outcome in outcomes]) == 3
    assert {progress.total for progress in seen} == {None}


# -- what comes of it -----------------------------------------------------------------------------


async def test_outcomes_come_in_the_order_in_which_calls_end(desk: RequestHandler) -> None:
    """Each tells the position of its item."""
    outcomes = desk.calls([10, 11, 12])
    first = asked(outcomes)
    await desk.end(12, 10, 11)
    seen = [await first, *[outcome async for outcome in outcomes]]
    assert [(each.index, each.item, each.value) for each in seen] == [
        (2, 12, "12"),
        (0, 10, "10"),
        (1, 11, "11"),
    ]


@both
async def test_one_failure_stops_nothing_else(desk: RequestHandler, given: Given) -> None:
    """It is an outcome like the others."""
    outcomes = desk.calls(given(range(4)), concurrency=2)
    error = VideskError("refused")
    ending = asyncio.gather(desk.end(0, 2, 3), desk.end(1, error=error))
    seen = [outcome async for outcome in outcomes]
    await ending
    assert errors(seen) == {1: error}
    assert sorted(each.value or "" for each in seen) == ["", "0", "2", "3"]


async def test_an_error_in_an_outcome_keeps_no_frames() -> None:
    """Thousands of them may be kept."""
    (outcome,) = [each async for each in at_once([-1])]
    assert outcome.error is not None
    assert outcome.error.__traceback__ is None


@both
@pytest.mark.parametrize("concurrency", [1, 7, 1_000])
async def test_every_item_has_one_outcome(given: Given, concurrency: int) -> None:
    """However many are in the works at once."""
    seen = [each async for each in at_once(given(range(100)), concurrency=concurrency)]
    assert sorted(each.index for each in seen) == list(range(100))
    assert all(each.value == str(each.item) for each in seen)


@both
async def test_no_items_no_outcomes(given: Given) -> None:
    """It ends at once, and stays at its end."""
    outcomes = at_once(given([]))
    assert [outcome async for outcome in outcomes] == []
    assert [outcome async for outcome in outcomes] == []


@both
async def test_memory_stays_flat(given: Given) -> None:
    """Of an endless iterable only what is in the works is kept."""

    class Item(float):
        """A number that takes weak references."""

    alive: weakref.WeakSet[Item] = weakref.WeakSet()

    def items() -> Iterator[Any]:
        for number in itertools.count():
            item = Item(number)
            alive.add(item)
            yield item

    most = 0
    async with at_once(given(items()), concurrency=5) as outcomes:
        async for outcome in outcomes:
            most = max(most, len(alive))
            if outcome.index > 2_000:
                break
    assert most <= 5 + 2  # the names of two loops hold on to their last one


@pytest.mark.skipif(
    not hasattr(asyncio, "eager_task_factory"), reason="eager tasks came with Python 3.12"
)
async def test_tasks_that_begin_at_once() -> None:
    """A call that never waits has ended before anybody knows its task."""
    eager: Any = getattr(asyncio, "eager_task_factory", None)
    asyncio.get_running_loop().set_task_factory(eager)

    async def double(item: int) -> int:
        return 2 * item

    def prepare(item: int) -> Begin[int]:
        return partial(double, item)

    outcomes = AsyncOutcomes("call_many", Bulk("items", range(10), prepare, 3, None))
    assert [each.value async for each in outcomes] == list(range(0, 20, 2))
    assert asyncio.all_tasks() == {asyncio.current_task()}


# -- what ends it all -----------------------------------------------------------------------------


@both
async def test_what_the_iterable_raises_comes_after_all_outcomes(
    desk: RequestHandler, given: Given
) -> None:
    """What was under way is finished, and told."""

    def items() -> Iterator[int]:
        yield 0
        yield 1
        raise BodyError("line 3 is no room")

    outcomes = desk.calls(given(items()))
    first = asked(outcomes)
    await desk.end(0, 1)
    assert [(await first).item, (await anext(outcomes)).item] == [0, 1]
    with pytest.raises(BodyError, match="line 3"):
        await anext(outcomes)
    assert [outcome async for outcome in outcomes] == []


@both
async def test_what_no_call_should_raise_ends_it(desk: RequestHandler, given: Given) -> None:
    """Nothing more is begun; the rest is finished and told, and then it is raised."""
    told: list[Progress] = []
    outcomes = desk.calls(given(itertools.count()), on_progress=told.append)
    first = asked(outcomes)
    await desk.end(1, error=BodyError("the vault is closed"))
    await settled()
    await desk.end(0, 2)
    assert [(await first).item, (await anext(outcomes)).item] == [0, 2]
    with pytest.raises(BodyError, match="vault"):
        await anext(outcomes)
    assert desk.begun == [0, 1, 2]
    assert [(each.done, each.under_way) for each in told] == [(1, 0), (2, 0)]


@both
async def test_of_several_that_no_call_should_raise_the_first_is_raised(
    desk: RequestHandler, given: Given
) -> None:
    """What ended it, and not what came of that."""
    outcomes = desk.calls(given(itertools.count()))
    first = asked(outcomes)
    await desk.end(2, error=BodyError("the vault is closed"))
    await settled()
    await desk.end(0, error=BodyError("the lights are out"))
    await desk.end(1)
    assert (await first).item == 1
    with pytest.raises(BodyError, match="vault"):
        await anext(outcomes)


@both
@pytest.mark.parametrize("kind", [ClosedError, ConfigurationError])
async def test_what_all_calls_would_raise_ends_it(
    desk: RequestHandler, given: Given, kind: type[VideskError]
) -> None:
    """The call that met it has its outcome all the same."""
    outcomes = desk.calls(given(itertools.count()), concurrency=2)
    first = asked(outcomes)
    error = kind("for good")
    await desk.end(1, error=error)
    assert (await first).error is error
    await desk.end(0)
    assert (await anext(outcomes)).item == 0
    with pytest.raises(kind, match="for good") as caught:
        await anext(outcomes)
    assert caught.value is not error
    assert desk.begun == [0, 1]


async def test_a_call_that_somebody_cancels_ends_it(desk: RequestHandler) -> None:
    """As whoever awaits a cancelled task is told."""
    outcomes = desk.calls([0])
    first = asked(outcomes)
    await settled()
    (task,) = other_tasks() - {first}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


# -- left early -----------------------------------------------------------------------------------


async def by_closing(outcomes: AsyncOutcomes[int, str]) -> None:
    await anext(outcomes)
    await outcomes.aclose()


async def by_the_end_of_with(outcomes: AsyncOutcomes[int, str]) -> None:
    async with outcomes:
        await anext(outcomes)


async def by_cancelling(outcomes: AsyncOutcomes[int, str]) -> None:
    await anext(outcomes)
    waiting = asked(outcomes)
    await settled()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def raise_in_the_body(outcomes: AsyncOutcomes[int, str]) -> None:
    async for _ in outcomes:
        raise BodyError


async def by_an_exception_in_a_with(outcomes: AsyncOutcomes[int, str]) -> None:
    with pytest.raises(BodyError):
        async with outcomes:
            await raise_in_the_body(outcomes)


@both
@pytest.mark.parametrize(
    "leave", [by_closing, by_the_end_of_with, by_cancelling, by_an_exception_in_a_with]
)
async def test_left_early_nothing_goes_on(desk: RequestHandler, given: Given, leave: Any) -> None:
    """What is under way is cancelled, and has ended when the iterator is closed."""
    items = given(itertools.count())  # kept: the loop would close it in a task of its own
    outcomes = desk.calls(items)
    ending = asyncio.ensure_future(desk.end(0))
    await leave(outcomes)
    await ending
    assert other_tasks() == set()
    assert desk.cancelled == {*desk.begun[1:]}
    assert [outcome async for outcome in outcomes] == []


async def by_break(desk: RequestHandler, items: Any) -> None:
    async for _ in desk.calls(items):
        break


async def by_an_exception_in_the_body(desk: RequestHandler, items: Any) -> None:
    with pytest.raises(BodyError):
        await raise_in_the_body(desk.calls(items))


async def by_being_cancelled_in_the_body(desk: RequestHandler, items: Any) -> None:
    inside = asyncio.Event()

    async def body() -> None:
        async for _ in desk.calls(items):
            inside.set()
            await asyncio.sleep(3600)

    task = asyncio.ensure_future(body())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])


@both
@pytest.mark.parametrize(
    "leave", [by_break, by_an_exception_in_the_body, by_being_cancelled_in_the_body]
)
async def test_an_iterator_that_nobody_refers_to_is_closed(
    desk: RequestHandler, given: Given, leave: Any
) -> None:
    """A moment later, by the loop, without being waited for."""
    ending = asyncio.ensure_future(desk.end(0))
    await leave(desk, given(itertools.count()))
    await ending
    await settled()
    assert other_tasks() == set()
    assert desk.cancelled == {*desk.begun[1:]}


def test_an_iterator_that_outlives_its_loop(desk: RequestHandler) -> None:
    """Whoever ends the loop in the middle has nothing left of it."""
    kept: list[AsyncOutcomes[int, str]] = []

    async def main() -> None:
        kept.append(desk.calls(itertools.count()))
        ending = asyncio.ensure_future(desk.end(0))
        await anext(kept[0])
        await ending

    asyncio.run(main())
    assert desk.cancelled == {1, 2}


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Leave it to the count of references what is kept."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "leave", [by_break, by_an_exception_in_the_body, by_being_cancelled_in_the_body]
)
@pytest.mark.usefixtures("no_collector")
async def test_an_asynchronous_generator_of_the_items_is_let_go(
    desk: RequestHandler, leave: Any
) -> None:
    """At once, and not when the collector comes: a listing would fetch its next page meanwhile."""
    closed: list[bool] = []

    async def items() -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                yield number
        finally:
            closed.append(True)

    ending = asyncio.ensure_future(desk.end(0))
    await leave(desk, items())
    await ending
    await settled()
    assert closed == [True]


async def test_a_generator_of_the_items_is_let_go(desk: RequestHandler) -> None:
    """If nobody else refers to it, it is closed with the iterator, though that is still there."""
    closed: list[bool] = []

    def items() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    outcomes = desk.calls(items())
    ending = asyncio.ensure_future(desk.end(0))
    await anext(outcomes)
    await ending
    await outcomes.aclose()
    assert closed == [True]


# -- progress -------------------------------------------------------------------------------------


async def test_progress_is_told_before_each_outcome(desk: RequestHandler) -> None:
    """How many are done, with this one, how many of them failed, how many are under way."""
    seen: list[Progress] = []
    outcomes = desk.calls([0, 1, 2, 3], concurrency=3, on_progress=seen.append)
    first = asked(outcomes)
    await desk.end(0, error=VideskError("refused"))
    await first
    assert seen == [Progress(done=1, failed=1, under_way=2, total=4)]
    await desk.end(1, 2)
    await settled()
    await anext(outcomes)
    assert seen[1:] == [Progress(done=2, failed=1, under_way=1, total=4)]
    await anext(outcomes)
    await desk.end(3)
    await anext(outcomes)
    assert seen[2:] == [
        Progress(done=3, failed=1, under_way=1, total=4),
        Progress(done=4, failed=1, under_way=0, total=4),
    ]
    assert [outcome async for outcome in outcomes] == []


@both
async def test_what_cannot_be_counted_has_no_total(given: Given) -> None:
    """A generator does not tell how long it is."""
    seen: list[Progress] = []
    outcomes = at_once(given(each for each in range(3)), on_progress=seen.append)
    assert len([outcome async for outcome in outcomes]) == 3
    assert [(progress.done, progress.total) for progress in seen] == [
        (1, None),
        (2, None),
        (3, None),
    ]


async def test_progress_is_told_in_the_task_that_asks() -> None:
    """So that it may touch what belongs to it."""
    tasks: set[asyncio.Task[Any] | None] = set()
    outcomes = at_once(range(3), on_progress=lambda _: tasks.add(asyncio.current_task()))
    assert len([outcome async for outcome in outcomes]) == 3
    assert tasks == {asyncio.current_task()}


@both
async def test_what_the_callback_raises_comes_out(desk: RequestHandler, given: Given) -> None:
    """It ends the iteration, as an exception in the body would."""

    def fail(_: Progress) -> None:
        raise BodyError

    items = given(itertools.count())  # likewise
    outcomes = desk.calls(items, on_progress=fail)
    first = asked(outcomes)
    await desk.end(1)
    with pytest.raises(BodyError):
        await first
    assert other_tasks() == set()
    assert desk.cancelled == {0, 2}


# -- the iterator itself --------------------------------------------------------------------------


async def test_awaiting_it_gives_it_back() -> None:
    """With `await` or without, it is the same."""
    outcomes = at_once(range(3))
    assert await outcomes is outcomes
    async for outcome in await at_once([7]):
        assert outcome.value == "7"
    async with outcomes as entered:
        assert entered is outcomes is aiter(outcomes)


async def test_an_iterator_that_is_not_iterated_says_so() -> None:
    """Whoever only awaits it would take the work for done; the warning names the line."""
    with pytest.warns(RuntimeWarning, match="call_many was never iterated") as told:
        await at_once(range(3))
    assert [warning.filename for warning in told] == [__file__]


async def test_an_iterator_that_is_closed_says_nothing() -> None:
    """Who closes it knows what was not done."""
    await at_once(range(3)).aclose()
    async with at_once(range(3)):
        pass


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ("64f1a2b3c4d5e6f7a8b9c0d1", "items='64f1a2b3c4d5e6f7a8b9c0d1': give an iterable"),
        (b"ids", "items=b'ids': give an iterable"),
        ({"name": "Support"}, "items={'name': 'Support'}: give an iterable"),
        (7, "items=7: give an iterable"),
        (None, "items=None: give an iterable"),
    ],
)
def test_what_is_no_iterable_of_items_is_refused(items: Any, words: str) -> None:
    """Strings and mappings are iterables, but of what nobody means."""
    with pytest.raises(InvalidRequestError) as caught:
        at_once(items)
    assert str(caught.value).startswith(words)
    assert caught.value.argument == "items"


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, None, "16"])
def test_a_wrong_concurrency_is_refused(concurrency: Any) -> None:
    """A whole number from 1 on."""
    with pytest.raises(InvalidRequestError) as caught:
        at_once([], concurrency=concurrency)
    assert caught.value.argument == "concurrency"


async def awaited_callback(_: Progress) -> None: ...


@pytest.mark.parametrize("on_progress", [7, "print", awaited_callback])
def test_a_wrong_callback_is_refused(on_progress: Any) -> None:
    """Nobody would await it."""
    with pytest.raises(InvalidRequestError) as caught:
        at_once([], on_progress=on_progress)
    assert caught.value.argument == "on_progress"
