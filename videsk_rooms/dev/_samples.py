"""One measurement of a connection between two people, and its change since the one before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import to_wire
from videsk_rooms.dev._signals import is_number

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERVAL = timedelta(seconds=5)  # between two measurements of the stand-in
_LOST = ("audioPacketsLost", "videoPacketsLost")
_RECEIVED = ("audioPacketsReceived", "videoPacketsReceived")


@dataclass(frozen=True, slots=True)
class Totals:
    """The browser's counters since the connection was made."""

    at: datetime
    lost: float
    received: float
    bytes_sent: float
    bytes_received: float
    freezes: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A data point in the console; losses are a share of the packets since the previous sample."""

    at: str
    round_trip_ms: float
    loss_percent: float
    jitter_ms: float
    send_kbps: float
    receive_kbps: float
    freezes: float

    def to_wire(self) -> dict[str, object]:
        """Return the sample in the format of `GET /dev/v1/rooms/{id}/measurements`."""
        return {_camel(name): value for name, value in asdict(self).items()}


def read_totals(stats: Mapping[str, object], at: datetime) -> Totals:
    """Read the counters of the event `stats`; missing ones count as zero."""
    return Totals(
        at=at,
        lost=sum(_number(stats, name) for name in _LOST),
        received=sum(_number(stats, name) for name in _RECEIVED),
        bytes_sent=_number(stats, "bytesSent"),
        bytes_received=_number(stats, "bytesReceived"),
        freezes=_number(stats, "videoFreezes"),
    )


def make_sample(stats: Mapping[str, object], now: Totals, before: Totals | None) -> Sample:
    """Build a sample from the change since the previous one, or since the connection was made."""
    before = before or Totals(now.at - INTERVAL, 0, 0, 0, 0, 0)
    seconds = (now.at - before.at).total_seconds()
    lost = _grown(before.lost, now.lost)
    packets = lost + _grown(before.received, now.received)
    jitter = max(_number(stats, "audioJitter"), _number(stats, "videoJitter"))
    return Sample(
        at=to_wire(now.at),
        round_trip_ms=round(_number(stats, "currentRoundTripTime") * 1000, 1),
        loss_percent=round(100 * lost / packets, 2) if packets else 0.0,
        jitter_ms=round(jitter * 1000, 1),
        send_kbps=_kbps(before.bytes_sent, now.bytes_sent, seconds),
        receive_kbps=_kbps(before.bytes_received, now.bytes_received, seconds),
        freezes=_grown(before.freezes, now.freezes),
    )


def _kbps(before: float, now: float, seconds: float) -> float:
    return round(_grown(before, now) * 8 / 1000 / seconds, 1) if seconds > 0 else 0.0


def _grown(before: float, now: float) -> float:
    return max(0.0, now - before)  # a new connection counts from zero


def _number(stats: Mapping[str, object], name: str) -> float:
    value = stats.get(name)
    return float(value) if is_number(value) else 0.0


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
