"""Response headers about waiting and time."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
# The longest window that is believed (`_ratelimit/limit.py`).
_LONGEST_RESET = 60.0


def server_wait(
    status: int, headers: Mapping[str, str], *, now: datetime | None = None
) -> float | None:
    """Return for how many seconds the server asks to pause; `None` if it does not say.

    `Retry-After` is a number or a date. A date is compared with the response's own `Date`, because
    the clocks may differ. For a 429 without it, `Ratelimit-Reset` is when the window ends, unless
    it is longer than any window that is believed.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = http_date(value)
    if moment is not None:
        server_now = now or http_date(headers.get("date", "")) or datetime.now(timezone.utc)
        return max(0.0, (moment - server_now).total_seconds())
    reset = headers.get("ratelimit-reset", "").strip() if status == 429 else ""
    if _SECONDS.fullmatch(reset) and float(reset) <= _LONGEST_RESET:
        return float(reset)
    return None


def http_date(value: str) -> datetime | None:
    """Read a date in a header; `None` if it is not a date."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
