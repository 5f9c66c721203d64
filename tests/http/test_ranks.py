"""Which rank the requests of an operation have before the rate limit: who goes first."""

from __future__ import annotations

import asyncio
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pytest

from tests.ranks import recorded_ranks
from tests.retrying import LATE, client
from tests.waiting import until
from videsk_rooms import AsyncVidesk, ConfigurationError, Videsk
from videsk_rooms._ratelimit import Rank

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

    from videsk_rooms import RoomSpec
    from videsk_rooms.sandbox import Sandbox

    Operation: TypeAlias = Callable[[AsyncVidesk], Awaitable[object]]

FIRST, THEN = Rank.INTERACTIVE, Rank.CONTINUED
BEHIND, BEHIND_THEN = Rank.BACKGROUND, Rank.BACKGROUND_CONTINUED


@pytest.fixture
def ranks(monkeypatch: pytest.MonkeyPatch) -> list[Rank]:
    """The ranks of the requests of all clients that are made."""
    return recorded_ranks(monkeypatch)


@pytest.fixture
def room(sandbox: Sandbox) -> str:
    """The id of the only room."""
    return str(sandbox.add_room(external_id="there")["id"])


async def all_of(outcomes: AsyncIterable[Any]) -> None:
    async for _ in outcomes:
        pass


SPEC: RoomSpec = {}
ROOM = "64f1a2b3c4d5e6f7a8b9c0d1"
SINGLE: dict[str, Operation] = {
    "create": lambda videsk: videsk.rooms.create(),
    "get": lambda videsk: videsk.rooms.get(ROOM),
    "get_by_external_id": lambda videsk: videsk.rooms.get_by_external_id("there"),
    "get_or_create": lambda videsk: videsk.rooms.get_or_create("there"),
    "update": lambda videsk: videsk.rooms.update(ROOM, name="New"),
    "end": lambda videsk: videsk.rooms.end(ROOM),
    "delete": lambda videsk: videsk.rooms.delete(ROOM),
    "join": lambda videsk: videsk.rooms.join(ROOM),
    "stats": lambda videsk: videsk.rooms.stats(ROOM),
    "list": lambda videsk: videsk.rooms.list(),
    "request": lambda videsk: videsk.request("GET", "/vpaas/rooms"),
}
MANY: dict[str, Operation] = {
    "iter": lambda videsk: all_of(videsk.rooms.iter()),
    "create_many": lambda videsk: all_of(videsk.rooms.create_many([{}])),
    "update_many": lambda videsk: all_of(videsk.rooms.update_many([{"room": ROOM, "name": "New"}])),
    "delete_many": lambda videsk: all_of(videsk.rooms.delete_many([ROOM])),
    "join_many": lambda videsk: all_of(videsk.rooms.join_many([ROOM])),
}


async def asked(call: Awaitable[object]) -> None:
    """Make a call, whatever becomes of it."""
    await asyncio.gather(call, return_exceptions=True)


# -- the first request and those after it ---------------------------------------------------------


@pytest.mark.parametrize("operation", SINGLE)
async def test_a_call_is_interactive(operation: str, sandbox: Sandbox, ranks: list[Rank]) -> None:
    """Somebody waits for it, unless it is said otherwise; tried again, it ends first."""
    sandbox.faults.status(503)
    async with client(sandbox) as videsk:
        await asked(SINGLE[operation](videsk))
    assert ranks[:2] == [FIRST, THEN]
    assert set(ranks[2:]) <= {THEN}


@pytest.mark.parametrize("operation", SINGLE)
async def test_a_call_of_a_view_in_the_background_lets_others_go_first(
    operation: str, sandbox: Sandbox, ranks: list[Rank]
) -> None:
    """Whatever it does; begun, it goes before the others in the background."""
    sandbox.faults.status(503)
    async with client(sandbox) as videsk:
        await asked(SINGLE[operation](videsk.with_options(priority="background")))
    assert ranks[:2] == [BEHIND, BEHIND_THEN]
    assert set(ranks[2:]) <= {BEHIND_THEN}


@pytest.mark.parametrize("operation", MANY)
async def test_what_is_about_many_rooms_is_in_the_background(
    operation: str, sandbox: Sandbox, ranks: list[Rank]
) -> None:
    """Nobody waits for one of them; each is a call of its own, and begun, it ends first."""
    sandbox.faults.status(503)
    async with client(sandbox) as videsk:
        await asked(MANY[operation](videsk))
    assert ranks == [BEHIND, BEHIND_THEN]


@pytest.mark.parametrize("operation", MANY)
async def test_what_is_about_many_rooms_goes_first_where_the_view_says_so(
    operation: str, sandbox: Sandbox, ranks: list[Rank]
) -> None:
    """That it is set to the default differs from its not being set."""
    sandbox.faults.status(503)
    async with client(sandbox) as videsk:
        await asked(MANY[operation](videsk.with_options(priority="interactive")))
    assert ranks == [FIRST, THEN]


