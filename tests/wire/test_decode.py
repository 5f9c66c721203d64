"""What is made of an answer's body, whatever it holds; told by properties."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import (
    ROOM_FIELDS,
    almost_rooms,
    json_objects,
    json_values,
    pages,
    rooms,
    texts,
)
from tests.support import ROOM
from videsk_rooms import (
    Authorization,
    Headers,
    Response,
    ResponseError,
    Room,
    RoomAccess,
    RoomPage,
    RoomStats,
)
from videsk_rooms._wire import decode
from videsk_rooms._wire import json as _json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from videsk_rooms import JSONValue

M = TypeVar("M")
UTC = timezone.utc


@pytest.fixture(scope="module", params=["standard library", "orjson"], autouse=True)
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Read by either: nothing here may depend on which is installed."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "orjson":
            orjson = pytest.importorskip("orjson", reason="orjson (extra `fast`) reads here")
            patch.setattr(_json, "_read", orjson.loads)
        else:
            patch.setattr(_json, "_read", _json.standard_read)
        yield


def answer(value: object) -> Response:
    """Make an answer of a body, or of what its JSON says."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(200, Headers({}), body, "GET", "https://api.videsk.io/vpaas/rooms", None, ())


def stats(response: Response) -> RoomStats:
    return decode.stats(response, "report")


READERS: dict[type, Callable[[Response], object]] = {
    Room: decode.room,
    RoomPage: decode.page,
    RoomAccess: decode.access,
    RoomStats: stats,
}


def model_or_refusal(
    model: type[M], read: Callable[[Response], object], value: object
) -> M | ResponseError:
    """Read, and let nothing through but the model and the one error that is meant for this."""
    try:
        result = read(answer(value))
    except ResponseError as error:
        return error
    assert type(result) is model
    return result


def refusal(read: Callable[[Response], object], value: object) -> ResponseError:
    with pytest.raises(ResponseError) as caught:
        read(answer(value))
    return caught.value


# -- anything may come ----------------------------------------------------------------------------


@given(json_values() | almost_rooms() | pages(almost_rooms()))
def test_any_json_is_read_or_refused(value: JSONValue) -> None:
    """Fields can appear or vanish without notice (docs/api.md, "Access"): nothing else may fly."""
    for model, read in READERS.items():
        model_or_refusal(model, read, value)


@given(st.binary())
@example(b"")
@example(b"[" * 100_000)
@example(b'{"accessToken":' * 600 + b"1" + b"}" * 600)
@example(b'{"id":"a","settings":{"a":1e999}}')
@example(b'{"id":"a","ended":' + b"9" * 5000 + b"}")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """A body need not be JSON, nor text."""
    for model, read in READERS.items():
        model_or_refusal(model, read, body)


@given(rooms())
def test_every_room_of_the_api_is_read(room: dict[str, JSONValue]) -> None:
    """Any field but `id` may be absent or null (docs/api.md, "Objects")."""
    assert decode.room(answer(room)).id == room["id"]


@given(pages(rooms()))
def test_every_page_of_the_api_is_read(page: dict[str, JSONValue]) -> None:
    """Pages keep the order of their rooms, and their three numbers."""
    read = decode.page(answer(page))
    assert (read.total, read.limit, read.skip) == (page["total"], page["limit"], page["skip"])
    assert read.data == tuple(decode.room(answer(room)) for room in _rooms_of(page))


def _rooms_of(page: Mapping[str, JSONValue]) -> list[JSONValue]:
    data = page["data"]
    assert isinstance(data, list)
    return data


# -- where the fault lies -------------------------------------------------------------------------

