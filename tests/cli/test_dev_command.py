"""`videsk-rooms dev`."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import urllib.request
import webbrowser
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import call, running
from tests.waiting import PATIENCE
from videsk_rooms import Videsk
from videsk_rooms.cli import main

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

posix_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process can be sent"
)


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    line: dict[str, str] = json.loads(process.stdout.readline())
    return line


def stop(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGTERM)
    return process.communicate(timeout=PATIENCE)


@posix_signals
def test_it_serves_everything_on_one_port_until_a_signal() -> None:
    """The API, the console and the stand-in; nothing on standard error, exit code 0."""
    with running("dev", "--port", "0", "--json") as process:
        line = told(process)
        assert set(line) == {"url", "api_token", "console_url", "sdk_url"}
        for url, media_type in (
            (line["console_url"], "text/html"),
            (line["sdk_url"], "text/javascript"),
        ):
            assert url.startswith(f"{line['url']}/")
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                assert answer.headers["Content-Type"].startswith(media_type)
        with Videsk(line["api_token"], base_url=line["url"]) as videsk:
            videsk.rooms.create()
        assert stop(process) == ("", "")
        assert process.returncode == 0


@posix_signals
def test_it_says_where_the_console_is_and_what_to_set() -> None:
    """In lines that a shell reads, and a line for each request of the API."""
    with running("dev", "--port", "0", "--token", "it's$(a)`token`") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        console = lines[0].split()[-1]
        exports = [shlex.split(line)[1] for line in lines if line.startswith("export ")]
        variables = dict(export.split("=", 1) for export in exports)
        assert variables == {
            "VIDESK_BASE_URL": console.rstrip("/"),
            "VIDESK_API_TOKEN": "it's$(a)`token`",
            "VIDESK_SDK_URL": lines[1].split()[-1],
        }
        with urllib.request.urlopen(console, timeout=PATIENCE):
            pass
        with Videsk("it's$(a)`token`", base_url=variables["VIDESK_BASE_URL"]) as videsk:
            videsk.rooms.list()
        said, complaints = stop(process)
    assert (said, complaints) == ("GET    /vpaas/rooms 200\n", "")


@posix_signals
def test_rooms_last_over_a_restart(tmp_path: Path) -> None:
    """With the token, so that no application has to be pointed anew."""
    arguments = ("dev", "--port", "0", "--json", "--state", str(tmp_path / "rooms.json"))
    with running(*arguments) as process:
        before = told(process)
        with Videsk(before["api_token"], base_url=before["url"]) as videsk:
            videsk.rooms.create(external_id="visit-7")
        assert stop(process) == ("", "")
    with running(*arguments) as process:
        after = told(process)
        with Videsk(before["api_token"], base_url=after["url"]) as videsk:
            assert videsk.rooms.get_by_external_id("visit-7").external_id == "visit-7"


@posix_signals
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])
def test_an_address_that_others_reach_is_warned_of(host: str) -> None:
    """On standard error, with what to do."""
    with running("dev", "--port", "0", "--json", "--host", host) as process:
        assert told(process)["url"].startswith("http://")
        _, complaints = stop(process)
    if host == "0.0.0.0":
        assert complaints.startswith("videsk-rooms: warning: with --host 0.0.0.0, anybody who")
        assert complaints.count("\n") == 1
    else:
        assert complaints == ""


@pytest.mark.parametrize("option", ["--rate", "--window"])
def test_the_limit_is_the_one_asked_for(option: str) -> None:
    """The state of the console shows it."""
    value = {"--rate": "7", "--window": "sliding"}[option]
    with (
        running("dev", "--port", "0", "--json", option, value) as process,
        urllib.request.urlopen(f"{told(process)['url']}/dev/v1/state") as answer,
    ):
        state = json.load(answer)
    assert (str(state["rate"]), state["window"]) == {
        "--rate": ("7", "fixed"),
        "--window": ("20", "sliding"),
    }[option]


def test_the_console_is_opened_if_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the server listens; the URL holds no token."""
    opened: list[str] = []

    def open_and_stop(url: str) -> bool:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            opened.append(f"{answer.status} {url}")
        signal.raise_signal(signal.SIGINT)
        return True

    monkeypatch.setattr(webbrowser, "open", open_and_stop)
    assert main(["dev", "--port", "0", "--open", "--token", "the-secret", "--json"]) == 0
    (line,) = opened
    assert line.startswith("200 http://127.0.0.1:")
    assert "the-secret" not in line


@posix_signals
def test_a_reader_that_leaves_is_no_fault_of_the_state(tmp_path: Path) -> None:
    """`videsk-rooms dev | head` ends silently, at the next request, with exit code 1."""
    with running("dev", "--port", "0", "--state", str(tmp_path / "rooms.json")) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        exports = dict(line.split()[1].split("=", 1) for line in lines if "export" in line)
        process.stdout.close()
        with Videsk(exports["VIDESK_API_TOKEN"], base_url=exports["VIDESK_BASE_URL"]) as videsk:
            videsk.rooms.list()
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_broken_state_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    """It names the file and what to do."""
    file = tmp_path / "rooms.json"
    file.write_text("{")
    done = call("dev", "--state", str(file))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"videsk-rooms: --state: {file} is not a state that can be read")
    assert "move it away to start afresh" in done.stderr


def test_a_state_that_cannot_be_kept_is_told_before_anything_is_lost(tmp_path: Path) -> None:
    """As where there is no such folder, or it is one."""
    for file in (tmp_path / "nothing" / "rooms.json", tmp_path):
        done = call("dev", "--state", str(file))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"videsk-rooms: --state {file}: ")


@pytest.mark.parametrize(
    "arguments", [("--rate", "0"), ("--token", "two words"), ("--host", ""), ("--port", "70000")]
)
def test_a_wrong_option_is_wrong_usage(arguments: tuple[str, str]) -> None:
    """Exit code 2 and one line."""
    done = call("dev", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert arguments[0] in done.stderr
