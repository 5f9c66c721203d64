"""The API's models: rooms, pages of rooms, access to a room, statistics of a room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Literal, TypeAlias, Union, overload

import attrs

from .errors import InvalidRequestError

__all__ = [
    "Authorization",
    "JSONValue",
    "Room",
    "RoomAccess",
    "RoomPage",
    "RoomStats",
    "StatsView",
]

JSONValue: TypeAlias = Union[bool, int, float, str, "list[JSONValue]", "dict[str, JSONValue]", None]
"""What JSON can say."""

StatsView: TypeAlias = Literal["report", "snapshot", "summary"]
"""How the statistics of a room can be looked at."""

# No slot for weak references: nobody watches a room go, and a page has hundreds of objects.


@attrs.frozen(weakref_slot=False)
class Authorization:
    """Somebody who was let into a room.

    Attributes:
        ip: The address they came from.
        jti: The UUID of the access token that they used.
        created_at: When they were let in.
    """

    ip: str | None = None
    jti: str | None = None
    created_at: datetime | None = None


@attrs.frozen(weakref_slot=False)
class Room:
    """A video room. What the server did not send is `None`.

    Attributes:
        id: The server's name for the room: 24 hex digits.
        name: What people call it.
        external_id: Your own id for it, unique in the account.
        exp: When participants are disconnected, in UTC.
        nbf: When the room opens, in UTC.
        settings: What was set for it, such as `{"maxParticipants": 10}`.
        ended: Whether it is over.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        authorizations: Who was let in.
        access_token: What a browser hands to Videsk's SDK to enter; shown in no repr.
        extra: What the server sent that has no field here, under the server's names.
    """

    id: str
    name: str | None = None
    external_id: str | None = None
    exp: datetime | None = None
    nbf: datetime | None = None
    settings: Mapping[str, JSONValue] | None = None
    ended: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    authorizations: tuple[Authorization, ...] | None = None
    access_token: str | None = attrs.field(default=None, repr=False)
    extra: Mapping[str, JSONValue] = attrs.field(factory=dict)

    def __hash__(self) -> int:
        # Equal rooms have equal ids; the mappings among the fields could not be hashed.
        return hash(self.id)

    def is_open(self, at: datetime | None = None) -> bool:
        """Return whether the room lets people in, by its `ended`, `nbf` and `exp`.

        A field that the server did not send says nothing: a room without any of them is open.

        Args:
            at: An aware `datetime`. Absent: now, by this machine's clock.

        Returns:
            Whether it has opened and is not over.

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
        """Return whether the room has ended, by its `ended` and `exp`.

        A field that the server did not send says nothing: a room without any of them is not over.

        Args:
            at: An aware `datetime`. Absent: now, by this machine's clock.

        Returns:
            Whether it was ended, or its time is up.

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


@attrs.frozen(weakref_slot=False)
class RoomPage:
    """One page of rooms; iterates and indexes over them.

    Attributes:
        total: How many rooms there are in all.
        limit: How many a page holds at most. The server may have lowered what was asked for.
        skip: How many rooms come before this page.
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
class RoomAccess:
    """The right to enter a room.

    The token is read without verifying its signature: the server verifies it when it is used.

    Attributes:
        access_token: What a browser hands to Videsk's SDK to enter; shown in no repr.
        exp: From when on it lets nobody in, in UTC.
        nbf: From when on it lets somebody in, in UTC.
        jti: The UUID of the token, found again in `Authorization.jti`.
        claims: Everything that the token says; empty if it cannot be read.
    """

    access_token: str = attrs.field(repr=False)
    exp: datetime | None = None
    nbf: datetime | None = None
    jti: str | None = None
    claims: Mapping[str, JSONValue] = attrs.field(factory=dict)

    def __hash__(self) -> int:
        return hash(self.access_token)


@attrs.frozen(weakref_slot=False)
class RoomStats:
    """Statistics of a room.

    Attributes:
        view: Which view was asked for.
        data: The server's object, untouched: its fields are not documented.
    """

    view: StatsView
    data: Mapping[str, JSONValue]

    def __hash__(self) -> int:
        return hash(self.view)


def _aware(at: datetime | None) -> datetime:
    if at is None:
        return datetime.now(timezone.utc)
    right = "give an aware datetime, such as datetime.now(timezone.utc)"
    if not isinstance(at, datetime):
        raise InvalidRequestError(f"at={at!r}: {right}, not {type(at).__name__}", argument="at")
    try:
        offset = at.utcoffset()
    except Exception:  # such as pandas.NaT, a datetime without a time
        raise InvalidRequestError(f"at={at!r}: {right}", argument="at") from None
    if offset is None:
        raise InvalidRequestError(
            f"at={at!r}: {right}; this datetime is naive, so its zone is not known", argument="at"
        )
    return at
