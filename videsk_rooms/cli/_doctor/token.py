"""The API token: where it comes from, and what it looks like. It is never shown."""

from __future__ import annotations

import binascii
import json
import os
from base64 import urlsafe_b64decode
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import CommandFailedError, describe_error, wire
from videsk_rooms.cli._params import local_in_full
from videsk_rooms.errors import ConfigurationError

from .report import Finding, failed, note, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms.cli._account import CommandContext

_CHECK = "token"
_ANOTHER = "make another one of type api-token in Videsk's dashboard"


def usable(asked: CommandContext) -> Finding:
    """Return whether there is a token, and what it says of itself."""
    try:
        asked.check_token()
    except (ConfigurationError, CommandFailedError) as error:
        text = describe_error(error) if isinstance(error, ConfigurationError) else str(error)
        found, _, remedy = text.partition("; ")
        return failed(_CHECK, found, remedy or None)
    source, token = _found(asked)
    return _judged(source, claims_of(token))


def _found(asked: CommandContext) -> tuple[str, str]:
    """Return where the client takes the token from, and the token."""
    if asked.token is not None:
        return f"--token-file {str(asked.token_file)!r}", asked.token
    if token := os.environ.get("VIDESK_API_TOKEN", "").strip():
        return "VIDESK_API_TOKEN", token
    path = os.environ["VIDESK_API_TOKEN_FILE"]
    return f"the file {path!r} (VIDESK_API_TOKEN_FILE)", Path(path).read_text("utf-8").strip()


def claims_of(token: str) -> Mapping[str, object] | None:
    """Read a JWT without verifying it; `None` for what is none.

    Written here once more: what the client reads room tokens by is none of its public names.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    payload = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(urlsafe_b64decode(payload))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _judged(source: str, claims: Mapping[str, object] | None) -> Finding:
    if claims is None:
        # docs/api.md, "Errors": what a 401 says is about JWTs. No more is known of the shape.
        return note(
            _CHECK,
            f"from {source}, and no JWT",
            "what the API says of tokens that it refuses is about JWTs: see whether it was copied "
            "whole",
            source=source,
            jwt=False,
        )
    now = datetime.now(timezone.utc)
    ends, begins = _time(claims.get("exp")), _time(claims.get("nbf"))
    when = "names no end" if ends is None else f"ends {local_in_full(ends, now)}"
    found = f"from {source}, a JWT that {when}"
    data = {"source": source, "jwt": True, "exp": None if ends is None else wire(ends)}
    if ends is not None and ends <= now:
        return failed(_CHECK, found, f"it is over: {_ANOTHER}", **data)
    if begins is not None and begins > now:
        begin = local_in_full(begins, now)
        remedy = f"it counts only from {begin}: wait, set this machine's clock, or {_ANOTHER}"
        return failed(_CHECK, found, remedy, **data)
    return ok(_CHECK, found, **data)


def _time(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
