"""Checks arguments before anything is sent. Each refusal ends in what is expected.

The limits are the API's (docs/api.md, "Operations"). What the API does not document is not checked.
"""

from __future__ import annotations

import builtins
import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import quote

import attrs

from videsk_rooms._fields.table import wire_name
from videsk_rooms._fields.times import wire_time
from videsk_rooms.errors import InvalidRequestError, without_tokens
from videsk_rooms.models import Room

if TYPE_CHECKING:
    from videsk_rooms.models import JSONValue

P = ParamSpec("P")
T = TypeVar("T")

NAME_LENGTH = 500
EXTERNAL_ID_LENGTH = 100
PAGE_LIMIT = 100
LONGEST_LIFE = timedelta(hours=72)

_PLAIN_ID = re.compile(r"[0-9A-Za-z_-]+")
_CHANGES_PATH = re.compile(r"[\x00-\x20\x7f/\\?#%]")
_FIELD = re.compile(r"[A-Za-z_$][A-Za-z0-9_.]*")
_ENCODED_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
_DOT = re.compile(r"(?i)%2e")
_SORT = "give 'created_at', '-created_at', a sequence of those, or a mapping of field to 1 or -1"
DEEPEST = 100
_GREATEST = 2**63 - 1  # the largest that every server can read
_SHOWN = 80
_WITHOUT_METHODS_OF_THEIR_OWN = frozenset({str, bytes, int, float, bool, type(None), timedelta})


def refusal(argument: str, value: object, expected: str) -> InvalidRequestError:
    """Make the error that names an argument, shows its value and says what is expected."""
    argument, shown = without_tokens(argument), shown_as(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}… ({type(value).__name__})"
    return InvalidRequestError(f"{argument}={shown}: {expected}", argument=argument)


@attrs.define
class Reading:
    """Refuses a value that raises while it is examined, from its own class's methods.

    Any value may: in a string's `__len__`, a mapping's `__iter__`, a time zone's `utcoffset`. The
    exception is the cause of the refusal.
    """

    _argument: str
    _value: object

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, InvalidRequestError):
            return
        value = self._value
        if type(value) in _WITHOUT_METHODS_OF_THEIR_OWN:
            return  # from a signal handler, such as that of a time limit, and not from the value
        raised = f"reading this {type(value).__name__} raised {type(error).__name__}"
        raise refusal(self._argument, value, f"{raised}; give a plain value") from error


def reads(
    check: Callable[Concatenate[str, Any, P], T],
) -> Callable[Concatenate[str, Any, P], T]:
    """Make a check refuse a value that raises while it is examined."""

    @functools.wraps(check)
    def checked(argument: str, value: Any, *rest: P.args, **named: P.kwargs) -> T:
        with Reading(argument, value):
            return check(argument, value, *rest, **named)

    # The signature is the same; only the names of the first two parameters are lost.
    return cast("Callable[Concatenate[str, Any, P], T]", checked)


@reads
def text(argument: str, value: object, *, least: int = 0, most: int) -> str:
    """Check a string of `least` to `most` characters."""
    expected = f"give a string of {f'{least} to' if least else 'at most'} {most} characters"
    plain = _string(argument, value, expected)
    # Code points: the server, counting UTF-16 units, may still refuse what passes here.
    if not least <= len(plain) <= most:
        raise refusal(argument, value, f"{expected}; this one has {len(plain)}")
    return encodable(argument, plain)


@reads
def room_id(argument: str, room: object) -> str:
    """Check the id of a room, and quote it so that it stays one segment of the path."""
    expected = "give a room or a room id, such as '64f1a2b3c4d5e6f7a8b9c0d1'"
    value = _string(argument, room.id if isinstance(room, Room) else room, expected)
    if _PLAIN_ID.fullmatch(value):
        return value  # every ObjectId; the rest is for other formats
    if not value:
        raise refusal(argument, value, expected)
    if value in {".", ".."} or _CHANGES_PATH.search(value):
        changes = f"{expected}; this one would change the path of the request"
        own = "your own id is looked up with rooms.get_by_external_id()"
        raise refusal(argument, value, f"{changes}; {own}")
    return quote(encodable(argument, value), safe="")


