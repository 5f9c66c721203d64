"""The seven operations of docs/api.md, Operations, but the list."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import re
import socket
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import aiohttp
import jwt
import pytest

from tests.sandbox.support import ROOMS, Api
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

WIRE_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN_ID = "64f1a2b3c4d5e6f7a8b9c0d1"


def wire(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


class TestCreate:
    async def test_nothing_is_needed(self, api: Api) -> None:
        """All fields are optional: name, externalId and the window are made up."""
        answer = await api.call("POST", ROOMS)
        assert answer.status == 201
        room = answer.json
        assert re.fullmatch(r"[0-9a-f]{24}", room["id"])
        assert room["name"]
        assert UUID(room["externalId"]).version == 4
        assert room["authorizations"] == []
        assert room["settings"] == {}
        assert room["ended"] is False
        assert instant(room["exp"]) - instant(room["nbf"]) == timedelta(hours=3)

    async def test_everything_is_kept(self, api: Api) -> None:
        """What is sent comes back."""
        fields = {
            "name": "Reunión 🎥",
            "externalId": "ticket-1",
            "nbf": wire(api.sandbox.now + timedelta(hours=1)),
            "exp": wire(api.sandbox.now + timedelta(hours=2)),
            "settings": {"maxParticipants": 10, "recordingEnabled": True},
        }
        room = (await api.create(**fields)).json
        assert {name: room[name] for name in fields} == fields

    async def test_times_have_milliseconds_and_z(self, api: Api) -> None:
        """Date-times are written as in every example of the page."""
        room = (await api.create()).json
        for name in ("exp", "nbf", "createdAt", "updatedAt"):
            assert WIRE_INSTANT.fullmatch(room[name])

    async def test_offsets_are_turned_into_utc(self, api: Api) -> None:
        """A date-time of another zone is the same instant."""
        later = api.sandbox.now + timedelta(hours=1)
        santiago = later.astimezone(timezone(timedelta(hours=-3))).isoformat()
        room = (await api.create(exp=santiago)).json
        assert room["exp"] == wire(later)

    async def test_ids_are_unique_and_rising(self, api: Api) -> None:
        """Ids carry time and a counter, as a Mongo ObjectId does."""
        with Sandbox() as unseeded:
            ids = unseeded.add_rooms(3)
            stamps = {int(room_id[:8], 16) for room_id in ids}
            assert max(stamps) <= unseeded.now.timestamp() < min(stamps) + 5
        first, second = [(await api.create()).json["id"] for _ in range(2)]
        assert first[:18] == second[:18]
        assert int(second[18:], 16) == int(first[18:], 16) + 1

    async def test_access_token_carries_the_window(self, api: Api) -> None:
        """The token is a JWT with the room's window."""
        room = (await api.create()).json
        said = claims(room["accessToken"])
        assert said["exp"] == int(instant(room["exp"]).timestamp())
        assert said["nbf"] == int(instant(room["nbf"]).timestamp())
        assert said["room"] == room["id"]
        assert said["jti"]
        assert said["iat"]

    async def test_external_id_is_unique(self, api: Api) -> None:
        """A second room of one externalId is a conflict, and is not stored."""
        await api.create(externalId="a")
        answer = await api.create(externalId="a")
        assert answer.status == 409
        assert answer.json["name"] == "Conflict"
        assert "externalId" in answer.json["errors"]
        assert len(api.sandbox.rooms) == 1

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"name": 1}, "name"),
            ({"name": None}, "name"),
            ({"name": "x" * 501}, "name"),
            ({"externalId": ["a"]}, "externalId"),
            ({"externalId": "x" * 101}, "externalId"),
            ({"settings": []}, "settings"),
            ({"settings": "all"}, "settings"),
            ({"exp": 1700000000}, "exp"),
            ({"exp": "tomorrow"}, "exp"),
            ({"exp": "2042-13-14T18:00:00.000Z"}, "exp"),
            ({"exp": "2042-08-14T18:00:00.000"}, "exp"),
            ({"exp": "0001-01-01T00:00:00.000+14:00"}, "exp"),
            ({"exp": "2001-01-01T00:00:00.000Z"}, "exp"),
            ({"exp": "2999-01-01T00:00:00.000Z"}, "exp"),
            ({"nbf": True}, "nbf"),
            ({"nbf": "2042-08-14"}, "nbf"),
            ({"nbf": "2999-01-01T00:00:00.000Z"}, "nbf"),
            ({"bnf": "2042-08-14T18:00:00.000Z"}, "bnf"),
            ({"external_id": "a"}, "external_id"),
        ],
    )
    async def test_bad_fields_are_named(
        self, api: Api, fields: dict[str, object], wrong: str
    ) -> None:
        """Bad input is a 400 that tells the field, and stores nothing."""
        answer = await api.create(**fields)
        assert answer.status == 400
        assert answer.json["name"] == "BadRequest"
        assert set(answer.json["errors"]) == {wrong}
        assert api.sandbox.rooms == ()

    async def test_all_bad_fields_are_named_at_once(self, api: Api) -> None:
        """Every wrong field is told, not only the first."""
        answer = await api.create(name=1, settings=2)
        assert set(answer.json["errors"]) == {"name", "settings"}

    async def test_lengths_at_the_limit_are_let_in(self, api: Api) -> None:
        """500 characters of name and 100 of externalId are allowed."""
        for letter in "xñ🎥":  # counted in code points, as docs/api.md, Operations, has it
            answer = await api.create(name=letter * 500, externalId=letter * 100)
            assert answer.status == 201

    @pytest.mark.parametrize(("hours", "status"), [(71.99, 201), (72.01, 400)])
    async def test_exp_is_at_most_72_hours(self, api: Api, hours: float, status: int) -> None:
        """A room lives for 72 hours at most."""
        answer = await api.create(exp=wire(api.sandbox.now + timedelta(hours=hours)))
        assert answer.status == status

    @pytest.mark.parametrize(
        "body",
        [b"{", b"[]", b'"x"', b"1", b"null", b"\xff", b'{"settings":{"a":NaN}}', b"[" * 9**5],
    )
    async def test_a_body_must_be_a_json_object(self, api: Api, body: bytes) -> None:
        """Anything else is a 400."""
        answer = await api.call("POST", ROOMS, body=body)
        assert answer.status == 400

    async def test_a_body_must_be_declared_as_json(self, api: Api) -> None:
        """JSON in and out: another media type is a 400."""
        for declared, status in (
            ("text/plain", 400),
            ("text/json", 400),
            ("application/jsonl", 400),
            ("application/json; charset=utf-8", 201),
            ("Application/JSON", 201),
        ):
            answer = await api.call("POST", ROOMS, body=b"{}", headers={"Content-Type": declared})
            assert (answer.status, declared) == (status, declared)

    async def test_a_huge_body_is_refused(self, api: Api) -> None:
        """A body over a megabyte is not read."""
        answer = await api.call("POST", ROOMS, body=io.BytesIO(b" " * 2**21))
        assert answer.status == 413
        assert answer.headers["x-request-id"] == api.sandbox.requests[0].request_id

    async def test_a_body_begins_with_a_mark_or_not(self, api: Api) -> None:
        """The mark of UTF-8 is read over, as parsers of Node do; UTF-16 is no JSON to them."""
        body = '{"name":"ñ"}'
        marked = await api.call("POST", ROOMS, body=body.encode("utf-8-sig"))
        assert (marked.status, marked.json["name"]) == (201, "ñ")
        assert (await api.call("POST", ROOMS, body=body.encode("utf-16"))).status == 400

    async def test_a_compressed_body(self, api: Api) -> None:
        """Gzip is undone, and what only says that it is gzip is a 400."""
        headers = {"Content-Encoding": "gzip"}
        body = gzip.compress(b'{"name":"a"}')
        assert (await api.call("POST", ROOMS, body=body, headers=headers)).json["name"] == "a"
        answer = await api.call("POST", ROOMS, body=b'{"name":"a"}', headers=headers)
        assert (answer.status, answer.json["name"]) == (400, "BadRequest")
        assert len(api.sandbox.rooms) == 1


