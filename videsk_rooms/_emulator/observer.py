"""The interface through which a console learns what happens in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from videsk_rooms._emulator.fault import Fault
    from videsk_rooms._emulator.limit import Verdict
    from videsk_rooms._emulator.log import RequestRecord
    from videsk_rooms._emulator.messages import Reply


class Observer:
    """Notified of events, under the sandbox's lock and on any thread; this one ignores them."""

    def arrived(self, record: RequestRecord, verdict: Verdict | None, fault: Fault | None) -> None:
        """Called when a request has arrived."""

    def answered(self, number: int, reply: Reply, status: int | None, *, processed: bool) -> None:
        """Called when a request is answered; a `status` of `None` means without a response."""

    def room_changed(self, room_id: str) -> None:
        """Called when a room was added, changed or removed."""

    def token_issued(self, room_id: str, jti: str, nbf: datetime, exp: datetime) -> None:
        """Called when a room token was issued."""

    def faults_changed(self) -> None:
        """Called when a fault was scripted, used up or removed."""

    def clock_moved(self) -> None:
        """Called when the clock was moved."""


NO_OBSERVER = Observer()
