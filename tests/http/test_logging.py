"""The logger `videsk_rooms`: one line an attempt for whoever asks, and no secret in it."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.retrying import FAST, ID, LOST, UNDONE, client
from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit, Videsk, VideskError

if TYPE_CHECKING:
    from tests.retrying import Fail
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.videsk_sandbox(deletion=True)

LOGGER = "videsk_rooms"
LINE = re.compile(
    r"(?P<operation>[\w.]+): (?P<method>[A-Z]+) (?P<path>/\S*) -> (?P<outcome>.+) "
    r"in (?P<duration>\d+\.\d{3}) s \(attempt (?P<number>\d+), after (?P<delay>\d+\.\d{3}) s\)"
)


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.DEBUG) -> list[str]:
    """Return what the logger wrote at a level."""
    return [
        record.getMessage()
        for record in caplog.records
        if (record.name, record.levelno) == (LOGGER, level)
    ]


def read(line: str) -> dict[str, str]:
    match = LINE.fullmatch(line)
    assert match is not None, line
    return match.groupdict()


async def live(videsk: AsyncVidesk) -> None:
    """Make calls of every kind, some of which fail."""
    room = await videsk.rooms.create(
        name="Confidential", external_id="patient-4711", settings={"diagnosis": "flu"}
    )
    await videsk.rooms.get_by_external_id("patient-4711")
    await videsk.rooms.update(room, name="Also confidential")
    await videsk.rooms.join(room)
    await videsk.request("GET", "/vpaas/rooms", query={"externalId": "patient-4711"})
    await videsk.rooms.delete(room)
    with pytest.raises(VideskError):
        await videsk.rooms.get(room)


async def test_each_retry_is_one_line_at_info(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Why, after how long, and as which attempt; what goes well is not told."""
    caplog.set_level(logging.INFO, logger=LOGGER)
    sandbox.faults.status(503)
    sandbox.faults.drop()
    async with client(sandbox, rate_limit=RateLimit(requests=5, per=0.1)) as videsk:
        await live(videsk)
    first, second = lines(caplog, logging.INFO)
    again = r"rooms\.create: POST /vpaas/rooms -> {}; retrying in \d+\.\d{{3}} s, as attempt {}"
    assert re.fullmatch(again.format("503", 2), first)
    assert re.fullmatch(again.format("ServerDisconnectedError.*", 3), second)
    assert lines(caplog) == []


PROGRAM = """
import logging
from videsk_rooms import Retry, Videsk
from videsk_rooms.sandbox import Sandbox

{}
with Sandbox() as sandbox:
    sandbox.faults.status(503)
    for number in range(2):
        with Videsk(sandbox.api_token, base_url=sandbox.url, retry=Retry(base_delay=0)) as videsk:
            videsk.rooms.list()
"""


@pytest.mark.parametrize(
    ("level", "set_up", "levels"),
    [
        ("info", "", ["INFO"]),
        ("DEBUG", "", ["DEBUG", "INFO", "DEBUG", "DEBUG"]),
        ("", "", []),
        ("info", "logging.basicConfig()", ["INFO"]),
    ],
)
def test_the_environment_switches_the_log_on(level: str, set_up: str, levels: list[str]) -> None:
    """On standard error, each line once, however many clients there are."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(set_up)],
        env={**os.environ, "VIDESK_LOG": level},
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stderr.splitlines()
    assert [re.findall("DEBUG|INFO", line) for line in told] == [[each] for each in levels]


def test_a_level_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable's name, with what it may be."""
    monkeypatch.setenv("VIDESK_LOG", "verbose")
    with pytest.raises(ConfigurationError, match=r"VIDESK_LOG='verbose'.*info or debug"):
        Videsk("a-token-of-the-tests")


async def test_each_attempt_is_one_line_at_debug(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """With operation, method, path, status, duration, number and the wait before it."""
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    sandbox.faults.status(503, headers={"Retry-After": "1"})
    async with client(sandbox) as videsk:
        response = await videsk.request("GET", "/vpaas/rooms", query={"$limit": 1})
    told = [read(line) for line in lines(caplog)]
    assert told == [
        {
            "operation": "request",
            "method": "GET",
            "path": "/vpaas/rooms",
            "outcome": str(attempt.status),
            "duration": f"{attempt.duration:.3f}",
            "number": str(attempt.number),
            "delay": f"{attempt.delay:.3f}",
        }
        for attempt in response.attempts
    ]
    assert [each["outcome"] for each in told] == ["503", "200"]
    assert float(told[1]["delay"]) >= 1
    assert len(lines(caplog, logging.INFO)) == 1


async def test_an_attempt_without_an_answer_says_why(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """In place of a status."""
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    sandbox.faults.drop()
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
    first, second = (read(line) for line in lines(caplog))
    assert first["outcome"].startswith("ServerDisconnectedError")
    assert second["outcome"] == "200"


async def test_what_is_no_http_is_told_in_one_line(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the server sends, it begins no line of its own in the log."""
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    sandbox.faults.garbage_line(b"\r\n\nvidesk_rooms: forged\r\n")
    async with client(sandbox) as videsk:
        await videsk.rooms.list(external_id="patient-4711")
    first, second = (read(line) for line in lines(caplog))
    assert first["outcome"].startswith("ClientResponseError")
    assert second["outcome"] == "200"


async def test_each_request_of_each_call_is_a_line(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The log of the client and the log of the server tell the same."""
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    async with client(sandbox) as videsk:
        await live(videsk)
    told = [(each["method"], each["path"], each["outcome"]) for each in map(read, lines(caplog))]
    # But for an external id in a path, which may name a person.
    assert told == [
        (request.method, request.path.replace("patient-4711", "{roomId}"), str(request.status))
        for request in sandbox.requests
    ]


@pytest.mark.parametrize("fail", [*LOST.values(), *UNDONE.values()], ids=[*LOST, *UNDONE])
async def test_no_line_holds_what_is_nobodys_business(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, fail: Fail
) -> None:
    """No token, no body, no query, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    for operation in ("create", "list", "get", "update", "join", "delete"):
        fail(sandbox, operation)
    async with client(sandbox) as videsk:
        await live(videsk)
    text = "\n".join(str(record.__dict__) for record in caplog.records if record.name == LOGGER)
    access = [sandbox.api_token, "eyJ", "Bearer"]
    private = ["onfidential", "patient-4711", "diagnosis", "flu", "?", "$limit"]
    assert len(lines(caplog)) == len(sandbox.requests)
    assert [each for each in (*access, *private) if each in text] == []


def test_the_blocking_face_logs_the_same(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """By the same logger."""
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    sandbox.faults.status(503)
    with (
        Videsk(sandbox.api_token, base_url=sandbox.url, retry=FAST) as videsk,
        pytest.raises(VideskError),
    ):
        videsk.rooms.get(ID)
    assert [read(line)["outcome"] for line in lines(caplog)] == ["503", "404"]