async def test_each_room_of_many_is_a_call_of_its_own(sandbox: Sandbox, ranks: list[Rank]) -> None:
    """None of them is ahead of what others wait for."""
    async with client(sandbox) as videsk:
        await all_of(videsk.rooms.create_many([SPEC] * 3))
    assert ranks == [BEHIND] * 3


async def test_each_page_is_a_call_of_its_own(sandbox: Sandbox, ranks: list[Rank]) -> None:
    """A listing of thousands of rooms holds nobody up."""
    sandbox.add_rooms(5)
    async with client(sandbox) as videsk:
        await all_of(videsk.rooms.iter(page_size=3))
    assert ranks == [BEHIND] * 2


async def test_a_stock_is_filled_in_the_background(
    sandbox: Sandbox, room: str, ranks: list[Rank]
) -> None:
    """What somebody waits for, because it is empty, is not."""
    async with client(sandbox) as videsk, videsk.rooms.access_stock(room, size=1) as stock:
        sandbox.faults.delay(LATE)
        await until(lambda: ranks)
        await stock.take()
        assert ranks == [BEHIND, FIRST]


# -- operations of several requests ---------------------------------------------------------------


@pytest.mark.videsk_sandbox(external_ids=False)
async def test_a_look_up_by_the_listing_goes_on(
    sandbox: Sandbox, room: str, ranks: list[Rank]
) -> None:
    """The path, the listing, the room."""
    async with client(sandbox) as videsk:
        found = await videsk.rooms.get_by_external_id("there")
    assert (found.id, ranks) == (room, [FIRST, THEN, THEN])


async def test_a_room_that_is_not_there_is_created_next(
    sandbox: Sandbox, ranks: list[Rank]
) -> None:
    """The path, the listing, the creation."""
    async with client(sandbox) as videsk:
        await videsk.rooms.get_or_create("new")
    assert ranks == [FIRST, THEN, THEN]


async def test_the_look_up_after_a_lost_answer_goes_on(sandbox: Sandbox, ranks: list[Rank]) -> None:
    """The creation, the same again, which is a 409, and the retrieval."""
    sandbox.faults.drop("after", on="create")
    async with client(sandbox) as videsk:
        await videsk.rooms.create()
    assert ranks == [FIRST, THEN, THEN]


async def test_the_look_after_a_refused_end_goes_on(
    sandbox: Sandbox, room: str, ranks: list[Rank]
) -> None:
    """The end, and whether the room is over already."""
    sandbox.faults.status(403, processed=True, on="update")
    async with client(sandbox) as videsk:
        assert (await videsk.rooms.end(room)).ended
    assert ranks == [FIRST, THEN]


async def test_a_renewal_goes_on(sandbox: Sandbox, ranks: list[Rank]) -> None:
    """The look-up, the change, and the retrieval with a token."""
    sandbox.add_room(external_id="over", exp=sandbox.now - timedelta(hours=1))
    async with client(sandbox) as videsk:
        assert (await videsk.rooms.get_or_create("over", renew=True)).is_open()
    assert ranks == [FIRST, THEN, THEN]


# -- views ----------------------------------------------------------------------------------------


async def test_a_view_of_a_view_keeps_its_priority(
    sandbox: Sandbox, room: str, ranks: list[Rank]
) -> None:
    """As it keeps all options that are not given."""
    async with client(sandbox) as videsk:
        await videsk.with_options(priority="background").with_options(timeout=9.0).rooms.get(room)
        await videsk.rooms.get(room)
    assert ranks == [BEHIND, FIRST]


async def test_a_pickled_view_keeps_its_priority(
    sandbox: Sandbox, room: str, ranks: list[Rank]
) -> None:
    """The process that it comes to works in the background, too."""
    videsk = client(sandbox).with_options(priority="background", secrets_in_pickles=True)
    async with pickle.loads(pickle.dumps(videsk)) as again:
        await again.rooms.get(room)
    assert ranks == [BEHIND]


def test_the_blocking_client_has_priorities(sandbox: Sandbox, room: str, ranks: list[Rank]) -> None:
    """The same, in the same words."""
    with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        videsk.rooms.get(room)
        videsk.with_options(priority="background").rooms.get(room)
        list(videsk.rooms.join_many([room]))
        list(videsk.with_options(priority="interactive").rooms.join_many([room]))
    assert ranks == [FIRST, BEHIND, BEHIND, FIRST]


@pytest.mark.parametrize("kind", [AsyncVidesk, Videsk])
@pytest.mark.parametrize("wrong", ["urgent", "Background", "", None, 1, b"background", []])
def test_another_priority_is_refused(kind: type[AsyncVidesk | Videsk], wrong: object) -> None:
    """The error names it, and both that there are."""
    videsk = kind("a-token")
    with pytest.raises(ConfigurationError) as refused:
        videsk.with_options(priority=cast("Any", wrong))
    text = str(refused.value)
    assert text.startswith(f"priority={wrong!r}: ")
    assert "'interactive'" in text
    assert "'background'" in text
