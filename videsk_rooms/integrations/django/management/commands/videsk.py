"""`manage.py videsk …`: the command line, with the account in the setting."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, ClassVar

from django.core.management.base import CommandError

from videsk_rooms import ConfigurationError
from videsk_rooms.integrations._command_line import run_command_line
from videsk_rooms.integrations.django._clients import configured

if TYPE_CHECKING:
    BaseCommand = object  # Django ships no types, and a subclass of an untyped class is untyped
else:
    from django.core.management.base import BaseCommand

__all__ = ["Command"]


class Command(BaseCommand):
    """The command of `manage.py`."""

    help = (
        "Videsk rooms from the command line, for the account in the setting VIDESK. The arguments "
        "are passed on to videsk-rooms, such as `doctor`, or `rooms list --json`."
    )
    # The command itself reports an invalid setting, in one line.
    requires_system_checks: ClassVar[list[str]] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Pass all arguments on to videsk-rooms."""
        parser.add_argument(
            "arguments", nargs=argparse.REMAINDER, help="the arguments of videsk-rooms"
        )

    def handle(self, *, arguments: list[str], **_: object) -> None:
        """Run the command; exit with its code unless that is 0."""
        try:
            code = run_command_line(arguments, configured())
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        if code:
            sys.exit(code)
