"""One caller: it wants a room and gets it, whatever goes wrong, by what the errors tell it to do.

Written once for both clients: a blocking one is called through a face whose coroutines never wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from videsk_rooms import APIError, ConflictError, NotFoundError, VideskError

from .examine import SurpriseError, examine
from .ledger import Possession
from .manners import MANNERS, PATIENT, Rooms, choose

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from videsk_rooms import AsyncRooms, Room
    from videsk_rooms.sandbox import Sandbox

    from .examine import Kind
    from .ledger import Ledger
    from .tally import Tally

T = TypeVar("T")

_KINDS: dict[str, Kind] = {"get": "reads", "list": "reads", "settle": "both"}
_NEXT_MILLISECOND = 0.002
_LEAVES = 0.05
_MOST_STEPS = 3


class BlockingResource(Protocol):
    """A client, as a caller sees it."""

    rooms: Rooms
    can_interrupt: bool

    async def pause(self, seconds: float) -> None:
        """Wait."""
        ...

    async def interrupted(self, call: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Run a call and cancel it after a while; `None` if it was cancelled."""
        ...


@dataclass(frozen=True)
class Scene:
    """What all callers of a run share."""

    face: BlockingResource
    sandbox: Sandbox
    ledger: Ledger
    tally: Tally


class Caller:
    """Wants one room, and does a thing or two with it.

    Args:
        scene: What all callers share.
        name: What its room is called.
        external_id: Its own name for the room; `None`: a generated one.
        chance: Decides all that is left to it.
    """

    def __init__(
        self, scene: Scene, name: str, external_id: str | None, chance: random.Random
    ) -> None:
        self._scene = scene
        self._face = scene.face
        self._name = name
        self._external_id = external_id
        self._chance = chance

    async def live(self) -> None:
        """Get the room, use it, and enter it in the ledger.

        Raises:
            SurpriseError: Something is not as it should be.
        """
        room = await self._create()
        mine = Possession(room.id, room.external_id or "", self._name)
        steps = [self._get, self._list, self._join, self._update, self._end, self._delete]
        for step in self._chance.sample(steps, self._chance.randint(0, _MOST_STEPS)):
            await step(mine)
        self._scene.ledger.add(mine)

    # -- the room ---------------------------------------------------------------------------------

    async def _create(self) -> Room:
        """Create the room, as often as it takes, without ever making a second one."""
        manner = choose(self._chance)
        denied: list[tuple[datetime, VideskError]] = []
        in_doubt: str | None = None  # the externalId that a room may have by now
        while True:
            rooms = self._face.rooms[manner]
            operation = "create" if in_doubt is None else "settle"
            try:
                if in_doubt is None:
                    room = await self._create_or_leave(rooms)
                else:
                    room = await self._settle(rooms, in_doubt)
            except VideskError as error:
                self._saw(operation, error, manner)
                if error.outcome_unknown:
                    in_doubt = error.external_id
                elif in_doubt is None:
                    denied.append((self._scene.sandbox.now, error))
                    await self._face.pause(_NEXT_MILLISECOND)
            else:
                if room is not None:
                    break
                in_doubt = self._external_id
            manner = PATIENT
        self._check(room, in_doubt or self._external_id)
        self._check_that_none_was_there(room, denied)
        return room

    async def _create_or_leave(self, rooms: AsyncRooms) -> Room | None:
        """Create it; or lose patience and cancel the call, if that can be settled later."""
        call = rooms.create(name=self._name, external_id=self._external_id)
        leaves = self._face.can_interrupt and self._chance.random() < _LEAVES
        if self._external_id is None or not leaves:
            return await call
        room = await self._face.interrupted(call, self._chance.uniform(0.0, 0.2))
        if room is None:
            self._scene.tally.was_interrupted()
        return room

    async def _settle(self, rooms: AsyncRooms, external_id: str) -> Room:
        """Come by the room that may be there, in one of the ways that the errors name."""
        ways = [self._look_up_or_create, self._create_or_look_up, self._get_or_create]
        return await self._chance.choice(ways)(rooms, external_id)

    async def _look_up_or_create(self, rooms: AsyncRooms, external_id: str) -> Room:
        try:
            return await rooms.get_by_external_id(external_id)
        except NotFoundError:
            return await self._create_or_look_up(rooms, external_id)

    async def _create_or_look_up(self, rooms: AsyncRooms, external_id: str) -> Room:
        try:
            return await rooms.create(name=self._name, external_id=external_id)
        except ConflictError:
            return await rooms.get_by_external_id(external_id)

    async def _get_or_create(self, rooms: AsyncRooms, external_id: str) -> Room:
        return await rooms.get_or_create(external_id, name=self._name)

    def _check(self, room: Room, external_id: str | None) -> None:
        if not room.access_token:
            raise SurpriseError(f"no token came with {room}")
        self._check_whose_it_is(room, external_id)

    def _check_whose_it_is(self, room: Room, external_id: str | None) -> None:
        if room.name != self._name:
            raise SurpriseError(f"{self._name!r} was given the room {room}")
        if external_id is not None and room.external_id != external_id:
            raise SurpriseError(f"the caller of {external_id!r} was given the room {room}")

    def _check_that_none_was_there(
        self, room: Room, denied: list[tuple[datetime, VideskError]]
    ) -> None:
        """Hold an error that was in no doubt to its word: the room came only after it.

        The wire's times are cut to milliseconds, so whoever saw such an error waited for the next.
        """
        for moment, error in denied:
            if self._external_id is not None and (
                room.created_at is None or room.created_at < moment
            ):
                raise SurpriseError(f"the room was there at {moment}: {room}, {error!r}")

    # -- what is done with it ---------------------------------------------------------------------

    async def _get(self, mine: Possession) -> None:
        room = await self._insist("get", lambda rooms: rooms.get(mine.room_id))
        self._check(room, None)
        if room.ended is not mine.ended:
            raise SurpriseError(f"not as it was left, {mine}: {room}")

    async def _list(self, mine: Possession) -> None:
        page = await self._insist("list", lambda rooms: rooms.list(external_id=mine.external_id))
        found = [(room.id, room.name, room.ended) for room in page]
        if found != [(mine.room_id, mine.name, mine.ended)]:
            raise SurpriseError(f"looked for {mine}, found {page}")

    async def _join(self, mine: Possession) -> None:
        access = await self._insist(
            "join", lambda rooms: _unless_refused(410, rooms.join(mine.room_id))
        )
        if mine.ended:
            if access is not None:
                raise SurpriseError(f"a way into a room that was ended, {mine}: {access}")
            return
        if access is None:
            raise SurpriseError(f"no way into a room that is open: {mine}")
        if not (access.access_token and access.jti):
            raise SurpriseError(f"no way into {mine}: {access}")
        mine.jtis.append(access.jti)

    async def _update(self, mine: Possession) -> None:
        renamed = f"{mine.name}, renamed"
        room = await self._insist(
            "update",
            lambda rooms: rooms.update(mine.room_id, name=renamed),
            when_denied=lambda: self._get(mine),
        )
        mine.name = self._name = renamed
        # The answer may come without a token (docs/api.md, "Operations").
        self._check_whose_it_is(room, mine.external_id)

    async def _end(self, mine: Possession) -> None:
        room = await self._insist(
            "end", lambda rooms: rooms.end(mine.room_id), when_denied=lambda: self._get(mine)
        )
        mine.ended = True
        self._check_whose_it_is(room, mine.external_id)
        if not room.ended:
            raise SurpriseError(f"ended, and open: {room}")

    async def _delete(self, mine: Possession) -> None:
        """Try to delete it, which the API does not permit (docs/api.md, "Operations").

        What stands in front of the API may answer an empty 200, as an account that may delete rooms
        would be answered; the room has to be there all the same.
        """
        await self._insist("delete", lambda rooms: _unless_refused(403, rooms.delete(mine.room_id)))
        await self._get(mine)

    # -- insisting --------------------------------------------------------------------------------

    async def _insist(
        self,
        operation: str,
        call: Callable[[AsyncRooms], Awaitable[T]],
        *,
        when_denied: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Repeat a call until it succeeds.

        Args:
            operation: What it is called in the tally.
            call: The call.
            when_denied: Checks that nothing has happened, as long as nothing was in doubt.
        """
        manner = choose(self._chance)
        in_doubt = False
        while True:
            try:
                return await call(self._face.rooms[manner])
            except VideskError as error:
                self._saw(operation, error, manner)
                in_doubt |= error.outcome_unknown
            if when_denied is not None and not in_doubt:
                await when_denied()
            manner = PATIENT

    def _saw(self, operation: str, error: VideskError, manner: str) -> None:
        self._scene.tally.failed(operation, error)
        examine(
            error,
            attempts=MANNERS[manner].attempts,
            secret=self._scene.sandbox.api_token,
            kind=_KINDS.get(operation, "writes"),
            external_id=self._external_id if operation == "create" else None,
        )


async def _unless_refused(status: int, call: Awaitable[T]) -> T | None:
    """Wait for a call; `None` if the API refuses it with this status, which no fault has."""
    try:
        return await call
    except APIError as error:
        if error.status == status:
            return None
        raise
