"""The Django application, which registers the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import register

from ._checks import check_setting

if TYPE_CHECKING:
    AppConfig = object  # Django ships no types, and a subclass of an untyped class is untyped
else:
    from django.apps import AppConfig

__all__ = ["VideskConfig"]


class VideskConfig(AppConfig):
    """The application `videsk_rooms.integrations.django` of `INSTALLED_APPS`."""

    name = "videsk_rooms.integrations.django"
    label = "videsk_rooms"
    verbose_name = "Videsk rooms"

    def ready(self) -> None:
        """Register the check of the setting."""
        register(check_setting, "videsk")
