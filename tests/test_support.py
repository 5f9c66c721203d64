from __future__ import annotations

import importlib
import inspect

import aiohttp
import aioresponses.core
import pytest

from tests.support import patch_aioresponses


async def test_aioresponses_still_needs_the_shim_where_aiohttp_asks_for_a_stream_writer() -> None:
    """When this fails, aioresponses works by itself and the shim in `support.py` can go."""
    if "stream_writer" not in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
        return  # an older aiohttp never needed it
    try:
        importlib.reload(aioresponses.core)
        with aioresponses.core.aioresponses() as wire:
            wire.get("http://127.0.0.1/", status=200)
            async with aiohttp.ClientSession() as session:
                with pytest.raises(TypeError, match="stream_writer"):
                    await session.get("http://127.0.0.1/")
    finally:
        patch_aioresponses()
