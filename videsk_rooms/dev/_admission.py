"""Checks the token with which a browser enters a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.tokens import ROOM_TOKEN

if TYPE_CHECKING:
    from datetime import datetime

    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms._emulator.store import StoredRoom

TOKEN_REFUSED = 4401


class ClosedError(Exception):
    """The connection must be closed, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def room_of_token(parts: SandboxParts, token: str) -> str:
    """Return the room of a valid token; the token's window and the room's must be open.

    The four messages come from the documentation. The sandbox chooses when each is sent.

    Raises:
        ClosedError: The token is not accepted.
    """
    with parts.lock:
        now = parts.clock.now()
        try:
            claims = parts.signer.read(token)
        except RefusedError as refused:
            known = refused.message == "invalid signature"
            raise _refused("invalid signature" if known else "jwt malformed") from None
        room_id, nbf, exp = (claims.get(name) for name in ("room", "nbf", "exp"))
        if claims.get("type") != ROOM_TOKEN:  # such as an API token
            raise _refused("jwt malformed")
        if not (isinstance(room_id, str) and isinstance(nbf, int) and isinstance(exp, int)):
            raise _refused("jwt malformed")
        room = find_unless_over(parts, room_id, now)
        if room is None or exp <= now.timestamp():
            raise _refused("jwt expired")
        if now.timestamp() < nbf or now < room.nbf:
            raise _refused("jwt not active")
        return room_id


def find_unless_over(parts: SandboxParts, room_id: str, now: datetime) -> StoredRoom | None:
    """Find a room that is not over. The caller must hold the lock."""
    try:
        room = parts.store.get(room_id)
    except RefusedError:
        return None  # it was deleted
    return None if room.is_over(now) else room


def _refused(reason: str) -> ClosedError:
    return ClosedError(TOKEN_REFUSED, reason)
