"""The rooms as one would model them with pydantic, to compare with."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="allow", frozen=True)


class PydanticAuthorization(_Model):
    """Somebody who was let into a room."""

    ip: str | None = None
    jti: str | None = None
    created_at: datetime | None = None


class PydanticRoom(_Model):
    """A video room."""

    id: str
    name: str | None = None
    external_id: str | None = None
    exp: datetime | None = None
    nbf: datetime | None = None
    settings: dict[str, Any] | None = None
    ended: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    authorizations: tuple[PydanticAuthorization, ...] | None = None
    access_token: str | None = None


class PydanticPage(_Model):
    """One page of rooms."""

    total: int
    limit: int
    skip: int
    data: tuple[PydanticRoom, ...]
