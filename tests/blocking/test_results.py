"""Results, errors and views of the blocking face, and what they keep alive."""

from __future__ import annotations

import asyncio
import gc
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from tests import inside
from tests.blocking.support import (
    FOREVER,
    Thread,
    blocking_client,
    calls_alive,
    loop_threads,
    no_garbage_collection,
    under_way,
)
from tests.waiting import wait_until
from videsk_rooms import (
    AuthenticationError,
    ClosedError,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    Response,
    Timeout,
)

if TYPE_CHECKING:
    from tests.blocking.support import Relay
    from videsk_rooms import Videsk
    from videsk_rooms.sandbox import Sandbox

UNKNOWN_ID = "64f1a2b3c4d5e6f7a8b9c0d1"


def functions_of(error: BaseException) -> list[str]:
    """Return what a traceback leads through, from the caller inwards."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


# -- errors ---------------------------------------------------------------------------------------


def test_a_traceback_leads_from_the_caller_to_the_operation(client: Videsk) -> None:
    """Through the hand-off, as if there were no thread in between."""
    with pytest.raises(NotFoundError) as caught:
        client.rooms.get(UNKNOWN_ID)
    functions = functions_of(caught.value)
    assert functions[0] == "test_a_traceback_leads_from_the_caller_to_the_operation"
    assert "get" in functions[1:]
    (line, *_) = traceback.extract_tb(caught.value.__traceback__)
    assert line.line == "client.rooms.get(UNKNOWN_ID)"


def test_a_traceback_leads_from_the_loop_of_an_iteration(sandbox: Sandbox, client: Videsk) -> None:
    """An error of a page is shown where the iterator was asked for it."""
    sandbox.faults.status(500, on="list")
    rooms = client.rooms.iter()
    with pytest.raises(Exception, match="500") as caught:
        next(rooms)
    assert functions_of(caught.value)[0] == "test_a_traceback_leads_from_the_loop_of_an_iteration"


def test_a_wrong_argument_of_an_iteration_is_told_at_the_call(client: Videsk) -> None:
    """Before the first room is asked for, and without a thread."""
    with pytest.raises(InvalidRequestError, match="page_size"):
        client.rooms.iter(page_size=0)
    assert loop_threads() == []


def test_errors_have_no_context_of_the_hand_off(client: Videsk) -> None:
    """No "during handling of the above exception" of the package's own."""
    with pytest.raises(NotFoundError) as caught:
        client.rooms.get(UNKNOWN_ID)
    assert caught.value.__context__ is None
    client.close()
    with pytest.raises(ClosedError) as refused:
        client.rooms.get(UNKNOWN_ID)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_a_callable_raises_reaches_the_caller(
    sandbox: Sandbox, kind: type[BaseException]
) -> None:
    """Also what would end a program, and without ending the loop."""
    error = kind()
    errors = [error]

    async def ask() -> str:
        if errors:
            raise errors.pop()
        return sandbox.api_token

    with blocking_client(sandbox, api_token=ask) as client:
        with pytest.raises(kind) as caught:
            client.rooms.list()
        assert caught.value is error
        assert client.rooms.list().total == 0


def test_a_cancellation_in_a_callable_is_an_error_for_the_caller(sandbox: Sandbox) -> None:
    """It would look like a cancellation of the call, which nobody has cancelled."""
    errors = [asyncio.CancelledError()]

    async def ask() -> str:
        if errors:
            raise errors.pop()
        return sandbox.api_token

    with blocking_client(sandbox, api_token=ask) as client:
        with pytest.raises(RuntimeError, match="ended with a CancelledError"):
            client.rooms.list()
        assert client.rooms.list().total == 0


# -- what is kept alive ---------------------------------------------------------------------------


def test_results_are_freed_by_reference_counts(sandbox: Sandbox, client: Videsk) -> None:
    """A big answer is gone with the last reference to it, without waiting for the collector."""
    sandbox.add_rooms(100)
    with no_garbage_collection():
        response: Any = client.request("GET", "/vpaas/rooms", query={"$limit": 100})
        body = response.body
        assert len(body) > 20_000

        def kept() -> bool:
            found = (each for each in gc.get_objects() if type(each) is Response)
            return any(each.body is body for each in found)

        assert kept()
        del response
        wait_until(lambda: not kept())
        wait_until(lambda: calls_alive() == 0)


