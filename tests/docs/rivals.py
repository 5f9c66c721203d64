"""The clients that docs/comparison.md compares, behind one face.

Each does what its own documents show, and no more: what it does besides is what is compared.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import aiohttp
import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from videsk_rooms import AsyncVidesk, NotFoundError, RateLimit, Videsk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE_SIZE = 100
_RETRIES = 4
# The sandbox has no certificate: to load those of all authorities anew takes longer than the calls.
_VERIFY = False


class Rival(ABC):
    """A client of the Rooms API.

    Args:
        url: Where the API is.
        token: The API token.
        retrying: Whether it is set up to try again, if there is a setting for that.
        shared: The file by which several of them keep one rate limit, if there is a way to.
    """

    name: ClassVar[str]
    setting: ClassVar[str] = ""
    """By which it tries again, if there is one."""

    @abstractmethod
    def __init__(self, url: str, token: str, *, retrying: bool = False, shared: str = "") -> None:
        pass

    @property
    @abstractmethod
    def client(self) -> object:
        """What is set up once."""

    @abstractmethod
    def faces(self) -> tuple[Callable[..., object], ...]:
        """Give a function of each of its faces."""

    @abstractmethod
    def create(self, **fields: str) -> object:
        """Create a room."""

    @abstractmethod
    def get(self, room_id: str) -> object:
        """Retrieve a room; raise if it was refused, as far as it can be told to."""

    @abstractmethod
    def outcome_of_a_missing_room(self, room_id: str) -> str:
        """Ask for a room that is not there; say how one learns of it."""

    @abstractmethod
    def ids(self) -> Iterator[str]:
        """Read all rooms."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""


class VideskRooms(Rival):
    """This package, blocking."""

    name = "videsk_rooms"
    setting = "default"

    def __init__(self, url: str, token: str, *, retrying: bool = False, shared: str = "") -> None:
        limit = RateLimit(shared=f"file:{shared}") if shared else RateLimit()
        self._videsk = Videsk(token, base_url=url, rate_limit=limit)

    @property
    def client(self) -> object:
        return self._videsk

    def faces(self) -> tuple[Callable[..., object], ...]:
        return (AsyncVidesk.close, Videsk.close)

    def create(self, **fields: str) -> object:
        return self._videsk.rooms.create(**fields)  # type: ignore[arg-type]  # names are the API's

    def get(self, room_id: str) -> object:
        return self._videsk.rooms.get(room_id)

    def outcome_of_a_missing_room(self, room_id: str) -> str:
        try:
            self._videsk.rooms.get(room_id)
        except NotFoundError:
            return "yes"
        raise AssertionError

    def ids(self) -> Iterator[str]:
        return (room.id for room in self._videsk.rooms.iter(page_size=PAGE_SIZE))

    def close(self) -> None:
        self._videsk.close()


class _ByHand(Rival):
    """What sends requests and knows nothing of rooms."""

    def create(self, **fields: str) -> object:
        body = {"externalId" if name == "external_id" else name: fields[name] for name in fields}
        return self._ask("POST", "/vpaas/rooms", json=body)[1]

    def get(self, room_id: str) -> object:
        return self._ask("GET", f"/vpaas/rooms/{room_id}")[1]

    def outcome_of_a_missing_room(self, room_id: str) -> str:
        status, _ = self._ask("GET", f"/vpaas/rooms/{room_id}", raising=False)
        return "`raise_for_status`" if status == 404 else f"a {status}"

    def ids(self) -> Iterator[str]:
        read, total = 0, 1
        while read < total:
            query = {"$limit": str(PAGE_SIZE), "$skip": str(read)}
            page = self._ask("GET", "/vpaas/rooms", params=query)[1]
            read, total = read + len(page["data"]), page["total"]
            yield from (room["id"] for room in page["data"])

    @abstractmethod
    def _ask(
        self, method: str, path: str, *, raising: bool = True, **arguments: Any
    ) -> tuple[int, Any]:
        """Send a request; give the status and the JSON."""


class Requests(_ByHand):
    """requests, and urllib3's `Retry` beneath it."""

    name = "requests"
    setting = "`Retry`"

    def __init__(self, url: str, token: str, *, retrying: bool = False, shared: str = "") -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        if retrying:
            retry = Retry(total=_RETRIES, status_forcelist={429, 503}, allowed_methods=None)
            self._session.mount(url, HTTPAdapter(max_retries=retry))

    @property
    def client(self) -> object:
        return self._session

    def faces(self) -> tuple[Callable[..., object], ...]:
        return (requests.Session.close,)

    def _ask(
        self, method: str, path: str, *, raising: bool = True, **arguments: Any
    ) -> tuple[int, Any]:
        answer = self._session.request(method, self._url + path, timeout=10, **arguments)
        if raising:
            answer.raise_for_status()
        return answer.status_code, answer.json()

    def close(self) -> None:
        self._session.close()


