"""Access control: API tokens, and the access tokens of rooms."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.observer import NO_OBSERVER, Observer

if TYPE_CHECKING:
    from threading import RLock

    from videsk_rooms._emulator.clock import Clock
    from videsk_rooms._emulator.identifiers import Identifiers
    from videsk_rooms._emulator.messages import Incoming

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

API_TOKEN = "api-token"  # noqa: S105
ROOM_TOKEN = "room-access"  # noqa: S105
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


class Signer:
    """Signs and verifies the JWTs of one sandbox."""

    def __init__(self, secret: str) -> None:
        try:
            import jwt
        except ImportError as error:
            raise ImportError(
                "the sandbox signs its tokens with PyJWT, which is not installed; "
                "run: pip install 'videsk-rooms[sandbox]'"
            ) from error
        self._jwt = jwt
        self.secret = secret

    def sign(self, claims: Mapping[str, object]) -> str:
        """Sign claims with HS256."""
        return self._jwt.encode(dict(claims), self.secret, algorithm="HS256")

    def read(self, token: str) -> dict[str, object]:
        """Return a token's claims, or raise the 401 of docs/api.md, Errors."""
        if not _JWT.fullmatch(token):
            raise RefusedError(401, "jwt malformed")
        for part in token.split(".")[:2]:
            _check_json(part)
        try:
            # Times are checked elsewhere, against the sandbox's own clock.
            claims: dict[str, object] = self._jwt.decode(
                token,
                self.secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except self._jwt.InvalidSignatureError:
            raise RefusedError(401, "invalid signature") from None
        except self._jwt.InvalidTokenError:
            raise RefusedError(401, "jwt malformed") from None
        return claims


@dataclass(frozen=True)
class _Grant:
    """The permissions of an issued API token."""

    type: str = API_TOKEN
    expires_at: datetime | None = None
    networks: tuple[Network, ...] = ()
    revoked: bool = False
    forbidden: bool = False


class ApiTokens:
    """The account's API tokens, as its owner would handle them in the dashboard.

    Example:
        ```python
        token = sandbox.tokens.issue()
        sandbox.tokens.revoke(token)
        ```
    """

    def __init__(self, signer: Signer, clock: Clock, identifiers: Identifiers, lock: RLock) -> None:
        self._signer = signer
        self._clock = clock
        self._identifiers = identifiers
        self._lock = lock
        self._grants: dict[str, _Grant] = {}

    def issue(
        self,
        *,
        type: str = API_TOKEN,
        expires_in: timedelta | None = None,
        networks: Iterable[str] = (),
    ) -> str:
        """Issue another API token of the account.

        Args:
            type: The token's type. Only `api-token` is accepted; with others the API responds 403.
            expires_in: The lifetime, after which the API responds 401 `jwt expired`. Default: no
                end.
            networks: The IPs or CIDRs that may use it; empty: all.

        Returns:
            The token.

        Raises:
            ValueError: A network is neither an IP nor a CIDR.

        Example:
            ```python
            elsewhere = sandbox.tokens.issue(networks=["10.0.0.0/8"])
            ```
        """
        bound = _read_networks(networks)
        with self._lock:
            token = self._signer.sign({"type": type, "jti": self._identifiers.uuid()})
            expires_at = None if expires_in is None else self._clock.now() + expires_in
            self._grants[token] = _Grant(type, expires_at, bound)
            return token

    def revoke(self, token: str) -> None:
        """Revoke a token; the API then responds 403 `The integration token it's invalid or …`.

        Args:
            token: A token of this sandbox.

        Raises:
            KeyError: The token does not belong to this sandbox.

        Example:
            ```python
            sandbox.tokens.revoke(sandbox.api_token)
            ```
        """
        self._change(token, revoked=True)

    def forbid(self, token: str) -> None:
        """Remove a token's permissions; the API then responds 403 `You don't have access to …`.

        Args:
            token: A token of this sandbox.

        Raises:
            KeyError: The token does not belong to this sandbox.

        Example:
            ```python
            sandbox.tokens.forbid(sandbox.api_token)
            ```
        """
        self._change(token, forbidden=True)

    def bind(self, token: str, *networks: str) -> None:
        """Bind a token to IPs or CIDRs; to other addresses the API responds 403.

        Args:
            token: A token of this sandbox.
            networks: Such as `127.0.0.1` or `10.0.0.0/8`; none removes the restriction.

        Raises:
            KeyError: The token does not belong to this sandbox.
            ValueError: A network is neither an IP nor a CIDR.

        Example:
            ```python
            sandbox.tokens.bind(sandbox.api_token, "10.0.0.0/8")
            ```
        """
        self._change(token, networks=_read_networks(networks))

    def restore(self, token: str) -> None:
        """Restore a token: not revoked, not forbidden, usable from any address.

        Args:
            token: A token of this sandbox.

        Raises:
            KeyError: The token does not belong to this sandbox.

        Example:
            ```python
            sandbox.tokens.restore(sandbox.api_token)
            ```
        """
        self._change(token, revoked=False, forbidden=False, networks=())

    def _accept(self, token: str) -> None:
        self._grants[token] = _Grant()

    def _change(self, token: str, **changes: object) -> None:
        with self._lock:
            if token not in self._grants:
                # The message leaves the token out, because messages end up in logs.
                raise KeyError("not a token of this sandbox; make one with tokens.issue()")
            self._grants[token] = replace(self._grants[token], **changes)  # type: ignore[arg-type]

    def _check(self, incoming: Incoming) -> None:
        """Refuse a request as docs/api.md, Access, describes."""
        token = _bearer(incoming)
        grant = self._grants.get(token)
        if grant is None:
            grant = self._grant_of_unknown(token)
        if grant.expires_at is not None and grant.expires_at <= self._clock.now():
            raise RefusedError(401, "jwt expired")
        if grant.revoked:
            raise RefusedError(403, "The integration token it's invalid or was removed.")
        if grant.forbidden or grant.type != API_TOKEN or not _inside(grant, incoming.remote):
            raise RefusedError(
                403,
                f"You don't have access to {incoming.path}. Please contact to your administrator.",
            )

    def _grant_of_unknown(self, token: str) -> _Grant:
        kind = self._signer.read(token).get("type")
        # Its signature is ours, but it is not in the list, so somebody removed it.
        return _Grant(revoked=True) if kind == API_TOKEN else _Grant(type=str(kind))


class RoomTokens:
    """Issues the tokens with which a browser joins a room."""

    observer: Observer = NO_OBSERVER

    def __init__(self, signer: Signer, identifiers: Identifiers) -> None:
        self._signer = signer
        self._identifiers = identifiers

    def issue(self, room_id: str, nbf: datetime, exp: datetime, now: datetime) -> tuple[str, str]:
        """Issue a token for the room's window; return it and its `jti` (docs/api.md, Objects)."""
        jti = self._identifiers.uuid()
        claims = {
            "type": ROOM_TOKEN,
            "room": room_id,
            "jti": jti,
            "iat": int(now.timestamp()),
            "nbf": int(nbf.timestamp()),
            "exp": int(exp.timestamp()),
        }
        token = self._signer.sign(claims)
        self.observer.token_issued(room_id, jti, nbf, exp)
        return token, jti


def _bearer(incoming: Incoming) -> str:
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RefusedError(401, "Authorization header with valid JWT is required.")
    return token.strip()


def _inside(grant: _Grant, remote: str) -> bool:
    if not grant.networks:
        return True
    address = ipaddress.ip_address(remote)
    return any(address in network for network in grant.networks)


def _read_networks(networks: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network, strict=False) for network in networks)


def _check_json(part: str) -> None:
    """Refuse a mangled token with the message of the server's JSON parser (docs/api.md, Errors)."""
    try:
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        position = getattr(error, "pos", 0)
        raise RefusedError(401, f"Unexpected token in JSON at position {position}") from None
