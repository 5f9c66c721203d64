"""The API token: an argument, a callable, an environment variable or a file."""

from __future__ import annotations

import hashlib
import os
import re
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

from videsk_rooms._quoting import Secret
from videsk_rooms.errors import ConfigurationError

from .callable_token import CallableToken

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .callable_token import TokenCallable

_PRINTABLE = re.compile(r"[\x21-\x7e]+")

_WRONG_BEGINNINGS = {
    **dict.fromkeys(
        "\"'`“\N{LEFT SINGLE QUOTATION MARK}«",
        "a quotation mark, which is not part of the token: docker run --env-file keeps it, for "
        "one; give the token without quotation marks",
    ),
    "\ufeff": "a byte order mark (BOM), as some editors write one; save it as UTF-8 without BOM",
}

_NONE_FOUND = (
    "there is no API token; pass api_token=, or set VIDESK_API_TOKEN to the token, or "
    "VIDESK_API_TOKEN_FILE to a file that holds it. Tokens come from Videsk's dashboard."
)
_NONE_IN_ENVIRONMENT = (
    "this client was pickled in another process, where its token came from the environment, and "
    "there is none in the environment of this one; set VIDESK_API_TOKEN here to the token, or "
    "VIDESK_API_TOKEN_FILE to a file that holds it"
)
_STRING_NOT_PICKLED = (
    "this client was pickled in another process, and a token given as a string does not travel in "
    "a pickle. Set VIDESK_API_TOKEN or VIDESK_API_TOKEN_FILE in this process; or give the client a "
    "function of a module as api_token, which is pickled by its name; or pickle "
    "client.with_options(secrets_in_pickles=True), whose pickles show the token to everyone who "
    "reads them"
)


def token_source(api_token: str | TokenCallable | TokenSource | None) -> TokenSource:
    """Choose the source of the token: the argument, the environment, or a file that it names."""
    if isinstance(api_token, TokenSource):
        return api_token
    if callable(api_token):
        return CallableToken(api_token, partial(_checked, source="the callable given as api_token"))
    if api_token is not None:
        return StaticToken(_checked(api_token, "api_token"))
    source = _token_of_environment()
    if source is None:
        raise ConfigurationError(_NONE_FOUND)
    return source


def _token_of_environment() -> TokenSource | None:
    if token := os.environ.get("VIDESK_API_TOKEN", "").strip():
        return StaticToken(_checked(token, "VIDESK_API_TOKEN"), from_environment=True)
    if path := os.environ.get("VIDESK_API_TOKEN_FILE"):
        return TokenFile(path)
    return None


def _checked(value: object, source: str) -> Secret:
    """Check a token; no error shows it."""
    fault = _fault_of(value)
    if fault is None:
        return Secret(cast("str", value))
    del value  # error reports that list all variables would show it
    raise ConfigurationError(f"{source} {fault}")


def _fault_of(value: object) -> str | None:
    """Return why this is not a token, as the end of a sentence; `None` if it is one."""
    if not isinstance(value, str):
        return f"gave a {type(value).__name__}; an API token is a string"
    if not value:
        return "is empty; give the API token from Videsk's dashboard"
    if value[:7].lower() == "bearer ":
        return "begins with 'Bearer'; give the token alone"
    if value[0] in _WRONG_BEGINNINGS:
        return f"begins with {_WRONG_BEGINNINGS[value[0]]}"
    if _PRINTABLE.fullmatch(value):
        return None
    return (
        "holds a control character, a space or a letter beyond ASCII; give the API token as the "
        "dashboard shows it"
    )


class StaticToken:
    """A token that never changes: a refused one stays refused."""

    def __init__(self, token: Secret, *, from_environment: bool = False) -> None:
        self._token = token
        self._from_environment = from_environment

    def at_hand(self) -> Secret:
        """Return the token."""
        return self._token

    async def renewed(self, refused: Secret | None) -> bool:
        """Return false: there is no other token."""
        return False

    def in_pickle(self, *, secrets: bool) -> str | UnpickledToken:
        """Return the token only if it was an argument: another process has its own environment."""
        if secrets and not self._from_environment:
            return self._token.reveal()
        return UnpickledToken(from_environment=self._from_environment)


class TokenFile:
    """A token in a file, such as a mounted secret, which may be replaced at any time."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._token: Secret | None = None
        self.at_hand()  # a file that cannot be read is an error when the client is made

    def at_hand(self) -> Secret:
        """Return the token in the file."""
        source = f"the file {self._path!r} (VIDESK_API_TOKEN_FILE)"
        token = self._token
        try:
            # One line, for each request: cheaper than a thread.
            with open(self._path, encoding="utf-8") as file:
                content = file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            if token is not None:
                return token  # it is being replaced right now, so the last token is the best one
            reason = getattr(error, "strerror", None) or "it is not text"
            raise ConfigurationError(
                f"{source} cannot be read: {reason}; write the API token into it"
            ) from None
        # Empty later on: it is being written right now, and will be read again the next time.
        if token is None or content not in {"", token.reveal()}:
            try:
                token = self._token = _checked(content, source)
            finally:
                del content  # likewise
        return token

    async def renewed(self, refused: Secret | None) -> bool:
        """Return whether the file has another token by now."""
        return refused is None or self.at_hand().reveal() != refused.reveal()

    def in_pickle(self, *, secrets: bool) -> UnpickledToken:
        """Leave it to the environment of the other process, which names a file there."""
        return UnpickledToken(from_environment=True)


class UnpickledToken:
    """Stands for a token in a pickle, and finds one in the environment of its process.

    It looks for one at the first call and not while it is unpickled. If unpickling fails in a
    process of a pool, the process dies, and its caller waits forever or gets no reason.
    """

    def __init__(self, *, from_environment: bool) -> None:
        self._from_environment = from_environment
        self._source: TokenSource | None = None

    def at_hand(self) -> Secret | None:
        """Return the token of this process."""
        return self._found().at_hand()

    async def renewed(self, refused: Secret | None) -> bool:
        """Ask the source of this process."""
        return await self._found().renewed(refused)

    def in_pickle(self, *, secrets: bool) -> UnpickledToken:
        """Return another one: the token of this process is not pickled."""
        return UnpickledToken(from_environment=self._from_environment)

    def _found(self) -> TokenSource:
        if self._source is None:
            self._source = _token_of_environment()
        if self._source is None:
            raise ConfigurationError(
                _NONE_IN_ENVIRONMENT if self._from_environment else _STRING_NOT_PICKLED
            )
        return self._source


TokenSource: TypeAlias = StaticToken | CallableToken | TokenFile | UnpickledToken
"""Where the token comes from. Each has these methods:

- `at_hand`: the token to send now, if it is available without waiting;
- `renewed`: look for another token than the refused one, or for the first; whether it came;
- `in_pickle`: what is pickled instead; a token only if secrets are allowed.
"""


def account_of(source: TokenSource, base_url: str) -> tuple[Hashable, Callable[[], str]]:
    """Return what names the account of a source in this process, and what does so elsewhere.

    Equal tokens of one server, and equal callables, stand for one account.
    """
    known: Hashable
    if isinstance(source, StaticToken | TokenFile):
        known = hashlib.sha256(source.at_hand().reveal().encode()).digest()
    elif isinstance(source, CallableToken):
        known = source.named_by()
    else:
        known = id(source)

    def token() -> str:
        found = source.at_hand()
        return "" if found is None else found.reveal()

    return (base_url, known), token
