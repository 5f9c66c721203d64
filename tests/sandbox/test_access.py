"""Who is let in, and what the others are told (docs/api.md, Access and Errors)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.support import ROOMS, Api
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    import aiohttp

NO_ACCESS = f"You don't have access to {ROOMS}. Please contact to your administrator."
REMOVED = "The integration token it's invalid or was removed."


def segment(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


async def refusal(api: Api, token: str | None = None) -> tuple[int, str, str]:
    answer = await api.call("GET", ROOMS, token=token)
    return answer.status, answer.json["name"], answer.json["message"]


@pytest.mark.parametrize("header", ["", "Basic eHg6eXk=", "Bearer", "Bearer  ", "token"])
async def test_no_bearer(api: Api, header: str) -> None:
    """Without a bearer token the header is asked for."""
    answer = await api.call("GET", ROOMS, headers={"Authorization": header})
    assert answer.status == 401
    assert answer.json == {
        "name": "NotAuthenticated",
        "message": "Authorization header with valid JWT is required.",
        "code": 401,
        "className": "not-authenticated",
        "errors": {},
    }


@pytest.mark.parametrize("token", ["nonsense", "a.b", "a.b.c.d", "é.b.c"])
async def test_malformed(api: Api, token: str) -> None:
    """What is no JWT is malformed."""
    assert await refusal(api, token) == (401, "NotAuthenticated", "jwt malformed")


async def test_mangled(api: Api) -> None:
    """A JWT whose parts are no JSON brings a JSON parser's complaint."""
    status, _, message = await refusal(api, f"{segment(b'not json')}.{segment(b'{}')}.x")
    assert status == 401
    assert message == "Unexpected token in JSON at position 0"


async def test_header_without_algorithm(api: Api) -> None:
    """A JWT that names no algorithm, or another one than the server's, is malformed, too."""
    for header in (b"{}", b'{"alg":"none"}', b'{"alg":"RS256"}', b'{"alg":null}', b'{"alg":[]}'):
        token = f"{segment(header)}.{segment(b'{}')}.{segment(b'x')}"
        assert await refusal(api, token) == (401, "NotAuthenticated", "jwt malformed")


async def test_unsigned(api: Api) -> None:
    """A right token whose header is changed to say that it needs no signature is malformed."""
    _, claims, _ = api.sandbox.api_token.split(".")
    for signature in ("", "x"):
        unsigned = segment(b'{"alg":"none","typ":"JWT"}')
        assert await refusal(api, f"{unsigned}.{claims}.{signature}") == (
            401,
            "NotAuthenticated",
            "jwt malformed",
        )


@pytest.mark.parametrize(
    "header", [b"[" * 5_000, b'{"a":' * 1_000, b"\xff\xfe", b'{"alg":' + b"1" * 5_000 + b"}"]
)
async def test_mangled_beyond_reading(api: Api, header: bytes) -> None:
    """Whatever a parser cannot read is complained about, and no failure of the server."""
    status, name, message = await refusal(api, f"{segment(header)}.{segment(b'{}')}.x")
    assert (status, name) == (401, "NotAuthenticated")
    assert message.startswith("Unexpected token in JSON at position ")


async def test_signed_by_another(api: Api) -> None:
    """A token of another account has an invalid signature."""
    stranger = Sandbox(seed=99).api_token
    assert await refusal(api, stranger) == (401, "NotAuthenticated", "invalid signature")


async def test_expired(api: Api) -> None:
    """A token with an end is let in until then, by the sandbox's clock."""
    token = api.sandbox.tokens.issue(expires_in=timedelta(minutes=1))
    assert (await api.call("GET", ROOMS, token=token)).status == 200
    api.sandbox.advance(timedelta(minutes=1))
    assert await refusal(api, token) == (401, "NotAuthenticated", "jwt expired")


async def test_another_token(api: Api) -> None:
    """An account may have several tokens."""
    token = api.sandbox.tokens.issue()
    assert token != api.sandbox.api_token
    assert (await api.call("GET", ROOMS, token=token)).status == 200


async def test_revoked(api: Api) -> None:
    """A removed token is forbidden, and only that one."""
    token = api.sandbox.tokens.issue()
    api.sandbox.tokens.revoke(token)
    assert await refusal(api, token) == (403, "Forbidden", REMOVED)
    assert (await api.list()).status == 200


