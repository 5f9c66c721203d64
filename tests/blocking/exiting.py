"""A program that leaves a client behind, in the way it is told; `test_exit.py` runs it."""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import Videsk

# Python's checks are on, and asyncio's tell of every callback that was slow on a busy machine.
logging.getLogger("asyncio").setLevel(logging.ERROR)

KEPT: list[object] = []


def make_client(**options: Any) -> Videsk:
    # Imported as late as this, so that a way can register for the exit before the package does.
    from videsk_rooms import Retry, Videsk

    return Videsk(retry=Retry(attempts=1), rate_limit=None, timeout=None, **options)


def closed() -> None:
    with make_client() as client:
        client.rooms.list()


def never_used() -> None:
    KEPT.append(make_client())


def forgotten() -> None:
    make_client().rooms.list()


def in_a_cycle() -> None:
    client = make_client()
    client.rooms.list()
    cycle: list[object] = [client]
    cycle.append(cycle)


def in_a_global() -> None:
    client = make_client()
    client.rooms.list()
    KEPT.append(client)


def many_in_a_global() -> None:
    for _ in range(20):
        in_a_global()


def make_client_by_name() -> Videsk:
    # A name is looked up by a thread of the loop's executor.
    return make_client(base_url=os.environ["VIDESK_BASE_URL"].replace("127.0.0.1", "localhost"))


def by_a_name() -> None:
    client = make_client_by_name()
    client.rooms.list()
    KEPT.append(client)


def with_a_callable() -> None:
    # A plain callable is asked in a thread that waits for more.
    client = make_client(api_token=lambda: os.environ["VIDESK_API_TOKEN"])
    client.rooms.list()
    KEPT.append(client)


def still_iterating() -> None:
    rooms = make_client().rooms.iter(page_size=2)
    next(rooms)
    KEPT.append(rooms)


def after_its_modules() -> None:
    client = make_client()
    rooms = client.rooms.iter(page_size=2)
    next(rooms)
    outcomes = client.rooms.create_many([{}, {}, {}])
    next(outcomes)
    from videsk_rooms import AsyncVidesk

    _keep_after_its_modules(client, rooms, outcomes, AsyncVidesk())


def not_iterated_after_its_modules() -> None:
    client = make_client()
    warnings.simplefilter("default")
    _keep_after_its_modules(client.rooms.create_many([{}]), client)


def _keep_after_its_modules(*things: object) -> None:
    # Modules that something in C refers to lose their names at the end, the latest first.
    for name, module in sys.modules.items():
        if name.startswith("videsk_rooms"):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(module))
    os.kept = things  # type: ignore[attr-defined]  # an early module


def at_exit() -> None:
    client = make_client()
    client.rooms.list()
    atexit.register(_call, client)


def at_exit_for_the_first_time() -> None:
    client = make_client()
    atexit.register(_call, client)


def at_exit_by_a_name() -> None:
    atexit.register(_call, make_client_by_name())


def at_exit_after_the_package() -> None:
    clients: list[Videsk] = []
    atexit.register(lambda: _call(clients[0]))
    client = make_client()
    client.rooms.list()
    clients.append(client)


def at_exit_with_a_new_client() -> None:
    atexit.register(lambda: _call(make_client()))
    make_client().rooms.list()


def in_a_finalizer() -> None:
    client = make_client()
    client.rooms.list()
    KEPT.append(_CallsWhenItGoes(client))


def in_a_finalizer_for_the_first_time() -> None:
    KEPT.append(_CallsWhenItGoes(make_client()))


def sys_exit() -> None:
    in_a_global()
    sys.exit()


def sys_exit_in_a_thread() -> None:
    client = make_client()

    def leave() -> None:
        client.rooms.list()
        sys.exit("not the end of the program")

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()


def in_a_thread_that_goes_on() -> None:
    client = make_client_by_name()
    executor = ThreadPoolExecutor(1)

    def call_later() -> None:
        with suppress(RuntimeError):  # that executors take nothing more
            while True:
                executor.submit(threading.get_ident).result()
        _call(client)
        client.close()

    threading.Thread(target=call_later).start()


def calls_of_daemons() -> None:
    client = make_client()
    for _ in range(3):
        threading.Thread(target=client.rooms.list, daemon=True).start()
    input()  # until they have reached the sandbox


def creates_of_daemons() -> None:
    client = make_client()
    for _ in range(3):
        threading.Thread(target=client.rooms.create, daemon=True).start()
    input()  # until they have reached the sandbox, which may have made their rooms


def daemons_that_call_on() -> None:
    _daemons(lambda client: client.rooms.list())


def daemons_that_create() -> None:
    _daemons(lambda client: client.rooms.create())


def daemons_that_iterate() -> None:
    _daemons(lambda client: list(client.rooms.iter(page_size=2)))


def daemons_that_create_many() -> None:
    _daemons(lambda client: list(client.rooms.create_many([{}, {}, {}])))


def _daemons(work: Callable[[Videsk], object]) -> None:
    client = make_client()

    def work_on() -> None:
        while True:
            work(client)

    for _ in range(3):
        threading.Thread(target=work_on, daemon=True).start()
    input()


def a_daemon_that_somebody_waits_for() -> None:
    daemons: list[threading.Thread] = []
    # Registered before the package is loaded, so it runs after the package has closed.
    atexit.register(lambda: daemons[0].join())
    client = make_client()

    def call() -> None:
        try:
            client.rooms.list()
        except Exception as error:
            _tell(error)

    daemons.append(threading.Thread(target=call, daemon=True))
    daemons[0].start()
    input()


def terminated() -> None:
    in_a_global()
    make_client().rooms.list()


def terminated_with_a_handler() -> None:
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(3))
    terminated()


def an_exception() -> None:
    in_a_global()
    raise LookupError("on purpose")


def an_exception_under_with() -> None:
    with make_client() as client:
        client.rooms.list()
        raise LookupError("on purpose")


class _CallsWhenItGoes:
    def __init__(self, client: Videsk) -> None:
        self._client = client
        self._call = _call

    def __del__(self) -> None:
        self._call(self._client)


def _tell(what: object, write: Any = os.write) -> None:
    # By the descriptor: late in the exit, sys.stdout and the names of modules are gone.
    write(1, f"{type(what).__name__}: {what}\n".encode())


def _call(client: Videsk, tell: Any = _tell) -> None:
    try:
        tell(client.rooms.list().total)
    except Exception as error:
        tell(error)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
