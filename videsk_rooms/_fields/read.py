"""Makes the hooks by which cattrs structures models, from the tables of their fields.

A hook accepts only values of the exact types. cattrs' own hooks coerce: `null` would become "None".
The error says where in the JSON the first fault lies.

A hook is compiled from source text, as the methods of an attrs class are. A loop over the fields
takes 1.4 times as long (docs/decisions/0036-one-table-of-fields.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .table import EXTRA, fields_of
from .times import read_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .table import Field

    Hook = Callable[[Any, Any], Any]

# Python 3.10 recurses 1,000 times at most, the caller's own frames included. What MongoDB stores
# is nested 100 deep at most.
DEEPEST = 500

_EXPECTED = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    dict: "an object",
    list: "a list",
}


_KINDS = {
    type(None): "null",
    bool: "a truth value",
    int: "a number",
    float: "a decimal number",
    dict: "an object",
    list: "a list",
}


class FaultError(Exception):
    """A value that a model cannot have.

    Its traceback holds what was sent. So it is not chained to what a caller sees.

    Attributes:
        path: Where in the JSON it lies, such as `data[3].createdAt`; empty for the whole.
        reason: The end of a sentence that begins with "the response".
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        # The comma is for the place that is named after it.
        return f"{self.reason} at {self.path}" if self.path else self.reason.removesuffix(",")


def make_hook(model: Any, hook_of: Callable[[Any], Hook]) -> Hook:
    """Make the hook of a model, which raises `FaultError` where a value is not as it should be.

    Args:
        model: The attrs class.
        hook_of: Returns the hook of another model, which this one has a list of.
    """
    fields = fields_of(model)
    known = frozenset(field.wire for field in fields)
    scope: dict[str, Any] = {
        "__name__": __name__,  # profilers and debuggers look for it
        "blank": _mutable(model),
        "fault": _fault,
        "model": model,
        "read_time": read_time,
        "unknown": lambda sent: {name: sent[name] for name in sent if name not in known},
        "wrong": wrong,
        **{f"read_{field.name}": _list_reader(field, hook_of) for field in fields if field.item},
    }
    # Names of fields, and nothing that was sent, stand in the text.
    exec("\n".join(_source(model, fields)), scope)  # noqa: S102 - as attrs does
    hook: Hook = scope["structure"]
    return hook


def _source(model: type, fields: tuple[Field, ...]) -> Iterator[str]:
    yield "def structure(sent, _):"
    yield "    if type(sent) is not dict:"
    yield "        raise wrong('', 'an object', sent)"
    yield "    get, made, absent = sent.get, blank(), 0"
    for field in fields:
        expected = "an ISO date-time" if field.is_time else _EXPECTED[field.kind]
        refuse = f"raise fault(sent, {field.wire!r}, {expected!r})"
        yield f"    if (value := get({field.wire!r})) is None:"
        yield f"        {refuse if field.is_required else 'absent += 1'}"
        yield f"    elif type(value) is not {'str' if field.is_time else field.kind.__name__}:"
        yield f"        {refuse}"
        if field.is_time:
            yield "    else:"
            yield "        try:"
            yield "            value = read_time(value)"
            yield "        except (ValueError, OverflowError):"
            yield f"            {refuse}"
        if field.item:
            yield "    else:"
            yield f"        value = read_{field.name}(value)"
        yield f"    made.{field.name} = value"
    if hasattr(model, EXTRA):
        # If the fields sent and those absent add up to all fields, there is no unknown one. A
        # search would take longer.
        yield f"    made.{EXTRA} = {{}} if len(sent) + absent == {len(fields)} else unknown(sent)"
    yield "    made.__class__ = model"
    yield "    return made"


def _list_reader(
    field: Field, hook_of: Callable[[Any], Hook]
) -> Callable[[list[Any]], tuple[object, ...]]:
    item = field.item
    hook = hook_of(item)

    def read_list(values: list[Any]) -> tuple[object, ...]:
        made: list[object] = []
        try:
            for value in values:
                made.append(hook(value, item))  # noqa: PERF401 - the fault is that of the next item
        except FaultError as fault:
            rest = f".{fault.path}" if fault.path else ""
            fault.path = f"{field.wire}[{len(made)}]{rest}"
            raise
        return tuple(made)

    return read_list


def _mutable(model: type) -> type:
    """Make a mutable subclass of a frozen class, of the same layout, whose instances start empty.

    The `__init__` of a frozen class sets each field by a call, which costs three times as much. An
    object becomes immutable when its class is set.
    """
    unfrozen = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(
        model.__name__, (model,), {"__slots__": (), "__init__": object.__init__, **unfrozen}
    )


# -- faults ---------------------------------------------------------------------------------------


def _fault(sent: dict[str, Any], name: str, expected: str) -> FaultError:
    return wrong(name, expected, sent[name]) if name in sent else FaultError(name, "lacks a field")


def wrong(path: str, expected: str, value: object) -> FaultError:
    """Make the fault of a value that is not what is expected."""
    return FaultError(path, f"should be {expected}, not {_kind_of(value)},")


def _kind_of(value: object) -> str:
    if type(value) is str:
        return "a string" if value else "an empty string"
    return _KINDS.get(type(value), type(value).__name__)  # not JSON's, but given to `from_dict`


def is_too_deep(value: object) -> bool:
    """Return whether lists and objects are nested more than 500 deep."""
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        level = [
            item
            for outer in level
            for item in (outer.values() if type(outer) is dict else outer)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True
