"""The parts of a sandbox that its console uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threading import RLock

    from videsk_rooms.sandbox._api import RoomsApi
    from videsk_rooms.sandbox._clock import Clock
    from videsk_rooms.sandbox._faults import Faults
    from videsk_rooms.sandbox._limit import Window
    from videsk_rooms.sandbox._log import RequestLog
    from videsk_rooms.sandbox._store import RoomStore
    from videsk_rooms.sandbox._tokens import RoomTokens, Signer


@dataclass(frozen=True)
class SandboxParts:
    """The parts of one sandbox; whoever uses one of them holds `lock` meanwhile.

    Attributes:
        lock: Guards all that follows.
        clock: The sandbox's time.
        store: The rooms.
        api: Makes rooms.
        signer: Verifies the tokens of rooms, but for their times: `RefusedError` says why not.
        room_tokens: Issues the tokens of rooms.
        faults: The script of failures.
        requests: The log.
        api_token: The token that is let in; it must appear in no answer but the one that asks it.
        host: The address that the sandbox listens on.
        rate: Requests per second, `None` without a limit.
        window: How the limit counts.
    """

    lock: RLock
    clock: Clock
    store: RoomStore
    api: RoomsApi
    signer: Signer
    room_tokens: RoomTokens
    faults: Faults
    requests: RequestLog
    api_token: str = field(repr=False)
    host: str
    rate: int | None
    window: Window
