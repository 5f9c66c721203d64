"""The options that say which account is asked, and how."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import account as variables
from tests.cli.support import call
from tests.peers import nobody_listening
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ask


def test_the_account_of_the_options_goes_before_that_of_the_environment(
    account: Sandbox, ask: Ask, tmp_path: Path
) -> None:
    """Address and token; a line break at the end of the file is none of the token's."""
    with Sandbox() as other:
        (tmp_path / "token").write_text(f"{other.api_token}\n")
        where = ["--base-url", other.url, "--token-file", str(tmp_path / "token")]
        assert json.loads(ask("rooms", "list", "--json", *where).stdout)["total"] == 0
    assert len(account.requests) == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize("command", [["rooms", "list"], ["doctor"]])
def test_the_token_may_come_through_a_pipe(
    account: Sandbox, ask: Ask, tmp_path: Path, command: list[str]
) -> None:
    """Such as that of `<(pass show videsk)`, which can be read but once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(account.api_token,))
    writer.start()
    assert ask(*command, "--token-file", str(pipe)).returncode == 0
    writer.join()


def test_the_file_of_the_environment_is_enough(account: Sandbox, tmp_path: Path) -> None:
    """As for the client."""
    (tmp_path / "token").write_text(account.api_token)
    env = {"VIDESK_BASE_URL": account.url, "VIDESK_API_TOKEN_FILE": str(tmp_path / "token")}
    assert call("rooms", "list", env=env).returncode == 0


def test_no_token_is_exit_code_3_and_says_what_to_do() -> None:
    """In the words of the command line."""
    done = call("rooms", "list")
    assert (done.returncode, done.stdout) == (3, "")
    assert "there is no API token; give --token-file, or set VIDESK_API_TOKEN" in done.stderr


def test_no_token_is_among_the_options(account: Sandbox) -> None:
    """Nor in what any of them says: ps shows what is typed."""
    done = call("rooms", "list", "--api-token", account.api_token, env=variables(account))
    assert done.returncode == 2
    assert account.api_token not in done.stdout + done.stderr


def test_the_timeout_bounds_a_call(account: Sandbox, ask: Ask) -> None:
    """The line says what to give more of."""
    account.faults.delay(30, on="list", times=None)
    done = ask("rooms", "list", "--timeout", "0.05")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--timeout" in done.stderr


def test_the_proxy_of_the_environment_is_used_unless_forbidden(account: Sandbox) -> None:
    """As by clients in code; where nothing listens at it, that shows."""
    with nobody_listening() as port:
        proxy = f"http://127.0.0.1:{port}"
        proxies = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
        env = {**variables(account), **proxies, "VIDESK_BASE_URL": "https://api.invalid"}
        without = call("rooms", "list", "--no-trust-env", "--timeout", "0.5", env=env)
        done = call("rooms", "list", "--timeout", "0.5", env=env)
    assert (without.returncode, without.stdout) == (1, "")
    assert "HTTPS_PROXY is set but not used, because of --no-trust-env" in without.stderr
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{port}" in done.stderr


def test_plain_http_to_a_named_host_is_allowed_by_the_environment(account: Sandbox) -> None:
    """The line names the variable; there is no option, so that nobody types it by habit."""
    proxy = {"http_proxy": account.url, "NO_PROXY": "", "no_proxy": ""}
    env = {**variables(account), **proxy, "VIDESK_BASE_URL": "http://sandbox.invalid"}
    refused = call("rooms", "list", env=env)
    assert not account.requests
    call("rooms", "list", env={**env, "VIDESK_ALLOW_HTTP": "1"})
    assert refused.returncode == 3
    assert "set VIDESK_ALLOW_HTTP=1" in refused.stderr.replace("\n", " ")
    assert "allow_http=" not in refused.stderr
    assert [request.headers["Host"] for request in account.requests] == ["sandbox.invalid"]


def test_a_refused_token_is_exit_code_1(
    account: Sandbox, ask: Ask, capfd: pytest.CaptureFixture[str]
) -> None:
    """And is shown nowhere."""
    env = {**variables(account), "VIDESK_API_TOKEN": "a-wrong-token-of-somebody"}
    done = call("rooms", "list", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "401" in done.stderr
    assert "--token-file" in done.stderr
    assert "a-wrong-token" not in done.stderr + "".join(capfd.readouterr())
