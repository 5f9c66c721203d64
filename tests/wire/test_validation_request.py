"""What `request` and everything that is written as JSON refuse before anything is sent."""

from __future__ import annotations

import re
from collections import UserList
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from tests.wire.test_validation import ID, LONE_SURROGATE, refused
from videsk_rooms import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videsk_rooms import AsyncVidesk
    from videsk_rooms.sandbox import Sandbox

    Call: TypeAlias = Callable[[AsyncVidesk, Any], Awaitable[object]]

PATH = "/vpaas/rooms"
DEEPEST = 100


def nested(depth: int, *, key: str | None = "a") -> Any:
    """Nest so many objects, or lists where there is no key."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if key is None else {key: value}
    return value


def cycle() -> Any:
    value: dict[str, Any] = {}
    value["again"] = value
    return value


def cycle_of_lists() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


# -- JSON -----------------------------------------------------------------------------------------

NOT_JSON: dict[str, Any] = {
    "set": {1},
    "bytes": b"a",
    "nan": float("nan"),
    "infinity": float("-inf"),
    "beyond 64 bits": 2**64,
    "below 64 bits": -(2**63) - 1,
    "thousands of digits": 10**5000,
    "complex": 1j,
    "decimal": Decimal(1),
    "datetime": datetime(2042, 8, 14),  # noqa: DTZ001 - no datetime is JSON
    "timedelta": timedelta(1),
    "object": object(),
    "function": len,
    "class": dict,
    "generator": (number for number in range(3)),
    "list of another kind": UserList([1]),
    "lone surrogate": LONE_SURROGATE,
    "number as key": {1: 2},
    "none as key": {None: 1},
    "truth value as key": {True: 1},
    "bytes as key": {b"a": 1},
    "lone surrogate as key": {LONE_SURROGATE: 1},
    "cycle": cycle(),
    "cycle of lists": cycle_of_lists(),
    "too deep": nested(DEEPEST + 1),
    "too deep in lists": nested(DEEPEST + 1, key=None),
    "far too deep": nested(5000),
}
JSON_SENDING: dict[str, tuple[str, Call]] = {
    "create": ("settings", lambda videsk, value: videsk.rooms.create(settings=value)),
    "update": ("settings", lambda videsk, value: videsk.rooms.update(ID, settings=value)),
    "request": ("json", lambda videsk, value: videsk.request("POST", PATH, json=value)),
}


@pytest.mark.parametrize(("argument", "call"), JSON_SENDING.values(), ids=JSON_SENDING)
@pytest.mark.parametrize("value", NOT_JSON.values(), ids=NOT_JSON)
async def test_what_json_cannot_say_is_refused(
    sandbox: Sandbox, once: AsyncVidesk, argument: str, call: Call, value: Any
) -> None:
    """Wherever it stands, before the server or the encoder would make something else of it."""
    for whole in ({"a": value}, {"a": [0, {"b": value}]}):
        with refused(sandbox, argument, value, shown=False):
            await call(once, whole)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {1}}, "settings['a']={1}: "),
        ({"a": [0, {"b": float("nan")}]}, "settings['a'][1]['b']=nan: "),
        ({"a": {"b": {5: 1}}}, "settings['a']['b']=5: "),
        ({"a": 10**30}, f"settings['a']={10**30}: "),
    ],
)
async def test_the_refusal_names_the_place(
    sandbox: Sandbox, once: AsyncVidesk, value: Any, place: str
) -> None:
    """In a large object one wants to know where."""
    with pytest.raises(InvalidRequestError, match=f"^{re.escape(place)}") as caught:
        await once.rooms.create(settings=value)
    assert caught.value.argument == place.rpartition("=")[0]
    assert not sandbox.requests


class Unshowable:
    """What cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    [10**5000, nested(100_000, key=None), Unshowable(), [Unshowable()]],
    ids=lambda value: type(value).__name__,
)
async def test_what_cannot_be_shown_is_refused_all_the_same(
    sandbox: Sandbox, once: AsyncVidesk, value: Any
) -> None:
    """The text then names its kind."""
    for argument, call in (
        ("limit", once.rooms.list(limit=value)),
        ("room", once.rooms.get(value)),
        ("settings", once.rooms.create(settings=value)),
    ):
        kind = f"<{type(value).__name__}>: give"
        with refused(sandbox, argument, value, shown=False, right=kind):
            await call


