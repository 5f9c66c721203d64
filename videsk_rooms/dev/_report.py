"""The report of a room: a score, its causes, and recommendations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from videsk_rooms.dev._rollup import Total

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BEST_SCORE = 100


@dataclass(frozen=True)
class _Pattern:
    """A problem that makes a call worse above a limit; at twice that, the score falls by `cost`.

    The limits are the reference values in Videsk's documentation of the event `stats`.
    """

    type: str
    limit: float
    cost: int
    recommendation: str
    value: Callable[[Total, int], float]


_PATTERNS = (
    _Pattern(
        "packet-loss",
        3,
        30,
        "Packets are lost: use a cable or a stronger Wi-Fi signal, and close other downloads.",
        lambda total, count: total.loss / count,
    ),
    _Pattern(
        "latency",
        150,
        25,
        "The delay is high: look for a VPN or a distant network between the people.",
        lambda total, count: total.round_trip / count,
    ),
    _Pattern(
        "jitter",
        30,
        20,
        "Packets arrive unevenly: use a cable, or have fewer devices on the same Wi-Fi.",
        lambda total, count: total.jitter / count,
    ),
    _Pattern(
        "freezes",
        1,
        25,
        "The picture freezes: lower the resolution of the camera, or close other programs.",
        lambda total, count: 12 * total.freezes / count,  # in a minute of 12 samples
    ),
)


def make_report(totals: Sequence[Total], people: int) -> dict[str, Any]:
    """Build the report from the totals of all connections in a room."""
    total = Total()
    for each in totals:
        total.include(each)
    count = max(1, total.samples)
    found = [(pattern, pattern.value(total, count)) for pattern in _PATTERNS]
    bad = [(pattern, value) for pattern, value in found if value > pattern.limit]
    return {
        "score": max(0, BEST_SCORE - sum(_cost(pattern, value) for pattern, value in bad)),
        "metrics": {"people": people, "connections": len(totals), **total.to_wire()},
        "patterns": [{"type": each.type, "value": round(value, 2)} for each, value in bad],
        "recommendations": [each.recommendation for each, _ in bad] or ["Nothing to improve."],
    }


def _cost(pattern: _Pattern, value: float) -> int:
    return round(pattern.cost * min(2.0, value / pattern.limit) / 2)