class Httpx(_ByHand):
    """httpx, blocking; its transport tries again to connect, if it is told to."""

    name = "httpx"
    setting = "`retries=`"

    def __init__(self, url: str, token: str, *, retrying: bool = False, shared: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.HTTPTransport(retries=_RETRIES, verify=_VERIFY) if retrying else None
        self._client = httpx.Client(
            base_url=url, headers=headers, transport=transport, verify=_VERIFY
        )

    @property
    def client(self) -> object:
        return self._client

    def faces(self) -> tuple[Callable[..., object], ...]:
        return (httpx.AsyncClient.aclose, httpx.Client.close)

    def _ask(
        self, method: str, path: str, *, raising: bool = True, **arguments: Any
    ) -> tuple[int, Any]:
        answer = self._client.request(method, path, **arguments)
        if raising:
            answer.raise_for_status()
        return answer.status_code, answer.json()

    def close(self) -> None:
        self._client.close()


class Aiohttp(_ByHand):
    """aiohttp, each of whose calls is awaited here in a loop that belongs to it."""

    name = "aiohttp"

    def __init__(self, url: str, token: str, *, retrying: bool = False, shared: str = "") -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._session = self._loop.run_until_complete(self._open(token))

    async def _open(self, token: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})

    @property
    def client(self) -> object:
        return self._session

    def faces(self) -> tuple[Callable[..., object], ...]:
        return (aiohttp.ClientSession.close,)

    def _ask(
        self, method: str, path: str, *, raising: bool = True, **arguments: Any
    ) -> tuple[int, Any]:
        return self._loop.run_until_complete(self._asked(method, path, raising, arguments))

    async def _asked(
        self, method: str, path: str, raising: bool, arguments: dict[str, Any]
    ) -> tuple[int, Any]:
        async with self._session.request(method, self._url + path, **arguments) as answer:
            if raising:
                answer.raise_for_status()
            return answer.status, await answer.json()

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()


class Generated(Rival):
    """The package `generated_rooms`, by openapi-python-client, which must be on the path."""

    name = "generated"
    setting = "`retries=`"

    def __init__(self, url: str, token: str, *, retrying: bool = False, shared: str = "") -> None:
        package = import_module("generated_rooms")
        self._api = import_module("generated_rooms.api.rooms")
        for module in ("create_room", "get_room", "list_rooms"):
            import_module(f"generated_rooms.api.rooms.{module}")
        self._models = import_module("generated_rooms.models")
        more = (
            {"transport": httpx.HTTPTransport(retries=_RETRIES, verify=_VERIFY)} if retrying else {}
        )
        self._client = package.AuthenticatedClient(url, token, verify_ssl=_VERIFY, httpx_args=more)

    @property
    def client(self) -> object:
        return self._client

    def faces(self) -> tuple[Callable[..., object], ...]:
        return (self._api.get_room.asyncio, self._api.get_room.sync)

    def create(self, **fields: str) -> object:
        body = self._models.NewRoom(**fields)
        return self._room(self._api.create_room.sync(client=self._client, body=body))

    def get(self, room_id: str) -> object:
        return self._room(self._api.get_room.sync(room_id, client=self._client))

    def _room(self, answer: object) -> object:
        if isinstance(answer, self._models.Room):
            return answer
        raise GeneratedRefusalError(answer)

    def outcome_of_a_missing_room(self, room_id: str) -> str:
        answer = self._api.get_room.sync(room_id, client=self._client)
        return "no, returns them" if isinstance(answer, self._models.Error) else "?"

    def ids(self) -> Iterator[str]:
        read, total = 0, 1
        while read < total:
            page = self._api.list_rooms.sync(client=self._client, limit=PAGE_SIZE, skip=read)
            read, total = read + len(page.data), page.total
            yield from (room.id for room in page.data)

    def close(self) -> None:
        self._client.get_httpx_client().close()


class GeneratedRefusalError(Exception):
    """What the generated client returned in place of a room."""


RIVALS: tuple[type[Rival], ...] = (VideskRooms, Requests, Httpx, Aiohttp, Generated)
