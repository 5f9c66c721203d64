"""`videsk-rooms doctor`."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import jwt
import pytest

import videsk_rooms
from tests.cli.support import Done, call, called_on_a_terminal
from tests.cli.support import account as variables
from tests.peers import answering, nobody_listening, self_signed, serving, with_length
from tests.ratelimit import redis_server
from videsk_rooms import Attempt, Videsk
from videsk_rooms.cli._doctor.account import _clock, _variation, claims_of
from videsk_rooms.cli._doctor.network import DEFAULT_BASE_URL
from videsk_rooms.cli._doctor.redis import _without_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Ask
    from tests.ratelimit.redis_server import RedisServer
    from videsk_rooms.sandbox import Sandbox

CHECKS = [
    *("versions", "token", "base URL", "proxy", "DNS", "TCP", "TLS"),
    *("access", "clock", "rate limit", "path"),
]
EMPTY_PAGE = b'{"total": 0, "limit": 1, "skip": 0, "data": []}'
SECRET = "a-secret-that-is-seen-nowhere"


def findings(done: Done) -> dict[str, dict[str, Any]]:
    """Read the report; it has one finding for each check, and the exit code fits."""
    report = json.loads(done.stdout)
    found = {finding["check"]: finding for finding in report["checks"]}
    wrong = [name for name, finding in found.items() if finding["status"] == "failed"]
    assert len(found) == len(report["checks"])
    assert (done.returncode, report["ok"]) == ((1, False) if wrong else (0, True))
    assert done.stderr == ""
    return found


def wrong(done: Done) -> list[str]:
    return [name for name, one in findings(done).items() if one["status"] == "failed"]


def skipped(done: Done) -> list[str]:
    return [name for name, one in findings(done).items() if one["status"] == "skipped"]


# -- as a whole -----------------------------------------------------------------------------------


def test_nothing_is_wrong_with_the_sandbox(account: Sandbox, ask: Ask) -> None:
    """Every check in order, 80 columns, no token, exit code 0."""
    done = ask("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line[2:].startswith(check) for line, check in zip(_heads(lines), CHECKS, strict=True)]
    assert lines[-1] == "Nothing is wrong."
    assert max(map(len, lines)) <= 80
    assert "not applicable: plain http" in done.stdout
    assert account.api_token not in done.stdout
    assert "\x1b" not in done.stdout


def _heads(lines: list[str]) -> list[str]:
    return [line for line in lines if line[:1] in set("✓✗!-")]


def test_the_columns_stand_also_where_marks_are_words() -> None:
    """An output that cannot show ✓ and ✗ has "ok" and "FAILED" in their place."""
    done = call("doctor", "--base-url", "http://127.0.0.1:1", encoding="ascii")
    heads = re.findall(rf"(?m)^((ok|FAILED|-) +)({'|'.join(CHECKS)}) ", done.stdout)
    assert {mark for _, mark, _ in heads} == {"ok", "FAILED", "-"}
    assert {len(start) for start, _, _ in heads} == {len("FAILED ")}


def test_nothing_is_wrong_with_the_sandbox_in_json(account: Sandbox, ask: Ask) -> None:
    """One object; figures are there for programs."""
    done = ask("doctor", "--json")
    found = findings(done)
    assert list(found) == CHECKS
    assert skipped(done) == ["DNS", "TLS"]
    assert found["access"]["data"]["rooms"] == 1
    assert found["rate limit"]["data"]["limit"] == "10000"
    assert abs(found["clock"]["data"]["ahead"]) <= found["clock"]["data"]["unsure"]
    assert account.api_token not in done.stdout
    path = found["path"]["data"]
    assert 0 < path["least"] <= path["median"] <= path["most"]
    assert len(account.requests) == 11


def test_everything_is_wrong_without_anything() -> None:
    """What needs something else is not looked at, and says so."""
    with nobody_listening() as port:
        url = f"http://127.0.0.1:{port}"
        done = call("doctor", "--json", "--base-url", url)
        people = call("doctor", "--base-url", url)
    assert wrong(done) == ["token", "TCP"]
    assert skipped(done) == ["DNS", "TLS", "access", "clock", "rate limit", "path"]
    assert people.returncode == 1
    assert people.stdout.splitlines()[-1] == "Wrong: token, TCP."
    assert people.stdout.count("✗") == 2
    assert people.stdout.count("→") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("more", [[], ["--no-color"]])
def test_ticks_are_green_on_a_terminal(account: Sandbox, more: list[str]) -> None:
    """Unless no colours are wanted."""
    env = {"TERM": "xterm", **variables(account)}
    shown = called_on_a_terminal("doctor", *more, env=env).stdout
    assert ("\x1b[32m✓" in shown) is (not more)
    assert "Nothing is wrong." in shown


def test_the_versions_are_those_installed(ask: Ask) -> None:
    """What a report of a fault has to name."""
    data = findings(ask("doctor", "--json"))["versions"]["data"]
    assert data["videsk-rooms"] == videsk_rooms.__version__
    assert data["aiohttp"] == metadata.version("aiohttp")
    assert data["typer"] == metadata.version("typer")


# -- the token ------------------------------------------------------------------------------------


def test_where_the_token_comes_from_is_told(account: Sandbox, tmp_path: Path) -> None:
    """The option goes before the variable, and that before the file."""
    (tmp_path / "token").write_text(account.api_token)
    path = str(tmp_path / "token")
    env = {"VIDESK_BASE_URL": account.url, "VIDESK_API_TOKEN_FILE": path}
    by_file = call("doctor", "--json", env=env)
    by_variable = call("doctor", "--json", env={**env, **variables(account)})
    by_option = call("doctor", "--json", "--token-file", path, env={"VIDESK_BASE_URL": account.url})
    assert [findings(done)["token"]["data"]["source"] for done in (by_file, by_variable)] == [
        f"the file {path!r} (VIDESK_API_TOKEN_FILE)",
        "VIDESK_API_TOKEN",
    ]
    assert findings(by_option)["token"]["data"]["source"] == f"--token-file {path!r}"


def signed(**claims: object) -> str:
    return jwt.encode(claims, "a-key-of-the-tests-of-thirty-two-bytes", algorithm="HS256")


def seconds_from_now(**ahead: float) -> int:
    return int((datetime.now(timezone.utc) + timedelta(**ahead)).timestamp())


@pytest.mark.parametrize(
    ("token", "status", "told"),
    [
        (lambda: signed(typ="api-token"), "ok", "has no end"),
        (lambda: signed(exp=seconds_from_now(days=40)), "ok", "(in 40 d)"),
        (lambda: signed(exp=seconds_from_now(days=-3)), "failed", "(3 d ago)"),
        (lambda: signed(nbf=seconds_from_now(hours=2)), "failed", "has no end"),
        (lambda: signed(exp="soon", nbf=True), "ok", "has no end"),
        (lambda: signed(exp=1e300), "ok", "has no end"),
        (lambda: SECRET, "note", "not a JWT"),
        (lambda: f"Bearer {SECRET}", "failed", "begins with 'Bearer'"),
        (lambda: f"{SECRET}\tx", "failed", "control character"),
    ],
)
def test_what_a_token_looks_like_is_told(
    account: Sandbox, token: Callable[[], str], status: str, told: str
) -> None:
    """What it says of its time counts; it is shown nowhere."""
    made = token()
    done = call("doctor", "--json", env={**variables(account), "VIDESK_API_TOKEN": made})
    finding = findings(done)["token"]
    assert finding["status"] == status
    assert told in finding["found"]
    assert made not in done.stdout
    assert SECRET not in done.stdout


@pytest.mark.parametrize(
    "token",
    ["", "..", "a.b", "a.b.c", "a.!!.c", "a.W10.c", "a.bnVsbA.c", "a.Ww.c", "a.b.c.d", "é.é.é"],
)
def test_what_is_no_jwt_is_none(token: str) -> None:
    """Whatever it is made of: the middle part is no object."""
    assert claims_of(token) is None


def test_a_file_with_a_token_that_is_not_there_is_told(account: Sandbox) -> None:
    """With the name of the file, and the rest is looked at all the same."""
    done = call("doctor", "--json", "--token-file", "nowhere", env=variables(account))
    assert wrong(done) == ["token"]
    assert "nowhere" in findings(done)["token"]["found"]
    assert findings(done)["TCP"]["status"] == "ok"


# -- the network ----------------------------------------------------------------------------------


def test_the_address_is_the_client_s_where_nobody_gives_one() -> None:
    """The doctor looks where calls go."""
    with Videsk("a-token") as videsk:
        assert repr(videsk) == f"Videsk(base_url={DEFAULT_BASE_URL!r})"


@pytest.mark.parametrize(
    ("options", "env", "told"),
    [
        (["--base-url", "example.org"], {}, "--base-url='example.org'"),
        ([], {"VIDESK_BASE_URL": "http://example.org"}, "VIDESK_BASE_URL='http://example.org'"),
        ([], {"VIDESK_BASE_URL": f"https://u:{SECRET}@example.org"}, "VIDESK_BASE_URL"),
    ],
)
def test_an_address_that_cannot_be_is_told(
    options: list[str], env: dict[str, str], told: str
) -> None:
    """And nothing is looked up or connected to."""
    done = call("doctor", "--json", *options, env={"VIDESK_API_TOKEN": "a-token", **env})
    finding = findings(done)["base URL"]
    assert told in finding["found"]
    assert finding["remedy"]
    assert set(findings(done)) == {*CHECKS} - {"proxy", "DNS", "TCP", "TLS"}
    assert SECRET not in done.stdout


def test_a_name_is_looked_up(account: Sandbox) -> None:
    """And where it leads is told."""
    env = {**variables(account), "VIDESK_BASE_URL": account.url.replace("127.0.0.1", "localhost")}
    found = findings(call("doctor", "--json", env=env))
    assert "127.0.0.1" in found["DNS"]["data"]["addresses"]
    assert found["access"]["status"] == "ok"


def test_a_name_that_leads_nowhere_is_told() -> None:
    """And what comes after it is not looked at."""
    done = call("doctor", "--json", "--base-url", "https://nowhere.invalid")
    assert wrong(done) == ["token", "DNS"]
    assert {"TCP", "TLS"} <= set(skipped(done))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


async def examined_over_tls(certificate: tuple[Path, Path], env: dict[str, str]) -> Done:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with serving(answering(with_length(EMPTY_PAGE)), ssl=context) as port:
        env = {**env, "VIDESK_BASE_URL": f"https://127.0.0.1:{port}", "VIDESK_API_TOKEN": SECRET}
        return await asyncio.to_thread(call, "doctor", "--json", env=env)


async def test_a_certificate_that_nobody_vouches_for_is_told(
    certificate: tuple[Path, Path],
) -> None:
    """With the reason, and no call is made over it."""
    done = await examined_over_tls(certificate, {})
    assert wrong(done) == ["TLS"]
    assert "self" in findings(done)["TLS"]["found"]
    assert "SSL_CERT_FILE" in findings(done)["TLS"]["remedy"]
    assert {"access", "clock", "rate limit"} <= set(skipped(done))


async def test_the_days_that_a_certificate_is_good_for_are_told(
    certificate: tuple[Path, Path],
) -> None:
    """Few of them are worth a note."""
    done = await examined_over_tls(certificate, {"SSL_CERT_FILE": str(certificate[0])})
    finding = findings(done)["TLS"]
    assert finding["status"] == "note"
    assert finding["data"]["days_left"] == 1
    assert finding["data"]["version"].startswith("TLSv1")


def test_a_port_that_speaks_no_tls_is_told(account: Sandbox) -> None:
    """Such as that of the sandbox."""
    env = {**variables(account), "VIDESK_BASE_URL": account.url.replace("http:", "https:")}
    done = call("doctor", "--json", env=env)
    assert wrong(done) == ["TLS"]


# -- proxies --------------------------------------------------------------------------------------


def through(proxy: str, account: Sandbox, **more: str) -> dict[str, str]:
    """Return an environment in which only a proxy leads to the API: no name server knows it."""
    named = {"VIDESK_BASE_URL": "http://api.invalid", "VIDESK_ALLOW_HTTP": "1"}
    proxies = {"http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
    return {**variables(account), **named, **proxies, **more}


def test_a_proxy_that_is_not_used_is_worth_a_note(account: Sandbox) -> None:
    """Without its password; a name that only the proxy knows is not found then."""
    env = through(f"http://user:{SECRET}@127.0.0.1:1", account)
    done = call("doctor", "--json", "--no-trust-env", env=env)
    finding = findings(done)["proxy"]
    assert (finding["status"], finding["data"]["proxy"]) == ("note", "127.0.0.1:1")
    assert wrong(done) == ["DNS"]
    assert SECRET not in done.stdout


def test_a_proxy_that_is_used_is_connected_to(account: Sandbox) -> None:
    """In place of the API's host; a sandbox takes requests as a proxy gets them, too."""
    used = call("doctor", "--json", env=through(account.url, account))
    assert findings(used)["proxy"]["data"] == {
        "used": True,
        "proxy": account.url.removeprefix("http://"),
    }
    lost = call("doctor", "--json", env=through("http://127.0.0.1:1", account))
    assert wrong(lost) == ["TCP"]
    assert "port 1" in findings(lost)["TCP"]["found"]
    assert findings(lost)["TCP"]["remedy"].startswith("check the proxy in the environment")


