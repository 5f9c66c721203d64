"""The stock of access tokens, as awaiting code uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from videsk_rooms._http.attempt import check_loop
from videsk_rooms.models import RoomAccess

if TYPE_CHECKING:
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

    `AsyncRooms.access_stock` makes it. It is filled up to `size` while its `async with` block runs,
    `AsyncRooms.access_stock` makes it. It is filled up to `size` while its `async with` block runs,
    and each token taken is replaced. Tokens that expire within 30 seconds are discarded. All are
    discarded if the room ends or its `exp` or `nbf` changes, as far as this client's calls and
    tokens show that.

    If no token can be issued ahead, the logger `videsk_rooms` warns once. The client retries after
    pauses of up to 30 seconds. Meanwhile `take` issues tokens on demand.

    After `os.fork()`, the child has an empty stock, which its first `take` fills. So no token is
    used by both.

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
        """The number of tokens of a full stock."""
        return self._stock.size

    @property
    def level(self) -> int:
        """The number of tokens that `take` returns without a request."""
        return self._stock.level()

    async def take(self) -> RoomAccess:
        """Take a token from the stock. If it is empty, one is issued immediately.

        That request goes before background requests, unless the view has another `priority`, and
        has the client's `timeout`.

        Returns:
            A token that nobody else gets, with the times and the id that it contains.

        Raises:
            ClosedError: The stock is not open, or the client is closed.
            NotFoundError: There is no such room.
            APIError: The room is over or not open yet; the API does not document the status.
            OutcomeUnknownError: No response arrived; a token may have been issued.
            VideskError: Any other error of `videsk_rooms.errors`.

        API: `POST /vpaas/rooms/{roomId}/join`, or `GET /vpaas/rooms/{roomId}` before the room opens

        Example:
            ```python
            room = await videsk.rooms.create(name="Class at nine")
            async with videsk.rooms.access_stock(room, size=5) as stock:
                access = await stock.take()
                print("valid until", access.exp)
            ```
        """
        return await self._stock.take()

    async def __aenter__(self) -> Self:
        check_loop()
        self._open_stocks.add(self._stock)
        self._stock.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._open_stocks.discard(self._stock)
        await self._stock.close()

    def _end(self) -> None:
        """Close it when the task that fills it no longer runs."""
        self._open_stocks.discard(self._stock)
        self._stock.end()
