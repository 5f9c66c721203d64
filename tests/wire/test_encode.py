"""What is made of arguments before anything is sent: a request, or a refusal that tells why."""

from __future__ import annotations

import json
import posixpath
from datetime import datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from tests.strategies import json_objects, json_values, texts
from videsk_rooms import InvalidRequestError, Room
from videsk_rooms._fields.table import wire_name
from videsk_rooms._wire import json as _json
from videsk_rooms._wire import operations as _operations
from videsk_rooms._wire import validation

operations: Any = _operations  # called with arguments of wrong types, too

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms import JSONValue
    from videsk_rooms._wire.message import Request

API = "https://api.videsk.io"
ID = "64f1a2b3c4d5e6f7a8b9c0d1"
UTC = timezone.utc


@pytest.fixture(scope="module", params=["standard library", "orjson"], autouse=True)
def writer(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write by either: nothing here may depend on which is installed."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "orjson":
            orjson = pytest.importorskip("orjson", reason="orjson (extra `fast`) writes here")
            patch.setattr(_json, "_write", orjson.dumps)
        else:
            patch.setattr(_json, "_write", _json.standard_write)
        yield


def create(**given: object) -> Request:
    absent: dict[str, Any] = dict.fromkeys(("name", "external_id", "exp", "nbf", "settings"))
    request: Request = operations.create(**{**absent, **given})
    return request


def update(room: object = ID, **given: object) -> Request:
    absent: dict[str, Any] = dict.fromkeys(("name", "external_id", "exp", "nbf", "settings"), ...)
    request: Request = operations.update(room, **{**absent, **given})[0]
    return request


def listing(**given: object) -> Request:
    absent: dict[str, Any] = dict.fromkeys(("limit", "skip", "sort", "ended", "external_id"))
    request: Request = operations.listing(**{**absent, **given})[0]
    return request


def any_request(method: object = "GET", path: object = "/a", **given: object) -> Request:
    absent: dict[str, Any] = {"query": None, "json": None}
    request: Request = operations.any_request(method, path, **{**absent, **given})[0]
    return request


def body_of(request: Request) -> Any:
    assert request.body is not None
    return json.loads(request.body)


def refusal(call: Callable[[], object]) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        call()
    return caught.value


# -- paths ----------------------------------------------------------------------------------------

ON_A_ROOM: dict[str, tuple[Callable[[object], Request], list[str]]] = {
    "get": (lambda room: operations.get(room)[0], []),
    "update": (lambda room: update(room, name="x"), []),
    "delete": (lambda room: operations.delete(room)[0], []),
    "join": (lambda room: operations.join(room)[0], ["join"]),
    "stats": (lambda room: operations.stats(room, view="report")[0], ["stats"]),
}

# Text in which what could change a path is likely.
paths = (
    st.text(st.sampled_from("/\\.%25eEfF?#@:;&= \t\r\n\x00a\u00e9\u2215\uff0e\ud800")) | st.text()
)


def as_sent(path: str, query: str = "") -> URL:
    """Build the URL as the transport does."""
    return URL(f"{API}{path}?{query}" if query else f"{API}{path}", encoded=True)


@pytest.mark.parametrize(("ask", "rest"), ON_A_ROOM.values(), ids=ON_A_ROOM)
@given(room_id=paths)
@example(room_id=".")
@example(room_id="..")
@example(room_id="...")
@example(room_id="a/../b")
@example(room_id="%2e%2e")
@example(room_id="..;")
@example(room_id="a?b=c")
@example(room_id="a#b")
@example(room_id="\\..\\")
@example(room_id="\uff0e\uff0e")
def test_a_room_id_stays_one_segment_of_the_path(
    ask: Callable[[object], Request], rest: list[str], room_id: str
) -> None:
    """No text leads to another path: it is refused, or comes out of the path as it went in."""
    try:
        request = ask(room_id)
    except InvalidRequestError:
        return
    parts = urlsplit(f"{API}{request.path}")
    assert (f"{parts.scheme}://{parts.netloc}", parts.query, parts.fragment) == (API, "", "")
    segments = parts.path.split("/")
    assert [*segments[:3], *segments[4:]] == ["", "vpaas", "rooms", *rest]
    assert unquote(segments[3], errors="strict") == room_id
    assert posixpath.normpath(parts.path) == parts.path
    url = as_sent(request.path, request.query)
    assert (str(url.origin()), url.raw_path, url.raw_fragment) == (API, request.path, "")


@given(st.from_regex(r"[0-9a-f]{24}|[A-Za-z0-9_.~:;,=@!$&'()*+-]{3,40}", fullmatch=True))
def test_ordinary_room_ids_are_let_through(room_id: str) -> None:
    """What is not an ObjectId may be one tomorrow: the account decides the version."""
    assert unquote(operations.get(room_id)[0].path) == f"/vpaas/rooms/{room_id}"


@pytest.mark.parametrize("room_id", ["", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2Fb", "a b"])
def test_a_room_id_that_would_change_the_path_is_refused(room_id: str) -> None:
    """Also when it comes within a `Room`."""
    for room in (room_id, Room(id=room_id)):
        assert refusal(lambda room=room: operations.get(room)[0]).argument == "room"  # type: ignore[misc]  # mypy infers no type for a default


@given(paths)
@example("//evil.example/a")
@example("/@evil.example")
@example("/a/../b")
@example("/a/%2e%2E/b")
@example("/a/.%2e")
@example("/a/%2")
@example("/a?b")
@example("/a#b")
@example("/a/..;/b")
def test_a_path_is_sent_as_it_was_given_or_refused(path: str) -> None:
    """`request` goes to the API and nowhere else, and to no other path than was typed."""
    try:
        checked = validation.path("path", path)
    except InvalidRequestError:
        return
    assert checked == path
    parts = urlsplit(f"{API}{checked}")
    assert (f"{parts.scheme}://{parts.netloc}", parts.path) == (API, path)
    assert (parts.query, parts.fragment) == ("", "")
    url = as_sent(checked)
    assert (str(url.origin()), url.raw_path, url.raw_query_string) == (API, path, "")
    assert not {".", ".."} & {unquote(segment) for segment in path.split("/")}


@pytest.mark.parametrize("path", ["/", "/vpaas/rooms", "/a//b/", "/sal%C3%B3n", "/a:b@c;d=e,f"])
def test_ordinary_paths_are_let_through(path: str) -> None:
    """What RFC 3986 allows in a path goes."""
    assert any_request("GET", path).path == path


# -- bodies ---------------------------------------------------------------------------------------


@given(json_objects())
def test_settings_arrive_as_they_were_given(settings: dict[str, JSONValue]) -> None:
    """Whatever JSON can say makes the way to the server unchanged."""
    assert body_of(create(settings=settings))["settings"] == settings
    assert body_of(update(settings=settings)) == {"settings": settings}


@given(json_values().filter(lambda value: value is not None))
def test_any_body_arrives_as_it_was_given(value: JSONValue) -> None:
    """So does the body of `request`."""
    assert repr(body_of(any_request("POST", json=value))) == repr(value)


class Text(str):
    """A string of another class."""

    __slots__ = ()


class Word(str, Enum):
    """A string of an enumeration, which formats as the name of its member."""

    STAND_UP = "stand-up"
    REPORT = "report"
    ID = "_id"


class Way(int, Enum):
    """A whole number of an enumeration, which is written as the name of its member."""

    DOWN = -1


class Whole(int):
    """A whole number of another class."""

    def __repr__(self) -> str:
        return "not a number"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ((1, (2, [3])), [1, [2, [3]]]),
        (MappingProxyType({"a": MappingProxyType({})}), {"a": {}}),
        ({Text("a"): Text("b")}, {"a": "b"}),
        ([Whole(3)], [3]),
        ([2**64 - 1, -(2**63)], [2**64 - 1, -(2**63)]),
    ],
)
def test_what_resembles_json_is_sent_as_json(value: object, sent: object) -> None:
    """Tuples are lists, mappings are objects, subclasses are what they derive from."""
    assert body_of(any_request("POST", json=value)) == sent


@pytest.mark.parametrize(
    ("request_of", "plain"),
    [
        (lambda word: operations.get(word)[0], operations.get("stand-up")[0]),
        (lambda word: operations.get(Room(id=word))[0], operations.get("stand-up")[0]),
        (lambda word: listing(external_id=word), listing(external_id="stand-up")),
        (
            lambda word: create(name=word, external_id=word),
            create(name="stand-up", external_id="stand-up"),
        ),
        (
            lambda word: any_request(query={word: {word: word}}),
            any_request(query={"stand-up": {"stand-up": "stand-up"}}),
        ),
        (
            lambda _: operations.stats(ID, view=Word.REPORT)[0],
            operations.stats(ID, view="report")[0],
        ),
        (lambda _: listing(sort={Word.ID: Way.DOWN}), listing(sort="-_id")),
    ],
)
def test_a_member_of_an_enumeration_is_sent_as_its_value(
    request_of: Callable[[object], Request], plain: Request
) -> None:
    """`class Name(str, Enum)` is a string to type checkers, and means the string that it holds."""
    request = request_of(Word.STAND_UP)
    assert request == plain
    assert type(request.external_id) is type(plain.external_id)


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"a": [{"b": {1}}]}, "settings['a'][0]['b']={1}: JSON has no set"),
        ({"a": b"x"}, "settings['a']=b'x': JSON has no bytes"),
        ({"a": datetime(2042, 1, 1, tzinfo=UTC)}, "JSON has no datetime"),
        ({"a": float("nan")}, "settings['a']=nan: give a finite number"),
        ({"a": [float("-inf")]}, "settings['a'][0]=-inf: give a finite number"),
        ({"a": 2**64}, "settings['a']=18446744073709551616: give a whole number of at most 64"),
        ({1: "a"}, "settings=1: give keys that are strings"),
        ({"a": {None: 1}}, "settings['a']=None: give keys that are strings"),
        ({"a": "\ud800"}, "settings['a']='\\ud800': give text that UTF-8 can encode"),
        ({"\ud800": 1}, "settings='\\ud800': give text that UTF-8 can encode"),
        ({"a": nested(100)}, "nest at most 100 deep"),
        ([("a", 1)], "settings=[('a', 1)]: give a mapping"),
        ("a", "settings='a': give a mapping"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(settings: object, place: str) -> None:
    """The error names the spot within the settings, not the settings alone."""
    for call in (create, update):
        error = refusal(lambda call=call: call(settings=settings))  # type: ignore[misc]  # as above
        assert place in str(error)
        assert error.argument.startswith("settings")


def test_a_hundred_levels_are_let_through() -> None:
    """The bound is where it is said to be."""
    assert body_of(update(settings={"a": nested(99)})) == {"settings": {"a": nested(99)}}


def test_settings_that_hold_themselves_are_refused() -> None:
    """A cycle ends in an error of ours, not in a broken stack."""
    settings: dict[str, object] = {}
    settings["self"] = [settings]
    assert "without cycles" in str(refusal(lambda: create(settings=settings)))


@given(settings=json_objects())
def test_what_the_caller_changes_later_is_not_sent(settings: dict[str, JSONValue]) -> None:
    """A request is bytes as soon as it is made."""
    before = json.loads(json.dumps(settings))
    request = create(settings=settings)
    settings["later"] = 1
    assert body_of(request)["settings"] == before


# -- times ----------------------------------------------------------------------------------------

zones = st.builds(
    timezone, st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59))
)


