"""A plugin of pytest: where coverage.py measures the run, it measures the tests of the core alone.

Its tracer makes whatever it watches take up to twice as long, and each process take a fifth of a
second more to start. So it watches what is there to test the core, and the processes that this
starts. Other tests go through the core, too, and show nothing more of it.
"""

from __future__ import annotations

import importlib
import os
import pkgutil

import pytest

import videsk_rooms

CONFIGURATION = os.environ.get("COVERAGE_PROCESS_START")

OF_THE_CORE = (
    "tests/blocking/",
    "tests/concurrency/",
    "tests/http/",
    "tests/operations/",
    "tests/ratelimit/",
    "tests/stock/",
    "tests/test_",
    "tests/wire/",
)
# Those among them that check types, count objects or run whole commands.
NOT_OF_THE_CORE = (
    "tests/concurrency/test_leaks.py",
    "tests/test_editors.py",
    "tests/test_new_field_and_operation.py",
    "tests/test_pytest_plugin.py",
    "tests/test_typing.py",
)


class Switch:
    """Has coverage.py measure this process, and those that it starts, or leave them alone."""

    def __init__(self, configuration: str) -> None:
        import coverage

        self._configuration = configuration
        self._coverage = coverage.Coverage.current()
        self._is_on = True

    def turn(self, on: bool) -> None:
        """Turn it on or off."""
        if on is self._is_on or self._coverage is None:
            return
        self._is_on = on
        if on:
            os.environ["COVERAGE_PROCESS_START"] = self._configuration
            self._coverage.start()
        else:
            os.environ.pop("COVERAGE_PROCESS_START", None)
            self._coverage.stop()

    def save(self) -> None:
        """Write what was measured so far."""
        if self._coverage is not None:
            self._coverage.save()


SWITCH = None if CONFIGURATION is None else Switch(CONFIGURATION)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Measure nothing between the imports of the core and its first test.

    Test modules are compiled while they are collected, which the tracer makes twice as long.
    """
    if SWITCH is not None:
        _import_core()
        SWITCH.turn(on=False)


def _import_core() -> None:
    """Import what test modules would import, so that it is measured."""
    for module in pkgutil.walk_packages(videsk_rooms.__path__, "videsk_rooms."):
        if module.name.startswith("videsk_rooms._") and module.name != "videsk_rooms.__main__":
            importlib.import_module(module.name)
    importlib.import_module("videsk_rooms.testcases")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_node_collection_finished() -> None:
    """Do not measure the process that hands out the tests; those that run them have started."""
    if SWITCH is not None:
        SWITCH.turn(on=False)


@pytest.hookimpl(tryfirst=True)  # before fixtures of whatever scope start a process
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Measure a test of the core, and nothing else."""
    if SWITCH is not None:
        SWITCH.turn(on=_is_of_the_core(item.nodeid))


def _is_of_the_core(nodeid: str) -> bool:
    return nodeid.startswith(OF_THE_CORE) and not nodeid.startswith(NOT_OF_THE_CORE)


def pytest_sessionfinish() -> None:
    """Write it now: pytest-xdist kills a process that takes more than ten seconds to end."""
    if SWITCH is not None:
        SWITCH.turn(on=False)
        SWITCH.save()
