"""Checks the arguments of a sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from videsk_rooms._emulator.validation import find_problem

if TYPE_CHECKING:
    from datetime import datetime


def check_port(port: int) -> None:
    """Raise `ValueError` if `port` is not a valid port."""
    if not 0 <= port <= 65535:
        raise ValueError(f"a port of {port} is invalid; give 1 to 65535, or 0 for any free one")


def check_status(argument: str, status: int, known: tuple[int, int]) -> None:
    """Raise `ValueError` if `status` is not one of the operation's success statuses."""
    if status not in known:
        raise ValueError(
            f"{argument}={status} is not a success status here; give {known[0]} or {known[1]}, "
            "or script a failure with faults.status()"
        )


def check_aware(**instants: datetime | None) -> None:
    """Raise `ValueError` for a time without a time zone."""
    for name, instant in instants.items():
        if instant is not None and instant.utcoffset() is None:
            raise ValueError(f"{name} has no time zone; give an aware datetime")


def check_json(**values: object) -> None:
    """Raise `ValueError` for a value that the API could not return as JSON."""
    for name, value in values.items():
        content = dict(value) if isinstance(value, Mapping) else value
        problem = find_problem(content)
        try:
            json.dumps(None if problem else content)
        except TypeError as error:
            problem = str(error)
        if problem:
            raise ValueError(f"{name} is not JSON that the API can return: {problem}")
