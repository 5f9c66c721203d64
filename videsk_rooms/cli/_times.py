"""Parses and formats times for people."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

import typer

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_FROM_NOW = re.compile(
    r"(?=[0-9])(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?( ago)?"
)
_DATE_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?P<part>\.[0-9]{1,6})?\s?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_USAGE = (
    "give a time from now, such as 2h, 90m, 3d or 1h30m, or a date and time, such as "
    "'2026-12-24 16:00' local or 2026-12-24T16:00Z"
)
_DAYS_AHEAD = {"yesterday": -1, "today": 0, "tomorrow": 1}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_USAGE = (
    "give a day, such as yesterday, today or 2026-12-24, or a time, such as '24h ago', "
    "'2026-12-24 16:00' local or 2026-12-24T16:00Z"
)


def moment(text: str, *, usage: str = _USAGE) -> datetime:
    """Parse a point in time: `now`, `1h30m`, `2h ago`, `2026-12-24 16:00`, with an offset or `Z`.

    Args:
        text: The value.
        usage: The valid formats, for the error message.

    Raises:
        BadParameter: The text is invalid, or a local time that occurs twice or never because
            clocks change.
    """
    if text == "now":
        return datetime.now(timezone.utc)
    from_now, point = _FROM_NOW.fullmatch(text), _DATE_TIME.fullmatch(text)
    try:
        if from_now is not None:
            *counts, ago = from_now.groups()
            units = zip(_UNITS.values(), counts, strict=True)
            apart = timedelta(**{unit: int(count) for unit, count in units if count})
            return datetime.now(timezone.utc) + (-apart if ago else apart)
        if point is not None:
            return _on_the_clock(text, point)
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f"{text!r} is not a valid date/time; {usage}") from None
    raise typer.BadParameter(f"{text!r} is not a time; {usage}")


def start_or_moment(text: str) -> datetime:
    """Parse a point in time, or a day, which means its start in the local zone.

    Raises:
        BadParameter: The text is neither.
    """
    try:
        if text in _DAYS_AHEAD:
            # A calendar day, because a day on which clocks change has 23 or 25 hours.
            return _start_of(date.today() + timedelta(days=_DAYS_AHEAD[text]))  # noqa: DTZ011
        if _DATE.fullmatch(text):
            return _start_of(date.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f"{text!r} is not a valid date; {_DAY_USAGE}") from None
    return moment(text, usage=_DAY_USAGE)


def _on_the_clock(text: str, point: re.Match[str]) -> datetime:
    # Added separately, because before Python 3.11 fromisoformat() only takes 3 or 6 digits.
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
    # Refused, because a guess that is an hour off is a missed meeting.
    if earlier.astimezone(timezone.utc).astimezone().replace(tzinfo=None) == shown:
        what, choices = "occurs twice here, because clocks are set back then", [earlier, later]
    else:
        what = "does not occur here, because clocks are set forward then"
        choices = sorted(each.astimezone(timezone.utc) for each in (earlier, later))
    which = " or ".join(f"{each:%Y-%m-%dT%H:%M}{_shown_offset(each)}" for each in choices)
    raise typer.BadParameter(f"{text!r} {what}; give the one that you mean: {which}")


def _offset(zone: str) -> timezone:
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if minutes > 59:
        raise ValueError(zone)
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if zone[0] == "-" else ahead)


def _start_of(day: date) -> datetime:
    # If clocks change at midnight, it occurs twice or never, and Python 3.10 reads it differently
    # from later versions. The day then begins at its first full hour.
    midnight = datetime.combine(day, time.min).astimezone(timezone.utc)
    hours = (midnight + timedelta(hours=number) for number in range(-1, 3))
    # A zone that crosses the date line may skip a day.
    return next((hour for hour in hours if hour.astimezone().date() == day), midnight)


def local(moment: datetime) -> str:
    """Format a time in the local zone, to the minute."""
    return f"{_here(moment):%Y-%m-%d %H:%M}"


def local_in_full(moment: datetime, now: datetime) -> str:
    """Format a time with its offset, and its distance from now."""
    here = _here(moment)
    return f"{here:%Y-%m-%d %H:%M:%S} {_shown_offset(here)} ({distance(moment - now)})"


def distance(apart: timedelta) -> str:
    """Format a duration in its two largest units: `in 2 h 5 min`, `3 d ago`."""
    seconds = round(abs(apart.total_seconds()))
    if seconds >= 600:  # an hour typed a moment ago is 1 h, and not 59 min 59 s
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
    except (OverflowError, ValueError, OSError):  # at the calendar's ends; before 1970 on Windows
        return moment


def _shown_offset(moment: datetime) -> str:
    offset = f"{moment:%z}"
    return "Z" if offset in {"", "+0000"} else f"{offset[:3]}:{offset[3:5]}"
