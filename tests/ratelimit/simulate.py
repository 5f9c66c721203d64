"""The rule of the rate limit in virtual time: `python -m tests.ratelimit.simulate`.

Only `Schedule` and `Latency` are the package's own. Callers, network and server are those of this
file: the server counts when a request arrives, refuses what is over, works, and answers.
"""

from __future__ import annotations

import argparse
import heapq
from bisect import bisect_right
from collections import deque
from itertools import count
from math import inf
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Literal

import attrs

from videsk_rooms._ratelimit.latency import Latency
from videsk_rooms._ratelimit.schedule import Ask, Message, Rank, Schedule, Update

from .delay import Delay, exponential, spiky

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RATE, PER = 20, 1.0
_PAUSE_AFTER_REFUSAL = 0.1
# Seconds, on average, by which a timer rings late and a request leaves after its permit.
_LATENESS = 0.0003

Window = Literal["sliding", "fixed"]


@attrs.frozen
class Network:
    """What lies between the callers and the server's count, and between it and the answer.

    Attributes:
        out: The way to the server.
        back: The way back.
        work: How long the server works after it has counted.
        other: What every other caller has instead, who asks for another operation.
        apart: Whether those are on another machine.
    """

    name: str
    out: Delay
    back: Delay
    work: Delay = Delay()  # noqa: RUF009 - immutable
    other: Network | None = None
    apart: bool = False

    def of(self, operation: str) -> Network:
        """Return what requests of an operation pass."""
        return self if self.other is None or operation == "get" else self.other


@attrs.frozen
class Result:
    """What a simulated run brought.

    Attributes:
        used: The share of the limit that was used.
        over: Requests that came less than a second after the one that many before.
        refused: Requests that the server refused.
        median_wait: How long the median request waited for its permit, in seconds.
    """

    used: float
    over: int
    refused: int
    median_wait: float


NETWORKS = [
    Network("no delay", Delay(0.0002), Delay(0.0002)),
    Network("60 ms", Delay(0.060), Delay(0.060)),
    Network("60 ms, normal 10 ms", Delay(0.060, "normal", 0.010), Delay(0.060, "normal", 0.010)),
    Network(
        "60 ms, lognormal 20 ms",
        Delay(0.060, "lognormal", 0.020),
        Delay(0.060, "lognormal", 0.020),
    ),
    Network("60 ms, exponential 10 ms", exponential(0.060, 0.010), exponential(0.060, 0.010)),
    Network("60 ms, exponential 30 ms", exponential(0.060, 0.030), exponential(0.060, 0.030)),
    Network("the same, 2 % spikes of 150 ms", spiky(0.060, 0.030), spiky(0.060, 0.030)),
    Network(
        "60 ms, drifting by 100 ms in 20 s",
        Delay(0.060, "exponential", 0.010, drift=0.005),
        Delay(0.060, "exponential", 0.010, drift=0.005),
    ),
    Network(
        "100 ms, the route 60 ms longer after 30 s",
        Delay(0.100, "exponential", 0.010, change_at=30.0, change_by=0.060),
        Delay(0.100, "exponential", 0.010, change_at=30.0, change_by=0.060),
    ),
    Network(
        "100 ms, the route 60 ms shorter after 30 s",
        Delay(0.100, "exponential", 0.010, change_at=30.0, change_by=-0.060),
        Delay(0.100, "exponential", 0.010, change_at=30.0, change_by=-0.060),
    ),
    Network("120 ms out, 10 ms back", exponential(0.120, 0.020), exponential(0.010, 0.003)),
    Network("10 ms out, 120 ms back", exponential(0.010, 0.003), exponential(0.120, 0.020)),
    Network(
        "nothing passes for 0.3 s, each 5 s",
        Delay(0.060, "exponential", 0.005, stall_every=5.0, stall_for=0.3),
        Delay(0.060, "exponential", 0.005, stall_every=5.0, stall_for=0.3),
    ),
    Network("first arrival 50 ms late", Delay(0.005, cold=0.050), Delay(0.005)),
    Network(
        "work of 500 ms",
        exponential(0.060, 0.010),
        exponential(0.060, 0.010),
        Delay(0.500),
    ),
    Network(
        "work of 10 to 500 ms",
        exponential(0.060, 0.010),
        exponential(0.060, 0.010),
        Delay(0.010, "uniform", 0.490),
    ),
    Network(
        "work of 5 ms for a half, of 200 ms for the others",
        exponential(0.030, 0.005),
        exponential(0.030, 0.005),
        Delay(0.005),
        Network("", exponential(0.030, 0.005), exponential(0.030, 0.005), Delay(0.200)),
    ),
    Network(
        "10 ms for a half of the machines, 80 ms for the others",
        exponential(0.010, 0.003),
        exponential(0.010, 0.003),
        other=Network("", exponential(0.080, 0.010), exponential(0.080, 0.010)),
        apart=True,
    ),
]


