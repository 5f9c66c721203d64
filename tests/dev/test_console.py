"""The console as people use it: in a browser, against a sandbox that is called meanwhile."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import expect

from tests.browser.chromium import Visits
from videsk_rooms import NotFoundError, Retry, Videsk
from videsk_rooms._emulator.fault import KINDS
from videsk_rooms.sandbox import Sandbox

from .console_page import ConsolePage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    Opener = Callable[..., ConsolePage]

pytestmark = [
    pytest.mark.any_python("the page and the browser are the same everywhere"),
    # Playwright's loop counts as running in the thread of the tests, and stands still meanwhile.
    pytest.mark.filterwarnings("ignore:Videsk was called in a coroutine:RuntimeWarning"),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with a console."""
    with Sandbox(console=True) as sandbox:
        yield sandbox


@pytest.fixture
def visits(chromium_with_camera: Browser, sandbox: Sandbox) -> Iterator[Visits]:
    """Those who look at the console; an error or a violation of the policy fails the test.

    They leave before the sandbox stops: a page would complain that its events end.
    """
    assert sandbox.console_url
    visits = Visits(chromium_with_camera)
    yield visits
    visits.end()


@pytest.fixture
def videsk(sandbox: Sandbox) -> Iterator[Videsk]:
    """The code under development: it goes on without waiting long."""
    retry = Retry(base_delay=0.01, max_delay=0.02)
    with Videsk(sandbox.api_token, base_url=sandbox.url, retry=retry) as videsk:
        yield videsk


@pytest.fixture
def opened(visits: Visits, sandbox: Sandbox) -> Opener:
    """Opens the console."""
    return lambda place="", **options: ConsolePage(visits, sandbox, place, **options)


