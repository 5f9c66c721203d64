"""Finding a room by the caller's own id for it.

Retrieve takes an `externalId` in the path (docs/api.md, "Operations"): one request, with the token.
A server that takes only ids responds 404 or 400. The filter of the listing works everywhere, but
the token then costs a second request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._wire import decode, operations, verify
from videsk_rooms._wire.message import unexpected
from videsk_rooms._wire.operation import is_object_id
from videsk_rooms._wire.operations import with_response
from videsk_rooms._wire.status import not_found
from videsk_rooms._wire.validation import shown_as
from videsk_rooms.errors import APIError, NotFoundError, ResponseError

from .pagination import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms._http.call import Sender
    from videsk_rooms._http.deadline import Deadline
    from videsk_rooms._wire.message import Response
    from videsk_rooms.models import Room

# How a server responds if a path leads to no room. 404 and 400 are the likely ones.
_NO_SUCH_ROOM = frozenset({400, 404, 422})
# How a path is refused that a proxy has changed, or that a firewall takes for an attack.
_ANOTHER_PATH = frozenset({403, 405})
# Seconds after which a server that took only ids is retried: the account decides the version
# (docs/api.md, "Access"), and the apparent proof may have been a room that was just created.
_ASK_AGAIN = 600.0

_Form: TypeAlias = Literal["plain", "hex", "twelve", "unsure"]
# Proxies decode these, or refuse a path that has them.
_RESERVED = re.compile(r"[/\\%;?#\x00-\x1f\x7f]")


class PathSupport:
    """Learns whether Retrieve takes external ids in the path.

    It is learned for each form of external id separately: ids that may be taken for a room's id,
    or that proxies may change, say nothing about the others.
    """

    def __init__(self) -> None:
        self._taken: set[_Form] = set()
        self._refused: dict[_Form, float] = {}

    def is_proven(self, form: _Form) -> bool:
        """Return whether a 404 for an external id of this form is final."""
        # A proxy may pass "%" on and decode "/", so that one with the first proves nothing.
        if form == "unsure":
            return False
        return form in self._taken or (form == "plain" and bool(self._taken))

    def is_worth_asking(self, form: _Form) -> bool:
        """Return whether an external id of this form may go into the path."""
        if self.is_proven(form):
            return True
        at = self._refused.get(form, self._refused.get("plain"))
        return at is None or monotonic() - at > _ASK_AGAIN

    def found(self, form: _Form) -> None:
        """Record that the path led to the room."""
        self._taken.add(form)
        self._refused.pop(form, None)

    def missed(self, form: _Form) -> None:
        """Record that the path led to no room, but the listing did."""
        if self.is_proven(form):
            self._taken.clear()  # the listing may just have been quicker, so nothing is known
        else:
            self._refused[form] = monotonic()


async def retrieve(
    send: Sender,
    external_id: str,
    paths: PathSupport,
    deadline: Deadline,
    *,
    surely_there: bool = False,
) -> tuple[Response, Room]:
    """Retrieve the room that has this `externalId`, with a token; also return the response.

    Args:
        send: Sends requests.
        external_id: The caller's own id.
        paths: What is known of the server.
        deadline: The end of the call.
        surely_there: Whether the room is known to exist, so that no 404 is final.

    Raises:
        NotFoundError: No room has it.
        ResponseError: The responses do not show which room has it.
    """
    form = _form_of(external_id)
    if form is None or not paths.is_worth_asking(form):
        return await _retrieve_listed(send, external_id, deadline)
    call = operations.get_by_external_id(external_id), _reader(external_id, form)
    answered, missed = None, False
    try:
        answered = await send(*call, deadline)
    except (APIError, ResponseError) as error:
        proven = paths.is_proven(form)
        if not _may_be_a_miss(error, form, proven=proven):
            raise
        # A page instead of the API's JSON comes from a proxy, and says nothing about the room.
        if isinstance(error, NotFoundError) and error.name and proven and not surely_there:
            raise not_found(error, _no_room_has(external_id)) from None
        missed = True
    if answered is None:
        answered = await _retrieve_listed(send, external_id, deadline)
        if missed:
            paths.missed(form)
    elif answered[1].id.casefold() != external_id.casefold():
        paths.found(form)
    return answered


async def _retrieve_listed(
    send: Sender, external_id: str, deadline: Deadline
) -> tuple[Response, Room]:
    listed = await _find(send, external_id, deadline)
    response, room = await send(*with_response(operations.get(listed)), deadline)
    current = room.external_id
    if current is not None and not verify.same(current, external_id, any_case=False):
        raise not_found(response, _no_room_has(external_id))  # renamed since it was listed
    return response, room


async def _find(send: Sender, external_id: str, deadline: Deadline) -> Room:
    """Find the room that has this `externalId` in the listing, which shows no token.

    The id is compared here, too, and all pages are read: if the server's filter matches loosely, it
    must neither return somebody else's room nor hide the right one. If no room has exactly this id,
    the only one with the same id by `verify.same` is taken, because a server may trim or normalise
    ids.

    Raises:
        NotFoundError: No room has it.
        ResponseError: Rooms came without their `externalId`, so that this one cannot be recognised;
            or the server does not page.
    """
    reading, nameless = Reading(), None
    alike: dict[str, Room] = {}
    position: int | None = 0
    while True:
        request, _ = operations.listing(
            limit=100, skip=position or None, sort=None, ended=None, external_id=external_id
        )
        response, page = await send(*with_response((request, decode.page)), deadline)
        for index, room in enumerate(page.data):
            if room.external_id == external_id:
                return room
            if room.external_id is None:
                nameless = nameless or unexpected(
                    response, "lacks what identifies the room", path=f"data[{index}].externalId"
                )
            elif verify.same(room.external_id, external_id, any_case=False):
                alike[room.id] = room
        _, position = reading.take(response, page)
        if position is None:
            if len(alike) == 1:
                return alike.popitem()[1]
            raise nameless or not_found(response, _no_room_has(external_id))


def _may_be_a_miss(error: APIError | ResponseError, form: _Form, *, proven: bool) -> bool:
    """Return whether a response to an external id in the path may mean that there is no room."""
    if isinstance(error, ResponseError):
        return form == "unsure"  # a proxy changed the path, to that of the listing for example
    if form == "unsure" and error.status in _ANOTHER_PATH:
        return True
    # A server that takes only ids may also respond 500 to anything else.
    failed = error.status == 500 and error.name is not None and not proven
    return failed or error.status in _NO_SUCH_ROOM


def _form_of(external_id: str) -> _Form | None:
    """Return which form an external id has; `None` for one that no path can hold."""
    if not external_id.strip() or external_id in {".", ".."}:
        return None  # proxies that normalise paths remove it, however it is encoded
    if is_object_id(external_id):
        return "hex"
    if _RESERVED.search(external_id):
        return "unsure"
    # MongoDB's drivers take any text of twelve bytes for an id, older ones of twelve UTF-16 units.
    # A text that is only one of them says nothing about the others.
    lengths = {len(external_id.encode()), len(external_id.encode("utf-16-le")) // 2}
    if lengths == {12}:
        return "twelve"
    return "unsure" if 12 in lengths else "plain"


def _reader(external_id: str, form: _Form) -> Callable[[Response], tuple[Response, Room] | None]:
    """Read the response to an external id in the path.

    It is `None` where the path may have led to another room: one that has this for its id, or whose
    `externalId` is not quite the same, or a path that a proxy has changed.
    """

    def read(response: Response) -> tuple[Response, Room] | None:
        room = decode.room(response)
        if room.external_id == external_id:
            return response, room
        if (
            room.external_id is None
            or form == "unsure"
            or room.id.casefold() == external_id.casefold()
            or verify.same(room.external_id, external_id)
        ):
            return None
        del room  # error reports that list all variables would show it
        raise verify.foreign(response)

    return read


def _no_room_has(external_id: str) -> str:
    return f"no room has external_id={shown_as(external_id)}"
