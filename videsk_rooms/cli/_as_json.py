"""Rooms as programs see them: the fields of the models, times in UTC as the API writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from videsk_rooms.cli._times import wire

_SECRET = "access_token"  # noqa: S105


def as_json(model: object, *, show_token: bool = False) -> Any:
    """Turn a model into what JSON can say.

    Args:
        model: A model, or a value in one.
        show_token: Whether an access token goes along.
    """
    if isinstance(model, datetime):
        return wire(model)
    if isinstance(model, Mapping):
        return dict(model)  # JSON already: settings, extra, claims
    if isinstance(model, tuple):
        return [as_json(item) for item in model]
    kind = type(model)
    if not attrs.has(kind):
        return model
    return {
        field.name: as_json(getattr(model, field.name))
        for field in attrs.fields(kind)
        if show_token or field.name != _SECRET
    }
