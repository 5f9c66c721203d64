"""Where a loop is running already: in a notebook, in a coroutine, in the client's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from tests.blocking.support import Thread, blocking_client
from videsk_rooms import AsyncVidesk, Hooks, InvalidRequestError, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from videsk_rooms import Videsk
    from videsk_rooms.sandbox import Sandbox

LATE = 20.0
KNOWINGLY = pytest.mark.filterwarnings("ignore:Videsk was called in a coroutine:RuntimeWarning")


@KNOWINGLY
async def test_in_a_coroutine(sandbox: Sandbox, client: Videsk) -> None:
    """It blocks the loop that is running, as it says, and works."""
    room = client.rooms.create(external_id="ticket-1")
    assert [found.id for found in client.rooms.iter()] == [room.id]
    assert asyncio.get_running_loop().is_running()


@KNOWINGLY
async def test_in_a_callback(client: Videsk) -> None:
    """A callback of the running loop may call it too."""
    answered = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: answered.set_result(client.rooms.list().total))
    assert await answered == 0


async def test_in_threads_of_a_coroutine(sandbox: Sandbox, client: Videsk) -> None:
    """In threads of its own the running loop goes on meanwhile."""
    ids = sandbox.add_rooms(8)
    rooms = await asyncio.gather(*(asyncio.to_thread(client.rooms.get, one) for one in ids))
    assert [room.id for room in rooms] == list(ids)


@KNOWINGLY
def test_in_loops_that_come_and_go(client: Videsk) -> None:
    """A client belongs to no loop but its own: the callers' may end and others begin."""

    async def ask() -> int:
        return client.rooms.list().total

    def ask_in_a_loop() -> int:
        return asyncio.run(ask())

    assert [asyncio.run(ask()) for _ in range(2)] == [0, 0]
    assert [thread.result() for thread in [Thread(ask_in_a_loop) for _ in range(4)]] == [0] * 4


@KNOWINGLY
async def test_beside_an_awaited_client(sandbox: Sandbox, client: Videsk) -> None:
    """Both faces can be used in the same coroutine."""
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None
    ) as awaited:
        room = await awaited.rooms.create()
        assert client.rooms.get(room).id == (await awaited.rooms.get(room)).id


# -- the warning ----------------------------------------------------------------------------------


async def test_a_coroutine_is_told_of_the_awaited_client(client: Videsk) -> None:
    """The warning names the awaited client, and the line that should use it; it comes once."""
    with pytest.warns(RuntimeWarning, match="use AsyncVidesk") as told:
        client.rooms.list()
    client.with_options(timeout=5).rooms.list()  # as an error, a second one would be raised
    assert [warning.filename for warning in told] == [__file__]


async def test_an_iteration_in_a_coroutine_is_told_likewise(client: Videsk) -> None:
    """So does an iteration, which calls as it goes."""
    with pytest.warns(RuntimeWarning, match="use AsyncVidesk") as told:
        assert list(client.rooms.iter()) == []
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.usefixtures("notebook")
async def test_a_notebook_is_told_nothing(client: Videsk) -> None:
    """The loop of a notebook has nothing else to do while a cell runs."""
    assert client.rooms.list().total == 0


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shell of IPython in this process, as a notebook's kernel has one."""
    from IPython.core.interactiveshell import InteractiveShell

    # Its history and profile would go into the home of whoever runs the suite.
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


def test_where_no_loop_runs_nothing_is_told(client: Videsk) -> None:
    """Plain code is what the blocking client is for."""
    assert client.rooms.list().total == 0


# -- in a callable that gives the token -----------------------------------------------------------


def asked_awaitably(call: Callable[[], object], token: str) -> Callable[[], object]:
    async def ask() -> str:
        call()
        return token

    return ask


def asked_plainly(call: Callable[[], object], token: str) -> Callable[[], object]:
    def ask() -> str:
        call()
        return token

    return ask


