"""Takes the pictures for the documents: `python -m tests.dev.screenshots`.

They show real calls against a sandbox, in about a minute. The cameras are Chromium's invented ones,
and the measurements that the console shows are invented: between two tabs nothing is ever lost.
"""

from __future__ import annotations

import asyncio
import math
import random
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from tests.browser.chromium import Visits, running
from videsk_rooms import Retry, Videsk
from videsk_rooms.sandbox import Sandbox

from .calls import Caller, Lobby
from .console_page import ConsolePage
from .visitors import SWITCHES, Guest, elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ASSETS = Path(__file__).parents[2] / "docs" / "assets"
MOST_BYTES = 150_000
_SIZE = {"width": 1200, "height": 720}
_CALL_SIZE = {"width": 1000, "height": 560}
_SATURATED_FOR = 40.0  # seconds
_MEASURED_EVERY = timedelta(seconds=5)
_MEASURED = 120


def main() -> None:
    """Take all pictures."""
    with running() as browser:
        for take in (take_requests, take_saturated_limit, take_call):
            take(browser)
    with running(*SWITCHES) as browser:
        take_two_people(browser)


def take_requests(browser: Browser) -> None:
    """A call that was retried, with its attempts."""
    with Sandbox(console=True) as sandbox, client(sandbox) as videsk:
        elsewhere(lambda: make_calls(sandbox, videsk))
        for console, name in in_both_languages(browser, sandbox, "", "requests"):
            console.page.locator(".has-attempts .cell-opener").click()
            console.page.locator(".row.attempt").first.click()
            console.panel.locator(".body").first.wait_for()
            save(console, name)


def take_saturated_limit(browser: Browser) -> None:
    """The last minute under a saturated limit, and rooms."""
    with Sandbox(console=True) as sandbox, client(sandbox) as videsk:
        elsewhere(lambda: make_rooms(videsk))
        elsewhere(lambda: saturate(sandbox, videsk))
        for console, name in in_both_languages(browser, sandbox, "#/rooms", "limit"):
            save(console, name)


def take_call(browser: Browser) -> None:
    """What two people measured of their call."""
    with Sandbox(console=True) as sandbox, client(sandbox) as videsk:
        elsewhere(lambda: make_rooms(videsk))
        room = elsewhere(lambda: videsk.rooms.get_by_external_id("ticket-12345"))
        with people_in_a_call(sandbox, room.id):
            place = f"#/rooms/{room.id}"
            for console, name in in_both_languages(browser, sandbox, place, "call"):
                console.panel.locator(".chart-line").first.wait_for()
                title = console.page.locator("#measurements-title")
                title.evaluate("(title) => title.scrollIntoView()")
                save(console, name)


def take_two_people(browser: Browser) -> None:
    """Two people in a call, as one of them sees it."""
    with Sandbox(console=True) as sandbox, client(sandbox) as videsk:
        room = elsewhere(lambda: videsk.rooms.create(name="Support"))
        for locale, language in (("en-GB", ""), ("es-CL", ".es")):
            visits = Visits(browser)
            url = f"{sandbox.url}/call?room={room.id}&lang={locale[:2]}&alias="
            ana = Guest(visits, f"{url}Ana", locale=locale, viewport=_CALL_SIZE)
            luis = Guest(visits, f"{url}Luis", locale=locale, viewport=_CALL_SIZE)
            ana.sees_moving("Luis")
            luis.sees_moving("Ana")
            ana.clicks("Chat")
            field = ana.page.get_by_role("textbox")
            field.fill("https://example.org/invoice-2024-118")
            field.press("Enter")
            luis.reads("invoice-2024-118")
            write(ana.page, f"call{language}")
            luis.page.close()


def in_both_languages(
    browser: Browser, sandbox: Sandbox, place: str, name: str
) -> Iterator[tuple[ConsolePage, str]]:
    """Open the console in English, then in Spanish, with the name that the picture gets."""
    for locale, language in (("en-GB", ""), ("es-CL", ".es")):
        visits = Visits(browser)
        console = ConsolePage(visits, sandbox, place, locale=locale, viewport=_SIZE)
        yield console, f"console-{name}{language}"


def save(console: ConsolePage, name: str) -> None:
    """Write the picture of a console that has come to rest, and leave."""
    console.page.mouse.move(0, 0)
    console.page.wait_for_timeout(1200)
    write(console.page, name)


def write(page: Page, name: str) -> None:
    """Write the picture of a page, and leave."""
    path = ASSETS / f"{name}.png"
    page.screenshot(path=path)
    page.close()
    size = path.stat().st_size
    print(f"{path.name}: {size / 1000:.0f} KB")
    assert size < MOST_BYTES, f"{path.name} is too large for a page"


@contextmanager
def client(sandbox: Sandbox) -> Iterator[Videsk]:
    """Somebody's code."""
    retry = Retry(base_delay=0.4, max_delay=2.0)
    with Videsk(sandbox.api_token, base_url=sandbox.url, retry=retry) as videsk:
        yield videsk


