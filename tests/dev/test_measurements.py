"""What the stand-in measures is kept, bounded, and told by `rooms.stats` and to the console."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import aiohttp
import pytest

from videsk_rooms import NotFoundError
from videsk_rooms.dev import _measurements
from videsk_rooms.dev._measurements import MAX_SAMPLES
from videsk_rooms.dev._report import make_report
from videsk_rooms.dev._rollup import MAX_MINUTES, Minutes, Total
from videsk_rooms.dev._samples import Sample, make_sample, read_totals
from videsk_rooms.sandbox import Sandbox

from .calls import STATS, Caller, Lobby

START = datetime(2042, 8, 14, 15, 0, tzinfo=timezone.utc)
INTERVAL = timedelta(seconds=5)
GOOD = Sample("", 10.0, 0.0, 2.0, 500.0, 500.0, 0)


@pytest.fixture
async def room(lobby: Lobby) -> str:
    return (await lobby.videsk.rooms.create(name="Check-up")).id


async def measured(lobby: Lobby, room: str, *samples: dict[str, Any]) -> tuple[Caller, Caller]:
    """Have Ana measure the connection with Luis."""
    ana, luis = await lobby.join(room, "Ana"), await lobby.join(room, "Luis")
    await ana.hears("joined")
    for stats in samples or (STATS,):
        await ana.say(type="stats", to=luis.peer, stats=stats)
    await settled(ana)
    return ana, luis


async def settled(caller: Caller) -> None:
    """Wait until what somebody said before has been read."""
    await caller.say(type="signal", to=caller.peer, data={"candidate": {"candidate": ""}})
    await caller.hears("signal")


async def test_a_snapshot_tells_the_latest_of_each_connection(lobby: Lobby, room: str) -> None:
    """Marked as the sandbox's own: the API's fields are not documented."""
    ana, luis = await measured(lobby, room)
    data = await lobby.stats(room, "snapshot")
    assert (data["roomId"], data["view"], data["source"]) == (room, "snapshot", "sandbox")
    (peer,) = data["peers"]
    assert (peer["peer"], peer["alias"]) == (ana.peer, "Ana")
    assert (peer["to"], peer["toAlias"]) == (luis.peer, "Luis")
    assert (peer["roundTripMs"], peer["lossPercent"], peer["jitterMs"]) == (12.0, 0.0, 4.0)


async def test_a_summary_is_there_once_the_room_is_over(lobby: Lobby, room: str) -> None:
    """With the minutes of each person; before, it is answered 404 as without a console."""
    ana, _ = await measured(lobby, room, STATS, STATS)
    with pytest.raises(NotFoundError):
        await lobby.stats(room, "summary")
    await lobby.videsk.rooms.end(room)
    data = await lobby.stats(room, "summary")
    (peer,) = data["peers"]
    assert peer["peer"] == ana.peer
    assert sum(minute["samples"] for minute in peer["minutes"]) == 2


async def test_a_report_is_cached_once_the_room_is_over(lobby: Lobby, room: str) -> None:
    """While people are inside, it goes with what they measure."""
    ana, luis = await measured(lobby, room)
    before = await lobby.stats(room)
    await ana.say(type="stats", to=luis.peer, stats={**STATS, "currentRoundTripTime": 1.0})
    await settled(ana)
    after = await lobby.stats(room)
    assert (before["score"], after["score"] < 100) == (100, True)
    assert after["patterns"][0]["type"] == "latency"
    assert after["recommendations"] != before["recommendations"] == ["Nothing to improve."]
    await lobby.videsk.rooms.end(room)
    reports = [await lobby.stats(room) for _ in range(2)]
    assert reports[0] == reports[1]


async def test_without_measurements_the_views_are_as_without_a_console(
    lobby: Lobby, room: str
) -> None:
    """Invented ones, without a source."""
    data = await lobby.stats(room)
    assert "source" not in data
    assert data["score"] == 92


async def test_the_console_reads_the_samples_of_each_connection(
    lobby: Lobby, sandbox: Sandbox, room: str
) -> None:
    """The last 15 minutes of them."""
    ana, luis = await measured(lobby, room, *[STATS] * (MAX_SAMPLES + 5))
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.url}/dev/v1/rooms/{room}/measurements") as answer,
    ):
        (person,) = (await answer.json())["people"]
    assert (person["peer"], person["alias"], person["to"]) == (ana.peer, "Ana", luis.peer)
    assert len(person["samples"]) == MAX_SAMPLES
    names = {"at", "roundTripMs", "lossPercent", "jitterMs", "sendKbps", "receiveKbps"}
    assert names <= set(person["samples"][-1])


async def test_what_was_measured_goes_with_its_room() -> None:
    """Once it is removed."""
    async with aiohttp.ClientSession() as session:
        with Sandbox(console=True, rate=None, deletion=True) as sandbox:
            other = Lobby(sandbox, session)
            made = await other.videsk.rooms.create()
            await measured(other, made.id)
            await other.videsk.rooms.delete(made)
            url = f"{sandbox.url}/dev/v1/rooms/{made.id}/measurements"
            async with session.get(url) as answer:
                assert answer.status == 404
            await other.videsk.close()


async def test_the_connections_of_all_rooms_are_bounded(
    lobby: Lobby, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room in which nothing was measured for longest goes first."""
    monkeypatch.setattr(_measurements, "MAX_KEPT", 2)
    rooms = [(await lobby.videsk.rooms.create()).id for _ in range(3)]
    for room in rooms:
        await measured(lobby, room)
    sources = [(await lobby.stats(room)).get("source") for room in rooms]
    assert sources == [None, "sandbox", "sandbox"]


