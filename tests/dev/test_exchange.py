"""Signalling: who is let into a room, what they are told of each other, when they must leave."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from videsk_rooms.dev import _exchange
from videsk_rooms.dev._admission import TOKEN_REFUSED
from videsk_rooms.dev._exchange import FULL, MALFORMED, MAX_PEOPLE, MAX_SOCKETS
from videsk_rooms.dev._signals import MAX_CHAT_CHARACTERS, MAX_MESSAGE_BYTES
from videsk_rooms.sandbox import Sandbox

from .calls import Lobby

HOUR = timedelta(hours=1)
QUALITY = '"type": "quality", "status": "issues", "quality": "jitter", "origin": "local"'


@pytest.fixture
async def room(lobby: Lobby) -> str:
    return (await lobby.videsk.rooms.create(name="Check-up")).id


async def test_whoever_enters_is_told_who_is_there_and_they_of_them(
    lobby: Lobby, room: str
) -> None:
    """By alias, or by the peer's id where there is no alias."""
    ana = await lobby.join(room, "Ana")
    access = await lobby.videsk.rooms.join(room)
    luis = await lobby.enter(access.access_token)
    entered = await luis.hears("entered")
    assert entered["peers"] == [{"peer": ana.peer, "alias": "Ana", "media": {}}]
    joined = await ana.hears("joined")
    assert joined["peer"] == joined["alias"] == entered["peer"]


async def test_a_signal_goes_to_whom_it_is_for(lobby: Lobby, room: str) -> None:
    """And says from whom it is."""
    ana, luis, eva = [await lobby.join(room, alias) for alias in ("Ana", "Luis", "Eva")]
    description = {"type": "offer", "sdp": "v=0"}
    await eva.say(type="signal", to=ana.peer, data={"description": description})
    await eva.say(type="chat", text="Hello")
    assert [(await ana.hears("joined"))["peer"] for _ in range(2)] == [luis.peer, eva.peer]
    signal = await ana.hears("signal")
    assert signal == {"type": "signal", "from": eva.peer, "data": {"description": description}}
    await luis.hears("joined")
    assert (await luis.hears("chat"))["text"] == "Hello"


async def test_the_state_of_a_camera_is_told_to_who_enters_later(lobby: Lobby, room: str) -> None:
    """Not only to those who are there."""
    ana = await lobby.join(room, "Ana")
    media = {"screen": False, "video": False, "audio": True, "stream": "s-1"}
    await ana.say(type="media", **media)
    await ana.say(type="signal", to=ana.peer, data={"candidate": {"candidate": ""}})
    await ana.hears("signal")  # so what was said before is known
    access = await lobby.videsk.rooms.join(room)
    luis = await lobby.enter(access.access_token, "Luis")
    assert (await luis.hears("entered"))["peers"][0]["media"] == media


async def test_those_who_stay_are_told_who_left(lobby: Lobby, room: str) -> None:
    """Whether they said so or their connection broke."""
    ana, luis, eva = [await lobby.join(room) for _ in range(3)]
    await luis.say(type="leave")
    await eva.socket.close()
    await ana.hears("joined")
    await ana.hears("joined")
    assert {(await ana.hears("left"))["peer"] for _ in range(2)} == {luis.peer, eva.peer}


async def test_too_early_a_token_is_not_active(lobby: Lobby, sandbox: Sandbox) -> None:
    """Until the clock has come to the room's opening."""
    room = await lobby.videsk.rooms.create(nbf=sandbox.now + HOUR, exp=sandbox.now + 2 * HOUR)
    assert room.access_token is not None
    early = await lobby.enter(room.access_token)
    assert await early.refusal() == (TOKEN_REFUSED, "jwt not active")
    sandbox.advance(HOUR + timedelta(seconds=1))
    await (await lobby.enter(room.access_token)).hears("entered")


