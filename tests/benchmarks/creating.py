"""The section of creating many rooms at once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .clients import ROOMS_PATH, STANDARD_JSON, json_packages
from .measure import AsyncCall, Effort, by_tasks, in_turns_awaited
from .peers import AT_ONCE, awaited_peers
from .tables import Table

if TYPE_CHECKING:
    import aiohttp
    import httpx

    from .clients import JSON

_IS_JSON = {"Content-Type": "application/json"}


async def create(url: str, effort: Effort) -> Table:
    """Create rooms in a burst, from many tasks at once."""
    fields: dict[str, Any] = {
        "name": "Support with Zoë Müller, ticket 12345",
        "external_id": "ticket-12345",
        "exp": datetime.now(timezone.utc) + timedelta(hours=2),
        "settings": {"maxParticipants": 10, "recordingEnabled": True},
    }
    async with awaited_peers(url) as peers:
        calls: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: peers.videsk.rooms.create(**fields),
            **{
                f"aiohttp + {name}": _by_aiohttp(peers.aiohttp, url + ROOMS_PATH, fields, package)
                for name, package in json_packages().items()
            },
            "httpx.AsyncClient + json": _by_httpx(peers.httpx, url + ROOMS_PATH, fields),
            "openapi-python-client": lambda: peers.generated.create(fields),
        }
        runs = {name: by_tasks(call, AT_ONCE) for name, call in calls.items()}
        timings = await in_turns_awaited(runs, effort)
    title = f"create of {effort.calls} rooms, awaited, {AT_ONCE} tasks at once"
    return Table.of("create", title, "calls/s", timings, {})


def _by_aiohttp(
    session: aiohttp.ClientSession, url: str, fields: dict[str, Any], package: JSON
) -> AsyncCall:
    async def call() -> object:
        body = package.write(_body(fields))
        async with session.post(url, data=body, headers=_IS_JSON) as response:
            return package.read(await response.read())

    return call


def _by_httpx(client: httpx.AsyncClient, url: str, fields: dict[str, Any]) -> AsyncCall:
    async def call() -> object:
        body = STANDARD_JSON.write(_body(fields))
        answer = await client.post(url, content=body, headers=_IS_JSON)
        return STANDARD_JSON.read(answer.content)

    return call


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": fields["name"],
        "externalId": fields["external_id"],
        "exp": fields["exp"].isoformat(),
        "settings": fields["settings"],
    }
