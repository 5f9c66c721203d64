"""No answer holds up the event loop for more than 100 ms, or takes more than 60 MB."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from tests.hostile.bounds import (
    ELEMENTS,
    MOST_MB,
    MOST_STALL_MS,
    READERS,
    WHOLE,
    another_process,
    answers,
    cost_of,
    reader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = answers()
# The rest of the table is alike; `python -m tests.hostile.bounds` prints all of it.
COSTLIEST = [
    *((name, "json") for name in WHOLE),  # which are too long for orjson
    *((f"{element} in data", by) for element in ELEMENTS for by in READERS),
    ("objects of one in authorizations", "json"),
    ("nested objects in authorizations", "json"),
    ("nested objects in an unknown field", "json"),
    ("decimal numbers in statistics", "json"),
    ("more lists in statistics", "json"),
]
# A machine that is busy, or a garbage collection, makes single measurements longer, and Python 3.10
# takes up to twice as long. The goal of 100 ms is what `python -m tests.hostile.bounds` reports
# against; beside other tests it cannot be measured. The fault that this is for took 4,500 ms.
TURNS = 10
MOST_MS_BESIDE_OTHERS = 4 * MOST_STALL_MS


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve all answers from another process, so that none of its work is counted."""
    with another_process() as port:
        yield port


@pytest.mark.parametrize(("name", "by"), COSTLIEST)
async def test_no_answer_stalls_the_loop_or_fills_the_memory(name: str, by: str, port: int) -> None:
    """Whatever it consists of, compressed or not, with orjson and without."""
    pytest.importorskip("orjson", reason="orjson (extra `fast`) reads here")
    number = list(EVERYTHING).index(name)
    stalls: list[float] = []
    with reader(by):
        while len(stalls) < TURNS and min(stalls, default=inf) >= MOST_STALL_MS:
            cost = await cost_of(number, EVERYTHING[name], port)
            assert cost.megabytes < MOST_MB
            stalls.append(cost.stall_ms)
    assert min(stalls) < MOST_MS_BESIDE_OTHERS