async def test_forbidden(api: Api) -> None:
    """A token without rights is told the path."""
    api.sandbox.tokens.forbid(api.sandbox.api_token)
    assert await refusal(api) == (403, "Forbidden", NO_ACCESS)


async def test_another_type(api: Api) -> None:
    """Only tokens of type api-token are let in."""
    token = api.sandbox.tokens.issue(type="user")
    assert await refusal(api, token) == (403, "Forbidden", NO_ACCESS)


async def test_a_room_token_is_no_api_token(api: Api) -> None:
    """What opens a room does not open the API."""
    token = (await api.create()).json["accessToken"]
    assert await refusal(api, token) == (403, "Forbidden", NO_ACCESS)


async def test_bound_to_networks(api: Api) -> None:
    """Outside its IPs and CIDRs a token is refused; the page does not say how."""
    outside = api.sandbox.tokens.issue(networks=["10.0.0.0/8", "192.0.2.1"])
    inside = api.sandbox.tokens.issue(networks=["127.0.0.0/8"])
    assert (await refusal(api, outside))[0] == 403
    assert (await api.call("GET", ROOMS, token=inside)).status == 200


async def test_bound_later_and_restored(api: Api) -> None:
    """A token can be bound, and freed again, while the sandbox runs."""
    api.sandbox.tokens.bind(api.sandbox.api_token, "10.0.0.1")
    assert (await refusal(api))[0] == 403
    api.sandbox.tokens.restore(api.sandbox.api_token)
    assert (await api.list()).status == 200


async def test_restored(api: Api) -> None:
    """Whatever was taken from a token comes back."""
    tokens, token = api.sandbox.tokens, api.sandbox.api_token
    for take in (tokens.revoke, tokens.forbid, lambda each: tokens.bind(each, "10.0.0.1")):
        take(token)
        assert (await refusal(api))[0] == 403
        tokens.restore(token)
        assert (await api.list()).status == 200


async def test_revoked_and_forbidden(api: Api) -> None:
    """A token that is gone has no rights to be told of."""
    token = api.sandbox.tokens.issue()
    api.sandbox.tokens.forbid(token)
    api.sandbox.tokens.revoke(token)
    assert await refusal(api, token) == (403, "Forbidden", REMOVED)


async def test_a_network_by_an_address_in_it(api: Api) -> None:
    """A CIDR may be written with any of its addresses."""
    token = api.sandbox.tokens.issue(networks=["127.1.2.3/8"])
    assert (await api.call("GET", ROOMS, token=token)).status == 200


async def test_removed_before_it_was_known(session: aiohttp.ClientSession) -> None:
    """A token with the account's signature that is not in its list was removed."""
    async with Sandbox(seed=7) as sandbox:
        token = Sandbox(seed=7).tokens.issue()  # the second one of this seed
        assert await refusal(Api(sandbox, session), token) == (403, "Forbidden", REMOVED)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_in_any_case(api: Api, scheme: str) -> None:
    """A scheme is the same in capitals (RFC 9110, 11.1)."""
    header = {"Authorization": f"{scheme} {api.sandbox.api_token}"}
    assert (await api.call("GET", ROOMS, headers=header)).status == 200


async def test_a_token_of_ones_own(session: aiohttp.ClientSession) -> None:
    """The token may be given, whatever it looks like: it is let in until it is revoked."""
    async with Sandbox(api_token="mine") as sandbox:
        assert sandbox.api_token == "mine"
        api = Api(sandbox, session)
        assert (await api.call("GET", ROOMS, token="mine")).status == 200
        assert await refusal(api, "yours") == (401, "NotAuthenticated", "jwt malformed")
        sandbox.tokens.revoke("mine")
        assert await refusal(api, "mine") == (403, "Forbidden", REMOVED)
        sandbox.tokens.restore("mine")
        assert (await api.call("GET", ROOMS, token="mine")).status == 200


async def test_unknown_tokens_are_not_told() -> None:
    """A slip in a test is an error that does not show the token."""
    with pytest.raises(KeyError) as caught:
        Sandbox().tokens.revoke("secret")
    assert "secret" not in str(caught.value)


async def test_bad_networks() -> None:
    """What is no network is refused."""
    with pytest.raises(ValueError, match="anywhere"):
        Sandbox().tokens.issue(networks=["anywhere"])


async def test_refused_requests_do_nothing(api: Api) -> None:
    """A refused create creates nothing."""
    api.sandbox.tokens.forbid(api.sandbox.api_token)
    await api.create()
    assert api.sandbox.rooms == ()
