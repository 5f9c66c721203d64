"""Rolls samples of a connection up per minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import to_wire

if TYPE_CHECKING:
    from videsk_rooms.dev._samples import Sample

MAX_MINUTES = 24 * 60
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Total:
    """Sums and worst values of some samples."""

    samples: int = 0
    round_trip: float = 0.0
    loss: float = 0.0
    jitter: float = 0.0
    send: float = 0.0
    receive: float = 0.0
    freezes: float = 0.0
    worst_round_trip: float = 0.0
    worst_loss: float = 0.0

    def add(self, sample: Sample) -> None:
        """Add a sample."""
        self.samples += 1
        self.round_trip += sample.round_trip_ms
        self.loss += sample.loss_percent
        self.jitter += sample.jitter_ms
        self.send += sample.send_kbps
        self.receive += sample.receive_kbps
        self.freezes += sample.freezes
        self.worst_round_trip = max(self.worst_round_trip, sample.round_trip_ms)
        self.worst_loss = max(self.worst_loss, sample.loss_percent)

    def include(self, other: Total) -> None:
        """Add the samples of another total."""
        for name in ("samples", "round_trip", "loss", "jitter", "send", "receive", "freezes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.worst_round_trip = max(self.worst_round_trip, other.worst_round_trip)
        self.worst_loss = max(self.worst_loss, other.worst_loss)

    def to_wire(self) -> dict[str, object]:
        """Return the averages and the worst values."""
        count = max(1, self.samples)
        return {
            "samples": self.samples,
            "roundTripMs": round(self.round_trip / count, 1),
            "worstRoundTripMs": self.worst_round_trip,
            "lossPercent": round(self.loss / count, 2),
            "worstLossPercent": self.worst_loss,
            "jitterMs": round(self.jitter / count, 1),
            "sendKbps": round(self.send / count, 1),
            "receiveKbps": round(self.receive / count, 1),
            "freezes": self.freezes,
        }


class Minutes:
    """A total for each minute with measurements, for the last day."""

    def __init__(self) -> None:
        self._minutes: dict[datetime, Total] = {}

    def add(self, at: datetime, sample: Sample) -> None:
        """Add a sample to its minute."""
        minute = at.replace(second=0, microsecond=0)
        self._minutes.setdefault(minute, Total()).add(sample)
        if len(self._minutes) > MAX_MINUTES:
            del self._minutes[next(iter(self._minutes))]

    def total(self) -> Total:
        """Return the total of all minutes."""
        total = Total()
        for minute in self._minutes.values():
            total.include(minute)
        return total

    def to_wire(self) -> list[dict[str, object]]:
        """Return each minute with its averages, in order."""
        return [
            {"from": to_wire(minute), "to": to_wire(minute + _MINUTE), **total.to_wire()}
            for minute, total in sorted(self._minutes.items())
        ]