def test_the_name_of_a_proxy_is_looked_up(account: Sandbox) -> None:
    """It is what the environment says that is to be mended, and not the address of the API."""
    lost = call("doctor", "--json", env=through("http://proxy.invalid:3128", account))
    assert wrong(lost) == ["DNS"]
    assert findings(lost)["DNS"]["remedy"].startswith("check the proxy in the environment")


def test_a_proxy_that_cannot_be_used_is_told(account: Sandbox) -> None:
    """And the way ends there; the token is no worse for it."""
    env = {**variables(account), "VIDESK_BASE_URL": "https://api.example", "NO_PROXY": ""}
    proxy = f"user:{SECRET}@127.0.0.1:1"
    done = call("doctor", "--json", env={**env, "https_proxy": proxy})
    assert wrong(done) == ["proxy"]
    assert "HTTPS_PROXY" in findings(done)["proxy"]["found"]
    assert skipped(done) == ["DNS", "TCP", "TLS", "access", "clock", "rate limit", "path"]
    assert SECRET not in done.stdout


@pytest.mark.parametrize(
    "more",
    [
        {"NO_PROXY": "api.invalid", "no_proxy": "api.invalid"},
        {"VIDESK_BASE_URL": "http://localhost:1"},
    ],
)
def test_a_proxy_that_is_not_for_this_host_is_none(account: Sandbox, more: dict[str, str]) -> None:
    """Neither where NO_PROXY excepts the host, nor where it is this machine."""
    done = call("doctor", "--json", env=through("http://127.0.0.1:1", account, **more))
    assert findings(done)["proxy"]["data"] == {"used": False}


