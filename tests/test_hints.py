"""Hints that resolve at run time: for injectors, validators, servers of tools, and mocks."""

from __future__ import annotations

import importlib
import inspect
import typing
from typing import TYPE_CHECKING, Any
from unittest import mock

import pydantic
import pytest

from tests.docs.blocks import PUBLIC_MODULES
from videsk_rooms import (
    AccessStock,
    AsyncRooms,
    AsyncVidesk,
    ConfigurationError,
    RateLimit,
    Retry,
    Room,
    RoomPage,
    Rooms,
    RoomsWithResponse,
    Timeout,
    Videsk,
)
from videsk_rooms.integrations.flask import FlaskVidesk
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


# Other objects are made by the package, or have fields that `attrs` writes the constructor of.
MADE_BY_CALLERS = {AsyncVidesk, Videsk, RateLimit, Retry, Timeout, Room, Sandbox, FlaskVidesk}


def _callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield f"{module_name}.{name}", value
            elif inspect.isclass(value):
                yield from _methods(f"{module_name}.{name}", value)


def _methods(where: str, kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in _members(kind):
        function = value.fget if isinstance(value, property) else value
        function = getattr(function, "__func__", function)
        is_own = str(getattr(function, "__module__", "")).startswith("videsk_rooms")
        is_called = name[0] != "_" or (name == "__init__" and kind in MADE_BY_CALLERS)
        if inspect.isfunction(function) and is_own and is_called:
            yield f"{where}.{name}", function


def _members(kind: type) -> list[tuple[str, Any]]:
    return [(name, inspect.getattr_static(kind, name, None)) for name in dir(kind)]


CALLABLES = dict(_callables())
every_callable = pytest.mark.parametrize("name", CALLABLES)


@every_callable
def test_hints_resolve(name: str) -> None:
    """Nothing that a hint names is there for type checkers alone."""
    function = CALLABLES[name]
    hints = typing.get_type_hints(function)
    signature = inspect.signature(function, eval_str=True)
    assert not any(isinstance(hint, str) for hint in hints.values())
    assert not isinstance(signature.return_annotation, str)


@pytest.mark.parametrize("kind", [AsyncVidesk, Videsk])
def test_hints_of_attributes_resolve(kind: type) -> None:
    """As an injector looks for what an object has."""
    assert typing.get_type_hints(kind)["rooms"] in {AsyncRooms, Rooms}


# -- blocking methods are plain functions ---------------------------------------------------------

BLOCKING = {
    f"{kind.__name__}.{name}": value
    for kind in (Videsk, Rooms, RoomsWithResponse, AccessStock)
    for name, value in vars(kind).items()
    if inspect.isfunction(value) and not name.startswith("_")
}


@pytest.mark.parametrize("name", BLOCKING)
def test_a_blocking_method_is_taken_for_no_coroutine_function(name: str) -> None:
    """Not by those that look behind wrappers, either: frameworks would await its result."""
    function = BLOCKING[name]
    assert inspect.unwrap(function) is function
    assert not inspect.iscoroutinefunction(function)
    assert not inspect.isasyncgenfunction(function)


def test_pydantic_validates_calls(videsk: Videsk) -> None:
    """By the hints: what is wrong is refused before the call, and what is right goes through."""
    create = pydantic.validate_call(videsk.rooms.create)
    assert create(name="Support").name == "Support"
    with pytest.raises(pydantic.ValidationError, match="name"):
        create(name=["Support"])  # type: ignore[arg-type]  # what is tested


async def test_pydantic_validates_awaited_calls(async_videsk: AsyncVidesk) -> None:
    """Likewise; models are taken as they are."""
    room = await pydantic.validate_call(async_videsk.rooms.create)(external_id="a")
    access = await pydantic.validate_call(async_videsk.rooms.join)(room)
    assert access.access_token


# -- mocks ----------------------------------------------------------------------------------------


def test_mocks_of_the_blocking_client_have_its_rooms() -> None:
    """With the methods of the resource and their arguments."""
    for double in (mock.create_autospec(Videsk, instance=True), mock.Mock(spec=Videsk)):
        double.rooms.create.return_value = Room("a")
        assert double.rooms.create(name="Support") == Room("a")
    double = mock.create_autospec(Videsk, instance=True)
    assert not inspect.iscoroutinefunction(double.rooms.create)
    assert not isinstance(double.rooms.create(), mock.AsyncMock)
    with pytest.raises(TypeError, match="nme"):
        double.rooms.create(nme="Support")
    with pytest.raises(AttributeError):
        double.rooms.crate()


async def test_mocks_of_the_awaited_client_have_its_rooms() -> None:
    """Their methods can be awaited."""
    double = mock.create_autospec(AsyncVidesk, instance=True)
    double.rooms.create.return_value = Room("a")
    assert await double.rooms.create(name="Support") == Room("a")
    with pytest.raises(TypeError, match="nme"):
        await double.rooms.create(nme="Support")
    assert mock.Mock(spec=AsyncVidesk).rooms


# -- other loops ----------------------------------------------------------------------------------


def test_under_trio_it_says_that_it_runs_on_asyncio() -> None:
    """At the `async with`, and at a call without one."""
    # Not among what development needs: where it is installed, anyio loads attrs in every run.
    trio: Any = pytest.importorskip("trio")

    async def enter() -> None:
        async with AsyncVidesk("a-token-of-the-tests"):
            pass

    async def call() -> None:
        await AsyncVidesk("a-token-of-the-tests").rooms.list()

    for use in (enter, call):
        with pytest.raises(ConfigurationError, match=r"asyncio only.*to_thread\.run_sync"):
            trio.run(use)


@pytest.mark.parametrize(
    "call",
    [
        lambda videsk: videsk.rooms.list(),
        lambda videsk: videsk.rooms.get_or_create("ticket-12345"),
        lambda videsk: anext(videsk.rooms.iter()),
        lambda videsk: anext(videsk.rooms.create_many([{}])),
        lambda videsk: videsk.rooms.access_stock("64f1a2b3c4d5e6f7a8b9c0d1", size=2).__aenter__(),
        lambda videsk: videsk.close(),
        lambda videsk: videsk.with_options(timeout=9.0).close(),
    ],
    ids=["one", "shared", "pages", "many", "stock", "close", "close of a view"],
)
def test_without_a_loop_it_says_so(call: Callable[[AsyncVidesk], Awaitable[object]]) -> None:
    """Whatever else drives the coroutine."""
    begun = call(AsyncVidesk("a-token-of-the-tests")).__await__()
    with pytest.raises(ConfigurationError, match="asyncio only"):
        next(begun)


def test_under_trio_the_blocking_client_runs_in_a_thread(videsk_sandbox: Sandbox) -> None:
    """As the text says."""
    trio: Any = pytest.importorskip("trio")

    async def count() -> int:
        with Videsk(videsk_sandbox.api_token, base_url=videsk_sandbox.url) as videsk:
            page: RoomPage = await trio.to_thread.run_sync(videsk.rooms.list)
        return page.total

    assert trio.run(count) == 0
