"""What is asked of every call, however the server behaves."""

from __future__ import annotations

import threading
import traceback
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from tests import inside
from tests.hostile.behaviours import TABLE, Behaviour
from tests.support import TOKEN
from videsk_rooms import VideskError

if TYPE_CHECKING:
    from tests.hostile.operations import Operation
    from videsk_rooms import Videsk

TIMEOUT = 1.0
A_LITTLE = 1.0  # the server works in the same process, for many calls at once


class Fault(NamedTuple):
    """What was wrong with one call."""

    operation: str
    behaviour: str
    what: str

    def __str__(self) -> str:
        return f"{self.operation} [{self.behaviour or 'as usual'}]: {self.what}"


def waited_for_a_processor(thread: int) -> float:
    """Return how long a thread was ready to run and did not: a call cannot help it.

    Other systems than Linux do not tell.
    """
    with suppress(OSError):
        return int(Path(f"/proc/self/task/{thread}/schedstat").read_text("ascii").split()[1]) / 1e9
    return 0.0


class Call:
    """A call under way: begins to run when it is made, and is judged by how it ends."""

    def __init__(
        self,
        name: str,
        operation: Operation,
        behaviour: Behaviour | None,
        client: Videsk | None = None,
    ) -> None:
        self._name = name
        self.operation = operation
        self._behaviour = behaviour
        self._client = client
        self._began = monotonic()
        self._waited = self._wait_for_processors()
        self.faults: list[Fault] = []

    def gave(self, value: Any, key: str) -> None:
        """Judge a value: of the right kind, and the right one where the body was."""
        self._ended()
        if not isinstance(value, self.operation.gives):
            self._fault(f"gave {value!r}")
        elif self._says_what_is_right(value) and not self.operation.is_right(value, key):
            self._fault(f"gave what is another's for {key}: {value!r}")
        for outcome in value if self._name == "create_many" else ():
            if outcome.error is not None:
                self._judge(outcome.error)

    def raised(self, error: BaseException) -> None:
        """Judge an error: one of ours, and no word of the token."""
        self._ended()
        self._judge(error)

    def _judge(self, error: BaseException) -> None:
        if not isinstance(error, VideskError):
            self._fault("".join(traceback.format_exception(error)))
        elif self._behaviour is None:
            self._fault(f"failed: {error}")
        elif (
            TOKEN in f"{error!s}{error!r}{vars(error)}{''.join(traceback.format_exception(error))}"
        ):
            self._fault(f"tells the token: {error!r}")

    def _ended(self) -> None:
        took = monotonic() - self._began - (self._wait_for_processors() - self._waited)
        if self._behaviour is not None and took > TIMEOUT + A_LITTLE:
            self._fault(f"took {took:.1f} s")

    def _wait_for_processors(self) -> float:
        """Add up the waits of the threads that work for the call: the server's, the caller's."""
        threads = {threading.main_thread().native_id, threading.get_native_id()}
        if self._client is not None:
            threads |= inside.loop_thread_ids(self._client)
        return sum(waited_for_a_processor(thread) for thread in threads if thread is not None)

    def _says_what_is_right(self, value: Any) -> bool:
        behaviour = self._behaviour or Behaviour()
        if self._name == "request":  # gives the bytes as they are, whatever they are
            return self._behaviour is None
        return behaviour.body in ("right", "gzip", "spaces") and value is not None

    def _fault(self, what: str) -> None:
        self.faults.append(Fault(self._name, str(self._behaviour or ""), what))


def behaviour_at(number: int) -> Behaviour:
    """Return a behaviour by its number, counted from 1."""
    return TABLE[number - 1]
