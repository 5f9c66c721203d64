"""A callable for the token is asked once for all who wait, and belongs to none of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from tests import inside
from tests.inside import nothing_is_left
from tests.ratelimit.redis_server import MISSING, PROGRAM, serving
from tests.retrying import LATE, outcome_of
from tests.support import printed_by
from tests.waiting import until, wait_until
from videsk_rooms import (
    AsyncVidesk,
    AuthenticationError,
    DeadlineExceededError,
    RateLimit,
    Retry,
    Timeout,
    Videsk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

MANY = 12
SHORT = 0.25
REFUSED = "a-token-that-nobody-issued"
_IN_TIME = LATE / 4


class Vault:
    """A callable for the token, in three forms, which answers when it is let; counts."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.opened = threading.Event()
        self.shuts = False

    def _next(self) -> str:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.shuts:  # behind the first answer
            self.opened.clear()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def plain(self) -> str:
        """Block in a thread."""
        self.asked += 1
        self.opened.wait(LATE)
        return self._next()

    async def awaited(self) -> str:
        """Wait in the loop."""
        self.asked += 1
        await until(self.opened.is_set)
        return self._next()

    def awaitable(self) -> Any:
        """Return what is to be awaited."""
        return self.awaited()

    def form(self, name: str) -> Callable[[], Any]:
        """Return the callable in one of its forms."""
        return getattr(self, name)  # type: ignore[no-any-return]  # of the three above


forms = pytest.mark.parametrize("form", ["plain", "awaited", "awaitable"])


@pytest.fixture
def vault(sandbox: Sandbox) -> Iterator[Vault]:
    """A vault that has the right token, and holds no thread beyond the test."""
    vault = Vault(sandbox.api_token)
    yield vault
    vault.opened.set()


def client(sandbox: Sandbox, api_token: Any, **options: Any) -> AsyncVidesk:
    settings = {"retry": Retry(attempts=1), "rate_limit": None, **options}
    return AsyncVidesk(api_token, base_url=sandbox.url, **settings)


def blocking(sandbox: Sandbox, api_token: Any, **options: Any) -> Videsk:
    settings = {"retry": Retry(attempts=1), "rate_limit": None, **options}
    return Videsk(api_token, base_url=sandbox.url, **settings)


# -- one that fails -------------------------------------------------------------------------------


@forms
async def test_one_that_fails_is_asked_once_for_all_who_wait(
    sandbox: Sandbox, vault: Vault, form: str
) -> None:
    """All of them get the same failure, and the next call asks anew."""
    error = LookupError("sealed")
    vault.answers.insert(0, error)
    async with client(sandbox, vault.form(form)) as videsk:
        calls = [asyncio.ensure_future(outcome_of(videsk.rooms.list())) for _ in range(MANY)]
        await until(lambda: vault.asked)
        vault.opened.set()
        outcomes = await asyncio.gather(*calls)
        assert all(outcome is error for outcome in outcomes)
        assert vault.asked == 1
        assert (await videsk.rooms.list()).total == 0
    assert vault.asked == 2


def test_threads_share_a_failure_likewise(sandbox: Sandbox, vault: Vault) -> None:
    """So do calls of several threads and of views."""
    vault.answers.insert(0, LookupError("sealed"))
    errors: list[BaseException] = []

    def call(videsk: Videsk) -> None:
        try:
            videsk.rooms.list()
        except LookupError as error:
            errors.append(error)

    with blocking(sandbox, vault.plain) as videsk:
        views = [videsk.with_options(timeout=LATE) for _ in range(MANY)]
        threads = [threading.Thread(target=call, args=(view,)) for view in views]
        for thread in threads:
            thread.start()
        wait_until(lambda: inside.waiting_for_a_token(inside.awaited(videsk)) == MANY)
        vault.opened.set()
        for thread in threads:
            thread.join()
    assert len(errors) == MANY
    assert vault.asked == 1


