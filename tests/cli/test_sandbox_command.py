"""`videsk-rooms sandbox`."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import call, running
from tests.waiting import PATIENCE, wait_until
from videsk_rooms import NotFoundError, Retry, TransportError, Videsk
from videsk_rooms.cli._serving import NewRequests, log_line, reachable
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

ROOMS = "/vpaas/rooms"

posix_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process can be sent"
)


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Start a sandbox with `--json`; yields the process, its URL and its token."""
    with running("sandbox", "--json", *arguments) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert set(line) == {"url", "api_token"}
        yield process, line["url"], line["api_token"]


def stop(process: subprocess.Popen[str], by: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
    """End a sandbox and return what it has said since."""
    process.send_signal(by)
    return process.communicate(timeout=PATIENCE)


def client(url: str, token: str) -> Videsk:
    return Videsk(token, base_url=url, retry=Retry(attempts=1), rate_limit=None)


def headers_of(url: str, token: str) -> Mapping[str, str]:
    """Ask past the client, whose pacing would stay out of what is asked for here."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", ROOMS, headers={"Authorization": f"Bearer {token}"})
        return dict(connection.getresponse().headers)


@posix_signals
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_ends_in_order(by: signal.Signals) -> None:
    """Exit code 0, nothing on standard error, also with a connection open."""
    with started() as (process, url, token), client(url, token) as videsk:
        room = videsk.rooms.create(external_id="ticket-1")
        assert videsk.rooms.get(room).external_id == "ticket-1"
        assert stop(process, by) == ("", "")
        assert process.returncode == 0


@posix_signals
def test_the_two_lines_to_set_are_a_shell_s() -> None:
    """Whatever the token is made of, a shell reads it back as it was given."""
    token = "it's$(a)`token`"
    with running("sandbox", "--quiet", "--token", token) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        exports = [shlex.split(line)[1] for line in lines if line.startswith("export ")]
        variables = dict(export.split("=", 1) for export in exports)
        assert set(variables) == {"VIDESK_BASE_URL", "VIDESK_API_TOKEN"}
        assert variables["VIDESK_API_TOKEN"] == token
        with client(variables["VIDESK_BASE_URL"], token) as videsk:
            assert videsk.rooms.list().total == 0
        assert stop(process) == ("", "")


@posix_signals
def test_each_request_is_a_line_of_method_path_and_status() -> None:
    """In the order of arrival, refused ones too, and without a token in any."""
    with running("sandbox", "--token", "let-me-in", "--deletion") as process:
        assert process.stdout is not None
        url = shlex.split(next(line for line in process.stdout if "BASE_URL" in line))[1]
        url = url.partition("=")[2]
        with client(url, "let-me-in") as videsk:
            room = videsk.rooms.create()
            videsk.rooms.delete(room)
            with pytest.raises(NotFoundError):
                videsk.rooms.get(room)
        headers_of(url, "wrong-one")
        said, complaints = stop(process)
    assert [
        line.split() for line in said.splitlines() if line.startswith(("GET", "POST", "D"))
    ] == [
        ["POST", ROOMS, "201"],
        ["DELETE", f"{ROOMS}/{room.id}", "200"],
        ["GET", f"{ROOMS}/{room.id}", "404"],
        ["GET", ROOMS, "401"],
    ]
    assert "wrong-one" not in said
    assert complaints == ""


@pytest.mark.parametrize(
    ("rate", "limit"), [("off", None), ("7", "7")], ids=["no limit", "a limit"]
)
def test_the_rate_is_the_one_asked_for(rate: str, limit: str | None) -> None:
    """`off` sends no header of a limit at all."""
    with started("--rate", rate) as (_process, url, token):
        assert headers_of(url, token).get("Ratelimit-Limit") == limit


def test_the_window_is_the_one_asked_for() -> None:
    """A sliding window still counts a request that a fixed one has forgotten."""
    # Sent at 0.0, 0.9 and 1.1 seconds: a second fixed window has begun by then, in which the last
    # one is the first. On a machine too slow for that, it is tried again.
    with started("--rate", "2", "--window", "sliding") as (_process, url, token):
        for turn in range(20):
            sleep(1.1 if turn else 0.0)
            headers_of(url, token)
            begun = monotonic()
            sleep(0.9)
            before = monotonic()
            headers_of(url, token)
            sleep(max(0.0, begun + 1.1 - monotonic()))
            left = headers_of(url, token)["Ratelimit-Remaining"]
            if monotonic() < before + 1.0:
                break
        else:
            pytest.fail("this machine is too slow to tell the windows apart")
    assert left == "0"


def test_a_seed_makes_the_same_ids_and_tokens() -> None:
    """Two sandboxes of one seed cannot be told apart, one of another can."""

    def first_of(url: str, token: str) -> tuple[str, str]:
        with client(url, token) as videsk:
            return token, videsk.rooms.create().id

    with (
        started("--seed", "7") as (_process, url, token),
        Sandbox(seed=7) as twin,
        Sandbox(seed=8) as other,
    ):
        first = first_of(url, token)
        assert first == first_of(twin.url, twin.api_token)
        assert set(first).isdisjoint(first_of(other.url, other.api_token))


@pytest.mark.parametrize(("command", "instead"), [("sandbox", "none"), ("dev", "--port 0")])
def test_a_taken_port_is_one_line_and_exit_code_1(command: str, instead: str) -> None:
    """It names the port and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call(command, "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"videsk-rooms: port {port} on 127.0.0.1 is in use; "
        f"choose another --port, or {instead} for any free one\n"
    )


def test_an_address_of_another_machine_is_one_line_and_exit_code_1() -> None:
    """192.0.2.1 is nobody's: it is kept free for documentation."""
    done = call("sandbox", "--host", "192.0.2.1")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: cannot listen on 192.0.2.1, port 0: ")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://[::]:8080", "http://[::1]:8080"),
        ("http://10.0.0.0:8080", "http://10.0.0.0:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_the_url_is_one_that_the_client_takes(url: str, told: str) -> None:
    """All interfaces are no address to send a request to."""
    assert reachable(url) == told


def test_a_request_waits_for_its_answer_before_it_is_shown() -> None:
    """And those after it wait for their turn; one that is never answered holds nobody up."""
    with Sandbox(rate=None) as sandbox:
        patient, impatient = NewRequests(sandbox.requests), NewRequests(sandbox.requests, 0.0)
        sandbox.faults.drop("before")
        with client(sandbox.url, sandbox.api_token) as videsk:
            with pytest.raises(TransportError):
                videsk.rooms.list()
            videsk.rooms.list()
        wait_until(lambda: len(sandbox.requests) >= 2)
        assert [record.status for record in impatient] == [None, 200]
        assert list(impatient) == []
        assert list(patient) == []


def test_a_path_cannot_send_control_characters_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever sends a request chooses its path."""
    with Sandbox(rate=None) as sandbox, client(sandbox.url, sandbox.api_token) as videsk:
        videsk.rooms.list()
        record = sandbox.requests[0]
    log_line(replace(record, path="/a\x1b[2Jb"))
    assert capsys.readouterr().out == "GET    /a\\x1b[2Jb 200\n"
