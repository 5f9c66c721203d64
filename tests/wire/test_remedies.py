"""The text of an error ends in what fits the operation and the status, and says nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.support import feathers
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    BadRequestError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    Room,
    ServerError,
)
from videsk_rooms.errors import plain_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from videsk_rooms.sandbox import Sandbox

    Call: TypeAlias = Callable[[AsyncVidesk], Awaitable[object]]

ID = "64f1a2b3c4d5e6f7a8b9c0d1"
OWN = "ticket-1"
CALLS: dict[str, Call] = {
    "create": lambda videsk: videsk.rooms.create(external_id=OWN),
    "list": lambda videsk: videsk.rooms.list(),
    "get": lambda videsk: videsk.rooms.get(ID),
    "get, own id": lambda videsk: videsk.rooms.get(OWN),
    "update": lambda videsk: videsk.rooms.update(ID, name="Support"),
    "update, own id": lambda videsk: videsk.rooms.update(OWN, name="Support"),
    "rename": lambda videsk: videsk.rooms.update(ID, external_id=OWN),
    "end": lambda videsk: videsk.rooms.end(ID),
    "end, own id": lambda videsk: videsk.rooms.end(OWN),
    "delete": lambda videsk: videsk.rooms.delete(ID),
    "join": lambda videsk: videsk.rooms.join(ID),
    "join, own id": lambda videsk: videsk.rooms.join(OWN),
    "stats": lambda videsk: videsk.rooms.stats(ID, view="summary"),
    "stats, own id": lambda videsk: videsk.rooms.stats(OWN),
    "request": lambda videsk: videsk.request("GET", "/vpaas/halls"),
    "request, room": lambda videsk: videsk.request("GET", f"/vpaas/rooms/{ID}"),
}
STATUSES = (400, 401, 403, 404, 405, 408, 409, 410, 422, 425, 429, 500, 501, 503)

INPUT, TOKEN, RIGHTS = "Correct", "Check the API token", "in the dashboard that the token may"
PATH, ROOM_ID, NO_ROOM_ID = "Check the path", "Check the room id", "does not look like a room id"
WINDOW, OVER, STATE = "from its nbf until its exp", "The room is over", "allow this"
END, TAKEN, LATER, SUPPORT = "call rooms.end()", "external_id", "Try again", "Videsk support"
VIEW, NOT_YET, NONE_SUCH = "another view", "may not be there yet", "nor this external id"
ENDED = "The room may be over already"

# What each operation says for each status: which words are in the remedy. What is not in a cell
# is not in the remedy either, as far as it is the word of another cell.
EVERYWHERE = {
    401: {TOKEN},
    408: {LATER, SUPPORT},
    425: {LATER, SUPPORT},
    429: {LATER},
    500: {LATER, SUPPORT},
    501: {SUPPORT},
    503: {LATER, SUPPORT},
}
FITTING: dict[str, dict[int, set[str]]] = {
    "create": {400: {INPUT}, 403: {RIGHTS}, 404: {PATH}, 409: {TAKEN}, 410: {PATH}, 422: {INPUT}},
    "list": {400: {INPUT}, 403: {RIGHTS}, 404: {PATH}, 409: {STATE, LATER.lower()}, 410: {PATH},
             422: {INPUT}},
    "get": {400: {ROOM_ID}, 403: {RIGHTS}, 404: {ROOM_ID}, 410: {OVER}, 422: {ROOM_ID}},
    "get, own id": {400: {ROOM_ID}, 403: {RIGHTS}, 404: {NONE_SUCH}, 410: {OVER}, 422: {ROOM_ID}},
    "update": {400: {INPUT}, 403: {RIGHTS}, 404: {ROOM_ID}, 409: {STATE}, 410: {OVER},
               422: {INPUT}},
    "update, own id": {400: {INPUT, NO_ROOM_ID}, 403: {RIGHTS}, 404: {NO_ROOM_ID}, 409: {STATE},
                       410: {OVER}, 422: {INPUT, NO_ROOM_ID}},
    "rename": {400: {INPUT}, 403: {RIGHTS}, 404: {ROOM_ID}, 409: {TAKEN}, 410: {OVER},
               422: {INPUT}},
    "end": {400: {ENDED}, 403: {RIGHTS}, 404: {ROOM_ID}, 409: {ENDED}, 410: {OVER}, 422: {ENDED}},
    "end, own id": {400: {ENDED, NO_ROOM_ID}, 403: {RIGHTS}, 404: {NO_ROOM_ID},
                    409: {ENDED, NO_ROOM_ID},
                    410: {OVER}, 422: {ENDED, NO_ROOM_ID}},
    "delete": {400: {END}, 403: {END}, 404: {ROOM_ID}, 405: {END}, 409: {END}, 422: {END}},
    "join": {400: {WINDOW}, 403: {WINDOW, RIGHTS}, 404: {ROOM_ID}, 409: {WINDOW}, 410: {OVER},
             422: {WINDOW}},
    "join, own id": {400: {NO_ROOM_ID}, 403: {WINDOW, RIGHTS}, 404: {NO_ROOM_ID},
                     409: {NO_ROOM_ID}, 410: {OVER}, 422: {NO_ROOM_ID}},
    "stats": {400: {VIEW}, 403: {RIGHTS}, 404: {NOT_YET, LATER}, 409: {STATE}, 422: {VIEW}},
    "stats, own id": {400: {VIEW, NO_ROOM_ID}, 403: {RIGHTS}, 404: {NOT_YET, LATER, NO_ROOM_ID},
                      409: {STATE}, 422: {VIEW, NO_ROOM_ID}},
    "request": {400: {INPUT}, 403: {RIGHTS}, 404: {PATH}, 409: {STATE}, 410: {PATH}, 422: {INPUT}},
    "request, room": {400: {ROOM_ID}, 403: {RIGHTS}, 404: {ROOM_ID}, 410: {OVER}, 422: {ROOM_ID}},
}  # fmt: skip
WORDS = (
    INPUT, TOKEN, RIGHTS, PATH, ROOM_ID, NO_ROOM_ID, WINDOW, OVER, END, LATER, SUPPORT, VIEW,
    NOT_YET, NONE_SUCH, ENDED,
)  # fmt: skip


async def told_by(sandbox: Sandbox, videsk: AsyncVidesk, call: Call, status: int, said: str) -> str:
    """Return the remedy that follows what the API said."""
    sandbox.faults.status(status, message=said)
    with pytest.raises(APIError) as caught:
        await call(videsk)
    assert caught.value.status == status
    return plain_text(caught.value).partition("). ")[2]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CALLS)
async def test_the_remedy_fits_operation_and_status(
    sandbox: Sandbox, once: AsyncVidesk, name: str, status: int
) -> None:
    """Each cell of the table, when the API's words tell nothing."""
    told = await told_by(sandbox, once, CALLS[name], status, "It cannot be")
    fitting = EVERYWHERE.get(status) or FITTING[name].get(status, set())
    assert {word for word in WORDS if word in told} == fitting & set(WORDS), told
    assert not [word for word in fitting if word not in told and word != LATER.lower()]
    assert told.endswith(".")
    assert len(told) > 20