@forms
async def test_a_renewal_that_fails_is_asked_once_for_all_who_wait(
    sandbox: Sandbox, vault: Vault, form: str
) -> None:
    """After a 401 as at first."""
    error = LookupError("sealed meanwhile")
    vault.answers[:0] = [REFUSED, error, error]
    vault.opened.set()
    async with client(sandbox, vault.form(form)) as videsk:
        with pytest.raises(LookupError):
            await videsk.rooms.list()
        vault.opened.clear()
        calls = [asyncio.ensure_future(outcome_of(videsk.rooms.list())) for _ in range(MANY)]
        await until(lambda: inside.waiting_for_a_token(videsk) == MANY)
        vault.opened.set()
        assert await asyncio.gather(*calls) == [error] * MANY
        assert vault.asked == 3
        await videsk.rooms.list()


@forms
@pytest.mark.parametrize("cancelled", ["its future", "itself"])
async def test_one_that_is_cancelled_cancels_no_call(
    sandbox: Sandbox, form: str, cancelled: str
) -> None:
    """A `CancelledError` out of a call whose task nobody cancelled would break task groups."""

    async def awaited() -> str:
        if cancelled == "itself":
            raise asyncio.CancelledError
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        return await future  # type: ignore[no-any-return]  # it never is

    def plain() -> str:
        raise asyncio.CancelledError

    ask: Any = {"plain": plain, "awaited": awaited, "awaitable": lambda: awaited()}[form]
    async with client(sandbox, ask) as videsk:
        with pytest.raises(RuntimeError, match="callable given as api_token"):
            await videsk.rooms.create()
        nothing_is_left(videsk)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="it counts no references")
async def test_one_that_fails_leaves_nothing_to_the_garbage_collector(sandbox: Sandbox) -> None:
    """Its error refers to its frame, and to those of the calls that waited for it."""
    frames: list[weakref.ref[Vault]] = []

    async def ask() -> str:
        local = Vault()
        frames.append(weakref.ref(local))
        raise LookupError

    async def fail(videsk: AsyncVidesk) -> None:
        with contextlib.suppress(LookupError):
            await videsk.rooms.list()

    async with client(sandbox, ask) as videsk:
        gc.disable()
        try:
            await asyncio.gather(*(fail(videsk) for _ in range(3)))
            assert [frame() for frame in frames] == [None]
        finally:
            gc.enable()


# -- one that is slow -----------------------------------------------------------------------------


@forms
async def test_one_slower_than_the_call_serves_the_next(
    sandbox: Sandbox, vault: Vault, form: str
) -> None:
    """It goes on when the time of its caller is up, and is not asked twice."""
    async with client(sandbox, vault.form(form), timeout=SHORT) as videsk:
        for _ in range(2):
            with pytest.raises(DeadlineExceededError, match="callable given as api_token"):
                await videsk.rooms.list()
        vault.opened.set()
        await videsk.with_options(timeout=LATE).rooms.list()
    assert vault.asked == 1


@forms
async def test_a_cancelled_caller_takes_no_answer_from_the_others(
    sandbox: Sandbox, vault: Vault, form: str
) -> None:
    """Also the one whose call it was that asked."""
    async with client(sandbox, vault.form(form)) as videsk:
        first = asyncio.ensure_future(videsk.rooms.list())
        await until(lambda: vault.asked)
        second = asyncio.ensure_future(videsk.rooms.list())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        vault.opened.set()
        await second
    assert first.cancelled()
    assert vault.asked == 1


@forms
async def test_a_renewal_slower_than_the_call_serves_the_next(
    sandbox: Sandbox, vault: Vault, form: str
) -> None:
    """The refusal stands for the one; the other has the new token."""
    vault.answers.insert(0, REFUSED)
    vault.opened.set()
    async with client(sandbox, vault.form(form), timeout=1.0) as videsk:
        await until(lambda: vault.opened.is_set())
        with pytest.raises(AuthenticationError):
            await _refused_once(videsk, vault)
        vault.opened.set()
        await videsk.with_options(timeout=LATE).rooms.list()
    assert vault.asked == 2