NO_TEXT: list[object] = [0, 1.5, True, [], {}, ["a"]]
NO_TIME: list[object] = [
    *(0, 1723647600000, True, [], {}, "", "soon", "2024-13-01T00:00:00.000Z"),
    # What Python takes for a time, one version or another.
    *("20240814", "1723647600", "1723647600000", "20240814T180000Z", "2024-08-14", "2024-08"),
    *("2024-01-01x10", "2024-01-01x10:00:00.000Z", "2024-08-14T18Z", "2024-W33-3T18:00:00.000Z"),
    *("2024-08-14T24:00:00.000Z", "2024-08-14T18:00:60.000Z", "2024-08-14T18:00:00.Z"),
    *("2024-08-14T18:00:00.000+24:00", "2024-08-14T18:00:00.000+01:60", " 2024-08-14T18:00:00Z"),
    *("2024-08-14T18:00:00+00:00:01", "2024-08-14T18:00:00.00 Z", "٢024-08-14T18:00:00.000Z"),
    "2024-08-14T18:00:00.000Z\n",
]
TIMES = [
    *("2024-08-14T18:00:00.000Z", "2024-08-14T18:00:00Z", "2024-08-14T18:00Z"),
    *("2024-08-14t18:00:00.000z", "2024-08-14 18:00:00.000Z", "2024-08-14T18:00:00,000Z"),
    *("2024-08-14T18:00:00.000000000Z", "2024-08-14T18:00:00.000", "2024-08-14T18:00:00"),
    *("2024-08-14T20:00:00.000+02:00", "2024-08-14T20:00:00+0200", "2024-08-14T20:00:00+02"),
    *("2024-08-14T17:30:00-00:30", "2024-08-14T18:00:00-00:00"),
]
WRONG: dict[str, list[object]] = {
    "id": [*NO_TEXT, None],
    "name": NO_TEXT,
    "externalId": NO_TEXT,
    "exp": NO_TIME,
    "nbf": NO_TIME,
    "settings": ["", "{}", 0, True, [], [{}]],
    "ended": ["", "false", 0, 1, [], {}],
    "createdAt": NO_TIME,
    "updatedAt": NO_TIME,
    "authorizations": ["", 0, True, {}],
    "accessToken": NO_TEXT,
}
WRONG_AUTHORIZATION: dict[str, list[object]] = {
    "ip": NO_TEXT,
    "jti": NO_TEXT,
    "createdAt": NO_TIME,
}
WRONG_PAGE: dict[str, list[object]] = {
    **{name: ["1", 1.0, True, None, [], {}] for name in ("total", "limit", "skip")},
    "data": ["", {}, None, 1],
}


def cases(wrong: Mapping[str, list[object]]) -> pytest.MarkDecorator:
    pairs = [(field, value) for field, values in wrong.items() for value in values]
    return pytest.mark.parametrize(("field", "value"), pairs)


def page_with(room: object) -> dict[str, object]:
    return {"total": 5, "limit": 10, "skip": 0, "data": [ROOM, ROOM, ROOM, room, ROOM]}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_in_every_spelling_of_its_form(text: str) -> None:
    """With or without seconds, fraction and offset, the same on every Python."""
    room = decode.room(answer({"id": "a", "exp": text}))
    assert room.exp == datetime(2024, 8, 14, 18, tzinfo=UTC)


def test_the_tables_of_wrong_values_forget_no_field() -> None:
    """Each field that has a type is given wrong ones here."""
    assert WRONG.keys() == {"id", *ROOM_FIELDS}
    assert WRONG_AUTHORIZATION.keys() == {"ip", "jti", "createdAt"}
    assert len(attrs.fields(Room)) == len(WRONG) + 1  # and `extra`
    assert len(attrs.fields(Authorization)) == len(WRONG_AUTHORIZATION)
    assert WRONG_PAGE.keys() == {field.name for field in attrs.fields(RoomPage)}


@cases(WRONG)
def test_a_wrong_field_of_a_room_is_named(field: str, value: object) -> None:
    """The error names the field as the API spells it, alone or within a page."""
    room = {**ROOM, field: value}
    assert refusal(decode.room, room).path == field
    assert refusal(decode.page, page_with(room)).path == f"data[3].{field}"


@cases(WRONG_AUTHORIZATION)
def test_a_wrong_field_of_an_authorization_is_named(field: str, value: object) -> None:
    """Lists within rooms are counted through."""
    room = {**ROOM, "authorizations": [{}, {field: value}, {}]}
    assert refusal(decode.room, room).path == f"authorizations[1].{field}"
    assert refusal(decode.page, page_with(room)).path == f"data[3].authorizations[1].{field}"


@cases(WRONG_PAGE)
def test_a_wrong_field_of_a_page_is_named(field: str, value: object) -> None:
    """A total of "1" is not counted with."""
    assert refusal(decode.page, {**page_with(ROOM), field: value}).path == field


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_what_is_no_object_is_named_by_its_place(value: object) -> None:
    """A room or an authorization that is no object at all is told by where it stands."""
    assert refusal(decode.room, value).path is None
    assert refusal(decode.page, value).path is None
    assert refusal(decode.page, page_with(value)).path == "data[3]"
    room = {**ROOM, "authorizations": [{}, value]}
    assert refusal(decode.room, room).path == "authorizations[1]"


