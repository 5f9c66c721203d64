"""Makes a reader from the table of a model's fields: what the API usually sends, checked by type.

Anything unusual raises an exception without text. `structure.py` then decides, and says where in
the JSON the fault lies.

The reader is compiled from a text, as the methods of an attrs class are. A closure over the fields
takes 1.4 times as long (docs/decisions/0036-one-table-of-fields.md).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .table import EXTRA, fields_of
from .times import read_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from .table import Field

M = TypeVar("M")

__all__ = ["DEEPEST", "REFUSALS", "is_deeper", "is_too_deep", "reader", "unknown"]

# Python 3.10 recurses 1,000 times at most, the caller's own frames included. What MongoDB stores
# is nested 100 deep at most.
DEEPEST = 500
# An unknown value lies below five levels at most: a page, a list, a room, a list, an authorization.
# Below fewer levels this bound is too strict; `structure.py` then measures the whole answer.
_DEEPEST_WITHIN = DEEPEST - 5

_PLAIN = frozenset({str, bool, int})

REFUSALS = (ValueError, TypeError, KeyError, OverflowError)
"""What a reader raises for an unusual answer."""


def reader(model: type[M]) -> Callable[[Any], M]:
    """Return the function that reads a model from what JSON holds."""
    return _reader(cast("Any", model))


@cache
def _reader(model: Any) -> Callable[[Any], Any]:
    fields, has_extra = fields_of(model), hasattr(model, EXTRA)
    scope: dict[str, Any] = {
        "__name__": __name__,  # profilers and debuggers look for it
        "blank": _mutable(model),
        "known": frozenset(field.wire for field in fields),
        "model": model,
        "refuse_deep": _refuse_deep,
        "unknown": unknown,
        **{f"read_{field.name}": _converter(field) for field in fields},
    }
    # Names of fields, and nothing that was sent, stand in the text.
    exec("\n".join(_source(fields, has_extra=has_extra)), scope)  # noqa: S102 - as attrs does
    read: Callable[[Any], Any] = scope["read"]
    return read


def _source(fields: Sequence[Field], *, has_extra: bool) -> Iterator[str]:
    yield "def read(sent):"
    yield "    if type(sent) is not dict:"
    yield "        raise TypeError"
    yield "    get, made, absent = sent.get, blank(), 0"
    for field in fields:
        yield f"    if (value := get({field.wire!r})) is None:"
        yield "        raise TypeError" if field.is_required else "        absent += 1"
        if field.kind in _PLAIN:
            yield f"    elif type(value) is not {field.kind.__name__}:"
            yield "        raise TypeError"
        else:
            yield "    else:"
            yield f"        value = read_{field.name}(value)"
        yield f"    made.{field.name} = value"
    # Where what was sent and what is absent are as many as the fields, nothing is unknown. To look
    # for it would take longer.
    yield f"    rest = {{}} if len(sent) + absent == {len(fields)} else unknown(sent, known)"
    yield "    if rest:"
    yield "        refuse_deep(rest)"
    if has_extra:
        yield f"    made.{EXTRA} = rest"
    yield "    made.__class__ = model"
    yield "    return made"


def _converter(field: Field) -> Callable[[Any], object]:
    if field.item is None:
        return read_time if field.is_time else _refuse_deep
    read = _reader(field.item)

    def read_all(values: Any) -> tuple[object, ...]:
        if type(values) is not list:
            raise TypeError
        return tuple([read(value) for value in values])

    return read_all


def _mutable(model: type) -> type:
    """Make a mutable subclass of a frozen class, of the same layout, whose instances start empty.

    The `__init__` of a frozen class sets each field by a call, which costs three times as much. An
    object becomes immutable when its class is set.
    """
    unfrozen = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(
        model.__name__, (model,), {"__slots__": (), "__init__": object.__init__, **unfrozen}
    )


# -- what has no field, and what is nested --------------------------------------------------------


def unknown(sent: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Return what was sent and has no field."""
    return {name: value for name, value in sent.items() if name not in known}


def is_deeper(container: list[Any] | dict[str, Any], levels: int) -> bool:
    """Return whether lists and objects are nested in more levels, the outermost counted."""
    level = [container]
    for _ in range(levels):
        level = [
            item
            for outer in level
            for item in (outer.values() if type(outer) is dict else outer)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


def is_too_deep(value: object) -> bool:
    """Return whether lists and objects are nested more than 500 deep."""
    return is_deeper([value], DEEPEST + 1)


def _refuse_deep(values: Any) -> dict[str, Any]:
    if type(values) is not dict:
        raise TypeError
    for value in values.values():
        if (type(value) is dict or type(value) is list) and is_deeper(value, _DEEPEST_WITHIN):
            raise ValueError
    checked: dict[str, Any] = values
    return checked
