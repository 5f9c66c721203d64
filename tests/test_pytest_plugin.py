"""The pytest plugin, run as its users run it: in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

# Loaded here once, or each run within the run would load them anew.
import videsk_rooms.sandbox
import videsk_rooms.sync
from tests import inside

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

pytest_plugins = ["pytester"]

# Warnings as errors: a session or a connection left open fails the run.
STRICT = """
[pytest]
filterwarnings = error
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
"""
AUTO = STRICT.replace("strict", "auto")

ASKS_TWICE = """
    await async_videsk.rooms.create(external_id="ticket-1")
    page = await async_videsk.rooms.list()
    assert [room.external_id for room in page] == ["ticket-1"]
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # Hypothesis' plugin loads Hypothesis at the end of each run: half a second. The plugin of
    # Schemathesis has Hypothesis warn on Python 3.14.
    without = ["-p", "no:hypothesispytest", "-p", "no:schemathesis"]
    return pytester.runpytest_inprocess(*without, *arguments)


def write(pytester: pytest.Pytester, source: str, ini: str = STRICT) -> None:
    pytester.makeini(ini)
    pytester.makepyfile(source)


# -- the sandbox ----------------------------------------------------------------------------------


def test_each_test_has_a_sandbox_of_its_own(pytester: pytest.Pytester) -> None:
    """What one test does to its sandbox, the next one does not see."""
    write(
        pytester,
        """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it_begins_empty(videsk_sandbox, turn):
            assert videsk_sandbox.rooms == ()
            videsk_sandbox.add_rooms(3)
        """,
    )
    run(pytester).assert_outcomes(passed=2)


def test_no_rate_limit_by_default(videsk_sandbox: Sandbox) -> None:
    """Answers tell of no rate limit, so no test waits."""
    client = videsk_rooms.sync.Videsk(videsk_sandbox.api_token, base_url=videsk_sandbox.url)
    with client as videsk:
        headers = videsk.request("GET", "/vpaas/rooms").headers
    assert "ratelimit-limit" not in headers


@pytest.mark.parametrize("fixture", ["videsk", "async_videsk"])
def test_the_clients_of_the_fixtures_are_not_paced(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    """So that no test waits for a limit that its sandbox does not have."""
    assert inside.settings(request.getfixturevalue(fixture)).rate_limit is None


RATE_IS = """
        import pytest

        {mark}
        def test_rate(videsk):
            headers = videsk.request("GET", "/vpaas/rooms").headers
            assert headers.get("ratelimit-limit") == {expected!r}
"""


def test_the_ini_option_sets_the_rate(pytester: pytest.Pytester) -> None:
    """`videsk_sandbox_rate` is the rate limit of all tests."""
    ini = f"{STRICT}\nvidesk_sandbox_rate = 7"
    write(pytester, RATE_IS.format(mark="", expected="7"), ini)
    run(pytester).assert_outcomes(passed=1)


CONSOLE_IS = """
    import urllib.request

    def test_console(videsk_sandbox):
        with urllib.request.urlopen(videsk_sandbox.console_url) as answer:
            assert answer.headers["Content-Type"].startswith("text/html")
"""


@pytest.mark.parametrize(
    ("arguments", "ini"),
    [(["--videsk-console"], ""), ([], "videsk_sandbox_console = true")],
    ids=["an option", "the configuration"],
)
def test_a_test_can_be_looked_at(pytester: pytest.Pytester, arguments: list[str], ini: str) -> None:
    """The sandbox has a console, and the run says where although it captures all output."""
    write(pytester, CONSOLE_IS, f"{STRICT}\n{ini}")
    result = run(pytester, *arguments)
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r".*::test_console: console at http://127\.0\.0\.1:\d+/"])


def test_there_is_no_console_unless_it_is_asked_for(pytester: pytest.Pytester) -> None:
    """A sandbox without one says how to get it."""
    write(pytester, CONSOLE_IS)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RuntimeError: the sandbox has no console*"])


@pytest.mark.parametrize("value", ["0", "many", "-1", "1.5"])
def test_an_ini_option_that_is_no_rate_is_refused(pytester: pytest.Pytester, value: str) -> None:
    """A wrong rate is told with what would be right."""
    ini = f"{STRICT}\nvidesk_sandbox_rate = {value}"
    write(pytester, RATE_IS.format(mark="", expected=None), ini)
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*videsk_sandbox_rate = {value}: give requests per second*"])


def test_the_marker_goes_before_the_ini_option(pytester: pytest.Pytester) -> None:
    """The marker's arguments win over the configuration's."""
    ini = f"{STRICT}\nvidesk_sandbox_rate = 7"
    mark = "@pytest.mark.videsk_sandbox(rate=9)"
    write(pytester, RATE_IS.format(mark=mark, expected="9"), ini)
    run(pytester, "--strict-markers").assert_outcomes(passed=1)


def test_the_nearest_marker_wins(pytester: pytest.Pytester) -> None:
    """A test's marker goes before its module's, argument by argument."""
    write(
        pytester,
        """
        import pytest

        pytestmark = pytest.mark.videsk_sandbox(rate=5, update_token=True)

        @pytest.mark.videsk_sandbox(rate=6)
        def test_both(videsk):
            room = videsk.rooms.create()
            answer = videsk.request("PATCH", f"/vpaas/rooms/{room.id}", json={"name": "a"})
            assert "accessToken" in answer.json()
            assert answer.headers["ratelimit-limit"] == "6"
        """,
    )
    run(pytester).assert_outcomes(passed=1)


