"""A program whose processes call: run as `python -m tests.conformance.in_processes`.

Its arguments: how multiprocessing starts processes, or `executor`; another URL of the API, and how
many threads of each of the two processes are to call there at once; a file to be paced by. The API
is named by the environment. What came of it is pickled to the standard output.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

from videsk_rooms import AsyncVidesk, Hooks, RateLimit, Room, RoomPage, Videsk, VideskError

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.queues import Queue

# Hands a task to a pool, and gives what waits for its result.
Submit: TypeAlias = Callable[..., Callable[[], Any]]

PROCESSES = 2
_FAST = RateLimit(requests=10_000)

# A forked process has its parent's; one started afresh loads this module, and makes its own.
of_the_module = Videsk(rate_limit=_FAST)
of_the_process = of_the_module


def set_up(client: Videsk) -> None:
    """Keep the client for all tasks of this process, as an initializer of pools does."""
    global of_the_process  # noqa: PLW0603 - as users do it
    of_the_process = client


# -- tasks ----------------------------------------------------------------------------------------


def create(number: int) -> Room:
    """Create a room by the client that the process was given when it began."""
    return of_the_process.rooms.create(name=f"job {number}", external_id=f"pool-{number}")


def create_by(client: Videsk, external_id: str) -> Room:
    """Create a room by a client that is an argument."""
    return client.rooms.create(external_id=external_id)


def create_awaited(client: AsyncVidesk, external_id: str) -> Room:
    """Create a room in a loop of this process."""

    async def call() -> Room:
        async with client:
            return await client.rooms.create(external_id=external_id)

    return asyncio.run(call())


def create_by_the_module(external_id: str) -> Room:
    """Create a room by the client that the module has."""
    return of_the_module.rooms.create(external_id=external_id)


def list_in_threads(url: str, threads: int) -> int:
    """Make calls at once, and tell how many were answered."""
    with Videsk(base_url=url, rate_limit=None) as client, ThreadPoolExecutor(threads) as executor:
        return len(list(executor.map(lambda _: client.rooms.list(), range(threads))))


def take_a_conflict() -> None:
    """Ask for what the API refuses."""
    of_the_process.rooms.create(external_id="taken", name="another")


def list_without_an_environment(client: Videsk) -> RoomPage:
    """Call where the environment has no token."""
    token = os.environ.pop("VIDESK_API_TOKEN")
    try:
        return client.rooms.list()
    finally:
        os.environ["VIDESK_API_TOKEN"] = token


def report_to(queue: Queue[Any], client: Videsk) -> None:
    """Call in a process that tells its parent by a queue, by hand and by a hook."""
    queue.put(create_by(client, "argument"))


# -- the program ----------------------------------------------------------------------------------


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call returns, or the error that it raises."""
    try:
        return call(*arguments)
    except VideskError as error:
        return error


def in_a_process(context: BaseContext) -> Callable[[], dict[str, Any]]:
    """Hand a client to a process, which reports by a queue; give what waits for it."""
    queue: Queue[Any] = context.Queue()
    client = Videsk(rate_limit=_FAST, hooks=Hooks(on_attempt=queue.put))
    process = context.Process(target=report_to, args=(queue, client))  # type: ignore[attr-defined]  # every context has it
    process.start()

    def result() -> dict[str, Any]:
        event, room = queue.get(timeout=60), queue.get(timeout=60)
        process.join()
        return {"hook": event, "argument": room, "exit code": process.exitcode}

    return result


def in_a_pool(submit: Submit, held: str, threads: int) -> dict[str, Any]:
    """Have a pool do all tasks."""
    rooms = [submit(create, number) for number in range(6)]
    at_once = [submit(list_in_threads, held, threads) for _ in range(PROCESSES)]
    with_string = Videsk(os.environ["VIDESK_API_TOKEN"], rate_limit=_FAST)
    allowed = with_string.with_options(secrets_in_pickles=True)
    return {
        "pool": [room() for room in rooms],
        "at once": [answered() for answered in at_once],
        "awaited": submit(create_awaited, AsyncVidesk(rate_limit=_FAST), "awaited")(),
        "module": submit(create_by_the_module, "module")(),
        "conflict": outcome(submit(take_a_conflict)),
        "token left behind": outcome(submit(list_without_an_environment, with_string)),
        "token allowed": outcome(submit(list_without_an_environment, allowed)),
    }


def sharing(submit: Submit, file: str) -> dict[str, Any]:
    """Use a limit up in a pool, and see that nothing is left of it here."""
    limit = RateLimit(requests=PROCESSES, per=300.0, shared=f"file:{file}")
    with Videsk(rate_limit=limit) as client:
        paced = [submit(create_by, client, f"paced-{number}") for number in range(PROCESSES)]
        return {
            "paced": [room() for room in paced],
            "over the limit": outcome(client.with_options(timeout=0.2).rooms.list),
        }


def with_executor(held: str, threads: int, file: str) -> dict[str, Any]:
    """Do all in a `ProcessPoolExecutor`."""
    first = Videsk(rate_limit=_FAST)
    with ProcessPoolExecutor(PROCESSES, initializer=set_up, initargs=(first,)) as executor:

        def submit(task: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
            return executor.submit(task, *arguments).result

        return {**in_a_pool(submit, held, threads), **sharing(submit, file)}


def with_multiprocessing(way: str, held: str, threads: int, file: str) -> dict[str, Any]:
    """Do all in a `Pool`, and some in a `Process`."""
    context = multiprocessing.get_context(way)
    alone = in_a_process(context)
    first = Videsk(rate_limit=_FAST)
    with context.Pool(PROCESSES, initializer=set_up, initargs=(first,)) as pool:

        def submit(task: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
            return pool.apply_async(task, arguments).get

        report = {**in_a_pool(submit, held, threads), **sharing(submit, file)}
        pool.close()
        pool.join()
    return {**report, **alone()}


def main(way: str, held: str, threads: int, file: str) -> None:
    """Call, have processes call, and call again."""
    of_the_module.rooms.create(external_id="taken")
    if way == "executor":
        report = with_executor(held, threads, file)
    else:
        report = with_multiprocessing(way, held, threads, file)
    of_the_module.rooms.create(external_id="after")
    pickle.dump(report, sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
