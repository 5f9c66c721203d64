"""A plugin of pytest: in which order the files run, and in how many processes.

One process runs all tests of a file, and takes another file when it is done.
"""

from __future__ import annotations

import os

import pytest

# Most of the time tests wait, for servers, for timeouts, for other processes.
MORE_PROCESSES_THAN_CORES = 4

# The files that take 15 seconds and more, the longest first but for the last.
LONGEST_FIRST = (
    "tests/chaos/test_chaos.py",
    "tests/docs/test_examples.py",
    "tests/dev/test_console.py",
    "tests/docs/test_site.py",
    "tests/wire/test_decode.py",
    "tests/blocking/test_gevent.py",
    "tests/docs/test_programs.py",
    "tests/test_typing.py",
    "tests/benchmarks/test_benchmarks.py",
    "tests/dev/test_stand_in.py",
    "tests/http/test_retry.py",
    "tests/conformance/test_web.py",
    "tests/dev/test_calls.py",
    "tests/blocking/test_exit.py",
    "tests/concurrency/test_fork.py",
    "tests/browser/test_obstacles.py",
    "tests/hostile/test_bounds.py",
    "tests/browser/test_entering.py",
    "tests/hostile/test_behaviours.py",
    "tests/operations/test_create.py",
    "tests/ratelimit/test_loops.py",
    "tests/blocking/test_interruption.py",
    "tests/cli/test_demo_command.py",
    "tests/http/test_deadlines.py",
    "tests/cli/test_operators_day.py",
    "tests/ratelimit/test_redis.py",
    "tests/test_new_field_and_operation.py",
    "tests/http/test_races.py",
    "tests/blocking/test_threads.py",
    "tests/ratelimit/test_clients.py",
    "tests/conformance/test_workers_celery.py",
    "tests/cli/test_dev_command.py",
    "tests/sandbox/test_faults.py",
    "tests/docs/test_openapi.py",
    "tests/ratelimit/test_file.py",
    "tests/test_editors.py",
    "tests/packaging/test_installed.py",
    "tests/http/test_tokens_callable.py",
    # How much it finds depends on how fast calls are: not while all the others begin.
    "tests/concurrency/test_leaks.py",
)

# What measures how much gets done in some seconds, when the other processes have little left to do.
MEASURED_LAST = ("tests/ratelimit/test_runs.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no process is left with one at the end."""
    places = {file: place for place, file in enumerate(LONGEST_FIRST)}
    places.update((file, len(LONGEST_FIRST) + 1) for file in MEASURED_LAST)
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST_FIRST)))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int | None:
    """Make `-n auto` some processes more than cores."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) + MORE_PROCESSES_THAN_CORES
    return (os.cpu_count() or 1) + MORE_PROCESSES_THAN_CORES
