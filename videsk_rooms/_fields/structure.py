"""Structures models by cattrs, with hooks made from the tables of their fields."""

from __future__ import annotations

from typing import TypeVar

import attrs
import cattrs

from .read import make_hook

M = TypeVar("M")

_converter = cattrs.Converter()
_converter.register_structure_hook_factory(
    attrs.has, lambda model: make_hook(model, _converter.get_structure_hook)
)


def structure(sent: object, model: type[M]) -> M:
    """Make a model of what JSON holds, or raise `FaultError`."""
    made: M = _converter.structure(sent, model)
    return made
