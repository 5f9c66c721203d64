"""Observes a sandbox for its console."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from videsk_rooms._emulator.observer import Observer
from videsk_rooms.dev._events import Events
from videsk_rooms.dev._exchange import Exchange
from videsk_rooms.dev._history import RequestHistory
from videsk_rooms.dev._measurements import Measurements
from videsk_rooms.dev._request_counts import RequestCounts
from videsk_rooms.dev._rooms import IssuedTokens

if TYPE_CHECKING:
    import asyncio
    from datetime import datetime

    from videsk_rooms._emulator.fault import Fault
    from videsk_rooms._emulator.limit import Verdict
    from videsk_rooms._emulator.log import RequestRecord
    from videsk_rooms._emulator.messages import Reply
    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms.dev._state import StateFile


class SiteObserver(Observer):
    """Keeps what the console shows, and turns changes into events.

    Attributes:
        events: The events sent to open consoles.
        measurements: Measurements by the Browser SDK's stand-in.
        exchange: Who is in which room.
        history: The latest requests.
        counts: Requests in each of the latest seconds.
        tokens: The latest room tokens.
        loop: The server's event loop; `None` until the site's first request.
    """

    def __init__(self, parts: SandboxParts, state: StateFile | None) -> None:
        self.events: Events = Events()
        self.measurements: Measurements = Measurements(parts, self.events)
        self.exchange: Exchange = Exchange(parts, self.events, self.measurements)
        self.history: RequestHistory = RequestHistory(parts.lock)
        self.counts: RequestCounts = RequestCounts()
        self.tokens: IssuedTokens = IssuedTokens()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._parts = parts
        self._state = state
        self._changed: set[str] = set()

    def arrived(self, record: RequestRecord, verdict: Verdict | None, fault: Fault | None) -> None:
        """Called when a request has arrived."""
        self.counts.add(self.history.arrived(record, verdict, fault))
        self.events.request_changed(record.number)

    def answered(self, number: int, reply: Reply, status: int | None, *, processed: bool) -> None:
        """Called when a request is answered."""
        self.history.answered(number, reply, status, processed=processed)
        self.events.request_changed(number)

    def room_changed(self, room_id: str) -> None:
        """Called when a room was added, changed or removed."""
        self.events.room_changed(room_id)
        if self._state is not None:
            self._state.changed()
        if self.loop is None:  # the site had no request yet, so nobody is in the room
            return
        self._changed.add(room_id)
        if len(self._changed) == 1:
            self._call_soon(self.loop)

    def token_issued(self, room_id: str, jti: str, nbf: datetime, exp: datetime) -> None:
        """Called when a room token was issued."""
        self.tokens.add(room_id, jti, self._parts.clock.now(), nbf, exp)
        self.events.room_changed(room_id)

    def faults_changed(self) -> None:
        """Called when a fault was scripted, used up or removed."""
        self.events.faults_changed()

    def clock_moved(self) -> None:
        """Called when the clock was moved."""
        self.events.clock_moved()
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has stopped
                self.loop.call_soon_threadsafe(self.exchange.clock_moved)

    def stopped(self) -> None:
        """Called when the sandbox was stopped."""
        if self._state is not None:
            self._state.save()

    def _call_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(self._tell_changed)
        except RuntimeError:  # the server has stopped
            self._changed.clear()

    def _tell_changed(self) -> None:
        with self._parts.lock:
            changed, self._changed = self._changed, set()
            known = {room_id for room_id in changed if self._parts.store.find(room_id)}
            for room_id in changed - known:
                self.tokens.forget(room_id)
        for room_id in changed:
            self.exchange.room_changed(room_id)
        for room_id in changed - known:
            self.measurements.forget(room_id)
