"""A refused token: the callable is asked once for all, and each call is sent once more."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    AuthenticationError,
    ConfigurationError,
    DeadlineExceededError,
    PermissionDeniedError,
    Retry,
    Timeout,
    Videsk,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import Response
    from videsk_rooms.sandbox import Sandbox

REFUSED = "a-token-that-nobody-issued"
ALSO_REFUSED = "another-that-nobody-issued"
MANY = 20


def options(sandbox: Sandbox) -> dict[str, Any]:
    """Return the options of a client of single attempts."""
    return {"base_url": sandbox.url, "retry": Retry(attempts=1), "rate_limit": None}


def client(sandbox: Sandbox, api_token: Any) -> AsyncVidesk:
    return AsyncVidesk(api_token, **options(sandbox))


def statuses(response: Response | AuthenticationError) -> list[int | None]:
    return [attempt.status for attempt in response.attempts]


class Vault:
    """A callable that gives one token after the other, the last one for ever; counts."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]


class PatientVault(Vault):
    """An awaitable vault that renews its token only when something has happened."""

    def __init__(self, *tokens: str, renew_when: Callable[[], bool]) -> None:
        super().__init__(*tokens)
        self._renew_when = renew_when

    async def __call__(self) -> str:  # type: ignore[override]  # awaitable, as callables may be
        token = super().__call__()
        if self.asked > 1:
            await until(self._renew_when)
        return token


async def test_a_refused_token_is_renewed_and_the_call_sent_once_more(sandbox: Sandbox) -> None:
    """Two attempts, the second one with the new token."""
    vault = Vault(REFUSED, sandbox.api_token)
    async with client(sandbox, vault) as videsk:
        response = await videsk.request("GET", "/vpaas/rooms")
    assert statuses(response) == [401, 200]
    assert [attempt.number for attempt in response.attempts] == [1, 2]
    assert [request.headers["Authorization"] for request in sandbox.requests] == [
        f"Bearer {REFUSED}",
        f"Bearer {sandbox.api_token}",
    ]


async def test_the_replay_says_the_same(sandbox: Sandbox) -> None:
    """A create goes out again with its body, and makes one room."""
    async with client(sandbox, Vault(REFUSED, sandbox.api_token)) as videsk:
        await videsk.rooms.create(name="Support", external_id="ticket-1")
    first, second = sandbox.requests
    assert first.body == second.body
    assert [room["externalId"] for room in sandbox.rooms] == ["ticket-1"]


async def test_a_token_that_expires_under_way_is_renewed(sandbox: Sandbox) -> None:
    """`jwt expired` is a 401 like any other (docs/api.md, "Errors")."""
    vault = Vault(sandbox.tokens.issue(expires_in=timedelta(minutes=1)), sandbox.api_token)
    async with client(sandbox, vault) as videsk:
        assert statuses(await videsk.request("GET", "/vpaas/rooms")) == [200]
        sandbox.advance(timedelta(minutes=1))
        assert statuses(await videsk.request("GET", "/vpaas/rooms")) == [401, 200]
        assert statuses(await videsk.request("GET", "/vpaas/rooms")) == [200]
    assert vault.asked == 2


async def test_many_calls_with_one_refused_token_ask_once(sandbox: Sandbox) -> None:
    """Each waits for the one answer and is sent once more: two attempts each, no more."""
    vault = PatientVault(
        REFUSED,
        sandbox.api_token,
        renew_when=lambda: [request.status for request in sandbox.requests] == [401] * MANY,
    )
    async with client(sandbox, vault) as videsk:
        responses = await asyncio.gather(
            *(videsk.request("GET", "/vpaas/rooms") for _ in range(MANY))
        )
    assert [statuses(response) for response in responses] == [[401, 200]] * MANY
    assert (vault.asked, len(sandbox.requests)) == (2, 2 * MANY)


