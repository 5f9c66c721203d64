"""The resource `/vpaas/rooms`: one coroutine an operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from math import inf
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeAlias, TypedDict, overload

from ._operations import create as _create
from ._operations import lifetime, lookup
from ._operations.access_stock import AsyncAccessStock
from ._operations.account import AccountState
from ._operations.bulk import Bulk
from ._operations.bulk_iterators import AsyncOutcomes
from ._operations.get_or_create import get_or_create
from ._operations.outcomes import Progress
from ._operations.pagination import one_by_one, read_pages
from ._operations.stock import Stock
from ._operations.with_response import answering
from ._wire import encode, operations
from ._wire import validation as check
from ._wire.message import Answer as Answer  # noqa: PLC0414 - hints of `with_response` name it
from ._wire.message import Response
from .errors import NotFoundError
from .models import EnterableRoom, Room, RoomAccess, RoomPage, RoomStats, StatsView, enterable

if TYPE_CHECKING:
    from ._http.call import Sender
    from ._operations.bulk import Begin
    from ._wire.operations import Call

__all__ = ["AsyncRooms", "AsyncRoomsWithResponse", "RoomChange", "RoomSpec", "Sort", "When"]

When: TypeAlias = datetime | timedelta
"""A point in time: an aware `datetime`, or a `timedelta` from now."""

Sort: TypeAlias = str | Sequence[str] | Mapping[str, Literal[1, -1]]
"""An order: `"created_at"`, `"-created_at"`, a sequence of those, or a mapping to 1 or -1."""


class RoomSpec(TypedDict, total=False):
    """One room of `create_many`: the arguments of `create`.

    Attributes:
        name: What people call it, at most 500 characters; the server's choice if absent.
        external_id: Your own id for it, unique in the account, 1 to 100 characters; a generated
            one if absent.
        exp: When participants are disconnected: in the future, within 72 hours. Absent: in 3 hours.
        nbf: When it opens, before `exp`. Absent: now.
        settings: What JSON can say, such as `{"maxParticipants": 10}`.
    """

    name: str | None
    external_id: str | None
    exp: When | None
    nbf: When | None
    settings: Mapping[str, object] | None


class _WhichRoom(TypedDict):
    room: Room | str


class RoomChange(_WhichRoom, total=False):
    """How one room of many is to change: the arguments of `update`, of which `room` is needed.

    Attributes:
        room: A room id or a `Room`.
        name: At most 500 characters.
        external_id: Unique in the account, 1 to 100 characters.
        exp: In the future, within 72 hours.
        nbf: Before `exp`.
        settings: What JSON can say; all of them, for it is not documented whether those that are
            left out stay.
        ended: `True` ends the room. `False` opens it again, where the API allows that.
    """

    name: str
    external_id: str
    exp: When
    nbf: When
    settings: Mapping[str, object]
    ended: bool


_SPEC = RoomSpec.__optional_keys__
_NEEDED = RoomChange.__required_keys__
_CHANGE = RoomChange.__optional_keys__ | _NEEDED

NOT_PICKLED = (
    "the rooms of a client are not pickled; hand over the client, and take its rooms in the other "
    "process"
)

# The one order in which rooms created meanwhile come last and move nothing.
_OLDEST_FIRST: Sort = "created_at"


class AsyncRooms:
    """The rooms of an account, awaited. Found as `AsyncVidesk.rooms`."""

    def __init__(self, send: Sender, account: AccountState | None = None) -> None:
        self._send = send
        self._account = account or AccountState()

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    @property
    def with_response(self) -> AsyncRoomsWithResponse:
        """The methods that get one answer, with the last response: its status, headers, attempts.

        Each takes the same arguments, and returns an `Answer` with `value` and `response`.

        Example:
            ```python
            answer = await videsk.rooms.with_response.create(name="Support")
            print(answer.value.id, answer.response.status, answer.response.request_id)
            ```
        """
        return AsyncRoomsWithResponse(self)

    async def create(
        self,
        *,
        name: str | None = None,
        external_id: str | None = None,
        exp: When | None = None,
        nbf: When | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> EnterableRoom:
        """Create a room, once, however often it has to be tried.

        Args:
            name: What people call it, at most 500 characters; the server's choice if absent.
            external_id: Your own id for it, unique in the account, 1 to 100 characters; a
                generated one if absent.
            exp: When participants are disconnected: in the future, within 72 hours. Absent: in
                3 hours.
            nbf: When it opens, before `exp`. Absent: now.
            settings: What JSON can say, such as `{"maxParticipants": 10}`.

        Returns:
            The room, with an `access_token` for a browser.

        Raises:
            InvalidRequestError: An argument was refused; nothing was sent.
            ConflictError: Another room has this `external_id`.
            BadRequestError: The API refused the input.
            OutcomeUnknownError: No answer came back; the room may have been created, and can be
                looked up by the error's `external_id`.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `POST /vpaas/rooms`

        Example:
            ```python
            from datetime import timedelta

            room = await videsk.rooms.create(
                name="Support", external_id="ticket-12345", exp=timedelta(hours=2)
            )
            ```
        """
        request = operations.create(
            name=name, external_id=external_id, exp=exp, nbf=nbf, settings=settings
        )
        room = await _create.create(
            self._send,
            request,
            self._account.paths,
            self._send.deadline(),
            external_id_generated=external_id is None,
        )
        return enterable(room)

    async def get(self, room: Room | str) -> EnterableRoom:
        """Retrieve a room, with a fresh access token.

        Args:
            room: A room id or a `Room`.

        Returns:
            The room, with an `access_token` for a browser.

        Raises:
            InvalidRequestError: The id is empty or would change the path; nothing was sent.
            NotFoundError: There is no such room.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `GET /vpaas/rooms/{roomId}`

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            room = await videsk.rooms.get(room.id)
            ```
        """
        return enterable(self._saw(await self._send(*operations.get(room))))

    async def get_by_external_id(self, external_id: str) -> EnterableRoom:
        """Retrieve a room by your own id for it, with a fresh access token.

        One request where the API takes external ids in the path. Where it does not, the room is
        looked up in the listing first; the client remembers that.

        Args:
            external_id: The external id that the room was created with, 1 to 100 characters.

        Returns:
            The room, with an `access_token` for a browser.

        Raises:
            InvalidRequestError: The external id is empty or too long; nothing was sent.
            NotFoundError: No room has this external id.
            ResponseError: The API sent rooms without their `externalId`, so that none can be told
                to be this one.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `GET /vpaas/rooms/{roomId}`, else `GET /vpaas/rooms?externalId=…` before it

        Example:
            ```python
            await videsk.rooms.create(external_id="ticket-12345")
            room = await videsk.rooms.get_by_external_id("ticket-12345")
            ```
        """
        checked, send = encode.lookup_key(external_id), self._send
        _, room = await lookup.retrieve(send, checked, self._account.paths, send.deadline())
        return enterable(self._saw(room))

    async def get_or_create(
        self,
        external_id: str,
        *,
        name: str | None = None,
        exp: When | None = None,
        nbf: When | None = None,
        settings: Mapping[str, object] | None = None,
        renew: bool = False,
    ) -> EnterableRoom:
        """Return the room that has your own id; create it if there is none.

        However many callers race, in however many processes, there is one room, and all get it,
        each with a token of its own. Those that race in one event loop share one look-up and one
        creation: each but the first costs one request more.
        An existing room is returned as it is, also when it is over, unless `renew` is set; name and
        settings count only for one that is created. An existing room costs one request, as
        `get_by_external_id` does.

        Args:
            external_id: Your own id for it, 1 to 100 characters.
            name: What people call it, at most 500 characters; the server's choice if absent.
            exp: When participants are disconnected: in the future, within 72 hours. Absent: in
                3 hours.
            nbf: When it opens, before `exp`. Absent: now.
            settings: What JSON can say, such as `{"maxParticipants": 10}`.
            renew: Whether a room that is over is opened again, until `exp` or for 3 hours from now,
                and from `nbf` on, or at once. Whether the API allows that is not documented.

        Returns:
            The room, with an `access_token` for a browser.

        Raises:
            InvalidRequestError: An argument was refused; nothing was sent.
            ConflictError: Others made and deleted such a room again and again meanwhile; or
                `renew` left the room over, so that another external id is needed.
            BadRequestError: The API refused the input, or refused to `renew` the room.
            OutcomeUnknownError: No answer came back; asking again makes no second room.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `GET /vpaas/rooms/{roomId}`, then `POST /vpaas/rooms` for a new room, or
        `PATCH /vpaas/rooms/{roomId}` for one that is renewed

        Example:
            ```python
            room = await videsk.rooms.get_or_create("ticket-12345", name="Support")
            same = await videsk.rooms.get_or_create("ticket-12345")
            print(room.id == same.id)
            ```
        """
        request = operations.create(
            name=name,
            external_id=encode.lookup_key(external_id),
            exp=exp,
            nbf=nbf,
            settings=settings,
        )
        renews = check.flag("renew", renew)
        room = await get_or_create(self._send, request, self._account, renews=renews)
        return enterable(self._saw(room))

    async def update(
        self,
        room: Room | str,
        *,
        name: str | EllipsisType = ...,
        external_id: str | EllipsisType = ...,
        exp: When | EllipsisType = ...,
        nbf: When | EllipsisType = ...,
        settings: Mapping[str, object] | EllipsisType = ...,
        ended: bool | EllipsisType = ...,
    ) -> Room:
        """Change a room. What is not given is not sent, and stays as it is.

        Args:
            room: A room id or a `Room`.
            name: At most 500 characters.
            external_id: Unique in the account, 1 to 100 characters.
            exp: In the future, within 72 hours.
            nbf: Before `exp`.
            settings: What JSON can say; all of them, for it is not documented whether those that
                are left out stay.
            ended: `True` ends the room, as `end` does. `False` opens it again; whether the API
                allows that is not documented.

        Returns:
            The changed room. It may come without an `access_token`: ask `get` or `join` for one.

        Raises:
            InvalidRequestError: An argument was refused, or nothing was given; nothing was sent.
            NotFoundError: There is no such room.
            ConflictError: Another room has this `external_id`.
            OutcomeUnknownError: No answer came back; the change may have been made.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `PATCH /vpaas/rooms/{roomId}`

        Example:
            ```python
            from datetime import timedelta

            room = await videsk.rooms.create(name="Support")
            room = await videsk.rooms.update(room, nbf=timedelta(minutes=30))
            ```
        """
        call = operations.update(
            room,
            name=name,
            external_id=external_id,
            exp=exp,
            nbf=nbf,
            settings=settings,
            ended=ended,
        )
        moves = not (exp is nbf is ended is ...)
        with self._account.stocks.moving(room) if moves else nullcontext():
            return self._saw(await self._send(*call))

    async def end(self, room: Room | str) -> Room:
        """End a room: nobody can join it any more. Ending it twice is fine.

        Whether people who are inside are disconnected at once is not documented.

        Args:
            room: A room id or a `Room`.

        Returns:
            The ended room. It may come without an `access_token`.

        Raises:
            InvalidRequestError: The id is empty or would change the path; nothing was sent.
            NotFoundError: There is no such room.
            OutcomeUnknownError: No answer came back; the room may have been ended. Ending it again
                does no harm.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `PATCH /vpaas/rooms/{roomId}`

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            room = await videsk.rooms.end(room)
            print("over:", room.is_over())
            ```
        """
        with self._account.stocks.moving(room):
            return await lifetime.end(self._send, room)

    async def delete(self, room: Room | str) -> None:
        """Delete a room, where the account allows it. The API as published refuses: use `end`.

        When the answer is lost, the request is sent again, and finding no room is success.

        Args:
            room: A room id or a `Room`.

        Raises:
            InvalidRequestError: The id is empty or would change the path; nothing was sent.
            PermissionDeniedError: The API does not permit deletion. `end` ends the room instead.
            NotFoundError: There is no such room.
            OutcomeUnknownError: No answer came back; the room may have been deleted.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `DELETE /vpaas/rooms/{roomId}`

        Example:
            ```python
            from videsk_rooms import PermissionDeniedError

            room = await videsk.rooms.create(name="Support")
            try:
                await videsk.rooms.delete(room)
            except PermissionDeniedError:
                await videsk.rooms.end(room)
            ```
        """
        try:
            with self._account.stocks.moving(room):
                await self._send(*operations.delete(room))
        except NotFoundError as error:
            if not error.outcome_unknown:
                raise

    async def join(self, room: Room | str) -> RoomAccess:
        """Get a fresh access token for a browser. Tried again, it may issue more than one.

        Args:
            room: A room id or a `Room`.

        Returns:
            The token, and what it says of itself.

        Raises:
            InvalidRequestError: The id is empty or would change the path; nothing was sent.
            NotFoundError: There is no such room.
            APIError: The room is over or not open yet; the API does not document the status.
            OutcomeUnknownError: No answer came back; a token may have been issued.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `POST /vpaas/rooms/{roomId}/join`

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            access = await videsk.rooms.join(room)
            print("let in until", access.exp)
            ```
        """
        return await self._send(*operations.join(room))

    def access_stock(self, room: Room | str, *, size: int) -> AsyncAccessStock:
        """Keep a stock of access tokens, for when many people come at the same minute.

        The tokens are issued ahead, in the background: by `join` while the room is open, and by
        `get` before that. `take` hands out each of them once, without a request, and what is taken
        is replaced. Empty, `take` issues one at once. What it is filled with counts against the
        account's rate limit like any request: with 20 a second, 300 tokens take 15 seconds.

        Args:
            room: A room id or a `Room`.
            size: How many tokens to keep, 1 or more: as many as people who come at once.

        Returns:
            A context manager, asynchronous, or for `Videsk` a plain one. It is filled while its
            block runs; see `AsyncAccessStock`. Nothing is sent before.

        Raises:
            InvalidRequestError: The id is empty or would change the path, or the size is not a
                whole number of at least 1.
            VideskError: What goes wrong with a token is raised by `take`.

        API: `POST /vpaas/rooms/{roomId}/join`, and `GET /vpaas/rooms/{roomId}`

        Example:
            ```python
            room = await videsk.rooms.create(name="Class at nine")
            async with videsk.rooms.access_stock(room, size=5) as stock:
                access = await stock.take()
                print("let in until", access.exp)
            ```
        """
        stock = Stock(room, check.whole("size", size, least=1), self._send)
        return AsyncAccessStock(stock, self._account.stocks)

    async def stats(self, room: Room | str, *, view: StatsView = "report") -> RoomStats:
        """Read how a room went.

        Args:
            room: A room id or a `Room`.
            view: `report` is scored, with patterns and recommendations, and cached; `snapshot` is
                computed live and not stored; `summary` is the stored roll-up, there once the
                session is compiled.

        Returns:
            The server's object, untouched: its fields are not documented.

        Raises:
            InvalidRequestError: The id or the view was refused; nothing was sent.
            NotFoundError: There is no such room, or no such statistics yet.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `GET /vpaas/rooms/{roomId}/stats?view=…`

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            stats = await videsk.rooms.stats(room, view="snapshot")
            print(stats.data)
            ```
        """
        return await self._send(*operations.stats(room, view=view))

    def iter(
        self,
        *,
        sort: Sort | None = None,
        ended: bool | None = None,
        external_id: str | None = None,
        page_size: int = 100,
        limit: int | None = None,
    ) -> AsyncGenerator[Room, None]:
        """Read all rooms, page by page; the next page is fetched while this one is consumed.

        A room that exists all the while is given exactly once, also when others are created or
        deleted meanwhile, as long as the order of the rooms stays the same, see
        <https://videsk-rooms.readthedocs.io/latest/decisions/0021-reading-all-rooms/>. The ids seen
        are kept in memory, 107 kB for a thousand rooms.

        Args:
            sort: The order; absent, oldest first.
            ended: Only rooms that are over, or only those that are not.
            external_id: Only the room with this external id.
            page_size: How many rooms a request fetches, 1 to 100; 1 is taken as 2, so that pages
                can overlap.
            limit: How many rooms to give at most, 1 or more; no page is fetched for more. Absent:
                all.

        Returns:
            An asynchronous iterator over rooms. Left early, it should be closed with `aclose()`,
            or opened with `contextlib.aclosing`; the blocking one closes itself.

        Raises:
            InvalidRequestError: An argument was refused; nothing was sent.
            ResponseError: An answer cannot be read, or the server does not page: it ignores where
                a page is to begin, repeats one, or leaves one out.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong under way.

        API: `GET /vpaas/rooms`, as often as needed

        Example:
            ```python
            async for room in videsk.rooms.iter(ended=False):
                print(room.id, room.name)
            ```
        """
        batches = self._batches(
            sort=sort, ended=ended, external_id=external_id, page_size=page_size, limit=limit
        )
        return one_by_one(batches)

    def _batches(
        self,
        *,
        sort: Sort | None = None,
        ended: bool | None = None,
        external_id: str | None = None,
        page_size: int = 100,
        limit: int | None = None,
    ) -> AsyncGenerator[Sequence[Room], None]:
        """Read all rooms as `iter` does, in batches of a page each."""
        most = inf if limit is None else check.whole("limit", limit, least=1)
        # Two at least, so that pages can overlap by one.
        size = int(max(min(encode.page_size("page_size", page_size), most), 2))

        def page_at(skip: int | None) -> Call[RoomPage]:
            return operations.listing(
                limit=size,
                skip=skip or None,
                sort=_OLDEST_FIRST if sort is None else sort,
                ended=ended,
                external_id=external_id,
            )

        page_at(None)  # refuses wrong arguments at the call, not at the first item
        send = self._send.in_background()

        async def fetch(skip: int) -> tuple[Response, RoomPage]:
            response, page = await send(*operations.with_response(page_at(skip)))
            self._saw_all(page)
            return response, page

        return read_pages(fetch, most)

    async def list(
        self,
        *,
        limit: int | None = None,
        skip: int | None = None,
        sort: Sort | None = None,
        ended: bool | None = None,
        external_id: str | None = None,
    ) -> RoomPage:
        """Read one page of rooms: a `for` over it ends after 10, or `limit`, whatever follows.

        `iter` reads all of them; the page's `has_more` and `total` say what it leaves out.

        Args:
            limit: How many rooms at most, 1 to 100. Absent: 10.
            skip: How many rooms to pass over.
            sort: The order, such as `"-created_at"`.
            ended: Only rooms that are over, or only those that are not.
            external_id: Only the room with this external id.

        Returns:
            The page.

        Raises:
            InvalidRequestError: An argument was refused; nothing was sent.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `GET /vpaas/rooms`

        Example:
            ```python
            page = await videsk.rooms.list(limit=20, sort="-created_at")
            print(f"{len(page)} of {page.total} rooms")
            ```
        """
        call = operations.listing(
            limit=limit, skip=skip, sort=sort, ended=ended, external_id=external_id
        )
        page = await self._send(*call)
        self._saw_all(page)
        return page

    # Of two overloads the first is what the blocking face is derived from, which awaits no items.
    # By a union, checkers would not tell what the mappings of a generator expression are to be.
    @overload
    def create_many(
        self,
        specs: Iterable[RoomSpec],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[RoomSpec, EnterableRoom]: ...

    @overload
    def create_many(
        self,
        specs: AsyncIterable[RoomSpec],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[RoomSpec, EnterableRoom]: ...

    def create_many(
        self,
        specs: Iterable[RoomSpec] | AsyncIterable[RoomSpec],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[RoomSpec, EnterableRoom]:
        """Create many rooms, several at a time, each once.

        Each is created as by `create`, paced by the client's rate limit, and may take the client's
        `timeout`, which excludes time queued for the rate limit. Of two with the same
        `external_id` one is refused, as of two calls.

        Args:
            specs: Mappings of `create`'s arguments, in an iterable, which may be endless and is
                read as needed; for `AsyncVidesk` also in an asynchronous one.
            concurrency: How many at most are in the works at once, 1 or more. More than 100 wait
                for a connection.
            on_progress: Called with a `Progress` before each outcome is given out.

        Returns:
            An asynchronous iterator over the outcomes, in the order in which the rooms come; for
            `Videsk` a plain one. Nothing is done before it is iterated. A room that is refused or
            fails is an outcome with an `error`, and stops no other.

        Raises:
            InvalidRequestError: An argument was refused, other than those in `specs`.
            VideskError: What ends it all, such as `ClosedError`; see `AsyncOutcomes`. What goes
                wrong with a single room is its outcome's `error`.

        API: `POST /vpaas/rooms`, as often as needed

        Example:
            ```python
            names = ["Ana", "Luis", "Marta"]
            async for outcome in videsk.rooms.create_many({"name": name} for name in names):
                if outcome.ok:
                    print(outcome.item, outcome.result().id)
                else:
                    print(outcome.item, outcome.error)
            ```
        """
        create = self._in_bulk().create

        def prepare(spec: RoomSpec) -> Begin[EnterableRoom]:
            return partial(create, **_arguments(spec, "specs", known=_SPEC))

        bulk = Bulk(
            "create_many", "specs", specs, prepare, concurrency=concurrency, on_progress=on_progress
        )
        return AsyncOutcomes(bulk)

    @overload
    def update_many(
        self,
        changes: Iterable[RoomChange],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[RoomChange, Room]: ...

    @overload
    def update_many(
        self,
        changes: AsyncIterable[RoomChange],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[RoomChange, Room]: ...

    def update_many(
        self,
        changes: Iterable[RoomChange] | AsyncIterable[RoomChange],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[RoomChange, Room]:
        """Change many rooms, several at a time.

        Each is changed as by `update`, paced and timed as by `create_many`. The order in which two
        changes of one room are made is not certain.

        Args:
            changes: Mappings of `update`'s arguments, `room` among them, in an iterable, which may
                be endless and is read as needed; for `AsyncVidesk` also in an asynchronous one.
            concurrency: How many at most are in the works at once, 1 or more.
            on_progress: Called with a `Progress` before each outcome is given out.

        Returns:
            An asynchronous iterator over the outcomes, in the order in which the answers come; for
            `Videsk` a plain one. Nothing is done before it is iterated.

        Raises:
            InvalidRequestError: An argument was refused, other than those in `changes`.
            VideskError: What ends it all, such as `ClosedError`; see `AsyncOutcomes`. What goes
                wrong with a single room is its outcome's `error`.

        API: `PATCH /vpaas/rooms/{roomId}`, as often as needed

        Example:
            ```python
            from datetime import timedelta

            page = await videsk.rooms.list(ended=False)
            changes = ({"room": room, "exp": timedelta(hours=1)} for room in page)
            async for outcome in videsk.rooms.update_many(changes):
                print(outcome.error or outcome.result().exp)
            ```
        """
        update = self._in_bulk().update

        def prepare(change: RoomChange) -> Begin[Room]:
            return partial(update, **_arguments(change, "changes", known=_CHANGE, needed=_NEEDED))

        bulk = Bulk(
            "update_many",
            "changes",
            changes,
            prepare,
            concurrency=concurrency,
            on_progress=on_progress,
        )
        return AsyncOutcomes(bulk)

    @overload
    def delete_many(
        self,
        rooms: Iterable[Room | str],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[Room | str, None]: ...

    @overload
    def delete_many(
        self,
        rooms: AsyncIterable[Room | str],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[Room | str, None]: ...

    def delete_many(
        self,
        rooms: Iterable[Room | str] | AsyncIterable[Room | str],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[Room | str, None]:
        """Delete many rooms, several at a time, where the account allows it.

        Each is deleted as by `delete`, paced and timed as by `create_many`. The API as published
        refuses each of them: end rooms by `update_many` with `ended`.

        Args:
            rooms: Room ids or `Room`s, in an iterable, which may be endless and is read as needed;
                for `AsyncVidesk` also in an asynchronous one.
            concurrency: How many at most are in the works at once, 1 or more.
            on_progress: Called with a `Progress` before each outcome is given out.

        Returns:
            An asynchronous iterator over the outcomes, in the order in which the answers come,
            without a value; for `Videsk` a plain one. Nothing is done before it is iterated.

        Raises:
            InvalidRequestError: An argument was refused, other than those in `rooms`.
            VideskError: What ends it all, such as `ClosedError`; see `AsyncOutcomes`. What goes
                wrong with a single room is its outcome's `error`.

        API: `DELETE /vpaas/rooms/{roomId}`, as often as needed

        Example:
            ```python
            async for outcome in videsk.rooms.delete_many(videsk.rooms.iter(ended=True)):
                if not outcome.ok:
                    print(outcome.item, outcome.error)
            ```
        """
        delete = self._in_bulk().delete

        def prepare(room: Room | str) -> Begin[None]:
            return partial(delete, room)

        bulk = Bulk(
            "delete_many", "rooms", rooms, prepare, concurrency=concurrency, on_progress=on_progress
        )
        return AsyncOutcomes(bulk)

    @overload
    def join_many(
        self,
        rooms: Iterable[Room | str],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[Room | str, RoomAccess]: ...

    @overload
    def join_many(
        self,
        rooms: AsyncIterable[Room | str],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[Room | str, RoomAccess]: ...

    def join_many(
        self,
        rooms: Iterable[Room | str] | AsyncIterable[Room | str],
        *,
        concurrency: int = 16,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> AsyncOutcomes[Room | str, RoomAccess]:
        """Get fresh access tokens for many rooms, several at a time.

        Each is had as by `join`, paced and timed as by `create_many`. A room that is given twice is
        joined twice, by two tokens.

        Args:
            rooms: Room ids or `Room`s, in an iterable, which may be endless and is read as needed;
                for `AsyncVidesk` also in an asynchronous one.
            concurrency: How many at most are in the works at once, 1 or more.
            on_progress: Called with a `Progress` before each outcome is given out.

        Returns:
            An asynchronous iterator over the outcomes, in the order in which the tokens come; for
            `Videsk` a plain one. Nothing is done before it is iterated.

        Raises:
            InvalidRequestError: An argument was refused, other than those in `rooms`.
            VideskError: What ends it all, such as `ClosedError`; see `AsyncOutcomes`. What goes
                wrong with a single room is its outcome's `error`.

        API: `POST /vpaas/rooms/{roomId}/join`, as often as needed

        Example:
            ```python
            room = await videsk.rooms.create(name="Support")
            async for outcome in videsk.rooms.join_many([room, room]):
                print("let in until", outcome.result().exp)
            ```
        """
        join = self._in_bulk().join

        def prepare(room: Room | str) -> Begin[RoomAccess]:
            return partial(join, room)

        bulk = Bulk(
            "join_many", "rooms", rooms, prepare, concurrency=concurrency, on_progress=on_progress
        )
        return AsyncOutcomes(bulk)

    def _saw(self, room: Room) -> Room:
        return self._account.stocks.saw(room)

    def _saw_all(self, page: RoomPage) -> None:
        for room in page.data:
            self._account.stocks.saw(room)

    def _in_bulk(self) -> AsyncRooms:
        return AsyncRooms(self._send.excluding_queue_time().in_background(), self._account)


class AsyncRoomsWithResponse:
    """The methods of `AsyncRooms` that get one answer, each returning an `Answer`.

    Found as `AsyncRooms.with_response`. `AsyncRooms` describes each call. `iter`, `access_stock`
    and the methods for many rooms get many answers, and are not here: hooks see each of them.
    """

    def __init__(self, rooms: AsyncRooms) -> None:
        self._rooms = rooms

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    def _noting(self, note: Callable[[Response], object]) -> AsyncRooms:
        return AsyncRooms(self._rooms._send.noting(note), self._rooms._account)

    # Final, because type checkers know the type of a call only where no subclass replaces it.
    create: Final = answering(AsyncRooms.create)
    get: Final = answering(AsyncRooms.get)
    get_by_external_id: Final = answering(AsyncRooms.get_by_external_id)
    get_or_create: Final = answering(AsyncRooms.get_or_create)
    update: Final = answering(AsyncRooms.update)
    end: Final = answering(AsyncRooms.end)
    delete: Final = answering(AsyncRooms.delete)
    join: Final = answering(AsyncRooms.join)
    stats: Final = answering(AsyncRooms.stats)
    list: Final = answering(AsyncRooms.list)


def _arguments(
    item: Any, argument: str, *, known: frozenset[str], needed: frozenset[str] = frozenset()
) -> Any:
    """Check that an item holds arguments of a call; what each may be is checked by the call."""
    words = ", ".join(sorted(known))
    with check.Reading(argument, item):
        if not isinstance(item, Mapping):
            raise check.refusal(argument, item, f"give mappings of {words}")
        given = {
            check.plain_str(word) if isinstance(word, str) else word: value
            for word, value in item.items()
        }
        for word in given.keys() - known:
            right = f"there is no such argument; give any of {words}"
            raise check.refusal(str(word), given[word], right)
        if not needed <= given.keys():
            right = f"it lacks {', '.join(needed)}; give mappings of {words}"
            raise check.refusal(argument, item, right)
    return given
