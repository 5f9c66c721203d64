"""Models in the hands of others: frameworks, queues and libraries that write and read JSON."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Annotated, Any

import cattrs
import django
import flask
import kombu.serialization as _serialization
import msgspec
import pytest
from django.conf import settings
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError

from videsk_rooms import Authorization, EnterableRoom, Room, RoomAccess, RoomPage, RoomStats

TOKEN = "eyJhbGciOiJub25lIn0.eyJqdGkiOiJhIn0.c2lnbmF0dXJl"
START = datetime(2042, 8, 14, 15, tzinfo=timezone.utc)
ROOM = Room(
    "64f1a2b3c4d5e6f7a8b9c0d1",
    name="Check-up",
    external_id="ticket-1",
    nbf=START,
    authorizations=(Authorization(ip="192.0.2.1", created_at=START),),
    access_token=TOKEN,
    extra={"region": ["scl"]},
)
PAGE = RoomPage(total=1, limit=10, skip=0, data=(ROOM,))
ACCESS = RoomAccess(TOKEN, exp=START, jti="a")
STATS = RoomStats("report", {"score": {"mos": 4.2}})

serialization: Any = _serialization  # kombu has few types

app = FastAPI()


@app.get("/room")
def room() -> Room:
    """Answer with a room."""
    return ROOM


@app.get("/rooms")
def rooms() -> list[Room]:
    """Answer with rooms."""
    return [ROOM]


@app.get("/page")
def page() -> RoomPage:
    """Answer with a page."""
    return PAGE


@app.get("/access")
def access() -> RoomAccess:
    """Answer with what a join returned."""
    return ACCESS


@app.get("/stats")
def stats() -> RoomStats:
    """Answer with statistics."""
    return STATS


@app.post("/echo")
def echo(room: Annotated[Room, Body()]) -> str:
    """Answer with the id of the room that is sent."""
    return room.id


fastapi = TestClient(app)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/room", ROOM.to_dict()),
        ("/rooms", [ROOM.to_dict()]),
        ("/page", PAGE.to_dict()),
        ("/access", ACCESS.to_dict()),
        ("/stats", STATS.to_dict()),
    ],
)
def test_fastapi_answers_with_models(path: str, value: object) -> None:
    """A return annotation is enough; access tokens are left out."""
    answer = fastapi.get(path)
    assert (answer.status_code, answer.json()) == (200, value)
    assert TOKEN not in answer.text


def test_fastapi_reads_a_room_of_a_body() -> None:
    """What is not a room is a 422 that names the field."""
    assert fastapi.post("/echo", json=ROOM.to_dict()).json() == ROOM.id
    refused = fastapi.post("/echo", json={"id": 3})
    assert refused.status_code == 422
    assert "should be a string" in refused.text
    assert "at id" in refused.text


def test_openapi_describes_rooms_as_they_are_sent() -> None:
    """The API's names, formats of times, what is required, and no access token in an answer."""
    schemas = fastapi.get("/openapi.json").json()["components"]["schemas"]
    sent, read = schemas["Room-Output"], schemas["Room-Input"]
    assert sent["required"] == read["required"] == ["id"]
    assert sent["properties"]["externalId"]["type"] == "string"
    assert sent["properties"]["nbf"]["format"] == "date-time"
    assert sent["properties"]["authorizations"]["items"] == {
        "$ref": "#/components/schemas/Authorization"
    }
    assert sent["additionalProperties"] is True
    assert "accessToken" in read["properties"]
    assert "accessToken" not in sent["properties"]
    assert schemas["RoomPage"]["properties"]["data"]["items"]["$ref"].endswith("Room-Output")


class Visit(BaseModel):
    """A model of pydantic with models of ours."""

    room: Room
    page: RoomPage | None = None


def test_models_are_fields_of_pydantic() -> None:
    """Validated from instances, mappings and JSON; written by `to_dict`."""
    visit = Visit(room=ROOM, page=PAGE)
    assert visit.room is ROOM
    assert visit.model_dump() == {"room": ROOM.to_dict(), "page": PAGE.to_dict()}
    assert Visit.model_validate_json(visit.model_dump_json()).room.nbf == START
    assert Visit.model_validate({"room": ROOM.to_dict(tokens=True)}).room == ROOM


@pytest.mark.parametrize("value", [{}, {"id": None}, {"id": "a", "nbf": "soon"}, "a", None, 3])
def test_pydantic_refuses_what_is_not_a_room(value: Any) -> None:
    """By its own error, as for any type."""
    with pytest.raises(ValidationError):
        TypeAdapter(Room).validate_python(value)


def test_a_schema_is_of_the_model_that_was_asked_for() -> None:
    """The title is the class's name, and the description its first line."""
    schema = TypeAdapter(RoomStats).json_schema()
    assert (schema["title"], schema["description"]) == ("RoomStats", "Statistics of a room.")
    assert schema["required"] == ["view", "data"]


def test_flask_answers_with_a_room() -> None:
    """By `to_dict`, which Flask takes for JSON also without `jsonify`."""
    site = flask.Flask(__name__)
    site.add_url_rule("/room", "room", lambda: flask.jsonify(ROOM.to_dict()))
    site.add_url_rule("/plain", "plain", lambda: ROOM.to_dict())
    client = site.test_client()
    assert client.get("/room").json == client.get("/plain").json == ROOM.to_dict()


def test_celery_takes_a_room_as_json() -> None:
    """Into the message and out of it, by the serialiser that Celery uses."""
    kind, encoding, body = serialization.dumps(ROOM.to_dict(), serializer="json")
    back = Room.from_dict(serialization.loads(body, kind, encoding))
    assert back.to_dict() == ROOM.to_dict()
    assert TOKEN not in body


def test_msgspec_writes_what_to_dict_returns() -> None:
    """And `from_dict` reads it back."""
    assert Room.from_dict(msgspec.json.decode(msgspec.json.encode(ROOM.to_dict()))).nbf == START


@pytest.mark.parametrize("token", ["abc", None])
def test_msgspec_writes_an_enterable_room_as_it_writes_a_room(token: str | None) -> None:
    """Also one whose answer had no token."""
    content = {"id": "7", "accessToken": token} if token else {"id": "7"}
    room, enterable = Room.from_dict(content), EnterableRoom.from_dict(content)
    assert msgspec.json.encode(enterable) == msgspec.json.encode(room)


def test_converters_of_cattrs_take_both_methods_as_hooks() -> None:
    """One line each way; the classes of the caller may hold rooms."""
    converter = cattrs.Converter()
    converter.register_unstructure_hook(Room, Room.to_dict)
    converter.register_structure_hook(Room, lambda value, _: Room.from_dict(value))
    written = converter.unstructure({"here": [ROOM]}, dict[str, list[Room]])
    assert written == {"here": [ROOM.to_dict()]}
    assert converter.structure(written, dict[str, list[Room]])["here"][0].nbf == START


def test_a_cache_of_django_keeps_a_room() -> None:
    """It pickles: the room comes back whole, the token too."""
    if not settings.configured:
        settings.configure()
        django.setup()
    from django.core.cache.backends.locmem import LocMemCache

    cache = LocMemCache("rooms", {})
    cache.set("room", ROOM)
    back: Any = cache.get("room")
    assert back == ROOM
    assert back.access_token == TOKEN


def test_what_to_dict_returns_is_new_each_time() -> None:
    """Whoever adds to it changes no room."""
    written = ROOM.to_dict()
    written["settings"] = {}
    assert "settings" not in ROOM.to_dict()
    assert json.loads(ROOM.to_json()) == ROOM.to_dict()