@pytest.mark.parametrize("path", ["/vpaas/halls", "/vpaas/halls/7/join", "/", "/vpaas/rooms"])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
async def test_a_request_without_a_room_hears_nothing_of_room_ids(
    sandbox: Sandbox, once: AsyncVidesk, method: str, status: int, path: str
) -> None:
    """Nor is it told to end a room."""
    call: Call = lambda videsk: videsk.request(method, path)  # noqa: E731 - one of several
    told = await told_by(sandbox, once, call, status, "It cannot be")
    assert "room id" not in told
    assert "rooms.end" not in told


async def test_a_lost_change_of_another_path_is_not_looked_for_in_a_room(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """There is none in the path."""
    sandbox.faults.drop("after")
    with pytest.raises(OutcomeUnknownError, match="look at what it changes before"):
        await once.request("PATCH", "/vpaas/halls")
    sandbox.faults.drop("after")
    with pytest.raises(OutcomeUnknownError, match="look at the room before"):
        await once.request("PATCH", f"/vpaas/rooms/{ID}", json={"name": "Support"})


# -- deletion ------------------------------------------------------------------------------------


async def test_a_refused_deletion_names_the_end(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """As the API is published, nobody can delete a room (docs/api.md, "Operations")."""
    room = await once.rooms.create()
    with pytest.raises(
        PermissionDeniedError, match=r"ended instead: call rooms\.end\(\)"
    ) as caught:
        await once.rooms.delete(room)
    assert "dashboard" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    ["You don't have access to /vpaas/rooms/7. Please contact to your administrator.", "IP denied"],
)
async def test_a_deletion_refused_to_the_token_names_both(
    sandbox: Sandbox, once: AsyncVidesk, said: str
) -> None:
    """The end is what the API has, and the token may not be let in either way."""
    told = await told_by(sandbox, once, CALLS["delete"], 403, said)
    assert END in told
    assert RIGHTS in told


# -- joining -------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["The room has ended", "Room is not open yet", "Session closed"])
@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422])
async def test_a_room_that_cannot_be_joined_now_says_nothing_of_the_token(
    sandbox: Sandbox, once: AsyncVidesk, status: int, said: str
) -> None:
    """Which status it has is not documented (docs/api.md, "Operations")."""
    told = await told_by(sandbox, once, CALLS["join"], status, said)
    assert "token" not in told
    assert "room id" not in told
    assert "over" in told or WINDOW in told


