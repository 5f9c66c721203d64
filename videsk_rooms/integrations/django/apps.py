"""The application of Django: its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import register

from ._checks import check_setting

if TYPE_CHECKING:
    AppConfig = object  # Django ships no types, and what is made of unknown ones is unknown
else:
    from django.apps import AppConfig

__all__ = ["VideskConfig"]


class VideskConfig(AppConfig):
    """The application that `INSTALLED_APPS` names as `videsk_rooms.integrations.django`."""

    name = "videsk_rooms.integrations.django"
    label = "videsk_rooms"
    verbose_name = "Videsk rooms"

    def ready(self) -> None:
        """Have `manage.py check` look at the setting."""
        register(check_setting, "videsk")
