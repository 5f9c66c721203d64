"""What the calls on rooms refuse before anything is sent, and how they say so."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from videsk_rooms import AsyncVidesk, InvalidRequestError, Room, RoomAccess, Videsk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from videsk_rooms.sandbox import Sandbox

    Call: TypeAlias = Callable[[AsyncVidesk, Any], Awaitable[object]]

ID = "64f1a2b3c4d5e6f7a8b9c0d1"
LONE_SURROGATE = "caf\ud83d"
SHOWN = 60


@contextmanager
def refused(
    sandbox: Sandbox,
    argument: str,
    value: object,
    *,
    shown: bool = True,
    right: str = "give|nest",
) -> Iterator[None]:
    """Expect a refusal that names the argument, shows the value, says what is right, sends nothing.

    Args:
        sandbox: Where nothing may arrive.
        argument: The name of the argument; a place within its value may follow it.
        value: What was given for it.
        shown: Whether the text quotes the value itself, and not what it stands for.
        right: What the text says would be right, as a regular expression.
    """
    with pytest.raises(InvalidRequestError, match=right) as caught:
        yield
    error = caught.value
    assert isinstance(error, ValueError)
    assert error.argument.partition("[")[0] == argument
    assert str(error).startswith(f"{error.argument}=")
    assert not shown or repr(value)[:SHOWN] in str(error)
    assert len(str(error)) < 500
    assert not sandbox.requests


# -- texts ----------------------------------------------------------------------------------------

NAMED: dict[str, Call] = {
    "create": lambda videsk, value: videsk.rooms.create(name=value),
    "update": lambda videsk, value: videsk.rooms.update(ID, name=value),
}


@pytest.mark.parametrize("call", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("value", ["n" * 501, 5, b"name", ["name"], True, LONE_SURROGATE])
async def test_a_name_is_a_string_of_at_most_500_characters(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: object
) -> None:
    """The API's own limit (docs/api.md, "Operations", Create)."""
    with refused(sandbox, "name", value):
        await call(once, value)


IDENTIFIED: dict[str, Call] = {
    "create": lambda videsk, value: videsk.rooms.create(external_id=value),
    "update": lambda videsk, value: videsk.rooms.update(ID, external_id=value),
    "list": lambda videsk, value: videsk.rooms.list(external_id=value),
    "iter": lambda videsk, value: anext_of(videsk.rooms.iter(external_id=value)),
    "get_by_external_id": lambda videsk, value: videsk.rooms.get_by_external_id(value),
}


async def anext_of(rooms: Any) -> object:
    return await rooms.__anext__()


@pytest.mark.parametrize("call", IDENTIFIED.values(), ids=IDENTIFIED)
@pytest.mark.parametrize("value", ["", "e" * 101, 5, b"ticket", ["ticket"], LONE_SURROGATE])
async def test_an_external_id_is_a_string_of_1_to_100_characters(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: object
) -> None:
    """The API's own limit (docs/api.md, "Operations"); an empty filter might match every room."""
    with refused(sandbox, "external_id", value):
        await call(once, value)


@pytest.mark.parametrize("argument", ["name", "external_id", "exp", "nbf", "settings"])
async def test_none_is_no_change(sandbox: Sandbox, once: AsyncVidesk, argument: str) -> None:
    """What is not to change is left out; whether the API takes a null is not documented."""
    with refused(sandbox, argument, None):
        await once.rooms.update(ID, **{argument: None})  # type: ignore[arg-type]  # wrong on purpose


