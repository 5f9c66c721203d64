"""Runs the services of a compose file as processes, as Docker Compose runs them in containers.

Started in a network and a table of hosts of its own, where each service has its name and address.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0


@contextmanager
def running(service: dict[str, Any], folder: Path) -> Iterator[None]:
    """Run a service with the environment of its container, until it is healthy."""
    env = {"PATH": os.environ["PATH"], **service.get("environment", {})}
    process = subprocess.Popen(service["command"], cwd=folder, env=env, stdout=sys.stderr)
    try:
        if "healthcheck" in service:
            kind, *check = service["healthcheck"]["test"]
            assert kind == "CMD"
            wait_for(lambda: subprocess.run(check, env=env, check=True, capture_output=True))
        yield
        assert process.poll() is None, service["command"]
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_for(step: Any) -> Any:
    """Try a step until it returns something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with suppress(OSError, subprocess.CalledProcessError):
            return step()
        time.sleep(0.05)
    raise TimeoutError


def in_order(services: dict[str, Any]) -> list[dict[str, Any]]:
    """Sort services so that each comes after those that it depends on."""
    ready: dict[str, Any] = {}
    while len(ready) < len(services):
        for name, service in services.items():
            if name not in ready and set(service.get("depends_on", {})) <= ready.keys():
                ready[name] = service
    return list(ready.values())


def main(file: Path, url: str) -> None:
    """Print what the application answers."""
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    with ExitStack() as stack:
        for service in in_order(services):
            stack.enter_context(running(service, file.parent))
        request = urllib.request.Request(url, method="POST")
        answers = [
            json.load(wait_for(lambda: urllib.request.urlopen(request, timeout=SECONDS)))
            for _ in range(2)
        ]
        print(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
