"""Finding a room by the caller's own id: by the path where it is taken, else by the listing."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import time
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from tests.retrying import client
from tests.support import API, ROOM, feathers
from videsk_rooms import NotFoundError, ResponseError, Retry, Room, ServerError, Videsk
from videsk_rooms._operations import lookup
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aioresponses.core import aioresponses

    from videsk_rooms import AsyncVidesk

ROOMS = f"{API}/vpaas/rooms"
OBJECT_ID = "64f1a2b3c4d5e6f7a8b9c0d1"
IDS_ONLY = pytest.mark.videsk_sandbox(external_ids=False)


def asked(sandbox: Sandbox) -> Sequence[str | None]:
    """Return the operations since the last time, and forget them."""
    operations = [request.operation for request in sandbox.requests]
    sandbox.requests.clear()
    return operations


# -- how many requests ----------------------------------------------------------------------------


async def test_a_room_is_retrieved_by_the_path_in_one_request(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """With its token (docs/api.md, "Operations")."""
    sandbox.add_room(external_id="ticket-1")
    room = await fast.rooms.get_by_external_id("ticket-1")
    assert (room.external_id, bool(room.access_token)) == ("ticket-1", True)
    assert asked(sandbox) == ["get"]


async def test_a_404_is_confirmed_until_the_server_is_known(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """A server that takes ids only says the same of a room that is there."""
    sandbox.add_room(external_id="ticket-1")
    for operations in (["get", "list"], ["get", "list"]):
        with pytest.raises(NotFoundError):
            await fast.rooms.get_by_external_id("absent")
        assert asked(sandbox) == operations
    await fast.rooms.get_by_external_id("ticket-1")
    asked(sandbox)
    with pytest.raises(NotFoundError, match="no room has external_id='absent'"):
        await fast.rooms.get_by_external_id("absent")
    assert asked(sandbox) == ["get"]


@IDS_ONLY
async def test_a_server_that_takes_ids_only_is_remembered(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The path led to nothing, the listing to the room: the path is not asked again."""
    sandbox.add_room(external_id="ticket-1")
    sandbox.add_room(external_id="ticket-2")
    assert (await fast.rooms.get_by_external_id("ticket-1")).access_token
    assert asked(sandbox) == ["get", "list", "get"]
    assert (await fast.rooms.get_by_external_id("ticket-2")).access_token
    assert asked(sandbox) == ["list", "get"]
    for absent in ("absent", OBJECT_ID, "ticket-12345", "a/b"):
        with pytest.raises(NotFoundError):
            await fast.rooms.get_by_external_id(absent)
        assert asked(sandbox) == ["list"]


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_any_refusal_of_the_path_leads_to_the_listing(
    sandbox: Sandbox, fast: AsyncVidesk, status: int
) -> None:
    """How a server refuses what is no id is not documented."""
    sandbox.add_room(external_id="ticket-1")
    sandbox.faults.status(status, on="get")
    assert (await fast.rooms.get_by_external_id("ticket-1")).external_id == "ticket-1"
    assert asked(sandbox) == ["get", "list", "get"]


