"""Closing an awaited client: to its end, whoever cancels it, and with all its views."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, NoReturn

import aiohttp
import anyio
import pytest

from tests import inside
from tests.inside import nothing_is_left
from tests.retrying import FAST, LATE, client, outcome_of
from tests.waiting import until
from videsk_rooms import AsyncVidesk, ClosedError, OutcomeUnknownError, RateLimit, Videsk
from videsk_rooms._ratelimit import Rank

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox


async def closed_by_a_task(videsk: AsyncVidesk, turns: int) -> None:
    """Cancel the task that closes a client after so many turns of the loop."""
    closing = asyncio.ensure_future(videsk.close())
    for _ in range(turns):
        await asyncio.sleep(0)
    accepted = closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled() is accepted


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_cancelled_close_has_closed_all(
    sandbox: Sandbox, tmp_path: Path, turns: int
) -> None:
    """Wherever it was cancelled; and who cancelled it is told so."""
    shared = RateLimit(shared=f"file:{tmp_path / 'limit'}")
    videsk = client(sandbox, rate_limit=shared)
    view = videsk.with_options(rate_limit=RateLimit(shared=f"file:{tmp_path / 'other'}"))
    await videsk.rooms.list()
    await view.rooms.list()
    sessions = inside.sessions(videsk)
    call = asyncio.ensure_future(outcome_of(view.rooms.list()))
    await asyncio.sleep(0)
    await closed_by_a_task(videsk, turns)
    assert isinstance(await call, ClosedError)
    assert sessions
    assert all(session.closed for session in sessions)
    for each in (videsk, view):
        with pytest.raises(ClosedError):
            await inside.limiter(each).acquire(Rank.INTERACTIVE, "rooms.list")
    nothing_is_left(videsk)


async def test_a_close_in_a_cancelled_scope_closes_all(sandbox: Sandbox) -> None:
    """As at the end of an `async with` in a task group that is being cancelled."""
    sessions: list[Any] = []
    with anyio.CancelScope() as scope:
        async with client(sandbox) as videsk:
            await videsk.rooms.list()
            sessions = inside.sessions(videsk)
            scope.cancel()
    assert all(session.closed for session in sessions)


async def test_a_close_whose_own_task_was_cancelled_may_be_called_again(sandbox: Sandbox) -> None:
    """An ending loop cancels every task, also the one that closes; what is left is closed then."""
    videsk = client(sandbox)
    began, end = threading.Event(), threading.Event()

    async def call_elsewhere() -> None:
        await videsk.rooms.list()
        began.set()
        await until(end.is_set)

    thread = threading.Thread(target=lambda: asyncio.run(call_elsewhere()))
    thread.start()
    await videsk.rooms.list()
    await until(began.is_set)
    sessions = inside.sessions(videsk)
    assert len(sessions) == 2
    before = asyncio.all_tasks()
    closing = asyncio.ensure_future(videsk.close())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await asyncio.wait([closing])
    await videsk.close()
    end.set()
    thread.join(LATE)
    assert all(session.closed for session in sessions)
    assert not inside.sessions(videsk)


@pytest.fixture
async def with_a_file(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[AsyncVidesk]:
    """A client that is paced by a file."""
    async with client(sandbox, rate_limit=RateLimit(shared=f"file:{tmp_path / 'limit'}")) as videsk:
        yield videsk


async def test_views_made_in_threads_while_closing_are_closed_alike(
    with_a_file: AsyncVidesk, tmp_path: Path
) -> None:
    """None crashes, and none sends a request."""
    views: list[AsyncVidesk] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def make_views() -> None:
        number = 0
        while not ended.is_set() and number < 3_000:
            number += 1
            try:
                shared = f"file:{tmp_path / 'view'}"
                views.append(with_a_file.with_options(rate_limit=RateLimit(shared=shared)))
            except BaseException as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=make_views) for _ in range(4)]
    for thread in threads:
        thread.start()
    await until(lambda: len(views) > 20)
    await with_a_file.close()
    made = len(views)
    await until(lambda: len(views) > made + 20 or not any(each.is_alive() for each in threads))
    ended.set()
    for thread in threads:
        thread.join()
    assert not errors
    for view in views:
        with pytest.raises(ClosedError):
            await view.rooms.list()


def test_views_made_in_threads_while_the_blocking_client_closes(sandbox: Sandbox) -> None:
    """Their calls end with an answer or a `ClosedError`, and none hangs."""
    odd: list[BaseException] = []
    begun = threading.Event()

    def call_in_views() -> None:
        try:
            for number in range(1_000):
                limit = RateLimit(requests=1_000 + number)
                videsk.with_options(rate_limit=limit, timeout=LATE).rooms.list()
                begun.set()
        except ClosedError:
            pass
        except BaseException as error:
            odd.append(error)

    videsk = Videsk(sandbox.api_token, base_url=sandbox.url, retry=FAST)
    threads = [threading.Thread(target=call_in_views) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(LATE)
    videsk.close()
    for thread in threads:
        thread.join(LATE)
    assert not any(thread.is_alive() for thread in threads)
    assert not odd


@pytest.mark.parametrize("operation", ["create", "list"])
async def test_closing_in_another_thread_tells_what_may_have_been_done(
    sandbox: Sandbox, operation: str
) -> None:
    """A create that was sent may have made its room; a read changes nothing."""
    sandbox.faults.delay(LATE)
    videsk = client(sandbox, timeout=None)
    call: Any = getattr(videsk.rooms, operation)
    calling = asyncio.ensure_future(outcome_of(call(external_id="ticket-1")))
    await until(lambda: sandbox.requests)
    thread = threading.Thread(target=lambda: asyncio.run(videsk.close()))
    thread.start()
    error = await calling
    await asyncio.to_thread(thread.join)
    assert isinstance(error, ClosedError)
    assert error.outcome_unknown is (operation == "create")


async def test_a_request_that_a_session_cancels_by_itself_cancels_no_call(sandbox: Sandbox) -> None:
    """A `CancelledError` of a middleware is an answer that was lost, and the client stays open."""

    async def give_up(_: aiohttp.ClientRequest, __: aiohttp.ClientHandlerType) -> NoReturn:
        raise asyncio.CancelledError

    async with aiohttp.ClientSession(middlewares=(give_up,)) as session:
        videsk = client(sandbox, session=session)
        error = await outcome_of(videsk.rooms.create(external_id="ticket-1"))
        assert isinstance(error, OutcomeUnknownError)
        assert error.external_id == "ticket-1"
