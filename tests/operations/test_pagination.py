"""Reading a listing to its end: order, one page ahead, changes under way, ends of every kind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.blocking.support import tasks_of
from tests.strategies import texts
from tests.waiting import PATIENCE, until, wait_until
from videsk_rooms import (
    Headers,
    InvalidRequestError,
    Response,
    ResponseError,
    Room,
    RoomPage,
    ServerError,
    TransportError,
    Videsk,
)
from videsk_rooms._operations.pagination import Reading, one_by_one, read_pages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from videsk_rooms import AsyncVidesk
    from videsk_rooms.sandbox import Sandbox


ANSWER = Response(200, Headers({}), b"", "GET", "https://api.videsk.io/vpaas/rooms", None, ())
"""What pages came by, for errors to tell of."""


def pages_asked(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Tell the `$skip` and `$limit` of every list that reached the sandbox."""
    queries = [dict(request.query) for request in sandbox.requests.of("list")]
    return [(int(query.get("$skip", 0)), int(query["$limit"])) for query in queries]


# -- on the sandbox -------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 25, 26, 99, 100])
async def test_every_room_comes_once_and_in_order(
    sandbox: Sandbox, once: AsyncVidesk, page_size: int
) -> None:
    """The oldest first, whatever the size of a page."""
    ids = sandbox.add_rooms(26)
    assert [room.id async for room in once.rooms.iter(page_size=page_size)] == list(ids)


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 199, 200])
async def test_listings_of_every_length_end(
    sandbox: Sandbox, once: AsyncVidesk, count: int
) -> None:
    """Full pages, rests, and nothing at all; no request is made for a page that cannot be."""
    ids = sandbox.add_rooms(count)
    assert [room.id async for room in once.rooms.iter()] == list(ids)
    assert len(pages_asked(sandbox)) == max(1, -(-(count - 1) // 99))


async def test_pages_overlap_by_one_room(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Each page begins with the last room of the one before."""
    sandbox.add_rooms(10)
    assert len([room async for room in once.rooms.iter(page_size=4)]) == 10
    assert pages_asked(sandbox) == [(0, 4), (3, 4), (6, 4)]


async def test_a_limit_that_the_server_lowers_hides_no_room(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """What the page holds counts, not what was asked for (docs/api.md, "On the wire")."""
    ids = [f"{number:024x}" for number in range(5)]
    for skip in range(0, 4, 1):
        rooms = ",".join(f'{{"id":"{room_id}"}}' for room_id in ids[skip : skip + 2])
        body = f'{{"total":5,"limit":2,"skip":{skip},"data":[{rooms}]}}'
        sandbox.faults.answer(200, body=body.encode(), on="list")
    assert [room.id async for room in once.rooms.iter(page_size=50)] == ids
    assert pages_asked(sandbox) == [(0, 50), (1, 50), (2, 50), (3, 50)]


@pytest.mark.parametrize("page_size", [0, 101, -1, True, "10"])
async def test_wrong_arguments_are_refused_where_the_caller_stands(
    sandbox: Sandbox, once: AsyncVidesk, page_size: Any
) -> None:
    """Not at the first room, where nobody looks for the mistake; and nothing is sent."""
    with pytest.raises(InvalidRequestError, match="page_size"):
        once.rooms.iter(page_size=page_size)
    with pytest.raises(InvalidRequestError, match="sort"):
        once.rooms.iter(sort="not a field")
    assert len(sandbox.requests) == 0


async def test_sort_and_filters_go_with_every_page(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """A second page of another listing would be of no use."""
    sandbox.add_rooms(5)
    rooms = once.rooms.iter(sort=["-created_at", "name"], ended=False, page_size=2)
    assert len([room async for room in rooms]) == 5
    sent = [
        [pair for pair in request.query if pair[0] not in {"$skip", "$limit"}]
        for request in sandbox.requests.of("list")
    ]
    assert len(sent) == 4
    expected = [("$sort[createdAt]", "-1"), ("$sort[name]", "1"), ("ended", "false")]
    assert sent == [expected] * 4


async def test_the_filter_by_external_id_goes_with_every_page(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Also where the server answers with more than one page of them."""
    for skip, data in enumerate(('{"id":"a"},{"id":"b"}', '{"id":"b"},{"id":"c"}')):
        body = f'{{"total":3,"limit":2,"skip":{skip},"data":[{data}]}}'
        sandbox.faults.answer(200, body=body.encode(), on="list")
    rooms = [room.id async for room in once.rooms.iter(external_id="ticket-1", page_size=2)]
    assert rooms == ["a", "b", "c"]
    sent = [dict(request.query)["externalId"] for request in sandbox.requests.of("list")]
    assert sent == ["ticket-1", "ticket-1"]


@pytest.mark.videsk_sandbox(deletion=True)
async def test_deleting_each_room_as_it_comes_hides_none(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Cleaning up is what listings are read for."""
    ids = sandbox.add_rooms(60)
    given = []
    async for room in once.rooms.iter(page_size=10):
        given.append(room.id)
        await once.rooms.delete(room)
    assert given == list(ids)
    assert sandbox.rooms == ()


@pytest.mark.videsk_sandbox(deletion=True)
def test_deleting_each_room_as_it_comes_hides_none_blocking(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """The blocking face reads in the same way."""
    ids = sandbox.add_rooms(60)
    for room in blocking_once.rooms.iter(page_size=10):
        blocking_once.rooms.delete(room)
        ids = tuple(room_id for room_id in ids if room_id != room.id)
    assert ids == ()


async def test_rooms_created_as_others_come_are_no_end_and_no_repetition(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """With the newest first, each new room moves all others; none comes twice."""
    before = sandbox.add_rooms(40)
    given = []
    async for room in once.rooms.iter(sort="-created_at", page_size=5):
        given.append(room.id)
        if len(given) % 2:
            sandbox.add_room()
    assert [room_id for room_id in given if room_id in before] == list(reversed(before))
    assert len(given) == len(set(given))


async def test_a_failing_page_fails_after_the_rooms_before_it(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """What was read is not lost to what could not be."""
    ids = sandbox.add_rooms(10)
    sandbox.faults.delay(0, on="list", times=2)
    sandbox.faults.status(503, on="list")
    rooms = once.rooms.iter(page_size=3)
    assert [(await rooms.__anext__()).id for _ in range(5)] == list(ids[:5])
    with pytest.raises(ServerError):
        await rooms.__anext__()
    assert [room async for room in rooms] == []  # an iterator that failed has ended


def test_a_failing_page_fails_after_the_rooms_before_it_blocking(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """The blocking iterator gives whole pages over, and loses none either."""
    ids = sandbox.add_rooms(10)
    sandbox.faults.delay(0, on="list", times=2)
    sandbox.faults.drop(on="list")
    given: list[str] = []
    with pytest.raises(TransportError):
        given.extend(room.id for room in blocking_once.rooms.iter(page_size=3))
    assert given == list(ids[:5])


# -- one page ahead, and what is left behind ------------------------------------------------------


async def test_the_next_page_is_fetched_while_this_one_is_consumed(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """The second page is under way with the first room given, the third not before it is needed."""
    sandbox.add_rooms(10)
    rooms = once.rooms.iter(page_size=4)
    await rooms.__anext__()
    await until(lambda: [request.status for request in sandbox.requests] == [200, 200])
    for _ in range(3):
        await rooms.__anext__()
    assert len(sandbox.requests) == 2  # the whole first page was consumed
    await rooms.__anext__()
    await until(lambda: len(sandbox.requests) == 3)
    await rooms.aclose()


async def test_nothing_is_fetched_before_the_first_room_is_asked_for(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """An iterator that nobody used has cost nothing."""
    rooms = once.rooms.iter()
    await rooms.aclose()
    assert len(sandbox.requests) == 0


class Pages:
    """A listing of which each page waits to be let go; knows which are under way."""

    def __init__(self, count: int, *, size: int = 2) -> None:
        self.rooms = tuple(Room(id=str(number)) for number in range(count))
        self.size = size
        self.asked: list[int] = []
        self.running = 0
        self.cancelled = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = asyncio.Event()

    async def fetch(self, skip: int) -> tuple[Response, RoomPage]:
        self.asked.append(skip)
        self.running += 1
        self.started.set()
        try:
            await asyncio.wait_for(self.gate.wait(), 30)  # lest a mistake hang the suite
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        rooms = self.rooms[skip : skip + self.size]
        return ANSWER, RoomPage(len(self.rooms), self.size, skip, rooms)

    def read(self) -> AsyncGenerator[Room, None]:
        return one_by_one(read_pages(self.fetch))

    async def read_one_and_let_the_next_hang(self) -> AsyncGenerator[Room, None]:
        """Take the first room; the second page is under way and stays so."""
        rooms = self.read()
        await rooms.__anext__()
        self.gate.clear()
        self.started.clear()
        await self.started.wait()
        assert self.running == 1
        return rooms


def others() -> set[asyncio.Task[Any]]:
    """Tell the tasks of this loop but the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_no_more_than_one_page_is_ahead() -> None:
    """However long the consumer takes, the third page waits for the second to be begun."""
    pages = Pages(9, size=3)
    rooms = pages.read()
    asked = []
    async for _ in rooms:
        for _ in range(20):
            await asyncio.sleep(0)  # time enough for whatever would run ahead
        asked.append(len(pages.asked))
    # 3 rooms of the first page, 2 new ones of each further one.
    assert asked == [2, 2, 2, 3, 3, 4, 4, 4, 4]


@pytest.mark.parametrize(("limit", "asked"), [(1, [0]), (3, [0]), (4, [0, 2]), (99, [0, 2, 4, 6])])
async def test_a_limit_ends_the_reading(limit: int, asked: list[int]) -> None:
    """As many rooms as asked for, and no page for more."""
    pages = Pages(9, size=3)
    rooms = [room.id async for room in one_by_one(read_pages(pages.fetch, limit))]
    assert rooms == [str(number) for number in range(min(limit, 9))]
    assert pages.asked == asked


async def test_iter_takes_a_limit(async_videsk: AsyncVidesk, videsk_sandbox: Sandbox) -> None:
    """Below a page, the page is as small."""
    for number in range(7):
        videsk_sandbox.add_room(name=str(number))
    names = [room.name async for room in async_videsk.rooms.iter(limit=3)]
    assert names == ["0", "1", "2"]
    assert pages_asked(videsk_sandbox) == [(0, 3)]
    assert len([room async for room in async_videsk.rooms.iter(limit=6, page_size=2)]) == 6


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "3"])
async def test_a_wrong_limit_is_refused(async_videsk: AsyncVidesk, limit: Any) -> None:
    """At the call, before anything is sent."""
    with pytest.raises(InvalidRequestError, match="limit="):
        async_videsk.rooms.iter(limit=limit)


async def test_the_next_room_waits_for_the_page_under_way() -> None:
    """It is not asked for twice."""
    pages = Pages(4)
    rooms = await pages.read_one_and_let_the_next_hang()
    await rooms.__anext__()
    waiting = asyncio.ensure_future(rooms.__anext__())
    await asyncio.sleep(0)
    assert (pages.asked, waiting.done()) == ([0, 1], False)
    pages.gate.set()
    assert (await waiting).id == "2"
    await rooms.aclose()


async def test_closing_cancels_the_page_under_way() -> None:
    """No task and no request is left running."""
    pages = Pages(9)
    rooms = await pages.read_one_and_let_the_next_hang()
    await rooms.aclose()
    assert (pages.running, pages.cancelled, others()) == (0, 1, set())
    with pytest.raises(StopAsyncIteration):
        await rooms.__anext__()
    await rooms.aclose()  # closing twice is no mistake


async def test_leaving_a_loop_within_aclosing_closes() -> None:
    """The standard library's way to leave early."""
    pages = Pages(9)
    async with contextlib.aclosing(pages.read()) as rooms:
        async for _ in rooms:
            break
    assert (pages.running, others()) == (0, set())


async def test_closing_in_a_cancelled_scope_closes() -> None:
    """Anyio cancels again in each turn of the loop; the page ends, however long it takes to."""
    pages, tidied = Pages(9), asyncio.Event()

    async def fetch(skip: int) -> tuple[Response, RoomPage]:
        try:
            return await pages.fetch(skip)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            tidied.set()
            raise

    rooms = one_by_one(read_pages(fetch))
    await rooms.__anext__()
    pages.gate.clear()
    await rooms.__anext__()
    await until(lambda: pages.running)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await rooms.aclose()
    assert tidied.is_set()
    assert others() == set()


async def test_leaving_a_loop_with_break_leaves_nothing_running() -> None:
    """An iterator that nobody holds any more closes itself."""
    pages = Pages(9)
    pages.started.clear()
    async for _ in await pages.read_one_and_let_the_next_hang():
        break
    gc.collect()
    await until(lambda: not pages.running and not others())  # closed by a task of its own
    assert pages.cancelled == 1


async def test_an_iterator_that_the_collector_finds_is_closed_silently(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As where a kept error refers to it; what it consists of is found at the same time."""
    pages = Pages(9)
    rooms = await pages.read_one_and_let_the_next_hang()
    await rooms.__anext__()
    circle: list[object] = [rooms]
    circle.append(circle)
    del rooms, circle
    gc.collect()
    await until(lambda: not pages.running and not others())
    gc.collect()
    assert (pages.cancelled, caplog.records) == (1, [])


async def test_a_cancelled_reader_takes_the_page_under_way_with_it() -> None:
    """Who is cancelled while waiting for a room leaves no request behind."""
    pages = Pages(9)
    rooms = await pages.read_one_and_let_the_next_hang()
    await rooms.__anext__()
    reader = asyncio.ensure_future(rooms.__anext__())
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert (pages.running, pages.cancelled, others()) == (0, 1, set())


@pytest.mark.parametrize("waits_to_be_cancelled", [False, True])
async def test_a_page_that_fails_when_nobody_waits_for_it_is_not_reported(
    caplog: pytest.LogCaptureFixture, waits_to_be_cancelled: bool
) -> None:
    """Neither one that failed before closing, nor one that answers cancelling with an error."""
    pages = Pages(9)
    under_way = asyncio.Event()

    async def fetch(skip: int) -> tuple[Response, RoomPage]:
        if not skip:
            return await pages.fetch(skip)
        under_way.set()
        try:
            await asyncio.sleep(30 if waits_to_be_cancelled else 0)
        finally:
            raise ValueError("nobody waits for this")

    rooms = one_by_one(read_pages(fetch))
    await rooms.__anext__()
    await under_way.wait()
    await asyncio.sleep(0)
    await rooms.aclose()
    gc.collect()
    assert (others(), caplog.records) == (set(), [])


async def test_what_is_thrown_into_the_iterator_comes_out_and_closes() -> None:
    """As from any asynchronous generator."""
    for thrown in (ValueError("x"), ValueError):
        pages = Pages(9)
        rooms = await pages.read_one_and_let_the_next_hang()
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - it is the very one
            await rooms.athrow(thrown)
        assert caught.value is thrown or caught.value.args == ()
        assert (pages.running, others()) == (0, set())


def test_break_closes_the_blocking_iterator(sandbox: Sandbox, blocking_once: Videsk) -> None:
    """The page under way is cancelled."""
    sandbox.add_rooms(10)
    sandbox.faults.delay(0, on="list")
    sandbox.faults.delay(60, on="list")
    for _ in blocking_once.rooms.iter(page_size=3):
        break
    nothing_runs_in(blocking_once)
    assert blocking_once.rooms.list(limit=1).total == 10  # the client goes on


def test_closing_the_blocking_iterator_ends_it(sandbox: Sandbox, blocking_once: Videsk) -> None:
    """It is a generator like any other."""
    sandbox.add_rooms(10)
    rooms = blocking_once.rooms.iter(page_size=3)
    next(rooms)
    rooms.close()
    assert list(rooms) == []
    nothing_runs_in(blocking_once)


def nothing_runs_in(videsk: Videsk) -> None:
    """Wait until nothing runs in the client's loop; the request that was left takes longer."""
    wait_until(lambda: tasks_of(videsk) == [], PATIENCE / 2)


# -- changes under way ----------------------------------------------------------------------------


class Listing:
    """A server's list of numbers, read through `Reading`, changed between any two fetches."""

    def __init__(
        self,
        numbers: Sequence[int],
        limit: int,
        *,
        told: int | None = None,
        total: int | None = None,
    ) -> None:
        self.numbers = list(numbers)
        self.limit = limit
        self.told = limit if told is None else told
        self.total = total
        self.fetches = 0
        self.given: list[int] = []
        self._reading = Reading()
        self._skip: int | None = 0

    def read(self, change: Callable[[Listing], None], *, most: int = 100_000) -> None:
        """Read to the end; `change` is called after each fetch."""
        while self._skip is not None:
            self.fetches += 1
            assert self.fetches <= most, "reading does not end"
            data = self.numbers[self._skip : self._skip + self.limit]
            rooms = tuple(Room(id=str(number)) for number in data)
            total = len(self.numbers) if self.total is None else self.total
            page = RoomPage(total, self.told, self._skip, rooms)
            fresh, self._skip = self._reading.take(ANSWER, page)
            self.given += [int(room.id) for room in fresh]
            change(self)


def ten_apart(count: int) -> list[int]:
    """Numbers with room between them."""
    return list(range(0, count * 10, 10))


changes = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["create", "delete", "delete before"]), st.integers(0, 400)),
        max_size=6,
    ),
    max_size=25,
)


