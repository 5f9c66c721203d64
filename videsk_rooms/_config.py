"""The options of a client, checked when it is created."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import attrs

from .errors import ConfigurationError

__all__ = ["RateLimit", "Retry", "Timeout"]

Priority: TypeAlias = Literal["interactive", "background"]
"""Whose requests go first while the rate limit is used up."""

_PRIORITIES: tuple[Priority, ...] = get_args(Priority)

_SWITCH = {"": False, "0": False, "false": False, "1": True, "true": True}

DEFAULT_BASE_URL = "https://api.videsk.io"
_MOST_REQUESTS = 10_000
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")


def _is_seconds(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= sys.float_info.max


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _refuse_unless(
    fits: Callable[[Any], bool], remedy: str
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Make a validator that names the option and shows its value."""

    def check(options: object, field: attrs.Attribute[Any], value: object) -> None:
        if not fits(value):
            name = f"{type(options).__name__}.{field.name}"
            raise ConfigurationError(f"{name}={value!r}: {remedy}")

    return check


_bound = _refuse_unless(
    lambda value: value is None or (_is_seconds(value) and value > 0),
    "give seconds above 0, or None for no bound",
)
_pause = _refuse_unless(_is_seconds, "give seconds, 0 or more")
_attempts = _refuse_unless(_is_count, "give the number of attempts in all; 1 never retries")
_requests = _refuse_unless(
    lambda value: _is_count(value) and value <= _MOST_REQUESTS,
    f"give a whole number from 1 to {_MOST_REQUESTS:,}; rate_limit=None switches the limit off",
)
_at_most = _refuse_unless(
    lambda value: value is None or (_is_count(value) and value <= _MOST_REQUESTS),
    f"give a whole number from 1 to {_MOST_REQUESTS:,}, or None for no ceiling",
)
_period = _refuse_unless(lambda value: _is_seconds(value) and value > 0, "give seconds above 0")


def _shared(_: object, field: attrs.Attribute[str | None], value: object) -> None:
    if value is None:
        return
    remedy = "give 'file:/a/path' for this machine, or 'redis://host:6379/0' for all machines"
    if not isinstance(value, str):
        raise ConfigurationError(f"RateLimit.{field.name} is a {type(value).__name__}; {remedy}")
    scheme, found, rest = value.partition(":")
    # The value is not shown: a Redis URL may hold a password.
    if not found or scheme not in {"file", "redis", "rediss"} or not rest.strip("/"):
        raise ConfigurationError(f"RateLimit.{field.name} cannot be read; {remedy}")


@attrs.frozen
class Timeout:
    """The time limits of a call, in seconds. `None`: no limit.

    Attributes:
        total: The whole call: the rate limit's queue, waiting for a connection, all attempts, and
            the pauses between them.
        attempt: One attempt, from waiting for a connection to the last byte of the response.
        connect: Making a connection, within the attempt: looking up the host, all its addresses, a
            proxy, TLS. With your `session`, aiohttp counts each address separately.

    Raises:
        ConfigurationError: A bound is not a number above 0.

    Example:
        ```python
        from videsk_rooms import AsyncVidesk, Timeout

        videsk = AsyncVidesk(timeout=Timeout(total=20.0, attempt=5.0))
        ```
    """

    total: float | None = attrs.field(default=30.0, validator=_bound)
    attempt: float | None = attrs.field(default=10.0, validator=_bound)
    connect: float | None = attrs.field(default=5.0, validator=_bound)


