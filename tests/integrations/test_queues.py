"""Whether a task is done again, and when, as any queue asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.test_errors import api_error
from videsk_rooms import (
    APIError,
    BadRequestError,
    ClosedError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    DeadlineExceededError,
    OutcomeUnknownError,
    RateLimitError,
    ResponseError,
    ServerError,
    TransportError,
)
from videsk_rooms.integrations.queues import retry_delay

if TYPE_CHECKING:
    from collections.abc import Iterator


def answered(kind: type[APIError], status: int) -> APIError:
    error = api_error(kind)
    error.status = status
    return error


def unreadable(status: int, path: str | None = None) -> ResponseError:
    return ResponseError("no JSON", status=status, method="GET", url="/", path=path)


def pauses(error: BaseException, tries: int) -> Iterator[float]:
    for _ in range(200):
        pause = retry_delay(error, tries)
        assert pause is not None
        yield pause


@pytest.mark.parametrize(
    "error",
    [
        TransportError("lost"),
        ConnectionFailedError("refused"),
        DeadlineExceededError("late"),
        OutcomeUnknownError("lost"),
        RateLimitError("too many"),
        ServerError("of which only the text is known"),
        answered(ServerError, 500),
        answered(ServerError, 503),
        answered(APIError, 408),
        answered(APIError, 425),
        unreadable(200),
    ],
    ids=repr,
)
def test_what_passes_by_itself_is_worth_another_try(error: Exception) -> None:
    """Not at once, but within the time that it may take."""
    assert all(7.5 <= pause <= 15.0 for pause in pauses(error, 1))


@pytest.mark.parametrize(
    "error",
    [
        answered(ServerError, 501),
        answered(ServerError, 505),
        answered(APIError, 410),
        BadRequestError("no"),
        ConflictError("taken"),
        ConfigurationError("no token"),
        ClosedError("closed"),
        unreadable(200, path="data[3].exp"),
        unreadable(302),
        ResponseError("of which only the text is known"),
        ValueError("of the task itself"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_what_somebody_has_to_mend_fails_at_once(error: BaseException) -> None:
    """Each try would end alike."""
    assert retry_delay(error) is None


def test_pauses_double_up_to_the_longest() -> None:
    """And differ, so that tasks that failed together do not come back together."""
    error = TransportError("lost")
    for tries, longest in ((1, 15.0), (2, 30.0), (3, 60.0), (4, 120.0)):
        found = list(pauses(error, tries))
        assert all(longest / 2 <= pause <= longest for pause in found)
        assert len(set(found)) > 100
    pause = retry_delay(error, 5_000, max_tries=None)
    assert pause is not None
    assert 300.0 <= pause <= 600.0


def test_what_the_api_asks_for_is_waited_in_full() -> None:
    """Also where it is longer than any pause of one's own."""
    error = RateLimitError("too many")
    error.retry_after = 3_600.0
    assert all(3_607.5 <= pause <= 3_615.0 for pause in pauses(error, 1))


def test_a_task_is_done_so_many_times_at_most() -> None:
    """Five, unless told otherwise."""
    error = TransportError("lost")
    assert retry_delay(error, 4) is not None
    assert retry_delay(error, 5) is None
    assert retry_delay(error, 1, max_tries=1) is None
