"""Its life, its clock, its chance, and use from several threads."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import socket
import sys
import threading
import time
import warnings
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from tests.sandbox.support import ROOMS, Api
from tests.waiting import until
from videsk_rooms.sandbox import Sandbox


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.url.rpartition(":")[2])


def get_status(sandbox: Sandbox) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sandbox), timeout=5)
    try:
        headers = {"Authorization": f"Bearer {sandbox.api_token}"}
        connection.request("GET", ROOMS, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def sandbox_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "videsk-sandbox"]


class TestLife:
    def test_with(self) -> None:
        """Blocking code starts and stops it."""
        with Sandbox() as sandbox:
            assert get_status(sandbox) == 200
        assert not sandbox_threads()

    async def test_async_with(self) -> None:
        """Awaiting code does, and may block its own loop while it is served."""
        async with Sandbox() as sandbox:
            assert get_status(sandbox) == 200
        assert not sandbox_threads()

    def test_start_and_stop(self) -> None:
        """Both may be called twice."""
        sandbox = Sandbox()
        assert sandbox.start() is sandbox
        assert sandbox.start() is sandbox
        assert len(sandbox_threads()) == 1
        sandbox.stop()
        sandbox.stop()
        assert not sandbox_threads()

    def test_again_after_a_stop(self) -> None:
        """Rooms and log outlive a stop."""
        sandbox = Sandbox()
        with sandbox:
            sandbox.add_room()
            get_status(sandbox)
        with sandbox:
            assert get_status(sandbox) == 200
        assert len(sandbox.rooms) == 1
        assert len(sandbox.requests) == 2

    def test_nobody_listens_after_a_stop(self) -> None:
        """The address stays known and refuses connections."""
        with Sandbox() as sandbox:
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(sandbox)), timeout=5)

    def test_no_address_before_the_start(self) -> None:
        """Asking for the address too early says what to do."""
        with pytest.raises(RuntimeError, match=r"call start\(\) or use `with`"):
            _ = Sandbox().url

    def test_a_port_of_ones_own(self) -> None:
        """The port can be chosen, and used again at once after a stop."""
        with Sandbox() as sandbox:
            port = port_of(sandbox)
        for _ in range(2):
            with Sandbox(port=port) as sandbox:
                assert port_of(sandbox) == port
                assert get_status(sandbox) == 200

    async def test_a_port_that_is_taken(self) -> None:
        """The error comes out of start, and no thread stays behind."""
        with Sandbox() as sandbox:
            rival = Sandbox(port=port_of(sandbox))
            with pytest.raises(OSError, match="in use"):
                rival.start()
            with pytest.raises(OSError, match="in use"):
                await rival.__aenter__()
            assert len(sandbox_threads()) == 1

    async def test_stopping_waits_for_nobody(self) -> None:
        """Kept connections, delayed answers and half-read bodies do not hold a stop up."""
        async with aiohttp.ClientSession() as session:
            sandbox = await Sandbox(rate=None).__aenter__()
            api = Api(sandbox, session)
            await api.list()
            sandbox.faults.delay(60, on="create")
            sandbox.faults.enormous(2**30, on="list")
            waiting = asyncio.ensure_future(api.create())
            unread = await session.get(
                sandbox.url + ROOMS, headers={"Authorization": f"Bearer {sandbox.api_token}"}
            )
            await until(lambda: sandbox.requests.of("create"))
            started = time.perf_counter()
            await sandbox.__aexit__(None, None, None)
            assert time.perf_counter() - started < 30
            unread.close()
            with pytest.raises(aiohttp.ClientError):
                await waiting

    async def test_a_cancelled_start_leaves_nothing(self) -> None:
        """Whoever is cancelled while entering leaves no thread behind."""
        entering = asyncio.ensure_future(Sandbox().__aenter__())
        await asyncio.sleep(0)
        entering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await entering).__aexit__(None, None, None)
        assert not sandbox_threads()

    def test_nothing_is_left_unclosed(self) -> None:
        """Twenty lives with open connections leave no thread, socket or warning."""
        connections = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(20):
                with Sandbox() as sandbox:
                    connections.append(socket.create_connection(("127.0.0.1", port_of(sandbox))))
                    get_status(sandbox)
            for connection in connections:
                connection.close()
            gc.collect()
        assert not caught
        assert not sandbox_threads()

    def test_repr(self) -> None:
        """It tells where it is and what is in it."""
        with Sandbox() as sandbox:
            sandbox.add_room()
            assert repr(sandbox) == f"<Sandbox at {sandbox.url}, 1 rooms, 0 requests>"
        assert repr(sandbox) == "<Sandbox not running, 1 rooms, 0 requests>"

    @pytest.mark.parametrize(
        "arguments",
        [
            {"port": 65_536},
            {"port": -1},
            {"rate": 0},
            {"window": "moving"},
            {"delete_status": 500},
            {"join_status": 204},
        ],
    )
    def test_slips_are_refused(self, arguments: dict[str, Any]) -> None:
        """An argument that cannot be is told when the sandbox is made, with what could be."""
        with pytest.raises(ValueError, match=r"give |use "):
            Sandbox(**arguments)

    def test_without_pyjwt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A missing PyJWT is an error that ends in the remedy."""
        monkeypatch.setitem(sys.modules, "jwt", None)
        with pytest.raises(ImportError, match=r"pip install 'videsk-rooms\[sandbox\]'$"):
            Sandbox()