def nested(levels: int) -> bytes:
    """A body whose settings have so many levels, their own object among them."""
    return b'{"settings":{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}}"


POISON = {
    "beyond a double": (b'{"settings":{"a":1e400}}', "settings"),
    "beyond a double, negative": (b'{"settings":{"a":[-1e999]}}', "settings"),
    "a whole number beyond a double": (b'{"settings":{"a":1%s}}' % (b"0" * 309), "settings"),
    "a number of thousands of digits": (b'{"settings":{"a":%s}}' % (b"1" * 5_000), None),
    "NaN": (b'{"settings":{"a":NaN}}', None),
    "Infinity": (b'{"settings":{"a":Infinity}}', None),
    "-Infinity": (b'{"settings":{"a":-Infinity}}', None),
    "101 levels": (nested(101), "settings"),
    "400 levels": (nested(400), "settings"),
    "half a pair in a name": (b'{"name":"\\ud800"}', "name"),
    "half a pair in an id": (b'{"externalId":"a\\udc00b"}', "externalId"),
    "half a pair in settings": (b'{"settings":{"a":["\\ud83d"]}}', "settings"),
    "half a pair in a key": (b'{"settings":{"\\ud83d":1}}', "settings"),
    "half a pair in a field": (b'{"\\ud83d":1}', "\\ud83d"),
    "half a pair in UTF-8": (b'{"name":"\xed\xa0\x80"}', None),
}


