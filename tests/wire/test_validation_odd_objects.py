"""Arguments whose own methods raise, lie or give what is none: refused by name, or taken as plain.

Whatever a value does, nothing but `InvalidRequestError` comes of it before anything is sent, and of
many items one `Outcome` for each.
"""

from __future__ import annotations

import contextlib
import enum
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.support import ROOM, TOKEN, as_json
from videsk_rooms import AsyncVidesk, InvalidRequestError, ResponseError, Retry, TransportError
from videsk_rooms.models import Room

if TYPE_CHECKING:
    from aioresponses import aioresponses

ID = "64f1a2b3c4d5e6f7a8b9c0d1"
NOW = datetime.now(timezone.utc)


class OddError(Exception):
    """What the methods of these values raise."""


def fail(*_: object, **__: object) -> NoReturn:
    raise OddError("of the value's own")


_SPARED = {"__new__", "__init__", "__getattribute__", "__setattr__", "__class__"}
_SPARED |= {"__init_subclass__", "__subclasshook__", "__del__", "__dict__", "__doc__", "__slots__"}
_SPARED |= {"__weakref__", "__module__", "__class_getitem__", "__firstlineno__"}


def all_failing(kind: type) -> type:
    """Make a subclass of which every method raises."""
    names = [name for name in dir(kind) if callable(getattr(kind, name)) and name not in _SPARED]
    return type(f"Odd{kind.__name__.title()}", (kind,), dict.fromkeys(names, fail))


def lying(kind: type, **methods: object) -> type:
    """Make a subclass of which some methods give what they must not."""
    return type(f"Lying{kind.__name__.title()}", (kind,), methods)


class NotATime(datetime):
    """As pandas.NaT: a `datetime` with methods that raise, or give what is none."""

    def utcoffset(self) -> timedelta:
        raise ValueError("NaTType does not support utcoffset")

    def astimezone(self, tz: tzinfo | None = None) -> Any:
        return float("nan")

    def __lt__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return "NaT"


class OddZone(tzinfo):
    """A time zone that does not know itself."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def utcoffset(self, _: datetime | None) -> timedelta:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer  # type: ignore[return-value]  # which is the point

    def dst(self, _: datetime | None) -> timedelta:
        raise OddError("of the zone's own")

    def tzname(self, _: datetime | None) -> str:
        raise OddError("of the zone's own")


class OddMapping(Mapping[str, object]):
    """A mapping that raises somewhere."""

    def __init__(self, where: str) -> None:
        self._where = where

    def _do(self, what: str) -> None:
        if what in self._where:
            raise OddError("of the mapping's own")

    def __len__(self) -> int:
        self._do("len")
        return 1

    def __iter__(self) -> Iterator[str]:
        self._do("iter")
        return iter(["name"])

    def __getitem__(self, key: str) -> object:
        self._do("getitem")
        return "value"

    def items(self) -> Any:
        self._do("items")
        return [("one",)] if self._where == "pairs" else super().items()

    def keys(self) -> Any:
        self._do("keys")
        return super().keys()

    def __repr__(self) -> str:
        self._do("repr")
        return "OddMapping()"


class OddSequence(Sequence[str]):
    """A sequence that raises as it is read."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, _: Any) -> Any:
        raise OddError("of the sequence's own")


class NoClass:
    """An object that does not say what it is."""

    @property  # type: ignore[misc]  # which is the point
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise OddError("of the object's own")

    def __repr__(self) -> str:
        raise OddError("of the object's own")

    def __index__(self) -> int:
        raise OddError("of the object's own")


class OddText(str, enum.Enum):
    """A member of an enumeration with methods of its own."""

    MEMBER = "member"

    def __str__(self) -> str:
        raise OddError("of the member's own")

    def __len__(self) -> int:
        raise OddError("of the member's own")

    def __eq__(self, _: object) -> bool:
        raise OddError("of the member's own")

    __hash__ = None  # type: ignore[assignment]  # which is the point