def test_rates_are_those_of_the_interval() -> None:
    """The browser counts since the connection was made."""
    before = read_totals(STATS, START)
    grown = {**STATS, "bytesSent": 1_250_000, "audioPacketsLost": 10, "audioPacketsReceived": 590}
    sample = make_sample(grown, read_totals(grown, START + INTERVAL), before)
    assert (sample.send_kbps, sample.receive_kbps) == (1000.0, 0.0)
    assert sample.loss_percent == 10.0
    assert sample.at == "2042-08-14T15:00:05.000Z"


def test_a_connection_that_was_made_again_counts_from_zero() -> None:
    """No rate is negative."""
    before = read_totals(STATS, START)
    sample = make_sample({}, read_totals({}, START + INTERVAL), before)
    assert (sample.send_kbps, sample.loss_percent, sample.freezes) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "value", [None, True, "12", float("nan"), float("inf"), 10**400, 1e300, [1]]
)
def test_what_is_no_number_counts_as_zero(value: object) -> None:
    """A browser that does not know sends an empty text."""
    assert read_totals({"bytesSent": value}, START).bytes_sent == 0.0


def test_minutes_are_bounded() -> None:
    """The last day's."""
    minutes = Minutes()
    for minute in range(MAX_MINUTES + 10):
        minutes.add(START + timedelta(minutes=minute), GOOD)
    told = minutes.to_wire()
    assert len(told) == MAX_MINUTES
    assert told[0]["from"] == "2042-08-14T15:10:00.000Z"


@pytest.mark.parametrize(
    ("sample", "pattern"),
    [
        (Sample("", 10, 6, 2, 0, 0, 0), "packet-loss"),
        (Sample("", 300, 0, 2, 0, 0, 0), "latency"),
        (Sample("", 10, 0, 60, 0, 0, 0), "jitter"),
        (Sample("", 10, 0, 2, 0, 0, 2), "freezes"),
    ],
)
def test_a_report_names_what_is_bad_and_what_to_do(sample: Sample, pattern: str) -> None:
    """One recommendation for each pattern, and a lower score."""
    total = Total()
    total.add(sample)
    report = make_report([total], people=2)
    assert [each["type"] for each in report["patterns"]] == [pattern]
    assert len(report["recommendations"]) == 1
    assert 70 <= report["score"] < 100


def test_a_report_is_never_below_zero() -> None:
    """However bad it is."""
    total = Total()
    total.add(Sample("", 9000, 90, 900, 0, 0, 50))
    assert make_report([total], people=2)["score"] == 0