@attrs.define
class _Request:
    id: str
    since: float
    process: _Process
    caller: int
    due: float = 0.0
    left: float = 0.0

    @property
    def operation(self) -> str:
        return "create" if self.caller % 2 else "get"


@attrs.define
class _Process:
    latency: Latency = attrs.field(factory=Latency)
    queue: deque[_Request] = attrs.field(factory=deque)
    alarm: float = inf


class Simulation:
    """Callers that ask as fast as they are let, in virtual time."""

    def __init__(
        self,
        network: Network,
        *,
        window: Window = "sliding",
        processes: int = 1,
        callers: int = 32,
        seed: int = 1,
    ) -> None:
        self._network = network
        self._window = window
        self._random = Random(seed)
        self._schedule = Schedule()
        self._processes = [_Process() for _ in range(processes)]
        self._callers = callers
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._ids = count()
        self._now = 1000.0
        self._begun = self._now
        self._counted: deque[float] = deque()  # in the server's window
        self._window_began = -inf
        self._arrivals: list[float] = []
        self._accepted: list[float] = []
        self._waits: list[float] = []
        self._refused = 0

    def run(self, seconds: float) -> Result:
        """Run for so many seconds."""
        for caller in range(self._callers):
            process = self._processes[caller % len(self._processes)]
            self._at(self._random.uniform(0, 0.01), self._asker(process, caller))
        end = self._begun + seconds
        while self._events[0][0] < end:
            self._now, _, happen = heapq.heappop(self._events)
            happen()
        pairs = zip(self._arrivals, self._arrivals[RATE:], strict=False)
        first = self._accepted[0]
        return Result(
            used=bisect_right(self._accepted, end) / (RATE * (end - first)),
            over=sum(later - earlier < PER for earlier, later in pairs),
            refused=self._refused,
            median_wait=median(self._waits),
        )

    def _at(self, delay: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + delay, next(self._order), happen))

    def _late(self) -> float:
        return self._random.expovariate(1 / _LATENESS)

    def _elapsed(self) -> float:
        return self._now - self._begun

    # -- the callers ------------------------------------------------------------------------------

    def _asker(self, process: _Process, caller: int) -> Callable[[], None]:
        def ask() -> None:
            process.queue.append(_Request(f"{next(self._ids):x}", self._now, process, caller))
            self._ask(process)

        return ask

    def _ask(self, process: _Process) -> None:
        """Ask for the first in the queue of a process, as its limiter does."""
        while process.queue:
            request = process.queue[0]
            if request.due > self._now:
                break
            wait = self._schedule.apply(Message(ask=self._message(request)), self._now)
            if wait == 0:
                process.queue.popleft()
                self._waits.append(self._now - request.since)
                self._at(self._late(), self._leaver(request))
            else:
                request.due = self._now + wait
        if process.queue and process.alarm > process.queue[0].due:
            process.alarm = process.queue[0].due
            self._at(process.alarm - self._now + self._late(), self._ringer(process))

    def _ringer(self, process: _Process) -> Callable[[], None]:
        def ring() -> None:
            process.alarm = inf
            self._ask(process)

        return ring

    def _message(self, request: _Request) -> Ask:
        latency = request.process.latency
        return Ask(
            request.id,
            Rank.INTERACTIVE,
            self._now - request.since,
            RATE,
            PER,
            out=latency.out,
            late=latency.late(request.operation),
        )

    # -- the network and the server ---------------------------------------------------------------

    def _leaver(self, request: _Request) -> Callable[[], None]:
        def leave() -> None:
            request.left = self._now
            out = self._network.of(request.operation).out
            way = out.draw(self._random, self._elapsed())
            cold = 0.0 if self._arrivals or int(request.id, 16) else out.cold
            self._at(way + cold, lambda: self._arrive(request))

        return leave

    def _arrive(self, request: _Request) -> None:
        self._arrivals.append(self._now)
        accepted = self._count()
        if accepted:
            self._accepted.append(self._now)
        else:
            self._refused += 1
        elapsed = self._elapsed()
        network = self._network.of(request.operation)
        work = network.work.draw(self._random, elapsed) if accepted else 0.0
        back = network.back.draw(self._random, elapsed)
        self._at(work + back, lambda: self._answer(request, accepted=accepted))

    def _count(self) -> bool:
        counted = self._counted
        if self._window == "fixed":
            if self._now >= self._window_began + PER:
                self._window_began = self._now
                counted.clear()
        else:
            while counted and counted[0] <= self._now - PER:
                counted.popleft()
        if len(counted) < RATE:
            counted.append(self._now)
            return True
        return False

    def _answer(self, request: _Request, *, accepted: bool) -> None:
        process = request.process
        if accepted:
            process.latency.note(request.operation, self._now - request.left)
        update = Update(request.id, process.latency.back(request.operation))
        pause = 0.0 if accepted else _PAUSE_AFTER_REFUSAL
        self._schedule.apply(Message([update], pause), self._now)
        if process.queue:
            process.queue[0].due = 0.0
        self._asker(process, request.caller)()


