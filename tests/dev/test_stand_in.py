"""The stand-in has the documented face of Videsk's Browser SDK: class, elements, events, codes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from videsk_rooms.dev import _classic
from videsk_rooms.sandbox import Sandbox

from .visitors import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.chromium import Visits

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")

HOUR = timedelta(hours=1)
# The 64 fields of the event `stats`, as Videsk's documentation names them.
FIELDS = set(
    re.findall(
        r"[\w-]+",
        """
peerId ip port protocol networkType connectionType timestamp ua
audioJitter audioPacketsLost audioPacketsReceived audioInboundLevel audioBytesReceived
audioPacketsDiscarded audioInboundMimeType
audioLevel audioSampleDuration audioBytesSent audioPacketsSent audioActive audioMimeType
audioRetransmittedBytesSent audioRetransmittedPacketsSent audioTotalPacketSendDelay audioNack
audioBitrate
videoJitter videoPacketsLost videoDecoder videoIPliLoss videoFramesDropped videoFreezes
videoFreezeDuration videoFrames videoPacketsReceived videoBytesReceived videoInboundMimeType
videoMimeType videoBytesSent videoPacketsSent videoActive videoNack videoOPliLoss videoLimitations
videoLimitationsBandwidth videoLimitationsCpu videoLimitationsNone videoLimitationsOther
videoRetransmittedBytesSent videoRetransmittedPacketsSent videoTotalPacketSendDelay videoBitrate
availableOutgoingBitrate bytesDiscardedOnSend packetsDiscarded bytesReceived bytesSent
currentRoundTripTime lastPacketReceived lastPacketSent packetsSent packetsReceived
totalRoundTripTime state
""",
    )
)
PARTS = set(
    re.findall(
        r"[\w-]+",
        """
chat buttons button-screen button-mic button-cam button-hangup button-toggle-camera button-chat
button-fullscreen participants participants-toggle container
""",
    )
)
SLOTS = set(
    re.findall(
        r"[\w-]+",
        """
