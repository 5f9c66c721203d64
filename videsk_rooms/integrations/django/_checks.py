"""Checks the setting for `manage.py check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import checks

from videsk_rooms import ConfigurationError

from ._clients import configured

if TYPE_CHECKING:
    from collections.abc import Callable


def check_setting(app_configs: object, **_: object) -> list[checks.CheckMessage]:
    """Return the invalid settings, and a warning if there is no token.

    A missing token is only a warning, because projects are also built and checked without one.
    """
    try:
        set_up = configured()
    except ConfigurationError as error:
        return [_message(checks.Error, str(error.args[0]), "videsk.E001")]
    if mistakes := set_up.mistakes():
        return [_message(checks.Error, mistake, "videsk.E001") for mistake in mistakes]
    if lacking := set_up.lacking():
        return [_message(checks.Warning, lacking, "videsk.W001")]
    return []


def _message(
    kind: Callable[..., checks.CheckMessage], what: str, number: str
) -> checks.CheckMessage:
    found, _, remedy = what.partition("; ")
    return kind(found, hint=remedy or None, id=number)
