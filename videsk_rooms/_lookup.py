"""Finding a room by the caller's own name for it.

Whether a path takes an `externalId` is not documented (docs/api.md, "On the wire"), so it is looked
up in the listing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _codec, _decode
from ._messages import unexpected
from ._paging import Reading
from ._status import not_found

if TYPE_CHECKING:
    from ._deadline import Deadline
    from ._retry import Send
    from .models import Room


async def find(send: Send, external_id: str, deadline: Deadline | None = None) -> Room:
    """Find the room that has this `externalId`.

    The name is compared here too, and all pages are read: a filter that the server matches loosely
    must neither give somebody else's room nor hide the right one.

    Raises:
        NotFoundError: No room has it.
        ResponseError: Rooms came without their `externalId`, so that none can be told to be this;
            or the server does not page.
    """
    deadline = deadline or send.deadline()
    reading, nameless = Reading(), None
    position: int | None = 0
    while position is not None:
        request = _codec.listing(
            limit=100, skip=position or None, sort=None, ended=None, external_id=external_id
        )
        response, page = await send(request, _decode.answered_page, deadline)
        for index, room in enumerate(page.data):
            if room.external_id == external_id:
                return room
            if room.external_id is None and nameless is None:
                nameless = unexpected(
                    response, "lacks what would tell the room", path=f"data[{index}].externalId"
                )
        _, position = reading.take(response, page)
    raise nameless or not_found(response, f"no room has external_id={external_id!r}")
