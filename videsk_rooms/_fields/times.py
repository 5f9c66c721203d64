"""Date-times as the API writes them."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timezone

UTC = timezone.utc
_from_iso = datetime.fromisoformat

# `fromisoformat` differs between Python versions: some accept all digits, a date alone, or any
# letter between the two. So the format is checked here. It is that of RFC 3339, and seconds and
# zone may be left out, as in ISO 8601.
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d)(?:[.,](\d+))?)?"
    r"(?:([Zz])|([+-](?:[01]\d|2[0-3])):?([0-5]\d)?)?",
    re.ASCII,
)
# The documented form, "2042-08-14T18:00:00.000Z": where its signs stand. Between them CPython takes
# nothing but ASCII digits from 3.11 on, and 24 hours from 3.14 on. PyPy takes the digits of any
# script.
_SIGNS, _SIGNS_AT, _Z_AT = "--T::.", slice(4, 20, 3), slice(23, None)
_READS_Z, _READS_24 = sys.version_info >= (3, 11), sys.version_info >= (3, 14)


def read_time(text: str) -> datetime:
    """Read a date-time as UTC, which every documented time is.

    Raises:
        TypeError: It is not a string.
        ValueError: It has another form, or there is no such time.
        OverflowError: No `datetime` reaches so far.
    """
    if (
        text[_SIGNS_AT] == _SIGNS
        and text[_Z_AT] == "Z"
        and _READS_Z
        and text.isascii()
        and not (_READS_24 and text[11:13] == "24")
    ):
        return _from_iso(text)
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        raise ValueError
    date, minute, second, fraction, utc, hours, minutes = match.groups()
    offset = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
    moment = _from_iso(f"{date}T{minute}:{second or '00'}.{(fraction or '')[:6]:0<6}{offset}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def wire_time(moment: datetime) -> str:
    """Write a UTC date-time as every example of the documentation does: milliseconds and Z."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
