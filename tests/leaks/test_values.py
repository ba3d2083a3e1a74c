"""What the policy denies or masks does not come out of any door, and what it allows does."""

import pytest

from tests.leaks.asking import world
from tests.leaks.conftest import LONG, Leaky
from tests.leaks.doors import DOORS, Door
from tests.leaks.expected import told_apart
from tests.leaks.standings import ROLES

pytestmark = [pytest.mark.database, pytest.mark.broker]


TRIED = [
    pytest.param(door, role, id=f"{door.name}-{role}".replace(" ", "-"))
    for door in DOORS
    for role in (ROLES if LONG else told_apart(ROLES, door))
]


@pytest.mark.parametrize(("door", "role"), TRIED)
async def test_what_comes_is_what_the_policy_allows(planted: Leaky, door: Door, role: str) -> None:
    found: list[str] = []
    async with world(planted.house, door.service) as here:
        for case in planted.cases(door, role):
            found += case.complaints(await here.ask(door.ask(case.person), case.actor))
    assert not found, "\n".join(found)
