"""Notifies the open stocks of access tokens of changes to their rooms."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.models import Room

    from .stock import Stock


class OpenStocks:
    """The open stocks of an account."""

    def __init__(self) -> None:
        self._open: set[Stock] = set()

    def add(self, stock: Stock) -> None:
        """Notify a stock of changes to its room from now on."""
        self._open.add(stock)

    def discard(self, stock: Stock) -> None:
        """Stop notifying a stock."""
        self._open.discard(stock)

    def saw(self, room: Room) -> Room:
        """Pass on a response about a room, and return it."""
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
        if not self._open:
            return []
        room_id = room_id.casefold()
        return [stock for stock in tuple(self._open) if stock.room_id.casefold() == room_id]