class TestThreads:
    def test_used_from_many_at_once(self) -> None:
        """Requests, seeding, faults and looking on from many threads lose nothing."""
        with Sandbox(rate=None) as sandbox:
            failures: list[BaseException] = []

            def work() -> None:
                try:
                    for _ in range(20):
                        assert get_status(sandbox) in (200, 503)
                        sandbox.add_rooms(5)
                        sandbox.faults.status(503)
                        sandbox.tokens.issue()
                        sandbox.advance(timedelta(milliseconds=1))
                        assert len(sandbox.rooms) >= 5
                        assert list(sandbox.requests)
                except BaseException as error:
                    failures.append(error)

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failures
            assert len({room["id"] for room in sandbox.rooms}) == 800
            assert [request.number for request in sandbox.requests] == list(range(1, 161))
            failed = sum(request.fault is not None for request in sandbox.requests)
            assert failed + len(sandbox.faults.pending) == 160


class TestClock:
    def test_it_is_now(self) -> None:
        """The clock is aware, in UTC, and runs with the machine's."""
        now = Sandbox().now
        assert now.tzinfo is timezone.utc
        assert abs(now - datetime.now(timezone.utc)) < timedelta(seconds=5)

    def test_it_moves_forward(self) -> None:
        """Moving it adds up, and it runs on."""
        sandbox = Sandbox()
        before = sandbox.now
        sandbox.advance(timedelta(hours=1))
        sandbox.advance(timedelta(hours=2))
        moved = sandbox.now - before
        assert timedelta(hours=3) < moved < timedelta(hours=3, minutes=1)

    def test_it_does_not_move_back(self) -> None:
        """Time does not run backwards."""
        with pytest.raises(ValueError, match="zero or more"):
            Sandbox().advance(timedelta(seconds=-1))

    async def test_it_stays_within_time(self, api: Api) -> None:
        """A move to where Python has no dates is refused, and spoils no later request."""
        for by in (timedelta.max, timedelta(days=365 * 8_000)):
            with pytest.raises(ValueError, match="9998"):
                api.sandbox.advance(by)
        api.sandbox.advance(timedelta(days=365 * 7_000))
        assert (await api.create()).status == 201
        assert (await api.list("ended=false")).json["total"] == 1

    async def test_answers_are_dated_by_it(self, api: Api) -> None:
        """`Date` and the times of rooms are of one clock, as whoever compares them expects."""
        api.sandbox.advance(timedelta(hours=3))
        answer = await api.create()
        dated = parsedate_to_datetime(answer.headers["Date"])
        created = datetime.fromisoformat(answer.json["createdAt"].replace("Z", "+00:00"))
        assert timedelta(0) <= created - dated < timedelta(minutes=1)

    async def test_it_ends_rooms(self, api: Api) -> None:
        """A room whose exp has passed is over."""
        room = (await api.create()).json
        api.sandbox.advance(timedelta(hours=3))
        fetched = (await api.call("GET", f"{ROOMS}/{room['id']}")).json
        assert (room["ended"], fetched["ended"]) == (False, True)


