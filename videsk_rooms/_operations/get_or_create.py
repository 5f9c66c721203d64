"""Returns the room that has an external id, and creates it if there is none.

Of concurrent calls for the same room, one does this; the others get the room by its id. Their other
arguments only matter for a new room, so they may differ.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from videsk_rooms._http.attempt import check_loop
from videsk_rooms._wire import operations, verify
from videsk_rooms._wire.operations import with_response
from videsk_rooms.errors import ConflictError, NotFoundError, plain_text, sentence

from .create import create, find_after_conflict
from .lifetime import renew
from .lookup import retrieve
from .server_time import server_time

if TYPE_CHECKING:
    from videsk_rooms._http.call import Sender
    from videsk_rooms._wire.message import Request, Response
    from videsk_rooms.models import Room

    from .account import AccountState
    from .leaders import Leader
    from .lookup import PathSupport

_MOST_CONFLICTS = 4
# Others create and delete it repeatedly, or the API keeps the ids of rooms that nobody finds.
_NOT_FOUND = "Looking it up found no room, each time: choose another one."


async def get_or_create(
    send: Sender, request: Request, account: AccountState, *, renews: bool
) -> Room:
    """Return the room that has the request's `externalId`, made if there is none.

    Args:
        send: Sends requests.
        request: The create.
        account: What the calls to the account share.
        renews: Whether a room that is over is opened again.
    """
    check_loop()
    call = _GetOrCreate(send, request, account.paths, renews=renews)
    leaders, key = account.leaders, (request.external_id, renews, send.is_in_background)
    while (leader := leaders.find(key)) is not None:
        room = await call.follow(leader)
        if room is not None:
            return room
        if not leader.gave_up:
            return await call.look_up_or_create()
    with leaders.lead(key) as leading:
        room = await call.look_up_or_create()
        leading.room_id = room.id
        return room


class _GetOrCreate:
    """One call, with all that its steps need."""

    def __init__(self, send: Sender, request: Request, paths: PathSupport, *, renews: bool) -> None:
        self._send = send
        self._request = request
        self._paths = paths
        self._deadline = send.deadline()
        self._renews = renews

    async def follow(self, leader: Leader) -> Room | None:
        """Wait for a leader, and retrieve the room that it found, with a separate token.

        Returns:
            The room; `None` if there is none to follow it to.

        Raises:
            DeadlineExceededError: The time was up before the leader had ended.
        """
        if not await leader.ended(self._deadline.remaining()):
            when = "while another call looked up or created the same room"
            raise self._send.out_of_time(self._request, self._deadline, when)
        if leader.room_id is None:
            return None
        asked = self._request.external_id or ""
        # Deleted since, or this is a database node that lags behind.
        with suppress(NotFoundError):
            call = with_response(operations.get(leader.room_id))
            response, room = await self._send(*call, self._deadline)
            if room.external_id is None or verify.same(room.external_id, asked):
                return await self._as_asked(response, room)
        return None

    async def look_up_or_create(self) -> Room:
        """Look the room up, and create it if there is none.

        It looks first, because most callers come back for an existing room, and a read has no
        unknown outcome. If it loses the race to create the room, it looks again.
        """
        send, request, paths, deadline = self._send, self._request, self._paths, self._deadline
        conflicts = 0
        while True:
            look_up = find_after_conflict if conflicts else retrieve
            with suppress(NotFoundError):
                found = await look_up(send, request.external_id or "", paths, deadline)
                return await self._as_asked(*found)
            try:
                return await create(send, request, paths, deadline, external_id_generated=False)
            except ConflictError as conflict:
                conflicts += 1
                if conflicts == _MOST_CONFLICTS:
                    text = sentence(plain_text(conflict))
                    conflict.args = (f"{text} {_NOT_FOUND}", *conflict.args[1:])
                    raise

    async def _as_asked(self, response: Response, room: Room) -> Room:
        """Return an existing room; renew it if it is over and the caller asked for that."""
        now = server_time(response)
        if self._renews and room.is_over(now):
            return await renew(self._send, self._request, room, now, self._deadline)
        return room
