"""Processes of one machine that share a file."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ratelimit.support import (
    PATIENCE,
    check_both_faces_share,
    check_paced,
    finished,
    run,
    started,
)
from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit, Retry, Videsk
from videsk_rooms._ratelimit.fallback import SHARE
from videsk_rooms._ratelimit.file_store import FileStore, _File, _is_same_boot
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.store import StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such lock")

LIMIT = Limit(5, 1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the processes meet."""
    return tmp_path / "pace"


def reserved(store: FileStore, count: int = 1, limit: Limit = LIMIT) -> list[int]:
    """Reserve places, in a loop of their own."""
    return [place.slot for place in asyncio.run(store.reserve(count, limit))]


def times_in(path: Path) -> list[int]:
    """Read the departures."""
    with _File(path) as file:
        return file.read().times


def header_and_copies(path: Path) -> tuple[bytes, bytes, bytes]:
    """Take the file apart."""
    content = path.read_bytes()
    length = (len(content) - 72) // 2
    return content[:72], content[72 : 72 + length], content[72 + length :]


# -- sharing --------------------------------------------------------------------------------------

RESERVE = """
    import asyncio, sys
    from videsk_rooms._ratelimit.file_store import FileStore
    from videsk_rooms._ratelimit.limit import Limit

    async def main():
        store = FileStore(sys.argv[1])
        limit = Limit(int(sys.argv[2]), 1.0)
        print("ready", flush=True)
        sys.stdin.readline()
        for count in range(1, 40):
            for place in await store.reserve(count % 4, limit):
                print(place.slot)

    asyncio.run(main())
"""


