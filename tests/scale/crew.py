"""The processes of a run: Redis, the account, and workers of two machines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import redis
from celery import Celery

from tests.docs.blocks import EXAMPLES, ROOT
from tests.ratelimit.redis_server import serving

from .account import Account

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

MACHINES = ("first", "second")
PROCESSES = 2  # of each machine
BATCH = 100
ROOMS, FAILED = "appointments:rooms", "appointments:failed"

_GLANCE = 0.05
_AT_REST = 1.0  # longer than a batch is on its way from the queue to a worker
_PATIENCE = 120.0  # for a machine with more to do than it can


class HangsError(Exception):
    """Nothing has happened for too long."""


class Crew:
    """Two machines at work on one account, and who kills them."""

    def __init__(self, stack: ExitStack, folder: Path, rate: int) -> None:
        self._stack = stack
        self._folder = folder
        # A batch, by so many processes, and a little more: what is at work is not given away.
        self.visibility = BATCH * PROCESSES * len(MACHINES) / rate + 2.0
        broker = stack.enter_context(serving()).url
        self.inside = stack.enter_context(redis.Redis.from_url(broker, decode_responses=True))
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{EXAMPLES}"}
        self._account = self._python(
            *("-m", "tests.scale.account", str(rate)), env=environment, stdout=subprocess.PIPE
        )
        url, token = json.loads(self._answer())
        self._environment = {
            **environment,
            "REDIS_URL": broker,
            "SCALE_VISIBILITY": str(self.visibility),
            "VIDESK_API_TOKEN": token,
            "VIDESK_BASE_URL": url,
        }
        self._machines: dict[str, subprocess.Popen[str]] = {}

    def hand_out(self, names: Path) -> None:
        """Run the example's own program, to its end."""
        program = self._python(
            *(str(EXAMPLES / "celery_many_rooms.py"), str(names)),
            env=self._environment,
            stdout=subprocess.PIPE,
        )
        output, _ = program.communicate(timeout=_PATIENCE)
        if program.returncode != 0:
            raise HangsError(f"nothing was handed out: {output}")

    def lose_a_batch(self) -> None:
        """Take one from the queue, as a worker does that is killed before it writes it down."""
        self.inside.rpop("celery")

    def start(self, machine: str) -> None:
        """Start the workers of a machine."""
        log = self._stack.enter_context((self._folder / f"{machine}.txt").open("a"))
        self._machines[machine] = self._python(
            *("-m", "celery", "-A", "tests.scale.quick_to_restore", "worker"),
            *("--concurrency", str(PROCESSES), "--hostname", f"{machine}@here"),
            *("--without-mingle", "--without-gossip"),  # takes a second less
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def kill_one_process(self, machine: str) -> None:
        """Kill one of a machine's processes, amid a batch, as all are while batches wait."""
        name = f"{machine}@here"
        with Celery(broker=self._environment["REDIS_URL"]) as app:
            inspect = app.control.inspect([name], timeout=_PATIENCE, limit=1)
            processes = inspect.stats()[name]["pool"]["processes"]
        os.kill(processes[0], signal.SIGKILL)

    def kill(self, machine: str) -> None:
        """Kill all processes of a machine at once."""
        process = self._machines.pop(machine)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Have all workers end when their batches are done."""
        for process in self._machines.values():
            process.terminate()
        for process in self._machines.values():
            process.wait(_PATIENCE)

    def opened(self) -> int:
        """Tell how many rooms workers have noted."""
        return int(self.inside.hlen(ROOMS))

    def wait_until_opened(self, count: int) -> None:
        """Wait for so many rooms to be noted."""
        if not self.is_opened(count):
            raise HangsError(f"no batch is left for what lacks of {count} rooms; {self.said()}")

    def is_opened(self, count: int) -> bool:
        """Wait for so many rooms to be noted; tell if no batch is left for what lacks of them."""
        seen, changed_at = (-1, -1), 0.0
        while (now := (self.opened(), self._batches()))[0] < count:
            if now != seen:
                seen, changed_at = now, time.monotonic()
                self._ask("count")
            opened, batches = seen
            stands_since = time.monotonic() - changed_at
            if not batches and stands_since > _AT_REST:
                return False
            if stands_since > _PATIENCE:
                raise HangsError(f"{opened} of {count} rooms, and no more; {self.said()}")
            time.sleep(_GLANCE)
        return True

    def _batches(self) -> int:
        return int(self.inside.llen("celery")) + int(self.inside.hlen("unacked"))

    def account(self) -> Account:
        """Ask what came, and what there is."""
        self._ask("account")
        return Account(**json.loads(self._answer()))

    def said(self) -> str:
        """What the workers wrote."""
        return "\n".join(log.read_text() for log in sorted(self._folder.glob("*.txt")))

    def _ask(self, what: str) -> None:
        assert self._account.stdin is not None
        self._account.stdin.write(f"{what}\n")
        self._account.stdin.flush()

    def _answer(self) -> str:
        assert self._account.stdout is not None
        return self._account.stdout.readline()

    def _python(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                text=True,
                start_new_session=True,
                **options,
            )
        )
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