@attrs.frozen
class Retry:
    """How often a call is retried, and after which pauses.

    The backoff is exponential with full jitter: each delay is random, between 0 and a bound that
    starts at `base_delay` and doubles up to `max_delay`.

    Attributes:
        attempts: The maximum number of attempts; 1 never retries.
        base_delay: Upper bound of the first delay, in seconds.
        max_delay: Upper bound of the backoff, in seconds.
        max_retry_after: The longest `Retry-After` to wait for, in seconds. If the server asks for
            more, its error is raised immediately, with `retry_after`.

    Raises:
        ConfigurationError: A number is out of range.

    Example:
        ```python
        from videsk_rooms import AsyncVidesk, Retry

        videsk = AsyncVidesk(retry=Retry(attempts=6, max_delay=20.0))
        ```
    """

    attempts: int = attrs.field(default=4, validator=_attempts)
    base_delay: float = attrs.field(default=0.25, validator=_pause)
    max_delay: float = attrs.field(default=8.0, validator=_pause)
    max_retry_after: float = attrs.field(default=60.0, validator=_pause)


@attrs.frozen
class RateLimit:
    """The maximum rate of requests, and who shares it.

    Attributes:
        requests: Requests per window, 1 to 10,000. A `Ratelimit-Limit` of the server overrides it,
            within bounds: 1 to 10,000 requests, at least one a minute.
        per: The window, in seconds.
        shared: `None`: all clients of this process that use the same account.
            `"file:/path"`: all processes of this machine that name the same file.
            `"redis://host:6379/0"`: all machines that name the same server, for the same API token
            (extra `redis`). No repr shows it, because it may contain a password. A client's pickle
            contains it only with `secrets_in_pickles`.
        at_most: A cap for this client and its views: requests per window, 1 to 10,000, even if the
            server allows more. `None`: no cap.

    Raises:
        ConfigurationError: A number is out of range, or `shared` cannot be read.

    Example:
        ```python
        from videsk_rooms import RateLimit, Videsk

        videsk = Videsk(rate_limit=RateLimit(requests=50))
        ```
    """

    requests: int = attrs.field(default=20, validator=_requests)
    per: float = attrs.field(default=1.0, validator=_period)
    shared: str | None = attrs.field(default=None, validator=_shared, repr=False)
    at_most: int | None = attrs.field(default=None, validator=_at_most)


def checked_retry(value: object) -> Retry:
    """Return the value if it is a `Retry`; refuse any other."""
    if not isinstance(value, Retry):
        raise ConfigurationError(f"retry={value!r}: give a Retry; Retry(attempts=1) never retries")
    return value


def checked_rate_limit(value: object) -> RateLimit | None:
    """Return the value if it is a `RateLimit` or `None`; refuse any other."""
    if value is not None and not isinstance(value, RateLimit):
        raise ConfigurationError(
            f"rate_limit={value!r}: give a RateLimit, such as RateLimit(requests=20), or None"
        )
    return value


def checked_timeout(value: Timeout | float | None) -> Timeout:
    """Return a `Timeout`: a number is the total in seconds, `None` lifts every bound."""
    if isinstance(value, Timeout):
        return value
    if value is None:
        return Timeout(total=None, attempt=None, connect=None)
    return Timeout(total=value)


def checked_priority(value: object) -> Priority:
    """Return a priority; refuse any other value."""
    if isinstance(value, str) and value in _PRIORITIES:
        return value
    raise ConfigurationError(
        f"priority={value!r}: give 'interactive' where somebody waits for the call, or "
        "'background' where nobody does"
    )