class TestPoison:
    """What JSON or Python can say, and no listing could be answered with so that all read it."""

    @pytest.mark.parametrize(("body", "field"), POISON.values(), ids=POISON)
    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    async def test_it_is_refused(
        self, api: Api, method: str, body: bytes, field: str | None
    ) -> None:
        """It is a 400 that names the field, stores nothing, and every later listing is read."""
        room = api.sandbox.add_room()
        before = api.sandbox.rooms
        path = ROOMS if method == "POST" else f"{ROOMS}/{room['id']}"
        answer = await api.call(method, path, body=body)
        assert (answer.status, answer.json["name"]) == (400, "BadRequest")
        assert set(answer.json["errors"]) == ({field} if field else set())
        assert api.sandbox.rooms == before
        answer.body.decode("ascii")  # also of the answer itself nothing is left that not all read
        assert (await api.list()).json["data"] == list(before)

    async def test_thousands_of_levels(self, api: Api) -> None:
        """They are a 400 whether Python can read them or not, and the log can be read, too."""
        for levels in (5_000, 200_000):
            answer = await api.call("POST", ROOMS, body=nested(levels))
            assert (answer.status, answer.json["name"]) == (400, "BadRequest")
        assert api.sandbox.requests[1].json is None
        assert api.sandbox.rooms == ()

    @pytest.mark.parametrize(
        "settings",
        [
            json.loads(nested(100))["settings"],
            {"a": [1.7e308, -1.7e308, 5e-324, 10**308, 2**64, -(2**63)]},
            {"😀": "😀", "a": None, "b": [True, {}]},
        ],
        ids=["100 levels", "numbers", "text"],
    )
    async def test_what_is_no_poison(self, api: Api, settings: dict[str, object]) -> None:
        """Everything up to the border is kept as it is."""
        created = await api.create(settings=settings)
        assert (created.status, created.json["settings"]) == (201, settings)
        (listed,) = (await api.list()).json["data"]
        assert listed["settings"] == settings

    @pytest.mark.parametrize(
        "values",
        [
            {"settings": {"a": float("inf")}},
            {"settings": {"a": {1, 2}}},
            {"settings": {"a": datetime.now(timezone.utc)}},
            {"extra": {"a": [10**400]}},
            {"extra": {"a": b"bytes"}},
            {"name": "\ud800"},
            {"external_id": "\ud800"},
        ],
    )
    async def test_none_comes_past_the_api(self, api: Api, values: dict[str, Any]) -> None:
        """A room that could never be listed is a slip in the test that adds it."""
        with pytest.raises(ValueError, match=f"{next(iter(values))} is not JSON"):
            api.sandbox.add_room(**values)
        assert (await api.list()).json["total"] == 0


class TestGet:
    async def test_a_room_with_a_fresh_token(self, api: Api) -> None:
        """Retrieve answers the room with a token of its own."""
        created = (await api.create(name="a")).json
        answer = await api.call("GET", f"{ROOMS}/{created['id']}")
        assert answer.status == 200
        fetched = answer.json
        assert (
            claims(fetched.pop("accessToken"))["jti"] != claims(created.pop("accessToken"))["jti"]
        )
        assert fetched == created

    @pytest.mark.parametrize("encoded", ["%", "%zz", "a%2", "%ff", "%ed%a0%80"])
    async def test_broken_percent_encoding(self, api: Api, encoded: str) -> None:
        """What cannot be decoded is a 400, as Express answers it."""
        api.sandbox.add_room(external_id=encoded)
        answer = await api.call("GET", f"{ROOMS}/{encoded}")
        assert (answer.status, answer.json["name"]) == (400, "BadRequest")

    @pytest.mark.parametrize("room_id", [UNKNOWN_ID, "nonsense", "a%2Fb"])
    async def test_an_unknown_room(self, api: Api, room_id: str) -> None:
        """No such room is a 404 in Feathers' shape."""
        answer = await api.call("GET", f"{ROOMS}/{room_id}")
        assert answer.status == 404
        assert answer.json["name"] == "NotFound"

    @pytest.mark.parametrize("external_id", ["mine", "a/b", "a b?#", "100%", "ñ", "..", "%2F"])
    async def test_an_external_id(self, api: Api, external_id: str) -> None:
        """Retrieve takes the caller's own id, percent-encoded (docs/api.md, Operations)."""
        created = (await api.create(externalId=external_id)).json
        answer = await api.call("GET", f"{ROOMS}/{quote(external_id, safe='').replace('.', '%2E')}")
        assert answer.status == 200
        assert answer.json["id"] == created["id"]
        assert claims(answer.json["accessToken"])["room"] == created["id"]

    async def test_the_id_of_a_room_wins(self, api: Api) -> None:
        """An external id of the form of an ObjectId is taken for an id where there is such one."""
        first = (await api.create()).json
        second = (await api.create(externalId=first["id"])).json
        assert (await api.call("GET", f"{ROOMS}/{first['id']}")).json["id"] == first["id"]
        assert (await api.call("GET", f"{ROOMS}/{second['id']}")).json["id"] == second["id"]

    async def test_an_external_id_like_an_object_id(self, api: Api) -> None:
        """Where no room has it for an id, the room with that external id is found."""
        created = (await api.create(externalId=UNKNOWN_ID)).json
        assert (await api.call("GET", f"{ROOMS}/{UNKNOWN_ID}")).json["id"] == created["id"]

    @pytest.mark.parametrize(
        ("method", "part"),
        [("PATCH", ""), ("DELETE", ""), ("POST", "/join"), ("GET", "/stats")],
    )
    async def test_only_retrieve_takes_one(
        self, session: aiohttp.ClientSession, method: str, part: str
    ) -> None:
        """Of the other operations the page does not say so, thus nothing may lean on it."""
        async with Sandbox(deletion=True) as sandbox:
            api = Api(sandbox, session)
            await api.create(externalId="mine")
            answer = await api.call(method, f"{ROOMS}/mine{part}")
            assert (answer.status, len(sandbox.rooms)) == (404, 1)

    async def test_ids_only(self, session: aiohttp.ClientSession) -> None:
        """A server that takes no external ids answers 404."""
        async with Sandbox(external_ids=False) as sandbox:
            api = Api(sandbox, session)
            room = (await api.create(externalId="mine")).json
            assert (await api.call("GET", f"{ROOMS}/mine")).status == 404
            assert (await api.call("GET", f"{ROOMS}/{room['id']}")).status == 200