@given(st.timedeltas(timedelta(seconds=5), timedelta(hours=71)), zones)
def test_aware_times_go_as_utc_with_milliseconds(ahead: timedelta, zone: timezone) -> None:
    """Every example of the documentation is written so (docs/api.md, "On the wire")."""
    moment = datetime.now(UTC) + ahead
    sent = body_of(create(exp=moment.astimezone(zone)))["exp"]
    milliseconds = moment.microsecond // 1000
    assert sent == moment.strftime(f"%Y-%m-%dT%H:%M:%S.{milliseconds:03}Z")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"exp": datetime(2042, 1, 1)}, "exp=datetime.datetime(2042, 1, 1, 0, 0): give an aware"),  # noqa: DTZ001 - what is tested
        ({"nbf": datetime(2042, 1, 1)}, "this datetime is naive, so its zone is not known"),  # noqa: DTZ001 - what is tested
        ({"exp": "2042-01-01T00:00:00.000Z"}, "or a timedelta from now, not a str"),
        ({"nbf": 1723647600}, "or a timedelta from now, not an int"),
        ({"exp": timedelta(0)}, "give a time in the future"),
        ({"exp": timedelta(seconds=-1)}, "give a time in the future"),
        ({"exp": timedelta(hours=72, seconds=1)}, "give a time within 72 hours"),
        ({"exp": timedelta.max}, "this one is out of range"),
        ({"nbf": timedelta.min}, "this one is out of range"),
        ({"nbf": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))}, "out of range"),
        ({"exp": timedelta(hours=1), "nbf": timedelta(hours=1)}, "give a time before exp"),
        ({"exp": timedelta(hours=1), "nbf": timedelta(hours=2)}, "give a time before exp"),
    ],
)
def test_times_that_cannot_be_are_refused(given: dict[str, object], reason: str) -> None:
    """In the future, within 72 hours, opening before the end (docs/api.md, "Operations")."""
    for call in (create, update):
        error = refusal(lambda call=call: call(**given))  # type: ignore[misc]  # as above
        assert reason in str(error)
        assert error.argument in given


