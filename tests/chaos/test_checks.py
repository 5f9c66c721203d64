"""The checks of the chaos find what they are there to find."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import TOKEN
from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    Attempt,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    OutcomeUnknownError,
    RateLimit,
    TransportError,
    VideskError,
)

from .examine import SurpriseError, examine
from .ledger import Ledger, Possession
from .watch import check_connections, check_pace, check_tasks, watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.sandbox import Sandbox

ALLOWED = 3


def attempt(number: int = 1, *, status: int | None = None, error: str | None = "lost") -> Attempt:
    return Attempt(
        number=number,
        started_at=datetime.now(timezone.utc),
        duration=0.1,
        status=status,
        error=error,
        delay=0.0,
        request_id=None,
    )


def lost(*attempts: Attempt, external_id: str | None = "mine", text: str = "lost") -> VideskError:
    return OutcomeUnknownError(text, attempts=attempts or (attempt(),), external_id=external_id)


def doubtful(error: VideskError, *, unknown: bool) -> VideskError:
    error.outcome_unknown = unknown
    return error


def examined(error: VideskError, kind: Any = "writes") -> None:
    examine(error, attempts=ALLOWED, secret=TOKEN, kind=kind, external_id="mine")


@pytest.mark.parametrize(
    "error",
    [
        lost(),
        lost(attempt(1), attempt(2, status=503, error=None), attempt(3)),
        DeadlineExceededError("up", attempts=(), external_id="mine"),
    ],
    ids=["one attempt", "three attempts", "none, for the time was up before"],
)
def test_a_precise_error_is_let_pass(error: VideskError) -> None:
    """What a bad network explains is no surprise."""
    examined(error)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConfigurationError("no token"), "faults do not explain it"),
        (lost(text=f"sent {TOKEN}"), "it shows the token"),
        (doubtful(lost(), unknown=False), "it is in doubt and does not say so"),
        (
            doubtful(
                ConnectionFailedError("no", attempts=(attempt(),), external_id="mine"), unknown=True
            ),
            "nothing was sent and yet it is in doubt",
        ),
        (TransportError("lost", attempts=(attempt(),), external_id="mine"), "tells too little"),
        (lost(external_id="other"), "it names another room"),
        (lost(external_id=None), "it names another room"),
        (OutcomeUnknownError("lost", external_id="mine"), "its attempts are wrong"),
        (lost(attempt(2)), "its attempts are wrong"),
        (
            lost(*(attempt(number) for number in range(1, 2 * ALLOWED + 2))),
            "its attempts are wrong",
        ),
        (lost(attempt(status=200)), "its attempts are wrong"),
        (lost(attempt(error=None)), "its attempts are wrong"),
    ],
)
def test_an_imprecise_error_is_a_surprise(error: VideskError, told: str) -> None:
    """Each promise of an error is held against it."""
    with pytest.raises(SurpriseError, match=told):
        examined(error)


def test_a_read_in_doubt_is_a_surprise() -> None:
    """It changes nothing, so that nothing can be unknown."""
    with pytest.raises(SurpriseError, match="a read cannot be in doubt"):
        examined(lost(), "reads")


def room(room_id: str, external_id: str, **more: Any) -> dict[str, Any]:
    usual = {"name": "room", "ended": False, "authorizations": []}
    return {"id": room_id, "externalId": external_id, **usual, **more}


def owner(room_id: str, external_id: str, **more: Any) -> Possession:
    return Possession(room_id, external_id, "room", **more)


@pytest.mark.parametrize(
    ("entries", "account", "told"),
    [
        ([owner("1", "a")], [room("1", "a")], None),
        ([owner("1", "a", ended=True)], [room("1", "a", ended=True)], None),
        ([owner("1", "a")], [], "rooms lost"),
        ([owner("1", "a")], [room("1", "a"), room("2", "b")], "rooms nobody asked for"),
        ([owner("1", "a")], [room("1", "a"), room("2", "a")], "externalId more than once"),
        ([owner("1", "a"), owner("1", "a")], [room("1", "a")], "rooms of two callers"),
        ([owner("1", "a", ended=True)], [room("1", "a")], "not as their caller left them"),
        ([owner("1", "a")], [room("1", "a", ended=True)], "not as their caller left them"),
        ([owner("1", "a")], [room("1", "a", name="x")], "not as their caller left them"),
        ([owner("1", "b")], [room("1", "a")], "not as their caller left them"),
        ([owner("1", "a", jtis=["j"])], [room("1", "a")], "not as their caller left them"),
    ],
)
def test_the_ledger_and_the_account_are_compared(
    entries: list[Possession], account: list[dict[str, Any]], told: str | None
) -> None:
    """Every difference between what callers have and what is there is told."""
    ledger = Ledger()
    for entry in entries:
        ledger.add(entry)
    found = list(ledger.differences(account))
    assert (found == []) is (told is None)
    assert told is None or any(told in each for each in found)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked for is there already, and stays."""
    monkeypatch.setattr("tests.chaos.watch._PATIENCE", 0.1)


def open_descriptor() -> Callable[[], None]:
    reading, writing = os.pipe()
    os.close(writing)
    return lambda: os.close(reading)


def start_thread() -> Callable[[], None]:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return end


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("leave", "told"),
    [(open_descriptor, "descriptors left open"), (start_thread, "threads left open")],
)
def test_what_is_left_open_is_found(leave: Callable[[], Callable[[], None]], told: str) -> None:
    """Descriptors and threads that were not there before."""
    findings: list[str] = []
    with watching(findings):
        clean_up = leave()
    clean_up()
    assert len(findings) == 1
    assert told in findings[0]


async def fail() -> None:
    raise LookupError("nobody hears")


def lose_a_task() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])

    asyncio.run(main())


def lose_a_thread() -> None:
    def body() -> None:
        raise LookupError("nobody hears")

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()


def lose_a_file() -> None:
    open(os.devnull)  # noqa: SIM115 - left open on purpose


@pytest.mark.parametrize(
    ("lose", "told"),
    [
        (lose_a_task, "Task exception was never retrieved"),
        (lose_a_thread, "in a thread: LookupError"),
        (lose_a_file, "unraisable: ResourceWarning"),
    ],
)
def test_complaints_in_the_background_are_found(lose: Callable[[], None], told: str) -> None:
    """What Python can tell nobody else."""
    findings: list[str] = []
    with watching(findings):
        lose()
    assert len(findings) == 1
    assert told in findings[0]


@pytest.mark.usefixtures("impatient")
async def test_what_calls_have_taken_is_found(sandbox: Sandbox) -> None:
    """A connection and a task that are in use."""
    findings: list[str] = []
    limit = RateLimit(requests=2, per=0.1)
    client = AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=limit)
    await client.rooms.list()
    await check_connections(client, findings)
    await check_pace(client, limit, findings)
    await check_tasks(findings)
    assert findings == []
    sandbox.faults.delay(60)
    unpaced = client.with_options(rate_limit=None, timeout=None)
    call = asyncio.ensure_future(unpaced.rooms.list())
    await until(lambda: len(sandbox.requests) == 2)
    await check_connections(client, findings)
    await check_pace(client, limit, findings)
    await check_tasks(findings)
    assert [each.partition(":")[0] for each in findings] == [
        "1 connections not given back",
        *["a task goes on"] * 2,  # the caller's, and that of the attempt
    ]
    call.cancel()
    await asyncio.wait([call])
    await client.close()