NAMELESS = type("", (), {})()
ODD: dict[str, object] = {
    "str": all_failing(str)("text"),
    "id": all_failing(str)(ID),
    "int": all_failing(int)(7),
    "float": all_failing(float)(7.0),
    "datetime": all_failing(datetime)(2042, 1, 1, tzinfo=timezone.utc),
    "timedelta": all_failing(timedelta)(hours=1),
    "list": all_failing(list)(["created_at"]),
    "dict": all_failing(dict)({"name": "x"}),
    "NaT": NotATime(1, 1, 1),
    "zoned NaT": NotATime(2042, 1, 1, tzinfo=timezone.utc),
    "zone raises": datetime(2042, 1, 1, tzinfo=OddZone(OddError("of the zone's own"))),
    "zone of a wrong type": datetime(2042, 1, 1, tzinfo=OddZone("utc")),
    "zone out of range": datetime(2042, 1, 1, tzinfo=OddZone(timedelta(days=2))),
    "earliest": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "latest": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)), fold=1),
    "longest": timedelta.max,
    "shortest": timedelta.min,
    "length": lying(str, __len__=lambda _: -1)("text"),
    "no bool": lying(str, __bool__=fail)("text"),
    "encoded": lying(str, encode=lambda *_: 5)("text"),
    "member": OddText.MEMBER,
    "view": lying(str, __eq__=fail, __hash__=fail)("report"),
    "bytes": b"bytes",
    "no class": NoClass(),
    "nameless": NAMELESS,
    "huge": 10**5000,
    **{f"mapping: {where}": OddMapping(where) for where in ("len", "iter", "getitem", "items")},
    **{f"mapping: {where}": OddMapping(where) for where in ("keys", "pairs", "iter repr")},
    "sequence": OddSequence(),
    "key": lying(dict, items=lambda _: [(all_failing(str)("name"), "x")])(name="x"),
    "nested": {"a": [all_failing(str)("x"), OddMapping("iter repr")]},
    "Room": Room(id=all_failing(str)(ID)),
    "Room without an id": Room(id=NoClass()),  # type: ignore[arg-type]  # which is the point
    "naive room": type("OddRoom", (Room,), {"id": property(fail)}),
}
# By name: pytest itself would examine the values.
odd = pytest.mark.parametrize("name", list(ODD))

CALLS: dict[str, Callable[[AsyncVidesk, Any], Any]] = {
    "create name": lambda videsk, value: videsk.rooms.create(name=value),
    "create external_id": lambda videsk, value: videsk.rooms.create(external_id=value),
    "create exp": lambda videsk, value: videsk.rooms.create(exp=value),
    "create nbf": lambda videsk, value: videsk.rooms.create(nbf=value),
    "create settings": lambda videsk, value: videsk.rooms.create(settings=value),
    "get room": lambda videsk, value: videsk.rooms.get(value),
    "find": lambda videsk, value: videsk.rooms.get_by_external_id(value),
    "get_or_create": lambda videsk, value: videsk.rooms.get_or_create(value),
    "get_or_create exp": lambda videsk, value: videsk.rooms.get_or_create("a", exp=value),
    "update room": lambda videsk, value: videsk.rooms.update(value, name="x"),
    "update room alone": lambda videsk, value: videsk.rooms.update(value),
    "update name": lambda videsk, value: videsk.rooms.update(ID, name=value),
    "update external_id": lambda videsk, value: videsk.rooms.update(ID, external_id=value),
    "update exp": lambda videsk, value: videsk.rooms.update(ID, exp=value),
    "update nbf": lambda videsk, value: videsk.rooms.update(ID, nbf=value),
    "update settings": lambda videsk, value: videsk.rooms.update(ID, settings=value),
    "delete room": lambda videsk, value: videsk.rooms.delete(value),
    "join room": lambda videsk, value: videsk.rooms.join(value),
    "stats room": lambda videsk, value: videsk.rooms.stats(value),
    "stats view": lambda videsk, value: videsk.rooms.stats(ID, view=value),
    "list limit": lambda videsk, value: videsk.rooms.list(limit=value),
    "list skip": lambda videsk, value: videsk.rooms.list(skip=value),
    "list sort": lambda videsk, value: videsk.rooms.list(sort=value),
    "list sort word": lambda videsk, value: videsk.rooms.list(sort=[value]),
    "list sort way": lambda videsk, value: videsk.rooms.list(sort={"exp": value}),
    "list ended": lambda videsk, value: videsk.rooms.list(ended=value),
    "list external_id": lambda videsk, value: videsk.rooms.list(external_id=value),
    "request method": lambda videsk, value: videsk.request(value, "/vpaas/rooms"),
    "request path": lambda videsk, value: videsk.request("GET", value),
    "request query": lambda videsk, value: videsk.request("GET", "/x", query=value),
    "request query value": lambda videsk, value: videsk.request("GET", "/x", query={"a": value}),
    "request json": lambda videsk, value: videsk.request("GET", "/x", json=value),
}


