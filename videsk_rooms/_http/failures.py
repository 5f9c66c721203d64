"""Makes the error of a call that ended without success. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from videsk_rooms._wire.message import place_of
from videsk_rooms._wire.operation import room_in_path
from videsk_rooms._wire.validation import shown_as
from videsk_rooms.errors import (
    ConflictError,
    ConnectionFailedError,
    DeadlineExceededError,
    OutcomeUnknownAtDeadlineError,
    OutcomeUnknownError,
    TransportError,
    plain_text,
    sentence,
)

if TYPE_CHECKING:
    from videsk_rooms._attempt import Attempt
    from videsk_rooms._wire.message import Request, TransportFailure
    from videsk_rooms.errors import VideskError

    from .deadline import Deadline
    from .retry_policy import Why

_WHY_NO_MORE: dict[Why, str] = {
    "budget": " It was not retried, because too many calls have failed lately.",
    "deadline": " It was not retried, because the time is nearly up.",
}


def transport_error(
    request: Request,
    failure: TransportFailure,
    attempts: tuple[Attempt, ...],
    *,
    maybe: bool,
    why: Why,
) -> TransportError:
    """Make the error for a call whose last attempt brought no response.

    Args:
        request: The request.
        failure: The failure of the last attempt.
        attempts: All attempts.
        maybe: Whether any of them may have been processed.
        why: Why there is no further attempt.
    """
    target = place_of(request.method, failure.url)
    tried = _tried(attempts) + _WHY_NO_MORE.get(why, "") + failure.hint
    if failure.timed_out:
        missing = "response" if failure.maybe_sent else "connection"
        text = f"{target}: no {missing} within {attempts[-1].duration:.3g} s{tried}"
        return _time_is_up(request, text, attempts, maybe=maybe)
    what = f"{target}: {failure.detail.rstrip('.')}{tried}"
    if maybe:
        return OutcomeUnknownError(
            f"{what} {how_to_resolve(request)}",
            attempts=attempts,
            external_id=request.external_id,
        )
    if not failure.maybe_sent:
        text = f"{what} Nothing was sent. {failure.remedy}"
        return ConnectionFailedError(text, attempts=attempts)
    return TransportError(f"{what} Nothing was changed; try again.", attempts=attempts)


def deadline_error(
    request: Request,
    url: str,
    deadline: Deadline,
    attempts: tuple[Attempt, ...],
    *,
    when: str,
    maybe: bool,
) -> TransportError:
    """Make the error for a call that ran out of time between two attempts, or before the first."""
    count = len(attempts)
    before = f", after {count} attempt{'s'[: count > 1]}" if count else ""
    target = place_of(request.method, url)
    text = f"{target}: the {deadline.total:.3g} s of the call were up {when}{before}."
    return _time_is_up(request, text, attempts, maybe=maybe)


def unresolved_create_error(
    request: Request, error: VideskError, created: tuple[Attempt, ...]
) -> TransportError:
    """Make the error for a create whose outcome is unknown.

    Args:
        request: The create.
        error: The error of the look-up.
        created: The attempts of the create.
    """
    text = (
        f"{request.method} {request.path}: the room may have been created, and looking it up "
        f"failed: {sentence(plain_text(error))} {how_to_resolve(request)}"
    )
    looked_up: tuple[Attempt, ...] = getattr(error, "attempts", ())
    before = len(created)
    attempts = created + tuple(
        attrs.evolve(attempt, number=before + attempt.number) for attempt in looked_up
    )
    kind = OutcomeUnknownAtDeadlineError if isinstance(error, TimeoutError) else OutcomeUnknownError
    return kind(text, attempts=attempts, external_id=request.external_id)


def mark_outcome_unknown(error: VideskError, request: Request) -> None:
    """Mark an error: the request may still have been processed."""
    error.outcome_unknown = True
    if not isinstance(error, ConflictError):  # `_operations/create.py` settles it
        text = sentence(plain_text(error))
        error.args = (f"{text} {how_to_resolve(request)}", *error.args[1:])


def how_to_resolve(request: Request) -> str:
    """Return how a caller finds out whether a request was processed."""
    if request.external_id is not None:
        shown = shown_as(request.external_id)
        return (
            "The room may have been created: look it up with "
            f"rooms.get_by_external_id({shown}), or have it either way with "
            f"rooms.get_or_create({shown})."
        )
    what = "the room" if room_in_path(request.path) else "what it changes"
    return f"It may have been processed: look at {what} before trying again."


def _time_is_up(
    request: Request, text: str, attempts: tuple[Attempt, ...], *, maybe: bool
) -> DeadlineExceededError:
    remedy = "Try again, or give the call more time with timeout=."
    if maybe:
        return OutcomeUnknownAtDeadlineError(
            f"{text} {how_to_resolve(request)} {remedy}",
            attempts=attempts,
            external_id=request.external_id,
        )
    return DeadlineExceededError(
        f"{text} {remedy}", attempts=attempts, external_id=request.external_id
    )


def _tried(attempts: tuple[Attempt, ...]) -> str:
    return "." if len(attempts) < 2 else f", at the last of {len(attempts)} attempts."
