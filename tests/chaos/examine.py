"""Whether an error is as precise as it promises to be."""

from __future__ import annotations

import pickle
from typing import Literal, TypeAlias

from videsk_rooms import (
    APIError,
    Attempt,
    ConnectionFailedError,
    DeadlineExceededError,
    OutcomeUnknownError,
    RateLimitError,
    ResponseError,
    ServerError,
    TransportError,
    VideskError,
)

Kind: TypeAlias = Literal["reads", "writes", "both"]

_BY_FAULTS = (TransportError, ResponseError, ServerError, RateLimitError)


class SurpriseError(Exception):
    """Something is not as it should be: what chaos looks for."""


def examine(
    error: VideskError, *, attempts: int, secret: str, kind: Kind, external_id: str | None
) -> None:
    """Refuse an error that faults do not explain, or that lacks what it promises.

    Args:
        error: What a caller saw.
        attempts: How many it allowed.
        secret: The token that no error may show.
        kind: Whether the caller's call reads, writes, or does both in turn.
        external_id: What a create carried, if its caller chose it.

    Raises:
        SurpriseError: It is not as it should be.
    """
    wrong = [
        what
        for what, found in {
            "faults do not explain it": not isinstance(error, _BY_FAULTS),
            "it shows the token": secret in f"{error} {error!r} {error.__dict__}",
            "a read cannot be in doubt": kind == "reads" and error.outcome_unknown,
            "it is in doubt and does not say so": isinstance(error, OutcomeUnknownError)
            and not error.outcome_unknown,
            "nothing was sent and yet it is in doubt": isinstance(error, ConnectionFailedError)
            and error.outcome_unknown,
            "it tells too little": kind == "writes" and type(error) is TransportError,
            "it names another room": external_id is not None and error.external_id != external_id,
            "it does not survive pickle": not _is_like(error, pickle.loads(pickle.dumps(error))),
            "its attempts are wrong": not _are_attempts(error, attempts),
        }.items()
        if found
    ]
    if wrong:
        raise SurpriseError(f"{'; '.join(wrong)}: {error!r}, {error.__dict__}")


def _is_like(error: VideskError, copy: VideskError) -> bool:
    def plain(each: VideskError) -> dict[str, object]:
        return {**each.__dict__, "headers": dict(getattr(each, "headers", {}))}

    return type(error) is type(copy) and error.args == copy.args and plain(error) == plain(copy)


def _are_attempts(error: VideskError, allowed: int) -> bool:
    attempts = getattr(error, "attempts", None)
    # Only the time can be up before anything was tried.
    least = 0 if isinstance(error, DeadlineExceededError) else 1
    if isinstance(error, OutcomeUnknownError):
        allowed *= 2  # those of the create, and those of looking its room up
    return (
        isinstance(attempts, tuple)
        and least <= len(attempts) <= allowed
        and [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
        and all(_is_attempt(attempt) for attempt in attempts)
        and (not isinstance(error, APIError) or attempts[-1].status == error.status)
    )


def _is_attempt(attempt: object) -> bool:
    return (
        isinstance(attempt, Attempt)
        and (attempt.status is None) is (attempt.error is not None)
        and attempt.duration >= 0
        and attempt.delay >= 0
    )
