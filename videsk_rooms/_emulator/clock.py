"""The sandbox's clock, and the date-time format of the API."""

from __future__ import annotations

import re
import sys
import time
from datetime import datetime, timedelta, timezone

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)
# A year before the last instant of Python's datetime, so that `exp` and UTC offsets still fit.
_END = datetime(9999, 1, 1, tzinfo=timezone.utc)


# freezegun replaces these functions in modules, but not in a tuple. If time is already frozen when
# this module is imported, freezegun has the real ones.
_FREEZEGUN = sys.modules.get("freezegun.api")
_REAL = (
    getattr(_FREEZEGUN, "real_monotonic", time.monotonic),
    getattr(_FREEZEGUN, "real_time", time.time),
)


def monotonic() -> float:
    """Return monotonic seconds that keep running while a test freezes time."""
    seconds: float = _REAL[0]()
    return seconds


def is_wall_time_set() -> bool:
    """Return whether freezegun or time-machine controls the wall clock."""
    time_machine = sys.modules.get("time_machine")
    is_travelling = time_machine is not None and time_machine.escape_hatch.is_travelling()
    return is_travelling or time.time is not _REAL[1]


class Clock:
    """A clock that runs by itself, and can be moved forward and reset to the machine's time.

    While freezegun or time-machine controls the wall clock, this clock follows it, because the
    code under test does too.
    """

    def __init__(self) -> None:
        # The wall clock is read once, so that a correction of it cannot turn this clock back.
        self._origin = datetime.fromtimestamp(_REAL[1](), timezone.utc) - timedelta(
            seconds=monotonic()
        )
        self._moved = 0.0
        self._skipped = 0.0

    def seconds(self) -> float:
        """Monotonic seconds, including all skipped time; `reset` does not turn them back."""
        return monotonic() + self._skipped

    @property
    def offset(self) -> float:
        """Seconds that this clock is ahead of the machine's."""
        return self._moved

    def now(self) -> datetime:
        """The current time, in UTC."""
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
        """Reset the clock to the machine's time."""
        self._moved = 0.0


def to_milliseconds(instant: datetime) -> datetime:
    """Truncate `instant` to milliseconds, the precision of the API."""
    utc = instant.astimezone(timezone.utc)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def to_wire(instant: datetime) -> str:
    """Format an instant in UTC like the API's examples (docs/api.md, Operations, "On the wire")."""
    return f"{instant.isoformat(timespec='milliseconds')[:23]}Z"


def from_wire(text: str) -> datetime:
    """Parse an ISO date-time with an offset; raise `ValueError` if it is not one."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time")
    day, clock, fraction, offset = match.groups()
    # Parsed by hand, because Python 3.10 accepts neither `Z` nor a fraction of odd length.
    milliseconds = ((fraction or "") + "000")[:3]
    offset = "+00:00" if offset == "Z" else offset
    try:
        instant = datetime.fromisoformat(f"{day}T{clock}.{milliseconds}{offset}")
        return instant.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("out of range") from None
