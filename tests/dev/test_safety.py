"""Who may ask for what: pages of foreign sites, names that somebody made stand for this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.dev.server import Server
from videsk_rooms.dev import _answers
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = ["/dev/v1/state", "/dev/v1/token", "/dev/v1/rooms", "/dev/v1/requests", "/dev/v1/events"]
PAGES = ["/", "/call", "/call?room=0123456789abcdef01234567", "/console/index.html"]
SDK = "/sdk/webrtc.esm.js"


def port(server: Server) -> str:
    return server.address.rpartition(":")[2]


@pytest.fixture
def open_server() -> Iterator[Server]:
    """A server that other machines may reach."""
    with Sandbox(console=True, rate=None, host="0.0.0.0") as sandbox:
        server = Server(sandbox)
        server.address = server.address.replace("0.0.0.0", "127.0.0.1")
        yield server


# -- the name that it is called by ----------------------------------------------------------------


@pytest.mark.parametrize("path", [*READ[:4], *PAGES, SDK, "/exchange"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.1.5",
        "10.0.0.1:{port}",
        "127.0.0.1@evil.example",
        "[::1",
        "",
        "localhost:",
        "localhost:1:2",
        "local_host",
        "2130706433",
        "0.0.0.0",
    ],
)
def test_another_name_is_refused(server: Server, path: str, host: str) -> None:
    """A page of that name could read all that is answered (DNS rebinding)."""
    answer = server.send("GET", path, headers={"Host": host.format(port=port(server))})
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:{port}", "127.0.0.1", "127.0.0.5:1", "[::1]:{port}"]
)
def test_the_names_of_this_machine_are_taken(server: Server, host: str) -> None:
    """Also those that a forwarded port has."""
    headers = {"Host": host.format(port=port(server))}
    assert server.send("GET", "/dev/v1/state", headers=headers).status == 200


def test_two_names_are_refused(server: Server) -> None:
    """Whoever reads the first could be told another than whoever reads the last."""
    with socket.create_connection(("127.0.0.1", int(port(server)))) as connection:
        connection.sendall(
            b"GET /dev/v1/state HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
        )
        assert connection.recv(65536).split()[1] in (b"400", b"403")


def test_no_name_is_refused(server: Server) -> None:
    """As HTTP/1.0 may leave it out."""
    with socket.create_connection(("127.0.0.1", int(port(server)))) as connection:
        connection.sendall(b"GET /dev/v1/token HTTP/1.0\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.split()[1] in (b"400", b"403")
    assert server.sandbox.api_token.encode() not in answer


def test_the_given_host_is_a_name(open_server: Server) -> None:
    """On all addresses, any address and this machine's name are taken, but no other name."""
    for host, status in (
        ("192.168.1.5:8910", 200),
        (socket.gethostname(), 200),
        ("localhost", 200),
        ("evil.example", 403),
    ):
        answer = open_server.send("GET", "/dev/v1/state", headers={"Host": host})
        assert answer.status == status, host


def test_the_api_is_as_without_a_console(server: Server) -> None:
    """It goes by the token, whatever the name and the page."""
    headers = {"Host": "evil.example", "Origin": "https://evil.example"}
    answer = server.send("GET", "/vpaas/rooms", headers=headers)
    assert answer.status == 401
    assert "Access-Control-Allow-Origin" not in answer.headers


# -- the page that asks ---------------------------------------------------------------------------


FOREIGN = [
    "https://evil.example",
    "null",
    "",
    "http://localhost:3000",
    "http://127.0.0.1",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1:{port}/",
]


@pytest.mark.parametrize("path", [*READ, *PAGES])
@pytest.mark.parametrize("origin", FOREIGN)
def test_the_console_is_for_its_own_pages(server: Server, path: str, origin: str) -> None:
    """A page of another site, or of another port of this machine, is told nothing."""
    answer = server.send("GET", path, headers={"Origin": origin.format(port=port(server))})
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/rooms", "/faults", "/clock", "/requests/1/replay"])
@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_pages_change_nothing(server: Server, path: str, origin: str) -> None:
    """Not even when they say that they send JSON."""
    headers = {"Origin": origin.format(port=port(server))}
    answer = server.send("POST", f"/dev/v1{path}", {"kind": "html"}, headers=headers)
    assert answer.status == 403
    assert server.sandbox.rooms == ()
    assert server.sandbox.faults.pending == ()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", [*READ, "/console/index.html", "/call/call.html"])