def test_a_proxy_that_is_neither_used_nor_readable_is_none(account: Sandbox) -> None:
    """Nobody would go by it."""
    done = call("doctor", "--json", "--no-trust-env", env=through("http://[:", account))
    assert findings(done)["proxy"]["data"] == {"used": False}


def test_a_proxy_for_everything_is_found(account: Sandbox) -> None:
    """ALL_PROXY, as a client finds it."""
    env = through("", account, all_proxy=account.url)
    done = call("doctor", "--json", env=env)
    assert findings(done)["proxy"]["data"]["proxy"] == account.url.removeprefix("http://")


def test_behind_a_proxy_the_call_shows_whether_tls_works(account: Sandbox) -> None:
    """The doctor does not do a proxy's handshake itself."""
    env = {**variables(account), "VIDESK_BASE_URL": "https://api.example", "NO_PROXY": ""}
    done = call("doctor", "--json", env={**env, "https_proxy": account.url})
    assert findings(done)["TCP"]["status"] == "ok"
    assert "TLS" in skipped(done)
    assert wrong(done) == ["access"]


# -- one call -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (lambda account: account.tokens.revoke(account.api_token), "dashboard"),
        (lambda account: account.faults.status(401), "--token-file"),
        (lambda account: account.faults.status(403, html=True), "firewall"),
        (lambda account: account.faults.status(503), "503"),
        (lambda account: account.faults.garbage(), "not JSON"),
        (lambda account: account.faults.garbage(b"{}"), "without a page of rooms"),
        (lambda account: account.faults.garbage(b"[]"), "without a page of rooms"),
        (lambda account: account.faults.drop(), "try again"),
    ],
)
def test_a_call_that_fails_is_told(
    account: Sandbox, ask: Ask, happens: Callable[[Sandbox], object], told: str
) -> None:
    """In the words of its error, with what to do; it is made once."""
    happens(account)
    done = ask("doctor", "--json")
    assert wrong(done) == ["access"]
    text = findings(done)["access"]
    assert told in f"{text['found']} {text['remedy']}"
    assert len(account.requests) == 1