def run(network: Network, window: Window, processes: int, callers: int, seconds: float) -> Result:
    """Simulate three runs; return the one of the median share, with the faults of all."""
    results = [
        Simulation(network, window=window, processes=processes, callers=callers, seed=seed).run(
            seconds
        )
        for seed in (1, 2, 3)
    ]
    middle = sorted(results, key=lambda each: each.used)[1]
    return attrs.evolve(
        middle,
        over=sum(each.over for each in results),
        refused=sum(each.refused for each in results),
    )


_COLUMNS = [(processes, callers) for processes in (1, 4) for callers in (8, 32)]


def as_markdown(networks: Sequence[Network], seconds: float) -> str:
    """Write a table for docs/decisions/0033-rate-limit-by-answers.md."""
    heads = [
        f"{'1 process' if processes == 1 else f'{processes} processes'}, {callers} callers"
        for processes, callers in _COLUMNS
    ]
    lines = [
        f"|network, each way|{'|'.join(heads)}|over: sliding, fixed|",
        f"|---|{'--:|' * (len(heads) + 1)}",
    ]
    for network in networks:
        used: list[str] = []
        over = {"sliding": 0, "fixed": 0}
        for processes, callers in _COLUMNS:
            if network.apart and processes == 1:
                used.append("")
                continue
            for window in ("fixed", "sliding"):
                result = run(network, window, processes, callers, seconds)
                over[window] += result.over if window == "sliding" else result.refused
            used.append(f"{result.used:.1%}")
        lines.append(f"|{network.name}|{'|'.join(used)}|{over['sliding']}, {over['fixed']}|")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.ratelimit.simulate")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run; 60")
    given = parser.parse_args()
    print(f"{RATE} requests a second, {given.seconds:g} s, three runs each: of the limit used\n")
    print(as_markdown(NETWORKS, given.seconds))


if __name__ == "__main__":
    main()
