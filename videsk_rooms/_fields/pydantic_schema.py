"""Makes pydantic's schema of a model. The only module that imports pydantic, which calls it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any

import typing_extensions
from pydantic import ConfigDict, WithJsonSchema
from pydantic_core import core_schema
from typing_extensions import NotRequired

from .table import EXTRA, fields_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from .table import Field

# A string, as `to_dict` writes it: pydantic would expect a `datetime` to serialise.
_TIME = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


def schema_of(model: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return how pydantic validates, serialises and describes a model.

    It reads by `from_dict` and writes by `to_dict`, so that all ways out of the process agree.
    """
    return core_schema.no_info_plain_validator_function(
        partial(_validated, model),
        json_schema_input_schema=handler.generate_schema(_shape(model, tokens=True)),
        serialization=core_schema.plain_serializer_function_ser_schema(
            lambda value: value.to_dict(),
            return_schema=handler.generate_schema(_shape(model, tokens=False)),
        ),
    )


def _validated(model: Any, value: object) -> object:
    if isinstance(value, model):
        return value
    if isinstance(value, Mapping):
        return model.from_dict(value)
    raise ValueError(f"give a {model.__name__}, or a mapping as its to_dict() returns it")


@cache
def _shape(model: Any, *, tokens: bool) -> Any:
    """Return a `TypedDict` of what `to_dict` returns, which pydantic turns into JSON schema."""
    hints = {
        field.wire: _hint(field, tokens=tokens)
        for field in fields_of(model)
        if tokens or not field.is_secret
    }
    # Type checkers want the fields of a `TypedDict` to be written out.
    make: Any = getattr(typing_extensions, "TypedDict")  # noqa: B009
    shape = make(model.__name__, hints)
    shape.__doc__ = model.__doc__.partition("\n")[0]
    if hasattr(model, EXTRA):
        shape.__pydantic_config__ = ConfigDict(extra="allow")
    return shape


def _hint(field: Field, *, tokens: bool) -> Any:
    hint: Any = field.kind
    if field.item is not None:
        hint = list[_shape(field.item, tokens=tokens)]  # type: ignore[misc]  # made at run time
    elif field.is_time:
        hint = _TIME
    elif field.kind is dict:
        hint = dict[str, Any]
    return hint if field.is_required else NotRequired[hint]