def test_seventy_two_hours_are_let_through() -> None:
    """The longest life is allowed, whatever the check itself takes."""
    assert body_of(update(exp=timedelta(hours=72))).keys() == {"exp"}


# -- words and numbers ----------------------------------------------------------------------------


@given(st.text())
def test_any_name_is_sent_or_refused(name: str) -> None:
    """What UTF-8 cannot say is refused here; the rest arrives as it is."""
    try:
        request = create(name=name, external_id=f"a{name}")
    except InvalidRequestError:
        return
    assert body_of(request) == {"name": name, "externalId": f"a{name}"}
    assert request.external_id == f"a{name}"


@pytest.mark.parametrize(
    ("call", "argument", "reason"),
    [
        (lambda: create(name="a" * 501), "name", "at most 500 characters; this one has 501"),
        (lambda: create(name=1), "name", "name=1: give a string of at most 500 characters, not"),
        (lambda: create(external_id=""), "external_id", "1 to 100 characters; this one has 0"),
        (lambda: create(external_id="a" * 101), "external_id", "this one has 101"),
        (lambda: update(), "name", f"update('{ID}') was given nothing to change"),
        (lambda: update(name=None), "name", "name=None: give a string"),
        (lambda: update(exp=None), "exp", "not None"),
        (lambda: operations.get(None)[0], "room", "give a room or a room id"),
        (lambda: operations.get(7)[0], "room", "not an int"),
        (
            lambda: operations.stats(ID, view="all")[0],
            "view",
            "one of 'report', 'snapshot', 'summary'",
        ),
        (lambda: operations.stats(ID, view=["report"])[0], "view", "one of 'report'"),
        (lambda: listing(limit=0), "limit", "limit=0: give a whole number from 1 to 100"),
        (lambda: listing(limit=101), "limit", "limit=101"),
        (lambda: listing(limit=True), "limit", "not a bool"),
        (lambda: listing(limit="10"), "limit", "not a str"),
        (lambda: listing(skip=-1), "skip", "skip=-1: give 0 or more"),
        (lambda: listing(ended=1), "ended", "ended=1: give True or False"),
        (lambda: listing(external_id=""), "external_id", "1 to 100 characters"),
        (lambda: listing(sort=1), "sort", "give 'created_at', '-created_at'"),
        (lambda: listing(sort="a b"), "sort", "sort='a b'"),
        (lambda: listing(sort=""), "sort", "sort=''"),
        (lambda: listing(sort=["name", "-name"]), "sort", "name each field once"),
        (lambda: listing(sort={"name": 2}), "sort", "sort={'name': 2}"),
        (lambda: listing(sort={"name": True}), "sort", "sort={'name': True}"),
        (lambda: listing(sort=[1]), "sort", "sort=1"),
        (lambda: listing(sort={1: 1}), "sort", "sort={1: 1}"),
        (lambda: listing(sort="-"), "sort", "sort='-'"),
        (lambda: listing(sort=["--name"]), "sort", "sort='--name'"),
        (lambda: listing(sort=b"name"), "sort", "sort=b'name'"),
        (lambda: listing(skip=2**63), "skip", f"give 0 or more, at most {2**63 - 1}"),
        (lambda: operations.get("a/b")[0], "room", "rooms.get_by_external_id()"),
        (lambda: any_request("GET /"), "method", "give an HTTP method, such as 'GET'"),
        (lambda: any_request("GET\n"), "method", "give an HTTP method"),
        (lambda: any_request(path="vpaas/rooms"), "path", "begins with one slash"),
        (lambda: any_request(path="//evil.example/a"), "path", "begins with one slash"),
        (lambda: any_request(path=URL("/a")), "path", "not a URL"),
        (lambda: any_request(query="a=b"), "query", "give a mapping of names to values"),
        (lambda: any_request(query={"": 1}), "query", "give names that are strings"),
        (lambda: any_request(query={"a": {"b": {1: 2}}}), "query", "keys that are strings"),
        (lambda: any_request(query={"a": b"x"}), "query['a']", "give a string, number"),
        (lambda: any_request(query={"a": float("nan")}), "query['a']", "give a string, number"),
        (lambda: any_request(json={1}), "json", "json={1}: JSON has no set"),
    ],
)
def test_a_refusal_names_the_argument_and_says_what_would_be_right(
    call: Callable[[], object], argument: str, reason: str
) -> None:
    """Nothing is sent, and the caller need not guess."""
    error = refusal(call)
    assert error.argument == argument
    assert reason in str(error)


