"""The services of the compose file work together, as processes in a network of their own.

Docker is not needed: its part is to give each service a host's name, which a namespace does too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from videsk_rooms import ConfigurationError, Videsk

from .blocks import EXAMPLES, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.any_python("how services find each other, not what they run")

COMPOSE = EXAMPLES / "compose" / "compose.yaml"
_NAMESPACE = ("unshare", "--user", "--map-root-user", "--net", "--mount")


def _has_namespaces() -> bool:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)
    return tried.returncode == 0


def in_a_network(hosts: Mapping[str, str], folder: Path, *command: str) -> str:
    """Run a command where hosts have names and addresses of their own; return what it prints."""
    table = folder / "hosts"
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in hosts.items())]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    addresses = "".join(f"ip address add {each}/32 dev lo && " for each in hosts.values())
    script = f'ip link set lo up && {addresses}mount --bind "$0" /etc/hosts && exec "$@"'
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*_NAMESPACE, "sh", "-c", script, str(table), *command],
        env={**os.environ, "PATH": path, "NO_PROXY": "*", "no_proxy": "*"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not _has_namespaces(), reason="this machine makes no network namespaces")
def test_the_services_of_the_compose_file_work_together(tmp_path: Path) -> None:
    """The application reaches the sandbox by the name of its service: one room, two tokens."""
    printed = in_a_network(
        {"sandbox": "192.0.2.2"},
        tmp_path,
        *(sys.executable, "-m", "tests.docs.composed"),
        *(str(COMPOSE), "http://127.0.0.1:8080/tickets/7/room"),
    )
    first, second = json.loads(printed)
    assert first["roomId"] == second["roomId"]
    assert first["accessToken"] != second["accessToken"]


def test_without_the_variable_the_application_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line of the compose file is needed, and the text names it."""
    environment = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["app"][
        "environment"
    ]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Videsk() as videsk:
        assert "http://sandbox:8000" in repr(videsk)
    monkeypatch.delenv("VIDESK_ALLOW_HTTP")
    with pytest.raises(ConfigurationError, match="set VIDESK_ALLOW_HTTP=1"):
        Videsk()
