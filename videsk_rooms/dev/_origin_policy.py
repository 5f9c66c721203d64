"""Checks the headers `Host` and `Origin` of requests.

A page of another site can send requests to this machine; `Origin` then names that site. It can also
resolve its own domain to this machine's address (DNS rebinding); `Host` then names that domain.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING

from videsk_rooms._emulator.errors import RefusedError

if TYPE_CHECKING:
    from aiohttp import web

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)
_ORIGIN = re.compile(r"https?://(?P<host>[^/?#\s]+)", re.ASCII)


class OriginPolicy:
    """Refuses requests with a foreign `Host`, or from pages of another origin."""

    def __init__(self, host: str) -> None:
        self._names = {"localhost", host.lower()}
        address = _address(host)
        self._everywhere = address is not None and address.is_unspecified
        if self._everywhere:
            self._names.add(socket.gethostname().lower())

    def check_host(self, request: web.BaseRequest) -> None:
        """Refuse a request whose `Host` is not ours.

        Raises:
            RefusedError: With 403.
        """
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise RefusedError(
                403, "this Host is not served; use localhost, 127.0.0.1, or the one given as host"
            )

    def check_same_origin(self, request: web.BaseRequest) -> None:
        """Refuse a request from a page of another origin. Call `check_host` first.

        Raises:
            RefusedError: With 403.
        """
        origins = request.headers.getall("Origin", [])
        own = f"http://{request.headers['Host']}".lower()
        # For mere loads browsers send no Origin, but Sec-Fetch-Site.
        site = request.headers.get("Sec-Fetch-Site", "none")
        if any(origin.lower() != own for origin in origins) or site not in ("same-origin", "none"):
            raise RefusedError(403, "only pages of this server may ask for this")

    def check_page(self, request: web.BaseRequest) -> None:
        """Refuse a load by a page of another origin, but not a link from it.

        Raises:
            RefusedError: With 403.
        """
        if request.headers.get("Sec-Fetch-Mode") != "navigate" or "Origin" in request.headers:
            self.check_same_origin(request)

    def check_local_origin(self, request: web.BaseRequest) -> dict[str, str]:
        """Refuse a request from a page that is not on this machine.

        Returns:
            The headers that allow a page on another port to read the response.

        Raises:
            RefusedError: With 403.
        """
        origins = request.headers.getall("Origin", [])
        if not origins:
            return {}
        match = _ORIGIN.fullmatch(origins[0])
        if len(origins) != 1 or match is None or not self._is_ours(match["host"]):
            raise RefusedError(403, "only pages of this machine may ask for this")
        return {"Access-Control-Allow-Origin": origins[0]}

    def _is_ours(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["name"].strip("[]").lower()
        address = _address(name)
        if address is None:
            return name in self._names
        # DNS rebinding needs a domain name, so an address is safe.
        return address.is_loopback or self._everywhere or name in self._names


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
