"""Again? A pure decision, and the loop that obeys it.

For now a call has one attempt, and one more if its token was refused and there is a newer one.
"""

from __future__ import annotations

from datetime import datetime, timezone
from time import monotonic
from typing import TYPE_CHECKING

import anyio

from ._messages import Answer, Attempt, Failure, Response
from ._transport import client_timeout
from .errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    OutcomeUnknownError,
    TransportError,
)

if TYPE_CHECKING:
    from ._auth import Secret, TokenSource
    from ._messages import Request
    from ._options import Timeout
    from ._pacing import Pacing
    from ._transport import Transport


def token_may_help(outcome: Answer | Failure, *, renewed_already: bool) -> bool:
    """Decide whether another token is worth another attempt: a 401 was surely not processed."""
    return isinstance(outcome, Answer) and outcome.status == 401 and not renewed_already


async def deliver(
    request: Request,
    *,
    transport: Transport,
    source: TokenSource,
    pacing: Pacing,
    timeout: Timeout,
) -> Response:
    """Give a request its attempts.

    Returns:
        The last answer, of any status.

    Raises:
        TransportError: No answer could be had.
        ResponseError: The answer was cut off because it was too long.
    """
    deadline = None if timeout.total is None else monotonic() + timeout.total
    attempts: list[Attempt] = []
    renewed = False
    while True:
        delay = await pacing.departure()
        left = None if deadline is None else max(deadline - monotonic(), 0.001)
        started_at, started = datetime.now(timezone.utc), monotonic()
        outcome, used = await transport.attempt(request, source, client_timeout(timeout, left))
        attempts.append(
            _attempt(outcome, len(attempts) + 1, started_at, monotonic() - started, delay)
        )
        if isinstance(outcome, Failure):
            raise _error(request, outcome, tuple(attempts), timeout)
        if used is not None and token_may_help(outcome, renewed_already=renewed):
            renewed = await _renew(source, used, deadline)
            if renewed:
                continue
        return _response(request, outcome, tuple(attempts))


async def _renew(source: TokenSource, used: Secret, deadline: float | None) -> bool:
    """Look for a newer token; when the time is up first, the 401 stands."""
    left = None if deadline is None else deadline - monotonic()
    with anyio.move_on_after(left):
        return await source.renewed(used)
    return False


def _attempt(
    outcome: Answer | Failure, number: int, started_at: datetime, duration: float, delay: float
) -> Attempt:
    if isinstance(outcome, Failure):
        return Attempt(number, started_at, duration, None, outcome.detail, delay, None)
    return Attempt(number, started_at, duration, outcome.status, None, delay, outcome.request_id)


def _response(request: Request, answer: Answer, attempts: tuple[Attempt, ...]) -> Response:
    response = Response(
        answer.status,
        answer.headers,
        answer.body,
        request.method,
        answer.url,
        answer.request_id,
        attempts,
    )
    if answer.too_long:
        raise response.unexpected("is longer than 10 MiB and was cut off")
    return response


def _error(
    request: Request, failure: Failure, attempts: tuple[Attempt, ...], timeout: Timeout
) -> TransportError:
    what = f"{request.method} {failure.url}: {failure.detail}"
    if failure.cause == "not_sent":
        text = (
            f"{what}. Nothing was sent. Check base_url, the network and the proxy, and try again."
        )
        return ConnectionFailedError(text, attempts=attempts)
    unknown = "" if request.safe else f" {_how_to_find_out(request)}"
    if failure.cause == "timeout":
        text = (
            f"{request.method} {failure.url}: no answer within {attempts[-1].duration:.3g} s "
            f"({timeout}).{unknown} Try again, or give the call more time with timeout=."
        )
        return DeadlineExceededError(
            text,
            attempts=attempts,
            outcome_unknown=not request.safe,
            external_id=request.external_id,
        )
    if request.safe:
        return TransportError(f"{what}. Nothing was changed; try again.", attempts=attempts)
    return OutcomeUnknownError(
        f"{what}.{unknown}", attempts=attempts, external_id=request.external_id
    )


def _how_to_find_out(request: Request) -> str:
    if request.external_id is not None:
        return (
            "The room may have been created: look it up with "
            f"rooms.get_by_external_id({request.external_id!r}) before trying again."
        )
    if request.operation == "rooms.create":
        return (
            "The room may have been created: look for it in rooms.list(sort='-created_at'), and "
            "pass an external_id to creates, so that they can be looked up."
        )
    return "It may have been processed: look at the room before trying again."