def test_it_says_how_to_begin(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """Until the first request; the token is copied, but not shown."""
    console = opened(permissions=["clipboard-read", "clipboard-write"])
    start = console.page.get_by_role("region", name="Waiting for the first request")
    expect(start).to_contain_text(f"export VIDESK_BASE_URL={sandbox.url}")
    assert sandbox.api_token not in console.page.content()
    console.click("Copy the shell lines")
    expect(start.get_by_text("Copied")).to_be_visible()
    assert console.page.evaluate("navigator.clipboard.readText()") == (
        f"export VIDESK_API_TOKEN={sandbox.api_token}\n"
        f"export VIDESK_BASE_URL={sandbox.url}\n"
        f"export VIDESK_SDK_URL={sandbox.sdk_url}\n"
    )
    videsk.rooms.create()
    expect(start).to_be_hidden()
    expect(console.rows).to_have_count(1)


def test_a_call_is_one_row_with_its_attempts(
    opened: Opener, sandbox: Sandbox, videsk: Videsk
) -> None:
    """However often it was retried."""
    sandbox.faults.status(503, on="list", times=2)
    console = opened()
    videsk.rooms.list()
    expect(console.rows).to_have_count(1)
    expect(console.rows).to_contain_text("3 attempts")
    console.rows.locator(".cell-opener").click()
    expect(console.rows).to_have_count(4)
    expect(console.row("Attempt 1")).to_contain_text("503")
    expect(console.row("Attempt 3")).to_contain_text("200")


def test_a_call_that_looks_up_what_became_of_it_is_one_row(
    opened: Opener, sandbox: Sandbox, videsk: Videsk
) -> None:
    """A create whose answer was lost: it is named as what it began as, and what it led to."""
    sandbox.faults.drop("after", on="create")
    videsk.rooms.create()
    console = opened()
    expect(console.rows).to_have_count(1)
    expect(console.rows).to_contain_text("POST/vpaas/roomscreate → get")
    expect(console.rows).to_contain_text("3 requests")
    console.grid.focus()
    for key in ("Home", "ArrowRight"):
        console.page.keyboard.press(key)
    expect(console.rows.nth(2)).to_contain_text("create, attempt 2")
    expect(console.rows.nth(3)).to_contain_text("get, attempt 1")


def test_a_request_is_shown_in_full(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """With headers and bodies, and without its secrets."""
    room = videsk.rooms.create(name="Support")
    console = opened()
    console.row("POST").click()
    expect(console.panel).to_contain_text('"name": "Support"')
    expect(console.panel).to_contain_text(room.id)
    assert room.access_token is not None
    content = console.page.content()
    assert sandbox.api_token not in content
    assert room.access_token not in content


def test_a_value_that_turns_the_direction_turns_nothing_after_it(
    opened: Opener, videsk: Videsk
) -> None:
    """What follows it in the line stands to its right."""
    # The client sends it escaped, the sandbox does not.
    videsk.rooms.create(name="\u202egnp.exe")
    console = opened("#/requests/1")
    value = console.panel.locator(".json-string", has_text="gnp.exe").last
    comma_is_right = value.evaluate(
        """(span) => {
            let text = span.nextSibling;
            while (text.data === "") text = text.nextSibling;
            const after = document.createRange();
            after.setStart(text, 0);
            after.setEnd(text, 1);
            const { right } = span.getBoundingClientRect();
            return after.toString() === "," && after.getBoundingClientRect().left >= right - 1;
        }"""
    )
    assert comma_is_right


def test_a_request_is_replayed(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """And the new one is shown: that its id exists by now, too."""
    videsk.rooms.create(name="Support")
    console = opened("#/requests/1")
    console.click("Replay", console.panel)
    expect(console.rows).to_have_count(2)
    expect(console.panel).to_contain_text("#2")
    assert [request.status for request in sandbox.requests] == [201, 409]


def test_a_request_is_copied(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """As curl and as Python."""
    videsk.rooms.create(name="Support")
    console = opened("#/requests/1", permissions=["clipboard-read", "clipboard-write"])
    console.click("Copy as curl", console.panel)
    expect(console.panel.get_by_text("Copied")).to_be_visible()
    copied = console.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('curl -X POST "$VIDESK_BASE_URL"/vpaas/rooms ')
    assert sandbox.api_token not in copied


def test_requests_are_filtered(opened: Opener, videsk: Videsk) -> None:
    """By status, operation and text."""
    videsk.rooms.create()
    with pytest.raises(NotFoundError):
        videsk.rooms.get("f" * 24)
    videsk.rooms.list()
    console = opened()
    expect(console.rows).to_have_count(3)
    console.page.get_by_label("Status", exact=True).select_option("4xx")
    expect(console.rows).to_have_count(1)
    expect(console.rows).to_contain_text("404")
    console.page.get_by_label("Status", exact=True).select_option("")
    console.page.get_by_label("Operation", exact=True).select_option("create")
    expect(console.rows).to_have_count(1)
    expect(console.rows).to_contain_text("POST")
    console.page.get_by_label("Operation", exact=True).select_option("")
    console.page.get_by_label("Filter by path").fill("ffffff")
    expect(console.rows).to_have_count(1)
    expect(console.rows).to_contain_text("404")
    console.page.get_by_label("Filter by path").fill("nothing has this")
    expect(console.page.get_by_text("No request matches the filters.")).to_be_visible()


def test_the_list_is_paused(opened: Opener, videsk: Videsk) -> None:
    """What comes meanwhile is counted, and shown afterwards."""
    videsk.rooms.create()
    console = opened()
    expect(console.rows).to_have_count(1)
    console.click("Pause")
    videsk.rooms.create()
    expect(console.page.get_by_text("1 call, 1 new")).to_be_visible()
    expect(console.rows).to_have_count(1)
    console.click("Resume")
    expect(console.rows).to_have_count(2)


def test_what_is_looked_at_stays_while_requests_come(visits: Visits) -> None:
    """Unless it is the top of the list."""
    with (
        Sandbox(console=True, rate=None) as sandbox,
        Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as videsk,
    ):
        for _ in range(60):
            videsk.rooms.list()
        console = ConsolePage(visits, sandbox)
        expect(console.page.get_by_text("60 calls")).to_be_visible()
        console.grid.evaluate("(list) => list.scrollTop = 1000")
        looked_at = console.rows.nth(12)
        key, place = looked_at.get_attribute("data-key"), looked_at.bounding_box()
        videsk.rooms.list()
        expect(console.page.get_by_text("61 calls")).to_be_visible()
        assert console.page.locator(f"[data-key='{key}']").bounding_box() == place
        console.page.close()


def test_the_list_is_used_by_keyboard(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """Arrows, Enter and Escape; focus comes back."""
    sandbox.faults.status(503, on="list")
    videsk.rooms.list()
    videsk.rooms.create()
    console = opened()
    expect(console.rows).to_have_count(2)
    console.grid.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        console.page.keyboard.press(key)
    expect(console.rows).to_have_count(4)
    for key in ("ArrowDown", "Enter"):
        console.page.keyboard.press(key)
    expect(console.panel.locator("h2")).to_be_focused()
    expect(console.panel.locator("h2")).to_contain_text("503")
    console.page.keyboard.press("Escape")
    expect(console.grid).to_be_focused()
    active = console.grid.get_attribute("aria-activedescendant")
    expect(console.page.locator(f"#{active}")).to_contain_text("Attempt 1")


def test_a_fault_is_added_by_a_click(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """The page says so while it is to come, in its head, too."""
    console = opened("#/conditions")
    console.page.get_by_role("button", name="Status 503").first.click()
    expect(console.page.get_by_role("listitem").filter(has_text="Status 503")).to_be_visible()
    badge = console.page.get_by_role("link", name="Faults on: 1")
    expect(badge).to_be_visible()
    videsk.rooms.create()
    expect(badge).to_be_hidden()
    assert [request.status for request in sandbox.requests] == [503, 201]


def test_every_third_request_fails_until_faults_are_cleared(
    opened: Opener, sandbox: Sandbox, videsk: Videsk
) -> None:
    """And of one operation, if wanted."""
    console = opened("#/conditions")
    console.page.get_by_text("Every third").click()
    console.page.get_by_label("For which operation").select_option("list")
    console.page.get_by_role("button", name="Dropped before").click()
    pending = console.page.locator(".pending li")
    expect(pending).to_have_text("Dropped before · list · one in 3")
    for _ in range(3):
        videsk.rooms.list()
    assert [request.fault for request in sandbox.requests].count("drop-before") == 1
    console.click("Clear faults")
    expect(pending).to_have_count(0)
    assert sandbox.faults.pending == ()


def test_a_share_of_requests_fails(opened: Opener) -> None:
    """By chance."""
    console = opened("#/conditions")
    console.page.get_by_text("30% of them").click()
    expect(console.page.get_by_text("429, 500, 502, 503 or 504")).to_be_visible()
    console.page.get_by_role("button", name="Not JSON").click()
    expect(console.page.locator(".pending li")).to_contain_text("Not JSON · every operation · 30%")
    console.page.get_by_role("button", name="Any fault").click()
    expect(console.page.locator(".pending li")).to_contain_text("Any fault · every operation · 30%")


def test_any_status_may_be_asked_for(opened: Opener, sandbox: Sandbox, videsk: Videsk) -> None:
    """Not only those that have a button."""
    console = opened("#/conditions")
    console.page.get_by_label("Another status").fill("418")
    console.page.keyboard.press("Enter")
    expect(console.page.locator(".pending li")).to_have_text("Status 418 · every operation · once")


@pytest.mark.parametrize("requests", ["The next", "Every third"])
def test_every_button_adds_a_fault(opened: Opener, sandbox: Sandbox, requests: str) -> None:
    """None is refused."""
    console = opened("#/conditions")
    console.page.get_by_text(requests).click()
    buttons = console.page.locator("button.way")
    expect(buttons.first).to_be_visible()
    for count in range(buttons.count()):
        buttons.nth(count).click()
        expect(console.page.locator(".pending li")).to_have_count(count + 1)
    assert {fault.kind for fault in sandbox.faults.pending} == set(KINDS)


def test_the_clock_goes_to_a_rooms_opening_and_back(
    opened: Opener, sandbox: Sandbox, videsk: Videsk
) -> None:
    """A badge says so meanwhile, and the room is open."""
    videsk.rooms.create(name="Interview", nbf=timedelta(hours=1), exp=timedelta(hours=2))
    console = opened("#/conditions")
    console.page.get_by_role("button", name=re.compile("^Interview")).click()
    badge = console.page.get_by_role("link", name=re.compile(r"Clock \+59 min|Clock \+1 h"))
    expect(badge).to_be_visible()
    console.go("Rooms")
    expect(console.page.get_by_role("button", name=re.compile("^Interview"))).to_have_class(
        re.compile("open")
    )
    console.go("Faults & clock")
    console.click("Back to now")
    expect(badge).to_be_hidden()
    console.go("Rooms")
    expect(console.page.get_by_role("button", name=re.compile("^Interview"))).to_have_class(
        re.compile("waiting")
    )


def test_a_room_is_created_moved_and_ended(opened: Opener, sandbox: Sandbox) -> None:
    """None of it is a request of the limit; ending asks first."""
    console = opened("#/rooms")
    console.click("Create a room")
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Support")
    dialog.get_by_label("Your own id").fill("ticket-1")
    console.click("Create", dialog)
    expect(console.panel.locator("h2")).to_have_text("Support")
    console.click("Move", console.panel)
    console.click("in 1 h", dialog)
    console.click("1 h long", dialog)
    console.click("Move", dialog)
    expect(console.panel.locator(".badge")).to_have_text("Waiting")
    console.click("End", console.panel)
    expect(dialog).to_contain_text("People inside are disconnected")
    console.click("End", dialog)
    expect(console.panel.locator(".badge")).to_have_text("Over")
    assert [room["externalId"] for room in sandbox.rooms] == ["ticket-1"]
    assert len(sandbox.requests) == 0


def test_a_dialog_says_why_not(opened: Opener, visits: Visits, videsk: Videsk) -> None:
    """In the words of the API; what was typed stays."""
    videsk.rooms.create(external_id="ticket-1")
    console = opened("#/rooms")
    console.click("Create a room")
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Your own id").fill("ticket-1")
    console.click("Create", dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("externalId already exists")
    expect(dialog.get_by_label("Your own id")).to_have_value("ticket-1")
    visits.forgive("409")
    console.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_room_is_joined_in_a_new_tab(opened: Opener, videsk: Videsk) -> None:
    """Under the name that was typed; the console shows who is in it, and that they leave."""
    room = videsk.rooms.create(name="Support")
    console = opened(f"#/rooms/{room.id}")
    console.panel.get_by_label("Join as").fill("Ana María")
    with console.page.context.expect_page() as tab:
        console.click("Join as", console.panel)
    tab.value.wait_for_url("**/call?*")
    assert tab.value.url.endswith(f"/call?room={room.id}&alias=Ana+Mar%C3%ADa&lang=en")
    inside = console.panel.get_by_role("region", name="In the room now")
    expect(inside).to_contain_text("Ana María")
    expect(console.panel.get_by_role("region", name="Who joined")).to_contain_text("127.0.0.1")
    tab.value.close()
    expect(inside).to_contain_text("Nobody.")


def test_what_is_typed_stays_while_rooms_change(opened: Opener, videsk: Videsk) -> None:
    """And focus stays with it."""
    room = videsk.rooms.create(name="Support")
    console = opened(f"#/rooms/{room.id}")
    name = console.panel.get_by_label("Join as")
    name.fill("An")
    videsk.rooms.update(room, name="Sales")
    expect(console.panel.locator("h2")).to_have_text("Sales")
    name.press_sequentially("a")
    expect(name).to_be_focused()
    expect(name).to_have_value("Ana")


def test_the_last_minute_shows_what_was_refused(opened: Opener, sandbox: Sandbox) -> None:
    """Beside what was let in, in words and by a mark that needs no colour."""
    console = opened()
    with (
        Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as videsk,
        ThreadPoolExecutor(16) as threads,
    ):
        list(threads.map(lambda _: videsk.rooms.list(), range(60)))
    refused = sum(request.status == 429 for request in sandbox.requests)
    strip = console.page.get_by_role("region", name="Last minute")
    expect(strip).to_contain_text(f"{60 + refused} requests · at most 20 of 20 in a second")
    expect(strip).to_contain_text(f"{refused} refused")
    expect(strip.locator(".refused-mark").first).to_be_visible()


def test_the_last_minute_is_read_by_keyboard(opened: Opener, videsk: Videsk) -> None:
    """Second by second."""
    list(videsk.with_options(priority="background").rooms.iter())
    console = opened()
    seconds = console.page.get_by_role("slider", name="Requests, second by second")
    expect(seconds).to_have_attribute("aria-valuetext", re.compile("1 request"))
    seconds.focus()
    console.page.keyboard.press("Home")
    expect(seconds).to_have_attribute("aria-valuetext", "59 s ago · no requests")


def test_it_is_in_the_language_of_the_browser(opened: Opener, videsk: Videsk) -> None:
    """Until another is chosen, which is remembered."""
    videsk.rooms.create()
    console = opened(locale="es-CL")
    expect(console.page.get_by_role("link", name="Solicitudes")).to_be_visible()
    assert console.page.locator("html").get_attribute("lang") == "es"
    console.click("EN: switch to English")
    expect(console.page.get_by_role("link", name="Requests")).to_be_visible()
    expect(console.page.get_by_role("button", name="ES: cambiar a español")).to_be_focused()
    expect(console.rows).to_have_count(1)
    console.page.reload()
    expect(console.page.get_by_role("link", name="Requests")).to_be_visible()


def test_the_theme_is_the_systems_until_another_is_chosen(opened: Opener) -> None:
    """It is remembered, too."""
    console = opened(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert console.page.evaluate(ground) == "rgb(16, 20, 27)"
    console.click("Theme: system. Change it")
    assert console.page.evaluate(ground) == "rgb(245, 246, 248)"
    console.page.reload()
    expect(console.page.locator(".connection.open")).to_be_visible()
    assert console.page.evaluate(ground) == "rgb(245, 246, 248)"


def test_a_lost_connection_is_said_and_comes_back(visits: Visits) -> None:
    """With what the new sandbox has, and nothing of the old one."""
    with Sandbox(console=True) as first:
        port = int(first.url.rpartition(":")[2])
        with Videsk(first.api_token, base_url=first.url) as videsk:
            videsk.rooms.create(name="Old")
        console = ConsolePage(visits, first)
        expect(console.rows).to_have_count(1)
    expect(console.page.get_by_role("alert").filter(has_text="was lost")).to_be_visible()
    with Sandbox(console=True, port=port) as second:
        expect(console.page.locator(".connection.open")).to_be_visible()
        expect(console.page.get_by_text("Waiting for the first request")).to_be_visible()
        with Videsk(second.api_token, base_url=second.url) as videsk:
            videsk.rooms.create(name="New")
        expect(console.rows).to_have_count(1)
        console.page.close()
    visits.forgive("ERR_")


def test_ten_thousand_requests_do_not_freeze_the_page(visits: Visits) -> None:
    """It answers meanwhile; what is kept is bounded, and only what is in sight is drawn."""
    with Sandbox(console=True, rate=None) as sandbox:
        with Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as videsk:
            videsk.rooms.create()
            console = ConsolePage(visits, sandbox)
            with ThreadPoolExecutor(8) as threads:
                calls = threads.map(lambda _: videsk.rooms.list(limit=1), range(10_000))
                console.click("Pause")
                expect(console.page.get_by_text(re.compile("calls?, [0-9,]+ new"))).to_be_visible()
                console.click("Resume")
                list(calls)
        total = console.page.get_by_role("link", name=re.compile("Requests 10001"))
        expect(total).to_be_visible()
        expect(console.page.locator(".requests .count")).to_contain_text("5,000 calls")
        assert console.rows.count() < 60
        console.page.close()


def test_the_values_of_many_connections_stay_in_their_chart(opened: Opener, videsk: Videsk) -> None:
    """As after a page was reloaded some times: each time it measures as somebody new."""
    room = videsk.rooms.create(name="Check-up")
    samples = [{"at": "2042-08-14T15:00:00.000Z", "sendKbps": 512.0, "receiveKbps": 505.0}]
    people = [
        {"peer": f"a{n}", "alias": f"Guest {n}", "to": "b", "toAlias": "Ana", "samples": samples}
        for n in range(12)
    ]
    console = opened()
    console.page.route("**/measurements", lambda route: route.fulfill(json={"people": people}))
    console.page.goto(f"{console.page.url.partition('#')[0]}#/rooms/{room.id}")
    charts = console.page.locator(".chart")
    expect(console.page.locator(".chart-value")).to_have_count(24)
    assert charts.evaluate_all("all => all.every((each) => each.scrollWidth <= each.clientWidth)")


@pytest.mark.parametrize("place", ["#/requests/1", "#/rooms", "#/conditions"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_place_is_wider_than_the_window(
    opened: Opener, videsk: Videsk, width: int, place: str
) -> None:
    """On a phone neither."""
    videsk.rooms.create(name="A name that is rather long for a room " * 4)
    console = opened(place, viewport={"width": width, "height": 700}, locale="es-CL")
    expect(console.page.locator("main")).to_be_visible()
    assert console.page.evaluate("document.documentElement.scrollWidth") <= width
