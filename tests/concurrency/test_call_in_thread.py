"""What may block runs beside the loop, in a thread that keeps nobody."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.waiting import until
from videsk_rooms._concurrency.loops import call_in_thread

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

_number: ContextVar[int] = ContextVar("number")


async def test_the_result_comes_back_and_the_context_goes_along() -> None:
    """As from `asyncio.to_thread`."""
    _number.set(7)
    assert await call_in_thread(_number.get) == 7
    assert await call_in_thread(threading.get_ident) != threading.get_ident()


@pytest.mark.parametrize(
    ("error", "raised"), [(OSError, OSError), (StopIteration, RuntimeError), (SystemExit, None)]
)
async def test_an_error_comes_back(
    error: type[BaseException], raised: type[BaseException] | None
) -> None:
    """Also one that no future takes."""

    def fail() -> NoReturn:
        raise error("on purpose")

    with pytest.raises(raised or error, match="on purpose"):
        await call_in_thread(fail)


async def test_whoever_is_cancelled_leaves_it_to_itself() -> None:
    """Its result is nobody's, and nothing is said of it."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    go_on, gone_on = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(20)
        loop.call_soon_threadsafe(gone_on.set)

    waiting = asyncio.create_task(call_in_thread(work))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    go_on.set()
    await until(gone_on.is_set)
    await asyncio.sleep(0.05)
    assert complaints == []


_HANGS = """
import asyncio, socket, sys, threading
from videsk_rooms import AsyncVidesk, Retry, Videsk, VideskError

hang = lambda *_, **__: threading.Event().wait()
token = "a-token"
if sys.argv[1] == "look-up":
    socket.getaddrinfo = hang
else:
    token = hang
options = dict(base_url="https://videsk.invalid", timeout=0.3, retry=Retry(attempts=1))

async def call():
    async with AsyncVidesk(token, **options) as client:
        await client.rooms.list()

def call_and_wait():
    with Videsk(token, **options) as client:
        client.rooms.list()

for work in (lambda: asyncio.run(call()), call_and_wait):
    try:
        work()
    except VideskError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize("what", ["look-up", "token"])
def test_what_hangs_keeps_no_process_from_leaving(sandbox: Sandbox, what: str) -> None:
    """A look-up whose server does not answer, a callable that gives no token."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _HANGS, what],
        env={**os.environ, "VIDESK_API_TOKEN": sandbox.api_token},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "DeadlineExceededError\n" * 2
