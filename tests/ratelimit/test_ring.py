"""The ring, pure, in a file and in Redis, against a plain list of all departures."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Protocol

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from videsk_rooms._http.tokens import account_of, token_source
from videsk_rooms._ratelimit.file_store import FileStore, _File
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.redis_store import RedisStore
from videsk_rooms._ratelimit.schedule import SlidingWindow, WindowParams
from videsk_rooms._ratelimit.store import LATE, MICRO, Slot, window_params

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path
    from typing import Any

    from tests.ratelimit.redis_server import RedisServer

TRIES = settings(
    max_examples=300,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
FEW_TRIES = settings(TRIES, max_examples=40, stateful_step_count=40)

AROUND_LATE = [int(LATE * MICRO) + more for more in (-1, 0, 1)]
# Nothing drawn depends on what the machine holds: where time is the server's, that varies.
WHICH = st.integers(0, 7)
LIMITS = st.builds(Limit, st.integers(1, 4), st.sampled_from([0.001, 0.004]))


class Driver(Protocol):
    """One kind of ring. Each answer tells the time at which it was made."""

    def reserve(self, count: int, limit: Limit) -> tuple[int, list[int]]: ...
    def confirm(self, slot: int, limit: Limit) -> tuple[int, int]: ...
    def give_back(self, slots: Sequence[int]) -> None: ...
    def hold(self, micros: int) -> int: ...
    def wait(self, micros: int) -> int: ...
    def close(self) -> None: ...


class PureDriver:
    """The ring itself, at a time that is given."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self._ring = SlidingWindow()

    def reserve(self, count: int, limit: Limit) -> tuple[int, list[int]]:
        return self.now, self._ring.reserve(count, window_params(limit), now=self.now)

    def confirm(self, slot: int, limit: Limit) -> tuple[int, int]:
        return self.now, self._ring.confirm(slot, window_params(limit), now=self.now)

    def give_back(self, slots: Sequence[int]) -> None:
        self._ring.give_back(slots)

    def hold(self, micros: int) -> int:
        self._ring.hold(self.now + micros)
        return self._ring.held_until

    def wait(self, micros: int) -> int:
        self.now += micros
        return self.now

    def close(self) -> None:
        """Nothing is held."""


class FileDriver:
    """The ring in a file, at a time that is given."""

    def __init__(self, path: Path) -> None:
        self.now = 1_000_000
        path.unlink(missing_ok=True)
        self._store = FileStore(str(path), clock=lambda: (self.now + 0.5) / MICRO)
        self._loop = asyncio.new_event_loop()

    def reserve(self, count: int, limit: Limit) -> tuple[int, list[int]]:
        places = self._run(self._store.reserve(count, limit))
        return self.now, [place.slot for place in places]

    def confirm(self, slot: int, limit: Limit) -> tuple[int, int]:
        place = Slot(slot, slot / MICRO, self._store, sure=False)
        return self.now, self._run(self._store.confirm([place], limit))[0].slot

    def give_back(self, slots: Sequence[int]) -> None:
        places = [Slot(slot, slot / MICRO, self._store, sure=False) for slot in slots]
        self._run(self._store.give_back(places))

    def hold(self, micros: int) -> int:
        self._run(self._store.hold(micros / MICRO))
        with _File(self._store._path) as file:
            return file.read().held_until

    def wait(self, micros: int) -> int:
        self.now += micros
        return self.now

    def close(self) -> None:
        self._run(self._store.close())
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(coroutine)


_tokens = (f"a-token-of-the-ring-{number}" for number in itertools.count())


class RedisDriver:
    """The script in Redis, at the time of the server."""

    def __init__(self, url: str) -> None:
        self._store = RedisStore(url, account_of(token_source(next(_tokens))))
        self._held_until = 0
        self._loop = asyncio.new_event_loop()

    def reserve(self, count: int, limit: Limit) -> tuple[int, list[int]]:
        now, *slots = self._run("reserve", *attrs.astuple(window_params(limit)), count)
        return now, slots

    def confirm(self, slot: int, limit: Limit) -> tuple[int, int]:
        now, moved = self._run("confirm", *attrs.astuple(window_params(limit)), slot)
        return now, moved

    def give_back(self, slots: Sequence[int]) -> None:
        self._run("give back", *slots)

    def hold(self, micros: int) -> int:
        (now,) = self._run("hold", micros)
        self._held_until = max(self._held_until, now + micros)
        return self._held_until

    def wait(self, micros: int) -> int:
        time.sleep(micros / MICRO)
        (now,) = self._run("give back")
        return now

    def close(self) -> None:
        self._loop.run_until_complete(self._store.close())
        self._loop.close()

    def _run(self, command: str, *numbers: int) -> list[int]:
        return self._loop.run_until_complete(self._store._run(command, *numbers))


