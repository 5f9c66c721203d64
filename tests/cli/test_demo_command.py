"""`videsk-rooms demo`: what it shows, what it checks, what it leaves."""

from __future__ import annotations

import json
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import QUICK
from tests.cli.support import account as variables
from tests.cli.support import call, called_on_a_terminal, run, running
from tests.waiting import PATIENCE, wait_until
from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEPS = 15
ROOMS = 25
PREFIX = "videsk-rooms-demo-"

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither pseudo-terminals nor signals to send"
)


def external_ids(sandbox: Sandbox) -> list[object]:
    return [room["externalId"] for room in sandbox.rooms]


def open_ids(sandbox: Sandbox) -> list[object]:
    return [room["externalId"] for room in sandbox.rooms if not room["ended"]]


def failed_checks(summary: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (step["title"], check["what"])
        for step in summary["steps"]
        for check in step["checks"]
        if not check["ok"]
    ]


# -- on a sandbox of its own ----------------------------------------------------------------------


def test_every_step_is_shown_and_ticked_in_a_pipe() -> None:
    """80 columns, no colours, no token, and exit code 0."""
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^ ?(\d+)  \S", done.stdout, re.MULTILINE) == [
        str(number) for number in range(1, STEPS + 1)
    ]
    assert done.stdout.count("    ✓ ") == STEPS
    assert "✗" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []
    assert "\x1b" not in done.stdout
    assert "eyJ" not in done.stdout
    assert f"\n{STEPS} steps, all checked, in " in done.stdout


