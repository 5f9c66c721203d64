"""A client is pickled and copied by its settings: what travels, what stays, and what is refused."""

from __future__ import annotations

import asyncio
import copy
import io
import pickle
import re
import ssl
import sys
import threading
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest

from tests import inside
from tests.blocking.support import loop_threads
from videsk_rooms import (
    AsyncVidesk,
    AttemptEvent,
    ClosedError,
    ConfigurationError,
    Hooks,
    NotFoundError,
    RateLimit,
    Retry,
    RoomPage,
    Timeout,
    Videsk,
)
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Client: TypeAlias = AsyncVidesk | Videsk
Make: TypeAlias = Callable[..., Client]

SECRET = "an-opaque/token+4711="
PASSWORD = "pass-of-the-proxy"
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

each_face = pytest.mark.parametrize("make", [AsyncVidesk, Videsk])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The API, which lets an opaque token in."""
    with Sandbox(rate=None, api_token=SECRET) as sandbox:
        yield sandbox


def through_pickle(thing: object, protocol: int | None = None) -> Any:
    """Have a thing as another process would have it, and no token on the way."""
    pickled = pickle.dumps(thing, protocol)
    assert SECRET.encode() not in pickled
    return pickle.loads(pickled)


def call(client: Client) -> RoomPage:
    """Make a call and leave nothing open."""
    if isinstance(client, Videsk):
        with client:
            return client.rooms.list(limit=1)

    async def awaited() -> RoomPage:
        async with client:
            return await client.rooms.list(limit=1)

    return asyncio.run(awaited())


def sent_tokens(sandbox: Sandbox) -> list[str]:
    return [record.headers["Authorization"].removeprefix("Bearer ") for record in sandbox.requests]


# What is found by its name in another process.

asked: list[str] = []


def module_token() -> str:
    asked.append("plain")
    return SECRET


async def module_token_awaited() -> str:
    asked.append("awaited")
    return SECRET


def module_hook(event: AttemptEvent) -> None:
    asked.append(event.operation)


# -- settings -------------------------------------------------------------------------------------

OPTIONS: dict[str, Any] = {
    "base_url": "http://127.0.0.1:1234/mounted",
    "timeout": Timeout(total=7.0, attempt=None),
    "retry": Retry(attempts=2, base_delay=0.5),
    "rate_limit": RateLimit(requests=7, per=2.0, shared="redis://redis.example:6379/1"),
    "hooks": Hooks(on_attempt=module_hook),
    "proxy": "http://proxy.example:3128",
    "trust_env": True,
    "ssl": False,
}


@each_face
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_settings_travel(make: Make, protocol: int) -> None:
    """On every protocol; what is no setting is made anew."""
    client = make(SECRET, **OPTIONS)
    back = through_pickle(client, protocol)
    assert type(back) is type(client)
    assert back is not client
    for name, value in OPTIONS.items():
        assert getattr(inside.settings(back), name) == value
    assert repr(back) == repr(client)


@each_face
def test_a_client_has_no_parts_but_those_that_are_made_anew(make: Make) -> None:
    """Whatever else it has is a subclass's or the caller's, and travels."""
    assert vars(make(SECRET)).keys() == inside.parts(make)


def test_a_fingerprint_travels() -> None:
    """It is plain data, other than an SSLContext."""
    fingerprint = aiohttp.Fingerprint(bytes(range(32)))
    back = through_pickle(Videsk(SECRET, ssl=fingerprint))
    assert inside.settings(back).ssl.fingerprint == fingerprint.fingerprint


@each_face
def test_a_view_becomes_a_client_of_its_own(sandbox: Sandbox, make: Make) -> None:
    """With the view's settings; closing it closes, for its connections are nobody else's."""
    client = make(SECRET, base_url=sandbox.url)
    back = through_pickle(client.with_options(timeout=7.0, api_token=module_token))
    assert inside.settings(back).timeout == Timeout(total=7.0)
    assert call(back).total == 0
    with pytest.raises(ClosedError):
        call(back)
    assert sent_tokens(sandbox) == [SECRET]


def test_neither_thread_nor_connection_travels(sandbox: Sandbox) -> None:
    """A client in use is pickled as one that has just been made."""
    with Videsk(module_token, base_url=sandbox.url) as client:
        client.rooms.list()
        back = through_pickle(client)
        assert len(loop_threads()) == 1
        call(back)
        assert client.rooms.list().total == 0


@each_face
@pytest.mark.parametrize("duplicate", [through_pickle, copy.copy, copy.deepcopy])
def test_what_comes_of_a_closed_client_is_open(
    sandbox: Sandbox, make: Make, duplicate: Callable[[Client], Client]
) -> None:
    """It is the connections that were closed; and a pool pickles when its caller has gone on."""
    client = make(module_token, base_url=sandbox.url)
    call(client)
    assert call(duplicate(client)).total == 0


def test_a_client_from_a_pickle_shares_the_limit_of_its_account(sandbox: Sandbox) -> None:
    """As any other client of the same process does that uses the same account."""
    once = RateLimit(requests=1, per=300.0)
    client = Videsk(module_token, base_url=sandbox.url, rate_limit=once, timeout=0.3)
    back = through_pickle(client)
    call(client)
    with pytest.raises(TimeoutError, match="rate limit"):
        call(back)


def test_a_shared_pace_is_shared_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """Whoever names the same file waits in the same line."""
    once = RateLimit(requests=1, per=300.0, shared=f"file:{tmp_path / 'pacing'}")
    client = Videsk(module_token, base_url=sandbox.url, rate_limit=once, timeout=0.3)
    back = through_pickle(client)
    call(client)
    with pytest.raises(TimeoutError, match="rate limit"):
        call(back)


# -- the token ------------------------------------------------------------------------------------


@each_face
def test_a_token_given_as_a_string_is_looked_for_in_the_environment(
    sandbox: Sandbox, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first call, so that a program may still set its environment up."""
    back = through_pickle(make(SECRET, base_url=sandbox.url))
    there = sandbox.tokens.issue()
    monkeypatch.setenv("VIDESK_API_TOKEN", there)
    call(back)
    assert sent_tokens(sandbox) == [there]