button-screen button-mic button-cam button-hangup button-toggle-camera button-chat
button-fullscreen participants-toggle-icons
""",
    )
)


@pytest.fixture
def page(visits: Visits, sandbox: Sandbox) -> Page:
    return page_with_class(visits, sandbox)


def page_with_class(visits: Visits, sandbox: Sandbox) -> Page:
    """Open a page on which `WebRTC` is the class, and `log` what its events told."""
    page = visits.visitor(locale="en-US")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{sandbox.url}/call")  # which names no room, and does nothing
    page.evaluate(
        """async () => {
            window.WebRTC = (await import("/sdk/webrtc.esm.js")).default;
            window.log = [];
            window.listen = (target, ...names) => {
                for (const name of names) {
                    target.addEventListener(name, ({ detail }) => log.push([name, detail]));
                }
                return target;
            };
            window.heard = async (name) => {
                for (;;) {
                    const found = log.find(([each]) => each === name);
                    if (found) return found[1];
                    await new Promise((done) => setTimeout(done, 20));
                }
            };
        }"""
    )
    return page


def token_of(sandbox: Sandbox, page: Page, room: dict[str, object] | None = None) -> str:
    """Issue a token of a room, as the page `/call` does."""
    room_id = (room or sandbox.add_room())["id"]
    answer = page.evaluate(
        """async (id) => (await fetch(`/dev/v1/rooms/${id}/join`, {
            method: "POST", headers: { "Content-Type": "application/json" }, body: "{}",
        })).json()""",
        room_id,
    )
    return str(answer["accessToken"])


def enter(page: Page, token: str, alias: str | None = None) -> None:
    """Enter a room; `webrtc` is what entered."""
    page.evaluate(
        """async ([token, alias]) => {
            window.webrtc = new WebRTC();
            if (alias) webrtc.alias = alias;
            listen(webrtc, "media-status", "new-message", "peer:disconnect", "disconnected",
                "stats", "error", "hangup");
            await webrtc.create(token);
        }""",
        [token, alias],
    )


def enter_both(sandbox: Sandbox, page: Page, other: Page) -> None:
    """Enter a new room, and have Luis follow from another page."""
    room = sandbox.add_room()
    enter(page, token_of(sandbox, page, room))
    enter(other, token_of(sandbox, other, room), "Luis")


def refusal(page: Page, token: str) -> dict[str, Any]:
    """What a refused token raises, and what `create` rejects with."""
    told: dict[str, Any] = page.evaluate(
        """async (token) => {
            const webrtc = listen(new WebRTC(), "error");
            const rejected = await webrtc.create(token).then(() => null, (error) => error);
            webrtc.destroy(true, true);
            const { originalEvent, ...detail } = log.pop()[1];
            return { detail, rejected: { code: rejected.code, message: rejected.message } };
        }""",
        token,
    )
    return told


def test_a_refused_token_is_told_by_its_code_and_message(page: Page, sandbox: Sandbox) -> None:
    """By the event `error`, and `create` rejects with the same."""
    now = sandbox.now
    early = token_of(sandbox, page, sandbox.add_room(nbf=now + HOUR, exp=now + 2 * HOUR))
    late = token_of(sandbox, page, sandbox.add_room(exp=now - HOUR, nbf=now - 2 * HOUR))
    forged = ".".join([*early.split(".")[:2], late.split(".")[2]])
    told = {token: refusal(page, token) for token in (early, late, forged, "nonsense")}
    messages = ["jwt not active", "jwt expired", "invalid signature", "jwt malformed"]
    for each, message in zip(told.values(), messages, strict=True):
        assert each["detail"] == {
            "code": 4401,
            "name": "NotAuthenticated",
            "message": message,
            "errors": [],
        }
        assert each["rejected"] == {"code": 4401, "message": message}


def test_nobody_is_asked_for_a_camera_in_vain(page: Page) -> None:
    """The token is looked at first."""
    asked = page.evaluate(
        """async () => {
            let asked = 0;
            navigator.mediaDevices.getUserMedia = () => { asked += 1; };
            await new WebRTC().create("nonsense").catch(() => {});
            return asked;
        }"""
    )
    assert asked == 0


def test_a_pair_that_is_not_checked_yet_has_a_documented_state(
    page: Page, sandbox: Sandbox
) -> None:
    """Browsers call it otherwise."""
    page.goto(sandbox.sdk_url)
    made = """async (state) => {
        const { statsFields } = await import("/sdk/stats.js");
        const pair = { type: "candidate-pair", nominated: true, state };
        return statsFields(new Map([["pair", pair]]), "peer").state;
    }"""
    assert page.evaluate(made, "in-progress") == "checking"
    assert page.evaluate(made, "succeeded") == "succeeded"


def test_the_statistics_have_the_documented_fields(
    page: Page, visits: Visits, sandbox: Sandbox
) -> None:
    """All 64 and no others, one event for each peer every 5 seconds."""
    enter_both(sandbox, page, page_with_class(visits, sandbox))
    stats = page.evaluate("heard('stats')")
    assert len(FIELDS) == 64
    assert set(stats) == FIELDS
    assert stats["connectionType"] == "host"
    assert stats["protocol"] == "udp"
    assert stats["videoBytesReceived"] > 0
    assert stats["audioBytesSent"] > 0
    assert stats["videoMimeType"].startswith("video/")
    assert stats["state"] in ("succeeded", "connected", "completed")


def test_others_hear_of_cameras_messages_and_leaving(
    page: Page, visits: Visits, sandbox: Sandbox
) -> None:
    """By `media-status`, `new-message` and `peer:disconnect`, each with the peer's id."""
    other = page_with_class(visits, sandbox)
    enter_both(sandbox, page, other)
    status = page.evaluate("heard('media-status')")
    assert {name: status[name] for name in ("screen", "video", "audio")} == {
        "screen": False,
        "video": True,
        "audio": True,
    }
    other.evaluate("webrtc.sendMessage('Hello')")
    message = page.evaluate("heard('new-message')")
    assert (message["message"], message["alias"]) == ("Hello", "Luis")
    other.evaluate("webrtc.destroy()")
    gone = page.evaluate("heard('peer:disconnect')")
    assert gone == {"peer": status["peer"]}
    assert message["peer"] == status["peer"]


def test_without_an_alias_others_see_an_id(page: Page, visits: Visits, sandbox: Sandbox) -> None:
    """A UUID; the alias is set before `create`."""
    other = page_with_class(visits, sandbox)
    enter_both(sandbox, page, other)
    caption = other.locator("videsk-webrtc figure.remote figcaption")
    expect(caption).to_have_text(re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))
    expect(page.locator("videsk-webrtc figure.remote figcaption")).to_have_text("Luis")


