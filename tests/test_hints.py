"""Hints that resolve at run time: for injectors, validators, servers of tools, and mocks."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import typing
from typing import TYPE_CHECKING, Any
from unittest import mock

import pydantic
import pytest

from tests.docs.blocks import PUBLIC_MODULES
from videsk_rooms import (
    AsyncRooms,
    AsyncVidesk,
    RateLimit,
    Retry,
    Room,
    Rooms,
    Timeout,
    Videsk,
)
from videsk_rooms.integrations.flask import FlaskVidesk
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    return [(name, inspect.getattr_static(kind, name)) for name in dir(kind)]


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
