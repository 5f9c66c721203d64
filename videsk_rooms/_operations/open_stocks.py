"""Notifies the open stocks of access tokens of changes to their rooms."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.models import Room

    from .stock import Stock


class OpenStocks:
    """The open stocks of an account, by room."""

    def __init__(self) -> None:
        self._by_room: dict[str, set[Stock]] = {}

    def add(self, stock: Stock) -> None:
        """Notify a stock of its room from now on."""
        self._by_room.setdefault(stock.room_id.casefold(), set()).add(stock)

    def discard(self, stock: Stock) -> None:
        """Notify a stock of nothing more."""
        room_id = stock.room_id.casefold()
        stocks = self._by_room.get(room_id, set())
        stocks.discard(stock)
        if not stocks:
            self._by_room.pop(room_id, None)

    def saw(self, room: Room) -> Room:
        """Pass on an answer about a room, and return it."""
        for stock in self._of(room.id):
            stock.saw(room)
        return room

    @contextmanager
    def moving(self, room: Room | str) -> Iterator[None]:
        """Notify the stocks of a room after a call that moves its window.

        They are notified of a failed call too, unless it is certain that it changed nothing.
        """
        try:
            yield
        except BaseException as error:
            if getattr(error, "outcome_unknown", True):
                self._moved(room)
            raise
        self._moved(room)

    def _moved(self, room: Room | str) -> None:
        for stock in self._of(room if isinstance(room, str) else room.id):
            stock.move()

    def _of(self, room_id: str) -> list[Stock]:
        return list(self._by_room.get(room_id.casefold(), ())) if self._by_room else []
