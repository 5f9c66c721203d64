"""Reads and writes the rooms of a state file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from videsk_rooms._emulator.clock import from_wire, to_wire
from videsk_rooms._emulator.store import Authorization, StoredRoom
from videsk_rooms._emulator.validation import find_problem

if TYPE_CHECKING:
    from datetime import datetime


def write_room(room: StoredRoom) -> dict[str, object]:
    """Return a room in the format of the state file."""
    return {
        "id": room.id,
        "name": room.name,
        "externalId": room.external_id,
        "exp": to_wire(room.exp),
        "nbf": to_wire(room.nbf),
        "settings": room.settings,
        "createdAt": to_wire(room.created_at),
        "updatedAt": to_wire(room.updated_at),
        "endedAt": None if room.ended_at is None else to_wire(room.ended_at),
        "authorizations": [entry.to_wire() for entry in room.authorizations],
        "extra": dict(room.extra),
        "without": sorted(room.hidden),
    }


def read_room(content: dict[str, Any]) -> StoredRoom:
    """Parse a room of the state file.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It is corrupt.
    """
    if problem := find_problem(content):
        raise ValueError(problem)
    return StoredRoom(
        id=_text(content["id"]),
        name=_text(content["name"]),
        external_id=_text(content["externalId"]),
        exp=_instant(content["exp"]),
        nbf=_instant(content["nbf"]),
        settings=dict(content["settings"]),
        created_at=_instant(content["createdAt"]),
        updated_at=_instant(content["updatedAt"]),
        ended_at=None if content["endedAt"] is None else _instant(content["endedAt"]),
        authorizations=[
            Authorization(_text(each["ip"]), _text(each["jti"]), _instant(each["createdAt"]))
            for each in content["authorizations"]
        ],
        extra=dict(content["extra"]),
        hidden=frozenset(map(_text, content["without"])),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _instant(value: object) -> datetime:
    return from_wire(_text(value))