async def test_an_update_changes_something(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Nothing given is a mistake, and the text names what can be given."""
    with pytest.raises(InvalidRequestError, match="name, external_id, exp, nbf, settings"):
        await once.rooms.update(ID)
    assert not sandbox.requests


# -- times ----------------------------------------------------------------------------------------

NOW = datetime.now(timezone.utc)
NO_TIMES: dict[str, object] = {
    "naive": datetime(2042, 8, 14, 18),  # noqa: DTZ001 - that is what is wrong with it
    "text": "2042-08-14T18:00:00.000Z",
    "number": 1723658400,
    "date": date(2042, 8, 14),
    "too far to count": timedelta.max,
    "beyond the calendar": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    "before the calendar": datetime.min.replace(tzinfo=timezone(timedelta(hours=12))),
}
TIMED: dict[str, tuple[str, Call]] = {
    "create-exp": ("exp", lambda videsk, value: videsk.rooms.create(exp=value)),
    "create-nbf": ("nbf", lambda videsk, value: videsk.rooms.create(nbf=value)),
    "update-exp": ("exp", lambda videsk, value: videsk.rooms.update(ID, exp=value)),
    "update-nbf": ("nbf", lambda videsk, value: videsk.rooms.update(ID, nbf=value)),
}


@pytest.mark.parametrize(("argument", "call"), TIMED.values(), ids=TIMED)
@pytest.mark.parametrize("value", NO_TIMES.values(), ids=NO_TIMES)
async def test_a_time_is_an_aware_datetime_or_a_timedelta(
    sandbox: Sandbox, once: AsyncVidesk, argument: str, call: Call, value: object
) -> None:
    """A naive one would mean another instant on every machine."""
    with refused(sandbox, argument, value):
        await call(once, value)


@pytest.mark.parametrize("call", [TIMED["create-exp"][1], TIMED["update-exp"][1]])
@pytest.mark.parametrize(
    ("value", "right"),
    [
        (timedelta(0), "in the future"),
        (timedelta(seconds=-1), "in the future"),
        (NOW, "in the future"),
        (datetime(2015, 10, 21, tzinfo=timezone.utc), "in the future"),
        (timedelta(hours=72, seconds=1), "within 72 hours"),
        (timedelta(days=4), "within 72 hours"),
        (datetime(9000, 1, 1, tzinfo=timezone.utc), "within 72 hours"),
    ],
)
async def test_a_room_ends_in_the_future_within_72_hours(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: object, right: str
) -> None:
    """The API's own limits (docs/api.md, "Operations", Create)."""
    with refused(sandbox, "exp", value, shown=False, right=f"give a time {right}"):
        await call(once, value)


@pytest.mark.parametrize(
    ("nbf", "exp"),
    [
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(hours=2), timedelta(hours=1)),
        (NOW + timedelta(hours=2), NOW + timedelta(hours=2)),
        # As it is sent, in milliseconds, it is one time.
        (
            (NOW + timedelta(hours=2)).replace(microsecond=100),
            (NOW + timedelta(hours=2)).replace(microsecond=900),
        ),
        (
            NOW + timedelta(hours=2),
            (NOW + timedelta(hours=2)).astimezone(timezone(timedelta(hours=-3))),
        ),
    ],
)
async def test_a_room_opens_before_it_ends(
    sandbox: Sandbox, once: AsyncVidesk, nbf: Any, exp: Any
) -> None:
    """A room that nobody can enter is a mistake."""
    with refused(sandbox, "nbf", nbf, shown=False):
        await once.rooms.create(nbf=nbf, exp=exp)
    with refused(sandbox, "nbf", nbf, shown=False):
        await once.rooms.update(ID, nbf=nbf, exp=exp)


# -- listing --------------------------------------------------------------------------------------

SIZES: dict[str, tuple[str, Call]] = {
    "list": ("limit", lambda videsk, value: videsk.rooms.list(limit=value)),
    "iter": ("page_size", lambda videsk, value: anext_of(videsk.rooms.iter(page_size=value))),
}


@pytest.mark.parametrize(("argument", "call"), SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("value", [0, -1, 101, 10**30, True, False, "5", 5.0, [5]])
async def test_a_page_holds_1_to_100_rooms(
    sandbox: Sandbox, once: AsyncVidesk, argument: str, call: Call, value: object
) -> None:
    """The API's own limit (docs/api.md, "Operations", List), which it may clamp silently."""
    with refused(sandbox, argument, value, right="from 1 to 100"):
        await call(once, value)


@pytest.mark.parametrize("value", [-1, -(10**30), True, "5", 5.0, [5]])
async def test_a_skip_is_0_or_more(sandbox: Sandbox, once: AsyncVidesk, value: Any) -> None:
    """A whole number, and no truth value."""
    with refused(sandbox, "skip", value, right="give 0 or more"):
        await once.rooms.list(skip=value)


FLAGGED: dict[str, Call] = {
    "list": lambda videsk, value: videsk.rooms.list(ended=value),
    "iter": lambda videsk, value: anext_of(videsk.rooms.iter(ended=value)),
}


@pytest.mark.parametrize("call", FLAGGED.values(), ids=FLAGGED)
@pytest.mark.parametrize("value", [0, 1, "true", "", [], 1.0])
async def test_ended_is_true_or_false(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: object
) -> None:
    """`"false"` would be true in Python, and false on the wire."""
    with refused(sandbox, "ended", value, right="give True or False"):
        await call(once, value)


SORTED: dict[str, Call] = {
    "list": lambda videsk, value: videsk.rooms.list(sort=value),
    "iter": lambda videsk, value: anext_of(videsk.rooms.iter(sort=value)),
}


@pytest.mark.parametrize("call", SORTED.values(), ids=SORTED)
@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        "--name",
        "+name",
        "created at",
        "name]=1&$limit",
        "na\nme",
        "1name",
        "ñame",
        5,
        True,
        {"name", "exp"},
        ["name", ""],
        ["name", 5],
        ["name", "name"],
        ["name", "-name"],
        ["created_at", "createdAt"],
        {"name": 0},
        {"name": 2},
        {"name": "1"},
        {"name": True},
        {"name": None},
        {5: 1},
        {"-name": 1},
        b"name",
    ],
)
async def test_a_sort_names_fields_once(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: object
) -> None:
    """Anything else would be read by the server as something else, or not at all."""
    with refused(sandbox, "sort", value, shown=False, right="'-created_at'"):
        await call(once, value)


