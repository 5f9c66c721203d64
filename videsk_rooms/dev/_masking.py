"""Masks secrets in what is shown."""

from __future__ import annotations

import re
from urllib.parse import quote

MASK = "…"
# A shorter token is not a secret, and would be masked in ordinary words.
_SHORTEST = 6
_SECRET_HEADERS = frozenset({"cookie", "set-cookie", "x-api-key"})
_AUTHORIZING = frozenset({"authorization", "proxy-authorization"})
# Also matches a token that was cut off in the middle.
_JWT = re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){0,2}", re.ASCII)
# In JSON, and in Python's repr.
_ACCESS_TOKEN = re.compile(
    r"""("accessToken"\s*:\s*"|'accessToken': ["'])"""
    r"""(?:(?<=")(?:[^"\\]|\\.)*|(?<=')(?:[^'\\]|\\.)*)"""
)


class Masking:
    """Masks one sandbox's API token, all JWTs and room tokens."""

    def __init__(self, api_token: str) -> None:
        spellings = {api_token, quote(api_token, safe="")}
        self._spellings = [each for each in spellings if len(each) >= _SHORTEST]
        self.api_token = f"{MASK}{api_token[-4:]}" if len(api_token) >= 4 * _SHORTEST else MASK

    def text(self, text: str) -> str:
        """Mask the secrets in a text."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        # A fast path: most texts are paths, of which there may be thousands a second.
        if "accessToken" in text:
            text = _ACCESS_TOKEN.sub(rf"\1{MASK}", text)
        return _JWT.sub(MASK, text) if "eyJ" in text else text

    def header(self, name: str, value: str) -> str:
        """Mask the secrets in the value of a header."""
        lower = name.lower()
        if lower in _AUTHORIZING:
            scheme, _, rest = value.partition(" ")
            return f"Bearer {MASK}" if rest and scheme.lower() == "bearer" else MASK
        return MASK if lower in _SECRET_HEADERS else self.text(value)
