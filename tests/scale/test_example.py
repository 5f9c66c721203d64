"""What becomes of each appointment of a batch, and what is handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis

from tests.conformance.workers import imported
from tests.ratelimit.redis_server import MISSING, PROGRAM, serving
from videsk_rooms import AuthenticationError, ServerError
from videsk_rooms.sandbox import Sandbox

from .crew import FAILED, ROOMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)
_TOO_LONG = "a" * 101


class Example:
    """The example, a sandbox, and the Redis that it notes in."""

    def __init__(self, module: Any, sandbox: Sandbox, inside: Any) -> None:
        self.module = module
        self.sandbox = sandbox
        self._inside = inside

    def work_on(self, *appointments: str) -> None:
        """Do a batch, as one attempt of its task does."""
        self.module.open_rooms(list(appointments))

    def ids(self) -> dict[str, str]:
        """The rooms that there are, by their names."""
        return {str(room["externalId"]): str(room["id"]) for room in self.sandbox.rooms}

    def noted(self, key: str) -> dict[str, str]:
        return dict(self._inside.hgetall(key))

    def queued(self) -> int:
        return int(self._inside.llen("celery"))


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """One Redis for all tests."""
    with serving() as server:
        yield server.url


@pytest.fixture
def example(broker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Example]:
    """With an account and notes of its own."""
    with Sandbox(rate=1_000) as sandbox, redis.Redis.from_url(broker, decode_responses=True) as own:
        own.flushall()
        environment = {
            "REDIS_URL": broker,
            "VIDESK_API_TOKEN": sandbox.api_token,
            "VIDESK_BASE_URL": sandbox.url,
        }
        for name, value in environment.items():  # the client is made by the first task
            monkeypatch.setenv(name, value)
        with imported("celery_many_rooms", environment) as module:
            yield Example(module, sandbox, own)
            module.videsk().close()
            module.app.close()
            module.store.close()


def test_each_room_is_noted_under_its_appointment(example: Example) -> None:
    """Done again, a batch asks for nothing more."""
    example.work_on("a", "b", "c")
    assert example.noted(ROOMS) == example.ids()
    assert example.ids().keys() == {"a", "b", "c"}
    example.sandbox.requests.clear()
    example.work_on("a", "b", "c")
    assert len(example.sandbox.requests) == 0


def test_a_room_that_nobody_noted_is_found(example: Example) -> None:
    """As a process that is killed leaves it."""
    room = example.sandbox.add_room(external_id="a")
    example.work_on("a", "b")
    assert example.noted(ROOMS)["a"] == room["id"]
    assert example.noted(ROOMS) == example.ids()


def test_what_concerns_one_appointment_is_noted_with_its_reason(example: Example) -> None:
    """And stops nothing else."""
    example.work_on("a", _TOO_LONG, "b")
    assert example.noted(ROOMS).keys() == {"a", "b"}
    assert "1 to 100 characters" in example.noted(FAILED)[_TOO_LONG]


def test_what_passes_by_itself_is_left_for_the_next_time(example: Example) -> None:
    """The task fails with it, so that Celery has it done again; all others are opened."""
    example.sandbox.faults.status(503, on="create", times=100, headers={"Retry-After": "600"})
    with pytest.raises(ServerError):
        example.work_on("a", "b")
    example.sandbox.faults.clear()
    assert example.noted(FAILED) == {}
    example.work_on("a", "b")
    assert example.noted(ROOMS) == example.ids()
    assert example.ids().keys() == {"a", "b"}


def test_a_refused_token_fails_the_batch_and_is_no_reason_to_note(example: Example) -> None:
    """It would be the same for all others."""
    example.sandbox.faults.status(401, times=100)
    with pytest.raises(AuthenticationError):
        example.work_on("a", "b")
    assert (example.noted(ROOMS), example.noted(FAILED)) == ({}, {})


def test_only_what_lacks_a_room_is_handed_out(example: Example, tmp_path: Path) -> None:
    """So many at a time; what failed before comes again."""
    names = [f"appointment-{number}" for number in range(250)]
    (tmp_path / "names").write_text("\n".join(["", *names, ""]), "utf-8")
    example.module.hand_out(tmp_path / "names")
    assert example.queued() == 3
    example.work_on(*names[:100], _TOO_LONG)
    example.module.hand_out(tmp_path / "names")
    assert example.queued() == 3 + 2
    assert example.noted(FAILED) == {}
