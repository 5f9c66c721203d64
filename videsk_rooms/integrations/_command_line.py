"""The command line, with the account in a framework's settings."""

from __future__ import annotations

import asyncio
import inspect
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from videsk_rooms.cli import main

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence

    from ._settings import Configured


def run_command_line(arguments: Sequence[str], configured: Configured) -> int:
    """Run `videsk-rooms`, and return its exit code.

    Args:
        arguments: The command-line arguments, without the program's name.
        configured: The settings with the token and the base URL.

    Raises:
        ConfigurationError: A setting is invalid.
        SystemExit: The command exited with this code.
    """
    configured.check()
    values = configured.values
    variables = {
        "VIDESK_API_TOKEN": _called(values.get("API_TOKEN")),
        "VIDESK_BASE_URL": cast("str | None", values.get("BASE_URL")),
    }
    if (allowed := values.get("ALLOW_HTTP")) is not None:
        variables["VIDESK_ALLOW_HTTP"] = "1" if allowed else "0"
    # Passed as environment variables, because `ps` shows arguments to everybody.
    with _environment({name: value for name, value in variables.items() if value is not None}):
        return main(arguments)


def _called(token: object) -> str | None:
    """Return the token; a callable may return it, plain or awaitable."""
    given = token() if callable(token) else token
    if inspect.isawaitable(given):
        given = asyncio.run(_awaited(given))
    return cast("str | None", given)


async def _awaited(given: Awaitable[object]) -> object:
    return await given


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
