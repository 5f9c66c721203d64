"""Decides what the fast reader refuses, by cattrs, and says where in the JSON a fault lies.

Of a list, cattrs gets the first element that was refused, and no more: it makes an exception for
each fault, with 140 bytes of memory for every byte of a list of wrong elements.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cattrs import BaseValidationError, ClassValidationError, Converter
from cattrs.gen import make_dict_structure_fn, override

from .read import REFUSALS, reader, unknown
from .table import EXTRA, fields_of, wire_name
from .times import read_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from .table import Field

M = TypeVar("M")

__all__ = ["FaultError", "kind_of", "structure"]

_CONVERTER = Converter(detailed_validation=True)
_EXPECTED = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    datetime: "an ISO date-time",
    dict: "an object",
    list: "a list",
}


class FaultError(Exception):
    """Where in the JSON a value is wrong, and what is wrong with it.

    Attributes:
        path: Such as `data[3].createdAt`; empty for the whole.
        reason: The end of a sentence that begins with "the answer", and goes on with the path.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


class _WrongTypeError(Exception):
    def __init__(self, expected: type, value: object) -> None:
        super().__init__(f"should be {_EXPECTED[expected]}, not {kind_of(value)},")


_FAULTS = (BaseValidationError, FaultError, _WrongTypeError)


def structure(model: type[M], value: object) -> M:
    """Read a model from what JSON holds.

    Raises:
        FaultError: A value is wrong. It is chained to nothing that holds the value.
    """
    try:
        made: M = _structure_fn(cast("Any", model))(value)
    except _FAULTS as error:
        path, reason = _first_fault(error)
    else:
        return made
    raise FaultError(path, reason)


@cache
def _structure_fn(model: Any) -> Callable[[object], Any]:
    fields, has_extra = fields_of(model), hasattr(model, EXTRA)
    known = frozenset(field.wire for field in fields)
    overrides: dict[str, Any] = {
        field.name: override(rename=field.wire, struct_hook=_hook(field)) for field in fields
    }
    if has_extra:
        overrides[EXTRA] = override(omit=True)
    generated = make_dict_structure_fn(model, _CONVERTER, **overrides)

    def read(value: Any) -> object:
        if type(value) is not dict:
            raise _WrongTypeError(dict, value)
        made: Any = generated(value, model)
        if has_extra:
            # Not by `attrs.evolve`, which reads all fields, as of a room whose token is not there.
            object.__setattr__(made, EXTRA, unknown(value, known))
        return made

    return read


def _hook(field: Field) -> Callable[[object, object], object]:
    # The hooks of cattrs coerce: null would become "None", and "false" True.
    is_list = field.item is not None

    def check(value: object, _: object) -> object:
        if value is None and not field.is_required:
            return None
        if field.is_time:
            return _time(value, field.kind)
        if type(value) is not field.kind:
            raise _WrongTypeError(field.kind, value)
        return _items(field.item, cast("list[object]", value)) if is_list else value

    return check


def _time(value: Any, kind: type) -> datetime:
    try:
        return read_time(value)
    except (TypeError, ValueError, OverflowError):
        raise _WrongTypeError(kind, value) from None


def _items(model: Any, values: list[object]) -> tuple[object, ...]:
    read, read_carefully = reader(model), _structure_fn(model)

    def item(index: int, value: object) -> object:
        try:
            return read(value)
        except REFUSALS:
            pass
        try:
            return read_carefully(value)
        except _FAULTS as error:
            path, reason = _first_fault(error)
        raise FaultError(_joined(f"[{index}]", path), reason)

    return tuple([item(index, value) for index, value in enumerate(values)])


def _first_fault(error: BaseException) -> tuple[str, str]:
    """Find the first fault that cattrs reports: where it lies, in the API's names, and what."""
    if isinstance(error, ClassValidationError):
        inner, field = error.group_exceptions()[0][0]
        path, reason = _first_fault(inner)
        return _joined(wire_name(field.name), path), reason
    if isinstance(error, FaultError):
        return error.path, error.reason
    return "", "lacks a field" if isinstance(error, KeyError) else str(error)


def _joined(first: str, rest: str) -> str:
    return f"{first}.{rest}" if rest and not rest.startswith("[") else first + rest


def kind_of(value: object) -> str:
    """Say what a value of JSON is."""
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    kinds = {type(None): "null", bool: "a truth value", dict: "an object", list: "a list"}
    return kinds.get(type(value), "a decimal number" if isinstance(value, float) else "a number")
