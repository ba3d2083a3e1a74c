"""Data groups of no service yet: a resource that stands in for one decides by the same few lines, and leaks nothing."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy import Select, Text, Uuid, column, false, func, or_, select, values

from contracts.envelope import Request
from services.assessment.tables import customer_view
from services.kit.errors import Forbidden
from services.kit.rights import MUNICIPALITY, within
from services.kit.work import Cause, Work
from tests.leaks.asking import World, world
from tests.leaks.conftest import Leaky
from tests.leaks.people import Planted
from tests.leaks.standings import ROLES, Standing, standings

pytestmark = [pytest.mark.database, pytest.mark.broker]

FIELDS = ("health", "county_section")


class Note(BaseModel):
    """What the resource tells of one customer."""

    customer_id: UUID
    health: str | None = None
    county_section: str | None = None


class ListNotes(Request[Any]):
    """Every note that the asker reaches. No contract of the house: it has no type, and nobody else knows it."""


ListNotes.ACT, ListNotes.DATA = "view", FIELDS


def secret(field: str, person: Planted) -> str:
    return f"planted {field} {person.number}"


async def list_notes(work: Work, people: list[Planted]) -> list[Note]:
    """The notes of those whom the asker reaches, with what he or she may see of them."""
    rows = (await work.connection.execute(_query(work, people), work.rights.values)).all()
    found = []
    for row in rows:
        relation = work.rights.relation(row.customer_id, related=row.related)
        shown = {field: getattr(row, field) for field in FIELDS if work.rights.allows(field, relation)}
        found.append(Note(customer_id=row.customer_id, **shown))
    return found


def _query(work: Work, people: list[Planted]) -> Select[Any]:
    note = values(
        column("customer_id", Uuid), column("health", Text), column("county_section", Text), name="note"
    ).data([(each.customer_id, *(secret(field, each) for field in FIELDS)) for each in people])
    # an outer join: of a customer opened in an emergency, who is another municipality's, the border hides the view
    related = func.coalesce(func.array_position(customer_view.c.open_municipalities, MUNICIPALITY) > 0, false())
    reached = [
        within(work.rights.reach(field), note.c.customer_id, related, false(), customer_view) for field in FIELDS
    ]
    joined = note.outerjoin(customer_view, customer_view.c.customer_id == note.c.customer_id)
    return select(note, related.label("related")).select_from(joined).where(or_(*reached))


async def notes(here: World, people: list[Planted], standing: Standing, role: str, about: Planted) -> dict[UUID, Note]:
    """What a role gets in a standing to one of the people."""
    actor = standing.actor(role, about.customer_id)
    try:
        async with here.unit_of_work.begin(actor, Cause("m", "c"), request=ListNotes) as work:
            return {each.customer_id: each for each in await list_notes(work, people)}
    except Forbidden:
        return {}


@pytest.mark.parametrize("role", ROLES)
async def test_health_and_the_county_s_section_come_to_those_alone_whom_the_policy_names(
    planted: Leaky, role: str
) -> None:
    found: list[str] = []
    async with world(planted.house, "assessment") as here:
        for standing in standings(role):
            about = next(each for each in planted.people if each.is_open != standing.of_ended)
            note = (await notes(here, planted.people, standing, role, about)).get(about.customer_id)
            for field in FIELDS:
                told = note is not None and getattr(note, field) == secret(field, about)
                if told != (standing.decision(role, "view", field) == "allow"):
                    found.append(f"{role}, {standing.name}: {field} {'came out' if told else 'did not come'}")
            ruled = any(standing.decision(role, "view", field) for field in FIELDS)
            if (note is not None) != ruled:
                found.append(f"{role}, {standing.name}: {'it came out that there is one' if note else 'did not come'}")
    assert not found, "\n".join(found)
