"""The interface by which a console hears what happens in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from videsk_rooms._emulator.fault import Fault
    from videsk_rooms._emulator.limit import Verdict
    from videsk_rooms._emulator.log import RequestRecord
    from videsk_rooms._emulator.messages import Reply


class Observer:
    """Hears what happens, under the sandbox's lock and on whichever thread; this one ignores it."""

    def arrived(self, record: RequestRecord, verdict: Verdict | None, fault: Fault | None) -> None:
        """Hear of a request that has come."""

    def answered(self, number: int, reply: Reply, status: int | None, *, processed: bool) -> None:
        """Hear what a request is answered; a status of `None` sends no answer."""

    def room_changed(self, room_id: str) -> None:
        """Hear that a room was added, changed or removed."""

    def token_issued(self, room_id: str, jti: str, nbf: datetime, exp: datetime) -> None:
        """Hear of a new room token."""

    def faults_changed(self) -> None:
        """Hear that a fault was scripted, used up or dropped."""

    def clock_moved(self) -> None:
        """Hear that the clock was moved."""


NO_OBSERVER = Observer()