def test_a_marker_with_a_bare_value_is_refused(pytester: pytest.Pytester) -> None:
    """A positional argument would be dropped in silence, so it is told."""
    mark = "@pytest.mark.videsk_sandbox(9)"
    write(pytester, RATE_IS.format(mark=mark, expected="9"))
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*takes keyword arguments, such as rate=20*"])


def test_without_pyjwt_the_remedy_is_told(pytester: pytest.Pytester) -> None:
    """The fixture fails with what to install, and without a traceback."""
    pytester.makeconftest("import sys\nsys.modules['jwt'] = None")
    write(pytester, "def test_it(videsk): pass")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pip install 'videsk-rooms[[]sandbox[]]'*"])
    result.stdout.no_fnmatch_line("*Traceback*")


# -- the blocking client --------------------------------------------------------------------------


def test_the_blocking_client_is_closed_afterwards(pytester: pytest.Pytester) -> None:
    """The client of a test that is over refuses to work."""
    write(
        pytester,
        """
        import pytest
        from videsk_rooms import ClosedError

        kept = []

        def test_first(videsk):
            videsk.rooms.create(external_id="ticket-1")
            kept.append(videsk)

        def test_second():
            with pytest.raises(ClosedError):
                kept[0].rooms.list()
        """,
    )
    run(pytester).assert_outcomes(passed=2)


# -- the awaited client ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ini", "mark"),
    [
        (AUTO, ""),
        (STRICT, "@pytest.mark.asyncio"),
        (STRICT, "@pytest.mark.asyncio(loop_scope='session')"),
        (STRICT, "@pytest.mark.anyio"),
        (STRICT.replace("= function", "= session"), "@pytest.mark.asyncio"),
    ],
    ids=["auto", "strict", "session loop", "anyio", "session fixtures"],
)
def test_the_awaited_client_works_in_every_loop(
    pytester: pytest.Pytester, ini: str, mark: str
) -> None:
    """Whoever runs the test's loop, and for how long: nothing stays open, test after test."""
    source = f"""
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

kept = []

{mark}
async def test_first(async_videsk):
    kept.append(async_videsk)
{ASKS_TWICE}

{mark}
async def test_second(async_videsk):
{ASKS_TWICE}

{mark}
async def test_the_first_client_is_closed():
    from videsk_rooms import ClosedError

    with pytest.raises(ClosedError):
        await kept[0].rooms.list()
"""
    write(pytester, source, ini)
    run(pytester).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("decorator", "mark"),
    [
        ("@pytest_asyncio.fixture", "@pytest.mark.asyncio"),
        ("@pytest.fixture", "@pytest.mark.anyio"),
    ],
    ids=["pytest-asyncio", "anyio"],
)
def test_a_fixture_can_use_the_awaited_client_to_the_end(
    pytester: pytest.Pytester, decorator: str, mark: str
) -> None:
    """A fixture that tidies up after the test finds the client still open."""
    source = f"""
import pytest
import pytest_asyncio

@pytest.fixture
def anyio_backend():
    return "asyncio"

{decorator}
async def room(async_videsk, videsk_sandbox):
    room = await async_videsk.rooms.create()
    yield room
    await async_videsk.request("PATCH", f"/vpaas/rooms/{{room.id}}", json={{"ended": True}})
    assert videsk_sandbox.rooms[0]["ended"] is True

{mark}
async def test_room(room, async_videsk):
    assert await async_videsk.rooms.get(room) is not None
"""
    write(pytester, source)
    run(pytester).assert_outcomes(passed=1)


def test_a_view_of_the_awaited_client_leaves_nothing_open(pytester: pytest.Pytester) -> None:
    """Connections that only a view opened are closed all the same."""
    write(
        pytester,
        """
        import pytest
        from videsk_rooms import AuthenticationError

        async def test_stranger(async_videsk):
            with pytest.raises(AuthenticationError):
                await async_videsk.with_options(api_token="wrong").rooms.list()
        """,
        AUTO,
    )
    run(pytester).assert_outcomes(passed=1)


def test_the_awaited_client_works_in_a_loop_of_the_test_itself(pytester: pytest.Pytester) -> None:
    """A blocking test may hand the client to asyncio.run."""
    write(
        pytester,
        """
        import asyncio

        def test_run(async_videsk):
            assert asyncio.run(async_videsk.rooms.create()).id
        """,
    )
    run(pytester).assert_outcomes(passed=1)


def test_an_unused_awaited_client_costs_nothing(pytester: pytest.Pytester) -> None:
    """A test that asks for the client and does not use it passes."""
    write(pytester, "def test_unused(async_videsk): pass")
    run(pytester).assert_outcomes(passed=1)


# -- the load -------------------------------------------------------------------------------------


def test_the_plugin_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    """A run that uses no fixture of ours loads neither aiohttp nor the client nor PyJWT."""
    pytester.makepyfile("def test_plain(): pass")
    code = (
        "import pytest, sys\n"
        "assert pytest.main(['-q', '-p', 'no:cacheprovider']) == 0\n"
        "ours = {name for name in sys.modules if name.startswith('videsk_rooms')}\n"
        "plugin = 'videsk_rooms.pytest_plugin'\n"
        "assert ours == {'videsk_rooms', 'videsk_rooms._version', plugin}, ours\n"
        "assert not {'aiohttp', 'attr', 'cattrs', 'jwt'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
