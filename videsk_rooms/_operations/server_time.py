"""The time by the server's clock, which decides when a room opens and when it is over. No I/O."""

from __future__ import annotations

from datetime import MAXYEAR, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._wire.headers import http_date

if TYPE_CHECKING:
    from videsk_rooms._wire.message import Response


def server_time(response: Response) -> datetime:
    """Return the time at which the server has answered; by this machine's clock, if untold."""
    date = http_date(response.headers.get("date", ""))
    # In the last year of all, three hours may lead out of it.
    if date is None or date.year == MAXYEAR:
        return datetime.now(timezone.utc)
    return date.astimezone(timezone.utc)


class ServerClock:
    """The server's clock, as its answers tell it."""

    def __init__(self) -> None:
        self._told = datetime.now(timezone.utc)
        self._at = monotonic()

    def set_by(self, response: Response) -> None:
        """Go by the time of an answer from now on."""
        self._told, self._at = server_time(response), monotonic()

    def now(self) -> datetime:
        """Return the time by it."""
        return self._told + timedelta(seconds=monotonic() - self._at)