def test_a_namesake_of_a_type_is_named_in_full() -> None:
    """A `bool` of numpy is none of Python's."""
    value = type("bool", (), {"__module__": "numpy"})()
    assert "give True or False, not a numpy.bool" in str(refusal(lambda: listing(ended=value)))
    assert "JSON has no numpy.bool;" in str(refusal(lambda: create(settings={"a": value})))


def test_a_value_is_shown_in_one_line() -> None:
    """A table of pandas is written in several; an error may become a line of a log."""
    value = type("Series", (), {"__repr__": lambda _: "0    a\ndtype: str"})()
    assert "name=0    a dtype: str: give" in str(refusal(lambda: create(name=value)))


def test_a_long_value_is_shown_in_short() -> None:
    """An error is read by people."""
    error = refusal(lambda: create(name="a" * 10_000))
    assert len(str(error)) < 250


# -- queries --------------------------------------------------------------------------------------


@given(st.dictionaries(texts.filter(bool), texts, max_size=4))
def test_a_query_arrives_as_it_was_given(query: dict[str, str]) -> None:
    """Names and values may hold anything; nothing of them leaks into the path."""
    request = any_request(query=query)
    parsed = parse_qsl(request.query, keep_blank_values=True, strict_parsing=bool(query))
    assert parsed == list(query.items())
    url = as_sent(request.path, request.query)
    assert (url.raw_path, url.raw_query_string, url.raw_fragment) == ("/a", request.query, "")