async def _refused_once(videsk: AsyncVidesk, vault: Vault) -> None:
    vault.shuts = True
    try:
        await videsk.rooms.list()
    finally:
        vault.shuts = False


@forms
def test_one_slower_than_the_call_serves_the_next_of_the_blocking_face(
    sandbox: Sandbox, vault: Vault, form: str
) -> None:
    """Likewise."""
    with blocking(sandbox, vault.form(form), timeout=SHORT) as videsk:
        with pytest.raises(DeadlineExceededError, match="callable given as api_token"):
            videsk.rooms.list()
        vault.opened.set()
        videsk.with_options(timeout=LATE).rooms.list()
    assert vault.asked == 1


# -- loops that end -------------------------------------------------------------------------------


def test_a_plain_one_serves_a_call_of_another_loop(sandbox: Sandbox, vault: Vault) -> None:
    """A web server that gives each request a loop does not ask once for each."""
    videsk = client(sandbox, vault.plain, timeout=SHORT)

    async def call(timeout: float) -> object:
        return await outcome_of(videsk.with_options(timeout=timeout).rooms.list())

    assert isinstance(asyncio.run(call(SHORT)), DeadlineExceededError)
    vault.opened.set()
    assert not isinstance(asyncio.run(call(LATE)), Exception)
    assert vault.asked == 1


@pytest.mark.parametrize("form", ["awaited", "awaitable"])
@pytest.mark.parametrize("cancelled", [True, False], ids=["cancelled", "left behind"])
def test_one_whose_loop_ends_is_asked_anew(
    sandbox: Sandbox, vault: Vault, form: str, *, cancelled: bool
) -> None:
    """What was awaited in that loop never answers."""
    videsk = client(sandbox, vault.form(form), timeout=SHORT)

    async def call(timeout: float) -> object:
        return await outcome_of(videsk.with_options(timeout=timeout).rooms.list())

    if cancelled:
        assert isinstance(asyncio.run(call(SHORT)), DeadlineExceededError)
    else:
        loop = asyncio.new_event_loop()
        assert isinstance(loop.run_until_complete(call(SHORT)), DeadlineExceededError)
        for task in asyncio.all_tasks(loop):
            inside.silence_pending(task)  # who closes a loop so is told
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    vault.opened.set()
    assert not isinstance(asyncio.run(call(LATE)), Exception)
    assert vault.asked == 2


def test_who_waits_in_another_loop_asks_anew_when_it_ends(sandbox: Sandbox, vault: Vault) -> None:
    """It was waiting for an answer that can no more come."""
    videsk = client(sandbox, vault.awaited, timeout=LATE)
    outcomes: list[object] = []

    async def call() -> None:
        outcomes.append(await outcome_of(videsk.rooms.list()))

    async def call_until_the_other_waits() -> None:
        calling = asyncio.ensure_future(videsk.rooms.list())
        await until(lambda: vault.asked)
        thread.start()
        await until(lambda: inside.waiting_for_a_token(videsk) == 2)
        calling.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(call()))
    asyncio.run(call_until_the_other_waits())
    vault.opened.set()
    thread.join(_IN_TIME)
    assert not thread.is_alive()
    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert vault.asked == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_asks_anew(sandbox: Sandbox, vault: Vault) -> None:
    """The thread that asks for the parent is not there in the child."""
    with blocking(sandbox, vault.plain, timeout=SHORT) as videsk:
        with pytest.raises(DeadlineExceededError):
            videsk.rooms.list()
        pid = os.fork()
        if pid == 0:
            vault.opened = threading.Event()
            vault.opened.set()
            with contextlib.suppress(BaseException):
                videsk.with_options(timeout=10.0).rooms.list()
                os._exit(vault.asked)
            os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2
        vault.opened.set()