def test_a_message_or_an_alias_that_is_too_long_ends_no_call(page: Page, sandbox: Sandbox) -> None:
    """The sandbox would refuse it, and disconnect who sent it."""
    enter(page, token_of(sandbox, page), "x" * 1000)
    refused = page.evaluate(
        """() => ["", "x".repeat(4001)].map((text) => {
            try { webrtc.sendMessage(text); } catch ({ name }) { return name; }
        })"""
    )
    assert refused == ["RangeError", "RangeError"]
    page.evaluate("webrtc.sendMessage('x'.repeat(4000)); webrtc.alias = ''")
    assert page.evaluate("[webrtc.alias === undefined, webrtc.localStream.active]") == [True, True]


def test_a_lost_server_is_told(page: Page, sandbox: Sandbox) -> None:
    """By `disconnected`, without a detail; the camera is released."""
    enter(page, token_of(sandbox, page))
    page.evaluate("window.stream = webrtc.localStream")
    sandbox.stop()
    assert page.evaluate("heard('disconnected')") is None
    assert page.evaluate("[stream.active, webrtc.localStream === undefined]") == [False, True]


def test_hanging_up_leaves_and_is_told(page: Page, sandbox: Sandbox) -> None:
    """By `hangup`; a page that prevents it on the element stays."""
    enter(page, token_of(sandbox, page))
    page.evaluate(
        """() => document.querySelector("videsk-webrtc")
            .addEventListener("hangup", (event) => event.preventDefault(), { once: true })"""
    )
    button = page.get_by_role("button", name="Leave")
    button.click()
    assert page.evaluate(
        "[log.some(([name]) => name === 'hangup'), webrtc.localStream.active]"
    ) == [
        False,
        True,
    ]
    button.click()
    page.evaluate("heard('hangup')")
    assert page.evaluate("webrtc.localStream === undefined")


def test_the_layout_is_grid_or_sidebar(page: Page) -> None:
    """Anything else is a warning, and ignored."""
    with page.expect_console_message(lambda message: message.type == "warning"):
        seen = page.evaluate(
            """() => {
                const webrtc = new WebRTC();
                const element = document.querySelector("videsk-webrtc");
                const seen = [webrtc.layout];
                webrtc.layout = "sidebar";
                seen.push(webrtc.layout, element.hasAttribute("sidebar"));
                webrtc.layout = "circle";
                return [...seen, webrtc.layout];
            }"""
        )
    assert seen == ["grid", "sidebar", True, "sidebar"]


def test_an_element_of_the_page_is_used_or_one_is_made(page: Page) -> None:
    """In the parent that is given; `destroy` removes it if it is told to."""
    counts = page.evaluate(
        """() => {
            const count = (parent) => parent.querySelectorAll("videsk-webrtc").length;
            const own = document.createElement("videsk-webrtc");
            document.body.append(own);
            new WebRTC(own);
            const parent = document.body.appendChild(document.createElement("section"));
            const made = new WebRTC(null, parent);
            const counts = [count(document.body), count(parent)];
            made.destroy(true, true);
            return [...counts, count(document.body), count(parent)];
        }"""
    )
    assert counts == [2, 1, 1, 0]


def test_a_live_stream_wins_over_constraints(page: Page, sandbox: Sandbox) -> None:
    """And goes on when `destroy` is not to stop it."""
    states = page.evaluate(
        """async (token) => {
            const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
            const webrtc = new WebRTC();
            await webrtc.create(token, { audio: true, video: false }, stream);
            const same = webrtc.localStream === stream;
            webrtc.destroy(false);
            const after = stream.active;
            for (const track of stream.getTracks()) track.stop();
            return [same, after, webrtc.localStream === undefined];
        }""",
        token_of(sandbox, page),
    )
    assert states == [True, True, True]


def test_entering_again_stops_the_camera_that_was_asked_for(page: Page, sandbox: Sandbox) -> None:
    """But not what the page has given, nor what it gives again."""
    states = page.evaluate(
        """async (tokens) => {
            const webrtc = new WebRTC();
            const states = [];
            const enter = async (stream) => {
                const before = webrtc.localStream;
                await webrtc.create(tokens.pop(), undefined, stream);
                states.push(before?.active);
                return webrtc.localStream;
            };
            const asked = await enter();
            const again = await enter();
            await enter(again);
            await enter();
            webrtc.destroy();
            return [...states, asked.active];
        }""",
        [token_of(sandbox, page) for _ in range(4)],
    )
    # What was given again is the page's from then on.
    assert states == [None, False, True, True, False]