def test_processes_are_never_promised_more_than_the_limit(path: Path) -> None:
    """Four processes that reserve as fast as they can."""
    processes = [started(RESERVE, path, LIMIT.requests) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [finished(process) for process in processes]
    slots = [[int(slot) for slot in each.split()] for each in printed]
    assert all(each == sorted(each) for each in slots)
    together = [slot for each in slots for slot in each]
    assert len(together) == 4 * sum(count % 4 for count in range(1, 40))
    check_paced(together, LIMIT)


def test_threads_are_never_promised_more_than_the_limit(path: Path) -> None:
    """Several clients in one process: the lock keeps them apart too."""
    slots: list[int] = []

    def reserve() -> None:
        store = FileStore(str(path))

        async def main() -> list[int]:
            return [place.slot for _ in range(50) for place in await store.reserve(2, LIMIT)]

        slots.extend(asyncio.run(main()))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(slots) == 400
    check_paced(slots, LIMIT)


def test_clients_share_what_leaves_at_once(sandbox: Sandbox, path: Path) -> None:
    """What one has used up, the other has not, blocking or awaited."""
    check_both_faces_share(sandbox, f"file:{path}")


def test_what_is_given_back_is_free_for_others(path: Path) -> None:
    """The next one is promised the same time."""
    one, other = FileStore(str(path)), FileStore(str(path))
    far = Limit(1, 1000.0)
    reserved(one, 1, far)
    places = asyncio.run(one.reserve(2, far))
    asyncio.run(one.give_back(places))
    assert reserved(other, 1, far) == [places[0].slot]


def test_a_full_file_promises_fewer(path: Path) -> None:
    """And as many again when a window has passed over those that fill it."""
    now = 1000.0
    store = FileStore(str(path), clock=lambda: now)
    limit = Limit(10_000, 1.0)
    assert len(reserved(store, 10_000, limit)) == 10_000
    assert len(reserved(store, 10_000, limit)) == 6_384
    assert reserved(store, 1, limit) == []
    now += 1.5
    assert len(reserved(store, 10_000, limit)) == 10_000


# -- processes that end, stop, fork ---------------------------------------------------------------

KILL = """
    import asyncio, os, random, signal, sys, time
    from pathlib import Path
    from videsk_rooms._ratelimit.file_store import FileStore, _File
    from videsk_rooms._ratelimit.limit import Limit

    LIMIT = Limit(300, 0.2)

    async def work():
        store = FileStore(sys.argv[1])
        os.write(started_at[1], b"x")
        while True:
            places = await store.reserve(random.randint(1, 5), LIMIT)
            await store.give_back(places[1:])

    async def look():
        store = FileStore(sys.argv[1])
        with _File(Path(sys.argv[1])) as file:
            times = file.read().times
        assert times == sorted(set(times)), times
        return await store.reserve(1, LIMIT)

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
        (place,) = asyncio.run(look())
        assert place.at - time.monotonic() < 60
    print("sound")
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_process_that_is_killed_leaves_the_file_sound(path: Path, seed: int) -> None:
    """Two at a time, at random moments: the lock falls, the content holds, others go on."""
    assert run(KILL, path, seed, 60) == "sound\n"


def test_half_a_writing_is_not_read(path: Path) -> None:
    """It goes into the copy that does not hold; killed in it, what was written before holds."""
    store = FileStore(str(path), clock=lambda: 1000.0)
    promised = reserved(store, 3)
    header, *copies = header_and_copies(path)
    (holding,) = [number for number, copy in enumerate(copies) if any(copy)]
    copies[1 - holding] = os.urandom(len(copies[0]))
    path.write_bytes(header + b"".join(copies))
    assert times_in(path) == promised
    assert reserved(store, 1) == [promised[-1] + 1]


STOP = """
    import os, signal, sys
    from pathlib import Path
    from videsk_rooms._ratelimit.file_store import _File

    with _File(Path(sys.argv[1])) as file:
        assert file.lock()
        os.kill(os.getpid(), signal.SIGSTOP)
    print("unlocked")
"""


async def test_a_process_that_is_stopped_holds_up_nobody_for_long(
    sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Others pace themselves, with one warning, and come back when it lets go of the lock."""
    stopped = started(STOP, path)
    _, status = await asyncio.to_thread(os.waitpid, stopped.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    videsk = AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=RateLimit(40, shared=f"file:{path}")
    )
    try:
        async with videsk:
            for _ in range(3):
                await videsk.rooms.list()
            (warning,) = [record.getMessage() for record in caplog.records]
            assert f"another process keeps {path} locked" in warning
            assert f"{SHARE * 100:.0f} %" in warning
            stopped.send_signal(signal.SIGCONT)
            while len(caplog.records) == 1:
                await videsk.rooms.list()
            assert caplog.records[1].getMessage() == "the shared rate limit is back"
    finally:
        stopped.send_signal(signal.SIGCONT)
    assert await asyncio.to_thread(finished, stopped) == "unlocked\n"


async def test_a_lock_that_is_held_for_a_moment_is_waited_for(path: Path) -> None:
    """It is the everyday case: nobody paces itself alone for that."""
    with _File(path) as file:
        assert file.lock()
        waiting = asyncio.create_task(FileStore(str(path)).reserve(1, LIMIT))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert len(await waiting) == 1


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
    """Each paces itself by the file, with a lock of its own."""
    assert run(INHERIT, sandbox.url, sandbox.api_token, path) == "[0, 0, 0]\n"
    assert len(sandbox.requests) == 20
    assert len(times_in(path)) <= 20


FORK_IN_THE_MIDST = """
    import asyncio, os, sys
    from videsk_rooms import RateLimit
    from videsk_rooms._http.tokens import account_of, token_source
    from videsk_rooms._ratelimit import make_limiter

    account = account_of(token_source("a-token"))
    pacing = make_limiter(RateLimit(1, 1.0, shared=f"file:{sys.argv[1]}"), account)

    async def leave():
        departure = await pacing.acquire()
        await departure.leave()
        os.write(1, b"%d " % departure._place.slot)  # at once: two processes write there

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
        await pacing.close()

    asyncio.run(parent())
"""


def test_a_fork_while_callers_wait_uses_no_place_twice(path: Path) -> None:
    """The parent's stay the parent's; the child's caller stands behind them."""
    output = run(FORK_IN_THE_MIDST, path)
    slots = [int(slot) for slot in output.split()]
    assert len(slots) == 4
    check_paced(slots, Limit(1, 1.0))


LOCKED_AT_THE_FORK = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from videsk_rooms._ratelimit.file_store import FileStore, _File
    from videsk_rooms._ratelimit.limit import Limit

    path, limit = sys.argv[1], Limit(100, 1.0)
    store = FileStore(path)
    with _File(Path(path)) as file:
        assert file.lock()
        child = os.fork()
        if child == 0:
            signal.pause()
    # The child lives on, with a copy of the descriptor.
    assert len(asyncio.run(store.reserve(1, limit))) == 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_a_lock_does_not_stay_with_a_child_that_was_forked_meanwhile(path: Path) -> None:
    """A copy of the descriptor would keep it for as long as the child lives."""
    assert run(LOCKED_AT_THE_FORK, path) == ""


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
    far = Limit(1, 1000.0)
    one, other = FileStore(str(path)), FileStore(str(path))
    reserved(one, 1, far)
    happen(path)
    slots = reserved(one, 1, far) + reserved(other, 1, far)
    slots += reserved(FileStore(str(path)), 1, far)
    check_paced(slots, far)


def test_a_file_that_cannot_be_had_any_more_is_out_of_reach(path: Path) -> None:
    """Not an error of each call: this process paces itself, and comes back."""
    store = FileStore(str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreUnreachableError, match="directory"):
        reserved(store)
    path.rmdir()
    path.write_text("something else")
    with pytest.raises(StoreUnreachableError, match="something else"):
        reserved(store)
    path.unlink()
    assert len(reserved(store)) == 1


FULL_DISK = """
    import asyncio, resource, sys
    from pathlib import Path
    from videsk_rooms._ratelimit.file_store import FileStore, _File
    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms._ratelimit.store import StoreUnreachableError

    store = FileStore(sys.argv[1])
    asyncio.run(store.reserve(2, Limit(1, 1.0)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    try:
        asyncio.run(store.reserve(1, Limit(1, 1.0)))
    except StoreUnreachableError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with _File(Path(sys.argv[1])) as file:
        print(len(file.read().times))
"""


def test_a_full_disk_kills_nobody(path: Path) -> None:
    """What cannot be written is told, and what was written before holds."""
    assert run(FULL_DISK, path) == f"{path}: File too large\n2\n"


def test_a_reboot_begins_anew(path: Path) -> None:
    """The clock begins at 0 again; what the file knew was in another life."""
    long_ago = FileStore(str(path), clock=lambda: 1_000_000.0)
    asyncio.run(long_ago.hold(1000.0))
    reserved(long_ago, 100)
    header, *copies = header_and_copies(path)
    assert header.count(b"videsk-rooms pacing 1") == 1
    path.write_bytes(
        header[:24] + b"another boot".ljust(40, b"\0") + header[64:] + b"".join(copies)
    )
    now = FileStore(str(path), clock=lambda: 10.0)
    assert reserved(now) == [10_000_000]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"0d1f8cb4-2d5c-4a8e-8f5c-3b0f3c1f5f10", b"0d1f8cb4-2d5c-4a8e-8f5c-3b0f3c1f5f10", True),
        (b"0d1f8cb4-2d5c-4a8e-8f5c-3b0f3c1f5f10", b"0d1f8cb4-2d5c-4a8e-8f5c-3b0f3c1f5f11", False),
        (b"1790000000\0\0\0", b"1790000000", True),
        (b"1790000000", b"1790000059", True),  # the clock was corrected
        (b"1790000000", b"1790000061", False),
        (b"", b"1790000000", False),
        (b"\0" * 40, b"0d1f8cb4-2d5c-4a8e-8f5c-3b0f3c1f5f10", False),
    ],
)
def test_a_boot_is_known_again(one: bytes, other: bytes, same: bool) -> None:
    """By its name on Linux; elsewhere by its time, which is not exact."""
    assert _is_same_boot(one, other) is same