@given(texts.filter(lambda text: 1 <= len(text) <= 100))
def test_an_external_id_filter_arrives_as_it_was_given(external_id: str) -> None:
    """Callers may use their own ids, whatever these look like (docs/api.md, "On the wire")."""
    query = listing(external_id=external_id, ended=False).query
    assert parse_qsl(query, keep_blank_values=True) == [
        ("ended", "false"),
        ("externalId", external_id),
    ]


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True), st.sampled_from([1, -1]), max_size=4
    )
)
def test_every_way_to_give_a_sort_means_the_same(order: dict[str, int]) -> None:
    """Words with a minus, or a mapping: the same request, in the API's spelling."""
    words = [f"-{field}" if way < 0 else field for field, way in order.items()]
    queries = {listing(sort=sort).query for sort in (order, words, tuple(words))}
    if len(words) == 1:
        queries.add(listing(sort=words[0]).query)
    (query,) = queries
    assert parse_qsl(query) == [
        (f"$sort[{wire_name(field)}]", str(way)) for field, way in order.items()
    ]


@pytest.mark.parametrize(
    ("field", "spelled"),
    [
        ("created_at", "createdAt"),
        ("createdAt", "createdAt"),
        ("_id", "_id"),
        ("external_id", "externalId"),
        ("settings.max_participants", "settings.maxParticipants"),
        ("exp", "exp"),
    ],
)
def test_fields_are_spelled_as_the_api_does(field: str, spelled: str) -> None:
    """`created_at` here is `createdAt` there (docs/api.md, "Objects")."""
    assert parse_qsl(listing(sort=field).query) == [(f"$sort[{spelled}]", "1")]
