"""Every way of failing on demand."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.sandbox.support import ROOMS, Api, raw_exchange
from tests.waiting import until
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.sandbox import Faults


class TestStatus:
    async def test_an_error_in_the_shape_of_feathers(self, api: Api) -> None:
        """A scripted status looks like the API's own error, and nothing is done."""
        api.sandbox.faults.status(
            503, message="Down", errors={"a": "b"}, headers={"Retry-After": "2"}
        )
        answer = await api.create()
        assert answer.status == 503
        assert answer.json == {
            "name": "Unavailable",
            "message": "Down",
            "code": 503,
            "className": "unavailable",
            "errors": {"a": "b"},
        }
        assert answer.headers["Retry-After"] == "2"
        assert "x-request-id" in answer.headers
        assert api.sandbox.rooms == ()

    async def test_a_status_without_a_name(self, api: Api) -> None:
        """Any status can be had."""
        api.sandbox.faults.status(418)
        answer = await api.create()
        assert (answer.status, answer.json["name"]) == (418, "FeathersError")

    async def test_errors_may_be_a_list(self, api: Api) -> None:
        """Feathers knows both shapes (docs/api.md, Errors)."""
        api.sandbox.faults.status(400, errors=[{"path": "name", "message": "too long"}])
        answer = await api.create()
        assert answer.json["errors"] == [{"path": "name", "message": "too long"}]

    async def test_text_that_utf_8_cannot_say(self, api: Api) -> None:
        """Half of a surrogate pair is sent as its escape, which is all that JSON can do."""
        api.sandbox.faults.status(400, message="ñ\ud800")
        answer = await api.list()
        assert answer.json["message"] == "ñ\ud800"
        assert b"\\ud800" in answer.body

    async def test_headers_of_ones_own(self, api: Api) -> None:
        """They take the place of those that every answer has, whatever their case."""
        headers = {"date": "Mon, 01 Jan 2001 00:00:00 GMT", "X-Request-Id": "mine"}
        api.sandbox.faults.status(503, headers=headers)
        answer = await api.list()
        for name, value in headers.items():
            assert answer.headers.getall(name) == [value]

    async def test_although_processed(self, api: Api) -> None:
        """A gateway may fail after the room was created."""
        api.sandbox.faults.status(502, processed=True)
        assert (await api.create()).status == 502
        assert len(api.sandbox.rooms) == 1
        assert api.sandbox.requests[0].processed

    async def test_the_page_of_the_waf(self, session: aiohttp.ClientSession) -> None:
        """HTML with cf-ray, and nothing that tells of the API behind it but the request's id."""
        async with Sandbox() as sandbox:
            sandbox.faults.status(403, html=True)
            answer = await Api(sandbox, session).create()
        assert answer.status == 403
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "cf-ray" in answer.headers
        assert "Ratelimit-Limit" not in answer.headers
        assert answer.body.startswith(b"<!DOCTYPE html>")


class TestDrop:
    @pytest.mark.parametrize(("when", "rooms"), [("before", 0), ("after", 1)])
    def test_closed_without_an_answer(self, sandbox: Sandbox, when: Any, rooms: int) -> None:
        """The connection ends, before or after the room was created."""
        sandbox.faults.drop(when)
        assert raw_exchange(sandbox) == b""
        assert len(sandbox.rooms) == rooms
        (request,) = sandbox.requests
        assert request.status is None
        assert request.fault == f"drop-{when}"
        assert request.processed is (when == "after")

    def test_reset(self, sandbox: Sandbox) -> None:
        """The connection may be reset instead."""
        sandbox.faults.drop("after", reset=True)
        with pytest.raises(ConnectionResetError):
            raw_exchange(sandbox)

    async def test_a_kept_alive_connection(self, api: Api) -> None:
        """A connection in use is closed as a fresh one is."""
        await api.create()
        api.sandbox.faults.drop("after", on="create")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await api.create()
        assert (await api.create()).status == 201
        assert len(api.sandbox.rooms) == 3


