"""Test cases for code that uses Videsk rooms: a sandbox, and clients on it, for `unittest`.

```python
import unittest

from videsk_rooms.testcases import SandboxMixin


class TicketTest(SandboxMixin, unittest.TestCase):
    def test_a_ticket_opens_a_room(self) -> None:
        self.videsk.rooms.create(external_id="ticket-12345")  # or your code that does so
        self.assertEqual(self.videsk_sandbox.rooms[0]["externalId"], "ticket-12345")
```

pytest fixtures have the same names. For Django, `videsk_rooms.integrations.django.test` has a mixin
that also points the project's own clients at the sandbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

# Imported at run time, so that type hints resolve.
from . import AsyncVidesk, Videsk  # noqa: TC001
from ._sandbox_clients import make_async_client, make_client
from .sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from unittest import TestCase as _Mixed
else:
    _Mixed = object

__all__ = ["SandboxMixin"]


class SandboxMixin(_Mixed):
    """A sandbox and clients for each test, created on first use and closed after the test.

    Put it before the test case: `class TicketTest(SandboxMixin, TestCase)`. That can be
    `unittest.TestCase`, `unittest.IsolatedAsyncioTestCase`, or another one.

    Attributes:
        sandbox_arguments: Arguments of the `Sandbox`. By default the rate limit is off, so that
            tests do not wait.

    Example:
        ```python
        import unittest
        from videsk_rooms.testcases import SandboxMixin

        class TicketTest(SandboxMixin, unittest.IsolatedAsyncioTestCase):
            sandbox_arguments = {"seed": 1}

            async def test_a_ticket_opens_a_room(self) -> None:
                room = await self.async_videsk.rooms.create(external_id="ticket-12345")
                self.assertTrue(room.is_open())
        ```
    """

    sandbox_arguments: ClassVar[Mapping[str, Any]] = {}
    _videsk_sandbox: Sandbox | None = None
    _videsk: Videsk | None = None
    _async_videsk: AsyncVidesk | None = None

    @property
    def videsk_sandbox(self) -> Sandbox:
        """A Rooms API in this process, new for each test."""
        if self._videsk_sandbox is None:
            sandbox = Sandbox(**{"rate": None, **self.sandbox_arguments})
            self.addCleanup(sandbox.stop)
            self._videsk_sandbox = sandbox.start()
        return self._videsk_sandbox

    @property
    def videsk(self) -> Videsk:
        """A blocking client on the sandbox."""
        if self._videsk is None:
            self._videsk = make_client(self.videsk_sandbox)
            self.addCleanup(self._videsk.close)
        return self._videsk

    @property
    def async_videsk(self) -> AsyncVidesk:
        """An awaited client on the sandbox, for tests that use one event loop."""
        if self._async_videsk is None:
            self._async_videsk, close = make_async_client(self.videsk_sandbox)
            self.addCleanup(close)
        return self._async_videsk