@each_face
def test_without_one_there_the_first_call_says_what_to_do(sandbox: Sandbox, make: Make) -> None:
    """All three ways; nothing is sent, and unpickling itself does not fail."""
    back = through_pickle(make(SECRET, base_url=sandbox.url))
    with pytest.raises(ConfigurationError, match="given as a string does not travel") as caught:
        call(back)
    for way in ("VIDESK_API_TOKEN", "function of a module", "secrets_in_pickles=True"):
        assert way in str(caught.value)
    assert len(sandbox.requests) == 0


@each_face
def test_the_token_of_an_environment_is_read_anew(
    sandbox: Sandbox, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process has its own; the one that was read here is not told."""
    monkeypatch.setenv("VIDESK_API_TOKEN", SECRET)
    client = make(base_url=sandbox.url)
    back = through_pickle(client.with_options(secrets_in_pickles=True))
    there = sandbox.tokens.issue()
    monkeypatch.setenv("VIDESK_API_TOKEN", there)
    call(back)
    call(client)
    assert sent_tokens(sandbox) == [there, SECRET]


def test_a_token_file_is_the_other_environments_own(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is read again when it changes, as for any client."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.write_text(SECRET)
    there.write_text(SECRET)
    monkeypatch.setenv("VIDESK_API_TOKEN_FILE", str(here))
    pickled = pickle.dumps(Videsk(base_url=sandbox.url))
    assert str(here).encode() not in pickled
    monkeypatch.setenv("VIDESK_API_TOKEN_FILE", str(there))
    other = sandbox.tokens.issue()
    with pickle.loads(pickled) as back:
        back.rooms.list()
        there.write_text(other)
        back.rooms.list()
    assert sent_tokens(sandbox) == [SECRET, other]


@each_face
def test_a_token_that_is_refused_there_is_looked_for_anew(
    sandbox: Sandbox, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was found, as by any client; here the file was changed in the meantime."""
    back = through_pickle(make(SECRET, base_url=sandbox.url))
    file = tmp_path / "token"
    file.write_text("a-token-that-nobody-issued")
    monkeypatch.setenv("VIDESK_API_TOKEN_FILE", str(file))

    def change(_: AttemptEvent) -> None:
        file.write_text(SECRET)

    assert call(back.with_options(hooks=Hooks(on_attempt=change))).total == 0
    assert sent_tokens(sandbox) == ["a-token-that-nobody-issued", SECRET]


def test_a_file_that_cannot_be_read_there_is_told_by_the_call(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names the file, as it does when a client is made."""
    back = through_pickle(Videsk(SECRET, base_url=sandbox.url))
    monkeypatch.setenv("VIDESK_API_TOKEN_FILE", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match=r"missing' \(VIDESK_API_TOKEN_FILE\) cannot be"):
        call(back)


@each_face
def test_an_environment_without_a_token_is_told_of(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read from the environment is asked of the environment, and of nothing else."""
    monkeypatch.setenv("VIDESK_API_TOKEN", SECRET)
    client = make()
    monkeypatch.delenv("VIDESK_API_TOKEN")
    with pytest.raises(ConfigurationError, match="set VIDESK_API_TOKEN here") as caught:
        call(through_pickle(client))
    assert "secrets_in_pickles" not in str(caught.value)


def test_a_token_that_was_found_travels_no_further(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a second process to a third it is the same as from the first to the second."""
    client = through_pickle(Videsk("token-of-the-first", base_url=sandbox.url))
    monkeypatch.setenv("VIDESK_API_TOKEN", SECRET)
    call(client)
    monkeypatch.delenv("VIDESK_API_TOKEN")
    for secrets in (True, False):
        with pytest.raises(ConfigurationError, match="given as a string"):
            call(through_pickle(client.with_options(secrets_in_pickles=secrets)))


@each_face
@pytest.mark.parametrize(
    ("ask", "how"), [(module_token, "plain"), (module_token_awaited, "awaited")]
)
def test_a_function_of_a_module_travels_by_its_name(
    sandbox: Sandbox, make: Make, ask: Callable[[], Any], how: str
) -> None:
    """What it gave here stays here: there it is asked anew."""
    asked.clear()
    client = make(ask, base_url=sandbox.url)
    back = through_pickle(client)
    call(client)
    call(back)
    assert asked == [how, how]


@each_face
@pytest.mark.parametrize("secrets", [True, False])
def test_a_lambda_does_not_travel(make: Make, secrets: bool) -> None:
    """The refusal says of which argument it speaks, which pickle's own does not."""
    client = make(lambda: SECRET).with_options(secrets_in_pickles=secrets)
    with pytest.raises(ConfigurationError, match=r"api_token=.*<lambda> does not pickle; give"):
        pickle.dumps(client)


class RequestHandler:
    """An object that has a client, which asks it for the token."""

    def __init__(self, url: str) -> None:
        self.client = Videsk(self.token, base_url=url)

    def token(self) -> str:
        return SECRET


@pytest.mark.parametrize("root", ["desk", "client"])
def test_a_client_may_ask_the_object_that_has_it(sandbox: Sandbox, root: str) -> None:
    """However the circle is entered."""
    desk = RequestHandler(sandbox.url)
    back: Any = pickle.loads(pickle.dumps(desk if root == "desk" else desk.client))
    client = back.client if root == "desk" else back
    assert call(client).total == 0
    assert inside.token_function(client).__self__.client is client


# -- allowing it ----------------------------------------------------------------------------------


@each_face
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_allowed_token_travels(sandbox: Sandbox, make: Make, protocol: int) -> None:
    """What comes of it needs nothing in its environment."""
    allowed = make(SECRET, base_url=sandbox.url).with_options(secrets_in_pickles=True)
    back = pickle.loads(pickle.dumps(allowed, protocol))
    call(back)
    assert sent_tokens(sandbox) == [SECRET]


@each_face
def test_what_was_allowed_holds_for_the_view_alone(make: Make) -> None:
    """Not for the client that it was made of, and no longer once it has arrived."""
    client = make(SECRET)
    allowed = client.with_options(secrets_in_pickles=True)
    through_pickle(client)
    through_pickle(pickle.loads(pickle.dumps(allowed)))
    through_pickle(allowed.with_options(secrets_in_pickles=False))


@each_face
def test_views_and_copies_of_a_view_keep_what_was_allowed(make: Make) -> None:
    """As they keep every option that is not given."""
    allowed = make(SECRET).with_options(secrets_in_pickles=True)
    for other in (allowed.with_options(timeout=1.0), copy.copy(allowed), copy.deepcopy(allowed)):
        assert SECRET.encode() in pickle.dumps(other)


@each_face
@pytest.mark.parametrize("value", [1, "yes", None])
def test_it_is_allowed_by_nothing_but_true(make: Make, value: Any) -> None:
    """A misspelt setting does not give a token away."""
    with pytest.raises(ConfigurationError, match=f"secrets_in_pickles={value!r}: give True or Fal"):
        make(SECRET).with_options(secrets_in_pickles=value)


# -- passwords ------------------------------------------------------------------------------------

WITH_PASSWORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "proxy": ("proxy", {"proxy": f"http://user:{PASSWORD}@proxy.example:3128"}),
    "proxy's user": ("proxy", {"proxy": f"http://{PASSWORD}@proxy.example:3128"}),
    "redis": (
        "RateLimit.shared",
        {"rate_limit": RateLimit(shared=f"redis://:{PASSWORD}@redis.example/0")},
    ),
    "redis' query": (
        "RateLimit.shared",
        {"rate_limit": RateLimit(shared=f"redis://redis.example/0?password={PASSWORD}")},
    ),
}


@each_face
@pytest.mark.parametrize(("argument", "options"), WITH_PASSWORDS.values(), ids=WITH_PASSWORDS)
def test_a_password_is_treated_as_a_token(
    make: Make, argument: str, options: dict[str, Any]
) -> None:
    """There is no other way to have it there, so it is refused at once, unless it is allowed."""
    client = make(module_token, **options)
    with pytest.raises(ConfigurationError, match=f"^{argument} may hold a password") as caught:
        pickle.dumps(client)
    assert PASSWORD not in str(caught.value)
    back = pickle.loads(pickle.dumps(client.with_options(secrets_in_pickles=True)))
    for name, value in options.items():
        assert getattr(inside.settings(back), name) == value


def test_a_path_is_no_password(tmp_path: Path) -> None:
    """Whatever signs it holds."""
    shared = f"file:{tmp_path / 'password@host'}"
    back = through_pickle(Videsk(SECRET, rate_limit=RateLimit(shared=shared)))
    assert inside.settings(back).rate_limit.shared == shared


# -- what does not travel -------------------------------------------------------------------------


async def test_a_session_does_not_travel() -> None:
    """Its connections are of this process and of this loop."""
    async with aiohttp.ClientSession() as session:
        client = AsyncVidesk(SECRET, session=session)
        with pytest.raises(ConfigurationError, match=r"session= does not pickle.*; make the"):
            pickle.dumps(client)


@each_face
def test_an_ssl_context_does_not_travel(make: Make) -> None:
    """Python does not pickle it; the refusal names the argument."""
    with pytest.raises(ConfigurationError, match="ssl=SSLContext does not pickle; make the client"):
        pickle.dumps(make(SECRET, ssl=ssl.create_default_context()))


@each_face
@pytest.mark.parametrize("hook", ["on_attempt", "on_retry", "on_pace"])
def test_a_hook_that_does_not_travel_is_named(make: Make, hook: str) -> None:
    """And can be left behind."""
    client = make(SECRET, hooks=Hooks(**{hook: lambda _: None}))
    with pytest.raises(ConfigurationError, match=f"hooks: {hook}=.*<lambda> does not pickle") as no:
        pickle.dumps(client)
    assert "client.with_options(hooks=Hooks())" in str(no.value)
    through_pickle(client.with_options(hooks=Hooks()))


def global_of_this_module(name: str) -> object:
    return globals()[name]


class PicklesLambdas(pickle.Pickler):
    """Able to what cloudpickle is able to, though there is one lambda only that it knows."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, types.FunctionType) and "<lambda>" in thing.__qualname__:
            return global_of_this_module, ("module_hook",)
        return NotImplemented


def test_a_pickler_that_takes_lambdas_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """joblib, Dask and Spark hand over clients of a notebook, whose functions have no module."""
    client = Videsk(SECRET, hooks=Hooks(on_attempt=lambda _: None))
    monkeypatch.setitem(sys.modules, "cloudpickle", types.ModuleType("cloudpickle"))
    pickled = io.BytesIO()
    PicklesLambdas(pickled).dump(client)
    assert inside.settings(pickle.loads(pickled.getvalue())).hooks.on_attempt is module_hook


@each_face
@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy])
def test_the_rooms_of_a_client_stay_with_it(make: Make, duplicate: Callable[[Any], Any]) -> None:
    """A resource alone would be a client that nobody can close."""
    with pytest.raises(TypeError, match="hand over the client"):
        duplicate(make(SECRET).rooms)


@each_face
def test_a_method_of_a_client_takes_it_along(sandbox: Sandbox, make: Make) -> None:
    """So that `pool.submit(client.request, …)` does what it says."""
    back = through_pickle(make(module_token, base_url=sandbox.url).request)
    assert call(back.__self__).total == 0


# -- copies ---------------------------------------------------------------------------------------


@each_face
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_has_all_settings_and_parts_of_its_own(
    sandbox: Sandbox, make: Make, duplicate: Callable[[Client], Client]
) -> None:
    """The token too, for it goes nowhere; and what does not pickle."""
    client = make(
        lambda: SECRET,
        base_url=sandbox.url,
        hooks=Hooks(on_attempt=lambda _: None),
        ssl=ssl.create_default_context(),
    )
    mutable_class = duplicate(client)
    assert type(mutable_class) is type(client)
    assert inside.settings(mutable_class) is inside.settings(client)
    own = inside.parts(type(client)) - {"_settings", "_is_view"}
    assert [name for name in own if getattr(mutable_class, name) is getattr(client, name)] == []
    call(mutable_class)
    call(client)


async def test_a_copy_is_on_the_same_session_of_the_caller(sandbox: Sandbox) -> None:
    """In the same process it is as good for two clients."""
    async with aiohttp.ClientSession() as session:
        mutable_class = copy.deepcopy(AsyncVidesk(SECRET, base_url=sandbox.url, session=session))
        await mutable_class.rooms.list()
        await mutable_class.close()
        assert not session.closed


# -- subclasses -----------------------------------------------------------------------------------


class Tenant(Videsk):
    """A client as somebody may derive it: other arguments, and attributes of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(SECRET)
        self.names = [name]
        self.lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        state = super().__getstate__()
        del state["lock"]
        return state


def test_what_a_subclass_adds_travels() -> None:
    """Its own __init__ is not asked, and it may leave out what does not pickle, as any class."""
    tenant = Tenant("clinic")
    back = through_pickle(tenant.with_options(timeout=7.0))
    assert isinstance(back, Tenant)
    assert back.names == ["clinic"]
    assert inside.settings(back).timeout == Timeout(total=7.0)
    assert not hasattr(back, "lock")


def test_what_a_subclass_adds_is_copied() -> None:
    """Shared by a copy, copied by a deep one, without what its pickles leave out."""
    tenant = Tenant("clinic")
    assert copy.copy(tenant).names is tenant.names
    tenant.itself = tenant  # type: ignore[attr-defined]  # as anybody may
    deep: Any = copy.deepcopy(tenant)
    assert (deep.names, deep.names is tenant.names) == (["clinic"], False)
    assert deep.itself is deep
    assert not hasattr(deep, "lock")


# -- what calls bring back ------------------------------------------------------------------------

ASKED: dict[str, Callable[[Videsk], object]] = {
    "create": lambda client: client.rooms.create(name="Support"),
    "list": lambda client: client.rooms.list(),
    "join": lambda client: client.rooms.join(client.rooms.create()),
    "stats": lambda client: client.rooms.stats(client.rooms.create()),
    "request": lambda client: client.request("GET", "/vpaas/rooms"),
    "attempts": lambda client: client.request("GET", "/vpaas/rooms").attempts,
    "headers": lambda client: client.request("GET", "/vpaas/rooms").headers,
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_answers_travel_without_the_token(sandbox: Sandbox, ask: Callable[[Videsk], Any]) -> None:
    """Whole; the access token of a room is part of the room."""
    with Videsk(SECRET, base_url=sandbox.url) as client:
        answer = ask(client)
    for protocol in PROTOCOLS:
        pickled = pickle.dumps(answer, protocol)
        assert SECRET.encode() not in pickled
        assert pickle.loads(pickled) == answer


def test_an_error_travels_alone(sandbox: Sandbox) -> None:
    """Without its cause, its context and its traceback, and with its notes; without the token."""

    def fail(client: Videsk) -> None:
        try:
            client.rooms.get("0" * 24)
        except NotFoundError as error:
            error.__notes__ = ["of line 7"]  # type: ignore[attr-defined]  # new in Python 3.11
            raise error from LookupError(SECRET)

    with Videsk(SECRET, base_url=sandbox.url) as client, pytest.raises(NotFoundError) as caught:
        fail(client)
    pickled = pickle.dumps(caught.value)
    assert SECRET.encode() not in pickled
    back = pickle.loads(pickled)
    assert (str(back), back.__notes__) == (str(caught.value), ["of line 7"])
    assert (back.__cause__, back.__context__, back.__traceback__) == (None, None, None)
    assert re.fullmatch(r"0{24}", back.url.rpartition("/")[2])
    assert [attempt.status for attempt in back.attempts] == [404]
