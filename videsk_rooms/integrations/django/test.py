"""Test cases of a Django project whose views and tasks use Videsk rooms."""

from __future__ import annotations

from django.conf import settings
from django.test import override_settings

from videsk_rooms import testcases

__all__ = ["SandboxMixin"]


class SandboxMixin(testcases.SandboxMixin):
    """The mixin for `unittest`, and the project's clients use its sandbox while a test runs.

    All else that the setting `VIDESK` says stays, the rate limit apart, which is off. A `setUp` of
    your own calls `super().setUp()`.

    Example:
        ```python
        from django.test import TestCase
        from videsk_rooms.integrations.django.test import SandboxMixin

        class ProjectTestCase(SandboxMixin, TestCase):
            '''The base of the project's test cases, which use `self.videsk_sandbox`.'''
        ```
    """

    def setUp(self) -> None:
        """Point the setting `VIDESK` at the sandbox."""
        sandbox = self.videsk_sandbox
        account = {"API_TOKEN": sandbox.api_token, "BASE_URL": sandbox.url, "RATE_LIMIT": None}
        kept = {
            name: value
            for name, value in getattr(settings, "VIDESK", {}).items()
            if name != "RATE_LIMIT_SHARED"  # which excludes RATE_LIMIT
        }
        override = override_settings(VIDESK={**kept, **account})
        override.enable()
        self.addCleanup(override.disable)
        super().setUp()