def test_errors_are_freed_by_reference_counts(client: Videsk) -> None:
    """No frame of the hand-off keeps an error that keeps the frame."""

    def call() -> weakref.ref[NotFoundError]:
        try:
            client.rooms.get(UNKNOWN_ID)
        except NotFoundError as error:
            return weakref.ref(error)
        raise AssertionError("there is such a room")

    with no_garbage_collection():
        gone = call()
        wait_until(lambda: gone() is None)
        wait_until(lambda: calls_alive() == 0)


def test_refusals_are_freed_by_reference_counts(sandbox: Sandbox, client: Videsk) -> None:
    """Nor does a call that closing ended."""
    sandbox.faults.delay(FOREVER)

    def call() -> weakref.ref[ClosedError]:
        try:
            client.rooms.list()
        except ClosedError as error:
            return weakref.ref(error)
        raise AssertionError("it was answered")

    with no_garbage_collection():
        waiting = Thread(call)
        under_way(sandbox)
        client.close()
        gone = waiting.result()
        wait_until(lambda: gone() is None)
        wait_until(lambda: calls_alive() == 0)


@pytest.mark.parametrize("awaited", [False, True], ids=["called", "awaited"])
def test_a_token_that_failed_keeps_nothing(sandbox: Sandbox, awaited: bool) -> None:
    """The client does not keep what its callable raised, nor the callers that were told of it."""

    class UnreachableError(Exception):
        pass

    def ask() -> str:
        raise UnreachableError

    async def ask_awaited() -> str:
        return ask()

    def call() -> weakref.ref[UnreachableError]:
        try:
            client.rooms.list()
        except UnreachableError as error:
            return weakref.ref(error)
        raise AssertionError("there was a token")

    with (
        blocking_client(sandbox, api_token=ask_awaited if awaited else ask) as client,
        no_garbage_collection(),
    ):
        gone = call()
        wait_until(lambda: gone() is None)
        wait_until(lambda: calls_alive() == 0)


# -- views ----------------------------------------------------------------------------------------


def test_a_view_shares_loop_and_connection(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """A view is light: other options, the same connections."""
    relayed.rooms.list()
    view = relayed.with_options(timeout=5.0)
    assert type(view) is type(relayed)
    assert view.rooms.list().total == 0
    assert (len(loop_threads()), relay.opened) == (1, 1)


def test_closing_a_view_closes_nothing(client: Videsk) -> None:
    """The connections are those of the client that it was made of."""
    with client.with_options(timeout=5.0) as view:
        view.rooms.list()
    assert view.rooms.list().total == 0
    assert client.rooms.list().total == 0


def test_a_view_has_its_own_time(sandbox: Sandbox, client: Videsk) -> None:
    """The view's bound is the view's alone."""
    sandbox.faults.delay(FOREVER)
    hasty = client.with_options(timeout=Timeout(total=0.2))
    with pytest.raises(DeadlineExceededError):
        hasty.rooms.list()
    assert client.rooms.list().total == 0


def test_a_view_has_its_own_token(sandbox: Sandbox, client: Videsk) -> None:
    """Another token goes out with the view's calls, and with those only."""
    other = sandbox.tokens.issue()
    client.with_options(api_token=other).rooms.list()
    client.rooms.list()
    sent = [record.headers["Authorization"] for record in sandbox.requests]
    assert sent == [f"Bearer {other}", f"Bearer {sandbox.api_token}"]
    with pytest.raises(AuthenticationError):
        client.with_options(api_token="no-token-of-this-account").rooms.list()


def test_a_view_of_a_view(sandbox: Sandbox, client: Videsk) -> None:
    """What is not given stays as it was."""
    other = sandbox.tokens.issue()
    view = client.with_options(api_token=other).with_options(timeout=5.0)
    assert [room.id for room in view.rooms.iter()] == []
    assert sandbox.requests[0].headers["Authorization"] == f"Bearer {other}"


def test_no_repr_shows_the_token(sandbox: Sandbox, client: Videsk) -> None:
    """Neither a client nor a view nor a resource shows whose it is."""
    client.rooms.list()
    other = sandbox.tokens.issue()
    view = client.with_options(api_token=other)
    assert repr(client) == repr(view) == f"Videsk(base_url={sandbox.url!r})"
    for shown in map(repr, (client.rooms, view.rooms, inside.awaited(client))):
        assert sandbox.api_token not in shown
        assert other not in shown
