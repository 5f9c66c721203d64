"""The sandbox's time, and how the wire writes it."""

from __future__ import annotations

import re
import sys
import time
from datetime import datetime, timedelta, timezone

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)
# A year before the last instant that Python can tell, so that `exp` and offsets have room.
_END = datetime(9999, 1, 1, tzinfo=timezone.utc)


# freezegun puts functions of its own in their place, but does not look into a tuple. A module that
# is imported while time is frozen finds those.
_FREEZEGUN = sys.modules.get("freezegun.api")
_REAL = (
    getattr(_FREEZEGUN, "real_monotonic", time.monotonic),
    getattr(_FREEZEGUN, "real_time", time.time),
)


def monotonic() -> float:
    """Return seconds that pass also while a test freezes time."""
    seconds: float = _REAL[0]()
    return seconds


def is_wall_time_set() -> bool:
    """Return whether freezegun or time-machine says what time it is."""
    time_machine = sys.modules.get("time_machine")
    is_travelling = time_machine is not None and time_machine.escape_hatch.is_travelling()
    return is_travelling or time.time is not _REAL[1]


class Clock:
    """Time that runs on by itself and can be moved forward, and from there back to the machine's.

    While freezegun or time-machine sets the wall time, it is that time: code under test reckons
    with it, too.
    """

    def __init__(self) -> None:
        # Wall time is read once, so that a corrected system clock cannot turn time back.
        self._origin = datetime.fromtimestamp(_REAL[1](), timezone.utc) - timedelta(
            seconds=monotonic()
        )
        self._moved = 0.0
        self._skipped = 0.0

    def seconds(self) -> float:
        """Monotonic seconds, with all that was skipped; `reset` does not turn them back."""
        return monotonic() + self._skipped

    @property
    def offset(self) -> float:
        """Seconds that `now` is ahead of the machine's time."""
        return self._moved

    def now(self) -> datetime:
        """The instant it is, in UTC."""
        if is_wall_time_set():
            return datetime.fromtimestamp(time.time(), timezone.utc) + timedelta(
                seconds=self._moved
            )
        return self._origin + timedelta(seconds=monotonic() + self._moved)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        if by < timedelta():
            raise ValueError("the clock only moves forward; give a timedelta of zero or more")
        if by > _END - self.now():
            raise ValueError(f"the clock cannot move by {by}: it ends with the year 9998")
        self._moved += by.total_seconds()
        self._skipped += by.total_seconds()

    def reset(self) -> None:
        """Move the clock back to the machine's time."""
        self._moved = 0.0


def to_milliseconds(instant: datetime) -> datetime:
    """Cut `instant` to what the wire can say."""
    utc = instant.astimezone(timezone.utc)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def to_wire(instant: datetime) -> str:
    """Write an instant in UTC as every example does (docs/api.md, Operations, "On the wire")."""
    return f"{instant.isoformat(timespec='milliseconds')[:23]}Z"


def from_wire(text: str) -> datetime:
    """Read an ISO date-time with an offset; `ValueError` when it is none."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time")
    day, clock, fraction, offset = match.groups()
    # Spelled out, because Python 3.10 reads neither `Z` nor a fraction of odd length.
    milliseconds = ((fraction or "") + "000")[:3]
    offset = "+00:00" if offset == "Z" else offset
    try:
        instant = datetime.fromisoformat(f"{day}T{clock}.{milliseconds}{offset}")
        return instant.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("out of range") from None