class TestDelay:
    async def test_the_answer_comes_late(self, api: Api) -> None:
        """The API's own answer, held back."""
        api.sandbox.faults.delay(0.05)
        started = time.perf_counter()
        assert (await api.create()).status == 201
        assert time.perf_counter() - started >= 0.05

    @pytest.mark.parametrize(("process", "status"), [("first", 201), ("last", None)])
    async def test_processed_first_or_last(
        self, api: Api, process: Any, status: int | None
    ) -> None:
        """Whoever stops waiting finds the room created, or not yet."""
        log = api.sandbox.requests
        api.sandbox.faults.delay(60, process=process)
        waiting = asyncio.ensure_future(api.create())
        await until(lambda: log and log[0].status == status)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(api.sandbox.rooms) == (0 if status is None else 1)
        assert log[0].processed is (status is not None)

    async def test_processed_last_comes_in_the_end(self, api: Api) -> None:
        """Processed after the delay, also when the caller is gone by then."""
        api.sandbox.faults.delay(0.05, process="last")
        waiting = asyncio.ensure_future(api.create())
        await until(lambda: len(api.sandbox.requests))
        waiting.cancel()
        await until(lambda: len(api.sandbox.rooms))

    async def test_others_do_not_wait(self, api: Api) -> None:
        """A delayed answer holds up nobody else."""
        api.sandbox.faults.delay(60, on="create")
        waiting = asyncio.ensure_future(api.create())
        await until(lambda: len(api.sandbox.requests))
        assert (await api.list()).status == 200
        assert not waiting.done()
        waiting.cancel()


class TestBrokenAnswers:
    async def test_truncated(self, api: Api) -> None:
        """The body breaks off, and the room is there."""
        api.sandbox.faults.truncated()
        with pytest.raises(aiohttp.ClientPayloadError):
            await api.create()
        assert len(api.sandbox.rooms) == 1
        assert api.sandbox.requests[0].status == 201

    def test_truncated_keeps_its_share(self, sandbox: Sandbox) -> None:
        """Content-Length tells the whole, the body is a part of it."""
        sandbox.faults.truncated(keep=0.25)
        head, _, body = raw_exchange(sandbox).partition(b"\r\n\r\n")
        (length,) = [
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ]
        assert head.startswith(b"HTTP/1.1 201 Created\r\n")
        assert len(body) == int(length * 0.25)

    async def test_truncated_nothing(self, session: aiohttp.ClientSession) -> None:
        """Even an answer without a body can break off."""
        async with Sandbox(deletion=True, delete_status=204) as sandbox:
            room = sandbox.add_room()
            sandbox.faults.truncated(on="delete")
            with pytest.raises(aiohttp.ClientPayloadError):
                await Api(sandbox, session).call("DELETE", f"{ROOMS}/{room['id']}")
            assert sandbox.rooms == ()

    async def test_garbage(self, api: Api) -> None:
        """A 200 that says JSON and is none, after the room was created."""
        api.sandbox.faults.garbage()
        answer = await api.create()
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("application/json")
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(answer.body)
        assert len(api.sandbox.rooms) == 1

    async def test_garbage_of_ones_own(self, api: Api) -> None:
        """Body, status and whether it was processed can be chosen."""
        api.sandbox.faults.garbage(b"[1, 2", status=201, processed=False)
        answer = await api.create()
        assert (answer.status, answer.body) == (201, b"[1, 2")
        assert api.sandbox.rooms == ()

    def test_garbage_line(self, sandbox: Sandbox) -> None:
        """What is sent is not HTTP at all."""
        sandbox.faults.garbage_line(b"SSH-2.0-OpenSSH\r\n")
        assert raw_exchange(sandbox) == b"SSH-2.0-OpenSSH\r\n"
        assert sandbox.requests[0].status is None

    async def test_garbage_line_by_default(self, api: Api) -> None:
        """An HTTP client chokes on the default."""
        api.sandbox.faults.garbage_line()
        with pytest.raises(aiohttp.ClientError):
            await api.create()

    async def test_empty(self, api: Api) -> None:
        """A good status with no body."""
        api.sandbox.faults.empty(status=201)
        answer = await api.create()
        assert (answer.status, answer.body) == (201, b"")
        assert len(api.sandbox.rooms) == 1

    async def test_answer(self, session: aiohttp.ClientSession) -> None:
        """Whatever is wanted; its headers win over those of every answer."""
        async with Sandbox() as sandbox:
            sandbox.faults.answer(
                302,
                headers={"Location": "/x", "ratelimit-limit": "5", "X-Request-ID": "mine"},
                body=b"moved",
            )
            answer = await Api(sandbox, session).create()
        assert (answer.status, answer.body) == (302, b"moved")
        assert answer.headers["Location"] == "/x"
        assert answer.headers.getall("Ratelimit-Limit") == ["5"]
        assert answer.headers.getall("x-request-id") == ["mine"]
        assert answer.headers["Ratelimit-Remaining"] == "19"

    async def test_enormous(self, api: Api) -> None:
        """Sound JSON of the size asked for."""
        api.sandbox.faults.enormous(1_000_000)
        answer = await api.create()
        assert answer.status == 200
        assert len(answer.json["data"]) == 1_000_000

    async def test_a_gzip_bomb(self, api: Api) -> None:
        """Small on the wire, large when unpacked."""
        api.sandbox.faults.enormous(3_000_000, gzip=True)
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            answer = await Api(api.sandbox, session).create()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(answer.body) < 10_000
        assert len(json.loads(gzip.decompress(answer.body))["data"]) == 3_000_000

    async def test_who_hangs_up_on_it(self, api: Api) -> None:
        """A client that reads no further does no harm."""
        api.sandbox.faults.enormous()
        async with api.session.get(
            api.sandbox.url + ROOMS, headers={"Authorization": f"Bearer {api.sandbox.api_token}"}
        ) as response:
            await response.content.readexactly(1000)
            response.close()
        assert (await api.list()).status == 200