GOOD_FIELDS: dict[str, Callable[[datetime], object]] = {
    "name": lambda _: "new",
    "externalId": lambda _: "new",
    "settings": lambda _: {"b": 2},
    "nbf": lambda now: wire(now + timedelta(minutes=30)),
    "exp": lambda now: wire(now + timedelta(hours=2)),
    "ended": lambda _: True,
}
BAD_FIELDS: dict[str, Callable[[datetime], object]] = {
    "name: no text": lambda _: 1,
    "name: null": lambda _: None,
    "name: too long": lambda _: "x" * 501,
    "externalId: no text": lambda _: 1,
    "externalId: too long": lambda _: "x" * 101,
    "externalId: taken": lambda _: "taken",
    "settings: no object": lambda _: [],
    "settings: poison": lambda _: {"a": "\ud800"},
    "nbf: no date": lambda _: "soon",
    "nbf: after exp": lambda now: wire(now + timedelta(hours=9)),
    "exp: no date": lambda _: 1,
    "exp: past": lambda now: wire(now - timedelta(hours=1)),
    "exp: too late": lambda now: wire(now + timedelta(hours=73)),
    "ended: no truth": lambda _: 1,
    "over: ended": lambda _: False,
    "over: exp": lambda now: wire(now + timedelta(hours=5)),
    "unknown: field": lambda _: 1,
}


def field_of(bad: str) -> str:
    """The field that a bad one is about."""
    name, _, problem = bad.partition(": ")
    return problem if name == "over" else name


def good_besides(bad: str) -> list[str]:
    """The good fields that may stand beside a bad one."""
    # A room that is over for good may be ended again while its exp is moved, see TestEnd.
    left_out = {field_of(bad), "ended"} if bad == "over: exp" else {field_of(bad)}
    return [good for good in GOOD_FIELDS if good not in left_out]


class TestUpdate:
    async def test_nbf_alone(self, api: Api) -> None:
        """Moving nbf alone, the documented example, leaves the rest."""
        created = (await api.create(name="a")).json
        moved = wire(api.sandbox.now + timedelta(hours=1))
        answer = await api.call("PATCH", f"{ROOMS}/{created['id']}", content={"nbf": moved})
        assert answer.status == 200
        assert answer.json["nbf"] == moved
        assert answer.json["name"] == "a"
        assert answer.json["exp"] == created["exp"]
        assert "accessToken" not in answer.json

    async def test_with_a_token(self, session: aiohttp.ClientSession) -> None:
        """An update may also be answered with a token, which carries the new window."""
        async with Sandbox(update_token=True) as sandbox:
            api = Api(sandbox, session)
            room = (await api.create()).json
            moved = wire(sandbox.now + timedelta(hours=1))
            answer = await api.call("PATCH", f"{ROOMS}/{room['id']}", content={"nbf": moved})
            assert claims(answer.json["accessToken"])["nbf"] == int(instant(moved).timestamp())

    async def test_every_field(self, api: Api) -> None:
        """Any field of Create can be changed, and updatedAt tells."""
        created = (await api.create()).json
        api.sandbox.advance(timedelta(minutes=1))
        fields = {
            "name": "b",
            "externalId": "b",
            "exp": wire(api.sandbox.now + timedelta(hours=5)),
            "nbf": wire(api.sandbox.now + timedelta(hours=4)),
            "settings": {"x": 1},
        }
        room = (await api.call("PATCH", f"{ROOMS}/{created['id']}", content=fields)).json
        assert {name: room[name] for name in fields} == fields
        assert room["createdAt"] == created["createdAt"]
        assert room["updatedAt"] > created["updatedAt"]

    async def test_a_taken_external_id_changes_nothing(self, api: Api) -> None:
        """A conflict leaves the room as it was."""
        await api.create(externalId="a")
        room = (await api.create(externalId="b", name="old")).json
        answer = await api.call(
            "PATCH", f"{ROOMS}/{room['id']}", content={"externalId": "a", "name": "new"}
        )
        assert answer.status == 409
        assert [stored["name"] for stored in api.sandbox.rooms][1] == "old"

    async def test_its_own_external_id_is_no_conflict(self, api: Api) -> None:
        """A room may be given the externalId it has."""
        room = (await api.create(externalId="a")).json
        answer = await api.call("PATCH", f"{ROOMS}/{room['id']}", content={"externalId": "a"})
        assert answer.status == 200

    async def test_an_external_id_given_up_is_free(self, api: Api) -> None:
        """Renaming frees the old externalId and takes the new one."""
        room = (await api.create(externalId="a")).json
        await api.call("PATCH", f"{ROOMS}/{room['id']}", content={"externalId": "b"})
        assert (await api.create(externalId="a")).status == 201
        assert (await api.create(externalId="b")).status == 409

    @pytest.mark.parametrize("field", ["nbf", "exp"])
    async def test_the_window_must_stay_open(self, api: Api, field: str) -> None:
        """One end alone is checked against the other as stored."""
        now = api.sandbox.now
        room = (await api.create(nbf=wire(now + timedelta(hours=1)))).json
        value = now + (timedelta(hours=9) if field == "nbf" else timedelta(minutes=30))
        answer = await api.call("PATCH", f"{ROOMS}/{room['id']}", content={field: wire(value)})
        assert answer.status == 400
        assert set(answer.json["errors"]) == {"nbf"}

    @pytest.mark.parametrize("bad", BAD_FIELDS)
    async def test_a_refused_update_changes_nothing(
        self, session: aiohttp.ClientSession, bad: str
    ) -> None:
        """Whichever good field stands beside a bad one, before it or behind it."""
        async with Sandbox(reopening=False) as sandbox:
            api = Api(sandbox, session)
            now = sandbox.now
            sandbox.add_room(external_id="taken")
            room = sandbox.add_room(external_id="mine", name="old", settings={"a": 1})
            path = f"{ROOMS}/{room['id']}"
            if bad.startswith("over: "):
                await api.call("PATCH", path, content={"ended": True})
            before = sandbox.rooms
            sandbox.advance(timedelta(minutes=1))
            wrong = (field_of(bad), BAD_FIELDS[bad](now))
            for good in good_besides(bad):
                right = (good, GOOD_FIELDS[good](now))
                for fields in itertools.permutations([right, wrong]):
                    answer = await api.call("PATCH", path, content=dict(fields))
                    assert answer.status == (409 if bad == "externalId: taken" else 400), fields
                    assert sandbox.rooms == before, fields
            assert (await api.list()).json["data"] == list(before)
            # Nor has the way to a room by its external id changed.
            assert (await api.call("GET", f"{ROOMS}/mine")).json["id"] == room["id"]
            assert (await api.call("GET", f"{ROOMS}/new")).status == 404

    async def test_an_unknown_room(self, api: Api) -> None:
        """No such room is a 404."""
        answer = await api.call("PATCH", f"{ROOMS}/{UNKNOWN_ID}", content={"name": "a"})
        assert answer.status == 404

    async def test_a_bad_field(self, api: Api) -> None:
        """Update checks as Create does."""
        room = (await api.create()).json
        answer = await api.call("PATCH", f"{ROOMS}/{room['id']}", content={"name": 1})
        assert answer.status == 400