def test_a_total_of_ten_point_nought_is_told_from_a_whole_number() -> None:
    """Both are numbers, and "not a number" would be no help."""
    text = str(refusal(decode.page, {**page_with(ROOM), "total": 10.0}))
    assert "should be a whole number, not a decimal number, at total" in text


def test_the_text_names_a_place_only_where_there_is_one() -> None:
    """And is a sentence either way."""
    assert "should be an object, not a list; it begins" in str(refusal(decode.room, [1]))
    assert "not a list, at data[3]; it begins" in str(refusal(decode.page, page_with([1])))


@pytest.mark.parametrize("field", WRONG_PAGE)
def test_a_missing_field_of_a_page_is_named(field: str) -> None:
    """Without its numbers a page is none: reading on would guess."""
    page = {name: value for name, value in page_with(ROOM).items() if name != field}
    error = refusal(decode.page, page)
    assert error.path == field
    assert f"lacks a field at {field}" in str(error)


def test_a_missing_id_is_named() -> None:
    """`id` is the one field that a room always has (docs/api.md, "Objects")."""
    assert refusal(decode.room, {"name": "x"}).path == "id"
    assert refusal(decode.page, page_with({})).path == "data[3].id"


@given(almost_rooms(), st.integers(0, 4))
def test_a_refused_room_in_a_page_is_refused_alone_too(
    room: dict[str, JSONValue], place: int
) -> None:
    """A page adds where the room stands, and changes nothing else."""
    page = {"total": 5, "limit": 5, "skip": 0, "data": [{"id": "a"}] * place + [room]}
    alone = model_or_refusal(Room, decode.room, room)
    within = model_or_refusal(RoomPage, decode.page, page)
    if isinstance(alone, ResponseError):
        assert isinstance(within, ResponseError)
        assert within.path == f"data[{place}].{alone.path}"
    else:
        assert isinstance(within, RoomPage)
        assert within.data[place] == alone


def test_an_object_in_the_place_of_a_time_is_named() -> None:
    """And told from a field that is missing."""
    text = str(refusal(decode.room, {"id": "a", "exp": {}}))
    assert "should be an ISO date-time, not an object, at exp" in text


@pytest.mark.parametrize("body", [b"{", b'{"id": 1}', b'{"id": "a", "exp": "x"}', b"\xff"])
def test_a_refusal_is_chained_to_nothing(body: bytes) -> None:
    """A parser's own words may quote the body, and a token in it."""
    error = refusal(decode.room, body)
    assert error.__cause__ is error.__context__ is None


def test_a_refusal_says_what_would_be_right() -> None:
    """The text tells field, type and remedy."""
    (text,) = refusal(decode.room, {"id": "a", "ended": "false"}).args
    assert text == (
        "GET https://api.videsk.io/vpaas/rooms: the response (status 200) should be true or false, "
        'not a string, at ended; it begins with \'{"id": "a", "ended": "false"}\'. If base_url '
        "points at the API and no proxy stands in between, report it."
    )


def test_the_first_of_many_faults_is_named() -> None:
    """Reading ends there: a list of wrong elements costs no more than one of them."""
    zeros = [0] * 60_000
    assert refusal(decode.page, {**page_with(ROOM), "data": [ROOM, *zeros]}).path == "data[1]"
    guests = refusal(decode.room, {"id": "a", "authorizations": [{}, *zeros]})
    assert guests.path == "authorizations[1]"


# -- how much ---


MANY = _json.MOST_VALUES


@pytest.mark.parametrize("read", READERS.values())
@pytest.mark.parametrize("element", [b"0", b"[]", b"{}", b'{"a":0}', b'""'])
def test_more_values_than_are_read_are_refused(
    element: bytes, read: Callable[[Response], object]
) -> None:
    """They are counted before anything is made of them."""
    body = b"[" + b",".join([element] * MANY) + b"]"
    assert "holds more than 65,536 values; ask for a smaller page" in str(refusal(read, body))


def test_so_many_values_are_read() -> None:
    """The list is one of them."""
    body = b"[" + b",".join([b"0"] * (MANY - 1)) + b"]"
    assert answer(body).json() == [0] * (MANY - 1)
    assert "holds more than" in str(refusal(Response.json, body[:-1] + b",0]"))


