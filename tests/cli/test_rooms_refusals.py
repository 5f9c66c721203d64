"""What `videsk-rooms rooms` refuses: one clear line each, the right exit code, nothing sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer

from videsk_rooms.cli._app import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Sandbox

ROOM = "64f1a2b3c4d5e6f7a8b9c0d1"

# The arguments of `rooms`, and what of them the line has to name.
WRONG_USAGE = [
    (["nothing"], "nothing"),
    (["list", "--limit", "0"], "--limit"),
    (["list", "--limit", "101"], "--limit"),
    (["list", "--limit", "ten"], "ten"),
    (["list", "--skip", "-1"], "--skip"),
    (["list", "--skip", "x"], "--skip"),
    (["list", "--sort", ""], "--sort"),
    (["list", "--sort", "-"], "--sort"),
    (["list", "--sort", "name,,exp"], "--sort"),
    (["list", "--sort", "created at"], "created at"),
    (["list", "--sort", "name,-name"], "--sort"),
    (["list", "--external-id", ""], "--external-id"),
    (["list", "--external-id", "x" * 101], "--external-id"),
    (["list", "--ended=yes"], "--ended"),
    (["list", "--all", "--limit", "5"], "--limit"),
    (["list", "--all", "--skip", "5"], "--skip"),
    (["list", "--status", "asleep"], "--status"),
    (["list", "--columns", "token"], "--columns"),
    (["list", "extra"], "extra"),
    (["get"], "--external-id"),
    (["get", ROOM, "--external-id", "ours"], "--external-id"),
    (["get", ""], "ROOM"),
    (["get", "../rooms"], "../rooms"),
    (["get", "--external-id", ""], "--external-id"),
    (["get", ROOM, "another"], "another"),
    (["create", "--name", "x" * 501], "--name"),
    (["create", "--external-id", "x" * 101], "--external-id"),
    (["create", "--exp", "tomorrow"], "--exp"),
    (["create", "--exp", "73h"], "--exp"),
    (["create", "--exp", "now"], "--exp"),
    (["create", "--exp", "2020-01-01 00:00Z"], "--exp"),
    (["create", "--nbf", "16:00"], "--nbf"),
    (["create", "--nbf", "2h", "--exp", "1h"], "--nbf"),
    (["create", "--settings", "{"], "--settings"),
    (["create", "--settings", "[]"], "--settings"),
    (["create", "--settings", "[" * 100_000], "--settings"),
    (["create", "--settings", '{"a": NaN}'], "--settings"),
    (
        ["create", "--settings", f'{{"a": {"1" * 5_000}}}'],
        "the value has a number of too many digits",
    ),
    (["create", "--settings", "@nowhere.json"], "nowhere.json"),
    (["create", "--settings", "@"], "--settings"),
    (["create", "--if-missing"], "--external-id"),
    (["create", "--name"], "--name"),
    (["create", "ours"], "ours"),
    (["update", "--name", "x"], "ROOM"),
    (["update", "--external-id", "ours"], "nothing to change"),
    (["update", ROOM], "--name, --new-external-id, --exp, --nbf, --settings, --ended"),
    (["update", "a/b", "--name", "x"], "a/b"),
    (["update", ROOM, "--name", "x" * 501], "--name"),
    (["update", ROOM, "--external-id", "a", "--name", "x"], "either a ROOM or --external-id"),
    (["update", ROOM, "--new-external-id", ""], "--new-external-id ''"),
    (["update", ROOM, "--new-external-id", "x" * 101], "--new-external-id 'x"),
    (["update", ROOM, "--exp", "2 days"], "--exp"),
    (["update", ROOM, "--nbf", "soon"], "--nbf"),
    (["update", ROOM, "--settings", "3"], "--settings"),
    (["update", ROOM, "--clear-exp"], "--clear-exp"),
    (["end"], "either a ROOM or --external-id"),
    (["end", ROOM, "--external-id", "ours"], "either a ROOM or --external-id"),
    (["end", "--external-id", ""], "--external-id"),
    (["end", "--external-id", "a", "--external-id", "b"], "--yes"),
    (["end", "--created-after", "lately"], "yesterday"),
    (["end", "--created-before", "lately"], "lately"),
    (["end", "--exp-before", "soon"], "soon"),
    (["end", "--external-id-like", "a*", ROOM], "--external-id-like"),
    (["delete"], "ROOM"),
    (["delete", ROOM, "--external-id", "ours"], "either a ROOM or --external-id"),
    (["delete", "--external-id", "x" * 101], "--external-id"),
    (["delete", ROOM, "another"], "--yes"),
    (["delete", ""], "ROOM"),
    (["delete", "--force", ROOM], "--force"),
    (["join"], "ROOM"),
    (["join", "a?b"], "a?b"),
    (["join", ROOM, "--external-id", "ours"], "either a ROOM or --external-id"),
    (["join", "--external-id", ""], "--external-id"),
    (["stats"], "ROOM"),
    (["stats", ROOM, "--view", "all"], "--view"),
    (["stats", ROOM, "--watch", "0"], "--watch"),
    (["stats", ROOM, "--external-id", "ours"], "either a ROOM or --external-id"),
    (["stats", "--external-id", ""], "--external-id"),
    (["stats", "a#b"], "a#b"),
    (["import"], "FILE"),
    (["import", "rooms.csv", "--format", "xml"], "--format"),
    (["import", "rooms.csv", "--concurrency", "0"], "--concurrency"),
    (["import", "rooms.csv", "--concurrency", "101"], "--concurrency"),
    (["import", "nowhere.csv", "--encoding", "utf-8"], "nowhere.csv"),
    (["import", "rooms.csv", "--date-format", "%Q"], "%Q"),
    (["import", "rooms.csv", "--map", "x=name"], "--map"),
    (["import", "nowhere.csv", "--results", "told.csv"], "nowhere.csv"),
    (["import", "rooms.csv", "--shared", "@nowhere"], "--shared"),
    (["export"], "FILE"),
    (["export", "rooms.csv", "--format", "xml"], "--format"),
    (["export", "rooms.csv", "--sort", "a b"], "--sort"),
    (["export", "rooms.csv", "--shared", "@nowhere"], "--shared"),
    (["list", "--timeout", "0"], "--timeout"),
    (["list", "--timeout", "soon"], "soon"),
    (["list", "--timeout", "nan"], "--timeout"),
    (["list", "--timeout", "inf"], "--timeout"),
    (["list", "--token", "secret"], "--token"),
]


@pytest.mark.parametrize(("arguments", "named"), WRONG_USAGE)
def test_wrong_usage_is_exit_code_2(
    account: Sandbox, ask: Ask, arguments: list[str], named: str
) -> None:
    """The line names what was wrong; nothing was sent."""
    done = ask("rooms", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: ")
    assert named in line
    assert len(account.requests) == 0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--base-url", "example.org"], "--base-url 'example.org'"),
        (["--base-url", "http://example.org"], "unencrypted"),
        (["--base-url", "https://user:secret@example.org"], "--base-url"),
        (["--token-file", "nowhere"], "--token-file 'nowhere'"),
        (["--token-file", "."], "--token-file '.'"),
        (["--token-file", "empty"], "--token-file 'empty' is empty"),
        (["--token-file", "bearer"], "'Bearer'"),
        (["--token-file", "binary"], "--token-file 'binary'"),
    ],
)
def test_what_is_not_set_up_is_exit_code_3(
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    named: str,
) -> None:
    """The line names the option, and quotes nothing of a token."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bearer").write_text("Bearer secret-secret")
    (tmp_path / "binary").write_bytes(b"\xff\xfesecret")
    done = ask("rooms", "list", *options)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: ")
    assert named in line
    assert "secret" not in line


def test_every_option_that_takes_a_value_is_tried_with_a_wrong_one() -> None:
    """Whoever adds an option adds its refusal above."""
    tried = {(arguments[0], option) for arguments, _ in WRONG_USAGE for option in arguments[1:]}
    common = {"--base-url", "--token-file", "--timeout"}  # the same code in all commands
    commands = typer.main.get_command(app).commands["rooms"].commands  # type: ignore[attr-defined]  # a group's
    missing = [
        (name, option)
        for name, command in commands.items()
        for parameter in command.params
        if not getattr(parameter, "is_flag", False)
        for option in parameter.opts
        if option.startswith("--") and option not in common and (name, option) not in tried
    ]
    assert missing == []
