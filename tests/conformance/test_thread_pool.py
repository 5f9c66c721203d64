"""One blocking client in a pool of 64 threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.blocking.support import Relay, blocking_client
from tests.chaos.watch import watching
from tests.waiting import wait_until
from videsk_rooms import NotFoundError, Videsk

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

PLACE = "thread pool of 64"
THREADS = 64


@pytest.mark.shows(place=PLACE, what="calls")
def test_each_call_has_its_own_answer(blocking_once: Videsk) -> None:
    """Of 256 calls, four of each thread."""
    names = [str(number) for number in range(4 * THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        rooms = pool.map(lambda name: blocking_once.rooms.create(name=name), names)
        assert [room.name for room in rooms] == names


@pytest.mark.shows(place=PLACE, what="at once")
def test_calls_of_all_threads_run_side_by_side(sandbox: Sandbox) -> None:
    """Nobody had an answer before the calls of all had come."""
    with (
        Relay(sandbox.url) as relay,
        Videsk(sandbox.api_token, base_url=relay.url, rate_limit=None) as client,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        with relay.holding_answers():
            pages = pool.map(lambda _: client.rooms.list(), range(THREADS))
            wait_until(lambda: len(sandbox.requests) == THREADS)
        assert [page.total for page in pages] == [0] * THREADS


@pytest.mark.shows(place=PLACE, what="errors")
def test_each_error_reaches_its_own_caller(blocking_once: Videsk) -> None:
    """Whole, and with the room that this caller asked for."""
    ids = [f"{number:024x}" for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(blocking_once.rooms.get, room_id) for room_id in ids]
    for room_id, future in zip(ids, futures, strict=True):
        error = future.exception()
        assert isinstance(error, NotFoundError)
        assert (error.status, error.url.rpartition("/")[2]) == (404, room_id)
        assert [attempt.status for attempt in error.attempts] == [404]


@pytest.mark.shows(place=PLACE, what="leaves nothing")
def test_nothing_is_left(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """No thread, no descriptor, no word, no complaint of Python's."""
    findings: list[str] = []
    with (
        watching(findings),
        blocking_client(sandbox) as client,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        for future in [pool.submit(client.rooms.list) for _ in range(4 * THREADS)]:
            future.result()
    assert findings == []
    assert tuple(capfd.readouterr()) == ("", "")
