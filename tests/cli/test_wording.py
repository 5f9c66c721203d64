"""Errors of the package in the words of the command line."""

from __future__ import annotations

import ast
import inspect
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import Done, call
from tests.cli.support import account as variables
from videsk_rooms import APIError, BadRequestError, VideskError
from videsk_rooms._http import failures
from videsk_rooms._wire import operations, remedies, status
from videsk_rooms.cli._output import ExitCode, describe_error, exit_code_of_all
from videsk_rooms.errors import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Sandbox

# What somebody at a shell cannot type: a call, a keyword, a name with an underscore.
PYTHON = re.compile(
    r"\brooms\.\w+\(|\b[a-z_]+=(?=[\s.,;:)]|$)"
    r"|\b(?:base_url|retry_after|api_token|errors says|view=)"
)


@pytest.mark.parametrize(
    ("happens", "arguments"),
    [
        (lambda it: it.stop(), ["list"]),
        (lambda it: it.tokens.revoke(it.api_token), ["list"]),
        (lambda it: it.faults.status(400, times=None), ["list"]),
        (lambda it: it.faults.status(403, times=None), ["list"]),
        (lambda it: it.faults.status(403, html=True, times=None), ["list"]),
        (lambda it: it.faults.status(418, times=None), ["list"]),
        (lambda it: it.faults.status(429, headers={"Retry-After": "90"}, times=None), ["list"]),
        (lambda it: it.faults.status(503, times=None), ["list"]),
        (lambda it: it.faults.garbage(times=None), ["list"]),
        (lambda it: it.faults.status(302, times=None), ["list"]),
        (lambda it: it.faults.delay(30, times=None), ["list"]),
        (lambda it: it.faults.drop(times=None), ["list"]),
        (lambda it: it.faults.drop(times=None), ["create"]),
        (lambda it: it.faults.drop(times=None), ["create", "--external-id", "it's"]),
        (lambda it: it.faults.delay(30, times=None), ["create", "--external-id", '"ours"']),
        (lambda it: it.faults.status(503, times=None), ["create"]),
        (lambda _it: None, ["create", "--external-id", "theirs"]),
        (lambda _it: None, ["get", "nowhere"]),
        (lambda _it: None, ["get", "--external-id", "nobody's"]),
        (lambda _it: None, ["list", "--base-url", "http://example.org"]),
        (lambda _it: None, ["create", "--exp", "99h"]),
    ],
)
def test_no_remedy_is_python_s(
    account: Sandbox, ask: Ask, happens: Callable[[Sandbox], object], arguments: list[str]
) -> None:
    """What is to be done can be done at the shell; one line each, without a link to more."""
    happens(account)
    done = ask("rooms", *arguments, "--timeout", "0.3")
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert PYTHON.findall(line) == []
    assert PAGES not in line


@pytest.mark.parametrize(
    "module", [failures, operations, remedies, status], ids=lambda each: each.__name__
)
def test_no_text_of_a_remedy_is_python_s(module: ModuleType) -> None:
    """Also of those that no sandbox brings about."""
    texts = list(texts_in(module))
    assert len(texts) > 5
    assert [text for text in texts if PYTHON.search(describe_error(VideskError(text)))] == []


def texts_in(module: ModuleType) -> Iterator[str]:
    """Yield what a module may say: its string constants, but for docstrings and patterns."""
    tree = ast.parse(inspect.getsource(module))
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value
            and node.value not in docstrings
            and not node.value.startswith("(?")  # a pattern
            and not node.value.endswith("(")  # followed by an id, which is tested below
            and "query= and json=" not in node.value  # which no command takes
        ):
            yield node.value


def test_a_missing_token_is_told_in_python_s_words_nowhere() -> None:
    """Neither where an option could give it nor where none can."""
    done = call("rooms", "list", env={"VIDESK_BASE_URL": "http://127.0.0.1:1"})
    assert PYTHON.findall(done.stderr) == []


def test_what_is_quoted_stays_as_it_is(account: Sandbox, ask: Ask) -> None:
    """Also where it reads like a word of the package."""
    done = ask("rooms", "get", "--external-id", "base_url")
    assert "'base_url'" in done.stderr


def test_a_message_of_the_api_cannot_steer_the_terminal(account: Sandbox, ask: Ask) -> None:
    """Nor begin a line of its own."""
    account.faults.status(400, message="no\x1b[2J\nvidesk-rooms: done")
    done = ask("rooms", "list")
    (line,) = done.stderr.splitlines()
    assert "no\\x1b[2J\\nvidesk-rooms: done" in line


def test_the_rate_limit_says_when_to_come_back(account: Sandbox, ask: Ask) -> None:
    """In seconds, as the API told."""
    account.faults.status(429, headers={"Retry-After": "90"}, times=None)
    assert "Retry after 90 s" in ask("rooms", "list").stderr


def api_error(kind: type[APIError], text: str) -> APIError:
    return kind(
        text,
        status=429,
        name=None,
        message="",
        class_name=None,
        errors={},
        method="GET",
        url="",
        request_id=None,
        headers={},
        attempts=(),
    )


def of_room(external_id: str | None, text: str) -> VideskError:
    error = VideskError(text)
    error.external_id = external_id
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (api_error(BadRequestError, "See rooms.forget('x')."), "See rooms.forget('x')."),
        (of_room("it's", """Look with rooms.get_by_external_id("it's")."""), """'it'"'"'s'`."""),
        (of_room("a", "rooms.get_by_external_id('b')."), "rooms.get_by_external_id('b')."),
        (of_room(None, "rooms.get_by_external_id('b')."), "rooms.get_by_external_id('b')."),
        # What Python cannot read as a text, and what it takes long to.
        (
            of_room("a", r"rooms.get_by_external_id('\N{x}')."),
            r"rooms.get_by_external_id('\N{x}').",
        ),
        (of_room("a", r"rooms.get_by_external_id('\x')."), r"rooms.get_by_external_id('\x')."),
    ],
)
def test_words_are_replaced_where_they_are_known(error: VideskError, text: str) -> None:
    """And left alone where they are not."""
    assert describe_error(error).endswith(text)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], ExitCode.DONE),
        ([ExitCode.DONE, ExitCode.DONE], ExitCode.DONE),
        ([ExitCode.DONE, ExitCode.NOT_FOUND, ExitCode.NOT_FOUND], ExitCode.NOT_FOUND),
        ([ExitCode.FAILED, ExitCode.NOT_FOUND], ExitCode.FAILED),
        ([ExitCode.WRONG_USAGE, ExitCode.NOT_FOUND], ExitCode.FAILED),
        ([ExitCode.NOT_FOUND, ExitCode.OUTCOME_UNKNOWN], ExitCode.OUTCOME_UNKNOWN),
    ],
)
def test_one_exit_code_stands_for_work_on_several_rooms(
    codes: list[ExitCode], code: ExitCode
) -> None:
    """The one that all failures share; an unknown outcome before all others."""
    assert exit_code_of_all(codes) == code


def test_a_demo_without_a_token_names_no_option_that_it_has_not() -> None:
    """`--token-file` is of other commands."""
    done: Done = call("demo", "--live")
    assert "--token-file" not in done.stderr


def test_a_token_is_in_no_complaint(account: Sandbox) -> None:
    """Whatever went wrong, and also where somebody echoes the request."""
    account.faults.status(400, message=f"Bearer {account.api_token}", times=None)
    done = call("rooms", "list", env=variables(account))
    assert done.returncode == 1
    assert account.api_token not in done.stderr
