"""The decorator for arq's jobs; workers are in tests/conformance."""

from __future__ import annotations

import pytest
from arq import Retry

from videsk_rooms import ConnectionFailedError, NotFoundError, VideskError
from videsk_rooms.integrations.arq import retry_transient


@retry_transient
async def job(ctx: dict[str, object], error: VideskError | None = None) -> str:
    """Do what a job does."""
    if error is not None:
        raise error
    return f"try {ctx['job_try']}"


async def test_a_job_returns_what_it_returns() -> None:
    """And is known to arq by its own name."""
    assert await job({"job_try": 1}) == "try 1"
    assert (job.__name__, job.__doc__) == ("job", "Do what a job does.")


async def test_what_passes_is_put_off() -> None:
    """For as long as the queue is to wait, in the milliseconds that arq keeps."""
    with pytest.raises(Retry) as caught:
        await job({"job_try": 2}, ConnectionFailedError("refused"))
    assert caught.value.defer_score is not None
    assert 15_000 <= caught.value.defer_score <= 30_000
    assert isinstance(caught.value.__cause__, ConnectionFailedError)


@pytest.mark.parametrize(
    ("error", "tries"), [(NotFoundError("no room"), 1), (ConnectionFailedError("refused"), 5)]
)
async def test_what_does_not_pass_fails_as_itself(error: VideskError, tries: int) -> None:
    """At once, or when arq would refuse another try."""
    with pytest.raises(type(error)):
        await job({"job_try": tries}, error)
