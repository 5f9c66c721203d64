"""Makes immutable objects quickly.

The `__init__` of a frozen class sets each field by a call, which costs three times as much as in
a plain class. So an object is made as its mutable subclass of the same layout, and becomes
immutable when its class is set: `made.__class__ = model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

M = TypeVar("M")


def mutable_class(model: type[M]) -> Callable[..., M]:
    """Make the mutable twin of a frozen class; it takes the fields as arguments, all of them."""
    fields = {field.name: attrs.field() for field in attrs.fields(cast("type", model))}
    plain = attrs.make_class(model.__name__, fields)
    return cast("Callable[..., M]", _mutable(model, vars(plain)["__init__"]))


def blank(model: type) -> Callable[[], Any]:
    """Make a mutable twin that begins without fields: for many of them, quicker than arguments."""
    return _mutable(model, object.__init__)


def _mutable(model: type, init: object) -> type:
    unfrozen = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(model.__name__, (model,), {"__slots__": (), "__init__": init, **unfrozen})