def test_a_full_page_of_busy_rooms_is_read() -> None:
    """100 rooms, each with a long name, a token, and 100 people who came."""
    guests = [ROOM["authorizations"][0]] * 100  # type: ignore[index]  # it is a list
    room = {**ROOM, "name": "é" * 500, "accessToken": "a" * 2000, "authorizations": guests}
    page = {"total": 100, "limit": 100, "skip": 0, "data": [room] * 100}
    assert len(decode.page(answer(page)).data) == 100


# -- how deep -------------------------------------------------------------------------------------


def nested(levels: int) -> JSONValue:
    value: JSONValue = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


# Where something may be nested, with the levels above it.
DEEP: dict[str, tuple[Callable[[Response], object], Callable[[JSONValue], object], int]] = {
    "settings": (decode.room, lambda deep: {**ROOM, "settings": {"a": deep}}, 2),
    "unknown in a room": (decode.room, lambda deep: {**ROOM, "a": deep}, 1),
    "unknown in an authorization": (
        decode.room,
        lambda deep: {**ROOM, "authorizations": [{"a": deep}]},
        3,
    ),
    "settings in a page": (
        decode.page,
        lambda deep: page_with({"id": "", "settings": {"a": deep}}),
        4,
    ),
    "unknown in an authorization in a page": (
        decode.page,
        lambda deep: page_with({"id": "", "authorizations": [{"a": deep, "ip": "b"}]}),
        5,
    ),
    "unknown in a page": (decode.page, lambda deep: {**page_with(ROOM), "a": deep}, 1),
    "unknown in a join": (decode.access, lambda deep: {"accessToken": "a", "b": deep}, 1),
}


@pytest.mark.parametrize("place", DEEP)
def test_nesting_ends_at_500_wherever_it_is(place: str) -> None:
    """What is kept can be compared and printed; what is left unread is no exception."""
    read, around, above = DEEP[place]
    kept = read(answer(around(nested(500 - above))))
    assert kept == read(answer(around(nested(500 - above))))
    assert repr(kept)
    assert "is not JSON" in str(refusal(read, around(nested(501 - above))))


# -- known, unknown, absent -----------------------------------------------------------------------

FIELDS = {
    "name": "name",
    "externalId": "external_id",
    "exp": "exp",
    "nbf": "nbf",
    "settings": "settings",
    "ended": "ended",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "authorizations": "authorizations",
    "accessToken": "access_token",
}


@given(rooms())
def test_unknown_fields_are_kept_untouched(room: dict[str, JSONValue]) -> None:
    """`extra` holds what has no field here, and nothing else."""
    unknown = {name: value for name, value in room.items() if name not in {"id", *FIELDS}}
    assert decode.room(answer(room)).extra == unknown


@given(rooms())
def test_what_is_absent_is_none(room: dict[str, JSONValue]) -> None:
    """Absent and null are the same; what was sent is not `None`."""
    read = decode.room(answer(room))
    for spelled, name in FIELDS.items():
        assert (getattr(read, name) is None) is (room.get(spelled) is None), name


@given(rooms())
def test_what_has_no_type_of_its_own_is_untouched(room: dict[str, JSONValue]) -> None:
    """Strings, truth values and settings come through as they were sent."""
    read = decode.room(answer(room))
    sent = [room.get(name) for name in ("name", "externalId", "settings", "ended", "accessToken")]
    assert [read.name, read.external_id, read.settings, read.ended, read.access_token] == sent


@given(json_objects())
def test_statistics_are_untouched(data: dict[str, JSONValue]) -> None:
    """Their fields are not documented (docs/api.md, "Operations")."""
    assert stats(answer(data)) == RoomStats("report", data)


def test_rooms_without_unknown_fields_do_not_share_what_is_none() -> None:
    """The empty `extra` of one room is not that of another."""
    first, second = decode.page(answer(page_with(ROOM))).data[:2]
    assert first.extra == second.extra == {}
    assert first.extra is not second.extra


# -- date-times -----------------------------------------------------------------------------------


def zones() -> st.SearchStrategy[tuple[int, str]]:
    """Draw offsets in minutes, each in the ways that ISO 8601 has to write it."""
    usual = st.sampled_from([(0, "Z"), (0, ""), (0, "+00:00"), (0, "-00:00"), (0, "+00")])
    return usual | st.integers(-23 * 60 - 59, 23 * 60 + 59).flatmap(_written)