@pytest.mark.parametrize(
    "value", ["", "Report", "reports", " report", None, 5, True, b"report", ["report"], {}]
)
async def test_a_view_is_one_of_three(sandbox: Sandbox, once: AsyncVidesk, value: Any) -> None:
    """`report`, `snapshot`, `summary` (docs/api.md, "Operations", Stats)."""
    with refused(sandbox, "view", value, right="'report', 'snapshot', 'summary'"):
        await once.rooms.stats(ID, view=value)


# -- room ids -------------------------------------------------------------------------------------

ROOMED: dict[str, Call] = {
    "get": lambda videsk, value: videsk.rooms.get(value),
    "update": lambda videsk, value: videsk.rooms.update(value, name="Moved"),
    "end": lambda videsk, value: videsk.rooms.end(value),
    "delete": lambda videsk, value: videsk.rooms.delete(value),
    "join": lambda videsk, value: videsk.rooms.join(value),
    "stats": lambda videsk, value: videsk.rooms.stats(value),
}
NO_IDS = [
    *("", ".", "..", "a/b", "/", "../rooms", "a\\b", "a?b", "a#b", "a%2eb", "%2e%2e", "a%b"),
    *("a b", " ", "a\n", "a\r\nX-Header: b", "a\tb", "a\x00b", "a\x7fb", LONE_SURROGATE),
]


@pytest.mark.parametrize("call", ROOMED.values(), ids=ROOMED)
@pytest.mark.parametrize("value", [*NO_IDS, 5, None, True, b"64f1", [ID], {"id": ID}])
async def test_a_room_id_is_one_segment_of_a_path(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: object
) -> None:
    """Anything else would ask for something else: an empty one deletes at the list's own path."""
    with refused(sandbox, "room", value, right="give"):
        await call(once, value)


@pytest.mark.parametrize("call", ROOMED.values(), ids=ROOMED)
@pytest.mark.parametrize("value", NO_IDS)
async def test_the_id_of_a_room_is_looked_at_as_well(
    sandbox: Sandbox, once: AsyncVidesk, call: Call, value: str
) -> None:
    """A `Room` may have been made by hand."""
    with refused(sandbox, "room", value, right="give"):
        await call(once, Room(id=value))


async def test_access_to_a_room_is_no_room(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """And its token is not shown."""
    access: Any = RoomAccess("the-token-of-a-browser")
    with refused(sandbox, "room", access, right="not a RoomAccess"):
        await once.rooms.get(access)
    assert "browser" not in repr(access)


# -- both faces -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda videsk: videsk.rooms.create(name="n" * 501), "name"),
        (lambda videsk: videsk.rooms.create(exp=timedelta(hours=73)), "exp"),
        (lambda videsk: videsk.rooms.create(settings={"a": {1}}), "settings"),
        (lambda videsk: videsk.rooms.update(ID), "name"),
        (lambda videsk: videsk.rooms.get("a/b"), "room"),
        (lambda videsk: videsk.rooms.update(ID, ended="yes"), "ended"),
        (lambda videsk: videsk.rooms.get_or_create("a", renew="yes"), "renew"),
        (lambda videsk: videsk.rooms.end(None), "room"),
        (lambda videsk: videsk.rooms.delete(""), "room"),
        (lambda videsk: videsk.rooms.join(None), "room"),
        (lambda videsk: videsk.rooms.stats(ID, view="x"), "view"),
        (lambda videsk: videsk.rooms.get_by_external_id(""), "external_id"),
        (lambda videsk: videsk.rooms.list(limit=101), "limit"),
        (lambda videsk: videsk.rooms.iter(page_size=0), "page_size"),
        (lambda videsk: videsk.request("GET", "//x"), "path"),
    ],
)
def test_the_blocking_client_refuses_the_same(
    sandbox: Sandbox, blocking_once: Videsk, call: Callable[[Videsk], object], argument: str
) -> None:
    """At the call itself, an iteration included."""
    with pytest.raises(InvalidRequestError) as caught:
        call(blocking_once)
    assert caught.value.argument.partition("[")[0] == argument
    assert not sandbox.requests


async def test_an_iteration_is_refused_where_it_is_asked_for(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Not at its first item, which may be asked for somewhere else."""
    with refused(sandbox, "page_size", 0):
        once.rooms.iter(page_size=0)