def test_what_is_asked_for_before_leaving_and_comes_later_is_stopped(
    page: Page, sandbox: Sandbox
) -> None:
    """The screen and the other camera: else nobody would stop them."""
    told = page.evaluate(
        """async (tokens) => {
            const { mediaDevices } = navigator;
            const real = mediaDevices.getUserMedia.bind(mediaDevices);
            const given = [];
            const late = async (constraints) => {
                const stream = await real(constraints.facingMode ? constraints : { video: true });
                given.push(stream);
                return stream;
            };
            const webrtc = new WebRTC();
            const { localMedia } = document.querySelector("videsk-webrtc");
            const told = [];
            for (const ask of ["display", "turn"]) {
                await webrtc.create(tokens.pop());
                mediaDevices.getDisplayMedia = mediaDevices.getUserMedia = late;
                const asked = localMedia[ask]().then(() => null, (error) => error.name);
                webrtc.destroy();
                told.push(await asked);
                delete mediaDevices.getUserMedia;
            }
            return [told, given.map(({ active }) => active), localMedia.sharingScreen];
        }""",
        [token_of(sandbox, page), token_of(sandbox, page)],
    )
    assert told == [["AbortError", "AbortError"], [False, False], False]


def test_two_clicks_on_the_other_camera_leave_one_camera(page: Page, sandbox: Sandbox) -> None:
    """The one of the first click is stopped."""
    active = page.evaluate(
        """async (token) => {
            const { mediaDevices } = navigator;
            const real = mediaDevices.getUserMedia.bind(mediaDevices);
            const given = [];
            mediaDevices.getUserMedia = async (constraints) => {
                given.push(await real(constraints));
                return given.at(-1);
            };
            const webrtc = new WebRTC();
            await webrtc.create(token);
            const { localMedia } = document.querySelector("videsk-webrtc");
            await Promise.all([localMedia.turn(), localMedia.turn()]);
            const live = given.flatMap((stream) => stream.getVideoTracks());
            const count = live.filter(({ readyState }) => readyState === "live").length;
            webrtc.destroy();
            return [given.length, count];
        }""",
        token_of(sandbox, page),
    )
    assert active == [3, 1]


def test_constraints_say_what_is_sent(page: Page, sandbox: Sandbox) -> None:
    """Without them it is camera and microphone."""
    kinds = page.evaluate(
        """async (tokens) => {
            const webrtc = new WebRTC();
            const kinds = [];
            for (const constraints of [undefined, { audio: true }]) {
                await webrtc.create(tokens.pop(), constraints);
                kinds.push(webrtc.localStream.getTracks().map(({ kind }) => kind).sort().join());
                webrtc.destroy();
            }
            return kinds;
        }""",
        [token_of(sandbox, page), token_of(sandbox, page)],
    )
    assert kinds == ["audio,video", "audio"]


def test_a_camera_that_is_refused_is_told(page: Page, sandbox: Sandbox) -> None:
    """`create` rejects with the browser's error, and the element raises `media:error`."""
    told = page.evaluate(
        """async (token) => {
            navigator.mediaDevices.getUserMedia = () =>
                Promise.reject(new DOMException("no", "NotAllowedError"));
            const webrtc = new WebRTC();
            const element = listen(document.querySelector("videsk-webrtc"), "media:error");
            const rejected = await webrtc.create(token).then(() => null, (error) => error.name);
            const { error, camera, screen } = log[0][1];
            return [rejected, error.name, camera, screen];
        }""",
        token_of(sandbox, page),
    )
    assert told == ["NotAllowedError", "NotAllowedError", True, False]


def test_the_element_has_the_documented_parts_and_slots(page: Page) -> None:
    """In an open shadow root, with a <videsk-chat> in it."""
    found = page.evaluate(
        """() => {
            const element = document.createElement("videsk-webrtc");
            const { shadowRoot } = document.body.appendChild(element);
            const all = (selector, name) => [...shadowRoot.querySelectorAll(selector)]
                .map((node) => node.getAttribute(name));
            return [all("[part]", "part"), all("slot", "name"),
                shadowRoot.querySelectorAll("videsk-chat").length];
        }"""
    )
    assert not PARTS - set(found[0])
    assert sorted(found[1]) == sorted(SLOTS)
    assert found[2] == 1