class TestEnd:
    """`ended` of an update (docs/api.md, Operations, Update)."""

    async def test_an_ended_room(self, api: Api) -> None:
        """Ending a room makes it count as ended everywhere, and leaves its window."""
        created = (await api.create()).json
        answer = await api.call("PATCH", f"{ROOMS}/{created['id']}", content={"ended": True})
        assert answer.status == 200
        assert answer.json["ended"] is True
        assert (answer.json["exp"], answer.json["nbf"]) == (created["exp"], created["nbf"])
        fetched = (await api.call("GET", f"{ROOMS}/{created['id']}")).json
        assert fetched["ended"] is True
        assert (await api.list("ended=true")).json["total"] == 1
        assert (await api.list("ended=false")).json["total"] == 0

    async def test_nobody_can_join_any_more(self, api: Api) -> None:
        """An ended room refuses joins as one whose exp has passed does."""
        room = api.sandbox.add_room()
        await api.call("PATCH", f"{ROOMS}/{room['id']}", content={"ended": True})
        answer = await api.call("POST", f"{ROOMS}/{room['id']}/join")
        assert (answer.status, answer.json["name"]) == (410, "Gone")
        assert api.sandbox.rooms[0]["authorizations"] == []

    async def test_ended_before_it_opened(self, api: Api) -> None:
        """A scheduled room that was ended is over, not "not open yet"."""
        room = (await api.create(nbf=wire(api.sandbox.now + timedelta(hours=1)))).json
        await api.call("PATCH", f"{ROOMS}/{room['id']}", content={"ended": True})
        assert (await api.call("POST", f"{ROOMS}/{room['id']}/join")).status == 410

    @pytest.mark.parametrize("reopening", [True, False])
    async def test_twice(self, session: aiohttp.ClientSession, reopening: bool) -> None:
        """Ending an ended room is fine, whether it was ended or its exp has passed."""
        async with Sandbox(reopening=reopening) as sandbox:
            api = Api(sandbox, session)
            room = sandbox.add_room()
            past = sandbox.add_room(exp=sandbox.now)
            for room_id in (room["id"], room["id"], past["id"]):
                answer = await api.call("PATCH", f"{ROOMS}/{room_id}", content={"ended": True})
                assert (answer.status, answer.json["ended"]) == (200, True)

    async def test_its_session_is_compiled(self, api: Api) -> None:
        """The summary is there once the room was ended, dated by the first end."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}"
        ended = (await api.call("PATCH", path, content={"ended": True})).json
        api.sandbox.advance(timedelta(minutes=1))
        await api.call("PATCH", path, content={"ended": True})
        summary = (await api.call("GET", f"{path}/stats?view=summary")).json
        assert summary["compiledAt"] == ended["updatedAt"]

    async def test_opened_again(self, api: Api) -> None:
        """`ended: false` takes an end back."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}"
        await api.call("PATCH", path, content={"ended": True})
        answer = await api.call("PATCH", path, content={"ended": False})
        assert (answer.status, answer.json["ended"]) == (200, False)
        assert (await api.call("POST", f"{path}/join")).status == 201

    async def test_past_rooms_need_another_exp(self, api: Api) -> None:
        """A room whose exp has passed stays over until it has a later one."""
        path = f"{ROOMS}/{api.sandbox.add_room(exp=api.sandbox.now)['id']}"
        assert (await api.call("PATCH", path, content={"ended": False})).json["ended"] is True
        later = wire(api.sandbox.now + timedelta(hours=1))
        assert (await api.call("PATCH", path, content={"exp": later})).json["ended"] is False
        assert (await api.call("POST", f"{path}/join")).status == 201

    async def test_a_later_exp_alone_does_not_take_an_end_back(self, api: Api) -> None:
        """That a room was ended is a field of its own, which a new `exp` leaves as it is."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}"
        await api.call("PATCH", path, content={"ended": True})
        later = wire(api.sandbox.now + timedelta(hours=9))
        assert (await api.call("PATCH", path, content={"exp": later})).json["ended"] is True
        both = await api.call("PATCH", path, content={"exp": later, "ended": False})
        assert both.json["ended"] is False

    @pytest.mark.parametrize("how", ["ended", "past"])
    @pytest.mark.parametrize("fields", [{"ended": False}, {"exp": None}])
    async def test_over_for_good(
        self, session: aiohttp.ClientSession, how: str, fields: dict[str, object]
    ) -> None:
        """Where rooms cannot be opened again, what would open one is a 400 and changes nothing."""
        async with Sandbox(reopening=False) as sandbox:
            api = Api(sandbox, session)
            past = sandbox.now - timedelta(seconds=1)
            room = sandbox.add_room(exp=past) if how == "past" else sandbox.add_room()
            path = f"{ROOMS}/{room['id']}"
            if how == "ended":
                await api.call("PATCH", path, content={"ended": True})
            before = sandbox.rooms
            later = wire(sandbox.now + timedelta(hours=9))
            asked = {name: later if name == "exp" else value for name, value in fields.items()}
            answer = await api.call("PATCH", path, content={**asked, "name": "new"})
            assert answer.status == 400
            assert set(answer.json["errors"]) == set(fields)
            assert sandbox.rooms == before

    async def test_what_does_not_open_it(self, session: aiohttp.ClientSession) -> None:
        """Any other update of a room that is over for good is fine, and so are open rooms."""
        async with Sandbox(reopening=False) as sandbox:
            api = Api(sandbox, session)
            path = f"{ROOMS}/{sandbox.add_room()['id']}"
            soon = wire(sandbox.now + timedelta(hours=1))
            late = wire(sandbox.now + timedelta(hours=9))
            for content in (
                {"ended": False, "exp": late},
                {"ended": True},
                {"name": "new"},
                {"exp": late},
                {"exp": soon},
                {"exp": late, "ended": True},
            ):
                answer = await api.call("PATCH", path, content=content)
                assert (answer.status, content) == (200, content)
            assert sandbox.rooms[0]["ended"] is True

    @pytest.mark.parametrize("value", [1, 0, "true", None, [], {}])
    async def test_a_truth_value(self, api: Api, value: object) -> None:
        """Anything but true and false is a 400."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}"
        answer = await api.call("PATCH", path, content={"ended": value})
        assert answer.status == 400
        assert set(answer.json["errors"]) == {"ended"}

    async def test_create_takes_no_end(self, api: Api) -> None:
        """Only Update takes `ended`."""
        answer = await api.create(ended=True)
        assert (answer.status, set(answer.json["errors"])) == (400, {"ended"})


