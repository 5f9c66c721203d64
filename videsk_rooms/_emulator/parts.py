"""The parts of a sandbox, and their assembly."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from videsk_rooms._emulator.api import Policy, RoomsApi
from videsk_rooms._emulator.clock import Clock
from videsk_rooms._emulator.fault_script import FaultScript
from videsk_rooms._emulator.faults import Faults
from videsk_rooms._emulator.identifiers import Identifiers
from videsk_rooms._emulator.log import RequestLog
from videsk_rooms._emulator.store import RoomStore
from videsk_rooms._emulator.tokens import ApiTokens, RoomTokens, Signer

if TYPE_CHECKING:
    from threading import RLock

    from videsk_rooms._emulator.limit import Window
    from videsk_rooms._emulator.observer import Observer


@dataclass(frozen=True)
class SandboxParts:
    """The parts of one sandbox. Hold `lock` while using any of them.

    Attributes:
        lock: Guards all other attributes.
        clock: The sandbox's clock.
        identifiers: Generates ids.
        store: The rooms.
        api: The operations, which also build rooms.
        signer: Verifies room tokens, except their times; raises `RefusedError` if one is invalid.
        tokens: All API tokens.
        room_tokens: Issues room tokens.
        script: The fault script.
        faults: The methods that write the script.
        requests: The log.
        api_token: The accepted API token. A response contains it only if the request asks for it.
        host: The address that the sandbox listens on.
        rate: Requests per second; `None` without a limit.
        window: How the limit counts.
    """

    lock: RLock
    clock: Clock
    identifiers: Identifiers
    store: RoomStore
    api: RoomsApi
    signer: Signer
    tokens: ApiTokens
    room_tokens: RoomTokens
    script: FaultScript
    faults: Faults
    requests: RequestLog
    api_token: str = field(repr=False)
    host: str
    rate: int | None
    window: Window

    def observe(self, observer: Observer) -> None:
        """Notify an observer of changes to rooms, their tokens and faults."""
        self.store.observer = self.room_tokens.observer = self.script.observer = observer


def make_parts(
    *,
    seed: int | None,
    secret: str | None,
    api_token: str | None,
    policy: Policy,
    host: str,
    rate: int | None,
    window: Window,
) -> SandboxParts:
    """Put the parts of a sandbox together.

    With the same seed, the secret, the API token and the faults are the same in every run, because
    they are always generated in this order.
    """
    lock = threading.RLock()
    clock = Clock()
    store = RoomStore()
    identifiers = Identifiers(seed)
    drawn_secret = identifiers.hexadecimal(64)
    signer = Signer(secret or drawn_secret)
    tokens = ApiTokens(signer, clock, identifiers, lock)
    if api_token is None:
        api_token = tokens.issue()
    else:
        tokens._accept(api_token)
    script = FaultScript(lock, identifiers.seed())
    room_tokens = RoomTokens(signer, identifiers)
    return SandboxParts(
        lock=lock,
        clock=clock,
        identifiers=identifiers,
        store=store,
        api=RoomsApi(store, clock, identifiers, tokens, room_tokens, policy=policy),
        signer=signer,
        tokens=tokens,
        room_tokens=room_tokens,
        script=script,
        faults=Faults(script),
        requests=RequestLog(lock),
        api_token=api_token,
        host=host,
        rate=rate,
        window=window,
    )
