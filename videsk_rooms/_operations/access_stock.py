"""The stock of access tokens, as awaiting code uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from videsk_rooms.models import RoomAccess

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .open_stocks import OpenStocks
    from .stock import Stock

__all__ = ["AsyncAccessStock"]

NOT_PICKLED = (
    "a stock of access tokens is not pickled, for each token is handed out once; open another in "
    "the other process"
)


class AsyncAccessStock:
    """Access tokens of one room, issued ahead in the background, each handed out once.

    Made by `AsyncRooms.access_stock`, and filled while its `async with` block runs. Never are more
    than `size` in stock and asked for together. What is taken is replaced. A token that expires
    within 30 seconds is thrown away, and so are all of them when the room's `exp` or `nbf` moves or
    the room ends, as far as this client learns of it: by its own calls, or by the tokens that it is
    issued.

    When no token can be issued ahead, the logger `videsk_rooms` says so once, as a warning. It is
    tried again, after pauses of up to 30 seconds; until then `take` issues one when it is called.

    After `os.fork()` the child has an empty stock, and fills it once it takes from it: no token is
    handed out by both.

    Example:
        ```python
        room = await videsk.rooms.create(name="Class at nine")
        async with videsk.rooms.access_stock(room, size=5) as stock:
            access = await stock.take()
        ```
    """

    def __init__(self, stock: Stock, open_stocks: OpenStocks) -> None:
        self._stock = stock
        self._open_stocks = open_stocks

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    def __repr__(self) -> str:
        stock = self._stock
        return f"{type(self).__name__}(room={stock.room_id!r}, level={self.level}/{stock.size})"

    @property
    def size(self) -> int:
        """How many tokens it holds when it is full."""
        return self._stock.size

    @property
    def level(self) -> int:
        """How many tokens can be taken without a request."""
        return self._stock.level()

    async def take(self) -> RoomAccess:
        """Take a token out of the stock. If it is empty, one is issued at once.

        That request goes before those in the background, unless the client's view says otherwise,
        and may take the client's `timeout`.

        Returns:
            A token that nobody else gets, and what it says of itself.

        Raises:
            ClosedError: The stock is not open, or the client is closed.
            NotFoundError: There is no such room.
            APIError: The room is over or not open yet; the API does not document the status.
            OutcomeUnknownError: No answer came back; a token may have been issued.
            VideskError: See `videsk_rooms.errors` for whatever else can go wrong.

        API: `POST /vpaas/rooms/{roomId}/join`, or `GET /vpaas/rooms/{roomId}` before the room opens

        Example:
            ```python
            room = await videsk.rooms.create(name="Class at nine")
            async with videsk.rooms.access_stock(room, size=5) as stock:
                access = await stock.take()
                print("let in until", access.exp)
            ```
        """
        return await self._stock.take()

    async def __aenter__(self) -> Self:
        self._open_stocks.add(self._stock)
        self._stock.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open_stocks.discard(self._stock)
        await self._stock.close()

    def _end(self) -> None:
        """Close it where nothing runs any more that fills it."""
        self._open_stocks.discard(self._stock)
        self._stock.end()