class TestScript:
    async def test_in_order(self, api: Api) -> None:
        """Each fault comes as often as asked for, then the next, then none."""
        api.sandbox.faults.status(500, times=2)
        api.sandbox.faults.status(503)
        assert [(await api.create()).status for _ in range(4)] == [500, 500, 503, 201]

    async def test_for_an_operation(self, api: Api) -> None:
        """Other operations pass, and do not use it up."""
        api.sandbox.faults.status(503, on="create")
        assert (await api.list()).status == 200
        assert (await api.create()).status == 503

    async def test_for_several_operations(self, api: Api) -> None:
        """A collection names several."""
        api.sandbox.faults.status(503, on=("get", "list"), times=None)
        assert (await api.create()).status == 201
        assert [(await api.list()).status for _ in range(3)] == [503] * 3

    async def test_for_every_request(self, api: Api) -> None:
        """Without an operation it is for unknown paths too."""
        api.sandbox.faults.status(503)
        assert (await api.call("GET", "/")).status == 503

    async def test_clear(self, api: Api) -> None:
        """Nothing is left of the script, nor of chance."""
        api.sandbox.faults.status(503, times=None)
        api.sandbox.faults.random(1.0, kinds=["status"])
        api.sandbox.faults.clear()
        assert (await api.create()).status == 201
        assert api.sandbox.faults.pending == ()

    def test_pending(self, sandbox: Sandbox) -> None:
        """What is still to come can be looked at."""
        sandbox.faults.status(503)
        sandbox.faults.drop("after")
        assert [fault.kind for fault in sandbox.faults.pending] == ["status", "drop-after"]
        assert [fault.processed for fault in sandbox.faults.pending] == [False, True]

    @pytest.mark.parametrize(
        "script",
        [
            lambda faults: faults.status(99),
            lambda faults: faults.status(600),
            lambda faults: faults.status(503, times=0),
            lambda faults: faults.status(503, on="remove"),
            lambda faults: faults.status(503, on=()),
            lambda faults: faults.drop("during"),
            lambda faults: faults.delay(-1),
            lambda faults: faults.delay(float("nan")),
            lambda faults: faults.delay(1, process="never"),
            lambda faults: faults.truncated(keep=1.0),
            lambda faults: faults.enormous(0),
            lambda faults: faults.random(1.1),
            lambda faults: faults.random(kinds=["answer"]),
            lambda faults: faults.random(kinds=[]),
        ],
    )
    def test_slips_are_refused(self, sandbox: Sandbox, script: Callable[[Faults], None]) -> None:
        """An impossible fault is an error where it is written, with what to do instead."""
        with pytest.raises(ValueError, match=r"use |give |truncates"):
            script(sandbox.faults)