def test_the_element_has_the_documented_methods_and_properties(page: Page) -> None:
    """With the documented types and defaults."""
    assert page.evaluate(
        """async () => {
            const element = document.body.appendChild(document.createElement("videsk-webrtc"));
            const stream = await element.camera({ video: true });
            stream.getTracks().forEach((track) => track.stop());
            let refused = false;
            try { element.changeStream(stream); } catch { refused = true; }
            return [
                ["join", "display", "devices"].every((name) => typeof element[name] === "function"),
                (await element.devices()).length > 0, stream instanceof MediaStream, refused,
                element.layout, element.chat, element.peers instanceof Map, element.peers.size,
                element.isConnectedWithPeer, element.sharingScreen, element.video, element.audio,
                element.defaultConstraints,
            ];
        }"""
    ) == [
        *(True, True, True, True),
        *("grid", False, True, 0),
        *(False, False, False, False),
        {"video": {"facingMode": {"ideal": "user"}}, "audio": True},
    ]


def test_the_element_tells_of_participants_and_media(
    page: Page, visits: Visits, sandbox: Sandbox
) -> None:
    """By `participant` and `media:status`, of this side and of others."""
    room = sandbox.add_room()
    other = page_with_class(visits, sandbox)
    enter(page, token_of(sandbox, page, room))
    page.evaluate(
        """() => {
            const element = document.querySelector("videsk-webrtc");
            element.addEventListener("participant", ({ detail: { action, peer, stream } }) =>
                log.push([action,
                    { known: element.peers.has(peer), tracks: stream.getTracks().length }]));
            element.addEventListener("media:status", ({ detail: { remote, video, peer, node } }) =>
                log.push([remote ? "remote" : "local",
                    { video, node: node.localName, peer: !!peer }]));
            element.video = false;
        }"""
    )
    enter(other, token_of(sandbox, other, room))
    assert page.evaluate("heard('local')") == {"video": False, "node": "video", "peer": False}
    assert page.evaluate("heard('added')") == {"known": True, "tracks": 2}
    assert page.evaluate("heard('remote')") == {"video": True, "node": "video", "peer": True}
    other.evaluate("webrtc.destroy()")
    assert page.evaluate("heard('removed')") == {"known": False, "tracks": 2}


def test_a_page_can_prevent_that_participants_are_hidden(page: Page) -> None:
    """`participants-toggle` is cancelable."""
    hidden = page.evaluate(
        """() => {
            const element = document.body.appendChild(document.createElement("videsk-webrtc"));
            const container = element.shadowRoot.querySelector("[part=container]");
            const click = () => {
                element.shadowRoot.querySelector("[part=participants-toggle]").click();
                return container.classList.contains("alone");
            };
            const seen = [click(), click()];
            element.addEventListener("participants-toggle", (event) => event.preventDefault());
            return [...seen, click()];
        }"""
    )
    assert hidden == [True, False, False]


def test_the_chat_counts_what_is_unread_and_shows_html_as_it_is(page: Page) -> None:
    """And makes links of web addresses alone."""
    seen = page.evaluate(
        """() => {
            const chat = document.body.appendChild(document.createElement("videsk-chat"));
            listen(chat, "new-message", "unread-message");
            chat.add("<img src=x onerror=alert(1)> http://a.example/x, javascript:alert(1)", false);
            chat.add("mine", true, false);
            chat.active = true;
            const links = [...chat.shadowRoot.querySelectorAll("a")];
            return [log.map(([name, { total, remote }]) => [name, total ?? remote]),
                chat.shadowRoot.querySelectorAll("img").length,
                links.map(({ href, rel }) => [href, rel]),
                chat.classList.contains("active")];
        }"""
    )
    assert seen == [
        [["unread-message", 1], ["new-message", True], ["unread-message", 0]],
        0,
        [["http://a.example/x", "noopener noreferrer"]],
        True,
    ]