@pytest.mark.parametrize("name", ["get", "update", "end"])
async def test_a_room_that_is_over_says_nothing_of_the_token(
    sandbox: Sandbox, once: AsyncVidesk, name: str
) -> None:
    """Whatever is asked of it."""
    told = await told_by(sandbox, once, CALLS[name], 403, "The room has ended")
    assert "token" not in told
    assert OVER in told


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422, 423])
async def test_a_join_before_opening_says_when_it_opens(
    sandbox: Sandbox, once: AsyncVidesk, status: int
) -> None:
    """If the caller gave the room, and not its id."""
    room = await once.rooms.create(nbf=timedelta(hours=2), exp=timedelta(hours=3))
    assert room.nbf is not None
    call: Call = lambda videsk: videsk.rooms.join(room)  # noqa: E731 - a call like the others
    told = await told_by(sandbox, once, call, status, "It cannot be")
    if status != 404:  # then it is gone, as far as anybody can tell
        assert f"opens at {room.nbf:%Y-%m-%d %H:%M:%S} UTC, in " in told
        assert "token" not in told
    told = await told_by(sandbox, once, call, status, "The room is not open yet.")
    assert f"opens at {room.nbf:%Y-%m-%d %H:%M:%S} UTC, in " in told


async def test_the_sandbox_refuses_to_join_early_in_the_same_words(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """By the server's clock, where it tells the time."""
    room = await once.rooms.create(nbf=timedelta(days=2), exp=timedelta(days=2, hours=1))
    with pytest.raises(APIError, match=r"opens at .* UTC, in (1 d 23 h|2 d): join it then"):
        await once.rooms.join(room)
    sandbox.advance(timedelta(days=1))
    with pytest.raises(APIError, match=r"opens at .* UTC, in (23 h 59 min|1 d): join it then"):
        await once.rooms.join(room)


async def test_a_join_after_the_end_says_when_that_was(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """If the caller gave the room; one that was ended says so."""
    room = await once.rooms.create(exp=timedelta(hours=1))
    sandbox.advance(timedelta(hours=2))
    with pytest.raises(APIError, match=r"The room was over at .* UTC\. Create another one"):
        await once.rooms.join(room)
    ended = await once.rooms.end((await once.rooms.create()).id)
    with pytest.raises(APIError, match=r"The room was ended\. Create another one"):
        await once.rooms.join(ended)


async def test_a_token_that_may_not_join_is_told_so(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """The words are those of a right that is missing."""
    said = f"You don't have access to /vpaas/rooms/{ID}/join. Please contact to your administrator."
    told = await told_by(sandbox, once, CALLS["join"], 403, said)
    assert RIGHTS in told
    assert WINDOW not in told


# -- what is missing -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [CALLS["update, own id"], CALLS["end, own id"], CALLS["join, own id"]]
)
async def test_an_external_id_where_none_is_taken_is_named(once: AsyncVidesk, call: Call) -> None:
    """Only Retrieve takes one (docs/api.md, "Operations")."""
    await once.rooms.create(external_id=OWN)
    with pytest.raises(NotFoundError, match=f"'{OWN}' does not look like a room id") as caught:
        await call(once)
    assert "Only retrieving takes an external id" in str(caught.value)


async def test_statistics_that_are_not_there_yet_say_so(once: AsyncVidesk) -> None:
    """A summary is there once the session is compiled (docs/api.md, "Operations")."""
    room = await once.rooms.create()
    with pytest.raises(NotFoundError, match="once the session is compiled") as caught:
        await once.rooms.stats(room, view="summary")
    assert "heck the room id" not in str(caught.value)


async def test_statistics_of_an_external_id_name_it_first(once: AsyncVidesk) -> None:
    """It is the likely cause; that they are not there yet comes after it."""
    with pytest.raises(NotFoundError) as caught:
        await once.rooms.stats(OWN)
    told = str(caught.value)
    assert told.index(NO_ROOM_ID) < told.index("once the session is compiled")


@pytest.mark.parametrize("room_id", [None, "room-7"])
async def test_a_room_that_was_had_is_no_mistyped_id(
    sandbox: Sandbox, once: AsyncVidesk, room_id: str | None
) -> None:
    """The caller gave a room, so that nobody has typed its id, whatever its form."""
    room = Room(id=room_id) if room_id else await once.rooms.create()
    for call in (once.rooms.get, once.rooms.join, once.rooms.end):
        sandbox.faults.status(404)
        with pytest.raises(NotFoundError, match="no longer there, or belongs to another account"):
            await call(room)


# -- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "told"),
    [
        (timedelta(minutes=-5), r"is (4 min 5\d s|5 min|5 min \d s) ahead of the server's"),
        (timedelta(hours=3), r"is (2 h 59 min|3 h) behind the server's"),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "refusal",
    [("exp must be in the future", {}), ("validation failed", {"exp": "is too far away"})],
)
async def test_a_clock_that_is_wrong_is_named(
    once: AsyncVidesk,
    sandbox: Sandbox,
    off: timedelta,
    told: str,
    *,
    status: int,
    refusal: tuple[str, dict[str, object]],
) -> None:
    """An `exp` that was right by this machine's clock was refused by the server's."""
    said, details = refusal
    date = format_datetime(datetime.now(timezone.utc) + off, usegmt=True)
    for call in (once.rooms.create(exp=timedelta(hours=1)), CALLS["update"](once)):
        sandbox.faults.status(status, message=said, errors=details, headers={"Date": date})
        with pytest.raises(APIError, match=rf"This machine's clock {told}: set it"):
            await call


@pytest.mark.parametrize(
    ("said", "off"),
    [("exp must be in the future", 20), ("expected an object", 3600), ("name is too long", 3600)],
)
async def test_a_clock_is_not_blamed_for_everything(
    sandbox: Sandbox, once: AsyncVidesk, said: str, off: int
) -> None:
    """Only where times are refused, and it is a minute off: a `Date` is cut to seconds."""
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=off), usegmt=True)
    sandbox.faults.status(400, message=said, headers={"Date": date})
    with pytest.raises(BadRequestError) as caught:
        await once.rooms.create()
    assert "clock" not in str(caught.value)