@pytest.mark.parametrize(
    "value", [5, "settings", b"{}", True, [], [("a", 1)], {1}, UserList(), object()]
)
async def test_settings_are_a_mapping(sandbox: Sandbox, once: AsyncVidesk, value: Any) -> None:
    """An object is documented (docs/api.md, "Operations", Create)."""
    with refused(sandbox, "settings", value, right="give a mapping"):
        await once.rooms.create(settings=value)


# -- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "vpaas/rooms",
        "//x",
        "//evil.example/vpaas/rooms",
        "///x",
        "\\\\evil.example",
        "/a\\b",
        "https://evil.example/vpaas/rooms",
        "http:/evil.example",
        "@evil.example",
        ":80/x",
        "/a/../b",
        "/..",
        "/.",
        "/a/.",
        "/a/./b",
        "/%2e%2e",
        "/%2E%2e/b",
        "/.%2e/b",
        "/a/%2e/b",
        "/a b",
        " /a",
        "/a\n",
        "/a\r\nX-Header: b",
        "/a\tb",
        "/a\x00b",
        "/a?b=c",
        "/a#b",
        "/%",
        "/%2",
        "/%zz",
        "/a%u0041",
        "/ñ",
        "/a|b",
        '/a"b',
        "/a<b>",
        f"/{LONE_SURROGATE}",
        5,
        None,
        b"/vpaas/rooms",
        ["/vpaas/rooms"],
    ],
)
async def test_a_path_is_a_path_of_the_api(sandbox: Sandbox, once: AsyncVidesk, path: Any) -> None:
    """It neither leaves the origin nor climbs out of base_url, and no header follows it."""
    with refused(sandbox, "path", path, right="give a path of the API"):
        await once.request("GET", path)


# -- methods --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    ["", " ", "GE T", "GET ", "GET\r\nX: y", "GET\n", "G\x00ET", "GÉT", "G3T", "-", None, 5],
)
async def test_a_method_is_a_word(sandbox: Sandbox, once: AsyncVidesk, method: Any) -> None:
    """Letters and nothing else."""
    with refused(sandbox, "method", method, right="give an HTTP method"):
        await once.request(method, PATH)


# -- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["a=b", b"a=b", 5, True, [("a", "b")], {"a", "b"}])
async def test_a_query_is_a_mapping(sandbox: Sandbox, once: AsyncVidesk, query: Any) -> None:
    """A string would be encoded twice or not at all."""
    with refused(sandbox, "query", query, right="give a mapping"):
        await once.request("GET", PATH, query=query)


@pytest.mark.parametrize("name", ["", 5, None, b"a", ("a",), LONE_SURROGATE])
async def test_a_name_in_a_query_is_a_string(
    sandbox: Sandbox, once: AsyncVidesk, name: Any
) -> None:
    """At the top and further in."""
    with refused(sandbox, "query", name):
        await once.request("GET", PATH, query={name: 1})
    if name:
        with refused(sandbox, "query", name):
            await once.request("GET", PATH, query={"$sort": {name: 1}})


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        {1, 2},
        b"a",
        object(),
        1j,
        timedelta(1),
        datetime(2042, 8, 14),  # noqa: DTZ001 - that is what is wrong with it
        LONE_SURROGATE,
        Decimal(1),
    ],
)
@pytest.mark.parametrize(
    "wrap", [lambda value: value, lambda value: [1, value], lambda value: {"$gt": value}]
)
async def test_a_value_in_a_query_can_be_spelled(
    sandbox: Sandbox, once: AsyncVidesk, value: Any, wrap: Callable[[Any], Any]
) -> None:
    """Whatever has no spelling that Feathers reads is refused."""
    with refused(sandbox, "query", value):
        await once.request("GET", PATH, query={"name": wrap(value)})


@pytest.mark.parametrize("make", [cycle, cycle_of_lists, lambda: nested(5000)])
async def test_a_query_has_an_end(
    sandbox: Sandbox, once: AsyncVidesk, make: Callable[[], Any]
) -> None:
    """No cycle, and no depth that nobody reads."""
    with refused(sandbox, "query", None, shown=False, right="nest at most"):
        await once.request("GET", PATH, query={"a": make()})
