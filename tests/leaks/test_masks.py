"""A mask shows that there is a field, and not whether it is filled, by what, or why it is masked."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Delete, Update, delete, update

from services.customer.tables.background import BACKGROUND
from services.customer.tables.people import CUSTOMER
from tests.leaks.asking import world
from tests.leaks.conftest import Leaky
from tests.leaks.doors import DOORS, Door
from tests.leaks.expected import Case, knows
from tests.leaks.people import OTHER_CONTENTS
from tests.leaks.standings import ROLES

pytestmark = [pytest.mark.database, pytest.mark.broker]

NAMES = ("read", "history", "cards", "search by name", "background")
READING = {door.name: door for door in DOORS if door.name in NAMES}
_PERMIT = {"kind": "temporary", "granted_on": "2001-02-03", "valid_from": None, "valid_until": None}


def other_values(case: Case) -> Iterator[Update | Delete]:
    """What else might stand in the fields that the asker may not see."""
    of_person = update(CUSTOMER).where(CUSTOMER.c.customer_id == case.person.customer_id)
    if not case.allows(case.person.contact):
        yield of_person.values(contact=None, phone_number=None)
    if not case.allows(case.person.permit):
        yield of_person.values(first_residence_permit=_PERMIT | {"ground": "compassionate_grounds"})
        if case.decision("residence_permit") == case.decision("trafficking"):
            yield of_person.values(first_residence_permit=None)
    if not case.allows("language"):
        yield of_person.values(mother_tongue=None, interpreter=None)
    for group in OTHER_CONTENTS:
        if not case.allows(case.person.group(group)):
            of_group = (BACKGROUND.c.customer_id == case.person.customer_id, BACKGROUND.c.group == group)
            yield delete(BACKGROUND).where(*of_group)


def is_comparable(case: Case) -> bool:
    """Whether the permit is masked whatever its ground: else the mask itself says that the ground is protected."""
    masks = case.decision("residence_permit") == case.decision("trafficking")
    return case.is_reached and (masks or case.person.kind == "trafficked")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("door", READING.values(), ids=lambda each: each.name.replace(" ", "-"))
async def test_what_is_hidden_makes_no_difference(planted: Leaky, door: Door, role: str) -> None:
    found: list[str] = []
    async with world(planted.house, door.service) as here:
        for case in planted.cases(door, role) if knows(role, door) else ():
            if not is_comparable(case):
                continue
            as_it_is = await here.ask(door.ask(case.person), case.actor)
            for change in other_values(case):
                other = await here.ask(door.ask(case.person), case.actor, after=change)
                if other.body != as_it_is.body:
                    found.append(f"{case}: {as_it_is.body.decode()} should be the same as {other.body.decode()}")
    assert not found, "\n".join(found)
