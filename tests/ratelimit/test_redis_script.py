"""The script in Redis says what the rule in Python says, to a millionth of a second."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import attrs
import pytest
import redis

from videsk_rooms._ratelimit.redis_store import SCRIPT
from videsk_rooms._ratelimit.schedule import GRACE, Ask, Message, Rank, Schedule, Update

if TYPE_CHECKING:
    from tests.ratelimit.redis_server import RedisServer

# The script with the times of the test instead of the server's own.
_CLOCK = "local time = redis.call('TIME')\nlocal now = time[1] + time[2] / 1000000\n"
WITH_TIMES = SCRIPT.replace(_CLOCK, "local now = tonumber(ARGV[2])\n")

OPERATIONS = 1000
NEAR = 2e-6


class Account:
    """Requests of an account, at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 1_700_000_000.0
        self.requests = self.random.choice([1, 2, 4, 5, 20])
        self.per = self.random.choice([0.5, 1.0, 3.0])
        self.out = self.random.choice([0.0, 0.06])
        self.waiting: dict[str, tuple[Rank, float]] = {}
        self.permitted: list[str] = []
        self._number = 0

    def message(self) -> Message:
        """Make one that is likely, and now and then one that is not."""
        chance = self.random.random
        self.now += self.random.choice([0.0, 0.0, 0.0001, 0.003, 0.02, 0.04, 0.3])
        if chance() < 0.004:
            self.now += self.random.choice([-30.0, -3.0, 2.0, 6000.0])
        updates = [
            Update(one, self.random.choice([None, 0.0, 0.01, 0.4]))
            for one in self.permitted
            if chance() < 0.2
        ]
        self.permitted = [
            one for one in self.permitted if one not in {update.id for update in updates}
        ]
        if chance() < 0.05 and self.waiting:
            one = self.random.choice(list(self.waiting))
            del self.waiting[one]
            updates.append(Update(one, None))
        pause = self.random.choice([0.1, 2.0, 5000.0]) if chance() < 0.004 else 0.0
        return Message(updates, pause, self._ask() if chance() < 0.95 else None)

    def _ask(self) -> Ask:
        if len(self.waiting) < 8 and self.random.random() < 0.5:
            self._number += 1
            self.waiting[f"{self._number % 7}.{self._number}"] = (
                self.random.choice(list(Rank)),
                self.now,
            )
        if not self.waiting:
            return self._ask()
        one = self.random.choice(list(self.waiting))
        rank, since = self.waiting[one]
        late = self.random.choice([0.02, 1.0])
        waited = max(self.now - since, 0.0)
        per = 0.3 if one.startswith("0.") else self.per  # as another process knows it
        return Ask(one, rank, waited, self.requests, per, self.out, late)


@pytest.mark.parametrize("seed", range(4))
def test_the_script_decides_as_the_rule_does(common_redis: RedisServer, seed: int) -> None:
    """Over thousands of messages: permits at the same moments, and waits as long."""
    assert WITH_TIMES != SCRIPT
    account, schedule = Account(seed), Schedule()
    seen = {"permits": 0, "waits": 0}
    with redis.Redis.from_url(common_redis.url) as server:
        script = server.register_script(WITH_TIMES)
        for number in range(OPERATIONS):
            message = account.message()
            said = float(
                script(
                    keys=[f"the-rule-{seed}"],
                    args=[json.dumps(attrs.asdict(message)), repr(account.now)],
                )
            )
            answer = schedule.apply(message, account.now)
            if abs(answer - said) > NEAR:
                # On the edge of the moment at which a request may leave either is right.
                pytest.fail(f"message {number}: {said} instead of {answer}, for {message}")
            if message.ask is not None:
                seen["permits" if answer == 0 else "waits"] += 1
                if answer == 0:
                    account.waiting.pop(message.ask.id)
                    account.permitted.append(message.ask.id)
    assert min(seen.values()) > OPERATIONS / 50, seen  # neither was rare


def test_the_numbers_of_the_script_are_those_of_the_rule() -> None:
    """Whoever changes one changes the other."""
    from videsk_rooms._ratelimit import schedule

    names = [name for line in _constants() for name in line[0]]
    values = [value for line in _constants() for value in line[1]]
    found = {name: getattr(schedule, name, getattr(schedule, f"_{name}", None)) for name in names}
    found["BACKGROUND_RANK"] = int(Rank.BACKGROUND_CONTINUED)
    assert found == dict(zip(names, values, strict=True))
    assert found["GRACE"] == GRACE


def _constants() -> list[tuple[list[str], list[float]]]:
    found = []
    for line in SCRIPT.strip().splitlines():
        if not line.startswith("local "):
            break
        names, _, values = line.removeprefix("local ").partition(" = ")
        found.append((names.split(", "), [float(each) for each in values.split(", ")]))
    return found
