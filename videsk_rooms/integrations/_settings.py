"""Creates a client from a framework's settings: the client's arguments in capitals."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import attrs

from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit, Videsk

_SHARED = "RATE_LIMIT_SHARED"
_KEYS = (*(argument.upper() for argument in inspect.signature(Videsk).parameters), _SHARED)

_Client = TypeVar("_Client")


@attrs.frozen
class Configured:
    """The settings of a client.

    Attributes:
        values: The settings by key. The repr leaves them out, because one is a secret.
        spelled: How error messages write a setting, with `{}` for the key.
    """

    values: Mapping[str, object] = attrs.field(repr=False)
    spelled: str

    def mistakes(self) -> list[str]:
        """Return what is wrong with the settings, each with the setting's name."""
        found = [
            f"{self._name(key)}: {wrong}" for key in self.values if (wrong := self._wrong(key))
        ]
        if {"RATE_LIMIT", _SHARED} <= self.values.keys():
            both = f"{self._name('RATE_LIMIT')} and {self._name(_SHARED)}"
            found.append(f"{both} exclude each other; RateLimit(shared=…) has both")
        return found

    def check(self) -> None:
        """Raise an error for the first invalid setting.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        for mistake in self.mistakes():
            raise ConfigurationError(mistake)

    def lacking(self) -> str | None:
        """Return what the environment lacks, such as the token, or `None`."""
        wrong = _refusal(self._arguments())
        return None if wrong is None else self._in_own_words(wrong)

    def make(self, kind: Callable[..., _Client]) -> _Client:
        """Create a client of class `kind`.

        Raises:
            ConfigurationError: A setting is invalid, or there is no token.
        """
        self.check()
        try:
            return kind(**self._arguments())
        except ConfigurationError as error:
            raise ConfigurationError(self._in_own_words(text_of(error))) from None

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for key, value in self.values.items():
            arguments |= _argument(key, value)
        return arguments

    def _name(self, key: str) -> str:
        return self.spelled.format(key)

    def _in_own_words(self, text: str) -> str:
        ours = f"give it by the setting {self._name('API_TOKEN')}, or in the environment set "
        return text.replace("pass api_token=, or set ", ours)

    def _wrong(self, key: str) -> str | None:
        """Return the client's error for this setting alone, or `None`."""
        if key not in _KEYS:
            return f"there is no such setting; choose from {', '.join(_KEYS)}"
        nothing_else = {"api_token": "any", "base_url": "http://127.0.0.1"}
        try:
            argument = _argument(key, self.values[key])
        except ConfigurationError as error:
            return text_of(error)
        if key == "BASE_URL" and isinstance(allowed := self.values.get("ALLOW_HTTP"), bool):
            argument["allow_http"] = allowed
        return _refusal({**nothing_else, **argument})


def text_of(error: ConfigurationError) -> str:
    """Return the message that an error was created with; its `str` may add to it."""
    return str(error.args[0])


def _argument(key: str, value: object) -> dict[str, object]:
    if value is None and key in {"API_TOKEN", "BASE_URL"}:
        return {}  # the client takes it from the environment
    if key == _SHARED:
        return {"rate_limit": RateLimit(shared=cast("str | None", value))}
    return {key.lower(): value}


def _refusal(arguments: dict[str, Any]) -> str | None:
    """Return the client's error for these arguments, or `None`."""
    limit = arguments.get("rate_limit")
    if isinstance(limit, RateLimit) and (limit.shared or "").startswith("file:"):
        # Without the shared file: the check may run as another user, who would then own the file.
        arguments = {**arguments, "rate_limit": attrs.evolve(limit, shared=None)}
    try:
        AsyncVidesk(**arguments)
    except ConfigurationError as error:
        return text_of(error)
    return None
