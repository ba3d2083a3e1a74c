"""From a permit to a worklist: each service hears what it must, and the list is that of whoever is responsible."""

from uuid import UUID

import pytest

from contracts.access.rights import user_number
from contracts.access.teams import AddTeam
from contracts.customer.operations import AssignCustomers
from contracts.plan.due_dates import GetCustomerDueDates, ListDue
from services.kit.actor import Actor
from services.kit.errors import ProblemReply
from tests.support import EXPERT_TAMPERE, House, eventually
from tests.system.test_road import open_customer

pytestmark = [pytest.mark.broker, pytest.mark.database]
ADMIN = Actor(user="admin@tampere", organisation="837", role="access_administrator")


async def kinds(house: House, **asked: object) -> set[tuple[UUID, str]]:
    """Customers and kinds of a worklist."""
    page = await house.ask(ListDue.model_validate(asked))
    return {(each.customer_id, each.kind) for each in page.items}


async def test_a_customer_given_to_an_expert_is_on_that_experts_and_the_teams_list(house: House) -> None:
    customer = await open_customer(house)
    await house.settle()
    everything = {(customer, kind) for kind in ("assessment_start", "assessment_latest", "plan_latest")}
    assert await kinds(house) == await kinds(house, responsible="none") == everything
    assert await kinds(house, responsible="me") == set()

    number = user_number(EXPERT_TAMPERE.user)
    await house.ask(AssignCustomers(customer_ids=(customer,), responsible=number, why="New"))
    await eventually(lambda: kinds(house, responsible="me"))
    await house.settle()
    assert await kinds(house, responsible="me") == everything

    await house.appoint(EXPERT_TAMPERE.user, "837", "integration_expert")
    team = await house.ask(AddTeam(name="Itä", members=(EXPERT_TAMPERE.user,)), ADMIN)
    await house.settle()
    assert await kinds(house, team=team.team_id) == everything


async def test_due_dates_tell_their_section_and_where_they_are_counted_from(house: House) -> None:
    customer = await open_customer(house)
    await house.settle()
    found = await house.ask(GetCustomerDueDates(customer_id=customer))
    latest = next(each for each in found.due_dates if each.kind == "plan_latest")
    assert latest.legal_basis == "681/2023 20 § 3 mom."
    assert "681/2023 20 § 3 mom." in latest.explanation.fi
    elsewhere = Actor(user="expert@helsinki", organisation="091", role="integration_expert")
    with pytest.raises(ProblemReply) as refused:
        await house.ask(GetCustomerDueDates(customer_id=customer), elsewhere)
    assert refused.value.problem().status == 404