class TestDelete:
    @pytest.mark.parametrize("room_id", [None, UNKNOWN_ID])
    async def test_it_is_refused(self, api: Api, room_id: str | None) -> None:
        """Nobody can delete a room through the published API, whether it is there or not."""
        room = (await api.create()).json
        answer = await api.call("DELETE", f"{ROOMS}/{room_id or room['id']}")
        assert answer.status == 403
        assert answer.json == {
            "name": "Forbidden",
            "message": "Room deletion not allowed",
            "code": 403,
            "className": "forbidden",
            "errors": {},
        }
        assert [stored["id"] for stored in api.sandbox.rooms] == [room["id"]]

    async def test_the_removed_room_is_answered(self, session: aiohttp.ClientSession) -> None:
        """Where deletion is switched on: 200 with the room, which carries no token."""
        async with Sandbox(deletion=True) as sandbox:
            api = Api(sandbox, session)
            created = (await api.create()).json
            created.pop("accessToken")
            answer = await api.call("DELETE", f"{ROOMS}/{created['id']}")
            assert answer.status == 200
            assert answer.json == created
            assert sandbox.rooms == ()

    async def test_or_nothing_is(self, session: aiohttp.ClientSession) -> None:
        """204 with nothing, the other answer that the page leaves open."""
        async with Sandbox(deletion=True, delete_status=204) as sandbox:
            api = Api(sandbox, session)
            room = (await api.create()).json
            answer = await api.call("DELETE", f"{ROOMS}/{room['id']}")
            assert (answer.status, answer.body) == (204, b"")

    async def test_a_second_time(self, session: aiohttp.ClientSession) -> None:
        """What is gone is a 404."""
        async with Sandbox(deletion=True) as sandbox:
            api = Api(sandbox, session)
            room = (await api.create()).json
            await api.call("DELETE", f"{ROOMS}/{room['id']}")
            assert (await api.call("DELETE", f"{ROOMS}/{room['id']}")).status == 404

    async def test_its_external_id_is_free_again(self, session: aiohttp.ClientSession) -> None:
        """A deleted room gives its externalId back."""
        async with Sandbox(deletion=True) as sandbox:
            api = Api(sandbox, session)
            room = (await api.create(externalId="a")).json
            await api.call("DELETE", f"{ROOMS}/{room['id']}")
            assert (await api.create(externalId="a")).status == 201


