"""The sandbox: everything behind one name."""

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

    It serves from a thread of its own, whichever way it is started, and everything on it may
    be used from any thread while it runs. It needs PyJWT: `videsk-rooms[sandbox]`.

    Every request counts against the rate limit, also a refused one of a wrong token; what is
    answered 429 does not. Moving the clock moves the limit's seconds too.

    ```python
    async with Sandbox() as sandbox:  # also `with`, and start() and stop()
        videsk = AsyncVidesk(sandbox.api_token, base_url=sandbox.url)
    ```

    Args:
        port: The port to listen on; 0: any free one.
        host: The address to listen on.
        api_token: The token that is let in; absent: a new one.
        rate: Requests per second before a 429, 1 or more; `None`: no limit and no headers of it.
        window: `fixed`: seconds that begin with a first request; `sliding`: the last second.
        seed: Makes ids, the secret, API tokens and random faults the same in every run. The ids
            then carry a fixed time; room tokens still carry the clock's.
        retry_after: Whether a 429 of the rate limit says `Retry-After`.
        deletion: Whether rooms can be deleted. If not, as the API is published, a delete is
            answered 403 `Room deletion not allowed`.
        delete_status: What an allowed delete answers: 200 with the removed room, or 204 with
            nothing.
        join_status: What a join answers.
        external_ids: Whether Retrieve takes a room's `externalId` in the path, too; if not, it is
            answered 404. The other operations take ids only.
        update_token: Whether an update is answered with an `accessToken`.
        reopening: Whether a room that is over can be opened again, by an update with a later
            `exp`, and with `"ended": false` if it was ended; if not, that is answered 400.
        console: Whether to serve the console at `/`, too, and what belongs to it: see
            [A local Videsk](dev.md).
        state: A file that keeps the rooms, the secret and the API token from one run to the next;
            for a sandbox with a console only. Nothing there: it is made.

    Raises:
        ImportError: PyJWT is not installed.
        OSError: The file `state` cannot be read, or made.
        ValueError: An argument is out of range, or the file `state` is broken.
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
            raise ValueError("state is kept by the console; give console=True, too")
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
        """Where it listens, such as `http://127.0.0.1:43817`; stays the last one after a stop."""
        if self._url is None:
            raise RuntimeError("the sandbox has no address yet; call start() or use `with`")
        return self._url

    @property
    def console_url(self) -> str:
        """Where the console is; `RuntimeError` without `console=True` and before the start."""
        self._refuse_without_console()
        return f"{self.url}/"

    @property
    def sdk_url(self) -> str:
        """Where pages import the stand-in for the Browser SDK from, as a module.

        `RuntimeError` without `console=True` and before the start.
        """
        self._refuse_without_console()
        return f"{self.url}/sdk/webrtc.esm.js"

    @property
    def api_token(self) -> str:
        """The API token that is let in."""
        return self._parts.api_token

    @property
    def tokens(self) -> ApiTokens:
        """All API tokens: issue, revoke, forbid, bind."""
        return self._parts.tokens

    @property
    def faults(self) -> Faults:
        """The script of failures."""
        return self._parts.faults

    @property
    def requests(self) -> RequestLog:
        """The log of all requests."""
        return self._parts.requests

    @property
    def now(self) -> datetime:
        """The instant by the sandbox's clock, aware and in UTC."""
        with self._parts.lock:
            return self._parts.clock.now()

    @property
    def rooms(self) -> tuple[dict[str, object], ...]:
        """All rooms as the API writes them, in the order of their creation; copies."""
        with self._parts.lock:
            now = self._parts.clock.now()
            return tuple(room.to_wire(now) for room in self._parts.store.all())

    def advance(self, by: timedelta) -> None:
        """Move the clock forward: rooms open and end, tokens expire, a new rate window begins.

        What a client counts from now, such as `exp=timedelta(hours=1)`, it counts by the machine's
        clock as before: after a longer move that is refused as past. Give `sandbox.now + …`.

        Args:
            by: How far, zero or more.

        Raises:
            ValueError: `by` is negative, or leads beyond the year 9998.

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
        """Store a room past the API: no request, no limits on its times.

        Args:
            name: Its name; absent: a generated one.
            external_id: Its `externalId`; absent: a generated one.
            exp: When it ends, aware; may be past. Absent: in 3 hours.
            nbf: When it opens, aware. Absent: now.
            settings: Its settings; absent: none.
            created_at: When it was created, aware. Absent: now.
            extra: Further fields that the API then answers with.
            without: Names of fields, as on the wire, that the API leaves out.

        Returns:
            The room as the API writes it.

        Raises:
            ValueError: Another room has this `externalId`, a time has no zone, or a value is not
                JSON.

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
        """Store many rooms past the API, each created a millisecond after the one before.

        Args:
            count: How many, 0 or more.

        Returns:
            Their ids in the order of creation; the last one is created now.

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
        """Start serving; does nothing when it serves already.

        Returns:
            The sandbox itself.

        Raises:
            OSError: The port is taken.

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
        """Stop serving at once, whatever requests still run; the rooms and the log stay.

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
            # Shielded: a cancelled waiter must not cancel what the thread is about to set.
            port = await asyncio.shield(asyncio.wrap_future(server.ready))
            self._began(port)
        except BaseException:
            self.stop()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop_soon()  # it is ready: entering waited for that
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
