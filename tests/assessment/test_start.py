"""Starting an assessment by hand: 681/2023 14 § 1 mom. 4, R-ASM-01 and R-ASM-02."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.assessment.cases import StartAssessment
from services.kit.errors import Conflict, InvalidInput, NotFound
from tests.assessment.support import SUPERVISOR, TODAY, Desk, broken, changed, opened, planning
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database

NOBODYS_GROUP: dict[str, Any] = {"integration_act_groups": ()}


def starting(customer_id: UUID, **more: Any) -> StartAssessment:
    usual = {"asked_on": TODAY, "why": "Speaks no Finnish and has no work."}
    return StartAssessment.model_validate({"customer_id": customer_id} | usual | more)


async def test_whoever_asks_and_needs_it_has_an_assessment_to_start(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id, **NOBODYS_GROUP))

    known = await desk.act(starting(customer_id))

    assert await desk.published() == [("837", "to_start", ["assessed_need"])]
    whole = await desk.whole(known)
    assert whole.started_by_hand
    assert whole.started_by_hand.why == "Speaks no Finnish and has no work."


@pytest.mark.parametrize(
    ("permit", "reason", "rules"),
    [
        (date(2023, 3, 3), None, []),
        (date(2023, 3, 2), None, []),
        (date(2023, 3, 1), None, [("/despite_time_limit", "time_limit_passed")]),
        (date(2023, 3, 1), "The municipality chose to.", []),
        (None, None, []),
    ],
)
async def test_after_three_years_it_takes_a_reason_that_is_kept(
    desk: Desk, customer_id: UUID, permit: date | None, reason: str | None, rules: list[tuple[str, str]]
) -> None:
    await desk.learn(opened(customer_id, first_permit_on=permit, **NOBODYS_GROUP))
    request = starting(customer_id, despite_time_limit=reason)

    if rules:
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(request)
        assert broken(refusal) == rules
    else:
        whole = await desk.whole(await desk.act(request))
        assert whole.started_by_hand
        assert whole.started_by_hand.despite_time_limit == reason


async def test_where_the_law_excepts_a_person_from_the_three_years_no_reason_is_asked(
    desk: Desk, customer_id: UUID
) -> None:
    await desk.learn(opened(customer_id, first_permit_on="2015-01-01", three_year_limit_applies=False, **NOBODYS_GROUP))
    assert (await desk.act(starting(customer_id))).version == 1


async def test_a_repeated_start_makes_one_assessment(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id, **NOBODYS_GROUP))
    first = await desk.act(starting(customer_id), key="one act")
    assert await desk.act(starting(customer_id), key="one act") == first
    assert len(await desk.assessments()) == 1


async def test_a_contact_of_an_authority_is_found_to_be_a_need_and_stays_one_assessment(
    desk: Desk, customer_id: UUID
) -> None:
    item = await desk.to_start(customer_id)
    known = await desk.act(starting(customer_id))
    assert (known.assessment_id, known.version) == (item.assessment_id, 2)
    assert await desk.assessments("status, reasons") == [("to_start", ["assessed_need", "integration_act_group"])]


async def test_a_need_that_a_person_assessed_stays_when_other_facts_go(desk: Desk, customer_id: UUID) -> None:
    await desk.to_start(customer_id)
    await desk.act(starting(customer_id))
    await desk.hear(changed(customer_id, **NOBODYS_GROUP), 2)
    assert await desk.assessments("status, reasons") == [("to_start", ["assessed_need"])]


async def test_no_second_one_is_started_beside_an_open_one(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    await desk.act(planning(known, desk.clock.moment + timedelta(days=1)))
    with pytest.raises(Conflict):
        await desk.act(starting(customer_id))


async def test_a_day_to_come_and_a_time_that_is_over_are_told_at_once(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id, first_permit_on="2015-01-01", **NOBODYS_GROUP))
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(starting(customer_id, asked_on=TODAY + timedelta(days=1)))
    assert broken(refusal) == [("/asked_on", "in_future"), ("/despite_time_limit", "time_limit_passed")]


async def test_another_municipality_finds_no_such_customer(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id, **NOBODYS_GROUP))
    with pytest.raises(NotFound):
        await desk.act(starting(customer_id), EXPERT_HELSINKI)
    assert (await desk.act(starting(customer_id), SUPERVISOR)).version == 1
