"""The API's models: rooms, pages of rooms, access to a room, statistics of a room.

Each field is one line of its class. Reading, writing and showing it follow from that line
(`_fields/table.py`). The docstring explains it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Union, cast, overload

import attrs

from ._fields.read import FaultError, is_too_deep
from ._fields.show import line_of, table_of
from ._fields.write import written
from .errors import InvalidRequestError, ResponseError

__all__ = [
    "Authorization",
    "EnterableRoom",
    "JSONValue",
    "Room",
    "RoomAccess",
    "RoomPage",
    "RoomStats",
    "StatsView",
]

JSONValue: TypeAlias = Union[bool, int, float, str, "list[JSONValue]", "dict[str, JSONValue]", None]
"""Any value that JSON can hold."""

StatsView: TypeAlias = Literal["report", "snapshot", "summary"]
"""The views of the statistics of a room."""

M = TypeVar("M", bound="_Model")


class _Model:
    """The base of all models: to JSON and back."""

    __slots__ = ()

    def to_dict(self, *, tokens: bool = False) -> dict[str, Any]:
        """Return the model as a dict for JSON: the API's names, UTC times, no `None`.

        Args:
            tokens: Whether to include access tokens.

        Returns:
            A new dict for `json.dumps` and `from_dict`.

        Example:
            ```python
            room = await videsk.rooms.create(external_id="ticket-12345")
            print(room.to_dict()["externalId"])
            ```
        """
        return written(self, tokens=tokens)

    def to_json(self, *, tokens: bool = False) -> str:
        """Return `to_dict` as JSON.

        Args:
            tokens: Whether to include access tokens.

        Returns:
            JSON on one line.

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            print(room.to_json())
            ```
        """
        return json.dumps(self.to_dict(tokens=tokens), ensure_ascii=False)

    @classmethod
    # Not `Self`, because resolving the hints would load its module.
    def from_dict(cls: type[M], value: Mapping[str, Any]) -> M:  # noqa: PYI019
        """Read a model from the result of `to_dict`, or from the API's JSON.

        Args:
            value: A mapping with the API's names. `RoomAccess` needs the token in it.

        Returns:
            The model.

        Raises:
            InvalidRequestError: A field is missing or has the wrong type.

        Example:
            ```python
            from videsk_rooms import Room

            room = Room.from_dict({"id": "64f1a2b3c4d5e6f7a8b9c0d1", "name": "Support"})
            ```
        """
        from ._fields.structure import structure  # loads cattrs

        given: object = value
        if isinstance(given, Mapping):
            given = dict(given)
        fault = "is nested more than 500 deep"
        try:
            if not is_too_deep(given):
                return structure(given, cls)
        except FaultError as error:
            fault = str(error)
        expected = "give a mapping as to_dict() returns it"
        raise InvalidRequestError(f"value {fault}; {expected}", argument="value")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # Called by pydantic alone, which is not imported otherwise. The types are `Any`, so that
        # the hints are resolved without it.
        from ._fields.pydantic_schema import schema_of

        return schema_of(cls, handler)


# No slot for weak references: nobody needs them, and a page has hundreds of objects.


@attrs.frozen(weakref_slot=False)
class Authorization(_Model):
    """An authorized attempt to enter a room.

    Attributes:
        ip: The address of the attempt.
        jti: The UUID of the access token.
        created_at: When it was authorized, in UTC.
    """

    ip: str | None = None
    jti: str | None = None
    created_at: datetime | None = None


@attrs.frozen(weakref_slot=False, eq=False)
class Room(_Model):
    """A video room. Fields that the server did not send are `None`.

    Equality and hash ignore `access_token`, which differs each time. `str(room)` is one short line;
    a notebook shows a table.

    Attributes:
        id: The server's id for the room: 24 hex digits.
        name: The display name.
        external_id: Your own id for the room, unique in the account.
        exp: When participants are disconnected, in UTC.
        nbf: When the room opens, in UTC.
        settings: The settings, such as `{"maxParticipants": 10}`.
        ended: Whether the room was ended.
        created_at: When it was created, in UTC.
        updated_at: When it was last changed, in UTC.
        authorizations: Authorized attempts to enter.
        access_token: The token for Videsk's Browser SDK; never in a repr.
        extra: Fields unknown to this package, under the server's names.
    """

    # What an editor shows beside a field; the same text as above, which `help()` shows.
    id: str
    """The server's id for the room: 24 hex digits."""
    name: str | None = None
    """The display name."""
    external_id: str | None = None
    """Your own id for the room, unique in the account."""
    exp: datetime | None = None
    """When participants are disconnected, in UTC."""
    # People see it before `exp`, which is field 3 counted from 0.
    nbf: datetime | None = attrs.field(default=None, metadata={"place": 2.5})
    """When the room opens, in UTC."""
    settings: Mapping[str, JSONValue] | None = None
    """The settings, such as `{"maxParticipants": 10}`."""
    ended: bool | None = None
    """Whether the room was ended."""
    created_at: datetime | None = None
    """When it was created, in UTC."""
    updated_at: datetime | None = None
    """When it was last changed, in UTC."""
    authorizations: tuple[Authorization, ...] | None = None
    """Authorized attempts to enter."""
    access_token: str | None = attrs.field(default=None, repr=False, eq=False)
    """The token for Videsk's Browser SDK; never in a repr."""
    extra: Mapping[str, JSONValue] = attrs.field(factory=dict)
    """Fields unknown to this package, under the server's names."""

    def __eq__(self, other: object) -> bool:
        # Not attrs' comparison, for which a `Room` and an `EnterableRoom` are never equal.
        if not isinstance(other, Room):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _COMPARED)

    def __hash__(self) -> int:
        # Equal rooms have equal ids; the mappings among the fields could not be hashed.
        return hash(self.id)

    def __str__(self) -> str:
        return line_of(self)

    def _repr_html_(self) -> str:
        return table_of((self,))

    def is_open(self, at: datetime | None = None) -> bool:
        """Return whether people can join, by `ended`, `nbf` and `exp`.

        Absent fields are ignored: a room without any of them is open.

        Args:
            at: An aware `datetime`. Default: now, by this machine's clock.

        Returns:
            Whether the room has opened and is not over.

        Raises:
            InvalidRequestError: `at` is naive, or not a `datetime`.

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            print("open:", room.is_open())
            ```
        """
        moment = _aware(at)
        return not self.is_over(moment) and (self.nbf is None or self.nbf <= moment)

    def is_over(self, at: datetime | None = None) -> bool:
        """Return whether the room is over, by `ended` and `exp`.

        Absent fields are ignored: a room without any of them is not over.

        Args:
            at: An aware `datetime`. Default: now, by this machine's clock.

        Returns:
            Whether the room was ended or has expired.

        Raises:
            InvalidRequestError: `at` is naive, or not a `datetime`.

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            print("over:", room.is_over())
            ```
        """
        moment = _aware(at)
        return self.ended is True or (self.exp is not None and self.exp <= moment)


_COMPARED = tuple(field.name for field in attrs.fields(Room) if field.eq)
_TOKEN: Any = Room.access_token  # the slot, which is a descriptor


class EnterableRoom(Room):
    """A room with an access token, as `create` and `get` return it.

    Otherwise it is a `Room`, and equal to one with the same fields. Rooms of a page or of `update`
    may have no token, so they are a `Room`.
    """

    __slots__ = ()
    if not TYPE_CHECKING:  # otherwise mypy would not take the class for an attrs class
        # msgspec looks for it in the class itself, and refuses the class without it.
        __attrs_attrs__ = attrs.fields(Room)

    @property
    def access_token(self) -> str:
        """The token for Videsk's Browser SDK; never in a repr.

        If the API sent none, perhaps because the room is over, reading it raises `ResponseError`.
        Use `join` then.
        """
        token: str | None = _TOKEN.__get__(self)
        if not token:
            raise ResponseError(
                f"room {self.id}: the API sent no access token with the room; call "
                "rooms.join(room) for one, whose error says why if nobody can join"
            )
        return token

    @access_token.setter
    def access_token(self, token: str | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # narrower, as frozen fields may be
        # attrs sets each field once; the frozen class refuses any other assignment.
        _TOKEN.__set__(self, token)

    def to_dict(self, *, tokens: bool = False) -> dict[str, Any]:
        """Return the room as a dict for JSON, like `Room.to_dict`.

        Args:
            tokens: Whether to include the access token.

        Returns:
            A new dict for `json.dumps` and `from_dict`.

        Example:
            ```python
            room = await videsk.rooms.create(external_id="ticket-12345")
            print(room.to_dict()["externalId"])
            ```
        """
        return super().to_dict(tokens=tokens and bool(_TOKEN.__get__(self)))

    def __getstate__(self) -> dict[str, Any]:
        # attrs would read the token through the property, which may raise.
        return {field.name: vars(Room)[field.name].__get__(self) for field in attrs.fields(Room)}


def enterable(room: Room) -> EnterableRoom:
    """Turn a room that was just read into an `EnterableRoom`, without a copy."""
    object.__setattr__(room, "__class__", EnterableRoom)
    return cast("EnterableRoom", room)


@attrs.frozen(weakref_slot=False)
class RoomPage(_Model):
    """One page of rooms, with iteration, `len()` and indexing.

    `has_more` says whether more rooms follow; `rooms.iter()` reads all. A notebook shows a table.

    Attributes:
        total: The number of all rooms.
        limit: The maximum size of the page, which the server may have lowered.
        skip: The number of rooms before the page.
        data: The rooms.
    """

    total: int
    limit: int
    skip: int
    data: tuple[Room, ...]

    @property
    def has_more(self) -> bool:
        """Whether rooms come after this page."""
        return self.skip + len(self.data) < self.total

    def __str__(self) -> str:
        several = "rooms" if self.total != 1 else "room"
        if len(self.data) >= self.total:
            return f"RoomPage: {self.total} {several}"
        return f"RoomPage: {len(self.data)} of {self.total} {several}, see rooms.iter()"

    def _repr_html_(self) -> str:
        return table_of(self.data, str(self))

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Room]:
        return iter(self.data)

    @overload
    def __getitem__(self, index: int) -> Room: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Room, ...]: ...

    def __getitem__(self, index: int | slice) -> Room | tuple[Room, ...]:
        return self.data[index]


@attrs.frozen(weakref_slot=False)
class RoomAccess(_Model):
    """An access token for a room, and what it contains.

    The token is read without verifying its signature. The server verifies it.

    Attributes:
        access_token: The token for Videsk's Browser SDK; never in a repr.
        exp: When it expires, in UTC.
        nbf: When it becomes valid, in UTC.
        jti: The UUID of the token, as in `Authorization.jti`.
        claims: All claims of the token; empty if it cannot be read.
    """

    access_token: str = attrs.field(repr=False)
    exp: datetime | None = None
    nbf: datetime | None = None
    jti: str | None = None
    claims: Mapping[str, JSONValue] = attrs.field(factory=dict)

    def __hash__(self) -> int:
        return hash(self.access_token)


@attrs.frozen(weakref_slot=False)
class RoomStats(_Model):
    """Statistics of a room.

    Attributes:
        view: The requested view.
        data: The server's object, unchanged. Its fields are not documented.
    """

    view: StatsView
    data: Mapping[str, JSONValue]

    def __hash__(self) -> int:
        return hash(self.view)


def _aware(at: datetime | None) -> datetime:
    if at is None:
        return datetime.now(timezone.utc)
    expected = "give an aware datetime, such as datetime.now(timezone.utc)"
    if not isinstance(at, datetime):
        text = f"at={at!r}: {expected}, not {type(at).__name__}"
        raise InvalidRequestError(text, argument="at")
    try:
        offset = at.utcoffset()
    except Exception:  # such as pandas.NaT, a datetime without a time
        raise InvalidRequestError(f"at={at!r}: {expected}", argument="at") from None
    if offset is None:
        text = f"at={at!r}: {expected}; this datetime is naive, so its zone is not known"
        raise InvalidRequestError(text, argument="at")
    return at