class TestSeeding:
    async def test_add_room(self, api: Api) -> None:
        """A room may be stored past the API, with anything the server might send or leave out."""
        now = api.sandbox.now
        room = api.sandbox.add_room(
            name="old",
            external_id="a",
            nbf=now - timedelta(days=2),
            exp=now - timedelta(days=1),
            settings={"x": [1]},
            created_at=now - timedelta(days=3),
            extra={"region": "scl"},
            without=["authorizations", "id"],
        )
        assert room["ended"] is True
        assert room["region"] == "scl"
        assert "authorizations" not in room
        fetched = (await api.call("GET", f"{ROOMS}/{room['id']}")).json
        fetched.pop("accessToken")
        assert fetched == room

    def test_external_ids_stay_unique(self) -> None:
        """A taken externalId is a slip in the test."""
        sandbox = Sandbox()
        sandbox.add_room(external_id="a")
        with pytest.raises(ValueError, match="choose another"):
            sandbox.add_room(external_id="a")

    @pytest.mark.parametrize("name", ["exp", "nbf", "created_at"])
    def test_naive_times_are_refused(self, name: str) -> None:
        """A time without a zone is not guessed."""
        times: dict[str, Any] = {name: datetime(2042, 1, 1)}  # noqa: DTZ001
        with pytest.raises(ValueError, match=f"{name} has no time zone"):
            Sandbox().add_room(**times)

    def test_add_rooms(self) -> None:
        """Many rooms at once, each a millisecond younger than the one before."""
        sandbox = Sandbox()
        ids = sandbox.add_rooms(100)
        assert [room["id"] for room in sandbox.rooms] == list(ids)
        created: list[Any] = [room["createdAt"] for room in sandbox.rooms]
        assert created == sorted(set(created))

    def test_rooms_are_copies(self) -> None:
        """Looking at rooms cannot change them."""
        sandbox = Sandbox()
        sandbox.add_room(settings={"x": []})
        snapshot: Any = sandbox.rooms[0]
        snapshot["settings"]["x"].append(1)
        snapshot["name"] = "changed"
        assert sandbox.rooms[0]["settings"] == {"x": []}
        assert sandbox.rooms[0]["name"] != "changed"

    def test_what_was_given_is_copied(self) -> None:
        """Neither the caller's objects nor what is looked at are parts of a stored room."""
        sandbox = Sandbox()
        settings: dict[str, Any] = {"x": []}
        extra: dict[str, Any] = {"y": []}
        returned: Any = sandbox.add_room(settings=settings, extra=extra)
        shown: Any = sandbox.rooms[0]
        for each in (settings["x"], extra["y"], returned["y"], shown["settings"]["x"], shown["y"]):
            each.append(1)
        assert (sandbox.rooms[0]["settings"], sandbox.rooms[0]["y"]) == ({"x": []}, [])


class TestChance:
    async def test_a_seed_repeats_everything(self) -> None:
        """Ids, API tokens and request ids are the same in every run."""

        async def run(seed: int) -> tuple[object, ...]:
            async with Sandbox(seed=seed) as sandbox, aiohttp.ClientSession() as session:
                answer = await Api(sandbox, session).create()
                return (
                    sandbox.api_token,
                    answer.json["id"],
                    answer.json["externalId"],
                    answer.headers["x-request-id"],
                )

        assert await run(1) == await run(1)
        assert not set(await run(1)) & set(await run(2))

    def test_without_a_seed_all_differ(self) -> None:
        """Two sandboxes have nothing in common."""
        assert Sandbox().api_token != Sandbox().api_token
