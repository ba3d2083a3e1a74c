"""What the county contributes to an assessment (681/2023 86 § 4 mom.)."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.assessment.county_sections import CountySection, GetCountySection
from contracts.assessment.versions import AssessmentVersion
from contracts.customer.state import CustomerErased
from services.assessment.handlers.county_sections import MOST_WRITINGS
from services.kit.actor import Actor
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.assessment.participations import (
    COUNTY,
    PARTNERS,
    SUPERVISOR,
    accepted,
    answering,
    contributing,
    requesting,
    seen,
    worker,
    writing,
)
from tests.assessment.support import TODAY, Desk, broken, concluding, dropping
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database


async def section(desk: Desk, known: AssessmentVersion, actor: Actor = EXPERT_TAMPERE) -> CountySection:
    """The county's section as somebody sees it."""
    return await desk.act(GetCountySection(assessment_id=known.assessment_id), actor)


async def test_what_the_county_s_program_sends_is_kept_with_who_wrote_it(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await desk.act(contributing(await accepted(desk, known)), PARTNERS)
    [kept] = (await section(desk, known)).writings
    assert (kept.topic, kept.text, kept.needs) == ("health_and_social_needs", "Sleeps badly.", ("health_services",))
    assert (kept.written_by, kept.organisation, kept.channel) == ("Sanna Sosiaalityöntekijä", COUNTY, None)


async def test_before_the_county_has_accepted_nothing_is_taken(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    asked = await desk.act(requesting(known, desk))
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(contributing(asked), PARTNERS)
    assert broken(refusal) == [("/participation_id", "not_accepted")]
    with pytest.raises(Conflict):
        await desk.act(writing(known))
    assert (await section(desk, known)).writings == ()


async def test_nothing_is_taken_of_a_county_that_refused_or_of_what_was_dropped(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    asked = await desk.act(requesting(known, desk))
    await desk.act(answering(asked, "reject", reason="later"), PARTNERS)
    with pytest.raises(InvalidInput):
        await desk.act(contributing(asked), PARTNERS)
    agreed = await accepted(desk, known)
    [(version,)] = await desk.assessments("version")
    await desk.act(dropping(AssessmentVersion(assessment_id=known.assessment_id, version=version)))
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(contributing(agreed), PARTNERS)
    assert broken(refusal) == [("/participation_id", "not_accepted")]


async def test_all_that_a_contribution_breaks_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    agreed = await accepted(desk, await desk.under_way(customer_id))
    sections = [
        {"topic": "literacy", "text": "Reads."},
        {"topic": "health_and_social_needs", "text": "So.", "needs": ["x"]},
    ]
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(contributing(agreed, sections=sections, written_on=TODAY + timedelta(days=1)), PARTNERS)
    assert broken(refusal) == [
        ("/contribution/sections/0/topic", "rule_book"),
        ("/contribution/sections/1/needs/0", "code_list"),
        ("/contribution/written_on", "in_future"),
    ]


@pytest.mark.parametrize(
    "topic",
    [
        "mental_health_and_rehabilitation",
        "employment_and_education_needs",
        "health_and_social_needs",
        "other_integration_needs",
    ],
)
async def test_the_four_further_topics_of_the_joint_interview_are_written_beside_what_the_municipality_wrote(
    desk: Desk, customer_id: UUID, topic: str
) -> None:
    known = await desk.under_way(customer_id)
    agreed = await accepted(desk, known)
    await desk.act(contributing(agreed, sections=[{"topic": topic, "text": "Of the county."}]), PARTNERS)
    assert [(each.topic, each.text) for each in (await section(desk, known)).writings] == [(topic, "Of the county.")]
    assert not any(each.written for each in (await desk.whole(known)).topics)


async def test_what_is_new_is_written_beside_what_was_there(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    agreed = await accepted(desk, known)
    first = await desk.act(contributing(agreed), PARTNERS)
    then = await desk.act(
        contributing(agreed, sections=[{"topic": "health_and_social_needs", "text": "Sleeps well."}]), PARTNERS
    )
    assert (first.writings, then.writings) == (1, 2)
    assert [each.text for each in (await section(desk, known)).writings] == ["Sleeps well.", "Sleeps badly."]


async def test_a_repeated_contribution_is_one(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    agreed = await accepted(desk, known)
    first = await desk.act(contributing(agreed), PARTNERS, key="m-1")
    assert await desk.act(contributing(agreed), PARTNERS, key="m-1") == first
    assert len((await section(desk, known)).writings) == 1


async def test_the_first_contribution_is_told_without_what_it_says(desk: Desk, customer_id: UUID) -> None:
    agreed = await accepted(desk, await desk.under_way(customer_id))
    for _ in range(2):
        await desk.act(contributing(agreed), PARTNERS)
    query = "SELECT data::text FROM outbox WHERE type = 'assessment.participation_changed.v1' ORDER BY position"
    told = [json.loads(data) for (data,) in await desk.rows(query)]
    assert [each["contributed"] for each in told] == [False, False, True]
    assert (await seen(desk, agreed)).contributed_at == desk.clock.now()
    everything = str(await desk.rows("SELECT data::text FROM outbox"))
    assert "Sleeps" not in everything
    assert "health_services" not in everything


async def test_a_county_worker_with_a_right_to_the_customer_writes_by_hand(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await accepted(desk, known)
    await desk.act(writing(known, channel=None), worker(customer_id))
    [kept] = (await section(desk, known, worker(customer_id))).writings
    assert (kept.organisation, kept.recorded_by, kept.channel) == (COUNTY, "worker@pirkanmaa", None)


async def test_the_expert_who_writes_it_down_says_how_it_came(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await accepted(desk, known)
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(writing(known, channel=None))
    assert broken(refusal) == [("/channel", "missing")]
    await desk.act(writing(known))
    [kept] = (await section(desk, known)).writings
    assert (kept.organisation, kept.recorded_by, kept.channel) == ("837", "expert@tampere", "letter")


async def test_a_supervisor_sees_that_there_is_a_section_and_not_what_is_in_it(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await desk.act(contributing(await accepted(desk, known)), PARTNERS)
    masked = await section(desk, known, SUPERVISOR)
    assert (masked.masked, masked.writings) == (True, ())
    with pytest.raises(Forbidden):
        await desk.act(writing(known), SUPERVISOR)


async def test_others_find_no_section(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await accepted(desk, known)
    for actor in (EXPERT_HELSINKI, worker(uuid4())):
        with pytest.raises(NotFound):
            await section(desk, known, actor)
        with pytest.raises(NotFound):
            await desk.act(writing(known), actor)


async def test_the_section_is_kept_encrypted_and_erased_with_the_customer(desk: Desk, customer_id: UUID) -> None:
    await desk.act(contributing(await accepted(desk, await desk.under_way(customer_id))), PARTNERS)
    kept = str(await desk.rows("SELECT * FROM county_section"))
    assert "Sleeps" not in kept
    assert "health_services" not in kept
    await desk.hear(CustomerErased(erased_customer_id=customer_id), 9)
    assert await desk.rows("SELECT FROM county_section") == []


async def test_a_contribution_frees_the_assessment_to_be_concluded(desk: Desk, customer_id: UUID) -> None:
    known = await desk.answered(customer_id)
    agreed = await accepted(desk, known)
    await desk.act(contributing(agreed), PARTNERS)
    [(version,)] = await desk.assessments("version")
    await desk.act(concluding(AssessmentVersion(assessment_id=known.assessment_id, version=version)))
    assert (await desk.told())[-1]["needs"] == []


async def test_no_more_is_kept_than_can_be_read_at_once(desk: Desk, customer_id: UUID) -> None:
    agreed = await accepted(desk, await desk.under_way(customer_id))
    ten = [{"topic": "health_and_social_needs", "text": "So."}] * 10
    for _ in range(MOST_WRITINGS // 10):
        await desk.act(contributing(agreed, sections=ten), PARTNERS)
    with pytest.raises(Conflict):
        await desk.act(contributing(agreed), PARTNERS)
