"""Who is answered what."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.kit.actor import Actor
from services.kit.errors import Forbidden, NotFound
from tests.assessment.support import Desk, changed, opened, relationships
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database

BOTH = relationships(_091="moved", _837="moved")


async def test_an_expert_reads_the_own_municipalitys_assessments_newest_first(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id, relationships=BOTH), 1)
    await desk.hear(changed(customer_id, relationships=BOTH, integration_act_groups=()), 2)
    desk.clock.moment += timedelta(days=1)
    await desk.learn(changed(customer_id, relationships=BOTH), 3)

    answer = await desk.ask(customer_id, EXPERT_TAMPERE)

    assert [(each.municipality, each.status, each.reasons) for each in answer.assessments] == [
        ("837", "to_start", ("integration_act_group",)),
        ("837", "withdrawn", ("integration_act_group",)),
    ]


async def test_a_customer_without_an_assessment_is_answered_with_none(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id, integration_act_groups=()))

    assert (await desk.ask(customer_id)).assessments == ()


async def test_another_municipality_does_not_find_the_customer(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id))

    with pytest.raises(NotFound):
        await desk.ask(customer_id, EXPERT_HELSINKI)


async def test_a_municipality_whose_relationship_ended_does_not_find_the_customer(
    desk: Desk, customer_id: UUID
) -> None:
    await desk.learn(opened(customer_id, relationships=BOTH), 1)
    await desk.learn(changed(customer_id, relationships=relationships(ended=("091",), _837="moved")), 2)

    with pytest.raises(NotFound):
        await desk.ask(customer_id, EXPERT_HELSINKI)


async def test_a_customer_nobody_has_heard_of_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.ask(uuid4())


async def test_a_customer_projected_but_not_yet_considered_is_not_found_rather_than_without_assessments(
    desk: Desk, customer_id: UUID
) -> None:
    await desk.project((opened(customer_id), 1))

    with pytest.raises(NotFound):
        await desk.ask(customer_id)


async def test_a_customer_considered_but_not_yet_projected_is_not_found(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id))

    with pytest.raises(NotFound):
        await desk.ask(customer_id)


async def test_a_supervisor_of_the_municipality_reads_too(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id))

    answer = await desk.ask(customer_id, Actor(user="supervisor@tampere", organisation="837", role="supervisor"))

    assert len(answer.assessments) == 1


@pytest.mark.parametrize("actor", [RECORDS_TAMPERE, Actor(user="someone", organisation="837", role="unheard_of")])
async def test_another_role_of_the_municipality_is_refused(desk: Desk, customer_id: UUID, actor: Actor) -> None:
    await desk.learn(opened(customer_id))

    with pytest.raises(Forbidden):
        await desk.ask(customer_id, actor)