# -- waiting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Retry-After": "7"}, "Retry after 7 s, and"),
        ({"Retry-After": "1.25"}, "Retry after 1.3 s, and"),
        ({"Retry-After": "1000000"}, "Retry after 1000000 s, and"),
        ({"Ratelimit-Reset": "3"}, "Retry after 3 s, and"),
        ({}, "Try again later, and"),
    ],
)
async def test_a_429_tells_after_how_many_seconds_to_retry(
    sandbox: Sandbox, once: AsyncVidesk, headers: dict[str, str], told: str
) -> None:
    """The number, where it is known."""
    sandbox.faults.status(429, headers=headers)
    with pytest.raises(RateLimitError, match=told):
        await once.rooms.list()


@pytest.mark.parametrize("html", [False, True])
async def test_a_503_tells_after_how_many_seconds_to_retry(
    sandbox: Sandbox, once: AsyncVidesk, *, html: bool
) -> None:
    """Whoever answered."""
    sandbox.faults.status(503, headers={"Retry-After": "7"}, html=html)
    with pytest.raises(ServerError, match="Retry after 7 s"):
        await once.rooms.list()


async def test_support_is_not_asked_for_an_id_that_there_is_none_of(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Then the time is all there is."""
    sandbox.faults.answer(
        500, body=feathers(500, "GeneralError", "Sorry"), headers={"X-Request-Id": ""}
    )
    with pytest.raises(ServerError, match="send Videsk support the time of the call"):
        await once.rooms.list()


async def test_nor_is_whoever_runs_a_proxy(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """A page without an id of its own is found by its time."""
    sandbox.faults.answer(502, body=b"<p>Sorry</p>", headers={"X-Request-Id": ""})
    with pytest.raises(ServerError, match="give the time of the call to its administrator"):
        await once.rooms.list()


# -- pages in the API's place --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, "check base_url and proxy"),
        (401, "check base_url and proxy"),
        (403, "check base_url and proxy"),
        (404, "check base_url and proxy"),
        (407, "asks for credentials"),
        (408, "Try again later"),
        (429, "limits the rate"),
        (502, "Try again later"),
        (522, "Try again later"),
    ],
)
async def test_a_page_in_the_apis_place_is_not_the_tokens_fault(
    sandbox: Sandbox, once: AsyncVidesk, status: int, told: str
) -> None:
    """Nor that of the room's id."""
    for call in (CALLS["get"], CALLS["delete"], CALLS["join"]):
        sandbox.faults.status(status, html=True)
        with pytest.raises(APIError, match=told) as caught:
            await call(once)
        assert "dashboard" not in str(caught.value)
        assert "room id" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("jwt expired", "has expired"),
        ("Authorization header with valid JWT is required.", "may remove the Authorization header"),
        ("jwt malformed", "mistyped"),
        ("invalid signature", "mistyped"),
        ("Unexpected token x in JSON at position 0", "mistyped"),
        ("IP not allowed", "from this IP address"),
    ],
)
async def test_a_refused_token_says_why_where_the_words_tell(
    sandbox: Sandbox, once: AsyncVidesk, said: str, told: str
) -> None:
    """The words are documented (docs/api.md, "Errors")."""
    assert told in await told_by(sandbox, once, CALLS["list"], 401, said)


async def test_a_token_that_was_removed_says_so(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """It is no matter of rights, or of addresses."""
    sandbox.tokens.revoke(sandbox.api_token)
    with pytest.raises(PermissionDeniedError, match="whether the token is still there"):
        await once.rooms.delete(ID)


async def test_a_taken_external_id_says_where_the_room_is(once: AsyncVidesk) -> None:
    """Whether a room is made or renamed."""
    await once.rooms.create(external_id=OWN)
    other = await once.rooms.create()
    with pytest.raises(ConflictError, match=r"with rooms\.get_by_external_id\(\)"):
        await once.rooms.create(external_id=OWN)
    with pytest.raises(ConflictError, match="Another room has this external_id"):
        await once.with_options(retry=Retry(attempts=1)).rooms.update(other, external_id=OWN)
