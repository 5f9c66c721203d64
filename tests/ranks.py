"""A rate limiter that lets every request leave, and notes with which rank each came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms._ratelimit.limiter import NoLimit

if TYPE_CHECKING:
    import pytest

    from videsk_rooms._ratelimit import Permit, Rank


class RecordingLimit(NoLimit):
    """Notes the ranks, in order."""

    def __init__(self) -> None:
        self.ranks: list[Rank] = []

    def try_acquire(self, rank: Rank, operation: str) -> Permit:
        self.ranks.append(rank)
        return super().try_acquire(rank, operation)


def recorded_ranks(monkeypatch: pytest.MonkeyPatch) -> list[Rank]:
    """Give all clients that are made from now on one such limiter; return its list."""
    limit = RecordingLimit()
    monkeypatch.setattr("videsk_rooms.client.make_limiter", lambda *_: limit)
    return limit.ranks
