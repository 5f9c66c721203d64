"""`manage.py videsk …`: the command line, for the account of the setting."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, ClassVar

from django.core.management.base import CommandError

from videsk_rooms import ConfigurationError
from videsk_rooms.integrations._command_line import run_command_line
from videsk_rooms.integrations.django._clients import configured

if TYPE_CHECKING:
    BaseCommand = object  # Django ships no types, and what is made of unknown ones is unknown
else:
    from django.core.management.base import BaseCommand

__all__ = ["Command"]


class Command(BaseCommand):
    """The command that `manage.py` runs."""

    help = (
        "Videsk rooms from the command line, for the account of the setting VIDESK. What follows "
        "is handed on to videsk-rooms, such as `doctor`, or `rooms list --json`."
    )
    # The command itself reports a wrong setting, in one line.
    requires_system_checks: ClassVar[list[str]] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Leave all that follows to videsk-rooms."""
        parser.add_argument(
            "arguments", nargs=argparse.REMAINDER, help="what videsk-rooms is to do"
        )

    def handle(self, *, arguments: list[str], **_: object) -> None:
        """Run it, and leave with its exit code unless that is 0."""
        try:
            code = run_command_line(arguments, configured())
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        if code:
            sys.exit(code)
