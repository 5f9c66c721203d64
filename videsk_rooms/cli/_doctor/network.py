"""Checks the network path to the API step by step: address, proxy, DNS, TCP, TLS."""

from __future__ import annotations

import os
import socket
import ssl
import time
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from videsk_rooms.cli._output import wire
from videsk_rooms.cli._params import ip_of, is_this_machine
from videsk_rooms.errors import ConfigurationError
from videsk_rooms.sync import Videsk

from .report import Finding, Report, failed, note, ok, refused, skipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms.cli._account import CommandContext

# The client's default.
DEFAULT_BASE_URL = "https://api.videsk.io"
_TIMEOUT = 5.0
_DAYS_TO_RENEW = 14
_CHECK_PROXY = (
    "check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or give --no-trust-env to ignore "
    "it"
)


def address(context: CommandContext) -> Finding:
    """Report the configured address and its source."""
    url, source = _url(context)
    try:
        Videsk("unused", base_url=url, trust_env=False).close()
    except ConfigurationError as error:
        return refused("base URL", error, "base_url", source)
    return ok("base URL", f"{url}, from {source}", url=url, source=source)


def check_way(report: Report, context: CommandContext) -> bool:
    """Report each step to a valid address; return whether all succeeded."""
    url = _url(context)[0]
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    api = (parts.hostname or "", parts.port or (443 if tls else 80))
    proxy = _proxy_of_environment(parts.scheme, api[0])
    reached = report.add(_proxy(url, proxy, is_used=not context.no_trust_env))
    # The endpoint that this machine connects to.
    next_hop = api if proxy is None or context.no_trust_env else proxy
    timeout = min(context.timeout, _TIMEOUT)
    steps = {
        "DNS": partial(_look_up, *next_hop),
        "TCP": partial(_connect, *next_hop, timeout),
        "TLS": partial(_shake_hands, *api, timeout),
    }
    if not tls:
        steps["TLS"] = partial(skipped, "TLS", "not applicable: plain http")
    elif next_hop != api:
        behind = "behind the proxy; the call below shows whether it works"
        steps["TLS"] = partial(skipped, "TLS", behind)
    for check, step in steps.items():
        finding = step() if reached else skipped(check, "an earlier step failed")
        if finding.status == "failed" and next_hop != api:
            finding = replace(finding, remedy=_CHECK_PROXY)
        reached = report.add(finding) and reached
    return reached


def _proxy(url: str, named: tuple[str, int] | None, *, is_used: bool) -> Finding:
    """Report the proxy of the environment, and whether it is used."""
    try:
        Videsk("unused", base_url=url, trust_env=is_used).close()
    except ConfigurationError as error:
        return refused("proxy", error)
    if named is None:
        return ok("proxy", "none in the environment for this host", used=False)
    where = f"{named[0]}:{named[1]}"
    if is_used:
        return ok("proxy", f"{where}, from the environment", used=True, proxy=where)
    return note(
        "proxy",
        f"{where} is in the environment, but not used",
        "if the API is only reachable through it, leave out --no-trust-env",
        used=False,
        proxy=where,
    )


def _look_up(host: str, port: int) -> Finding:
    """Look up the host's name."""
    if ip_of(host) is not None:
        return skipped("DNS", f"{host} is an IP address already")
    started = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return failed(
            "DNS",
            f"{host} cannot be resolved: {reason}",
            "check the name (--base-url), and whether this machine can resolve others; if only "
            "a proxy can, set it (HTTPS_PROXY)",
        )
    took = time.monotonic() - started
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok("DNS", f"{host} is at {', '.join(addresses)}{_within(took)}", addresses=addresses)


def _connect(host: str, port: int, timeout: float) -> Finding:
    """Connect to the host, or to the proxy."""
    started = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout) as connection:
            peer = connection.getpeername()[0]
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        return failed(
            "TCP",
            f"no connection to {host}, port {port}: {reason}",
            "check the port (--base-url), whether a server listens there, and the firewall; if "
            "only a proxy has access, set it (HTTPS_PROXY)",
        )
    took = time.monotonic() - started
    return ok("TCP", f"connected to {peer}, port {port}{_within(took)}", seconds=round(took, 4))


def _shake_hands(host: str, port: int, timeout: float) -> Finding:
    """Check the host's certificate as the client does."""
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), timeout) as connection,
            context.wrap_socket(connection, server_hostname=host) as secured,
        ):
            certificate, version = secured.getpeercert() or {}, secured.version()
    except ssl.SSLCertVerificationError as error:
        return failed(
            "TLS",
            f"the certificate of {host} is refused: {error.verify_message}",
            "check the name (--base-url) and this machine's clock; if a proxy presents its own "
            "certificate, set its authority in SSL_CERT_FILE",
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        return failed(
            "TLS",
            f"no TLS with {host}, port {port}: {reason}",
            "check whether that port serves https (--base-url), and any proxy in between",
        )
    return _judged(certificate, version)


def _judged(certificate: Mapping[str, object], version: str | None) -> Finding:
    ends = datetime.fromtimestamp(
        ssl.cert_time_to_seconds(str(certificate["notAfter"])), timezone.utc
    )
    days = (ends - datetime.now(timezone.utc)).days
    found = f"{version}; the certificate is valid for {days} more days"
    data = {"version": version, "not_after": wire(ends), "days_left": days}
    if days < _DAYS_TO_RENEW:
        return note("TLS", found, "ask the host's administrator to renew it", **data)
    return ok("TLS", found, **data)


def _url(context: CommandContext) -> tuple[str, str]:
    if context.base_url is not None:
        return context.base_url, "--base-url"
    if url := os.environ.get("VIDESK_BASE_URL"):
        return url, "VIDESK_BASE_URL"
    return DEFAULT_BASE_URL, "the package"


def _proxy_of_environment(scheme: str, host: str) -> tuple[str, int] | None:
    """Return the host and port of the proxy for a host, as a client finds it."""
    proxies = getproxies()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or is_this_machine(host) or proxy_bypass(host):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None


def _within(seconds: float) -> str:
    return f" ({seconds * 1000:.0f} ms)"
