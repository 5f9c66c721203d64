"""A stock of access tokens for blocking code: the same, from any thread."""

from __future__ import annotations

import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.waiting import wait_until
from videsk_rooms import AccessStock, APIError, AsyncAccessStock, ClosedError, Videsk

from .support import HOUR, operations, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sandbox import Sandbox

THREADS = 16


@pytest.fixture
def videsk(sandbox: Sandbox) -> Iterator[Videsk]:
    """A blocking client on the sandbox, not paced."""
    with Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as videsk:
        yield videsk


@pytest.fixture
def room(sandbox: Sandbox) -> str:
    """The id of a room that has been open for a while."""
    return str(sandbox.add_room(nbf=sandbox.now - HOUR)["id"])


def test_many_threads_take_each_a_token_of_their_own(
    sandbox: Sandbox, videsk: Videsk, room: str
) -> None:
    """Also those who come when it is empty."""
    with videsk.rooms.access_stock(room, size=100) as stock, ThreadPoolExecutor(THREADS) as threads:
        wait_until(lambda: stock.level == stock.size)
        assert operations(sandbox) == {"get": 1, "join": 99}
        taken = list(threads.map(lambda _: stock.take(), range(150)))
    assert len(tokens(taken)) == 150
    assert all(access.claims["room"] == room for access in taken)


def test_it_is_filled_while_nobody_calls(videsk: Videsk, room: str) -> None:
    """The loop of the client does it."""
    with videsk.rooms.access_stock(room, size=3) as stock:
        wait_until(lambda: stock.level == 3)
        stock.take()
        wait_until(lambda: stock.level == 3)


def test_an_update_throws_them_away(sandbox: Sandbox, videsk: Videsk, room: str) -> None:
    """Before it returns."""
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    with videsk.rooms.access_stock(room, size=3) as stock:
        wait_until(lambda: stock.level == 3)
        videsk.rooms.update(room, exp=exp)
        assert {stock.take().exp for _ in range(5)} == {exp}


def test_a_room_that_is_over_is_an_error_of_take(videsk: Videsk, room: str) -> None:
    """The real one."""
    videsk.rooms.end(room)
    with videsk.rooms.access_stock(room, size=3) as stock, pytest.raises(APIError):
        stock.take()


def test_after_the_block_nothing_is_to_be_had(videsk: Videsk, room: str) -> None:
    """As of the awaited one."""
    with videsk.rooms.access_stock(room, size=3) as stock:
        stock.take()
    assert stock.level == 0
    with pytest.raises(ClosedError, match="not open"):
        stock.take()


def test_the_client_may_be_closed_within_the_block(sandbox: Sandbox, room: str) -> None:
    """The end of the block is quiet then."""
    videsk = Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None)
    with videsk.rooms.access_stock(room, size=3) as stock:
        wait_until(lambda: stock.level == 3)
        videsk.close()
        with pytest.raises(ClosedError):
            stock.take()
    assert stock.level == 0


def test_it_tells_its_level_and_no_token(videsk: Videsk, room: str) -> None:
    """Under its own name."""
    with videsk.rooms.access_stock(room, size=2) as stock:
        wait_until(lambda: stock.level == 2)
        assert repr(stock) == f"AccessStock(room='{room}', level=2/2)"
        assert (stock.size, stock.level) == (2, 2)


def test_it_is_not_pickled(videsk: Videsk, room: str) -> None:
    """As of the awaited one."""
    with pytest.raises(TypeError, match="each token is handed out once"):
        pickle.dumps(videsk.rooms.access_stock(room, size=2))


def test_both_stocks_have_the_same_names() -> None:
    """Whoever knows one knows the other."""
    both = [
        {name for name in vars(kind) if not name.startswith("_")}
        for kind in (AsyncAccessStock, AccessStock)
    ]
    assert both[0] == both[1]
    assert inspect.getdoc(AsyncAccessStock.take) == inspect.getdoc(AccessStock.take)
