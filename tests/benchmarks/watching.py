"""Watching threads at work: what each layer does, by Python's own hooks for profilers and tracers.

A layer is a module of the package, or another package.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from socket import socket
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

from .measure import Run

if TYPE_CHECKING:
    from types import FrameType

SYSTEM = "the system, sending and receiving"
_CALLS = 5
_WAITING = frozenset({"poll", "select", "control", "acquire"})

Watch: TypeAlias = Callable[[], None]
"""Has the thread that it is called in watched."""
Subject: TypeAlias = Callable[[str, Watch], AbstractContextManager[Run]]


class Times:
    """The seconds of each layer, in the threads that are watched; waiting is no layer's."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = threading.local()

    def watch(self) -> None:
        """Watch this thread."""
        self._last.event = perf_counter()
        sys.setprofile(self._event)

    def _event(self, frame: FrameType, event: str, function: Any) -> None:
        elapsed = perf_counter() - self._last.event
        if event == "c_return" and isinstance(getattr(function, "__self__", None), socket):
            self.seconds[SYSTEM] += elapsed
        elif event != "c_return" or getattr(function, "__name__", "") not in _WAITING:
            self.seconds[layer_of(frame.f_back if event == "call" else frame)] += elapsed
        self._last.event = perf_counter()  # what was done here is nobody's

    def measure(self, subject: Subject, url: str, batches: int) -> dict[str, float]:
        """Return the seconds of one call, by layer: the median over batches of calls."""
        spent = []
        with subject(url, self.watch) as run:
            for _ in range(batches):
                self.seconds = Counter()
                run(_CALLS)
                spent.append(self.seconds)
            sys.setprofile(None)
        layers = {layer for batch in spent for layer in batch}
        return {layer: median(batch[layer] for batch in spent) / _CALLS for layer in layers}


class Counts:
    """The calls and bytecodes of each layer, in the threads that are watched."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()

    def watch(self) -> None:
        """Watch this thread."""
        sys.settrace(self._event)

    def _event(self, frame: FrameType, event: str, _: object) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.calls[layer_of(frame)] += event == "call"
        self.steps[layer_of(frame)] += event == "opcode"
        return self._event

    def measure(
        self, subject: Subject, url: str, calls: int
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Return the calls of functions and the bytecodes of one call, by layer."""
        with subject(url, self.watch) as run:
            run(_CALLS)
            before = self.calls.copy(), self.steps.copy()
            run(calls)
            sys.settrace(None)
            counted = self.calls - before[0], self.steps - before[1]
        functions, steps = ({name: n / calls for name, n in count.items()} for count in counted)
        return functions, steps


def layer_of(frame: FrameType | None) -> str:
    """Name the layer that a frame belongs to."""
    # Code that is made from text, as attrs makes some, has no module.
    module = "" if frame is None else str(frame.f_globals.get("__name__", ""))
    package = module.partition(".")[0]
    return module if package == "videsk_rooms" else package