@pytest.mark.parametrize("asked", [asked_awaitably, asked_plainly])
def test_its_own_client_in_a_callable(
    sandbox: Sandbox, asked: Callable[[Callable[[], object], str], Callable[[], object]]
) -> None:
    """It would wait for itself for ever; the error says so, and what to do."""
    clients: list[Videsk] = []
    ask = asked(lambda: clients[0].rooms.list(), sandbox.api_token)
    with blocking_client(sandbox, api_token=ask) as client:
        clients.append(client)
        with pytest.raises(RuntimeError, match="callable given as api_token"):
            Thread(client.rooms.list).result()
    assert len(sandbox.requests) == 0


@KNOWINGLY
@pytest.mark.parametrize("asked", [asked_awaitably, asked_plainly])
def test_another_client_in_a_callable(
    sandbox: Sandbox, asked: Callable[[Callable[[], object], str], Callable[[], object]]
) -> None:
    """A client with a loop and a token of its own may be asked for the token."""
    with blocking_client(sandbox) as other:
        ask = asked(other.rooms.list, sandbox.api_token)
        with blocking_client(sandbox, api_token=ask) as client:
            assert client.rooms.list().total == 0
    assert len(sandbox.requests) == 2


def test_a_view_with_another_token_in_a_plain_callable(sandbox: Sandbox) -> None:
    """It waits for no token, and the callable runs beside the loop, so the loop can answer."""
    clients: list[Videsk] = []

    def ask() -> str:
        clients[0].with_options(api_token=sandbox.api_token).rooms.list()
        return sandbox.api_token

    with blocking_client(sandbox, api_token=ask) as client:
        clients.append(client)
        assert client.rooms.list().total == 0
    assert len(sandbox.requests) == 2


TENANT: contextvars.ContextVar[str] = contextvars.ContextVar("tenant")


@pytest.mark.parametrize("awaitably", [True, False])
def test_a_callable_sees_the_context_of_the_caller(sandbox: Sandbox, awaitably: bool) -> None:
    """Context variables go along into the loop, and what is set there stays there."""
    tenants: list[str] = []

    def look() -> None:
        tenants.append(TENANT.get())
        TENANT.set("changed")

    asked = asked_awaitably if awaitably else asked_plainly
    TENANT.set("caller")
    with blocking_client(sandbox, api_token=asked(look, sandbox.api_token)) as client:
        client.rooms.list()
    assert tenants == ["caller"]
    assert TENANT.get() == "caller"


class Held:
    """What a web application has in its context: a request, and by it the application."""


HELD: contextvars.ContextVar[Held] = contextvars.ContextVar("held")


@pytest.mark.parametrize("calls", [1, 2])
def test_the_loop_keeps_nothing_of_its_callers_contexts(client: Videsk, calls: int) -> None:
    """Nor of the first one's, whose call started it; it would for as long as the client lives."""

    def call() -> weakref.ref[Held]:
        held = Held()
        HELD.set(held)
        with pytest.raises(InvalidRequestError):
            client.rooms.get(
                ""
            )  # in the loop, and without a connection, which keeps it for a while
        return weakref.ref(held)

    found = [contextvars.copy_context().run(call) for _ in range(calls)]
    gc.collect()
    assert [each() for each in found] == [None] * calls


# -- clients that call one another ----------------------------------------------------------------


@contextlib.contextmanager
def in_a_circle(
    sandbox: Sandbox, count: int, call: Callable[[Videsk], object]
) -> Iterator[tuple[list[Videsk], list[BaseException]]]:
    """Make clients, each of which calls the next one in its hook, and the last the first."""
    clients: list[Videsk] = []
    refused: list[BaseException] = []

    def hook_of(index: int) -> Callable[[object], None]:
        def call_the_next(_: object) -> None:
            try:
                call(clients[(index + 1) % count])
            except RuntimeError as error:
                refused.append(error)

        return call_the_next

    with contextlib.ExitStack() as stack:
        for index in range(count):
            client = blocking_client(sandbox, hooks=Hooks(on_attempt=hook_of(index)), timeout=LATE)
            clients.append(stack.enter_context(client))
        yield clients, refused


