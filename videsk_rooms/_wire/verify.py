"""Refuses a response that belongs to another call. No I/O.

A connection or a proxy that is out of step returns another call's response, with another room and
its token. Therefore each response about a room is compared with the request. If they differ, the
error shows nothing of the response.
"""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import TYPE_CHECKING

from . import decode
from .message import response_error
from .operation import is_object_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.errors import ResponseError
    from videsk_rooms.models import Room, RoomPage

    from .message import Response


def created(external_id: str) -> Callable[[Response], Room]:
    """Read the response to a create: the room has the `externalId` that was sent."""
    return partial(_room, is_asked=lambda room: _contains(room.external_id, external_id))


def retrieved(asked: Room | str) -> Callable[[Response], Room]:
    """Read the response to a request whose path has this room's id."""
    return partial(_room, is_asked=lambda room: is_room(room, asked))


def updated(asked: Room | str, external_id: object) -> Callable[[Response], Room]:
    """Read the response to an update, which may have changed the room's `externalId`."""
    if not isinstance(external_id, str):
        return retrieved(asked)

    def is_asked(room: Room) -> bool:
        # A room that was identified by its old external id can only be recognised by its new one.
        return _contains(room.external_id, external_id) and (
            is_room(room, asked) or not is_object_id(_text(asked))
        )

    return partial(_room, is_asked=is_asked)


def page(external_id: object) -> Callable[[Response], RoomPage]:
    """Read a page of the rooms that have this `externalId`; of all rooms if it is not a string."""
    if not isinstance(external_id, str):
        return decode.page

    def read(response: Response) -> RoomPage:
        read_page = decode.page(response)
        if all(_contains(room.external_id, external_id) for room in read_page):
            return read_page
        del read_page
        raise foreign(response, "or the API did not filter by externalId")

    return read


def foreign(response: Response, otherwise: str = "") -> ResponseError:
    """Make the error for a response about another room than the requested one."""
    why = f"it belongs to another call{f', {otherwise}' if otherwise else ''}"
    named = f" with request id {response.request_id}" if response.request_id else ""
    text = (
        f"is not about what was asked for: {why}. Nothing of it is used or shown. Try again; if it "
        f"persists, look for a proxy that mixes up responses, and report it{named}."
    )
    return response_error(response, text)


def is_room(room: Room, asked: Room | str) -> bool:
    """Return whether a room is the one whose id, or external id, was asked for.

    An absent `externalId` does not count as a difference, unless the request certainly used an id.
    The id of a `Room` is an id, and never another room's external id.
    """
    asked_id = _text(asked)
    if room.id.casefold() == asked_id.casefold():
        return True
    if not isinstance(asked, str) and is_object_id(asked_id):
        return False
    if room.external_id is None:
        return not is_object_id(asked_id)
    return same(room.external_id, asked_id)


def same(found: str, asked: str, *, any_case: bool = True) -> bool:
    """Return whether two external ids may be the same, because servers may trim or normalise them.

    Args:
        found: The external id in a response.
        asked: The one that was sent.
        any_case: Whether to ignore case. Not where a room is looked up: a filter that ignores case
            may find another caller's room.
    """
    found, asked = _normal(found), _normal(asked)
    return found == asked or (any_case and found.casefold() == asked.casefold())


def _contains(found: str | None, asked: str) -> bool:
    return found is None or same(found, asked)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _text(asked: Room | str) -> str:
    return asked if isinstance(asked, str) else asked.id


def _room(response: Response, is_asked: Callable[[Room], bool]) -> Room:
    room = decode.room(response)
    if is_asked(room):
        return room
    del room  # error reports that list all variables would show it
    raise foreign(response)
