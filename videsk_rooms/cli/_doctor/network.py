"""From the name of the host to its certificate, a step at a time."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from videsk_rooms.cli._output import describe_error, wire
from videsk_rooms.errors import ConfigurationError
from videsk_rooms.sync import Videsk

from .report import Finding, failed, note, ok, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videsk_rooms.cli._account import CommandContext

# What the client uses where nobody says otherwise.
DEFAULT_BASE_URL = "https://api.videsk.io"
_PATIENCE = 5.0
_DAYS_TO_RENEW = 14


@dataclass(frozen=True)
class Target:
    """Where connections go.

    Attributes:
        host: The name of the API's host.
        port: Its port.
        tls: Whether it is spoken to over TLS.
        proxy: The host and port to connect to in its place, if there is one.
        patience: How many seconds a step may take.
    """

    host: str
    port: int
    tls: bool
    proxy: tuple[str, int] | None
    patience: float

    @property
    def next_hop(self) -> tuple[str, int]:
        """The host and port that this machine itself connects to."""
        return self.proxy or (self.host, self.port)


def address(asked: CommandContext) -> Finding:
    """Report the configured address and where it comes from."""
    url, source = _url(asked)
    try:
        Videsk("unused", base_url=url).close()
    except ConfigurationError as error:
        found, _, remedy = describe_error(error).replace("base_url", source, 1).partition("; ")
        return failed("base URL", found, remedy or None)
    return ok("base URL", f"{url}, from {source}", url=url, source=source)


def goal_of(asked: CommandContext) -> Target:
    """Read where connections go, from an address that was found usable."""
    parts = urlsplit(_url(asked)[0])
    tls = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if tls else 80)
    used = _proxy_of_environment(parts.scheme, host) if asked.trust_env else None
    return Target(host, port, tls, used, min(asked.timeout, _PATIENCE))


def proxy(goal: Target, asked: CommandContext) -> Finding:
    """Report the proxy of the environment, and whether it is used."""
    try:
        Videsk("unused", base_url=_url(asked)[0], trust_env=asked.trust_env).close()
    except ConfigurationError as error:
        found, _, remedy = describe_error(error).partition("; ")
        return failed("proxy", found, remedy or None)
    named = _proxy_of_environment("https" if goal.tls else "http", goal.host)
    if named is None:
        return ok("proxy", "none in the environment for this host", used=False)
    where = f"{named[0]}:{named[1]}"
    if asked.trust_env:
        return ok("proxy", f"{where}, from the environment", used=True, proxy=where)
    return note(
        "proxy",
        f"{where} is in the environment, and not used",
        "if nothing leads to the API without it, use it: --trust-env here; in code, proxy= or "
        "trust_env=True",
        used=False,
        proxy=where,
    )


def look_up(goal: Target) -> Finding:
    """Look the host's name up."""
    host, port = goal.next_hop
    if _is_address(host):
        return skipped("DNS", f"{host} is an address already")
    started = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return failed(
            "DNS",
            f"{host} has no address here: {reason}",
            "see whether the name is right (--base-url), and whether this machine can look up "
            "others; where only a proxy can, name it (HTTPS_PROXY and --trust-env)",
        )
    took = time.monotonic() - started
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok("DNS", f"{host} is at {', '.join(addresses)}{_within(took)}", addresses=addresses)


def connect(goal: Target) -> Finding:
    """Connect to the host, or to the proxy."""
    host, port = goal.next_hop
    started = time.monotonic()
    try:
        with socket.create_connection((host, port), goal.patience) as connection:
            peer = connection.getpeername()[0]
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        return failed(
            "TCP",
            f"{host}, port {port} cannot be connected to: {reason}",
            "see whether the port is right (--base-url), whether it listens there, and whether a "
            "firewall lets it through; where only a proxy leads out, name it (HTTPS_PROXY and "
            "--trust-env)",
        )
    took = time.monotonic() - started
    return ok("TCP", f"connected to {peer}, port {port}{_within(took)}", seconds=round(took, 4))


def shake_hands(goal: Target) -> Finding:
    """Have the host show its certificate, and check it as the client does."""
    if not goal.tls:
        return skipped("TLS", "not applicable: plain http on this machine")
    if goal.proxy is not None:
        return skipped("TLS", "behind the proxy; the call below shows whether it works")
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((goal.host, goal.port), goal.patience) as connection,
            context.wrap_socket(connection, server_hostname=goal.host) as secured,
        ):
            certificate, version = secured.getpeercert() or {}, secured.version()
    except ssl.SSLCertVerificationError as error:
        return failed(
            "TLS",
            f"the certificate of {goal.host} is refused: {error.verify_message}",
            "see whether the name (--base-url) and this machine's clock are right; where a proxy "
            "puts a certificate of its own in between, name its authority in SSL_CERT_FILE",
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        return failed(
            "TLS",
            f"no TLS with {goal.host}, port {goal.port}: {reason}",
            "see whether that port speaks https (--base-url), and what stands in between",
        )
    return _judged(certificate, version)


CHECKS: dict[Callable[[Target], Finding], str] = {
    look_up: "DNS",
    connect: "TCP",
    shake_hands: "TLS",
}


def _judged(certificate: Mapping[str, object], version: str | None) -> Finding:
    ends = datetime.fromtimestamp(
        ssl.cert_time_to_seconds(str(certificate["notAfter"])), timezone.utc
    )
    days = (ends - datetime.now(timezone.utc)).days
    found = f"{version}; the certificate is good for {days} more days"
    data = {"version": version, "not_after": wire(ends), "days_left": days}
    if days < _DAYS_TO_RENEW:
        return note("TLS", found, "whoever runs that host has to renew it", **data)
    return ok("TLS", found, **data)


def _url(asked: CommandContext) -> tuple[str, str]:
    if asked.base_url is not None:
        return asked.base_url, "--base-url"
    if url := os.environ.get("VIDESK_BASE_URL"):
        return url, "VIDESK_BASE_URL"
    return DEFAULT_BASE_URL, "the package"


def _proxy_of_environment(scheme: str, host: str) -> tuple[str, int] | None:
    """Find the proxy for a host, as aiohttp does; without its password."""
    proxies = getproxies()
    url = proxies.get(scheme)
    if not url or proxy_bypass(host):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _within(seconds: float) -> str:
    return f" ({seconds * 1000:.0f} ms)"