async def test_a_server_that_fails_at_what_is_no_id_is_asked_by_the_listing(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """As one does that makes an id of whatever is in the path; and it is remembered."""
    sandbox.add_room(external_id="ticket-1")
    sandbox.faults.status(500, on="get", times=4)
    for operations in (["get"] * 4 + ["list", "get"], ["list", "get"]):
        assert (await fast.rooms.get_by_external_id("ticket-1")).external_id == "ticket-1"
        assert asked(sandbox) == operations


async def test_a_failure_is_no_refusal_of_the_path(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """In an outage no further requests are sent for nothing, and nothing is learned."""
    sandbox.add_room(external_id="ticket-1")
    sandbox.faults.status(503, on="get", times=4)
    with pytest.raises(ServerError):
        await fast.rooms.get_by_external_id("ticket-1")
    assert asked(sandbox) == ["get"] * 4
    await fast.rooms.get_by_external_id("ticket-1")
    assert asked(sandbox) == ["get"]


async def test_a_404_of_a_proxy_is_not_the_last_word(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """A page in place of the API's own words says nothing of the room."""
    sandbox.add_room(external_id="ticket-1")
    await fast.rooms.get_by_external_id("ticket-1")
    sandbox.faults.status(404, html=True, on="get")
    assert (await fast.rooms.get_by_external_id("ticket-1")).external_id == "ticket-1"


async def test_what_was_learned_wrongly_is_unlearned(
    sandbox: Sandbox, fast: AsyncVidesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that was made between the two requests looks as if the path were not taken."""
    sandbox.add_room(external_id="ticket-1")
    sandbox.faults.status(404, on="get")
    await fast.rooms.get_by_external_id("ticket-1")
    asked(sandbox)
    later = time.monotonic() + 601  # after ten minutes a refused path is asked for again
    monkeypatch.setattr(lookup, "monotonic", lambda: later)
    for _ in range(2):
        await fast.rooms.get_by_external_id("ticket-1")
        assert asked(sandbox) == ["get"]


# -- who shares what was learned ------------------------------------------------------------------


@IDS_ONLY
async def test_views_share_what_was_learned(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """In both directions, and the calls of many rooms at once as well."""
    sandbox.add_room(external_id="ticket-1")
    await fast.with_options(timeout=20.0).rooms.get_by_external_id("ticket-1")
    asked(sandbox)
    await fast.rooms.get_by_external_id("ticket-1")
    await fast.with_options(retry=Retry()).rooms.get_by_external_id("ticket-1")
    assert asked(sandbox) == ["list", "get"] * 2
    sandbox.faults.drop("after", on="create")
    outcomes = fast.rooms.create_many([{"external_id": "ticket-2"}])
    assert [outcome.ok async for outcome in outcomes] == [True]
    assert asked(sandbox) == ["create", "create", "list", "get"]


@IDS_ONLY
async def test_another_token_learns_for_itself(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """The account decides the version (docs/api.md, "Access")."""
    sandbox.add_room(external_id="ticket-1")
    await fast.rooms.get_by_external_id("ticket-1")
    asked(sandbox)
    other = fast.with_options(api_token=lambda: sandbox.api_token)
    await other.rooms.get_by_external_id("ticket-1")
    assert asked(sandbox) == ["get", "list", "get"]


@IDS_ONLY
@pytest.mark.parametrize("another", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_learns_for_itself(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, another: Any
) -> None:
    """And does no harm by it."""
    monkeypatch.setenv("VIDESK_API_TOKEN", sandbox.api_token)
    sandbox.add_room(external_id="ticket-1")
    with Videsk(base_url=sandbox.url) as videsk:
        videsk.rooms.get_by_external_id("ticket-1")
        asked(sandbox)
        with another(videsk) as copied:
            copied.rooms.get_by_external_id("ticket-1")
    assert asked(sandbox) == ["get", "list", "get"]


# -- any id whatsoever ----------------------------------------------------------------------------

ODD = [
    *("a/b", "/", "a/", "//", "a\\b", "%", "%2F", "%2e%2e", "100%", "a?b", "a#b", "a&b=c", "a;b"),
    *(
        "..",
        ".",
        "...",
        "../x",
        "a/../b",
        "./a",
        "a/.",
        "~",
        "-",
        "_",
        "+",
        "a+b",
        "a b",
        " a",
        "a ",
    ),
    *(
        " ",
        "\t",
        "a\nb",
        "a\x00b",
        "\x7f",
        "é",
        "e\u0301",
        "日本語",
        "👩‍👩‍👧",
        "\u202eabc",
        "ticket-12345",
    ),
    *(
        ":",
        "@",
        "a:b@c",
        "$limit",
        "[1]",
        "{}",
        '"',
        "'",
        "<a>",
        "^",
        "`",
        "|",
        "*",
        "stats",
        "join",
    ),
    *("a" * 100, "👍" * 100, OBJECT_ID, OBJECT_ID.upper(), "0" * 24, "éééééé"),
]


@pytest.mark.parametrize("switches", [True, False], ids=["by path", "ids only"])
async def test_any_external_id_finds_its_own_room(switches: bool) -> None:
    """Nothing on the way may take a character for something else, or tidy it away."""
    with Sandbox(rate=None, external_ids=switches) as sandbox:
        held = {external_id: sandbox.add_room(external_id=external_id) for external_id in ODD}
        async with client(sandbox) as videsk:
            rooms = await asyncio.gather(*map(videsk.rooms.get_by_external_id, ODD))
            for external_id, room in zip(ODD, rooms, strict=True):
                assert (room.external_id, room.id) == (external_id, held[external_id]["id"])
                assert room.access_token


@pytest.mark.parametrize("external_id", ODD)
async def test_any_external_id_may_be_absent(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str
) -> None:
    """Then no other room is found in its place."""
    sandbox.add_room(external_id="ticket-1")
    await fast.rooms.get_by_external_id("ticket-1")
    with pytest.raises(NotFoundError):
        await fast.rooms.get_by_external_id(external_id)


@pytest.mark.parametrize("external_id", [".", "..", " ", "\t"])
async def test_what_no_path_can_hold_goes_by_the_listing(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str
) -> None:
    """A proxy that tidies paths up takes a segment of dots away, however it is encoded."""
    sandbox.add_room(external_id=external_id)
    await fast.rooms.get_by_external_id(external_id)
    assert asked(sandbox) == ["list", "get"]


@pytest.mark.parametrize("external_id", [OBJECT_ID, "ticket-12345", "a/b"])
async def test_a_404_to_what_may_have_been_taken_for_something_else_is_confirmed(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str
) -> None:
    """For an id of a room, as MongoDB's drivers take twelve bytes; or for a longer path."""
    sandbox.add_room(external_id="ticket-1")
    await fast.rooms.get_by_external_id("ticket-1")
    asked(sandbox)
    sandbox.add_room(external_id=external_id)
    sandbox.faults.status(404, on="get")
    assert (await fast.rooms.get_by_external_id(external_id)).external_id == external_id
    assert asked(sandbox) == ["get", "list", "get"]
    await fast.rooms.get_by_external_id("ticket-1")
    assert asked(sandbox) == ["get"], "it says nothing of other external ids"


@pytest.mark.parametrize(
    ("found", "missed"), [("100%", "a/b"), ("ticket-1234ñ", "ticket-12345"), ("a/b", "100%")]
)
async def test_what_one_odd_external_id_proves_is_no_proof_for_another(
    sandbox: Sandbox, fast: AsyncVidesk, found: str, missed: str
) -> None:
    """A proxy may pass "%" on and decode "/"; a driver may take bytes for an id, or characters."""
    sandbox.add_room(external_id=found)
    sandbox.add_room(external_id=missed)
    await fast.rooms.get_by_external_id(found)
    sandbox.faults.status(404, on="get")
    assert (await fast.rooms.get_by_external_id(missed)).external_id == missed


REFUSED_PATHS: dict[str, Callable[[Sandbox], object]] = {
    "the path of a join, which takes no GET": lambda it: it.faults.status(405, on="get"),
    "an attack, to a firewall": lambda it: it.faults.status(403, html=True, on="get"),
    "the path of statistics or of the listing": lambda it: it.faults.garbage(on="get", times=4),
    "one to be tidied up": lambda it: it.faults.status(301, on="get"),
}


@pytest.mark.parametrize("refuse", REFUSED_PATHS.values(), ids=REFUSED_PATHS)
@pytest.mark.parametrize("external_id", ["a/join", "a/..", "a?b", "a#b"])
async def test_an_external_id_that_a_proxy_makes_another_path_of_is_found(
    sandbox: Sandbox,
    fast: AsyncVidesk,
    external_id: str,
    refuse: Callable[[Sandbox], object],
) -> None:
    """By the listing, whatever the other path answers."""
    sandbox.add_room(external_id=external_id)
    refuse(sandbox)
    assert (await fast.rooms.get_by_external_id(external_id)).external_id == external_id


async def test_an_external_id_that_is_the_id_of_another_room(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The path leads to the room of that id; the answer's own `externalId` tells them apart."""
    other = str(sandbox.add_room(external_id="other")["id"])
    held = sandbox.add_room(external_id=other)
    room = await fast.rooms.get_by_external_id(other)
    assert (room.id, room.external_id) == (held["id"], other)


async def test_a_path_that_a_proxy_has_changed_gives_nobody_elses_room(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """One that decodes `a%2F..%2Fb` asks for `b`; the listing has the right one."""
    other = sandbox.add_room(external_id="b")
    held = sandbox.add_room(external_id="a/../b")
    body = json.dumps({**other, "accessToken": "a.b.c"}).encode()
    headers = {"Content-Type": "application/json"}
    sandbox.faults.answer(200, headers=headers, body=body, on="get")
    room = await fast.rooms.get_by_external_id("a/../b")
    assert (room.id, room.external_id) == (held["id"], "a/../b")
    assert asked(sandbox) == ["get", "list", "get"]


async def test_a_room_that_is_renamed_while_it_is_looked_up_is_not_found(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """It has this external id no more."""
    there = {**ROOM, "externalId": "ticket-1"}
    wire.get(f"{ROOMS}/ticket-1", status=404, body=feathers(404, "NotFound", "No record"))
    page = {"total": 1, "limit": 100, "skip": 0, "data": [there]}
    wire.get(URL(f"{ROOMS}?$limit=100&externalId=ticket-1", encoded=True), payload=page)
    wire.get(f"{ROOMS}/{OBJECT_ID}", payload={**there, "externalId": "ticket-2"})
    with pytest.raises(NotFoundError, match="no room has external_id='ticket-1'"):
        await wired.rooms.get_by_external_id("ticket-1")


async def test_an_answer_about_another_room_is_no_answer(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """Neither its room nor its token is shown."""
    secret = {**ROOM, "name": "Foreign", "externalId": "a-1", "accessToken": "eyJhbGciOi.x.y"}
    wire.get(f"{ROOMS}/b-2", payload=secret)
    with pytest.raises(ResponseError, match="another call") as caught:
        await wired.rooms.get_by_external_id("b-2")
    shown = f"{caught.value} {caught.value.__dict__}"
    assert not [each for each in ("Foreign", "a-1", "eyJ", OBJECT_ID) if each in shown]


async def test_rooms_get_takes_an_external_id_as_well(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """The path of Retrieve is "Room ID (ObjectId) or external ID" (docs/api.md, "Operations")."""
    held = sandbox.add_room(external_id="ticket-1")
    room = await fast.rooms.get("ticket-1")
    assert isinstance(room, Room)
    assert room.id == held["id"]