async def test_too_late_a_token_is_expired(lobby: Lobby, sandbox: Sandbox, room: str) -> None:
    """By the sandbox's clock."""
    access = await lobby.videsk.rooms.join(room)
    sandbox.advance(4 * HOUR)
    late = await lobby.enter(access.access_token)
    assert await late.refusal() == (TOKEN_REFUSED, "jwt expired")


async def test_nobody_enters_a_room_that_was_ended(lobby: Lobby, room: str) -> None:
    """With a token that was good."""
    access = await lobby.videsk.rooms.join(room)
    await lobby.videsk.rooms.end(room)
    late = await lobby.enter(access.access_token)
    assert await late.refusal() == (TOKEN_REFUSED, "jwt expired")


async def test_a_token_of_another_sandbox_has_an_invalid_signature(lobby: Lobby) -> None:
    """It is well formed."""
    with Sandbox() as other:
        async with aiohttp.ClientSession() as session:
            elsewhere = Lobby(other, session)
            token = (await elsewhere.videsk.rooms.create()).access_token
            await elsewhere.videsk.close()
    assert token is not None
    stranger = await lobby.enter(token)
    assert await stranger.refusal() == (TOKEN_REFUSED, "invalid signature")


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_what_is_no_token_is_malformed(lobby: Lobby, token: str) -> None:
    """Whatever it is."""
    stranger = await lobby.enter(token)
    assert await stranger.refusal() == (TOKEN_REFUSED, "jwt malformed")


async def test_an_api_token_opens_no_room(lobby: Lobby, sandbox: Sandbox) -> None:
    """A page that was given one by mistake is told."""
    caller = await lobby.enter(sandbox.tokens.issue())
    assert await caller.refusal() == (TOKEN_REFUSED, "jwt malformed")


async def test_everybody_is_disconnected_at_the_end(
    lobby: Lobby, sandbox: Sandbox, room: str
) -> None:
    """Also when the clock is moved there; a room that goes on is left alone."""
    later = await lobby.videsk.rooms.create(exp=sandbox.now + 10 * HOUR)
    people = [await lobby.join(room), await lobby.join(room)]
    other = await lobby.join(later.id)
    await people[0].hears("joined")
    sandbox.advance(4 * HOUR)
    for person in people:
        assert (await person.hears("expelled"))["message"] == "jwt expired"
        assert await person.refusal() == (TOKEN_REFUSED, "jwt expired")
    await other.say(type="signal", to=other.peer, data={"candidate": {"candidate": ""}})
    await other.hears("signal")


async def test_everybody_is_disconnected_when_the_room_is_ended(lobby: Lobby, room: str) -> None:
    """By the API, as an application does it."""
    ana = await lobby.join(room)
    await lobby.videsk.rooms.end(room)
    await ana.hears("expelled")
    assert await ana.refusal() == (TOKEN_REFUSED, "jwt expired")


async def test_a_room_that_is_moved_later_goes_on(
    lobby: Lobby, sandbox: Sandbox, room: str
) -> None:
    """What counts for those inside is the room, not the token that they came with."""
    ana = await lobby.join(room)
    await lobby.videsk.rooms.update(room, exp=sandbox.now + 10 * HOUR)
    sandbox.advance(4 * HOUR)
    await ana.say(type="signal", to=ana.peer, data={"candidate": {"candidate": ""}})
    await ana.hears("signal")


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[]",
        "[" * 100_000,
        '{"type": "unknown"}',
        '{"type": ["chat"]}',
        '{"type": "enter", "token": "again"}',
        '{"type": "chat"}',
        '{"type": "chat", "text": ""}',
        f'{{"type": "chat", "text": "{"x" * (MAX_CHAT_CHARACTERS + 1)}"}}',
        '{"type": "signal", "to": "x", "data": {"description": {"type": "rollback"}}}',
        '{"type": "signal", "to": "x", "data": {"candidate": {"candidate": []}}}',
        '{"type": "stats", "to": "x", "stats": {"ua": ["nested"]}}',
        '{"type": "quality", "status": 1}',
        '{"type": "signal", "to": "x", "data": {"candidate": {"sdpMLineIndex": NaN}}}',
        '{"type": "stats", "to": "x", "stats": {"bytesSent": 1e999}}',
        f'{{"type": "stats", "to": "x", "stats": {{"bytesSent": {"9" * 400}}}}}',
        f'{{{QUALITY}, "value": NaN}}',
        f'{{{QUALITY}, "value": {"9" * 400}}}',
    ],
    ids=lambda message: message[:40],
)
async def test_a_malformed_message_ends_the_connection(
    lobby: Lobby, room: str, message: str
) -> None:
    """With the documented code; others in the room only see somebody leave."""
    ana, luis = await lobby.join(room), await lobby.join(room)
    await luis.socket.send_str(message[:60_000])
    code, reason = await luis.refusal()
    assert code == MALFORMED
    assert reason.startswith("malformed message: ")
    await ana.hears("joined")
    assert (await ana.hears("left"))["peer"] == luis.peer