@reads
def path(argument: str, given: object) -> str:
    """Check a path of the API, percent-encoded."""
    expected = "give a path of the API that begins with one slash, such as '/vpaas/rooms'"
    value = _string(argument, given, expected)
    if value.startswith("//") or not _ENCODED_PATH.fullmatch(value):
        encode = "put the query into query=, percent-encode the rest"
        raise refusal(argument, value, f"{expected}; {encode}")
    if any(part in {".", ".."} for part in _DOT.sub(".", value).split("/")):
        raise refusal(argument, value, f"{expected}, without '.' and '..'")
    return value


@reads
def method(argument: str, value: object) -> str:
    """Check an HTTP method."""
    expected = "give an HTTP method, such as 'GET'"
    plain = _string(argument, value, expected)
    if not re.fullmatch(r"[A-Za-z]+", plain):
        raise refusal(argument, value, expected)
    return plain.upper()


@reads
def one_of(argument: str, value: object, known: Sequence[str]) -> str:
    """Check that a value is one of the known ones."""
    expected = f"give one of {', '.join(map(repr, known))}"
    plain = _string(argument, value, expected)
    if plain not in known:
        raise refusal(argument, value, expected)
    return plain


@reads
def whole(argument: str, value: object, *, least: int, most: int | None = None) -> int:
    """Check a whole number within bounds."""
    expected = f"give a whole number from {least} to {most}" if most else f"give {least} or more"
    if not isinstance(value, int) or isinstance(value, bool):
        raise refusal(argument, value, f"{expected}, not {_kind(value)}")
    number = int.__int__(value)
    if not least <= number <= (most or _GREATEST):
        bound = f", at most {_GREATEST}" if number > _GREATEST and not most else ""
        raise refusal(argument, value, expected + bound)
    return number


@reads
def flag(argument: str, value: object) -> bool:
    """Check a truth value."""
    if not isinstance(value, bool):
        raise refusal(argument, value, f"give True or False, not {_kind(value)}")
    return value


@reads
def instant(argument: str, value: object, *, now: datetime) -> datetime:
    """Turn an aware `datetime`, or a `timedelta` from now, into UTC with whole milliseconds."""
    expected = "give an aware datetime, such as datetime.now(timezone.utc), or a timedelta from now"
    try:
        if isinstance(value, timedelta):
            moment = now + value
        elif not isinstance(value, datetime):
            raise refusal(argument, value, f"{expected}, not {_kind(value)}")
        else:
            moment = _plain_datetime(value)
            if moment.utcoffset() is None:
                raise refusal(
                    argument, value, f"{expected}; this datetime is naive, so its zone is not known"
                )
            moment = moment.astimezone(timezone.utc)
    except OverflowError:
        raise refusal(argument, value, f"{expected}; this one is out of range") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _plain_datetime(value: datetime) -> datetime:
    """Copy a `datetime` with that class's own methods, regardless of a subclass.

    The methods of pandas.NaT, which is a `datetime`, raise or return something else.
    """
    return datetime.combine(datetime.date(value), datetime.timetz(value))


def window(exp: datetime | None, nbf: datetime | None, *, now: datetime) -> None:
    """Check that a room ends in the future, within 72 hours, and after it begins."""
    if exp is not None and exp <= now:
        raise refusal(
            "exp", wire_time(exp), f"give a time in the future; it is {wire_time(now)} here"
        )
    if exp is not None and exp > now + LONGEST_LIFE:
        latest = wire_time(now + LONGEST_LIFE)
        raise refusal("exp", wire_time(exp), f"give a time within 72 hours, at most {latest}")
    if exp is not None and nbf is not None and nbf >= exp:
        raise refusal("nbf", wire_time(nbf), f"give a time before exp, which is {wire_time(exp)}")


