"""`/dev/v1/requests` and `/dev/v1/limit`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms.dev._answers import answer, read_body, whole_number
from videsk_rooms.dev._calls import HEADER
from videsk_rooms.dev._history import SHOWN_BYTES
from videsk_rooms.dev._snippets import as_curl, as_python

if TYPE_CHECKING:
    from aiohttp import web

    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms.dev._history import ObservedRequest, RequestHistory
    from videsk_rooms.dev._masking import Masking
    from videsk_rooms.dev._request_counts import RequestCounts

MAX_PAGE = 1000
_MAX_REPLAYS = 16
_REPLAY_SECONDS = 60.0
# A replay arrives within milliseconds, unless the machine is very busy.
_ARRIVAL_SECONDS = 10.0
_NOT_REPLAYED = frozenset(
    {
        "authorization",
        "connection",
        "content-encoding",  # the body is kept uncompressed
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
        HEADER.lower(),
    }
)


class RequestEndpoints:
    """Shows requests, and replays one."""

    def __init__(
        self, parts: SandboxParts, history: RequestHistory, counts: RequestCounts, masking: Masking
    ) -> None:
        self._parts = parts
        self._history = history
        self._counts = counts
        self._masking = masking
        self._replays: set[asyncio.Task[None]] = set()

    async def page(self, request: web.BaseRequest) -> web.Response:
        """Handle `GET /dev/v1/requests`."""
        query = request.rel_url.query
        before = whole_number(query["before"], "before") if "before" in query else None
        limit = whole_number(query.get("limit", "200"), "limit", MAX_PAGE)
        with self._parts.lock:
            found = self._history.newest(before, limit)
            total = len(self._history)
        summaries = [each.summary(self._masking) for each in found]
        return answer({"requests": summaries, "total": total})

    async def clear(self, request: web.BaseRequest) -> web.Response:
        """Handle `DELETE /dev/v1/requests`."""
        await read_body(request, ())
        with self._parts.lock:
            self._history.clear()
            self._parts.requests.clear()
        return answer({})

    async def limit(self, _request: web.BaseRequest) -> web.Response:
        """Handle `GET /dev/v1/limit`."""
        with self._parts.lock:
            now = self._history.second()
            seconds = self._counts.seconds(now)
        return answer({"limit": self._parts.rate, "per": 1, "now": now, "seconds": seconds})

    async def one(self, _request: web.BaseRequest, number: str) -> web.Response:
        """Handle `GET /dev/v1/requests/{number}`."""
        found = self._find(number)
        record, masking = found.record, self._masking
        # Masked both before and after quoting, because quoting may spell a token differently.
        body = masking.text(record.body.decode(errors="replace")).encode(errors="replace")
        written = replace(record, body=body)
        return answer(
            {
                **found.summary(masking),
                "requestHeaders": [[k, masking.header(k, v)] for k, v in record.headers.items()],
                "requestBody": self._shown(record.body),
                "responseHeaders": [
                    [k, masking.header(k, v)] for k, v in found.response_headers.items()
                ],
                "responseBody": self._shown(found.response_body),
                "curl": masking.text(as_curl(written)),
                "python": masking.text(as_python(written)),
            }
        )

    async def replay(self, request: web.BaseRequest, number: str) -> web.Response:
        """Handle `POST /dev/v1/requests/{number}/replay`."""
        await read_body(request, ())
        found = self._find(number)
        if not found.record.path.startswith("/"):
            raise RefusedError(409, "its target is not a path, so it cannot be replayed")
        if len(self._replays) >= _MAX_REPLAYS:
            raise RefusedError(409, f"{_MAX_REPLAYS} replays await their responses; wait for one")
        call = f"replay-{os.urandom(6).hex()}"
        arrival = asyncio.get_running_loop().create_future()
        forget = self._history.waiting_for(call, arrival)
        task = asyncio.ensure_future(self._send(found, call, _own_address(request)))
        self._replays.add(task)
        task.add_done_callback(self._replays.discard)
        try:
            number_of_replay = await asyncio.wait_for(arrival, _ARRIVAL_SECONDS)
        except asyncio.TimeoutError:
            raise RefusedError(409, "the request did not arrive; retry") from None
        finally:
            forget()
        return answer({"number": number_of_replay})

    async def _send(self, found: ObservedRequest, call: str, origin: str) -> None:
        record = found.record
        query = f"?{found.raw_query}" if found.raw_query else ""
        headers = [(k, v) for k, v in record.headers.items() if k.lower() not in _NOT_REPLAYED]
        headers += [
            ("Authorization", f"Bearer {self._parts.api_token}"),
            (HEADER, f"{call}; attempt=1"),
        ]
        timeout = aiohttp.ClientTimeout(total=_REPLAY_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.request(
                    record.method,
                    URL(f"{origin}{record.path}{query}", encoded=True),
                    headers=headers,
                    data=record.body or None,
                    allow_redirects=False,
                ) as response,
            ):
                await response.content.read(SHOWN_BYTES)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError):
            pass  # a fault; the history has the sandbox's outcome

    def _find(self, number: str) -> ObservedRequest:
        wanted = whole_number(number, "the number of a request")
        with self._parts.lock:
            found = self._history.get(wanted)
        if found is None:
            raise RefusedError(404, f"request {wanted} is not kept; list those that are")
        return found

    def _shown(self, body: bytes) -> str:
        return self._masking.text(body[:SHOWN_BYTES].decode(errors="replace"))


def _own_address(request: web.BaseRequest) -> str:
    assert request.transport is not None  # noqa: S101 - it is being answered
    host, port, *_ = request.transport.get_extra_info("sockname")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