# -- one that never answers -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis for these tests."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with serving() as server:
        yield server.url


PACED: dict[str, Callable[[str, Path], RateLimit | None]] = {
    "unpaced": lambda _url, _path: None,
    "in process": lambda _url, _path: RateLimit(),
    "by a file": lambda _url, path: RateLimit(shared=f"file:{path / 'limit'}"),
    "by Redis": lambda url, _path: RateLimit(shared=url),
}


@pytest.fixture(params=list(PACED))
def limit(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> RateLimit | None:
    """One rate limit after the other."""
    return PACED[request.param](redis_url, tmp_path)


@forms
async def test_one_that_never_answers_holds_no_bulk(
    sandbox: Sandbox, vault: Vault, limit: RateLimit | None, form: str
) -> None:
    """Each of many calls has its own time, which waiting in line is not part of; the token is."""
    started = time.monotonic()
    async with client(sandbox, vault.form(form), rate_limit=limit, timeout=SHORT) as videsk:
        many = videsk.rooms.create_many([{"name": "Ana"} for _ in range(4)])
        errors = [outcome.error async for outcome in many]
    assert {type(error) for error in errors} == {DeadlineExceededError}
    assert all("callable given as api_token" in str(error) for error in errors)
    assert not any("rate limit" in str(error) for error in errors)
    assert time.monotonic() - started < _IN_TIME
    assert not sandbox.requests


def test_one_that_never_answers_holds_no_bulk_of_the_blocking_face(
    sandbox: Sandbox, vault: Vault, limit: RateLimit | None
) -> None:
    """Nor its closing."""
    started = time.monotonic()
    with blocking(sandbox, vault.plain, rate_limit=limit, timeout=SHORT) as videsk:
        outcomes = list(videsk.rooms.create_many([{"name": "Ana"} for _ in range(4)]))
    assert {type(outcome.error) for outcome in outcomes} == {DeadlineExceededError}
    assert time.monotonic() - started < _IN_TIME


async def test_a_callable_holds_no_place_in_the_line(sandbox: Sandbox, vault: Vault) -> None:
    """Others with a token of their own, at the same limit, leave meanwhile."""
    limit = RateLimit(requests=1, per=0.05)
    async with client(sandbox, vault.awaited, rate_limit=limit, timeout=SHORT) as videsk:
        with pytest.raises(DeadlineExceededError):
            await videsk.rooms.list()
        nothing_is_left(videsk)
        attempted = Timeout(total=None, attempt=0.05)
        patient = asyncio.ensure_future(videsk.with_options(timeout=attempted).rooms.list())
        await asyncio.sleep(0.2)  # longer than an attempt may take: asking is none
        vault.opened.set()
        await patient


NEVER = """
import asyncio, sys, time
from videsk_rooms import AsyncVidesk, DeadlineExceededError, Videsk

def ask():
    time.sleep(600)

def blocking():
    videsk = Videsk(ask, base_url=sys.argv[2], timeout=0.2)
    try:
        videsk.rooms.list()
    except DeadlineExceededError:
        print("late")

async def awaited():
    async with AsyncVidesk(ask, base_url=sys.argv[2], timeout=0.2) as videsk:
        try:
            await videsk.rooms.list()
        except DeadlineExceededError:
            print("late")

if sys.argv[1] == "blocking":
    blocking()
else:
    asyncio.run(awaited())
"""


@pytest.mark.parametrize("face", ["blocking", "awaited"])
def test_one_that_never_returns_keeps_no_process(sandbox: Sandbox, face: str) -> None:
    """Its thread is a daemon, and nothing waits for it at the exit."""
    started = time.monotonic()
    assert printed_by("-c", NEVER, face, sandbox.url) == "late\n"
    assert time.monotonic() - started < LATE
