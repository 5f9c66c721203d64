"""Where the API may be: encrypted, or on this machine, by an address and nothing else."""

from __future__ import annotations

import copy
import socket
from typing import Any

import pytest

from tests.support import API, TOKEN
from videsk_rooms import AsyncVidesk, ConfigurationError, Videsk
from videsk_rooms.sandbox import Sandbox


def where(base_url: str | None) -> str:
    """Return how a client shows its base_url."""
    shown = repr(AsyncVidesk(TOKEN, base_url=base_url))
    return shown.removeprefix("AsyncVidesk(base_url='").removesuffix("')")


# -- which one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", [None, ""])
def test_the_default_is_the_api(monkeypatch: pytest.MonkeyPatch, variable: str | None) -> None:
    """Where nothing else is said (docs/api.md, "Access"); an empty variable says nothing."""
    if variable is not None:
        monkeypatch.setenv("VIDESK_BASE_URL", variable)
    assert where(None) == API


async def test_the_environment_names_another(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VIDESK_BASE_URL, for whoever tries out what is deployed elsewhere."""
    monkeypatch.setenv("VIDESK_BASE_URL", f"{sandbox.url}/")
    async with AsyncVidesk(sandbox.api_token) as videsk:
        await videsk.rooms.list()
    assert len(sandbox.requests) == 1


def test_the_argument_wins_over_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest one."""
    monkeypatch.setenv("VIDESK_BASE_URL", "https://elsewhere.example")
    with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        videsk.rooms.list()
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("value", ["http://elsewhere.example", "elsewhere", "https://h/?a=b"])
def test_a_wrong_variable_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Somebody who set no argument looks in the right place."""
    monkeypatch.setenv("VIDESK_BASE_URL", value)
    with pytest.raises(ConfigurationError, match=r"^VIDESK_BASE_URL="):
        AsyncVidesk(TOKEN)


# -- what it may be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "shown"),
    [
        ("https://api.videsk.io", "https://api.videsk.io"),
        ("https://api.videsk.io/", "https://api.videsk.io"),
        ("https://api.videsk.io//", "https://api.videsk.io"),
        ("https://API.Videsk.IO:8443/v%202/b/", "https://api.videsk.io:8443/v%202/b"),
        ("HTTPS://api.videsk.io", "https://api.videsk.io"),
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("https://[2001:DB8:0:0:0:0:0:7]:8443", "https://[2001:db8::7]:8443"),
        ("https://a_b.example.", "https://a_b.example."),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.255.0.3", "http://127.255.0.3"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
    ],
)
def test_an_address_is_kept_in_its_usual_spelling(base_url: str, shown: str) -> None:
    """Encrypted towards anywhere, plain towards this machine; with its path, without its end."""
    assert where(base_url) == shown


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.videsk.io",
        "HTTP://api.videsk.io",
        "http://192.0.2.7",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://[::]",
        "http://[2001:db8::1]",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://notlocalhost",
        "http://localhost.",
        "http://2130706433",
    ],
)
def test_plain_http_goes_to_this_machine_only(base_url: str) -> None:
    """The token would be read by whoever listens on the way."""
    with pytest.raises(ConfigurationError, match="unencrypted; use https") as caught:
        AsyncVidesk(TOKEN, base_url=base_url)
    assert repr(base_url) in str(caught.value)


@pytest.mark.parametrize("make", [AsyncVidesk, Videsk])
def test_plain_http_to_a_named_host_has_to_be_allowed(make: Any) -> None:
    """As in a network of one's own; views of the client may go there, too."""
    client = make(TOKEN, base_url="http://sandbox:8000", allow_http=True)
    assert "http://sandbox:8000" in repr(client)
    assert "http://other" in repr(client.with_options(base_url="http://other"))
    assert "http://sandbox:8000" in repr(copy.copy(client))
    with pytest.raises(ConfigurationError, match="give allow_http=True or set VIDESK_ALLOW_HTTP=1"):
        client.with_options(allow_http=False)
    with pytest.raises(ConfigurationError, match="unencrypted"):
        make(TOKEN, base_url="http://sandbox:8000", allow_http=False)


@pytest.mark.parametrize("value", ["1", "true"])
def test_the_environment_may_allow_plain_http(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Beside VIDESK_BASE_URL, in a file for Docker Compose; the argument wins over it."""
    monkeypatch.setenv("VIDESK_ALLOW_HTTP", value)
    monkeypatch.setenv("VIDESK_BASE_URL", "http://sandbox:8000")
    assert where(None) == "http://sandbox:8000"
    with pytest.raises(ConfigurationError, match="VIDESK_BASE_URL='http://sandbox:8000' would"):
        AsyncVidesk(TOKEN, allow_http=False)


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_the_environment_may_forbid_plain_http(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Empty says nothing, which forbids it, too."""
    monkeypatch.setenv("VIDESK_ALLOW_HTTP", value)
    with pytest.raises(ConfigurationError, match="unencrypted"):
        AsyncVidesk(TOKEN, base_url="http://sandbox:8000")


def test_what_allows_plain_http_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt word allows nothing, and the text names who said it."""
    wrong: Any = "yes please"
    with pytest.raises(ConfigurationError, match="allow_http='yes please': give True or False"):
        AsyncVidesk(TOKEN, allow_http=wrong)
    monkeypatch.setenv("VIDESK_ALLOW_HTTP", "maybe")
    with pytest.raises(ConfigurationError, match="VIDESK_ALLOW_HTTP='maybe': give '1' or '0'"):
        AsyncVidesk(TOKEN)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        " ",
        "api.videsk.io",
        "//api.videsk.io",
        "https://",
        "https:///path",
        "https:api.videsk.io",
        "ftp://api.videsk.io",
        "file:///etc/passwd",
        "unix:///run/videsk.sock",
        "javascript:alert(1)",
        "https://api.videsk.io:port",
        "https://api.videsk.io:99999",
        "https://[::1",
        "https://[nonsense]",
        "https://api..videsk.io",
        "https://.videsk.io",
        f"https://{'a' * 64}.example",
        "https://api videsk.io",
        "https://api.videsk.io/a b",
        "https://api.videsk.io\n",
        " https://api.videsk.io",
        "https://api.videsk.io\r\nX-Header: b",
        "\x00https://api.videsk.io",
        "https://api.videsk.io/\x7f",
        "https://api%2evidesk.io",
        "https://api.videsk.io\\elsewhere",
        "https://ñandú.example",
        "https://api.videsk.io/ñ",
    ],
)
def test_what_is_no_address_is_refused(base_url: str) -> None:
    """The text shows it, and an example of what is right."""
    with pytest.raises(
        ConfigurationError, match=r"give a URL such as 'https://api\.videsk\.io'"
    ) as caught:
        AsyncVidesk(TOKEN, base_url=base_url)
    assert str(caught.value).startswith(f"base_url={base_url!r}")


@pytest.mark.parametrize("base_url", [5, True, b"https://api.videsk.io", ["https://api.videsk.io"]])
def test_what_is_no_text_is_refused(base_url: Any) -> None:
    """The text names its kind."""
    with pytest.raises(ConfigurationError, match=f"base_url is a {type(base_url).__name__}"):
        AsyncVidesk(TOKEN, base_url=base_url)


@pytest.mark.parametrize(
    "tail", ["?", "?a=b", "/?a=b", "#", "#top", "/path#top", "/path?a=b#top", "/?#"]
)
def test_a_query_or_fragment_is_refused(tail: str) -> None:
    """The paths of the API would land in it."""
    with pytest.raises(ConfigurationError, match="without query and fragment"):
        AsyncVidesk(TOKEN, base_url=f"https://api.videsk.io{tail}")


@pytest.mark.parametrize(
    "base_url",
    [
        "https://user:secret@api.videsk.io",
        "https://secret@api.videsk.io",
        "https://:secret@api.videsk.io",
        "https://secret:@api.videsk.io",
        "http://user:secret@localhost",
        "http://user:secret@api.videsk.io",
        "https://user:secret@api.videsk.io:99999",
        "https://user:secret@[::1",
        "https://user:secret@",
        "https://user:sec ret@api.videsk.io",
        "https://user:secret@api.videsk.io?a=b",
        "user:secret@api.videsk.io",
        "https:/user:secret@api.videsk.io",
        "ftp://user:secret@api.videsk.io",
    ],
)
def test_a_password_is_refused_without_showing_it(base_url: str) -> None:
    """Also where the rest of the URL is wrong as well."""
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        AsyncVidesk(TOKEN, base_url=base_url)
    assert "secret" not in str(caught.value)
    assert "sec ret" not in str(caught.value)


# -- where requests go ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base_url",
    [f"{API}/vpaas/rooms", f"{API}/vpaas/rooms/", "https://gateway.example/x/VPAAS/rooms"],
)
def test_the_path_of_the_api_is_left_out(base_url: str) -> None:
    """The client adds it itself: twice it would be a 404 that nobody understands."""
    with pytest.raises(ConfigurationError, match="leave the path out"):
        AsyncVidesk(TOKEN, base_url=base_url)


@pytest.mark.parametrize("prefix", ["", "/", "/gateway", "/gateway/videsk/", "/a%20b"])
async def test_a_path_in_base_url_comes_before_the_paths_of_the_api(
    sandbox: Sandbox, prefix: str
) -> None:
    """A gateway may serve the API below its own root."""
    sandbox.faults.answer(200, body=b"{}", times=None)
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url + prefix) as videsk:
        response = await videsk.request("GET", "/vpaas/rooms", query={"$limit": 1})
    (request,) = sandbox.requests
    assert request.path == f"{prefix.rstrip('/')}/vpaas/rooms"
    assert response.url == f"{sandbox.url}{request.path}?$limit=1"
    assert request.headers["Authorization"] == f"Bearer {sandbox.api_token}"


@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]"])
async def test_this_machine_may_be_named_in_ipv6(host: str) -> None:
    """However it is spelled, the token goes there."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
    with Sandbox(host="::1") as sandbox:
        port = sandbox.url.rpartition(":")[2]
        async with AsyncVidesk(sandbox.api_token, base_url=f"http://{host}:{port}") as videsk:
            await videsk.rooms.list()
    assert [request.status for request in sandbox.requests] == [200]
