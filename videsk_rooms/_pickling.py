"""Pickles and copies a client as its settings.

The new client makes its own connections, threads and queues. A secret that was given as an
argument is in a pickle only where that was allowed (docs/decisions/0013-pickled-clients.md).
"""

from __future__ import annotations

import copy
import io
import pickle
import ssl as _ssl
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ._config import Priority, RateLimit, Retry, Timeout
from ._http.hooks import Hooks
from ._http.tokens import TokenSource, token_source
from .errors import ConfigurationError

if TYPE_CHECKING:
    import aiohttp  # noqa: TC004 - attrs reads no types, and aiohttp is loaded late
    from typing_extensions import Self


@attrs.frozen(repr=False)
class Settings:
    """The checked options of a client."""

    source: TokenSource
    base_url: str
    timeout: Timeout
    retry: Retry
    rate_limit: RateLimit | None
    hooks: Hooks
    session: aiohttp.ClientSession | None
    proxy: str | None
    trust_env: bool
    ssl: bool | _ssl.SSLContext | aiohttp.Fingerprint | None
    priority: Priority | None = None
    secrets_in_pickles: bool = False

    def __reduce__(self) -> tuple[object, ...]:
        _refuse_what_stays(self)
        api_token = self.source.in_pickle(secrets=self.secrets_in_pickles)
        _see_pickled("api_token", api_token, _BY_NAME)
        rest = attrs.asdict(self, recurse=False)
        for name in ("source", "session", "secrets_in_pickles"):
            del rest[name]
        return _unpickled, (api_token, rest)


def _unpickled(api_token: Any, rest: dict[str, Any]) -> Settings:
    # What was allowed there is not allowed here.
    return Settings(token_source(api_token), session=None, **rest)


class PickledBySettings:
    """A client that is pickled and copied by its settings, with whatever a subclass adds to it."""

    _parts: ClassVar[frozenset[str]]
    """The attributes that `_set_up` makes, and that stay where they are."""

    _settings: Settings

    def _set_up(self, settings: Settings) -> None:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, object]:
        return {**self._added(), "_settings": self._settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        added = dict(state)
        self._set_up(added.pop("_settings"))
        self.__dict__.update(added)

    def __copy__(self) -> Self:
        anew = object.__new__(type(self))
        anew._set_up(self._settings)
        anew.__dict__.update(self._added())
        return anew

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # Settings do not change, and what they refer to, such as an SSLContext, may be shared.
        anew = copy.copy(self)
        memo[id(self)] = anew
        anew.__dict__.update(copy.deepcopy(self._added(), memo))
        return anew

    def _added(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in self._parts}


# -- what does not travel -------------------------------------------------------------------------

_MADE_THERE = "make the client in the process that uses it"
_BY_NAME = "give a function of a module, which travels by its name"
_WITHOUT_HOOKS = f"{_BY_NAME}, or pickle client.with_options(hooks=Hooks()), which has no hooks"


def _refuse_what_stays(settings: Settings) -> None:
    if settings.session is not None:
        raise ConfigurationError(
            "a client with session= does not pickle, for the session's connections are this "
            f"process's; {_MADE_THERE}"
        )
    if not settings.secrets_in_pickles:
        _see_without_password("proxy", settings.proxy)
        if settings.rate_limit is not None:
            _see_without_password("RateLimit.shared", settings.rate_limit.shared)
    for name, hook in attrs.asdict(settings.hooks, recurse=False).items():
        _see_pickled(f"hooks: {name}", hook, _WITHOUT_HOOKS)
    _see_pickled("ssl", settings.ssl, _MADE_THERE)


def _see_without_password(name: str, url: str | None) -> None:
    # Wherever a misspelt URL has it, and where Redis takes it as well: `?password=…`.
    if url is not None and not url.startswith("file:") and ("@" in url or "password" in url):
        raise ConfigurationError(
            f"{name} may hold a password, and a client does not put secrets into its pickle; "
            f"{_MADE_THERE}, or pickle client.with_options(secrets_in_pickles=True), whose pickles "
            "tell it to whoever reads them"
        )


def _see_pickled(name: str, value: object, instead: str) -> None:
    # Pickled in advance, because pickle's own refusal does not say of which argument it speaks.
    # cloudpickle takes lambdas too, and by which of the two this is done cannot be told.
    if "cloudpickle" in sys.modules:
        return
    try:
        _Probe(io.BytesIO()).dump(value)
    except Exception:
        shown = getattr(value, "__qualname__", type(value).__qualname__)
        raise ConfigurationError(f"{name}={shown} does not pickle; {instead}") from None


class _Probe(pickle.Pickler):
    """Pickles to see whether it can be done.

    Takes for granted the clients, which see to themselves, and what multiprocessing alone pickles,
    and only while it starts a process: its queues and locks.
    """

    def persistent_id(self, thing: object) -> str | None:
        its_own_matter = isinstance(thing, PickledBySettings) or type(thing).__module__.startswith(
            "multiprocessing."
        )
        return "taken for granted" if its_own_matter else None
