"""No error quotes a token, whoever wrote it into the answer or the URL."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import feathers
from videsk_rooms import APIError, AsyncVidesk, ResponseError, VideskError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videsk_rooms.rooms import AsyncRooms
    from videsk_rooms.sandbox import Sandbox

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiI0NzExIn0.c2lnbmF0dXJl"
OPAQUE = "an-access-token-that-is-no-jwt"

BODIES_WITH_TOKENS: dict[str, bytes] = {
    "message": feathers(400, "BadRequest", f"cannot read {JWT}"),
    "details": feathers(400, "BadRequest", "odd", errors={"accessToken": JWT, "a": [JWT]}),
    "room": json.dumps({"id": 5, "accessToken": JWT, "data": [{"accessToken": JWT}]}).encode(),
    "page": f"<p>Authorization: Bearer {JWT}</p>".encode(),
    "text": f"token={JWT}&a=b".encode(),
    "beyond the cut": b"x" * 190 + b" " + JWT.encode(),
    "percent-encoded": f"authorization=Bearer%20{JWT}".encode(),
    "escaped": json.dumps({"id": 5, "message": f"line\n{JWT}", "data": 5}).encode(),
    "opaque field": b'{"id": 5, "accessToken":"%s", "data": 5}' % OPAQUE.encode(),
    "opaque field, spaced": b'{"access_token" : "%s"}' % OPAQUE.encode(),
    "opaque field, cut": b'{"data": [{"accessToken":"%s' % OPAQUE.encode(),
    "opaque bearer": b"Authorization: bearer  %s" % OPAQUE.encode(),
}


def variables_of(error: BaseException) -> list[dict[str, object]]:
    """Find what those who report errors with all variables see of ours."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [
        frame.f_locals
        for frame in frames
        if frame.f_globals["__name__"].startswith("videsk_rooms.")
    ]


@pytest.mark.parametrize("body", BODIES_WITH_TOKENS.values(), ids=BODIES_WITH_TOKENS)
@pytest.mark.parametrize("status", [200, 400, 502])
async def test_no_error_quotes_a_token(
    sandbox: Sandbox, once: AsyncVidesk, status: int, body: bytes
) -> None:
    """JWTs anywhere, and what stands in fields that are called token; nor do its variables."""
    sandbox.faults.answer(status, body=body)
    with pytest.raises((APIError, ResponseError)) as caught:
        await once.rooms.list()
    told = f"{caught.value} {caught.value!r} {vars(caught.value)} {variables_of(caught.value)}"
    assert JWT[:20] not in told
    assert OPAQUE not in told


@pytest.mark.parametrize(
    "fail",
    [
        lambda sandbox: None,
        lambda sandbox: sandbox.faults.drop(),
        lambda sandbox: sandbox.faults.garbage(),
        lambda sandbox: sandbox.faults.delay(60),
        lambda sandbox: sandbox.faults.answer(302),
        lambda sandbox: sandbox.stop(),
    ],
    ids=["missing", "dropped", "garbage", "late", "redirect", "refused"],
)
async def test_a_token_pasted_as_a_room_id_is_not_quoted(
    sandbox: Sandbox, once: AsyncVidesk, fail: Callable[[Sandbox], Any]
) -> None:
    """It happens; and the URL is in every text."""
    fail(sandbox)
    with pytest.raises(VideskError) as caught:
        await once.with_options(timeout=1.0).rooms.get(JWT)
    assert JWT[:20] not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "call",
    [
        lambda rooms: rooms.update(JWT),
        lambda rooms: rooms.get_by_external_id(JWT),
        lambda rooms: rooms.create(external_id=JWT),
        lambda rooms: rooms.create(settings={JWT: object()}),
        lambda rooms: rooms.create_many([{JWT: 1}]).__anext__(),
    ],
    ids=["nothing to change", "not found", "outcome unknown", "key", "argument of many"],
)
async def test_a_token_given_by_mistake_is_not_quoted(
    sandbox: Sandbox, once: AsyncVidesk, call: Callable[[AsyncRooms], Awaitable[Any]]
) -> None:
    """In the place of whatever argument."""
    sandbox.faults.drop("after", on="create")
    try:
        told = repr((await call(once.rooms)).error)
    except VideskError as error:
        told = f"{error} {error!r}"
    assert "[removed]" in told
    assert JWT[:20] not in told
