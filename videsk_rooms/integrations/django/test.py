"""A mixin for test cases of a Django project that uses Videsk rooms."""

from __future__ import annotations

from django.conf import settings
from django.test import override_settings

from videsk_rooms import testcases

__all__ = ["SandboxMixin"]


class SandboxMixin(testcases.SandboxMixin):
    """Like `videsk_rooms.testcases.SandboxMixin`, with the project's clients on the sandbox, too.

    It keeps the other keys of the setting `VIDESK`, except that the rate limit is off. If a test
    case defines `setUp`, it must call `super().setUp()`.

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
            if name != "RATE_LIMIT_SHARED"  # it excludes RATE_LIMIT
        }
        override = override_settings(VIDESK={**kept, **account})
        override.enable()
        self.addCleanup(override.disable)
        super().setUp()