def test_foreign_pages_cannot_load_it(server: Server, path: str, site: str) -> None:
    """A script or picture names no Origin, but the browser says where it is loaded from."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    assert server.send("GET", path, headers=headers).status == 403


@pytest.mark.parametrize("path", PAGES[:2])
def test_pages_may_be_linked_to(server: Server, path: str) -> None:
    """From a terminal, a mail, another page: that shows the page, and not to the other one."""
    for site in ("none", "cross-site", "same-origin"):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        assert server.send("GET", path, headers=headers).status == 200


def test_its_own_pages_may_ask(server: Server) -> None:
    """By whichever name of this machine they were loaded."""
    for host in (server.address, f"localhost:{port(server)}"):
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        answer = server.send("POST", "/dev/v1/rooms", {}, headers=headers)
        assert answer.status == 201


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "TRACE"])
def test_other_methods_do_nothing(server: Server, method: str) -> None:
    """Nor does the question of a browser whether another origin may ask get a yes."""
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = server.send(method, "/dev/v1/rooms", headers=headers)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


# -- the stand-in, which pages of the product load ------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:80", "https://localhost:8443"],
)
def test_pages_of_this_machine_may_load_the_stand_in(server: Server, origin: str) -> None:
    """A module is loaded only with the permission that names the origin."""
    answer = server.send("GET", SDK, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", [SDK, "/exchange"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://localhost.evil.example", "http://10.0.0.1:3000"],
)
def test_pages_of_other_machines_may_not(server: Server, path: str, origin: str) -> None:
    """Neither load the stand-in nor enter a room."""
    answer = server.send("GET", path, headers={"Origin": origin})
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_on_a_network_its_pages_may(open_server: Server) -> None:
    """Where the server is reached by an address, the product's pages have it, too."""
    headers = {"Host": "192.168.1.5:8910", "Origin": "http://192.168.1.5:3000"}
    assert open_server.send("GET", SDK, headers=headers).status == 200
    headers["Origin"] = "https://evil.example"
    assert open_server.send("GET", SDK, headers=headers).status == 403


# -- what a browser is told -----------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_nothing_but_their_own_files(server: Server, path: str) -> None:
    """No script or style in the page itself, none of other hosts, no frame around it."""
    answer = server.send("GET", path)
    rules = dict(
        rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";")
    )
    assert rules["default-src"] == "'none'"
    assert (rules["script-src"], rules["style-src"]) == ("'self'", "'self'")
    assert (rules["connect-src"], rules["frame-ancestors"]) == ("'self'", "'none'")
    assert (rules["form-action"], rules["base-uri"]) == ("'none'", "'none'")


@pytest.mark.parametrize("path", ["/", "/call", SDK, "/dev/v1/state", "/dev/v1/nothing"])
def test_nothing_is_guessed_and_nothing_is_told_to_others(server: Server, path: str) -> None:
    """Types are as declared, and where a link is followed from stays here."""
    headers = server.send("GET", path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_only_the_call_page_may_use_the_camera(server: Server) -> None:
    """The console needs none."""
    console, call = [
        server.send("GET", path).headers["Permissions-Policy"] for path in ("/", "/call")
    ]
    assert "camera=(self), microphone=(self)" in call
    assert "camera=(), microphone=()" in console


def test_events_and_answers_stay_with_pages_of_this_origin(server: Server) -> None:
    """Even where a browser does not say where it loads them from."""
    for path in ("/dev/v1/state", "/"):
        headers = server.send("GET", path).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    with server.events() as events:
        assert events.headers["Cross-Origin-Resource-Policy"] == "same-origin"


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["console", "sdk", "call"])
@pytest.mark.parametrize(
    "name",
    [
        "../_site.py",
        "..%2f_site.py",
        "%2e%2e/_site.py",
        "..\\_site.py",
        "/etc/passwd",
        "//etc/passwd",
        "./index.html",
        ".hidden.js",
        "a/b/c/d.js",
        "index.html/",
        "index.html%00.js",
        "",
        "__init__.py",
        "con\r",
        "x" * 3000,
    ],
)
def test_no_other_file_is_served(server: Server, folder: str, name: str) -> None:
    """Whatever the path looks like."""
    path = f"/{folder}/{name}"
    with socket.create_connection(("127.0.0.1", int(port(server)))) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = connection.makefile("rb").read()
    assert answer.split()[1] in (b"400", b"404")
    assert b"root:" not in answer
    assert b"class Site" not in answer