@pytest.fixture
async def answered(wire: aioresponses) -> Any:
    """A client to which every request is answered by a room."""
    for method in ("get", "post", "patch", "delete"):
        getattr(wire, method)(re.compile(".*"), body=as_json(ROOM), repeat=True)
    async with AsyncVidesk(TOKEN, retry=Retry(attempts=1), rate_limit=None) as videsk:
        yield videsk


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_an_odd_argument_is_refused_or_taken_as_plain(
    answered: AsyncVidesk, call: Callable[[AsyncVidesk, Any], Any]
) -> None:
    """Nothing but a refusal by name comes of it."""
    for value in ODD.values():
        # What is taken as plain is sent, and answered by what may be none.
        with contextlib.suppress(ResponseError, TransportError):
            _is_by_name(await refusal_of(call(answered, value)))


async def refusal_of(call: Any) -> InvalidRequestError | None:
    try:
        await call
    except InvalidRequestError as error:
        return error
    return None


def _is_by_name(error: InvalidRequestError | None) -> None:
    if error is not None:
        assert error.argument
        assert error.argument in str(error)


@odd
async def test_an_odd_item_of_many_is_one_outcome(answered: AsyncVidesk, name: str) -> None:
    """Refused or made, and the next one is read."""
    value: Any = ODD[name]
    rooms = answered.rooms
    for outcomes in (
        rooms.create_many([value, {"name": "Ana"}]),
        rooms.create_many([{"name": value}, {"name": "Ana"}]),
        rooms.create_many([{"exp": value}, {"name": "Ana"}]),
        rooms.create_many([{"settings": value}, {"name": "Ana"}]),
        rooms.update_many([value, {"room": ID, "name": "Ana"}]),
        rooms.update_many([{"room": value, "name": "Ana"}, {"room": ID, "name": "Ana"}]),
        rooms.delete_many([value, ID]),
        rooms.join_many([value, ID]),
    ):
        found = {outcome.index: outcome.error async for outcome in outcomes}
        assert sorted(found) == [0, 1]
        assert not isinstance(found[1], InvalidRequestError)


@odd
async def test_an_odd_option_of_many_calls_is_refused_at_once(
    answered: AsyncVidesk, name: str
) -> None:
    """Where the caller stands, and by name."""
    value: Any = ODD[name]
    for many in (
        lambda: answered.rooms.create_many([], concurrency=value),
        lambda: answered.rooms.create_many([], on_progress=value),
        lambda: answered.rooms.create_many(value),
        lambda: answered.rooms.iter(page_size=value),
        lambda: answered.rooms.iter(sort=value),
        lambda: answered.rooms.iter(external_id=value),
    ):
        _is_by_name(await refusal_of(_ended(many)))


async def _ended(many: Callable[[], Any]) -> None:
    await many().aclose()


@pytest.mark.parametrize(
    "moment",
    [
        NotATime.fromtimestamp((NOW + timedelta(hours=1)).timestamp(), timezone.utc),
        NotATime(NOW.year + 50, 1, 1),
        datetime(NOW.year + 50, 1, 1, tzinfo=OddZone(ValueError("unknown"))),
    ],
    ids=["plain underneath", "naive", "zone raises"],
)
async def test_a_datetime_is_read_by_the_methods_of_datetime(
    answered: AsyncVidesk, moment: datetime
) -> None:
    """Those of a subclass, such as pandas.NaT's, are not asked."""
    if moment.tzinfo is timezone.utc:
        await answered.rooms.create(external_id=str(ROOM["externalId"]), exp=moment)
        return
    with pytest.raises(InvalidRequestError) as caught:
        await answered.rooms.create(exp=moment)
    assert caught.value.argument == "exp"
    (outcome,) = [each async for each in answered.rooms.create_many([{"exp": moment}])]
    assert isinstance(outcome.error, InvalidRequestError)
