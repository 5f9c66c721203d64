"""The table of a model's fields.

The attrs class of a model is the table. A field needs a name and an annotation. Its name in the API
follows from the name, and people see the name itself. `place` in its metadata moves it among the
fields that people see. The reader, the writer and the command line's lists come from the table.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs

EXTRA = "extra"
"""The field for what the server sent that no other field takes. It has no row."""

# While a test freezes time, freezegun's class stands for `datetime` in modules, but not in tuples.
_PLAIN: tuple[type, ...] = (str, bool, int, datetime)
_TIME = (datetime,)


@attrs.frozen
class Field:
    """A row of the table.

    Attributes:
        name: The attribute's name.
        wire: The name that the API uses.
        kind: What the JSON holds: `str`, `bool`, `int`, `datetime`, `dict`, or `list` of models.
        item: The model that a list holds.
        is_required: Whether the server always sends it.
        is_secret: Whether it is an access token, which is shown only on demand.
    """

    name: str
    wire: str
    kind: type
    item: type | None
    is_required: bool
    is_secret: bool

    @property
    def is_time(self) -> bool:
        """Whether it is a date-time."""
        return self.kind in _TIME


def wire_name(name: str) -> str:
    """Return how the API spells a name: `created_at` is `createdAt`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest) if first else name


@cache
def fields_of(model: Any) -> tuple[Field, ...]:
    """Return the rows of a model, but for `extra`."""
    hints = get_type_hints(model)
    fields: tuple[attrs.Attribute[object], ...] = attrs.fields(model)
    return tuple(_row(field, hints[field.name]) for field in fields if field.name != EXTRA)


def _row(field: attrs.Attribute[object], hint: object) -> Field:
    kind, item = _kind_of(hint)
    is_required = field.default is attrs.NOTHING
    return Field(field.name, wire_name(field.name), kind, item, is_required, not field.repr)


def _kind_of(hint: Any) -> tuple[type, type | None]:
    arguments = get_args(hint)
    if NoneType in arguments:  # `X | None`
        return _kind_of(next(each for each in arguments if each is not NoneType))
    if hint in _PLAIN:
        return hint, None
    if isinstance(hint, type) and issubclass(hint, _TIME):
        return _TIME[0], None
    if get_origin(hint) is Literal:
        return str, None
    return (list, arguments[0]) if get_origin(hint) is tuple else (dict, None)
