"""Writes a model as JSON, under the API's names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .table import EXTRA, fields_of
from .times import UTC


def written(model: object, *, tokens: bool) -> dict[str, Any]:
    """Return what JSON holds of a model; what is `None` is left out, as the API leaves it out."""
    kind: Any = type(model)
    sent = {
        field.wire: _value(value, tokens=tokens)
        for field in fields_of(kind)
        if (tokens or not field.is_secret) and (value := getattr(model, field.name)) is not None
    }
    for name, value in getattr(model, EXTRA, {}).items():
        sent.setdefault(name, value)
    return sent


def _value(value: Any, *, tokens: bool) -> Any:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        # Milliseconds, as the API writes them, unless the time has more.
        precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
        return f"{moment.isoformat(timespec=precision)}Z"
    if isinstance(value, tuple):
        return [written(item, tokens=tokens) for item in value]
    return dict(value) if isinstance(value, Mapping) else value