CALLS: dict[str, Callable[[Videsk], object]] = {
    "a call": lambda client: client.rooms.list(),
    "many calls": lambda client: list(client.rooms.create_many([{"name": "Ana"}])),
    "an iteration": lambda client: list(client.rooms.iter()),
}


@KNOWINGLY
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_clients_whose_hooks_call_each_other(
    sandbox: Sandbox, count: int, call: Callable[[Videsk], object]
) -> None:
    """The call that would never end is refused, and all the others end."""
    with in_a_circle(sandbox, count, call) as (clients, refused):
        started = time.monotonic()
        call(clients[0])
        assert time.monotonic() - started < LATE / 2
    assert refused
    assert all("wait for itself" in str(error) for error in refused)


@KNOWINGLY
def test_clients_whose_hooks_call_each_other_at_once(sandbox: Sandbox) -> None:
    """Each began by itself, so that neither call descends from the other."""
    meeting = threading.Barrier(2)
    clients: list[Videsk] = []
    refused: list[BaseException] = []

    def hook_of(index: int) -> Callable[[object], None]:
        def call_the_other(_: object) -> None:
            try:
                meeting.wait(1)
                clients[1 - index].rooms.list()
            except threading.BrokenBarrierError:
                pass  # the call of the other's hook, which calls nobody
            except RuntimeError as error:
                refused.append(error)

        return call_the_other

    with contextlib.ExitStack() as stack:
        for index in range(2):
            hooks = Hooks(on_attempt=hook_of(index))
            clients.append(stack.enter_context(blocking_client(sandbox, hooks=hooks)))
        for thread in [Thread(client.rooms.list) for client in clients]:
            thread.result()
    assert refused


@KNOWINGLY
def test_a_hook_whose_call_waits_for_a_thread_that_calls_back(sandbox: Sandbox) -> None:
    """The second client's callable for the token runs in a thread, and calls the first."""
    refused: list[str] = []

    def ask() -> str:
        try:
            first.rooms.list()
        except RuntimeError as error:
            refused.append(str(error))
        return sandbox.api_token

    def call_the_second(_: object) -> None:
        second.rooms.list()

    with blocking_client(sandbox, api_token=ask, timeout=LATE) as second:
        hooks = Hooks(on_attempt=call_the_second)
        with blocking_client(sandbox, hooks=hooks, timeout=LATE) as first:
            started = time.monotonic()
            first.rooms.list()
            assert time.monotonic() - started < LATE / 2
    assert len(refused) == 1
    assert "wait for itself" in refused[0]


@KNOWINGLY
def test_a_hook_may_call_another_client_again_and_again(sandbox: Sandbox) -> None:
    """What has ended is no standstill any more: nothing is refused but a circle."""
    totals: list[int] = []

    with blocking_client(sandbox) as other:
        hooks = Hooks(on_attempt=lambda _: totals.append(other.rooms.list().total))
        with blocking_client(sandbox, hooks=hooks) as client:
            for _ in range(3):
                client.rooms.list()
                other.rooms.list()
    assert totals == [0, 0, 0]


def test_callables_for_tokens_that_call_each_others_clients(sandbox: Sandbox) -> None:
    """Each waits for the token of the other; the error says so, also where both began by itself."""
    clients: list[Videsk] = []
    asked = threading.Barrier(2)

    def callable_of(index: int) -> Callable[[], str]:
        def ask() -> str:
            asked.wait(LATE)
            clients[1 - index].rooms.list()
            return sandbox.api_token

        return ask

    with contextlib.ExitStack() as stack:
        for index in range(2):
            made = blocking_client(sandbox, api_token=callable_of(index), timeout=LATE)
            clients.append(stack.enter_context(made))
        started = time.monotonic()
        outcomes = [Thread(error_from_response, client.rooms.list) for client in clients]
        assert [each.result() for each in outcomes] == [RuntimeError, RuntimeError]
        assert time.monotonic() - started < LATE / 2


def error_from_response(call: Callable[[], object]) -> type[BaseException] | None:
    try:
        call()
    except Exception as error:
        return type(error)
    return None