class TestJoin:
    async def test_a_token_and_an_authorization(self, api: Api) -> None:
        """Join answers a token, and the room then tells who was let in."""
        room = (await api.create()).json
        answer = await api.call("POST", f"{ROOMS}/{room['id']}/join")
        assert answer.status == 201
        assert set(answer.json) == {"accessToken"}
        (entry,) = (await api.call("GET", f"{ROOMS}/{room['id']}")).json["authorizations"]
        assert entry["jti"] == claims(answer.json["accessToken"])["jti"]
        assert entry["ip"] == "127.0.0.1"
        assert WIRE_INSTANT.fullmatch(entry["createdAt"])

    async def test_it_changes_the_room(self, api: Api) -> None:
        """A room was changed when somebody was let in, and lists are sorted by that."""
        first, second = api.sandbox.add_rooms(2)
        await api.list("$sort[updatedAt]=-1")
        api.sandbox.advance(timedelta(minutes=1))
        await api.call("POST", f"{ROOMS}/{first}/join")
        listed = (await api.list("$sort[updatedAt]=-1")).json["data"]
        assert [room["id"] for room in listed] == [first, second]
        assert listed[0]["updatedAt"] > listed[1]["updatedAt"]

    async def test_200_is_an_answer_too(self, session: aiohttp.ClientSession) -> None:
        """The page leaves open whether it is 200 or 201."""
        async with Sandbox(join_status=200) as sandbox:
            api = Api(sandbox, session)
            room = (await api.create()).json
            assert (await api.call("POST", f"{ROOMS}/{room['id']}/join")).status == 200

    async def test_a_room_that_is_over(self, api: Api) -> None:
        """Something in 4xx: 410 here, and nobody is noted."""
        room = api.sandbox.add_room(exp=api.sandbox.now)
        answer = await api.call("POST", f"{ROOMS}/{room['id']}/join")
        assert (answer.status, answer.json["name"]) == (410, "Gone")
        assert api.sandbox.rooms[0]["authorizations"] == []

    async def test_a_room_not_open_yet(self, api: Api) -> None:
        """Something in 4xx: 422 here, until nbf has come."""
        room = (await api.create(nbf=wire(api.sandbox.now + timedelta(hours=1)))).json
        answer = await api.call("POST", f"{ROOMS}/{room['id']}/join")
        assert (answer.status, answer.json["name"]) == (422, "Unprocessable")
        api.sandbox.advance(timedelta(hours=1))
        assert (await api.call("POST", f"{ROOMS}/{room['id']}/join")).status == 201

    async def test_an_unknown_room(self, api: Api) -> None:
        """No such room is a 404."""
        assert (await api.call("POST", f"{ROOMS}/{UNKNOWN_ID}/join")).status == 404


class TestStats:
    async def test_report_is_the_default_and_cached(self, api: Api) -> None:
        """The report is computed once."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}/stats"
        first = await api.call("GET", path)
        api.sandbox.advance(timedelta(minutes=1))
        again = await api.call("GET", f"{path}?view=report")
        assert first.status == 200
        assert first.json == again.json
        assert first.json["view"] == "report"

    async def test_each_room_has_its_own_report(self, api: Api) -> None:
        """What is kept of one room is not told of another."""
        for room_id in api.sandbox.add_rooms(2):
            assert (await api.call("GET", f"{ROOMS}/{room_id}/stats")).json["roomId"] == room_id

    async def test_snapshot_is_live(self, api: Api) -> None:
        """The snapshot shows who is in the room now."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}"
        before = (await api.call("GET", f"{path}/stats?view=snapshot")).json
        await api.call("POST", f"{path}/join")
        after = (await api.call("GET", f"{path}/stats?view=snapshot")).json
        assert (len(before["peers"]), len(after["peers"])) == (0, 1)

    async def test_summary_is_there_once_compiled(self, api: Api) -> None:
        """The summary is a 404 until the room is over."""
        path = f"{ROOMS}/{api.sandbox.add_room()['id']}/stats?view=summary"
        assert (await api.call("GET", path)).status == 404
        api.sandbox.advance(timedelta(hours=4))
        answer = await api.call("GET", path)
        assert (answer.status, answer.json["view"]) == (200, "summary")

    async def test_an_unknown_view(self, api: Api) -> None:
        """Other views are a 400 that tells the parameter."""
        answer = await api.call("GET", f"{ROOMS}/{api.sandbox.add_room()['id']}/stats?view=all")
        assert answer.status == 400
        assert set(answer.json["errors"]) == {"view"}

    async def test_an_unknown_room(self, api: Api) -> None:
        """No such room is a 404."""
        assert (await api.call("GET", f"{ROOMS}/{UNKNOWN_ID}/stats")).status == 404