def _written(offset: int) -> st.SearchStrategy[tuple[int, str]]:
    sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    words = [f"{sign}{hours:02}:{minutes:02}", f"{sign}{hours:02}{minutes:02}"]
    if not minutes:
        words.append(f"{sign}{hours:02}")
    return st.tuples(st.just(offset), st.sampled_from(words))


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),  # noqa: DTZ001 - the offset is drawn
    st.text("0123456789", max_size=9),
    zones(),
)
def test_date_times_are_aware_and_utc(
    moment: datetime, fraction: str, zone: tuple[int, str]
) -> None:
    """Any offset and precision; without an offset it is UTC, as every documented time is."""
    offset, written = zone
    text = moment.isoformat(timespec="seconds") + (f".{fraction}" if fraction else "") + written
    expected = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")), tzinfo=UTC)
    expected -= timedelta(minutes=offset)
    read = decode.room(answer({"id": "a", "exp": text, "authorizations": [{"createdAt": text}]}))
    assert read.authorizations is not None
    for time in (read.exp, read.authorizations[0].created_at):
        assert time == expected
        assert time is not None
        assert time.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00.000+00:01",
        "9999-12-31T23:59:59.999-00:01",
        "2024-08-14T24:30:00.000Z",
        "2024-08-14T15:00:00.000+24:00",
        "2024-02-30T00:00:00.000Z",
        "2024-08-14T15:00:00.000ZZ",
        "+012024-08-14T15:00:00.000Z",
        "Wed, 14 Aug 2024 15:00:00 GMT",
        "\u0662\u0660\u0662\u0664-08-14T15:00:00.000Z",
        "",
        "Z",
    ],
)
def test_what_no_datetime_can_be_is_refused(text: str) -> None:
    """A time is never guessed."""
    assert refusal(decode.room, {"id": "a", "nbf": text}).path == "nbf"


# -- access tokens --------------------------------------------------------------------------------


def token_of(claims: object) -> str:
    """Make a token that says something; its signature is none."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".x"


@given(
    st.text()
    | st.text("abcEYJ.-_=", max_size=30)
    | st.builds(token_of, json_values())
    | st.builds("{}.{}.{}".format, st.text(), st.text(), st.text())
)
@example("..")
@example("a.\u00e9.b")
@example("a.\ud800.b")
@example("a." + base64.urlsafe_b64encode(b"[" * 10_000).decode() + ".b")
def test_any_token_is_read_without_complaint(token: str) -> None:
    """Its claims are not documented (docs/api.md, "Objects"), so reading survives their absence."""
    access = decode.access_of(token)
    assert access.access_token == token
    assert isinstance(access.claims, dict)


@given(st.integers(0, 253402300799), st.integers(0, 253402300799), texts, json_objects())
def test_the_claims_of_a_token_are_read(
    exp: int, nbf: int, jti: str, more: dict[str, JSONValue]
) -> None:
    """Seconds become times in UTC, and every claim is kept."""
    claims = {**more, "exp": exp, "nbf": nbf, "jti": jti}
    access = decode.access_of(token_of(claims))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert access.exp == epoch + timedelta(seconds=exp)
    assert access.nbf == epoch + timedelta(seconds=nbf)
    assert (access.jti, access.claims) == (jti, claims)


@given(json_values(), json_values(), json_values())
@example(exp=1e300, nbf=-1e300, jti=1)
@example(exp=2**64 - 1, nbf=-(2**63), jti=None)
@example(exp=True, nbf="1723647600", jti=["a"])
def test_odd_claims_are_kept_but_not_believed(
    exp: JSONValue, nbf: JSONValue, jti: JSONValue
) -> None:
    """What is no time or no string is `None`, and still among the claims."""
    claims = {"exp": exp, "nbf": nbf, "jti": jti}
    access = decode.access_of(token_of(claims))
    assert access.claims == claims
    assert access.jti == (jti if isinstance(jti, str) else None)
    for claim, time in ((exp, access.exp), (nbf, access.nbf)):
        assert time is None or (type(claim) in {int, float} and time.tzinfo is UTC)


def test_a_token_that_nobody_could_send_is_not_looked_into() -> None:
    """A browser sends it in a header or a URL; there its claims would have to be short."""
    claims = {"jti": "a"}
    assert decode.access_of(token_of({**claims, "more": "a" * 10_000})).jti == "a"
    access = decode.access_of(token_of({**claims, "more": "a" * 100_000}))
    assert (access.jti, access.claims) == (None, {})


def test_a_token_of_dots_is_not_taken_apart() -> None:
    """It has no claims, however many parts."""
    assert decode.access_of("." * 60_000).claims == {}