def test_bad_quality_is_told_after_two_intervals(page: Page) -> None:
    """A worse severity at once; two good intervals end it."""
    told = page.evaluate(
        """async () => {
            const { Quality } = await import("/sdk/quality.js");
            const told = [];
            const quality = new Quality({}, (status, { type, origin, severity, value }) =>
                told.push([status, type, origin, severity, value]));
            const sample = (seconds) => [{ peerId: "p", currentRoundTripTime: seconds,
                audioPacketsLost: 0, videoPacketsLost: 0, audioPacketsReceived: 9,
                videoPacketsReceived: 9, videoJitter: 0, audioJitter: 0,
                videoLimitationsBandwidth: "", videoFreezes: 0 }];
            const counts = [];
            for (const seconds of [0.6, 0.6, 2, 0.1, 0.1]) {
                quality.judge(sample(seconds));
                counts.push(told.length);
            }
            return [counts, told];
        }"""
    )
    assert told == [
        [0, 1, 2, 2, 3],
        [
            ["issues", "latency", "local", "warning", 600],
            ["issues", "latency", "local", "critical", 2000],
            ["recovered", "latency", "local", None, None],
        ],
    ]


def test_the_documented_thresholds_are_there(page: Page) -> None:
    """As far as they are documented; an option of the constructor overrides them."""
    assert page.evaluate("[WebRTC.thresholds.latency, WebRTC.thresholds.packetLoss]") == [
        {"warning": 500, "critical": 1500},
        {"warning": 0.01, "critical": 0.1},
    ]


def test_the_classic_script_defines_the_class_and_the_element(
    visits: Visits, sandbox: Sandbox
) -> None:
    """A page of another port loads it, too, and its people enter the same rooms."""
    with Sandbox(console=True) as other:
        page = visits.visitor()
        page.goto(f"{other.url}/vpaas/nothing")  # a page without a policy
        page.add_script_tag(url=f"{sandbox.url}/sdk/webrtc.min.js")
        assert page.evaluate("[typeof WebRTC, typeof customElements.get('videsk-webrtc')]") == [
            "function",
            "function",
        ]
        refused = page.evaluate("new WebRTC().create('x').catch(({ message }) => message)")
        assert refused == "jwt malformed"
        visits.forgive("status of 404")


def test_signalling_is_where_an_option_says(visits: Visits, sandbox: Sandbox) -> None:
    """`websocket.hostname`, as documented; else where the script came from."""
    with Sandbox(console=True) as other:
        page = page_with_class(visits, other)
        message = page.evaluate(
            """async (hostname) => {
                const { signallingUrl } = await import("/sdk/signalling.js");
                return [signallingUrl(location.href), signallingUrl(location.href, hostname)];
            }""",
            sandbox.url.replace("http", "ws"),
        )
        assert message == [
            f"{each.url.replace('http', 'ws')}/exchange" for each in (other, sandbox)
        ]


def test_a_connection_that_the_policy_of_the_page_forbids_is_told(
    visits: Visits, sandbox: Sandbox
) -> None:
    """And not waited for without end."""
    page = page_with_class(visits, sandbox)
    told = page.evaluate(
        """async () => {
            const websocket = { hostname: "ws://127.0.0.1:4999" };
            const webrtc = new WebRTC(null, document.body, { websocket });
            return webrtc.create("token").then(() => null, ({ name, code }) => [name, code]);
        }"""
    )
    assert told == ["GeneralError", 1006]
    visits.forgive("Content Security Policy")


def test_the_modules_share_no_name() -> None:
    """The classic script puts all of them into one function."""
    declared: Counter[str] = Counter()
    declaration = re.compile(
        r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)", re.MULTILINE
    )
    for name in _classic.modules():
        text = (_classic.FOLDER / name).read_text(encoding="utf-8")
        declared.update(declaration.findall(text))
    assert {name for name, count in declared.items() if count > 1} == set()


def test_every_module_is_small_and_only_the_entry_says_what_it_is() -> None:
    """Each fits in the head; the head of the first says that it is a stand-in."""
    files = sorted(_classic.FOLDER.glob("*.js"))
    assert {file.name for file in files} == {*_classic.modules(), "webrtc.esm.js"}
    assert [file.name for file in files if len(file.read_text().splitlines()) > 300] == []
    head = (_classic.FOLDER / "webrtc.js").read_text(encoding="utf-8")[:300]
    assert "NOT Videsk's SDK" in head