# -- what is named --------------------------------------------------------------------------------


def client(shared: str) -> AsyncVidesk:
    """Make a client that is to share a file."""
    return AsyncVidesk("a-token", rate_limit=RateLimit(shared=shared), retry=Retry(attempts=1))


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


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def device(_: Path) -> Path:
    return Path(os.devnull)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (nothing, "No such file"),
        (folder, "directory"),
        (below_a_file, "Not a directory"),
        (text, "something else"),
        (zeros, "something else"),
        (same_size, "something else"),
        (pipe, "no regular file"),
        (device, "no regular file"),
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


@pytest.mark.parametrize("spelling", ["file:{}", "file://{}", "file:pace"])
def test_every_spelling_is_the_same_file(
    path: Path, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative one is relative to where the client was made."""
    monkeypatch.chdir(path.parent)
    videsk = client(spelling.format(path))
    assert path.exists()
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    asyncio.run(videsk._pipeline.pacing.acquire())
    assert list(elsewhere.iterdir()) == []
    asyncio.run(videsk.close())


def test_the_file_can_be_one_that_is_empty(path: Path) -> None:
    """Made beforehand, to give it an owner, say."""
    path.touch()
    assert len(reserved(FileStore(str(path)))) == 1


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
    videsk = client(f"file:{path}")
    assert open_files() == before
    asyncio.run(videsk._pipeline.pacing.acquire())
    assert open_files() == before
    asyncio.run(videsk.close())


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


def test_without_the_lock_the_refusal_says_what_to_do(path: Path) -> None:
    """Where the system has no `fcntl`, Redis is the way."""
    output = run(
        """
        import sys
        sys.modules["fcntl"] = None
        from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit
        try:
            AsyncVidesk("a-token", rate_limit=RateLimit(shared=f"file:{sys.argv[1]}"))
        except ConfigurationError as error:
            print(error)
        """,
        path,
    )
    assert "share by Redis" in output
