"""The fault script: which request gets which fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from videsk_rooms._emulator.fault import RANDOM_KINDS, Fault, FaultKind, applies
from videsk_rooms._emulator.messages import OPERATIONS, Operation
from videsk_rooms._emulator.observer import NO_OBSERVER, Observer
from videsk_rooms._emulator.random_faults import RandomFaults

if TYPE_CHECKING:
    from collections.abc import Collection
    from threading import RLock


@dataclass
class ScriptedFault:
    """A fault, and the requests that get it."""

    fault: Fault
    on: frozenset[Operation] | None
    remaining_uses: int | None
    every: int
    seen: int = 0

    def is_due(self, operation: Operation | None) -> bool:
        """Count a request, and return whether it gets the fault."""
        if not applies(self.on, operation):
            return False
        self.seen += 1
        return self.seen % self.every == 0


class FaultScript:
    """The pending faults: scripted ones in order, and random ones.

    Attributes:
        scripted: The scripted faults. Hold the sandbox's lock to read them.
        random: The random faults, if any. Hold the lock here too.
        observer: Notified of changes.
    """

    def __init__(self, lock: RLock, seed: int) -> None:
        self.scripted: list[ScriptedFault] = []
        self.random: RandomFaults | None = None
        self.observer: Observer = NO_OBSERVER
        self._lock = lock
        self._seed = seed

    def add(
        self,
        fault: Fault,
        on: Operation | Collection[Operation] | None,
        times: int | None,
        every: int,
    ) -> None:
        """Add a fault; `Faults` explains the arguments."""
        if every < 1:
            raise ValueError(f"every={every} never applies; give 1 or more, such as 3 for a third")
        if times is not None and times < 1:
            raise ValueError(f"times={times} never applies; give 1 or more, or None for always")
        operations = _operations(on)
        with self._lock:
            self.scripted.append(ScriptedFault(fault, operations, times, every))
            self.observer.faults_changed()

    def fail_at_random(
        self,
        share: float,
        seed: int | None,
        on: Operation | Collection[Operation] | None,
        kinds: Collection[FaultKind] | None,
    ) -> None:
        """Make a share of the requests fail; `Faults.random` explains the arguments."""
        if not 0 <= share <= 1:
            raise ValueError(f"a share of {share} is invalid; give 0.0 to 1.0")
        chosen = RANDOM_KINDS if kinds is None else tuple(kinds)
        unknown = [kind for kind in chosen if kind not in RANDOM_KINDS]
        if unknown or not chosen:
            raise ValueError(f"unknown kinds {unknown}; use some of {', '.join(RANDOM_KINDS)}")
        operations = _operations(on)
        with self._lock:
            seed = self._seed if seed is None else seed
            self.random = RandomFaults(share, seed, operations, chosen)
            self.observer.faults_changed()

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self.scripted.clear()
            self.random = None
            self.observer.faults_changed()

    def pending(self) -> tuple[Fault, ...]:
        """The pending scripted faults; each appears once, however often it applies."""
        with self._lock:
            return tuple(entry.fault for entry in self.scripted)

    def next(self, operation: Operation | None) -> Fault | None:
        """Take the fault for a request, if any. The caller must hold the sandbox's lock."""
        for entry in self.scripted:
            if entry.is_due(operation):
                self._use_up(entry)
                return entry.fault
        return None if self.random is None else self.random.next(operation)

    def _use_up(self, entry: ScriptedFault) -> None:
        if entry.remaining_uses is None:
            return
        entry.remaining_uses -= 1
        if entry.remaining_uses == 0:
            self.scripted.remove(entry)
        self.observer.faults_changed()

    def __str__(self) -> str:
        at_random = "" if self.random is None else f", {self.random.share:.0%} at random"
        return f"{len(self.scripted)} scripted{at_random}"


def _operations(on: Operation | Collection[Operation] | None) -> frozenset[Operation] | None:
    if on is None:
        return None
    # A string is a collection of letters, too.
    asked: frozenset[str] = frozenset([on]) if isinstance(on, str) else frozenset(on)
    if not asked or not asked <= set(OPERATIONS):
        raise ValueError(f"unknown operation in {on!r}; use some of {', '.join(OPERATIONS)}")
    return frozenset(operation for operation in OPERATIONS if operation in asked)