@reads
def sort(argument: str, value: object) -> list[tuple[str, int]]:
    """Turn `"created_at"`, `"-created_at"`, a sequence of those, or a mapping into pairs."""
    if isinstance(value, Mapping):
        pairs = [_sort_pair(argument, {field: way}, field, way) for field, way in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        words = [value] if isinstance(value, str) else value
        pairs = [_sort_word(argument, word) for word in words]
    else:
        raise refusal(argument, value, _SORT)
    if len({field for field, _ in pairs}) < len(pairs):
        raise refusal(argument, value, f"{_SORT}; name each field once")
    return pairs


def _sort_word(argument: str, word: object) -> tuple[str, int]:
    if not isinstance(word, str):
        raise refusal(argument, word, _SORT)
    plain = plain_str(word)
    field, way = plain.removeprefix("-"), -1 if plain.startswith("-") else 1
    return _sort_pair(argument, word, field, way)


def _sort_pair(argument: str, given: object, field: object, way: object) -> tuple[str, int]:
    number = int.__int__(way) if isinstance(way, int) and not isinstance(way, bool) else 0
    if not isinstance(field, str) or not _FIELD.fullmatch(field) or number not in {1, -1}:
        raise refusal(argument, given, _SORT)
    return wire_name(plain_str(field)), number


@reads
def settings(argument: str, value: object) -> dict[str, JSONValue]:
    """Check the settings of a room: an object that JSON can hold."""
    if not isinstance(value, Mapping):
        expected = "give a mapping, such as {'maxParticipants': 10}"
        raise refusal(argument, value, f"{expected}, not {_kind(value)}")
    return cast("dict[str, JSONValue]", json_value(argument, value))


@reads
def json_value(argument: str, value: object, *, depth: int = 0) -> JSONValue:
    """Copy a value into plain JSON types, or refuse it; `argument` grows into a path on the way."""
    if depth > DEEPEST:
        raise refusal(argument[:_SHOWN], "…", f"nest at most {DEEPEST} deep, without cycles")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return encodable(argument, value)
    if isinstance(value, int):
        number = int.__int__(value)
        if not -(2**63) <= number < 2**64:
            raise refusal(argument, value, "give a whole number of at most 64 bits, or a string")
        return number
    if isinstance(value, float):
        if not math.isfinite(value):
            raise refusal(argument, value, "give a finite number")
        return float.__float__(value)
    if isinstance(value, Mapping):
        return {
            key_of(argument, key): json_value(f"{argument}[{shown_as(key)}]", item, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            json_value(f"{argument}[{index}]", item, depth=depth + 1)
            for index, item in enumerate(value)
        ]
    raise refusal(argument, value, f"JSON has no {_type_name(value)}; give what JSON can hold")


def key_of(argument: str, key: object) -> str:
    """Check the name of a member."""
    if not isinstance(key, str):
        raise refusal(argument, key, "give keys that are strings")
    return encodable(argument, key)


def _string(argument: str, value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise refusal(argument, value, f"{expected}, not {_kind(value)}")
    return plain_str(value)


def encodable(argument: str, value: str) -> str:
    """Check that UTF-8 can encode a string."""
    plain = plain_str(value)
    try:
        plain.encode("utf-8")
    except UnicodeEncodeError:
        raise refusal(
            argument,
            value,
            "give text that UTF-8 can encode; this one has half of a surrogate pair",
        ) from None
    return plain


def plain_str(text: str) -> str:
    """Return a plain `str`, regardless of a subclass.

    A member of a string enumeration, for example, may be formatted as its name.
    """
    return str.__str__(text)


def shown_as(value: object) -> str:
    """Format a value for an error, whatever its `repr` does; a token may be given by mistake."""
    try:
        # A pandas table has several lines.
        return without_tokens(" ".join(plain_str(repr(value)).splitlines()))
    except Exception:
        # An integer of thousands of digits, a list in a list in a list, a broken __repr__.
        return f"<{type(value).__name__}>"


def _kind(value: object) -> str:
    kind = _type_name(value)
    article = "an" if kind[:1].lower() in tuple("aeio") else "a"
    return "None" if value is None else f"{article} {kind}"


def _type_name(value: object) -> str:
    kind = type(value)
    # numpy has a `bool` too.
    is_namesake = kind.__module__ != "builtins" and hasattr(builtins, kind.__name__)
    return f"{kind.__module__}.{kind.__name__}" if is_namesake else kind.__name__
