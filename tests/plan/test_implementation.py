"""Reviews, more time, hindrances, how goals are reached and what was neglected."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.plan.due_dates import ListDue
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    Extension,
    FollowUp,
    Hindrance,
    Neglect,
    Recorded,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    Review,
    ReviewPlan,
)
from contracts.plan.plans import EndPlan, FollowOn, GetPlanHistory, PlanVersion
from services.kit.errors import ChangedMeanwhile, Conflict, InvalidInput
from tests.plan.support import GOAL, HELSINKI, LINE, TAMPERE, TODAY, Desk, StoppedClock, content
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database


def reviewing(plan: PlanVersion, **other: Any) -> ReviewPlan:
    told: dict[str, Any] = {
        "reason": "half_year",
        "reviewed_on": TODAY,
        "participation": "Took part in the course",
        "progress": "Level A2",
        "next_review_on": date(2026, 8, 31),
    }
    review = Review.model_validate(told | other)
    return ReviewPlan(plan_id=plan.plan_id, expected_version=plan.version, review=review)


async def test_a_review_that_changes_nothing_sets_the_next_one(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    await desk.ask(reviewing(plan))
    found = await desk.plan(plan)
    assert (found.reviewed_on, found.next_review_on, found.in_making) == (TODAY, date(2026, 8, 31), None)
    assert found.last_review
    assert found.last_review.progress == "Level A2"
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["reviewed_on"], told["next_review_on"]) == ("2026-03-02", "2026-08-31")


async def test_a_review_that_changes_the_plan_begins_a_new_edition(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    await desk.ask(reviewing(plan, changes_plan=True))
    found = await desk.plan(plan)
    assert found.in_making
    assert found.in_force
    assert (found.in_making.edition, found.in_making.stage) == (2, "draft")
    assert found.in_making.content == found.in_force.content


async def test_a_review_of_an_outdated_version_is_refused(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    await desk.ask(reviewing(plan))
    with pytest.raises(ChangedMeanwhile):
        await desk.ask(reviewing(plan))


async def test_the_first_review_brings_a_plan_of_the_earlier_act_under_the_present_one(desk: Desk) -> None:
    customer = await desk.customer(first_permit_on=date(2024, 1, 1))
    drafted = await desk.drafted(customer, earlier={"drawn_up_on": date(2024, 6, 2)})
    plan = await desk.approved(await desk.offered(drafted, ends_on=date(2027, 6, 2)))
    found = await desk.plan(plan)
    assert (found.law_version, found.latest_end) == ("2025-01-01+2011-09-01", date(2027, 6, 2))
    await desk.ask(reviewing(plan))
    found = await desk.plan(plan)
    assert (found.law_version, found.latest_end) == ("2025-01-01", date(2026, 6, 2))


async def test_more_time_by_the_earlier_act_ends_with_the_first_review(desk: Desk) -> None:
    customer = await desk.customer(first_permit_on=date(2024, 1, 1))
    drafted = await desk.drafted(customer, earlier={"drawn_up_on": date(2024, 6, 2)})
    plan = await desk.approved(await desk.offered(drafted, ends_on=date(2027, 6, 2)))
    extension = Extension(ground="special_measures", months=12, reason="Learns to read first")
    extended = await desk.ask(ExtendPlan(plan_id=plan.plan_id, expected_version=plan.version, extension=extension))
    assert (await desk.plan(plan)).latest_end == date(2028, 6, 2)
    await desk.ask(reviewing(plan.model_copy(update={"version": extended.version})))
    assert (await desk.plan(plan)).latest_end == date(2026, 6, 2)


async def test_a_later_plan_has_the_time_that_was_added_to_an_earlier_one(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=Hindrance(ground="illness", first=TODAY)))
    version = (await desk.plan(plan)).version
    ending = {"reason": "own_wish", "ended_on": TODAY, "follow_on": FollowOn(plan="none")}
    await desk.ask(EndPlan.model_validate({"plan_id": plan.plan_id, "expected_version": version, **ending}))
    [hindrance] = (await desk.plan(plan)).hindrances
    assert hindrance.last == TODAY
    later = await desk.plan(await desk.first(customer))
    assert later.latest_end == date(2027, 9, 2)  # two years from the first plan, and a day


async def test_an_earlier_plan_elsewhere_tells_what_made_its_time_longer(desk: Desk) -> None:
    told = {
        "drawn_up_on": date(2025, 9, 1),
        "extensions": [{"ground": "little_education_or_many_services", "months": 6}],
        "hindrances": [{"ground": "illness", "first": date(2025, 10, 1), "last": date(2025, 10, 10)}],
    }
    customer = await desk.customer()
    drafted = await desk.drafted(customer, earlier=told)
    assert (await desk.plan(drafted)).latest_end == date(2028, 3, 11)
    plan = await desk.approved(await desk.offered(drafted, ends_on=date(2028, 3, 11)))
    found = await desk.plan(plan)
    assert found.earlier
    assert found.earlier.hindrances[0].last == date(2025, 10, 10)
    listed = await desk.ask(ListDue(kinds=("plan_maximum",)))
    assert [each.due_on for each in listed.items] == [date(2028, 3, 11)]


async def test_what_an_earlier_plan_can_not_tell_is_refused_by_field(desk: Desk) -> None:
    wrong = {
        "drawn_up_on": date(2025, 9, 1),
        "extensions": [{"ground": "bad_weather", "months": 6}],
        "hindrances": [
            {"ground": "boredom", "first": date(2025, 8, 31), "last": date(2025, 9, 2)},
            {"ground": "illness", "first": date(2025, 10, 1)},
        ],
    }
    customer = await desk.customer()
    with pytest.raises(InvalidInput) as refused:
        await desk.drafted(customer, earlier=wrong)
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [
        ("/earlier/extensions/0/ground", "not_in_law"),
        ("/earlier/hindrances/0/ground", "not_in_law"),
        ("/earlier/hindrances/0/first", "before_plan"),
        ("/earlier/hindrances/1/last", "missing"),
    ]


async def test_own_studies_that_are_agreed_go_on_until_the_plan_ends(desk: Desk, clock: StoppedClock) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer, ends_on=date(2027, 9, 1))
    assert (await desk.plan(plan)).latest_end == date(2027, 9, 1)
    studies = content().services[0].model_copy(update={"own_studies": True, "ends_on": date(2028, 5, 31)})
    plan = await desk.approved(await desk.offered(plan, services=(studies,), ends_on=date(2028, 5, 31)))
    found = await desk.plan(plan)
    assert (found.latest_end, found.valid_until) == (None, date(2028, 5, 31))
    assert (await desk.ask(ListDue(kinds=("plan_maximum",)))).items == ()
    clock.move_to(date(2028, 6, 1))
    assert (await desk.plan(plan)).proposed_end == "time_over"


async def test_more_time_is_granted_on_a_ground_and_agreed_in_a_new_edition(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    extension = Extension(ground="little_education_or_many_services", months=12, reason="Learns to read first")
    extending = ExtendPlan(plan_id=plan.plan_id, expected_version=plan.version, extension=extension)
    await desk.ask(extending)
    found = await desk.plan(plan)
    assert (found.latest_end, found.valid_until, found.extensions) == (date(2028, 9, 1), date(2027, 3, 2), (extension,))
    assert found.in_making
    assert found.in_making.content.ends_on == date(2028, 3, 2)
    more = extension.model_copy(update={"months": 13})
    with pytest.raises(InvalidInput):
        await desk.ask(extending.model_copy(update={"expected_version": found.version, "extension": more}))


async def test_what_two_municipalities_grant_is_together_within_what_the_law_allows(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    ours, theirs = await desk.in_force(customer), await desk.in_force_in_helsinki(customer)
    more = Extension(ground="little_education_or_many_services", months=24, reason="Much is needed")
    asked = [ExtendPlan(plan_id=each.plan_id, expected_version=each.version, extension=more) for each in (ours, theirs)]
    granted, refused = await desk.ask_while(*asked, then_by=EXPERT_HELSINKI)
    assert isinstance(granted, Recorded)
    assert isinstance(refused, InvalidInput)
    assert [each.rule for each in refused.errors] == ["more_than_allowed"]


async def test_a_hindrance_interrupts_the_plan_and_its_days_are_added(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer(), ends_on=date(2027, 1, 1))
    ill = Hindrance(ground="illness", first=TODAY)
    hindrance = await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=ill))
    assert (await desk.told(plan.plan_id))[-1]["status"] == "interrupted"
    clock.move_to(date(2026, 3, 20))
    await desk.ask(EndHindrance(plan_id=plan.plan_id, hindrance_id=hindrance.record_id, last=date(2026, 3, 11)))
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["status"], told["valid_until"]) == ("in_force", "2027-01-11")
    assert (await desk.plan(plan)).latest_end == date(2027, 9, 11)
    with pytest.raises(Conflict):
        await desk.ask(EndHindrance(plan_id=plan.plan_id, hindrance_id=hindrance.record_id, last=date(2026, 3, 12)))


async def test_what_was_agreed_never_outlives_the_longest_time(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer(), ends_on=date(2027, 9, 1))
    over = Hindrance(ground="illness", first=date(2025, 9, 10), last=date(2025, 9, 19))
    await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=over))
    found = await desk.plan(plan)
    assert (found.valid_until, found.latest_end) == (date(2027, 9, 1), date(2027, 9, 11))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"ground": "boredom"}, "/hindrance/ground"),
        ({"first": date(2025, 8, 31)}, "/hindrance/first"),
        ({"first": date(2026, 3, 3)}, "/hindrance/first"),
        ({"last": date(2026, 3, 3)}, "/hindrance/last"),
        ({"last": date(2026, 2, 1)}, "/hindrance/last"),
    ],
)
async def test_a_hindrance_that_can_not_be_is_refused_by_field(desk: Desk, wrong: Any, pointer: str) -> None:
    plan = await desk.in_force(await desk.customer())
    told = Hindrance.model_validate({"ground": "illness", "first": TODAY, **wrong})
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=told))
    assert [each.pointer for each in refused.value.errors] == [pointer]


async def test_what_is_recorded_of_a_goal_leaves_the_version_as_it_was(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    told = FollowUp(goal_id=GOAL, followed_on=TODAY, progress="under_way", text="Has found a place to train")
    done = await desk.ask(RecordFollowUp(plan_id=plan.plan_id, follow_up=told))
    assert done.version == plan.version
    [newest, *_] = (await desk.ask(GetPlanHistory(plan_id=plan.plan_id))).acts
    assert (newest.act, newest.follow_up) == ("record_follow_up", told)
    wrong = FollowUp(goal_id=UUID(int=9), followed_on=date(2026, 3, 3), progress="swimmingly")
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(RecordFollowUp(plan_id=plan.plan_id, follow_up=wrong))
    assert [each.rule for each in refused.value.errors] == ["unknown", "code_list", "future"]


async def test_a_neglect_is_a_fact_with_the_customer_s_explanation_and_changes_nothing(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    before = await desk.told(plan.plan_id)
    told = Neglect(happened_on=TODAY, line_id=LINE, fact="Was absent", explanation="The child was ill")
    await desk.ask(RecordNeglect(plan_id=plan.plan_id, neglect=told))
    [newest, *_] = (await desk.ask(GetPlanHistory(plan_id=plan.plan_id))).acts
    assert newest.neglect == told
    assert await desk.told(plan.plan_id) == before


async def test_nothing_is_recorded_of_a_plan_that_is_not_in_force(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    with pytest.raises(Conflict):
        await desk.ask(reviewing(offered))


async def test_a_plan_whose_time_is_over_is_proposed_to_end_and_ends_not_by_itself(
    desk: Desk, clock: StoppedClock
) -> None:
    plan = await desk.in_force(await desk.customer())
    clock.move_to(date(2027, 3, 2))
    assert (await desk.plan(plan)).proposed_end is None
    clock.move_to(date(2027, 3, 3))
    found = await desk.plan(plan)
    assert (found.status, found.proposed_end) == ("in_force", "time_over")


async def test_no_end_is_proposed_while_a_hindrance_goes_on(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer(), ends_on=date(2026, 3, 12), next_review_on=date(2026, 3, 12))
    ill = await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=Hindrance(ground="illness", first=TODAY)))
    clock.move_to(date(2026, 4, 1))
    found = await desk.plan(plan)
    assert (found.status, found.proposed_end) == ("interrupted", None)
    assert ill.record_id
    await desk.ask(EndHindrance(plan_id=plan.plan_id, hindrance_id=ill.record_id, last=date(2026, 3, 5)))
    found = await desk.plan(plan)
    assert (found.status, found.valid_until, found.proposed_end) == ("in_force", date(2026, 3, 16), "time_over")


async def test_a_further_review_leaves_what_was_offered_by_an_earlier_one(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer())
    clock.move_to(date(2026, 6, 1))
    await desk.ask(reviewing(plan, reviewed_on=date(2026, 6, 1), next_review_on=date(2026, 12, 1)))
    clock.move_to(date(2026, 6, 10))
    offered = await desk.offered(await desk.now(plan), next_review_on=date(2026, 12, 1))
    await desk.approved(offered, "customer")
    clock.move_to(date(2026, 6, 20))
    await desk.ask(reviewing(await desk.now(plan), reviewed_on=date(2026, 6, 20), next_review_on=date(2026, 12, 1)))
    await desk.approved(offered, "expert")
    assert (await desk.told(plan.plan_id))[-1]["edition"] == 2


async def test_what_was_offered_under_the_earlier_act_is_void_with_the_first_review(
    desk: Desk, clock: StoppedClock
) -> None:
    customer = await desk.customer(first_permit_on=date(2024, 1, 1))
    drafted = await desk.drafted(customer, earlier={"drawn_up_on": date(2024, 6, 2)})
    plan = await desk.approved(await desk.offered(drafted, ends_on=date(2027, 6, 2)))
    offered = await desk.offered(plan, ends_on=date(2027, 6, 1))
    clock.move_to(date(2026, 3, 5))
    await desk.ask(reviewing(await desk.now(plan), reviewed_on=date(2026, 3, 5)))
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["offered"], told["valid_until"], told["law_version"]) == (None, "2026-06-02", "2025-01-01")
    with pytest.raises(Conflict):
        await desk.approved(offered)


async def test_a_plan_that_comes_into_force_moves_the_customer_s_others(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI, first_permit_on=date(2024, 1, 1))
    theirs = await desk.in_force_in_helsinki(customer)
    drafted = await desk.drafted(customer, earlier={"drawn_up_on": date(2024, 3, 1)})
    await desk.approved(await desk.offered(drafted, ends_on=date(2027, 3, 1)))
    told = (await desk.told(theirs.plan_id))[-1]
    assert (told["municipality"], told["valid_until"]) == (HELSINKI, "2027-03-01")


async def test_what_was_agreed_while_a_hindrance_goes_on_stays_agreed(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer(), ends_on=date(2027, 9, 1))
    await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=Hindrance(ground="illness", first=TODAY)))
    clock.move_to(date(2026, 3, 12))
    longest = (await desk.plan(plan)).latest_end
    assert longest
    assert longest > date(2027, 9, 1)
    await desk.approved(await desk.offered(await desk.now(plan), ends_on=longest))
    await desk.ask(reviewing(await desk.now(plan), reviewed_on=date(2026, 3, 12)))
    assert (await desk.plan(plan)).valid_until == longest