def test_a_refusal_tells_the_clock_and_the_limit_all_the_same(account: Sandbox, ask: Ask) -> None:
    """Its answer has the headers, too."""
    account.faults.status(401)
    found = findings(ask("doctor", "--json"))
    assert (found["clock"]["status"], found["rate limit"]["status"]) == ("ok", "ok")


async def examined_with(*headers: str) -> Done:
    async with serving(answering(with_length(EMPTY_PAGE, *headers))) as port:
        env = {"VIDESK_BASE_URL": f"http://127.0.0.1:{port}", "VIDESK_API_TOKEN": SECRET}
        return await asyncio.to_thread(call, "doctor", "--json", env=env)


def dated(**ahead: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(**ahead)
    return f"Date: {format_datetime(moment, usegmt=True)}"


@pytest.mark.parametrize(
    ("ahead", "status", "told"),
    [
        ({"minutes": 5}, "failed", "behind the API's"),
        ({"minutes": -5}, "failed", "ahead of the API's"),
    ],
)
async def test_a_clock_that_is_off_is_told(ahead: dict[str, float], status: str, told: str) -> None:
    """Rooms that are to open in an hour would open at another time."""
    finding = findings(await examined_with(dated(**ahead)))["clock"]
    assert finding["status"] == status
    assert told in finding["found"]
    assert "NTP" in finding["remedy"]
    assert abs(finding["data"]["ahead"]) == pytest.approx(300, abs=60)


@pytest.mark.parametrize("sign", [1, -1], ids=["ahead", "behind"])
@pytest.mark.parametrize(
    ("took", "off", "status"),
    [(0.0, 10.4, "ok"), (0.0, 10.6, "failed"), (30.0, 25.4, "ok"), (30.0, 25.6, "failed")],
)
def test_a_clock_is_wrong_by_what_the_call_does_not_explain(
    took: float, off: float, status: str, sign: int
) -> None:
    """The server took its date, which has whole seconds, at any moment of the call."""
    noon = datetime(2042, 8, 14, 12, tzinfo=timezone.utc)
    middle = noon + timedelta(seconds=0.5 + sign * off)
    started_at = middle - timedelta(seconds=took / 2)
    attempt = Attempt(1, started_at, took, status=200, error=None, delay=0.0, request_id=None)
    finding = _clock({"Date": format_datetime(noon, usegmt=True)}, attempt)
    assert finding.status == status
    assert finding.data["ahead"] == sign * off


@pytest.mark.parametrize("header", ["X-None: 0", "Date: noon", "Date: "])
async def test_a_date_that_is_not_there_is_no_fault(header: str) -> None:
    """Nothing can be compared then."""
    assert skipped(await examined_with(header)) == ["DNS", "TLS", "clock"]


async def test_a_limit_that_is_not_told_is_worth_a_note() -> None:
    """The client has one of its own then (docs/api.md, "Access")."""
    finding = findings(await examined_with(dated()))["rate limit"]
    assert finding["status"] == "note"
    assert "20 requests a second" in finding["remedy"]


@pytest.mark.parametrize(
    ("slowest", "policy", "share", "status"),
    [
        (0.12, "20;w=1", 1.0, "ok"),
        (0.32, "20;w=1", 0.98, "ok"),
        (3.12, "20;w=1", 0.769, "note"),
        (3.12, "200;w=10", 0.971, "ok"),
        (3.12, "nonsense", 0.769, "note"),
    ],
)
def test_what_calls_vary_by_is_lost_of_the_limit(
    slowest: float, policy: str, share: float, status: str
) -> None:
    """1 / (1 + what they take over the least, in the mean / the window)."""
    finding = _variation([0.12] * 9 + [slowest], {"Ratelimit-Policy": policy})
    assert finding.status == status
    assert finding.data == {"least": 0.12, "median": 0.12, "most": slowest, "share": share}
    assert finding.found.startswith("of 10 calls the fastest took 120 ms, the median 120 ms")
    assert f"about {share:.0%} of the rate limit" in finding.found
    assert (finding.remedy is None) is (status == "ok")


def test_a_further_call_that_fails_is_no_fault(account: Sandbox, ask: Ask) -> None:
    """The first has shown that there is access."""
    account.faults.answer(200, body=EMPTY_PAGE)
    account.faults.status(503)
    done = ask("doctor", "--json")
    assert skipped(done) == ["DNS", "TLS", "path"]
    assert "503" in findings(done)["path"]["found"]


# -- Redis ----------------------------------------------------------------------------------------

needs_redis = pytest.mark.skipif(redis_server.PROGRAM is None, reason=redis_server.MISSING)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server.serving(password=SECRET) as server:
        yield server


@needs_redis
def test_a_redis_that_paces_calls_is_well(
    account: Sandbox, ask: Ask, redis: RedisServer, tmp_path: Path
) -> None:
    """Its script has run for a call; the URL may come from a file, because of its password."""
    (tmp_path / "redis").write_text(f"{redis.url}\n")
    done = ask("doctor", "--json", "--redis", f"@{tmp_path / 'redis'}")
    assert list(findings(done)) == [*CHECKS, "Redis", "pacing"]
    assert wrong(done) == []
    assert abs(findings(done)["Redis"]["data"]["ahead"]) < 30
    assert SECRET not in done.stdout
    assert len(account.requests) == 12


@needs_redis
def test_a_wrong_password_is_told(ask: Ask, redis: RedisServer) -> None:
    """Without showing it."""
    done = ask("doctor", "--json", "--redis", redis.url.replace(SECRET, "another-secret"))
    assert (wrong(done), "pacing" in skipped(done)) == (["Redis"], True)
    assert "password" in findings(done)["Redis"]["found"]
    assert "another-secret" not in done.stdout


@needs_redis
def test_a_redis_that_runs_no_scripts_is_told(ask: Ask, redis: RedisServer) -> None:
    """A ping tells nothing of what pacing needs."""
    from redis import Redis

    with Redis.from_url(redis.url) as owner:
        owner.acl_setuser(
            "limited",
            enabled=True,
            passwords=["+pw"],
            keys=["*"],
            categories=["+@all", "-@scripting"],
        )
    url = redis.url.replace(f":{SECRET}", "limited:pw")
    done = ask("doctor", "--json", "--redis", url)
    assert wrong(done) == ["pacing"]
    assert "EVALSHA" in findings(done)["pacing"]["remedy"]


@needs_redis
def test_redis_is_looked_at_where_no_call_can_be_made(redis: RedisServer) -> None:
    """Without a token, Redis is the only thing that is well."""
    done = call(
        *("doctor", "--json", "--redis", redis.url, "--base-url", "http://127.0.0.1:1"),
    )
    assert findings(done)["Redis"]["status"] == "ok"
    assert "pacing" in skipped(done)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:1/0", "no response"),
        (f"redis://:{SECRET}@127.0.0.1:1/0", "no response"),
        ("localhost:6379", "--redis cannot be read"),
        ("http://localhost", "--redis cannot be read"),
        ("redis://localhost:port/0", "no response"),
        ("file:/a/path", "no response"),
    ],
)
def test_a_redis_that_does_not_answer_is_told(ask: Ask, url: str, told: str) -> None:
    """And what cannot be one; the URL, which may hold a password, is not quoted whole."""
    done = ask("doctor", "--json", "--redis", url)
    assert wrong(done) == ["Redis"]
    assert told in findings(done)["Redis"]["found"]
    assert SECRET not in done.stdout


@pytest.mark.parametrize("spelled", ["sword/fish", "sword%2Ffish"])
def test_a_password_of_redis_is_shown_in_no_spelling(spelled: str) -> None:
    """Neither as the URL has it nor as Redis has."""
    shown = _without_password(f"{spelled} is wrong", "redis://:sword%2Ffish@localhost/0")
    assert shown == "[removed] is wrong"


def test_a_missing_client_of_redis_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to install it."""
    monkeypatch.setitem(sys.modules, "redis", None)
    finding = findings(ask("doctor", "--json", "--redis", "redis://localhost"))["Redis"]
    assert "pip install 'videsk-rooms[redis]'" in finding["remedy"]


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--redis", "@nowhere"], "nowhere"),
        (["--redis"], "--redis"),
        (["--timeout", "-1"], "--timeout"),
        (["extra"], "extra"),
        (["--token", SECRET], "--token"),
    ],
)
def test_wrong_usage_is_exit_code_2(ask: Ask, arguments: list[str], named: str) -> None:
    """Nothing is looked at."""
    done = ask("doctor", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert named in line
