"""What a client is set up with, checked when it is made."""

from __future__ import annotations

import ipaddress
import math
import os
from urllib.parse import urlsplit

import attrs

from .errors import ConfigurationError

__all__ = ["Timeout", "checked_base_url", "checked_timeout"]

DEFAULT_BASE_URL = "https://api.videsk.io"


def _seconds(_: object, field: attrs.Attribute[float], value: object) -> None:
    if value is None:
        return
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value <= 0
    ):
        text = f"Timeout.{field.name}={value!r}: give seconds above 0, or None for no bound"
        raise ConfigurationError(text)


@attrs.frozen
class Timeout:
    """How long a call may take, in seconds; `None` lifts a bound.

    Attributes:
        total: The whole call: waiting for a connection, every attempt, every pause between them.
        attempt: One attempt, from waiting for a connection to the last byte of the answer.
        connect: Making a connection, within the attempt.

    Raises:
        ConfigurationError: A bound is not a number above 0.

    Example:
        ```python
        from videsk_rooms import AsyncVidesk, Timeout

        videsk = AsyncVidesk(timeout=Timeout(total=20.0, attempt=5.0))
        ```
    """

    total: float | None = attrs.field(default=30.0, validator=_seconds)
    attempt: float | None = attrs.field(default=10.0, validator=_seconds)
    connect: float | None = attrs.field(default=5.0, validator=_seconds)


def checked_timeout(value: Timeout | float | None) -> Timeout:
    """Turn what a caller gave into a `Timeout`: seconds are the total, `None` lifts every bound."""
    if isinstance(value, Timeout):
        return value
    if value is None:
        return Timeout(total=None, attempt=None, connect=None)
    return Timeout(total=value)


def checked_base_url(value: str | None) -> str:
    """Choose and check where the API is; without a slash at the end."""
    source = "base_url"
    if value is None:
        value, source = os.environ.get("VIDESK_BASE_URL") or DEFAULT_BASE_URL, "VIDESK_BASE_URL"
    right = "give a URL such as 'https://api.videsk.io'"
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(f"{source} cannot be read; {right}") from None
    if parts.username is not None or parts.password is not None:
        # Not shown: it holds a password.
        raise ConfigurationError(f"{source} holds a user or password; {right}, without either")
    if not host or parts.scheme not in {"http", "https"} or not value.isascii():
        raise ConfigurationError(f"{source}={value!r}: {right}")
    if parts.query or parts.fragment or any(sign.isspace() for sign in value):
        raise ConfigurationError(f"{source}={value!r}: {right}, without query and fragment")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            f"{source}={value!r} would send the token unencrypted; use https, "
            "or http towards this machine only (127.0.0.1, localhost)"
        )
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
