"""Whom a right does not reach does not exist: the same answer, by the same statements, as if nobody had been there."""

import re

import pytest

from tests.leaks.asking import Heard, world
from tests.leaks.conftest import LONG, Leaky
from tests.leaks.doors import DOORS, Door
from tests.leaks.expected import knows, told_apart
from tests.leaks.standings import ROLES

pytestmark = [pytest.mark.database, pytest.mark.broker]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KNOWING = [
    pytest.param(door, role, id=f"{door.name}-{role}".replace(" ", "-"))
    for door in DOORS
    for role in (ROLES if LONG else told_apart(ROLES, door))
    if knows(role, door)
]


@pytest.mark.parametrize(("door", "role"), KNOWING)
async def test_who_is_not_reached_might_as_well_not_be(planted: Leaky, door: Door, role: str) -> None:
    found: list[str] = []
    async with world(planted.house, door.service) as here:
        for case in planted.cases(door, role, "ordinary", "protected"):
            if case.is_reached or case.may_know_that_there_is_one:
                continue
            there = await here.ask(door.ask(case.person), case.actor)
            gone = await here.ask(door.ask(case.person), case.actor, without=case.person.customer_id)
            if _nameless(there) != _nameless(gone):
                found.append(f"{case}: {there.body.decode()} should be the same as {gone.body.decode()}")
            if there.statements != gone.statements:
                found.append(f"{case}: other statements: {set(there.statements) ^ set(gone.statements)}")
    assert not found, "\n".join(found)


def _nameless(heard: Heard) -> str:
    """The answer without its ids: a new one differs each time."""
    return _ID.sub("id", heard.body.decode())
