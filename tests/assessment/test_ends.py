"""What an assessment must hold before it is concluded, and how else it ends: R-ASM-04, R-ASM-05."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.assessment.cases import GetAssessmentsOfCustomer
from services.assessment.handlers.topics import write_topic
from services.kit.errors import Conflict, InvalidInput, Unavailable
from services.kit.work import Cause, Repetition
from tests.assessment.support import (
    LAW,
    SUPERVISOR,
    Desk,
    broken,
    changed,
    concluding,
    dropping,
    opened,
    ordering,
    relationships,
    telling,
    writing,
)
from tests.assessment.test_start import starting
from tests.support import EXPERT_TAMPERE, eventually

pytestmark = pytest.mark.database

TOPICS = [(f"/topics/{each.code}", "topic_not_answered") for each in LAW.topics]
DUTIES = [(f"/duties/{each.code}", "duty_not_acknowledged") for each in LAW.duties_to_inform]


async def test_all_that_is_missing_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    await desk.act(ordering(known))
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(concluding(known))
    assert broken(refusal) == [("/interviews", "no_interview"), *TOPICS, *DUTIES, ("/measures", "measure_open")]


@pytest.mark.parametrize("left", range(len(LAW.topics)))
async def test_each_obligatory_topic_is_needed(desk: Desk, customer_id: UUID, left: int) -> None:
    known = await desk.under_way(customer_id)
    known = await desk.act(telling(known, *(each.code for each in LAW.duties_to_inform)))
    for topic in (each for number, each in enumerate(LAW.topics) if number != left):
        await desk.act(writing(known, topic.code))
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(concluding(known))
    assert broken(refusal) == [TOPICS[left]]


async def test_an_interview_that_the_customer_did_not_understand_is_none(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id, language_understood=False)
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(concluding(known))
    assert broken(refusal)[0] == ("/interviews", "language_not_understood")


@pytest.mark.parametrize(
    ("result", "told", "rules"),
    [
        ("plan_needed", {}, []),
        ("no_plan_needed", {}, [("/conclusion/reason", "missing")]),
        ("no_plan_needed", {"reason": "Works in the trade."}, []),
        ("referred_on", {}, [("/conclusion/referred_to", "missing")]),
        ("referred_on", {"referred_to": [{"name": "Sote-keskus"}]}, []),
    ],
)
async def test_a_result_comes_with_what_it_needs(
    desk: Desk, customer_id: UUID, result: str, told: Any, rules: list[tuple[str, str]]
) -> None:
    known = await desk.answered(customer_id)
    if rules:
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(concluding(known, result, **told))
        assert broken(refusal) == rules
    else:
        whole = await desk.whole(await desk.act(concluding(known, result, **told)))
        assert (whole.status, whole.result, whole.ended_by) == ("concluded", result, "expert@tampere")
        [*_, event] = await desk.told()
        assert (event["status"], event["result"], event["ended_on"]) == ("concluded", result, "2026-03-02")


async def test_the_needs_are_told_without_words_and_those_of_the_county_never(desk: Desk, customer_id: UUID) -> None:
    known = await desk.answered(customer_id)
    await desk.rows("UPDATE assessment SET county_takes_part = true RETURNING 1")
    needs = [{"kind": "housing", "text": "A larger flat."}]
    written = await desk.act(writing(known, "life_situation", 1, needs=needs))
    await desk.act(writing(known, "health_and_social_needs", needs=[{"kind": "rehabilitation"}]))
    await desk.act(concluding(known))
    [*_, event] = await desk.told()
    [need_id] = written.need_ids
    assert event["needs"] == [{"need_id": str(need_id), "topic": "life_situation", "kind": "housing"}]
    assert not any(each["needs"] for each in (await desk.told())[:-1])


async def test_a_concluded_assessment_is_read_only_and_facts_start_no_other_one(desk: Desk, customer_id: UUID) -> None:
    known = await desk.act(concluding(await desk.answered(customer_id)))
    for request in (concluding(known), dropping(known), writing(known), ordering(known)):
        with pytest.raises(Conflict):
            await desk.act(request)
    await desk.hear(changed(customer_id, service_language="so"), 2)
    await desk.hear(changed(customer_id, first_permit_on="2026-01-16"), 3)
    assert await desk.assessments("status") == [("concluded",)]


async def test_a_repeated_conclusion_is_answered_as_at_first(desk: Desk, customer_id: UUID) -> None:
    known = await desk.answered(customer_id)
    first = await desk.act(concluding(known), key="one act")
    assert await desk.act(concluding(known), key="one act") == first
    assert [each["status"] for each in await desk.told()].count("concluded") == 1


async def test_whoever_comes_back_is_assessed_anew(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    await desk.act(dropping(known), SUPERVISOR)
    await desk.hear(changed(customer_id, relationships=relationships(ended=("837",))), 2)
    await desk.hear(changed(customer_id), 3)
    assert sorted(await desk.assessments("status")) == [("dropped",), ("to_start",)]


async def test_what_people_have_begun_stays_when_facts_change_and_only_its_reasons_do(
    desk: Desk, customer_id: UUID
) -> None:
    await desk.under_way(customer_id)
    await desk.hear(changed(customer_id, integration_act_groups=()), 2)
    assert await desk.assessments("status, reasons") == [("under_way", [])]
    assert (await desk.published())[-1] == ("837", "under_way", [])


async def test_what_people_have_begun_ends_with_the_relationship(desk: Desk, customer_id: UUID) -> None:
    await desk.under_way(customer_id)
    await desk.hear(changed(customer_id, relationships=relationships(ended=("837",))), 2)
    assert await desk.assessments("status") == [("withdrawn",)]


async def test_an_assessment_of_a_merged_record_stands_where_it_stood_when_the_merge_is_undone(
    desk: Desk, customer_id: UUID
) -> None:
    known = await desk.under_way(customer_id)
    await desk.hear(changed(customer_id, merged_into=UUID(int=1)), 2)
    assert await desk.assessments("status") == [("withdrawn",)]
    await desk.hear(changed(customer_id), 3)
    assert (await desk.whole(known)).status == "under_way"


async def test_after_a_concluded_one_a_person_may_start_another(desk: Desk, customer_id: UUID) -> None:
    await desk.act(concluding(await desk.answered(customer_id)))
    await desk.act(starting(customer_id))
    cards = (await desk.act(GetAssessmentsOfCustomer(customer_id=customer_id))).assessments
    assert [each.status for each in cards] == ["to_start", "concluded"]


async def test_who_asks_by_the_first_version_is_told_what_is_to_be_done(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    assert [each.status for each in (await desk.ask(customer_id)).assessments] == ["to_start"]
    await desk.act(dropping(known))
    assert (await desk.ask(customer_id)).assessments == ()


async def test_an_unknown_ground_to_drop_is_told(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(dropping(known, "bored"))
    assert broken(refusal) == [("/drop/ground", "code_list")]


async def test_erasing_takes_all_that_was_recorded(desk: Desk, customer_id: UUID) -> None:
    known = await desk.answered(customer_id)
    await desk.act(ordering(known))
    await desk.erase(customer_id)
    for table in ("assessment", "interview", "topic_writing", "measure", "considered", "circumstances"):
        assert await desk.rows(f"SELECT * FROM {table}") == []
    await desk.hear(opened(customer_id), 9)
    assert await desk.assessments() == []


async def test_what_an_erasure_waits_for_is_refused_and_nothing_of_it_is_left(desk: Desk, customer_id: UUID) -> None:
    act = writing(await desk.under_way(customer_id))
    begun = Repetition(act.TYPE, str(uuid4()), [b""])
    begin = desk.service.parts.unit_of_work.begin
    with pytest.raises(Unavailable):  # noqa: PT012  the commit raises
        async with begin(EXPERT_TAMPERE, Cause("test", "test"), request=type(act), repetition=begun) as work:
            await write_topic(act, work)
            erasing = asyncio.create_task(desk.erase(customer_id))
            await eventually(lambda: desk.rows("SELECT FROM pg_locks WHERE NOT granted"))
    await erasing
    for table in ("assessment", "interview", "topic_writing"):
        assert await desk.rows(f"SELECT * FROM {table}") == []