def checked_secrets_in_pickles(value: object) -> bool:
    """Return a boolean; refuse any other value, so that nobody allows it by mistake."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"secrets_in_pickles={value!r}: give True or False")
    return value


def checked_allow_http(value: object) -> bool:
    """Return whether plain http may leave this machine; `None`: as `VIDESK_ALLOW_HTTP` says."""
    source: str = "allow_http"
    if value is None:
        value, source = os.environ.get("VIDESK_ALLOW_HTTP", ""), "VIDESK_ALLOW_HTTP"
        if value in _SWITCH:
            return _SWITCH[value]
    elif isinstance(value, bool):
        return value
    right = "'1' or '0'" if source.isupper() else "True or False"
    raise ConfigurationError(
        f"{source}={value!r}: give {right}; it allows sending the token unencrypted"
    )


def checked_base_url(value: object, *, allow_http: bool = False) -> str:
    """Choose and check the API's URL; return it in aiohttp's spelling, without a final slash.

    The spelling matters: the token goes to this origin only, and aiohttp takes `http://LOCALHOST`
    and `http://localhost` for two origins.
    """
    source = "base_url"
    if value is None:
        value, source = os.environ.get("VIDESK_BASE_URL") or DEFAULT_BASE_URL, "VIDESK_BASE_URL"
    remedy = "give a URL such as 'https://api.videsk.io'"
    if not isinstance(value, str):
        raise ConfigurationError(f"{source} is a {type(value).__name__}; {remedy}")
    # Not shown if it may hold a password, which a misspelt URL may have anywhere.
    shown = f"{source}={value!r}" if "@" not in value else source
    try:
        parts = urlsplit(value)
        host = _spelled_host(parts.hostname or "", in_brackets="[" in parts.netloc)
        netloc = host if parts.port is None else f"{host}:{parts.port}"
    except ValueError:
        raise ConfigurationError(f"{shown} cannot be read; {remedy}") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{shown} holds a user or password; {remedy}, without either")
    if parts.scheme not in {"http", "https"} or not _VISIBLE.fullmatch(value):
        raise ConfigurationError(f"{shown}: {remedy}")
    if "?" in value or "#" in value:
        raise ConfigurationError(f"{shown}: {remedy}, without query and fragment")
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname or "")):
        raise ConfigurationError(
            f"{shown} would send the token unencrypted; use https, "
            "or http towards this machine only (127.0.0.1, localhost); in your own network, "
            "such as that of Docker Compose, give allow_http=True or set VIDESK_ALLOW_HTTP=1"
        )
    if re.search(r"(?i)/vpaas/rooms/*$", parts.path):
        raise ConfigurationError(
            f"{shown} ends in a path of the API, which the client adds itself; leave the path out"
        )
    return f"{parts.scheme}://{netloc}{parts.path}".rstrip("/")


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
# Headers that the client and aiohttp set themselves, in lower case.
_OWN_HEADERS = frozenset(
    {"connection", "content-length", "content-type", "host", "transfer-encoding"}
)


def checked_headers(value: object) -> dict[str, str]:
    """Check and copy the caller's headers. No error shows a value, because it may be a secret."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"headers is a {type(value).__name__}; give a mapping such as {{'X-Gateway-Key': '…'}}"
        )
    headers: dict[str, str] = {}
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError(f"headers: {name!r} is not the name of a header; correct it")
        if name.lower() == "authorization":
            raise ConfigurationError(
                "headers: Authorization is the API token's, and is sent to the API alone; give the "
                "token as api_token="
            )
        if name.lower() in _OWN_HEADERS:
            raise ConfigurationError(f"headers: {name} is set by the client; leave it out")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            raise ConfigurationError(
                f"headers: the value of {name} is not a string of printable ASCII; correct it"
            )
        headers[name] = text
    return headers


def checked_proxy(value: object) -> str | None:
    """Refuse an invalid proxy URL without showing it, because it may contain a password."""
    if value is None:
        return None
    remedy = "give a URL such as 'http://proxy.example:3128', or None"
    if not isinstance(value, str) or not is_url_of_proxy(value):
        raise ConfigurationError(f"proxy cannot be used; {remedy}")
    return value


def is_url_of_proxy(text: str) -> bool:
    """Return whether aiohttp accepts a text as a proxy URL."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # parsed only when it is read
    except ValueError:
        return False
    host = parts.hostname or ""
    # A non-ASCII host is left to aiohttp, which encodes it for the resolver.
    is_host = ":" in host or not host.isascii() or _HOST.fullmatch(host)
    return bool(is_host) and parts.scheme in {"http", "https"}


def _spelled_host(host: str, *, in_brackets: bool) -> str:
    """Return a host in its usual spelling; raise `ValueError` for an invalid one."""
    if in_brackets:
        return f"[{ipaddress.IPv6Address(host)}]"
    # The resolver would raise a UnicodeError for a label that is empty or too long.
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    return host


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