@given(st.integers(0, 40), st.integers(2, 12), changes)
def test_rooms_that_stay_come_once_whatever_others_do(
    count: int, limit: int, script: list[list[tuple[str, int]]]
) -> None:
    """A room that is there from the first page to the last is given, once, and in order."""
    listing = Listing(ten_apart(count), limit)
    stay = set(listing.numbers)
    steps: Iterator[list[tuple[str, int]]] = iter(script)

    def change(listing: Listing) -> None:
        for what, number in next(steps, []):
            if what == "create" and number not in listing.numbers and number % 10:
                listing.numbers = sorted([*listing.numbers, number])
            elif what != "create" and listing.numbers:
                # Most of what is deleted in practice was read before.
                end = len(listing.given) if what == "delete before" else len(listing.numbers)
                place = number % max(min(end, len(listing.numbers)), 1)
                stay.discard(listing.numbers.pop(place))

    listing.read(change)
    assert len(listing.given) == len(set(listing.given))
    kept = [number for number in listing.given if number in stay]
    assert kept == sorted(stay)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("limit", "churn", "births"), [(2, 3, 0.5), (10, 20, 0.5), (100, 60, 0.1)])
def test_rooms_that_stay_come_once_in_long_listings(
    seed: int, limit: int, churn: int, births: float
) -> None:
    """A thousand rooms, and something changes after every page."""
    chance = random.Random(seed)
    listing = Listing(ten_apart(200 if limit == 2 else 1000), limit)
    stay = set(listing.numbers)

    def change(listing: Listing) -> None:
        for _ in range(chance.randrange(churn)):
            if chance.random() < births:
                number = chance.randrange(10_000)
                if number % 10 and number not in listing.numbers:
                    listing.numbers = sorted([*listing.numbers, number])
            elif listing.numbers:
                gone = listing.numbers.pop(chance.randrange(len(listing.numbers)))
                stay.discard(gone)

    listing.read(change)
    assert len(listing.given) == len(set(listing.given))
    assert [number for number in listing.given if number in stay] == sorted(stay)