def test_a_file_that_has_not_changed_is_not_sent_again(server: Server) -> None:
    """But asked for each time, for a new version to be seen."""
    first = server.send("GET", "/")
    assert first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert first.headers["Cache-Control"] == "no-cache"
    again = server.send("GET", "/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert server.send("HEAD", "/").body == b""
    assert server.send("POST", "/", {}).status == 405


# -- hostile input --------------------------------------------------------------------------------


CHANGING = [
    ("POST", "/rooms"),
    ("POST", "/faults"),
    ("POST", "/clock"),
    ("DELETE", "/faults"),
    ("DELETE", "/requests"),
]


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"\xff\xfe",
        b'{"a":1,}',
        b"[" * 100_000,
        b'{"' + b"x" * 1000 + b'":1}',
        b'{"constructor":1}',
        b"9" * 10_000,
    ],
    ids=range(11),
)
def test_a_body_that_is_no_object_of_json_is_refused(
    server: Server, method: str, path: str, body: bytes
) -> None:
    """With a message that says so, and is short."""
    answer = server.send(method, f"/dev/v1{path}", body=body)
    assert answer.status == 400
    assert 0 < len(answer.message) < 500


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"],
)
def test_a_body_of_another_type_is_refused(
    server: Server, method: str, path: str, media_type: str
) -> None:
    """A form of a foreign page can send these without asking."""
    headers = {"Content-Type": media_type}
    answer = server.send(method, f"/dev/v1{path}", body=b"{}", headers=headers)
    assert answer.status == 400


def test_a_huge_body_is_refused_before_it_has_come(server: Server) -> None:
    """No more of it is kept than is allowed."""
    body = b'{"name":"' + b"x" * (2 * _answers.MAX_BODY) + b'"}'
    assert server.send("POST", "/dev/v1/rooms", body=body).status == 413


@pytest.mark.parametrize("path", ["/dev/v1/rooms", "/vpaas/rooms"])
def test_a_client_that_leaves_before_its_body_came_is_no_error(
    server: Server, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged of it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {server.address}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        server.get("/state")  # so it is read up to here
    for _ in range(5):
        server.get("/state")
    assert not caplog.records


@pytest.mark.parametrize(
    "path",
    [
        "/dev",
        "/dev/",
        "/dev/v1",
        "/dev/v1/",
        "/dev/v2/state",
        "/dev/v1/rooms/",
        "/dev/v1/rooms/a%2Fb",
        "/dev/v1/rooms/../token",
        "/dev/v1/rooms/%00",
        "/dev/v1/rooms/%C3%B1",
        f"/dev/v1/rooms/{'x' * 200}",
        "/dev/v1/rooms/0123456789abcdef01234567",
        "/dev/v1//state",
        "/dev/v1/state/",
        "/console/nothing.js",
    ],
)
def test_what_is_not_there_is_answered_404(server: Server, path: str) -> None:
    """In JSON, and not by the API, whose log it does not enter."""
    answer = server.send("GET", path)
    assert (answer.status, bool(answer.message)) == (404, True)
    assert len(server.sandbox.requests) == 0


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=x", "limit=1e9", "limit=", f"limit={'9' * 40}"]
)
@pytest.mark.parametrize("path", ["/rooms", "/requests"])
def test_a_limit_that_is_no_number_is_refused(server: Server, path: str, query: str) -> None:
    """And not read as something else."""
    assert server.send("GET", f"/dev/v1{path}?{query}").status == 400


def test_outside_of_its_own_paths_the_api_answers_as_ever(server: Server) -> None:
    """Such as a path that nobody knows."""
    answer = server.send("GET", "/nothing")
    assert (answer.status, answer.json["name"]) == (404, "NotFound")
    assert len(server.sandbox.requests) == 1


def test_what_is_asked_of_the_console_is_not_counted(server: Server) -> None:
    """Neither by the limit nor in the log; nor what browsers ask for by themselves."""
    for path in ("/", "/dev/v1/state", SDK, "/call", "/favicon.ico"):
        assert server.send("GET", path).status == 200
    assert server.send("GET", "/.well-known/appspecific/com.chrome.devtools.json").status == 404
    assert len(server.sandbox.requests) == 0
    assert server.get("/state")["requestsTotal"] == 0