def make_calls(sandbox: Sandbox, videsk: Videsk) -> None:
    """Calls as an application makes them, one of which goes wrong twice."""
    make_rooms(videsk)
    room = videsk.rooms.get_by_external_id("ticket-12345")
    sandbox.faults.status(503, on="create")
    sandbox.faults.drop("after", on="create")
    videsk.rooms.create(name="Onboarding", settings={"maxParticipants": 8})
    videsk.rooms.join(room)
    sandbox.faults.delay(0.35, on="list")
    videsk.with_options(priority="background").rooms.list(limit=100, sort="-created_at")
    videsk.rooms.update(room, name="Support: invoice 2024-118")


def make_rooms(videsk: Videsk) -> None:
    """Rooms that are open, that wait and that are over."""
    minutes = [
        ("Weekly meeting", "weekly-48", 95, 155),
        ("Interview: backend engineer", "interview-7", 25, 85),
        ("Consulta Dra. Pérez", "visit-2202", 10, 40),
        ("Consulta Dra. Pérez", "visit-2201", 0, 22),
        ("Sales: Valparaíso", "lead-881", 0, 45),
        ("Support", "ticket-12345", 0, 55),
    ]
    for name, external_id, opens, ends in minutes:
        videsk.rooms.create(
            name=name,
            external_id=external_id,
            nbf=timedelta(minutes=opens) if opens else None,
            exp=timedelta(minutes=ends),
        )
    videsk.rooms.end(videsk.rooms.create(name="Demo", external_id="demo-3"))


def saturate(sandbox: Sandbox, videsk: Videsk) -> None:
    """A bulk in the background, people who wait for their rooms, and a script without pacing."""
    end = time.monotonic() + _SATURATED_FOR
    rooms = [room for room in videsk.rooms.iter() if room.name != "Demo"]
    people = threading.Thread(target=lambda: look_at_rooms(videsk, end))
    people.start()
    with Videsk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=None, retry=Retry(attempts=1)
    ) as hasty:
        for count, _ in enumerate(videsk.rooms.join_many(cycle(rooms))):
            if time.monotonic() > end:
                break
            if count in (180, 420):
                for _ in hasty.rooms.join_many(["0" * 24] * 12):
                    pass
    people.join()


def look_at_rooms(videsk: Videsk, end: float) -> None:
    """Interactive calls that come and go in waves."""
    while time.monotonic() < end:
        videsk.rooms.list(limit=1)
        time.sleep(0.08 + 0.12 * (1 + math.sin(time.monotonic() / 3)))


@contextmanager
def people_in_a_call(sandbox: Sandbox, room_id: str) -> Iterator[None]:
    """Two people, inside as long as this is."""
    ready, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(hold_call(sandbox, room_id, ready, done)))
    thread.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        done.set()
        thread.join()


async def hold_call(
    sandbox: Sandbox, room_id: str, ready: threading.Event, done: threading.Event
) -> None:
    """Enter, measure for ten minutes of the sandbox's time, and stay."""
    async with aiohttp.ClientSession() as session:
        lobby = Lobby(sandbox, session)
        ana, bruno = await lobby.join(room_id, "Ana"), await lobby.join(room_id, "Bruno")
        chance = random.Random(7)
        both = (Measured(ana, bruno, 1.0, chance), Measured(bruno, ana, 1.9, chance))
        for step in range(_MEASURED):
            for person in both:
                await person.tell(is_bad=60 <= step < 78)
            while await samples(sandbox, session, room_id) <= 2 * step:
                pass  # it has yet to be read
            sandbox.advance(_MEASURED_EVERY)
        await session.post(f"{sandbox.console_url}dev/v1/clock", json={"back": True})
        ready.set()
        await asyncio.to_thread(done.wait)
        await lobby.videsk.close()


async def samples(sandbox: Sandbox, session: aiohttp.ClientSession, room_id: str) -> int:
    """How many measurements have arrived."""
    url = f"{sandbox.console_url}dev/v1/rooms/{room_id}/measurements"
    async with session.get(url) as answer:
        people = (await answer.json())["people"]
    return sum(len(person["samples"]) for person in people)


class Measured:
    """What somebody measures of the connection with somebody else; the counts only rise."""

    def __init__(
        self, caller: Caller, other: Caller, slowness: float, chance: random.Random
    ) -> None:
        self._caller = caller
        self._other = other
        self._slowness = slowness
        self._chance = chance
        self._step = 0
        self._stats = dict.fromkeys(
            ("videoPacketsLost", "videoPacketsReceived", "bytesSent", "bytesReceived"), 0.0
        )

    async def tell(self, *, is_bad: bool) -> None:
        """Measure once; while it is bad, packets are lost and everything takes longer."""
        self._step += 1
        noise, wave = self._chance.random(), math.sin(self._step / 9)
        worse = 2.6 if is_bad else 1.0
        self._stats["videoPacketsReceived"] += 500
        self._stats["videoPacketsLost"] += 9 + 25 * noise if is_bad else 2 * (noise > 0.8)
        self._stats["bytesSent"] += (760 + 70 * wave + 60 * noise) * 625 / worse / self._slowness
        self._stats["bytesReceived"] += (690 - 60 * wave + 50 * noise) * 625 / worse
        stats = {
            **self._stats,
            "currentRoundTripTime": (24 + 4 * wave + 6 * noise) * self._slowness * worse / 1000,
            "videoJitter": (3 + 2.5 * noise) * self._slowness * worse / 1000,
        }
        await self._caller.say(type="stats", to=self._other.peer, stats=stats)


if __name__ == "__main__":
    main()