@pytest.mark.parametrize("limit", [2, 10, 100])
@pytest.mark.parametrize("share", [1, 2, 3])
def test_deleting_what_was_given_costs_no_more_than_two_fetches_a_page(
    limit: int, share: int
) -> None:
    """One finds the order moved, one finds the place: `total` tells how far."""
    listing = Listing(ten_apart(1000), limit)
    expected = list(listing.numbers)
    done = 0

    def change(listing: Listing) -> None:
        nonlocal done
        fresh, done = listing.given[done:], len(listing.given)
        listing.numbers = [n for n in listing.numbers if n not in set(fresh[::share])]

    listing.read(change)
    assert listing.given == expected
    assert listing.fetches <= 2 * (1000 // (limit - 1) + 2)


def test_pages_that_hold_less_than_they_say_hide_no_room() -> None:
    """How long reading keeps looking goes by the rooms that come, not by the page's `limit`."""
    listing = Listing(ten_apart(1000), 10, told=100)
    expected = list(listing.numbers)

    def delete_what_was_given(listing: Listing) -> None:
        given = set(listing.given)
        listing.numbers = [number for number in listing.numbers if number not in given]

    listing.read(delete_what_was_given)
    assert listing.given == expected


@pytest.mark.parametrize(("count", "limit"), [(1000, 100), (200, 10), (100, 2)])
@pytest.mark.parametrize("seed", range(5))
def test_a_server_without_an_order_is_read_to_an_end(count: int, limit: int, seed: int) -> None:
    """Nothing can be promised of what comes, but it comes once, and the end comes too."""
    chance = random.Random(seed)
    listing = Listing(range(count), limit)
    listing.read(lambda listing: chance.shuffle(listing.numbers), most=bound(count, limit))
    assert len(listing.given) == len(set(listing.given))


def test_a_server_that_names_its_rooms_anew_each_time_is_read_to_an_end() -> None:
    """Not one room is ever seen again, so that no page ever meets the one before."""
    listing = Listing(range(1000), 100)

    def rename(listing: Listing) -> None:
        listing.numbers = [number + 1000 for number in listing.numbers]

    listing.read(rename, most=bound(1000, 100))


def bound(count: int, limit: int) -> int:
    """How many fetches are too many: eight times the pages, a reserve, and once to the end."""
    pages = count // (limit - 1) + 1
    return 8 * (pages + 8) + pages


@pytest.mark.parametrize("total", [0, 3, 10**12])
def test_a_wrong_total_does_not_keep_reading_for_ever(total: int) -> None:
    """Pages that are empty are the end, whatever the server counts."""
    listing = Listing(range(6), 3, total=total)
    listing.read(lambda _: None, most=20)
    assert listing.given == list(range(3 if total == 3 else 6))


def test_a_room_that_a_page_has_twice_is_given_once() -> None:
    """Nothing twice, also where the server itself repeats."""
    listing = Listing([1, 1, 2, 2, 3, 1], 4)
    listing.read(lambda _: None, most=20)
    assert listing.given == [1, 2, 3]


def test_a_listing_that_empties_under_way_ends() -> None:
    """Everything is deleted after the first page."""
    listing = Listing(ten_apart(10), 3)
    listing.read(lambda listing: listing.numbers.clear(), most=10)
    assert listing.given == [0, 10, 20]


# -- servers that do not page ---------------------------------------------------------------------


def read_from(
    serve: Callable[[int, int], tuple[int, Sequence[int]]], *, most: int = 200
) -> tuple[list[int], ResponseError | None, int]:
    """Read a server that answers the n-th request for a position by a total and numbers.

    Returns:
        What was given, the error at the end, and how many requests it took.
    """
    reading, given = Reading(), list[int]()
    position: int | None = 0
    requests = 0
    while position is not None:
        assert requests < most, "reading does not end"
        total, numbers = serve(position, requests)
        rooms = tuple(Room(id=str(number)) for number in numbers)
        requests += 1
        try:
            fresh, position = reading.take(ANSWER, RoomPage(total, 100, position, rooms))
        except ResponseError as error:
            return given, error, requests
        given += [int(room.id) for room in fresh]
    return given, None, requests


@pytest.mark.parametrize("total", [101, 150, 50_000, 10**12])
def test_a_server_that_ignores_skip_is_an_error(total: int) -> None:
    """Neither a listing of 100 rooms with a normal end, nor one without any."""
    given, error, requests = read_from(lambda _, __: (total, range(100)))
    assert given == list(range(100))
    assert error is not None
    assert error.path == "data"
    assert "the same rooms at $skip=99 as at $skip=0: the server ignores $skip" in str(error)
    assert requests == 4


def test_a_server_that_ignores_skip_and_counts_more_each_time_is_an_error() -> None:
    """The total may grow for ever, as if the rooms had moved."""
    given, error, _ = read_from(lambda _, turn: (1000 * (turn + 1), range(100)))
    assert given == list(range(100))
    assert "holds no new room" in str(error)


def test_a_server_that_ignores_skip_and_shuffles_is_an_error() -> None:
    """The same rooms in another order are the same rooms."""
    chance = random.Random(1)
    _, error, _ = read_from(lambda _, __: (500, chance.sample(range(100), 100)))
    assert "ignores $skip" in str(error)


def test_a_server_that_repeats_a_page_under_way_is_an_error() -> None:
    """Whatever lies beyond cannot be read."""
    given, error, _ = read_from(lambda skip, _: (1000, range(min(skip, 300), min(skip, 300) + 100)))
    assert given[:300] == list(range(300))
    assert error is not None


def test_a_server_that_gives_two_pages_in_turn_is_an_error() -> None:
    """No page is like the one before, and none is new."""
    given, error, _ = read_from(
        lambda _, turn: (10**9, range(100) if turn % 2 else range(99, 199)), most=500
    )
    assert len(given) < 200
    assert "holds no new room" in str(error)


def test_a_server_that_never_shows_a_seen_room_and_no_new_one_is_an_error() -> None:
    """Only what is read at the start counts as given, the rest is stepped back from."""
    given, error, _ = read_from(
        lambda skip, turn: (10**12, range(100) if skip == 0 else [-turn, *range(99)]), most=500
    )
    assert given == list(range(100))
    assert error is not None


@pytest.mark.parametrize("told", [0, 98, 100, -99, 10**18])
def test_a_page_that_begins_elsewhere_is_an_error(told: int) -> None:
    """A server that clamps `$skip` says so: its `skip` is not the one that was asked for."""
    reading = Reading()
    rooms = tuple(Room(id=str(number)) for number in range(100))
    reading.take(ANSWER, RoomPage(1000, 100, 0, rooms))
    with pytest.raises(ResponseError, match=r"though \$skip=99 was asked for") as caught:
        reading.take(ANSWER, RoomPage(1000, 100, told, rooms))
    assert caught.value.path == "skip"


def test_an_empty_page_in_the_middle_is_an_error() -> None:
    """Behind it there are rooms that nobody would hear of."""
    given, error, requests = read_from(
        lambda skip, _: (1000, [] if 500 <= skip < 600 else range(skip, min(skip + 100, 1000)))
    )
    assert given == list(range(595))
    assert "is empty at $skip=594, though it counts 1000 rooms" in str(error)
    assert requests < 12


def test_a_total_that_counts_rooms_that_nobody_sees_is_the_end() -> None:
    """A server may estimate it: at its last place there is none either."""
    given, error, requests = read_from(lambda skip, _: (900, range(skip, min(skip + 100, 500))))
    assert (given, error) == (list(range(500)), None)
    assert requests < 10


def test_rooms_that_are_deleted_while_an_empty_page_is_looked_at_hide_none() -> None:
    """A total counted before they were deleted, and a page read after it."""
    numbers = list(range(300))

    def serve(skip: int, turn: int) -> tuple[int, Sequence[int]]:
        total = len(numbers)
        if turn == 1:
            del numbers[:250]
        return total, numbers[skip : skip + 100]

    given, error, _ = read_from(serve)
    assert (sorted(given), error) == ([*range(100), *range(250, 300)], None)


def test_a_page_longer_than_asked_for_is_read() -> None:
    """A server without a limit gives all at once."""
    given, error, _ = read_from(lambda skip, _: (700, range(skip, 700)))
    assert (given, error) == (list(range(700)), None)


async def test_iter_ends_with_an_error_where_skip_is_ignored(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """After the rooms of the first page, and few requests."""
    ids = sandbox.add_rooms(3)
    rooms = ",".join(f'{{"id":"{room_id}"}}' for room_id in ids)
    body = f'{{"total":9,"limit":3,"skip":0,"data":[{rooms}]}}'
    sandbox.faults.answer(200, body=body.encode(), on="list", times=None)
    listing = once.rooms.iter(page_size=3)
    assert [(await listing.__anext__()).id for _ in ids] == list(ids)
    with pytest.raises(ResponseError, match=r"begins after 0 rooms, though \$skip=2"):
        await listing.__anext__()
    assert len(pages_asked(sandbox)) == 2


async def test_a_look_up_ends_with_an_error_where_skip_is_ignored(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """It reads pages by the same rules."""
    body = b'{"total":9,"limit":1,"skip":0,"data":[{"id":"a","externalId":"b"}]}'
    sandbox.faults.answer(200, body=body, on="list", times=None)
    with pytest.raises(ResponseError, match=r"\$skip=1 was asked for"):
        await once.rooms.get_by_external_id("ticket-1")
    assert len(pages_asked(sandbox)) == 2


@given(st.lists(texts, unique=True, max_size=30), st.integers(1, 12))
async def test_batches_give_each_item_and_no_empty_batch(ids: list[str], limit: int) -> None:
    """A batch is a page's new rooms."""

    async def fetch(skip: int) -> tuple[Response, RoomPage]:
        data = tuple(Room(id=room_id) for room_id in ids[skip : skip + limit])
        return ANSWER, RoomPage(len(ids), limit, skip, data)

    batches = [batch async for batch in read_pages(fetch)]
    assert all(batches)
    assert [room.id for batch in batches for room in batch] == ids
