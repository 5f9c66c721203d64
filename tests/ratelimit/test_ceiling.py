"""A lower limit of a client below that of its account: `RateLimit.at_most`."""

from __future__ import annotations

import asyncio

import attrs

from tests.ratelimit.asking import ask
from videsk_rooms._ratelimit.ceiling_store import CeilingStore
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.memory_store import MemoryStore
from videsk_rooms._ratelimit.schedule import Ask, Message, Update

ACCOUNT = Limit(2, 60.0)


def stores() -> tuple[CeilingStore, MemoryStore]:
    """Make the store of a client that may send one request, and its account's."""
    account = MemoryStore()

    def lowered(ask: Ask) -> Ask:
        return attrs.evolve(ask, requests=1)

    return CeilingStore(MemoryStore(), lowered, account), account


def answer(store: CeilingStore | MemoryStore, message: Message) -> float:
    """Tell a store something; return its answer."""
    return asyncio.run(store.apply(message))


def test_who_waits_for_the_ceiling_takes_no_place_of_the_account() -> None:
    """Others of the account have it meanwhile."""
    client, account = stores()
    assert answer(client, ask(1, ACCOUNT)) == 0
    assert answer(client, ask(2, ACCOUNT)) > 0
    assert answer(account, ask("another client's", ACCOUNT)) == 0


def test_who_waits_for_the_account_takes_no_place_below_the_ceiling() -> None:
    """Whoever comes later and goes first, such as a person, has it meanwhile."""
    client, account = stores()
    for number in (1, 2):
        assert answer(account, ask(f"another client's {number}", ACCOUNT)) == 0
    assert answer(client, ask(1, ACCOUNT)) > 0
    answer(account, Message([Update("another client's 1", None), Update("1", None)]))
    assert answer(client, ask(2, ACCOUNT)) == 0


def test_what_becomes_of_a_request_is_told_to_both() -> None:
    """It was not sent: the next one leaves in its place."""
    client, _ = stores()
    assert answer(client, ask(1, ACCOUNT)) == 0
    assert answer(client, Message([Update("1", None)], ask=ask(2, ACCOUNT).ask)) == 0


def test_a_pause_holds_both() -> None:
    """As long as it lasts, for every client of the account."""
    client, account = stores()
    answer(client, Message(pause=30.0))
    assert answer(client, ask(1, ACCOUNT)) > 0
    assert answer(account, ask(2, ACCOUNT)) > 0
