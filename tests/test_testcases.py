"""The mixin for `unittest`, in cases that are run as a project's own are."""

from __future__ import annotations

import asyncio
import threading
import unittest
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from videsk_rooms import ClosedError
from videsk_rooms.testcases import SandboxMixin


def run(case: type[unittest.TestCase]) -> None:
    """Run the tests of a case, all of which have to pass."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert (result.errors, result.failures) == ([], [])
    assert result.testsRun > 0


def test_each_test_has_a_sandbox_of_its_own_which_is_stopped_after_it() -> None:
    """And a client on it, which is closed."""
    seen: list[Any] = []

    class Case(SandboxMixin, unittest.TestCase):
        def _opens_a_room(self) -> None:
            self.videsk.rooms.create(external_id="ticket-1")
            assert [room["externalId"] for room in self.videsk_sandbox.rooms] == ["ticket-1"]
            seen.append((self.videsk, self.videsk_sandbox))

        test_first = test_second = _opens_a_room

    run(Case)
    (first, here), (second, there) = seen
    assert here is not there
    for client in (first, second):
        with pytest.raises(ClosedError):
            client.rooms.list()


def test_nothing_waits_for_a_rate_limit() -> None:
    """Unless the case asks for one."""

    class Unlimited(SandboxMixin, unittest.TestCase):
        def test(self) -> None:
            self.videsk.rooms.list()
            (request,) = self.videsk_sandbox.requests
            assert request.status == 200
            assert self.videsk.rate_limit_status.remaining is None

    class Limited(SandboxMixin, unittest.TestCase):
        sandbox_arguments: ClassVar = {"rate": 20, "seed": 1}

        def test(self) -> None:
            answer = self.videsk.request("GET", "/vpaas/rooms")
            assert answer.headers["ratelimit-limit"] == "20"

    run(Unlimited)
    run(Limited)


def test_coroutines_have_an_awaited_client() -> None:
    """Which is closed in their loop; a session left open would be a warning, and so an error."""
    seen: list[Any] = []

    class Case(SandboxMixin, unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self) -> None:
            await self.async_videsk.rooms.create(external_id="ticket-1")

        async def test(self) -> None:
            assert (await self.async_videsk.rooms.list()).total == 1
            seen.append(self.async_videsk)

    run(Case)
    with pytest.raises(ClosedError):
        asyncio.run(seen[0].rooms.list())


def test_a_plain_case_may_run_a_loop_of_its_own() -> None:
    """The client is closed though that loop has ended."""

    class Case(SandboxMixin, unittest.TestCase):
        def test(self) -> None:
            assert asyncio.run(self._total()) == 0

        async def _total(self) -> int:
            return (await self.async_videsk.rooms.list()).total

    run(Case)


def test_a_case_that_uses_neither_starts_nothing() -> None:
    """So that the mixin may stand in a base class of all."""

    class Case(SandboxMixin, unittest.TestCase):
        def test(self) -> None:
            assert threading.active_count() == before

    before = threading.active_count()
    run(Case)


def test_the_clock_of_the_sandbox_can_be_moved() -> None:
    """As with the fixtures of pytest."""

    class Case(SandboxMixin, unittest.TestCase):
        def test(self) -> None:
            room = self.videsk.rooms.create(exp=timedelta(hours=1))
            self.videsk_sandbox.advance(timedelta(hours=2))
            assert room.is_over(self.videsk_sandbox.now)

    run(Case)
