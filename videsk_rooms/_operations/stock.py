"""Issues access tokens ahead, and keeps them for the people who will need them.

Tokens may be kept and handed out later (docs/api.md, "How people use it"). `join` issues them while
the room is open, and `get` before that, which also returns the room's window. When the window
moves, all tokens in stock are discarded.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import leak, notice_fork, register_after_fork
from videsk_rooms._concurrency.loops import call_soon_in
from videsk_rooms._http.attempt import completed
from videsk_rooms._wire import decode, operations
from videsk_rooms.errors import ClosedError, ConfigurationError

from .room_window import RoomWindow

if TYPE_CHECKING:
    from videsk_rooms._http.call import Sender
    from videsk_rooms._http.deadline import Deadline
    from videsk_rooms.models import Room, RoomAccess

_logger = logging.getLogger("videsk_rooms")

_AT_ONCE = 16
# Seconds.
_LOOK_EVERY = 0.5
_LONGEST_PAUSE = 30.0
_NOT_OPEN = (
    "this stock of access tokens is not open; take from it inside its with block, or ask "
    "rooms.join(room) for a token"
)


class Stock:
    """One room's tokens that are issued but not handed out yet, and the task that adds more."""

    def __init__(self, room: Room | str, size: int, send: Sender) -> None:
        """Prepare an empty stock.

        Args:
            room: The room.
            size: The maximum number of tokens in stock and being requested.
            send: Sends requests for callers of `take`.
        """
        self.room_id: str = room if isinstance(room, str) else room.id
        self.size: int = size
        self._get = operations.with_response(operations.get(room))
        self._join = operations.with_response(operations.join(room))
        self._send = send
        self._send_ahead = send.excluding_queue_time().in_background()
        self._is_open = False
        self._begin_empty()

    def _begin_empty(self) -> None:
        self._tokens: deque[RoomAccess] = deque()
        self._window = RoomWindow()
        self._failures = 0
        self._pause_until = 0.0
        self._filling: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def level(self) -> int:
        """Return how many tokens can be handed out."""
        return sum(not self._window.is_stale(access) for access in self._tokens.copy())

    # -- its life ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to fill it."""
        self._is_open = True
        register_after_fork(self)
        self._look_after()

    def end(self) -> asyncio.Task[None] | None:
        """Discard all tokens, and return the task that fills the stock, to be cancelled."""
        self._is_open = False
        self._tokens.clear()
        filling, self._filling = self._filling, None
        return filling

    async def close(self) -> None:
        """Cancel the task that fills the stock, and wait for its end if it runs in this loop."""
        filling = self.end()
        if filling is not None:
            call_soon_in(filling.get_loop(), filling.cancel)
            if filling.get_loop() is asyncio.get_running_loop():
                await completed(asyncio.wait([filling]))

    def reset_after_fork(self) -> None:
        """Hand out none of the parent's tokens, in a child after a fork."""
        leak(self._tokens, self._filling, self._running, self._changed)
        self._begin_empty()

    # -- changes to the room -----------------------------------------------------------------------

    def saw(self, room: Room) -> None:
        """Record a response about the room; discard all tokens if its window differs."""
        if self._window.differs_from(room):
            self.move()

    def move(self) -> None:
        """Discard all tokens, because the room's window has moved and must be retrieved again."""
        self._window.move()
        self._tokens.clear()
        self._pause_until = 0.0
        for task in self._running - {asyncio.current_task()}:
            # Their tokens would have the old window.
            call_soon_in(task.get_loop(), task.cancel)
        if self._is_open:
            self._look_after()

    # -- handing out ------------------------------------------------------------------------------

    async def take(self) -> RoomAccess:
        """Hand out a token from the stock, or issue one if the stock is empty.

        Raises:
            ClosedError: It is not open.
        """
        notice_fork()
        if not self._is_open:
            raise ClosedError(_NOT_OPEN)
        access = self._next_in_stock()
        self._look_after()
        if access is None:
            access, _ = await self._issue(self._send, ahead=False)
        assert access is not None  # noqa: S101 - for the type checker: a refusal was raised
        return access

    def _next_in_stock(self) -> RoomAccess | None:
        while self._tokens:
            access = self._tokens.popleft()
            if not self._window.is_stale(access):
                return access
        return None

    # -- issuing ----------------------------------------------------------------------------------

    # Each returns a token, and the version of the window that the token has.

    async def _issue(self, send: Sender, *, ahead: bool) -> tuple[RoomAccess | None, int]:
        """Join the room if it is open, else retrieve it; raise the API's refusal."""
        deadline, window = send.deadline(), self._window
        access, version = None, window.version
        # Ask anyway for a room that is nearly over, because somebody may have extended it.
        if not window.is_open() or (ahead and window.is_nearly_over()):
            access, version = await self._retrieve(send, deadline)
        # A retrieved room may come without a token.
        if access is None and not (ahead and window.is_nearly_over()):
            access, version = await self._enter(send, deadline)
        return access, version

    async def _retrieve(self, send: Sender, deadline: Deadline) -> tuple[RoomAccess | None, int]:
        """Retrieve the room: its window, and a token if the room is not over."""
        window, version = self._window, self._window.version
        response, room = await send(*self._get, deadline)
        access = decode.access_of(room.access_token) if room.access_token else None
        if version == window.version:  # otherwise the response may be older than the move
            self.saw(room)
            version = window.version
            if window.take(response, room, access):
                return None, version
        return access, version

    async def _enter(self, send: Sender, deadline: Deadline) -> tuple[RoomAccess, int]:
        """Join the room."""
        window, version = self._window, self._window.version
        response, access = await send(*self._join, deadline)
        if version == window.version and window.is_contradicted_by(response, access):
            self.move()
        return access, version

    # -- filling ----------------------------------------------------------------------------------

    def _look_after(self) -> None:
        """Wake the task that fills the stock, or start it."""
        filling = self._filling
        if filling is None or filling.done() or filling.get_loop().is_closed():
            self._running = set()
            self._changed = asyncio.Event()
            self._filling = asyncio.ensure_future(self._keep_full())
        else:
            call_soon_in(filling.get_loop(), self._changed.set)

    async def _keep_full(self) -> None:
        try:
            while True:
                self._changed.clear()
                while self._tokens and self._window.is_stale(self._tokens[0]):
                    self._tokens.popleft()
                while self._is_short():
                    task = asyncio.ensure_future(self._issue_ahead())
                    if not task.done():  # an eager task may be done already
                        self._running.add(task)
                await self._change()
        finally:
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running)

    async def _change(self) -> None:
        """Wait for a change or a timeout, because tokens become stale and pauses end."""
        # Not with a cancel scope: on Python 3.10, one that times out swallows a cancellation.
        timer = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()

    def _is_short(self) -> bool:
        # Only one request finds out the room's window, and whether tokens are issued at all.
        window = self._window
        is_sure = window.is_known and not window.is_nearly_over()
        running = len(self._running)
        return (
            running < (_AT_ONCE if is_sure else 1)
            and len(self._tokens) + running < self.size
            and self._pause_until <= monotonic()
        )

    async def _issue_ahead(self) -> None:
        try:
            access, version = await self._issue(self._send_ahead, ahead=True)
            self._failures = 0
            window = self._window
            if access is None or window.is_nearly_over() or window.is_stale(access):
                self._pause_until = monotonic() + _LONGEST_PAUSE
            elif version == window.version:
                self._tokens.append(access)
        except Exception as error:
            self._failed(error)
        finally:
            self._running.discard(asyncio.current_task())
            self._changed.set()

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if isinstance(error, ClosedError | ConfigurationError):
            self._pause_until = inf  # all later calls would fail, too
            return
        self._pause_until = monotonic() + pause_after(self._failures)
        self._window.doubt()  # the room may be over, or gone
        if self._failures == 1:
            _logger.warning(
                "No access token for room %s could be issued ahead. The stock is filled again "
                "later; until then take() asks for each. %s",
                self.room_id,
                error,
            )


def pause_after(failures: int) -> float:
    """Return the pause in seconds after this many failures in a row."""
    bound = min(2.0 ** min(failures - 1, 64), _LONGEST_PAUSE)  # 2.0 ** 2000 overflows
    return bound * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
