"""Times as people type and read them: from now, or in their own zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import typer

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_FROM_NOW = re.compile(
    r"(?=.)(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?"
)
_POINT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?P<part>\.[0-9]{1,6})?\s?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_RIGHT = (
    "give a time from now, such as 2h, 90m, 3d or 1h30m, or a date and time, such as "
    "'2026-12-24 16:00' in your own zone or 2026-12-24T16:00Z"
)


def moment(text: str) -> datetime:
    """Read a point in time, for typer: `now`, `1h30m`, `2026-12-24 16:00`, with an offset or `Z`.

    Raises:
        BadParameter: It is none, or the clocks of this zone show it twice or never.
    """
    if text == "now":
        return datetime.now(timezone.utc)
    from_now, point = _FROM_NOW.fullmatch(text), _POINT.fullmatch(text)
    try:
        if from_now is not None:
            counts = zip(_UNITS.values(), from_now.groups(), strict=True)
            ahead = timedelta(**{unit: int(count) for unit, count in counts if count})
            return datetime.now(timezone.utc) + ahead
        if point is not None:
            return _on_the_clock(text, point)
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f"{text!r} is no time that there is; {_RIGHT}") from None
    raise typer.BadParameter(f"{text!r} is no time; {_RIGHT}")


def _on_the_clock(text: str, point: re.Match[str]) -> datetime:
    # Apart from the rest, because before Python 3.11 it would have to have 3 digits or 6.
    part = timedelta(seconds=float(point["part"] or 0))
    shown = datetime.fromisoformat(f"{point['day']} {point['time']}") + part
    zone = (point["zone"] or "").upper()
    if zone == "Z":
        return shown.replace(tzinfo=timezone.utc)
    if zone:
        return shown.replace(tzinfo=_offset(zone)).astimezone(timezone.utc)
    earlier, later = (shown.replace(fold=fold).astimezone() for fold in (0, 1))
    if earlier.utcoffset() == later.utcoffset():
        return earlier.astimezone(timezone.utc)
    # Refused and not chosen: an hour too early or too late is a meeting missed.
    if earlier.astimezone(timezone.utc).astimezone().replace(tzinfo=None) == shown:
        what = "comes twice, because clocks are set back then"
        which = f"{_written(earlier)} or {_written(later)}"
    else:
        what = "does not come, because clocks are set forward then"
        both = sorted(each.astimezone(timezone.utc) for each in (earlier, later))
        which = " or ".join(_written(each) for each in both)
    raise typer.BadParameter(f"{text!r} {what} in this zone; say which is meant: {which}")


def _offset(zone: str) -> timezone:
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if minutes > 59:
        raise ValueError(zone)
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if zone[0] == "-" else ahead)


def _written(moment: datetime) -> str:
    """Write a time as it may be typed."""
    return f"{moment:%Y-%m-%dT%H:%M}{_shown_offset(moment)}"


def wire(moment: datetime) -> str:
    """Write a time as the API does, in UTC (docs/api.md, "On the wire")."""
    utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def local(moment: datetime) -> str:
    """Write a time in the zone of whoever reads it, to the minute."""
    return f"{_here(moment):%Y-%m-%d %H:%M}"


def local_in_full(moment: datetime, now: datetime) -> str:
    """Write a time with its offset, and how far it is from now."""
    here = _here(moment)
    return f"{here:%Y-%m-%d %H:%M:%S} {_shown_offset(here)} ({distance(moment - now)})"


def distance(apart: timedelta) -> str:
    """Say how far ahead or past something is, in its two largest units."""
    seconds = round(abs(apart.total_seconds()))
    if seconds >= 3_600:  # an hour that was typed a moment ago is an hour, and not 59 min 59 s
        unit = 60 if seconds < 86_400 else 3_600
        seconds = round(seconds / unit) * unit
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    counts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((place for place, (count, _) in enumerate(counts) if count), None)
    if first is None:
        return "now"
    words = " ".join(f"{count} {unit}" for count, unit in counts[first : first + 2] if count)
    return f"in {words}" if apart > timedelta() else f"{words} ago"


def _here(moment: datetime) -> datetime:
    try:
        return moment.astimezone()
    except (OverflowError, ValueError, OSError):  # at the ends of the calendar; before 1970 there
        return moment


def _shown_offset(moment: datetime) -> str:
    offset = f"{moment:%z}"
    return "Z" if offset in {"", "+0000"} else f"{offset[:3]}:{offset[3:5]}"
