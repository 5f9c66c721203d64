"""Processes of one machine that share a file."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ratelimit.asking import ask, permitted
from tests.ratelimit.support import (
    PATIENCE,
    check_both_faces_share,
    check_paced,
    finished,
    run,
    started,
)
from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit, Retry, Videsk
from videsk_rooms._ratelimit import Rank, make_limiter
from videsk_rooms._ratelimit.fallback_store import SHARE
from videsk_rooms._ratelimit.file_store import FileStore
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.schedule import Message, Update
from videsk_rooms._ratelimit.store import StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms._ratelimit import RateLimiter
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs forks and signals")

LIMIT = Limit(5, 1.0)
FAR = Limit(1, 1000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the processes meet."""
    return tmp_path / "limit"


def answers(store: FileStore, *numbers: object, limit: Limit = LIMIT) -> list[float]:
    """Ask for permits, in a loop of their own."""

    async def main() -> list[float]:
        return [await store.apply(ask(number, limit)) for number in numbers]

    return asyncio.run(main())


def apply(store: FileStore, message: Message) -> float:
    """Tell the store something."""
    return asyncio.run(store.apply(message))


# -- sharing --------------------------------------------------------------------------------------

ASK = """
    import asyncio, sys, time
    from tests.ratelimit.asking import ask
    from videsk_rooms._ratelimit.file_store import FileStore
    from videsk_rooms._ratelimit.limit import Limit

    seen = []

    def clock():
        seen.append(time.monotonic())
        return seen[-1]

    async def main():
        store = FileStore(sys.argv[1], clock=clock)
        limit = Limit(int(sys.argv[2]), float(sys.argv[3]))
        print("ready", flush=True)
        sys.stdin.readline()
        end = time.monotonic() + float(sys.argv[4])
        number = 0
        while time.monotonic() < end:
            number += 1
            while (wait := await store.apply(ask(f"{sys.argv[5]}.{number}", limit))) > 0:
                await asyncio.sleep(wait)
            print(seen[-1])

    asyncio.run(main())
"""