def test_json_is_one_object_in_which_each_step_was_checked() -> None:
    """Each operation of the API is among what was sent."""
    done = call("demo", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert (summary["ok"], summary["live"], summary["maybe_open"]) == (True, False, [])
    assert [step["number"] for step in summary["steps"]] == list(range(1, STEPS + 1))
    assert all(step["ok"] and step["code"] and step["result"] for step in summary["steps"])
    assert [step["title"] for step in summary["steps"] if not step["checks"]] == []
    assert failed_checks(summary) == []
    sent = "\n".join(line for step in summary["steps"] for line in step["requests"])
    for request in (
        r"POST /vpaas/rooms 201",
        r"POST /vpaas/rooms/\w+/join 201",
        r"PATCH /vpaas/rooms/\w+ 200",
        r"GET /vpaas/rooms 200",
        r"GET /vpaas/rooms/\w+/stats 200",
        r"POST /vpaas/rooms 409",
        rf"GET /vpaas/rooms/{PREFIX}\w+-00 200",
        r"POST /vpaas/rooms/\w+/join 410",
        r"DELETE /vpaas/rooms/\w+ 403",
    ):
        assert re.search(request, sent), request
    errors = [step["error"].partition(":")[0] for step in summary["steps"] if step["error"]]
    assert errors == ["InvalidRequestError", "ConflictError", "APIError", "PermissionDeniedError"]


# -- on an account --------------------------------------------------------------------------------


def test_live_uses_the_account_and_leaves_nothing_open_in_it(account: Sandbox) -> None:
    """Each room is unmistakably the demo's, and nobody else's is touched."""
    before = account.rooms
    done = call("demo", "--live", env=variables(account))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("    ✓ ") == STEPS
    assert account.rooms[:1] == before
    assert (len(account.rooms), open_ids(account)) == (ROOMS + 1, ["theirs"])
    assert "stay in the account's list" in " ".join(done.stdout.split())
    created = [request.json for request in account.requests.of("create")]
    assert len(created) == ROOMS + 1
    names = [body["externalId"] for body in created if isinstance(body, dict)]
    assert len(set(names)) == ROOMS
    assert all(name.startswith(PREFIX) for name in names)
    assert names[0][: -len("-00")] in done.stdout
    changed = {request.path for request in account.requests if request.method != "GET"}
    assert not any(before[0]["id"] in path.split("/") for path in changed)


def test_no_token_is_shown(account: Sandbox) -> None:
    """Neither the account's nor those of its rooms."""
    shown = "".join(
        call("demo", "--live", *more, env=variables(account)).stdout for more in ((), ("--json",))
    )
    assert account.api_token not in shown
    assert "eyJ" not in shown


@pytest.mark.parametrize(
    ("arguments", "script"),
    [
        ({"deletion": True}, None),
        ({"deletion": True, "delete_status": 204}, None),
        ({"external_ids": False}, None),
        ({"update_token": True}, None),
        ({"reopening": False}, None),
        ({"join_status": 200}, None),
        ({}, lambda sandbox: sandbox.faults.status(404, on="stats", times=None)),
        ({}, lambda sandbox: sandbox.faults.garbage(b"{}", on="stats", times=None)),
        ({}, lambda sandbox: sandbox.add_rooms(30)),
    ],
    ids=[
        "delete 200",
        "delete 204",
        "ids only",
        "update with token",
        "no reopening",
        "join 200",
        "stats 404",
        "stats empty",
        "other rooms",
    ],
)
def test_what_is_unknown_of_an_account_is_tolerated(
    arguments: dict[str, Any], script: Callable[[Sandbox], object] | None
) -> None:
    """docs/api.md, "Operations": whether there is a deletion, statuses, and what stats answers."""
    with Sandbox(rate=QUICK, **arguments) as account:
        if script is not None:
            script(account)
        done = call("demo", "--live", env=variables(account))
        assert [name for name in open_ids(account) if str(name).startswith(PREFIX)] == []
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("    ✓ ") == STEPS


def first_room_id(seed: int) -> str:
    """Tell which id the first room of a sandbox with a seed gets."""
    with (
        Sandbox(rate=None, seed=seed) as twin,
        Videsk(twin.api_token, base_url=twin.url, rate_limit=None) as videsk,
    ):
        return videsk.rooms.create().id


@pytest.mark.parametrize(
    ("fields", "times", "failing"),
    [
        ({}, 1, []),
        ({"nbf": "2042-08-14T15:00:00.000Z"}, 1, ["nbf"]),
        ({"name": 1}, 4, ["the outcome"]),  # so many attempts
    ],
    ids=["left out", "another nbf", "another type"],
)
def test_a_field_may_be_left_out_but_not_be_wrong(
    fields: dict[str, object], times: int, failing: list[str]
) -> None:
    """docs/api.md, "Objects": any field but `id` may be absent."""
    body = {"id": first_room_id(seed=5), "accessToken": "a.b.c", **fields}
    with Sandbox(rate=QUICK, seed=5) as account:
        account.faults.answer(
            200,
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
            processed=True,
            on="update",
            times=times,
        )
        done = call("demo", "--live", "--json", env=variables(account))
        assert open_ids(account) == []
    summary = json.loads(done.stdout)
    assert [what for _title, what in failed_checks(summary)] == failing
    assert done.returncode == (1 if failing else 0)


# -- when it fails --------------------------------------------------------------------------------


def test_a_failing_check_says_what_was_expected_and_what_came(account: Sandbox) -> None:
    """The exit code is 1, and no room stays open."""
    account.faults.garbage(on="stats", times=None)
    done = call("demo", "--live", env=variables(account))
    assert (done.returncode, done.stderr) == (1, "")
    shown = " ".join(done.stdout.split())
    assert "✗ stopped here" in shown
    assert "expected no error came ResponseError: GET http://127.0.0.1" in shown
    assert "Failed: step 9" in shown
    assert f"Rooms ended afterwards: {ROOMS}." in shown
    assert open_ids(account) == ["theirs"]


def test_a_failure_in_json_is_an_object_too(account: Sandbox) -> None:
    """It ends with the step that failed."""
    account.faults.status(403, on="list", times=None)
    done = call("demo", "--live", "--json", env=variables(account))
    assert (done.returncode, done.stderr) == (1, "")
    summary = json.loads(done.stdout)
    assert summary["ok"] is False
    assert [step["ok"] for step in summary["steps"]] == [True] * 5 + [False]
    assert summary["steps"][-1]["error"].startswith("PermissionDeniedError: GET ")
    assert (summary["ended_afterwards"], summary["maybe_open"]) == (ROOMS, [])
    assert open_ids(account) == ["theirs"]


@pytest.mark.parametrize("status", [403, 503])
def test_rooms_that_cannot_be_ended_are_named(account: Sandbox, status: int) -> None:
    """Whoever owns the account has to know what is open in it."""
    account.faults.status(status, on="update", times=None)
    done = call("demo", "--live", "--json", env=variables(account))
    assert done.returncode == 1
    assert json.loads(done.stdout)["maybe_open"] == external_ids(account)[1:]


def test_rooms_that_are_left_are_told_to_people(account: Sandbox) -> None:
    """With what they are looked up by."""
    account.faults.status(403, on="update", times=None)
    done = call("demo", "--live", env=variables(account))
    assert done.returncode == 1
    told = done.stdout[done.stdout.index("These rooms may be open") :]
    assert [name for name in external_ids(account)[1:] if str(name) not in told] == []


def test_a_refused_token_leaves_nothing_to_look_for(account: Sandbox) -> None:
    """What was refused was not created."""
    env = {**variables(account), "VIDESK_API_TOKEN": "not-a-token-of-the-account"}
    done = call("demo", "--live", env=env)
    assert (done.returncode, done.stderr) == (1, "")
    assert "AuthenticationError: POST" in done.stdout
    assert "may be open" not in done.stdout
    assert "not-a-token" not in done.stdout
    assert [request.operation for request in account.requests] == ["create"]


def test_an_api_that_is_not_there_is_told(account: Sandbox) -> None:
    """A failed connection ends the first step that needs one."""
    account.stop()
    done = call("demo", "--live", env=variables(account))
    assert (done.returncode, done.stderr) == (1, "")
    assert "ConnectionFailedError" in done.stdout
    assert "may be open" not in done.stdout


@pytest.fixture
def slow_to_create(account: Sandbox) -> Iterator[Sandbox]:
    """An account that has created a room long before it says so."""
    account.faults.delay(0.3, on="create", times=None)
    yield account
    assert open_ids(account) == ["theirs"]


@posix
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_open(slow_to_create: Sandbox, by: signal.Signals) -> None:
    """Neither the rooms that came back nor the one that was under way."""
    with running("demo", "--live", env=variables(slow_to_create)) as process:
        wait_until(lambda: len(slow_to_create.rooms) > 5)
        process.send_signal(by)
        said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (128 + by, "")
    assert "Ending the rooms that the demo made." in said
    assert "Stopped in step 5" in said
    assert "may be open" not in said


@posix
def test_a_reader_that_leaves_leaves_nothing_open(slow_to_create: Sandbox) -> None:
    """`videsk-rooms demo --live | head -1` cleans up like any other end."""
    with running("demo", "--live", env=variables(slow_to_create)) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 1


# -- on terminals and in other encodings ----------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_encoding_without_ticks_is_enough(account: Sandbox, encoding: str) -> None:
    """Ticks become words, and nothing becomes an error."""
    done = call("demo", "--live", env=variables(account), encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("    ok ") == STEPS
    assert "?" not in done.stdout


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|9\d)(?:;\d+)*m")


@posix
def test_a_terminal_gets_colours(account: Sandbox) -> None:
    """The code is highlighted, ticks are green, and the text is the same."""
    env = {"TERM": "xterm", **variables(account)}
    shown = called_on_a_terminal("demo", "--live", env=env).stdout
    assert COLOUR.search(shown)
    assert re.sub(r"\x1b\[[\d;]*m", "", shown).count("    ✓ ") == STEPS


@posix
@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        ([], {"TERM": "xterm", "NO_COLOR": "1"}),
        ([], {"TERM": "dumb"}),
        (["--no-color"], {"TERM": "xterm"}),
    ],
)
def test_colours_can_be_switched_off(
    account: Sandbox, arguments: list[str], env: dict[str, str]
) -> None:
    """By NO_COLOR, by an option, and on terminals that have none."""
    env = {**env, **variables(account)}
    shown = called_on_a_terminal("demo", "--live", *arguments, env=env).stdout
    assert not COLOUR.search(shown)
    assert f"{STEPS} steps, all checked" in shown
