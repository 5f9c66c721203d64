"""A client out of the settings of a framework, where the client's arguments stand in capitals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import attrs

from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit

_ARGUMENTS = (
    *("api_token", "base_url", "timeout", "retry", "rate_limit"),
    *("hooks", "proxy", "trust_env", "ssl"),
)
_SHARED = "RATE_LIMIT_SHARED"
KEYS = (*(name.upper() for name in _ARGUMENTS), _SHARED)

_Client = TypeVar("_Client")


@attrs.frozen
class Configured:
    """What is set of a client.

    Attributes:
        values: Keys to values, in no repr: one is a secret.
        spelled: How a key is named to whoever set it, with `{}` for the key.
    """

    values: Mapping[str, object] = attrs.field(repr=False)
    spelled: str

    def mistakes(self) -> list[str]:
        """Tell what is set wrongly, each with the name of its setting."""
        found = [
            f"{self._name(key)}: {wrong}" for key in self.values if (wrong := self._wrong(key))
        ]
        if {"RATE_LIMIT", _SHARED} <= self.values.keys():
            both = f"{self._name('RATE_LIMIT')} and {self._name(_SHARED)}"
            found.append(f"{both} exclude each other; RateLimit(shared=…) has both")
        return found

    def check(self) -> None:
        """Refuse what is set wrongly, the first of it.

        Raises:
            ConfigurationError: Something is set wrongly.
        """
        for mistake in self.mistakes():
            raise ConfigurationError(mistake)

    def make(self, kind: Callable[..., _Client]) -> _Client:
        """Make a client of a kind.

        Raises:
            ConfigurationError: Something is set wrongly, or there is no token.
        """
        self.check()
        arguments: dict[str, Any] = {}
        for key, value in self.values.items():
            arguments |= _argument(key, value)
        try:
            return kind(**arguments)
        except ConfigurationError as error:  # it is in the environment
            ours = str(error).replace("pass api_token=", f"set {self._name('API_TOKEN')}")
            raise ConfigurationError(ours) from None

    def _name(self, key: str) -> str:
        return self.spelled.format(key)

    def _wrong(self, key: str) -> str | None:
        """Tell what is wrong with a setting: what a client says that has nothing else set."""
        if key not in KEYS:
            return f"there is no such setting; choose from {', '.join(KEYS)}"
        nothing_else: dict[str, Any] = {"api_token": "any", "base_url": "http://127.0.0.1"}
        try:
            AsyncVidesk(**{**nothing_else, **_argument(key, self.values[key])})
        except ConfigurationError as error:
            return str(error)
        return None


def _argument(key: str, value: object) -> dict[str, object]:
    if value is None and key in {"API_TOKEN", "BASE_URL"}:
        return {}  # the environment tells
    if key == _SHARED:
        return {"rate_limit": RateLimit(shared=cast("str | None", value))}
    return {key.lower(): value}
