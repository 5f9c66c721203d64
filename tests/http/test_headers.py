"""Headers of the caller's, for a gateway in between."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from videsk_rooms import AsyncVidesk, ConfigurationError, Videsk

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

KEY = {"X-Gateway-Key": "secret", "user-agent": "clinic/1"}


def sent(sandbox: Sandbox) -> list[tuple[str | None, str | None]]:
    """Tell what each request brought."""
    return [
        (request.headers.get("X-Gateway-Key"), request.headers["User-Agent"])
        for request in sandbox.requests
    ]


@pytest.mark.parametrize("borrowed", [False, True])
async def test_headers_go_with_every_request(sandbox: Sandbox, *, borrowed: bool) -> None:
    """Through a session of the caller's, too; the client's own go with them."""
    async with aiohttp.ClientSession() as session:
        more: dict[str, Any] = {"session": session} if borrowed else {}
        async with AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, headers=KEY, **more
        ) as videsk:
            await videsk.rooms.create(name="Support")
            await videsk.rooms.list()
    assert sent(sandbox) == [("secret", "clinic/1")] * 2
    assert sandbox.requests[0].headers["Accept"] == "application/json"
    assert sandbox.requests[0].headers["Authorization"] == f"Bearer {sandbox.api_token}"


def test_a_view_has_its_own_headers(sandbox: Sandbox) -> None:
    """Those of the client stay as they are; `None` takes all away."""
    with Videsk(sandbox.api_token, base_url=sandbox.url, headers=KEY) as videsk:
        videsk.with_options(headers={"X-Gateway-Key": "other"}).rooms.list()
        videsk.with_options(headers=None).rooms.list()
        videsk.with_options(timeout=5.0).rooms.list()
        videsk.rooms.list()
    assert [key for key, _ in sent(sandbox)] == ["other", None, "secret", "secret"]


def test_headers_are_copied(sandbox: Sandbox) -> None:
    """What becomes of the caller's mapping does not matter."""
    headers = dict(KEY)
    with Videsk(sandbox.api_token, base_url=sandbox.url, headers=headers) as videsk:
        headers.clear()
        videsk.rooms.list()
    assert sent(sandbox) == [("secret", "clinic/1")]


def test_headers_do_not_travel_in_a_pickle_unless_that_is_allowed(sandbox: Sandbox) -> None:
    """A key of a gateway is a secret like any other."""
    with Videsk(sandbox.api_token, base_url=sandbox.url, headers=KEY) as videsk:
        with pytest.raises(ConfigurationError, match="headers may hold a password"):
            pickle.dumps(videsk)
        allowed = pickle.dumps(videsk.with_options(secrets_in_pickles=True))
    with pickle.loads(allowed) as back:
        back.rooms.list()
    assert sent(sandbox) == [("secret", "clinic/1")]