async def test_a_message_may_not_be_too_large(lobby: Lobby, room: str) -> None:
    """It is not even read."""
    ana = await lobby.join(room)
    await ana.socket.send_str("x" * (MAX_MESSAGE_BYTES + 1))
    code, _ = await ana.refusal()
    assert code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_room_holds_so_many_people(lobby: Lobby, room: str) -> None:
    """One more is refused, until somebody leaves."""
    people = [await lobby.join(room) for _ in range(MAX_PEOPLE)]
    access = await lobby.videsk.rooms.join(room)
    late = await lobby.enter(access.access_token)
    code, _ = await late.refusal()
    assert code == FULL
    await people[-1].say(type="leave")
    for _ in range(MAX_PEOPLE - 1):
        await people[0].hears("joined")
    await people[0].hears("left")
    await lobby.join(room)


async def test_who_does_not_read_is_disconnected(lobby: Lobby, room: str) -> None:
    """Instead of being waited for: the memory of what is on its way is bounded."""
    ana, slow = await lobby.join(room), await lobby.join(room)
    await ana.hears("joined")
    text = "x" * MAX_CHAT_CHARACTERS
    leaving = asyncio.ensure_future(ana.hears("left"))
    while not leaving.done():
        await ana.say(type="chat", text=text)
        await asyncio.sleep(0)
    assert (await leaving)["peer"] == slow.peer


async def test_a_page_of_another_site_cannot_connect(lobby: Lobby, sandbox: Sandbox) -> None:
    """One of this machine can, whatever its port."""
    url = sandbox.url + "/exchange"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url, headers={"Origin": "https://example.org"})
        socket = await session.ws_connect(url, headers={"Origin": "http://localhost:5000"})
        await socket.close()


async def test_a_request_that_is_no_websocket_is_told(sandbox: Sandbox) -> None:
    """Rather than left without an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.url + "/exchange") as answer,
    ):
        assert answer.status == 400


async def test_who_says_nothing_is_not_waited_for(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that enters no room is closed."""
    monkeypatch.setattr(_exchange, "_ENTER_SECONDS", 0.05)
    silent = await lobby.connect()
    assert await silent.refusal() == (MALFORMED, "malformed message: none came")


async def test_connections_are_bounded(lobby: Lobby, room: str) -> None:
    """Those that have entered no room count too."""
    silent = [await lobby.connect() for _ in range(MAX_SOCKETS)]
    late = await lobby.connect()
    code, _ = await late.refusal()
    assert code == FULL
    await silent[0].socket.close()
    await lobby.join(room)


async def test_the_console_sees_who_is_inside(lobby: Lobby, sandbox: Sandbox, room: str) -> None:
    """By name and since when, never by token."""
    ana = await lobby.join(room, "Ana")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.url}/dev/v1/rooms/{room}") as answer,
    ):
        (person,) = (await answer.json())["people"]
    assert (person["peer"], person["alias"]) == (ana.peer, "Ana")
    assert set(person) == {"peer", "alias", "since"}
