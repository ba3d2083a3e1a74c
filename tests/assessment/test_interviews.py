"""Interviews planned, missed and held, and what the customer is told: 869/2024 2 and 4 §, R-ASM-05."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from contracts.assessment.versions import AssessmentVersion
from services.assessment.rules.interviews import consequences, missed_that_count
from services.kit.errors import ChangedMeanwhile, Conflict, InvalidInput
from tests.assessment.support import LAW, TODAY, Desk, broken, changed, holding, missing, opened, planning, telling

pytestmark = pytest.mark.database

SOON = datetime(2026, 3, 5, 8, tzinfo=UTC)


async def test_a_planned_interview_is_told_with_its_moment_and_replanned(desk: Desk, customer_id: UUID) -> None:
    known = await desk.act(planning(await desk.to_start(customer_id), SOON))
    known = await desk.act(planning(known, SOON + timedelta(days=1)))

    whole = await desk.whole(known)
    assert [each.state for each in whole.interviews] == ["planned", "replaced"]
    assert [each["interview_at"] for each in await desk.told()] == [
        None,
        "2026-03-05T08:00:00Z",
        "2026-03-06T08:00:00Z",
    ]
    assert (whole.status, whole.version) == ("planned", 3)


async def test_all_that_an_appointment_breaks_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    interpreter = {"needed": True}
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(
            planning(
                await desk.to_start(customer_id),
                desk.clock.moment - timedelta(minutes=1),
                place="video",
                language="xx",
                interpreter=interpreter,
            )
        )
    assert broken(refusal) == [
        ("/appointment/place_reason", "missing"),
        ("/appointment/language", "code_list"),
        ("/appointment/interpreter/language", "missing"),
        ("/appointment/starts_at", "in_past"),
    ]


async def test_another_place_than_an_office_takes_a_reason(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    reason = {"place": "home", "place_reason": "Can't leave home after an operation."}
    assert (await desk.act(planning(known, SOON, **reason))).version == 2


async def test_a_missed_interview_is_kept_with_what_the_customer_says_and_a_second_one_tells_what_may_follow(
    desk: Desk, customer_id: UUID
) -> None:
    known = await desk.to_start(customer_id)
    for number in (1, 2):
        known = await desk.act(planning(known, desk.clock.moment + timedelta(days=1)))
        desk.clock.moment += timedelta(days=2)
        known = await desk.act(missing(known, "The child was ill."))
        whole = await desk.whole(known)
        assert (whole.missed, len(whole.consequences)) == (number, number - 1)
    assert {each.explanation for each in whole.interviews} == {"The child was ill."}
    assert whole.consequences[0].legal_basis == "1290/2002 2 a luku 9 §"
    assert (whole.status, (await desk.told())[-1]["interview_at"]) == ("planned", None)


async def test_nobody_misses_what_was_not_planned_or_has_not_begun(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    with pytest.raises(Conflict):
        await desk.act(missing(known))
    known = await desk.act(planning(known, SOON))
    with pytest.raises(Conflict):
        await desk.act(missing(known))


@pytest.mark.parametrize(("second", "counted"), [(date(2027, 3, 1), 2), (date(2027, 3, 2), 2), (date(2027, 3, 3), 1)])
def test_interviews_missed_count_together_for_twelve_months(second: date, counted: int) -> None:
    missed = [TODAY, second]
    assert missed_that_count(missed, LAW, second) == counted
    assert len(consequences(missed, LAW, second)) == counted - 1


def test_interviews_missed_years_ago_count_no_more() -> None:
    missed = [date(2023, 3, 1), date(2023, 4, 1), date(2023, 5, 1)]
    assert (missed_that_count(missed, LAW, TODAY), consequences(missed, LAW, TODAY)) == (0, ())
    assert missed_that_count([*missed, TODAY], LAW, TODAY) == 1


async def test_interviews_that_a_merged_record_missed_count_too(desk: Desk, customer_id: UUID) -> None:
    duplicate = uuid7()
    await desk.learn(opened(duplicate))
    await desk.learn(opened(customer_id))
    rows = await desk.rows(f"SELECT assessment_id, version FROM assessment ORDER BY customer_id = '{customer_id}'")
    for assessment_id, version in rows:
        known = AssessmentVersion(assessment_id=assessment_id, version=version)
        known = await desk.act(planning(known, desk.clock.moment + timedelta(days=1)))
        desk.clock.moment += timedelta(days=2)
        known = await desk.act(missing(known))
    await desk.learn(changed(duplicate, merged_into=customer_id), 2)
    whole = await desk.whole(known)
    assert (whole.missed, len(whole.consequences)) == (2, 1)


async def test_an_interview_held_brings_the_assessment_under_way(desk: Desk, customer_id: UUID) -> None:
    known = await desk.act(planning(await desk.to_start(customer_id), desk.clock.moment + timedelta(minutes=5)))
    participants = [{"role": "interpreter", "name": "Tuulia Tulkki"}]
    used = {"interpreter_used": True, "interpreter_language": "so", "participants": participants}
    whole = await desk.whole(await desk.act(holding(known, **used)))
    [interview] = whole.interviews
    assert (whole.status, interview.state) == ("under_way", "held")
    assert interview.appointment
    assert interview.held
    assert interview.held.interpreter_language == "so"
    assert (await desk.told())[-1]["interview_at"] == "2026-03-02T10:05:00Z"


async def test_it_may_take_several_interviews_and_stays_under_way(desk: Desk, customer_id: UUID) -> None:
    known = await desk.act(planning(await desk.under_way(customer_id), SOON))
    assert (await desk.whole(known)).status == "under_way"
    desk.clock.moment = SOON
    whole = await desk.whole(await desk.act(holding(known, held_on=SOON.date())))
    assert [each.state for each in whole.interviews] == ["held", "held"]


async def test_all_that_an_interview_breaks_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await desk.under_way(
            customer_id,
            held_on=TODAY + timedelta(days=1),
            place="moon",
            interpreter_used=True,
            participants=[{"role": "cook"}],
        )
    assert broken(refusal) == [
        ("/interview/place", "code_list"),
        ("/interview/place_reason", "missing"),
        ("/interview/interpreter_language", "missing"),
        ("/interview/held_on", "in_future"),
        ("/interview/participants/0/role", "code_list"),
    ]


async def test_who_acts_on_what_somebody_changed_is_told_so(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    await desk.act(planning(known, SOON))
    with pytest.raises(ChangedMeanwhile) as refusal:
        await desk.act(planning(known, SOON))
    assert refusal.value.extra["current_version"] == 2


async def test_duties_are_acknowledged_one_by_one_and_those_left_are_named(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    known = await desk.act(telling(known, "personal_data", "aims_of_services"))
    known = await desk.act(telling(known, "personal_data", note="Asked again."))
    whole = await desk.whole(known)
    assert whole.duties_left == ("plan_and_process", "rights_and_duties")
    assert [(each.duty, each.note) for each in whole.duties] == [
        ("personal_data", "Asked again."),
        ("aims_of_services", None),
    ]


async def test_all_that_duties_break_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(telling(known, "tea", "personal_data", "personal_data", made_sure="nodded"))
    assert broken(refusal) == [
        ("/duties/0/duty", "rule_book"),
        ("/duties/0/made_sure", "code_list"),
        ("/duties/1/made_sure", "code_list"),
        ("/duties/2/duty", "repeated"),
        ("/duties/2/made_sure", "code_list"),
    ]
