"""The time by the server's clock, which decides when a room opens and when it is over. No I/O."""

from __future__ import annotations

from datetime import MAXYEAR, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._wire.headers import http_date

if TYPE_CHECKING:
    from videsk_rooms._wire.message import Response


def server_time(response: Response) -> datetime:
    """Return the server's time of a response; without a date in it, this machine's time."""
    date = http_date(response.headers.get("date", ""))
    # Adding three hours to a time in the last year could overflow.
    if date is None or date.year == MAXYEAR:
        return datetime.now(timezone.utc)
    return date.astimezone(timezone.utc)


class ServerClock:
    """The server's clock, as the dates of its responses show it."""

    def __init__(self) -> None:
        self._server_time = datetime.now(timezone.utc)
        self._at = monotonic()

    def set_by(self, response: Response) -> None:
        """Set the clock by the date of a response."""
        self._server_time, self._at = server_time(response), monotonic()

    def now(self) -> datetime:
        """Return the server's time now."""
        return self._server_time + timedelta(seconds=monotonic() - self._at)