class Model:
    """All departures that stand, in a plain list: those of the last window, and all to come."""

    def __init__(self) -> None:
        self.promised: list[int] = []
        self.held_until = 0

    def reserved(self, rule: WindowParams, now: int) -> int:
        """Say when the next one must be promised."""
        self._forget(rule, now)
        slot = max(now, self.held_until)
        while len(found := [each for each in self.promised if each > slot - rule.window]) >= (
            rule.limit
        ):
            slot = min(found) + rule.window
        if self.promised:
            slot = max(slot, max(self.promised) + (rule.gap if slot > now else 1))
        return slot

    def confirmed(self, slot: int, rule: WindowParams, now: int) -> int:
        """Say when a promised one must happen."""
        self._forget(rule, now)
        if slot not in self.promised:
            return self.reserved(rule, now)
        others = [each for each in self.promised if each != slot]
        free = len(within(others, slot, rule)) < rule.limit
        if free and slot >= self.held_until and now - slot <= rule.late:
            return slot
        moved = max(now, self.held_until)
        while len(found := within(others, moved, rule)) >= rule.limit:
            moved = min(found) + rule.window
        step = 1 if moved > now else -1
        while moved in others:
            moved += step
        return moved

    def _forget(self, rule: WindowParams, now: int) -> None:
        self.promised = [each for each in self.promised if each > now - rule.window]


def within(times: Sequence[int], end: int, rule: WindowParams) -> list[int]:
    """Pick what lies in the window that ends at a time."""
    return [each for each in times if end - rule.window < each <= end]


class Machine(RuleBasedStateMachine):
    """Processes that reserve, wait, connect, leave, give back and hold, in any order.

    A departure is promised; its time comes and it is confirmed, or it is certain at once; its
    request then connects, and leaves: late, only after it was confirmed once more.
    """

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.driver = driver
        self.model = Model()
        self.now = 0
        self.waiting: list[int] = []
        self.connecting: list[int] = []
        self.left: list[int] = []
        self.loosest = WindowParams(limit=0, window=MICRO)

    @initialize(limit=LIMITS)
    def begin(self, limit: Limit) -> None:
        self.set_limit(limit)
        self.now = self.driver.wait(0)

    @rule(limit=LIMITS)
    def set_limit(self, limit: Limit) -> None:
        self.limit, self.rule = limit, window_params(limit)
        self.loosest = WindowParams(
            max(self.loosest.limit, self.rule.limit), min(self.loosest.window, self.rule.window)
        )

    @rule(count=st.integers(0, 6))
    def reserve(self, count: int) -> None:
        self.now, slots = self.driver.reserve(count, self.limit)
        for slot in slots:
            assert slot == self.model.reserved(self.rule, self.now)
            assert all(slot > other for other in self.model.promised)
            self.model.promised.append(slot)
            assert len(within(self.model.promised, slot, self.rule)) <= self.rule.limit
            self._take(slot)
        assert len(slots) == count

    @rule(micros=st.integers(0, 30_000) | st.sampled_from([1, *AROUND_LATE]))
    def wait(self, micros: int) -> None:
        self.now = self.driver.wait(micros)

    @rule()
    def wait_for_the_next(self) -> None:
        if self.waiting:
            self.now = self.driver.wait(max(0, min(self.waiting) - self.now))

    @rule()
    def confirm_the_next(self) -> None:
        if self.waiting and min(self.waiting) <= self.now:
            slot = min(self.waiting)
            self.waiting.remove(slot)
            self._confirm(slot)

    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        if self.connecting:
            slot = self.connecting.pop(which % len(self.connecting))
            if self.now - slot > self.rule.late:
                self._confirm(slot)
            else:
                self.left.append(slot)

    @rule(which=WHICH)
    def give_back(self, which: int) -> None:
        standing = self.waiting + self.connecting
        if standing:
            slot = standing[which % len(standing)]
            (self.waiting if slot in self.waiting else self.connecting).remove(slot)
            self.driver.give_back([slot, slot])
            if slot in self.model.promised:
                self.model.promised.remove(slot)

    @rule(slot=st.integers(1, 100))
    def give_back_what_is_unknown(self, slot: int) -> None:
        self.driver.give_back([slot])

    @rule(micros=st.integers(0, 50_000))
    def hold(self, micros: int) -> None:
        until = self.driver.hold(micros)
        assert until >= self.model.held_until
        self.model.held_until = until

    @invariant()
    def no_window_holds_more_than_the_limit(self) -> None:
        for end in self.left:
            assert len(within(self.left, end, self.loosest)) <= self.loosest.limit

    def teardown(self) -> None:
        self.driver.close()

    def _confirm(self, slot: int) -> None:
        self.now, moved = self.driver.confirm(slot, self.limit)
        assert moved == self.model.confirmed(slot, self.rule, self.now)
        if slot in self.model.promised:
            self.model.promised.remove(slot)
        self.model.promised.append(moved)
        self._take(moved)

    def _take(self, slot: int) -> None:
        (self.connecting if slot <= self.now else self.waiting).append(slot)


def check(make_driver: Callable[[], Driver], tries: settings) -> None:
    """Run the machine."""

    class Driven(Machine):
        def __init__(self) -> None:
            super().__init__(make_driver())

    run_state_machine_as_test(Driven, settings=tries)


def test_the_ring_keeps_to_the_list() -> None:
    """Never more than the limit, in order, never later than needed."""
    check(PureDriver, TRIES)


def test_the_file_keeps_to_the_list(tmp_path: Path) -> None:
    """What was written is what is read."""
    check(lambda: FileDriver(tmp_path / "pace"), FEW_TRIES)


def test_redis_keeps_to_the_list(common_redis: RedisServer) -> None:
    """The script does what the ring does, by the time of the server."""
    check(lambda: RedisDriver(common_redis.url), FEW_TRIES)