class TestEvery:
    async def test_the_third_of_three(self, api: Api) -> None:
        """The two before it are left alone, and it is used up then."""
        api.sandbox.faults.status(418, every=3)
        assert [(await api.list()).status for _ in range(6)] == [200, 200, 418, 200, 200, 200]

    async def test_each_third_of_one_operation(self, api: Api) -> None:
        """Requests of other operations do not count."""
        api.sandbox.faults.empty(status=202, on="create", every=3, times=None)
        statuses = []
        for _ in range(6):
            statuses.append((await api.create()).status)
            await api.list()
        assert statuses == [201, 201, 202, 201, 201, 202]

    async def test_those_that_it_is_not_for_go_to_the_next_fault(self, api: Api) -> None:
        """Each counts by itself."""
        api.sandbox.faults.status(418, every=2, times=None)
        api.sandbox.faults.status(503, times=None)
        assert [(await api.list()).status for _ in range(4)] == [503, 418, 503, 418]

    def test_never_is_refused(self) -> None:
        """With what would do."""
        with pytest.raises(ValueError, match="give 1 or more"):
            Sandbox().faults.status(418, every=0)


class TestRandom:
    @staticmethod
    async def outcomes(seed: int | None, count: int = 60, **arguments: Any) -> list[str | None]:
        async with Sandbox(rate=None, seed=3) as sandbox, aiohttp.ClientSession() as session:
            sandbox.faults.random(seed=seed, **arguments)
            for _ in range(count):
                with contextlib.suppress(aiohttp.ClientError):
                    await Api(sandbox, session).create()
            return [request.fault for request in sandbox.requests]

    async def test_a_seed_repeats_it(self) -> None:
        """The same seed fails alike, another one differently."""
        first, again, other = [await self.outcomes(seed, share=0.5) for seed in (7, 7, 8)]
        assert first == again != other

    async def test_the_seed_of_the_sandbox(self) -> None:
        """Without a seed of its own it takes the sandbox's."""
        assert await self.outcomes(None) == await self.outcomes(None)

    async def test_all_kinds_come(self) -> None:
        """Chance mixes all kinds but the one that only a script can fill."""
        assert set(await self.outcomes(1, count=150, share=1.0)) == {
            "status",
            "html",
            "drop-before",
            "drop-after",
            "delay",
            "truncated",
            "garbage",
            "garbage-line",
            "empty",
            "enormous",
        }

    async def test_some_kinds_only(self) -> None:
        """Kinds, share and operation can be chosen."""
        faults = await self.outcomes(2, share=0.5, kinds=["status", "empty"], on="create")
        assert set(faults) == {None, "status", "empty"}
        assert 15 <= sum(fault is not None for fault in faults) <= 45
        assert set(await self.outcomes(2, share=1.0, on="list")) == {None}

    async def test_the_script_goes_first(self, api: Api) -> None:
        """A scripted fault is not left to chance."""
        api.sandbox.faults.random(1.0, kinds=["empty"])
        api.sandbox.faults.status(418)
        assert [(await api.create()).status for _ in range(2)] == [418, 200]