def test_many_threads_with_one_refused_token_ask_once(sandbox: Sandbox) -> None:
    """The blocking client is shared by threads, and so is the renewed token."""
    vault = PatientVault(
        REFUSED,
        sandbox.api_token,
        renew_when=lambda: [request.status for request in sandbox.requests] == [401] * 5,
    )
    responses: list[Response] = []
    with Videsk(vault, **options(sandbox)) as videsk:
        threads = [
            threading.Thread(target=lambda: responses.append(videsk.request("GET", "/vpaas/rooms")))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [statuses(response) for response in responses] == [[401, 200]] * 5
    assert vault.asked == 2


async def test_a_fixed_token_stays_refused(sandbox: Sandbox) -> None:
    """One attempt: the same token would be refused again."""
    async with client(sandbox, REFUSED) as videsk:
        with pytest.raises(AuthenticationError) as caught:
            await videsk.rooms.list()
    assert statuses(caught.value) == [401]
    assert len(sandbox.requests) == 1


async def test_the_same_token_given_again_is_not_sent_again(sandbox: Sandbox) -> None:
    """A vault without anything newer makes the 401 stand, for all who wait."""
    vault = PatientVault(
        REFUSED,
        renew_when=lambda: [request.status for request in sandbox.requests] == [401] * MANY,
    )
    async with client(sandbox, vault) as videsk:
        outcomes = await asyncio.gather(
            *(videsk.rooms.list() for _ in range(MANY)), return_exceptions=True
        )
    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert (vault.asked, len(sandbox.requests)) == (2, MANY)


async def test_a_new_token_that_is_refused_too_ends_the_call(sandbox: Sandbox) -> None:
    """The replay happens once, whatever else the vault has."""
    vault = Vault(REFUSED, ALSO_REFUSED, sandbox.api_token)
    async with client(sandbox, vault) as videsk:
        with pytest.raises(AuthenticationError) as caught:
            await videsk.rooms.list()
    assert statuses(caught.value) == [401, 401]
    assert vault.asked == 2


async def test_a_403_asks_for_no_other_token(sandbox: Sandbox) -> None:
    """A removed token is answered 403, which says nothing about another (docs/api.md, "Errors")."""
    sandbox.tokens.revoke(sandbox.api_token)
    vault = Vault(sandbox.api_token)
    async with client(sandbox, vault) as videsk:
        with pytest.raises(PermissionDeniedError):
            await videsk.rooms.list()
    assert (vault.asked, len(sandbox.requests)) == (1, 1)


async def test_what_the_callable_raises_at_renewal_reaches_the_caller(sandbox: Sandbox) -> None:
    """Of its own class, and as it was raised."""
    error = LookupError("sealed meanwhile")
    answers: list[str | Exception] = [REFUSED, error]

    async def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with client(sandbox, ask) as videsk:
        with pytest.raises(LookupError) as caught:
            await videsk.rooms.list()
    assert caught.value is error


async def test_a_renewal_that_fails_does_not_hide_a_lost_answer(sandbox: Sandbox) -> None:
    """The room may be there: the error of the second attempt says so, and under which name."""
    sandbox.faults.drop("after", on="create")
    sandbox.faults.status(401, on="create")
    tokens = [sandbox.api_token, ""]
    videsk = AsyncVidesk(
        lambda: tokens.pop(0), base_url=sandbox.url, retry=Retry(base_delay=0), rate_limit=None
    )
    async with videsk:
        with pytest.raises(ConfigurationError, match="is empty") as caught:
            await videsk.rooms.create(external_id="ticket-1")
    assert caught.value.outcome_unknown
    assert caught.value.external_id == "ticket-1"
    assert [room["externalId"] for room in sandbox.rooms] == ["ticket-1"]


@pytest.mark.parametrize("awaitable", [False, True], ids=["plain", "awaitable"])
async def test_a_renewal_ends_with_the_time_of_the_call(
    sandbox: Sandbox, *, awaitable: bool
) -> None:
    """A vault that hangs holds no call beyond its total, also where it hangs in a thread."""
    released, released_in_loop = threading.Event(), asyncio.Event()
    asked = 0

    def ask() -> str:
        nonlocal asked
        asked += 1
        if asked > 1:
            released.wait(30)
        return REFUSED

    async def ask_awaitably() -> str:
        nonlocal asked
        asked += 1
        if asked > 1:
            await released_in_loop.wait()
        return REFUSED

    async with client(sandbox, ask_awaitably if awaitable else ask) as videsk:
        patient = videsk.with_options(timeout=Timeout(total=1.5))
        with pytest.raises((AuthenticationError, DeadlineExceededError)):
            await patient.rooms.list()
    assert not released.is_set()
    released.set()
    assert (asked, len(sandbox.requests)) == (2, 1)


async def test_a_create_that_waits_for_its_token_in_vain_was_surely_not_processed(
    sandbox: Sandbox,
) -> None:
    """Nothing is sent without a token, so nothing is unknown."""

    async def ask() -> str:
        await asyncio.Event().wait()
        return sandbox.api_token

    async with client(sandbox, ask) as videsk:
        hasty = videsk.with_options(timeout=0.2)
        with pytest.raises(DeadlineExceededError) as caught:
            await hasty.rooms.create(external_id="ticket-1")
    assert not sandbox.requests
    assert not caught.value.outcome_unknown


async def test_a_view_with_another_token_has_its_own(sandbox: Sandbox) -> None:
    """`with_options(api_token=)` changes nothing for the client that it was made from."""
    other = sandbox.tokens.issue()
    async with client(sandbox, sandbox.api_token) as videsk:
        view = videsk.with_options(api_token=other)
        await view.rooms.list()
        await videsk.rooms.list()
        await videsk.with_options(timeout=5.0).rooms.list()
    assert [request.headers["Authorization"] for request in sandbox.requests] == [
        f"Bearer {other}",
        f"Bearer {sandbox.api_token}",
        f"Bearer {sandbox.api_token}",
    ]


async def test_views_share_the_token_that_was_asked_for(sandbox: Sandbox) -> None:
    """A view without a token of its own does not ask the vault anew."""
    vault = Vault(sandbox.api_token)
    async with client(sandbox, vault) as videsk:
        await videsk.rooms.list()
        await videsk.with_options(timeout=5.0).rooms.list()
    assert vault.asked == 1