def test_processes_have_no_more_permits_than_the_limit(path: Path) -> None:
    """Four that ask as fast as they can; each has some, and together they have nearly all."""
    limit, seconds = Limit(10, 0.2), 1.0
    processes = [
        started(ASK, path, limit.requests, limit.per, seconds, number) for number in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    times = [[float(each) for each in finished(process).split()] for process in processes]
    assert all(times)
    together = [each for its in times for each in its]
    assert len(together) >= 20
    check_paced(together, limit)


def test_threads_have_no_more_permits_than_the_limit(path: Path) -> None:
    """Several clients in one process: the lock keeps them apart too."""
    limit = Limit(10, 0.1)
    times: list[float] = []

    def use(thread: int) -> None:
        seen: list[float] = []

        def clock() -> float:
            seen.append(time.monotonic())
            return seen[-1]

        store = FileStore(str(path), clock=clock)

        async def main() -> None:
            for number in range(15):
                await permitted(store, f"{thread}.{number}", limit)
                times.append(seen[-1])

        asyncio.run(main())

    threads = [threading.Thread(target=use, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(times) == 60
    check_paced(times, limit)


def test_clients_share_what_leaves_at_once(sandbox: Sandbox, path: Path) -> None:
    """What one has used up, the other has not, blocking or awaited."""
    check_both_faces_share(sandbox, f"file:{path}")


def test_what_never_left_is_free_for_others(path: Path) -> None:
    """The next one has its permit at once."""
    one, other = FileStore(str(path)), FileStore(str(path))
    assert answers(one, 1, limit=FAR) == [0]
    assert answers(other, 2, limit=FAR) > [0.0]
    apply(one, Message([Update("1", None)]))
    assert answers(other, 2, limit=FAR) == [0]


def test_a_pause_is_seen_by_others(path: Path) -> None:
    """Whoever names the same file."""
    one, other = FileStore(str(path)), FileStore(str(path))
    apply(one, Message(pause=60.0))
    assert answers(other, 1) == [pytest.approx(5.0)]


def test_the_largest_limit_fits(path: Path) -> None:
    """Ten thousand requests in a window."""
    now = 1000.0
    store = FileStore(str(path), clock=lambda: now)
    limit = Limit(10_000, 60.0)
    apply(store, Message([Update(f"a.{number}", 0.0) for number in range(9_999)]))
    assert answers(store, 1, 2, limit=limit) == [0, 5.0]


# -- processes that end, stop, fork ---------------------------------------------------------------

KILL = """
    import asyncio, os, random, signal, sqlite3, sys, time
    from tests.ratelimit.asking import ask
    from videsk_rooms._ratelimit.file_store import FileStore
    from videsk_rooms._ratelimit.limit import Limit

    async def work():
        store = FileStore(sys.argv[1])
        os.write(started_at[1], b"x")
        number = 0
        while True:
            number += 1
            await store.apply(ask(f"{os.getpid()}.{number}", Limit(300, 0.2)))

    async def look(number):
        await FileStore(sys.argv[1]).apply(ask(f"look.{number}", Limit(300, 0.2)))

    rounds = random.Random(int(sys.argv[2]))
    for number in range(int(sys.argv[3])):
        started_at = os.pipe()
        workers = []
        for _ in range(2):
            pid = os.fork()
            if pid == 0:
                asyncio.run(work())
            workers.append(pid)
        for _ in workers:
            os.read(started_at[0], 1)
        time.sleep(rounds.uniform(0, 0.004))
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        for pid in workers:
            os.waitpid(pid, 0)
        os.close(started_at[0])
        os.close(started_at[1])
        asyncio.run(look(number))
        database = sqlite3.connect(sys.argv[1])
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
    print("sound")
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_process_that_is_killed_leaves_the_file_sound(path: Path, seed: int) -> None:
    """Two at a time, at random moments: the lock falls, the content holds, others go on."""
    assert run(KILL, path, seed, 25) == "sound\n"


STOP = """
    import os, signal, sqlite3, sys

    database = sqlite3.connect(sys.argv[1], isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    os.kill(os.getpid(), signal.SIGSTOP)
    database.close()
    print("unlocked")
"""


async def test_a_process_that_is_stopped_holds_up_nobody_for_long(
    sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Others limit themselves, with one warning, and come back when it lets go of the lock."""
    videsk = AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=RateLimit(40, shared=f"file:{path}")
    )
    stopped = started(STOP, path)
    _, status = await asyncio.to_thread(os.waitpid, stopped.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    try:
        async with videsk:
            for _ in range(3):
                await videsk.rooms.list()
            (warning,) = [record.getMessage() for record in caplog.records]
            assert f"{path}: database is locked" in warning
            assert f"{SHARE * 100:.0f} %" in warning
            stopped.send_signal(signal.SIGCONT)
            while len(caplog.records) == 1:
                await videsk.rooms.list()
            assert caplog.records[1].getMessage() == "the shared rate limit is back"
    finally:
        stopped.send_signal(signal.SIGCONT)
    assert await asyncio.to_thread(finished, stopped) == "unlocked\n"


async def test_a_lock_that_is_held_for_a_moment_is_waited_for(path: Path) -> None:
    """It is the everyday case: nobody limits itself alone for that."""
    store = FileStore(str(path))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(store.apply(ask(1, LIMIT)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting == 0


def test_a_client_can_be_made_while_the_file_is_locked(path: Path) -> None:
    """By another process that is about to make it, say."""
    FileStore(str(path))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        store = FileStore(str(path))
    assert answers(store, 1) == [0]


INHERIT = """
    import asyncio, os, sys
    from videsk_rooms import AsyncVidesk, RateLimit

    url, token, path = sys.argv[1:4]
    videsk = AsyncVidesk(token, base_url=url, rate_limit=RateLimit(100, shared=f"file:{path}"))

    async def use():
        async with videsk:
            for _ in range(5):
                await videsk.rooms.list()

    children = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            asyncio.run(use())
            os._exit(0)
        children.append(pid)
    asyncio.run(use())
    print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])
"""


def test_a_client_made_before_a_fork_works_in_all_processes(sandbox: Sandbox, path: Path) -> None:
    """Each limits itself by the file."""
    assert run(INHERIT, sandbox.url, sandbox.api_token, path) == "[0, 0, 0]\n"
    assert len(sandbox.requests) == 20


FORK_IN_THE_MIDST = """
    import asyncio, os, sys, time
    from videsk_rooms import RateLimit
    from videsk_rooms._ratelimit import Rank, make_limiter

    rate_limit = RateLimit(1, 0.6, shared=f"file:{sys.argv[1]}")
    limiter = make_limiter(rate_limit, "the account", lambda: "a-token")

    async def leave():
        permit = await limiter.acquire(Rank.INTERACTIVE, "list")
        await permit.commit()
        os.write(1, b"%f " % time.monotonic())  # at once: two processes write there
        permit.answered(200)
        permit.release()

    async def parent():
        await leave()
        waiting = [asyncio.ensure_future(leave()) for _ in range(2)]
        await asyncio.sleep(0.05)
        pid = os.fork()
        if pid == 0:
            try:
                asyncio.run(leave())
                os._exit(0)
            finally:
                os._exit(1)
        await asyncio.wait(waiting)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        await limiter.close()

    asyncio.run(parent())
"""


def test_a_fork_while_callers_wait_gives_no_permit_twice(path: Path) -> None:
    """The parent's stay the parent's; the child's caller asks for its own."""
    times = [float(each) for each in run(FORK_IN_THE_MIDST, path).split()]
    assert len(times) == 4
    check_paced(times, Limit(1, 0.55))  # seen after the permit, on a machine that may stall


FORK_BESIDE_A_THREAD = """
    import asyncio, contextlib, os, sys, threading, warnings
    from tests.ratelimit.asking import ask
    from videsk_rooms._ratelimit.file_store import FileStore
    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms._ratelimit.store import StoreUnreachableError

    store, limit = FileStore(sys.argv[1]), Limit(1000, 0.1)
    ended = threading.Event()
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads

    async def use_once(name):
        # On a busy machine the others may have the file for longer than a store waits for it.
        while True:
            with contextlib.suppress(StoreUnreachableError):
                return await store.apply(ask(name, limit))

    async def use(name):
        number = 0
        while not ended.is_set():
            number += 1
            await use_once(f"{name}.{number}")

    threads = [
        threading.Thread(target=lambda name=name: asyncio.run(use(name))) for name in range(2)
    ]
    for thread in threads:
        thread.start()
    codes = set()
    for number in range(int(sys.argv[2])):
        pid = os.fork()
        if pid == 0:
            try:
                # Killed, if it hangs.
                threading.Timer(20, os._exit, [2]).start()
                asyncio.run(use_once(f"child.{number}"))
                os._exit(0)
            except BaseException as error:
                print(error, flush=True)
            finally:
                os._exit(1)
        codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    ended.set()
    for thread in threads:
        thread.join()
    print(codes)
"""


def test_a_fork_while_another_thread_uses_the_file_leaves_no_lock_behind(path: Path) -> None:
    """SQLite's own locks, which no child can release, would keep it from the file for ever."""
    assert run(FORK_BESIDE_A_THREAD, path, 20) == "{0}\n"


# -- what becomes of the file ---------------------------------------------------------------------


def deleted(path: Path) -> None:
    path.unlink()


def moved(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    new = path.with_name("new")
    FileStore(str(new))
    new.replace(path)


@pytest.mark.parametrize("happen", [deleted, moved, emptied, replaced])
def test_the_file_may_go_at_any_time(path: Path, happen: Callable[[Path], None]) -> None:
    """Everybody meets again in the one that has its name."""
    one, other = FileStore(str(path)), FileStore(str(path))
    assert answers(one, 1, limit=FAR) == [0]
    happen(path)
    assert answers(one, 2, limit=FAR) == [0]
    for store in (one, other, FileStore(str(path))):
        assert answers(store, 3, limit=FAR) > [0.0]


def test_a_file_that_cannot_be_had_any_more_is_out_of_reach(path: Path) -> None:
    """Not an error of each call: this process limits itself, and comes back."""
    store = FileStore(str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreUnreachableError, match="regular file"):
        answers(store, 1)
    path.rmdir()
    path.write_text("something else")
    with pytest.raises(StoreUnreachableError, match="not a database") as caught:
        answers(store, 1)
    assert str(path) in str(caught.value)
    assert path.read_text() == "something else"
    path.unlink()
    assert answers(store, 1) == [0]


def test_out_of_reach_all_of_a_process_keep_to_one_share(path: Path) -> None:
    """Its clients of an account and their loops together, not each of them."""
    limit = Limit(20, 0.2)
    account = object()
    rate_limit = RateLimit(limit.requests, limit.per, shared=f"file:{path}")
    limiters = [make_limiter(rate_limit, account, lambda: "a-token") for _ in range(2)]
    path.unlink()
    path.mkdir()
    times: list[float] = []

    async def use(limiter: RateLimiter) -> None:
        for _ in range(5):
            permit = await limiter.acquire(Rank.INTERACTIVE, "list")
            await permit.commit()
            times.append(time.monotonic())
            permit.answered(200)

    threads = [
        threading.Thread(target=lambda each=each: asyncio.run(use(each)), daemon=True)
        for each in limiters * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(times) == 20
    # Times are taken after the permit, on a machine that may stall in between.
    check_paced(times, Limit(int(SHARE * limit.requests), 0.75 * limit.per))


@pytest.mark.parametrize("seed", range(8))
def test_garbage_in_the_file_is_no_raw_error(path: Path, seed: int) -> None:
    """Some bytes of it, or all behind the first, are others'."""
    store = FileStore(str(path))
    answers(store, 1, 2, 3)
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    begin = chance.randrange(len(content))
    length = chance.choice([1, 100, len(content)])
    content[begin : begin + length] = chance.randbytes(len(content[begin : begin + length]))
    path.write_bytes(content)
    for number in range(3):
        with contextlib.suppress(StoreUnreachableError):
            assert answers(store, 10 + number)[0] >= 0
    with contextlib.suppress(ConfigurationError):
        FileStore(str(path))


@pytest.mark.parametrize(
    "data", ["", "null", "[]", "{}", "{", '{"counted": 1}', "nan", "\x00", "1e999", "[" * 100_000]
)
def test_garbage_in_the_row_costs_a_window(path: Path, data: str) -> None:
    """What was counted is lost, so everybody waits until it must be out of the server's window."""
    now = 1000.0
    store = FileStore(str(path), clock=lambda: now)
    answers(store, 1)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE schedule SET data = ?", [data])
    assert answers(store, 2) == [pytest.approx(0.5)]
    now += 1.0
    assert answers(store, 2) == [0]


FULL_DISK = """
    import asyncio, resource, sys
    from tests.ratelimit.asking import ask
    from videsk_rooms._ratelimit.file_store import FileStore
    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms._ratelimit.store import StoreUnreachableError

    store = FileStore(sys.argv[1])
    print(asyncio.run(store.apply(ask(1, Limit(1, 1000.0)))))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    try:
        asyncio.run(store.apply(ask(2, Limit(2, 1000.0))))
    except StoreUnreachableError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(asyncio.run(store.apply(ask(3, Limit(1, 1000.0)))) > 0)
"""


def test_a_full_disk_kills_nobody(path: Path) -> None:
    """What cannot be written is told, and what was written before holds."""
    first, error, last = run(FULL_DISK, path).splitlines()
    assert first == "0.0"
    assert error.startswith(f"{path}: ")
    assert last == "True"


def test_a_reboot_begins_anew(path: Path) -> None:
    """The clock begins at 0 again; what the file knew was in another life."""
    for pause in (0.0, 1000.0):
        long_ago = FileStore(str(path), clock=lambda: 1_000_000.0)
        answers(long_ago, *range(100))
        apply(long_ago, Message(pause=pause))
        now = 10.0
        store = FileStore(str(path), clock=lambda: now)  # noqa: B023 - used in this turn only
        assert answers(store, 1)[0] < 1.0
        now += 1.1
        assert answers(store, 1) == [0]


# -- who owns it ----------------------------------------------------------------------------------

AS_NOBODY = """
    import asyncio, os, sys
    from tests.ratelimit.asking import ask
    from videsk_rooms import ConfigurationError
    from videsk_rooms._ratelimit.file_store import FileStore
    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms._ratelimit.store import StoreUnreachableError

    # All is loaded once, for nobody may be unable to read where Python lies.
    asyncio.run(FileStore(sys.argv[1] + ".another").apply(ask(1, Limit(1, 1000.0))))
    str(ConfigurationError("loaded"))
    os.setgid(int(sys.argv[2]))
    os.setuid(65534)
    try:
        print(asyncio.run(FileStore(sys.argv[1]).apply(ask(1, Limit(1, 1000.0)))))
    except (ConfigurationError, StoreUnreachableError) as error:
        print(error)
"""
_as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root"
)


@pytest.fixture
def common_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where all may write, and nobody may remove what others own, as `/tmp`."""
    # Another user may not write where the coverage of this run is kept.
    monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o1777)
        yield Path(folder)


@_as_root
@pytest.mark.parametrize(
    ("file", "folder"), [(0o600, 0o1777), (0o644, 0o1777), (0o666, 0o755)], ids=oct
)
def test_a_file_that_may_not_be_written_is_refused(
    common_folder: Path, file: int, folder: int
) -> None:
    """Not to be read, only to be read, or in a folder where SQLite cannot make its journal."""
    path = common_folder / "limit"
    assert answers(FileStore(str(path)), 1) == [0]
    path.chmod(file)
    common_folder.chmod(folder)
    output = run(AS_NOBODY, path, 65534)
    assert str(path) in output
    assert "name one that this process may write" in output


@_as_root
def test_a_group_shares_a_file(common_folder: Path) -> None:
    """Made by one of its users, where the others may write it."""
    path = common_folder / "limit"
    FileStore(str(path))
    os.chown(path, 0, 65534)
    path.chmod(0o660)  # which a umask may forbid
    assert answers(FileStore(str(path)), "root", limit=FAR) == [0]
    assert float(run(AS_NOBODY, path, 65534)) > 0


def test_a_link_leads_to_the_file(path: Path) -> None:
    """Whoever names the link and whoever names the file share."""
    link = path.with_name("link")
    link.symlink_to(path)
    FileStore(str(path))
    assert answers(FileStore(str(link)), 1, limit=FAR) == [0]
    assert answers(FileStore(str(path)), 2, limit=FAR) > [0.0]
    assert link.is_symlink()


def test_a_link_to_somebody_elses_file_does_it_no_harm(path: Path) -> None:
    """It is refused as the file itself would be."""
    theirs = path.with_name("notes")
    theirs.write_text("notes of mine")
    path.symlink_to(theirs)
    with pytest.raises(ConfigurationError):
        FileStore(str(path))
    assert theirs.read_text() == "notes of mine"


def test_a_link_to_nothing_is_refused(path: Path) -> None:
    """Nothing is made in a place that nobody has named."""
    path.symlink_to(path.with_name("nothing"))
    with pytest.raises(ConfigurationError):
        FileStore(str(path))
    assert not path.with_name("nothing").exists()


# -- what is named --------------------------------------------------------------------------------


def client(shared: str) -> AsyncVidesk:
    """Make a client that is to share a file."""
    return AsyncVidesk("a-token", rate_limit=RateLimit(shared=shared), retry=Retry(attempts=1))


def limiter_of(shared: str) -> RateLimiter:
    """Make the limiter of such a client."""
    return make_limiter(RateLimit(shared=shared), "the account", lambda: "a-token")


def nothing(path: Path) -> Path:
    return path / "missing" / "pace"


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def below_a_file(path: Path) -> Path:
    path.write_text("")
    return path / "pace"


def text(path: Path) -> Path:
    path.write_text("notes of mine")
    return path


def zeros(path: Path) -> Path:
    path.write_bytes(bytes(1000))
    return path


def same_size(path: Path) -> Path:
    FileStore(str(path))
    path.write_bytes(b"x" * path.stat().st_size)
    return path


def another_database(path: Path) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE theirs (id)")
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def device(_: Path) -> Path:
    return Path(os.devnull)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (nothing, "No such file"),
        (folder, "not a regular file"),
        (below_a_file, "Not a directory"),
        (text, "not a database"),
        (zeros, "not a database"),
        (same_size, "not a database"),
        (another_database, "something else"),
        (pipe, "not a regular file"),
        (device, "not a regular file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_once(
    path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    """The refusal names it, says why, and says what to do; what is in it stays."""
    named = make(path)
    content = named.read_bytes() if named.is_file() else None
    with pytest.raises(ConfigurationError, match=reason) as caught:
        client(f"file:{named}")
    assert str(named) in str(caught.value)
    assert "name one that this process may write" in str(caught.value)
    assert content is None or named.read_bytes() == content


def test_a_file_of_another_machine_is_refused() -> None:
    """`file://host/path` names one."""
    with pytest.raises(ConfigurationError, match="host"):
        client("file://host/pace")


@pytest.mark.parametrize("name", ["a limit", "limit?mode=ro", "limit#1", "limit%41", "límite"])
def test_a_file_may_have_any_name(path: Path, name: str) -> None:
    """Also one that means something else in a URL."""
    path = path.with_name(name)
    assert answers(FileStore(str(path)), 1) == [0]
    assert [each.name for each in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("spelling", ["file:{}", "file://{}", "file:limit"])
def test_every_spelling_is_the_same_file(
    path: Path, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative one is relative to where the client was made."""
    monkeypatch.chdir(path.parent)
    limiter = limiter_of(spelling.format(path))
    assert path.exists()
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for _ in range(2):  # also in another loop
        asyncio.run(limiter.acquire(Rank.INTERACTIVE, "list"))
    assert list(elsewhere.iterdir()) == []
    asyncio.run(limiter.close())


def test_the_file_can_be_one_that_is_empty(path: Path) -> None:
    """Made beforehand, to give it an owner, say."""
    path.touch()
    assert answers(FileStore(str(path)), 1) == [0]


def test_the_file_holds_no_token(path: Path, sandbox: Sandbox) -> None:
    """Departures are all that is in it."""
    with Videsk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=RateLimit(shared=f"file:{path}")
    ) as videsk:
        videsk.rooms.list()
    assert sandbox.api_token.encode() not in path.read_bytes()


def test_nothing_is_kept_open(path: Path) -> None:
    """Between two uses the file is closed, also while the client is open."""
    before = open_files()
    limiter = limiter_of(f"file:{path}")
    assert open_files() == before
    asyncio.run(limiter.acquire(Rank.INTERACTIVE, "list"))
    assert open_files() == before
    asyncio.run(limiter.close())


def test_a_view_that_is_gone_leaves_nothing_open(path: Path) -> None:
    """One for each customer's token, say, in a client that lives on."""
    videsk = client(f"file:{path}")
    gc.collect()
    before = open_files()
    for number in range(5):
        videsk.with_options(api_token=f"a-token-{number}")
    gc.collect()
    assert open_files() == before
    asyncio.run(videsk.close())


def open_files() -> int:
    """Count the descriptors of this process."""
    return len(os.listdir("/dev/fd"))
