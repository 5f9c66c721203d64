"""The sandbox: the API, and the console if asked for, as one object."""

from __future__ import annotations

import asyncio
import copy
import os
import sys
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from videsk_rooms._emulator.api import Policy
from videsk_rooms._emulator.arguments import check_aware, check_json, check_port, check_status
from videsk_rooms._emulator.faults import Faults
from videsk_rooms._emulator.handler import RequestHandler
from videsk_rooms._emulator.limit import make_limit
from videsk_rooms._emulator.log import RequestLog
from videsk_rooms._emulator.observer import NO_OBSERVER
from videsk_rooms._emulator.parts import SandboxParts, make_parts
from videsk_rooms._emulator.server import ServerThread
from videsk_rooms._emulator.tokens import ApiTokens

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self


if TYPE_CHECKING:
    from videsk_rooms.dev import Site, StateFile


class Sandbox:
    """The Rooms API on a free port of this machine, for tests and demos.

    It serves from its own thread. While it runs, any thread may use it. It needs PyJWT:
    `pip install 'videsk-rooms[sandbox]'`.

    Every request counts against the rate limit, even one with an invalid token. Requests refused
    with 429 do not count. Moving the clock also moves the limit's windows.

    Args:
        port: The port to listen on; 0: any free one.
        host: The address to listen on.
        api_token: The accepted API token. Default: a new one.
        rate: The rate limit in requests per second, 1 or more. `None`: no limit, and no rate
            limit headers.
        window: `fixed`: each second begins with its first request; `sliding`: the last second.
        seed: Makes ids, the secret, API tokens and random faults the same in every run. The ids
            then contain a fixed time. Room tokens still contain the clock's time.
        retry_after: Whether a 429 of the rate limit has `Retry-After`.
        deletion: Whether rooms can be deleted. If not, a delete gets 403 `Room deletion not
            allowed`, as the published API does.
        delete_status: The status of an allowed delete: 200 with the removed room, or 204 with
            an empty body.
        join_status: The status of a join, 200 or 201.
        external_ids: Whether Retrieve also takes a room's `externalId` in the path. If not, it
            gets 404. The other operations take only ids.
        update_token: Whether the response to an update has an `accessToken`.
        reopening: Whether an update can reopen a room that is over, with a later `exp`, or with
            `"ended": false` if it was ended. If not, that gets 400.
        console: Whether to serve the console at `/` and what belongs to it: see
            [A local Videsk](dev.md).
        state: A file that keeps the rooms, the secret and the API token between runs. It is
            created if absent. Only with `console=True`.

    Raises:
        ImportError: PyJWT is not installed.
        OSError: The file `state` cannot be read or created.
        ValueError: An argument is out of range, or the file `state` is corrupt.

    Example:
        ```python
        async with Sandbox() as sandbox:  # also `with`, and start() and stop()
            videsk = AsyncVidesk(sandbox.api_token, base_url=sandbox.url)
        ```
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        api_token: str | None = None,
        rate: int | None = 20,
        window: Literal["fixed", "sliding"] = "fixed",
        seed: int | None = None,
        retry_after: bool = True,
        deletion: bool = False,
        delete_status: Literal[200, 204] = 200,
        join_status: Literal[200, 201] = 201,
        external_ids: bool = True,
        update_token: bool = False,
        reopening: bool = True,
        console: bool = False,
        state: str | os.PathLike[str] | None = None,
    ) -> None:
        check_port(port)
        check_status("delete_status", delete_status, (200, 204))
        check_status("join_status", join_status, (200, 201))
        limit = make_limit(rate, window)
        if state is not None and not console:
            raise ValueError("state needs the console; give console=True, too")
        kept = None if state is None else _open_state(state)
        self._port = port
        self._parts = make_parts(
            seed=seed,
            secret=None if kept is None else kept.secret,
            api_token=api_token if kept is None else api_token or kept.api_token,
            policy=Policy(
                deletion=deletion,
                delete_status=delete_status,
                join_status=join_status,
                external_ids=external_ids,
                update_token=update_token,
                reopening=reopening,
            ),
            host=host,
            rate=rate,
            window=window,
        )
        self._site = _make_site(self._parts, kept) if console else None
        self._observer = NO_OBSERVER if self._site is None else self._site._observer
        self._handler = RequestHandler(self._parts, limit, self._observer, retry_after=retry_after)
        self._server: ServerThread | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The base URL, such as `http://127.0.0.1:43817`; it stays the same after a stop."""
        if self._url is None:
            raise RuntimeError("the sandbox has no address yet; call start() or use `with`")
        return self._url

    @property
    def console_url(self) -> str:
        """The console's URL; `RuntimeError` without `console=True` and before the start."""
        self._refuse_without_console()
        return f"{self.url}/"

    @property
    def sdk_url(self) -> str:
        """The URL of the Browser SDK's stand-in, for pages to import as a module.

        `RuntimeError` without `console=True` and before the start.
        """
        self._refuse_without_console()
        return f"{self.url}/sdk/webrtc.esm.js"

    @property
    def api_token(self) -> str:
        """The accepted API token."""
        return self._parts.api_token

    @property
    def tokens(self) -> ApiTokens:
        """All API tokens: issue, revoke, forbid, bind, restore."""
        return self._parts.tokens

    @property
    def faults(self) -> Faults:
        """Failures to script."""
        return self._parts.faults

    @property
    def requests(self) -> RequestLog:
        """The log of all requests."""
        return self._parts.requests

    @property
    def now(self) -> datetime:
        """The sandbox's current time, aware and in UTC."""
        with self._parts.lock:
            return self._parts.clock.now()

    @property
    def rooms(self) -> tuple[dict[str, object], ...]:
        """Copies of all rooms in the API's format, in order of creation."""
        with self._parts.lock:
            now = self._parts.clock.now()
            return tuple(room.to_wire(now) for room in self._parts.store.all())

    def advance(self, by: timedelta) -> None:
        """Move the clock forward: rooms open and end, tokens expire, a new rate window begins.

        A client still computes relative times, such as `exp=timedelta(hours=1)`, by the machine's
        clock. After a longer move, the API refuses them as past. Give `sandbox.now + …` instead.

        Args:
            by: How far, zero or more.

        Raises:
            ValueError: `by` is negative, or leads beyond the year 9998.

        Example:
            ```python
            sandbox.advance(timedelta(hours=3))
            ```
        """
        with self._parts.lock:
            self._parts.clock.advance(by)
            self._observer.clock_moved()

    def add_room(
        self,
        *,
        name: str | None = None,
        external_id: str | None = None,
        exp: datetime | None = None,
        nbf: datetime | None = None,
        settings: Mapping[str, object] | None = None,
        created_at: datetime | None = None,
        extra: Mapping[str, object] | None = None,
        without: Collection[str] = (),
    ) -> dict[str, object]:
        """Store a room without a request and without limits on its times.

        Args:
            name: The room's name. Default: a generated one.
            external_id: Its `externalId`. Default: a generated one.
            exp: When it ends, aware; may be past. Default: in 3 hours.
            nbf: When it opens, aware. Default: now.
            settings: Its settings. Default: none.
            created_at: When it was created, aware. Default: now.
            extra: Further fields that the API returns.
            without: Fields that the API leaves out, by their names in JSON.

        Returns:
            The room in the API's format.

        Raises:
            ValueError: Another room has this `externalId`, a time has no zone, or a value is not
                JSON.

        Example:
            ```python
            room = sandbox.add_room(external_id="ticket-1", exp=sandbox.now)
            ```
        """
        check_aware(exp=exp, nbf=nbf, created_at=created_at)
        check_json(name=name, external_id=external_id, settings=settings, extra=extra)
        with self._parts.lock:
            room = self._parts.api.make_room(
                name=name,
                external_id=external_id,
                exp=exp,
                nbf=nbf,
                settings=None if settings is None else copy.deepcopy(dict(settings)),
                created_at=created_at,
            )
            room.extra = copy.deepcopy(dict(extra or {}))
            room.hidden = frozenset(without) - {"id"}
            if self._parts.store.has(room.external_id):
                raise ValueError(
                    f"a room has the external id {room.external_id!r} already; choose another"
                )
            self._parts.store.add(room)
            return room.to_wire(self._parts.clock.now())

    def add_rooms(self, count: int) -> tuple[str, ...]:
        """Store many rooms without requests; their creation times are a millisecond apart.

        Args:
            count: How many, 0 or more.

        Returns:
            Their ids in order of creation; the last room is created now.

        Example:
            ```python
            ids = sandbox.add_rooms(50_000)
            ```
        """
        with self._parts.lock:
            now = self._parts.clock.now()
            ids = []
            for age in reversed(range(count)):
                room = self._parts.api.make_room(created_at=now - timedelta(milliseconds=age))
                self._parts.store.add(room)
                ids.append(room.id)
            return tuple(ids)

    def start(self) -> Self:
        """Start serving; does nothing if the sandbox already serves.

        Returns:
            The sandbox itself.

        Raises:
            OSError: The port is already in use.

        Example:
            ```python
            sandbox = Sandbox().start()
            ```
        """
        server = self._begin()
        try:
            self._began(server.ready.result())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop serving immediately and drop running requests; the rooms and the log stay.

        Example:
            ```python
            sandbox.stop()
            ```
        """
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        self._close_console()

    async def __aenter__(self) -> Self:
        server = self._begin()
        try:
            # Shielded: a cancelled caller must not cancel the future that the thread resolves.
            port = await asyncio.shield(asyncio.wrap_future(server.ready))
            self._began(port)
        except BaseException:
            self.stop()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop_soon()  # `ready` is done: entering waited for it
            await asyncio.shield(asyncio.wrap_future(server.finished))
            server.join()
        self._close_console()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = f"at {self._url}" if self._server is not None else "not running"
        rooms, requests = len(self._parts.store), len(self._parts.requests)
        return f"<Sandbox {where}, {rooms} rooms, {requests} requests>"

    def _close_console(self) -> None:
        if self._site is not None:
            self._site._observer.stopped()

    def _refuse_without_console(self) -> None:
        if self._site is None:
            raise RuntimeError("the sandbox has no console; make it with Sandbox(console=True)")

    def _begin(self) -> ServerThread:
        with self._parts.lock:
            if self._server is None:
                self._server = ServerThread(self._handler, self._parts.host, self._port, self._site)
                self._server.start()
            return self._server

    def _began(self, port: int) -> None:
        host = f"[{self._parts.host}]" if ":" in self._parts.host else self._parts.host
        self._url = f"http://{host}:{port}"


def _open_state(path: str | os.PathLike[str]) -> StateFile:
    from videsk_rooms.dev import StateFile

    return StateFile(path)


def _make_site(parts: SandboxParts, kept: StateFile | None) -> Site:
    from videsk_rooms.dev import Site

    site = Site(parts, kept)
    parts.observe(site._observer)
    parts.api.statistics.measured = site._observer.measurements.view
    if kept is not None:
        kept.attach(parts)
    return site