class TestPaths:
    @pytest.mark.parametrize("part", ["", "/{id}", "/{id}/stats"])
    async def test_a_slash_at_the_end(self, api: Api, part: str) -> None:
        """It changes nothing, as with Express."""
        path = ROOMS + part.format(**api.sandbox.add_room())
        assert (await api.call("GET", f"{path}/")).status == 200

    @pytest.mark.parametrize(
        ("method", "part"),
        [
            *(("GET", ""), ("POST", ""), ("GET", "/{id}"), ("PATCH", "/{id}"), ("DELETE", "/{id}")),
            *(("POST", "/{id}/join"), ("GET", "/{id}/stats")),
        ],
    )
    async def test_no_operation_without_a_token(self, api: Api, method: str, part: str) -> None:
        """Every operation asks for the token before anything else, and does nothing without."""
        path = ROOMS + part.format(**api.sandbox.add_room())
        before = api.sandbox.rooms
        answer = await api.call(method, path, headers={"Authorization": ""})
        assert (answer.status, answer.json["name"]) == (401, "NotAuthenticated")
        assert api.sandbox.rooms == before

    @pytest.mark.parametrize(
        "path", ["/", "/vpaas", "/vpaas/rooms/a/b", "/vpaas/rooms/a/join/c", "/v1/vpaas/rooms"]
    )
    async def test_unknown_paths(self, api: Api, path: str) -> None:
        """Feathers' own 404, token or not."""
        answer = await api.call("GET", path)
        assert answer.status == 404
        assert answer.json["message"] == "Page not found"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", ROOMS),
            ("DELETE", ROOMS),
            ("POST", f"{ROOMS}/{UNKNOWN_ID}"),
            ("GET", f"{ROOMS}/{UNKNOWN_ID}/join"),
            ("POST", f"{ROOMS}/{UNKNOWN_ID}/stats"),
        ],
    )
    async def test_wrong_methods(self, api: Api, method: str, path: str) -> None:
        """405 MethodNotAllowed."""
        answer = await api.call(method, path)
        assert answer.status == 405
        assert answer.json["className"] == "method-not-allowed"
        assert method not in answer.headers["Allow"].split(", ")

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (ROOMS, {"GET", "HEAD", "POST", "OPTIONS"}),
            (f"{ROOMS}/{UNKNOWN_ID}", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
            (f"{ROOMS}/{UNKNOWN_ID}/join", {"POST", "OPTIONS"}),
            (f"{ROOMS}/{UNKNOWN_ID}/stats", {"GET", "HEAD", "OPTIONS"}),
        ],
    )
    async def test_allowed_methods(self, api: Api, path: str, allowed: set[str]) -> None:
        """OPTIONS and every 405 tell the methods that there are (RFC 9110, 9.3.7 and 15.5.6)."""
        options = await api.call("OPTIONS", path, token="none is needed")
        assert (options.status, options.body) == (204, b"")
        refused = await api.call("PUT", path)
        assert refused.status == 405
        for answer in (options, refused):
            assert set(answer.headers["Allow"].split(", ")) == allowed

    async def test_options_of_an_unknown_path(self, api: Api) -> None:
        """Where nothing is, there are no methods to be told."""
        answer = await api.call("OPTIONS", "/vpaas")
        assert (answer.status, "Allow" in answer.headers) == (404, False)

    @pytest.mark.parametrize(
        ("part", "operation"), [("", "list"), ("/{id}", "get"), ("/{id}/stats", "stats")]
    )
    async def test_head(self, api: Api, part: str, operation: str) -> None:
        """HEAD is GET without the body (RFC 9110, 9.3.2)."""
        path = ROOMS + part.format(**api.sandbox.add_room())
        body = (await api.call("GET", path)).body
        answer = await api.call("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["Content-Length"] == str(len(body))
        request = api.sandbox.requests[-1]
        assert (request.method, request.operation) == ("HEAD", operation)

    async def test_head_is_refused_as_get_is(self, api: Api) -> None:
        """Without a token, and for a room that is not there."""
        assert (await api.call("HEAD", ROOMS, token="a.b.c")).status == 401
        assert (await api.call("HEAD", f"{ROOMS}/{UNKNOWN_ID}")).status == 404
        assert (await api.call("HEAD", f"{ROOMS}/{UNKNOWN_ID}/join")).status == 405

    async def test_the_body_is_asked_for(self, api: Api) -> None:
        """A client that expects `100 Continue` sends its body only after that."""
        async with api.session.post(
            api.sandbox.url + ROOMS,
            json={"name": "a"},
            expect100=True,
            timeout=aiohttp.ClientTimeout(total=20),
            headers={"Authorization": f"Bearer {api.sandbox.api_token}"},
        ) as response:
            assert response.status == 201
        assert api.sandbox.rooms[0]["name"] == "a"

    @pytest.mark.parametrize(
        ("version", "expect", "asked"),
        [("1.1", "100-Continue", True), ("1.0", "100-continue", False), ("1.1", "tea", False)],
    )
    def test_who_is_asked_for_a_body(
        self, sandbox: Sandbox, version: str, expect: str, asked: bool
    ) -> None:
        """Whoever speaks HTTP/1.1 and expects it, however it is spelled (RFC 9110, 10.1.1)."""
        head = (
            f"POST {ROOMS} HTTP/{version}\r\nHost: sandbox\r\nConnection: close\r\n"
            f"Authorization: Bearer {sandbox.api_token}\r\nExpect: {expect}\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        )
        address = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(f"{head}{{}}".encode())
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") is asked
        assert b" 201 Created\r\n" in received

    async def test_errors_have_the_shape_of_feathers(self, api: Api) -> None:
        """Name, message, code, className and errors, nothing else."""
        answer = await api.call("GET", f"{ROOMS}/{UNKNOWN_ID}")
        assert answer.json == {
            "name": "NotFound",
            "message": f"No record found for id '{UNKNOWN_ID}'",
            "code": 404,
            "className": "not-found",
            "errors": {},
        }
        assert answer.headers["Content-Type"].startswith("application/json")

    async def test_every_answer_has_its_request_id(self, api: Api) -> None:
        """Good and bad answers carry an id of their own."""
        answers = [await api.create(), await api.create(name=1), await api.call("GET", "/")]
        assert len({answer.headers["x-request-id"] for answer in answers}) == 3
