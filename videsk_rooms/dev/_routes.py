"""Routes requests below `/dev/v1` to their endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from videsk_rooms._emulator.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web

    Endpoint = Callable[..., Awaitable[web.StreamResponse]]

PREFIX = "/dev/v1"
# Ids of rooms and numbers of requests, which need no percent-encoding.
_ID = "([0-9A-Za-z_-]{1,100})"


class Routes:
    """The endpoints, by path and method; an endpoint gets the `{}` of its path as a string."""

    def __init__(self, endpoints: Mapping[str, Mapping[str, Endpoint]]) -> None:
        self._endpoints = [
            (re.compile(re.escape(path).replace(r"\{\}", _ID), re.ASCII), methods)
            for path, methods in endpoints.items()
        ]

    async def answer(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Handle a request with its endpoint.

        Raises:
            RefusedError: There is no such endpoint, or it refuses the request.
        """
        below = path.removeprefix(PREFIX) if path.startswith(f"{PREFIX}/") else ""
        for pattern, methods in self._endpoints:
            match = pattern.fullmatch(below)
            if match is None:
                continue
            endpoint = methods.get(request.method)
            if endpoint is None:
                raise RefusedError(405, f"send {' or '.join(methods)} to this path")
            return await endpoint(request, *match.groups())
        raise RefusedError(404, f"there is no such path below {PREFIX}")
