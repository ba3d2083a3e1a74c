"""What the policy denies or masks does not come out of any door, and what it allows does."""

import pytest

from tests.leaks.asking import world
from tests.leaks.conftest import Leaky
from tests.leaks.doors import DOORS, Door
from tests.leaks.standings import ROLES

pytestmark = [pytest.mark.database, pytest.mark.broker]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("door", DOORS, ids=lambda each: each.name.replace(" ", "-"))
async def test_what_comes_is_what_the_policy_allows(planted: Leaky, door: Door, role: str) -> None:
    found: list[str] = []
    async with world(planted.house, door.service) as here:
        for case in planted.cases(door, role):
            found += case.complaints(await here.ask(door.ask(case.person), case.actor))
    assert not found, "\n".join(found)
