"""A client that openapi-python-client makes of docs/openapi.yaml, to compare with."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .clients import TOKEN
from .payloads import ROOM_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

_DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
_PACKAGE = "generated_rooms"


@contextmanager
def generating() -> Iterator[str]:
    """Generate the package; give the folder that it is imported from."""
    with TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        config.write_text(json.dumps({"post_hooks": []}))  # it is run, not read
        subprocess.run(
            [
                *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
                *("--path", _DOCUMENT, "--config", config),
                *("--output-path", Path(folder, _PACKAGE)),
            ],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        yield folder


class GeneratedClient:
    """The calls of the generated package that are measured; nothing is known of its types here."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._get = import_module(f"{_PACKAGE}.api.rooms.get_room").asyncio
        self._create = import_module(f"{_PACKAGE}.api.rooms.create_room").asyncio
        self._models = import_module(f"{_PACKAGE}.models")

    async def get(self) -> object:
        """Retrieve a room."""
        return self._checked(await self._get(ROOM_ID, client=self._client))

    async def create(self, fields: dict[str, Any]) -> object:
        """Create a room."""
        settings = self._models.Settings.from_dict(fields["settings"])
        body = self._models.NewRoom(**{**fields, "settings": settings})
        return self._checked(await self._create(client=self._client, body=body))

    def _checked(self, answer: object) -> object:
        assert isinstance(answer, self._models.Room)  # other answers are returned, too
        return answer


@asynccontextmanager
async def generated_client(url: str, limits: httpx.Limits) -> AsyncIterator[GeneratedClient]:
    """Open a client of the generated package, which must be on the path."""
    package = import_module(_PACKAGE)
    httpx_args = {"limits": limits}
    async with package.AuthenticatedClient(url, TOKEN, httpx_args=httpx_args) as client:
        yield GeneratedClient(client)
