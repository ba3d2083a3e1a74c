"""What was recorded wrongly of a plan in force is taken back."""

import asyncio
import json
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command

from contracts.plan.due_dates import ListDue
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    Extension,
    FollowUp,
    Hindrance,
    Neglect,
    PlanAct,
    Recorded,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    Review,
    ReviewPlan,
    WithdrawRecord,
)
from contracts.plan.plans import EndPlan, FollowOn, GetPlanHistory, OfferPlan, PlanVersion, WritePlan
from services.kit.errors import ChangedMeanwhile, Conflict, NotFound
from services.kit.migrate import configuration
from tests.plan.support import GOAL, HELSINKI, TAMPERE, TODAY, Desk, StoppedClock, content, transfer
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, TestDatabases, owner_url, rows

pytestmark = pytest.mark.database

WHY = "Recorded of another customer"
MORE = Extension(ground="little_education_or_many_services", months=12, reason="Learns to read first")
_OF_BEFORE = """INSERT INTO plan_hindrance (hindrance_id, plan_id, customer_ids, ground, first)
    VALUES ($1, $2, '{}', $3, $4)"""
_ITS_ACT = """INSERT INTO plan_act
    (act_id, plan_id, customer_ids, act, version, edition, acted_at, acted_by, organisation, told)
    VALUES ($1, $2, '{}', 'record_hindrance', 2, 1, now(), 'u', '837', $3)"""
"""A hindrance as it was kept before it had the id of its act."""


async def withdrawing(desk: Desk, plan: PlanVersion, record: Recorded) -> WithdrawRecord:
    """The request to take back what was recorded."""
    version = (await desk.plan(plan)).version
    return WithdrawRecord(plan_id=plan.plan_id, expected_version=version, record_id=record.record_id, why=WHY)


async def extending(desk: Desk, plan: PlanVersion) -> ExtendPlan:
    """The request for more time."""
    version = (await desk.plan(plan)).version
    return ExtendPlan(plan_id=plan.plan_id, expected_version=version, extension=MORE)


async def reviewed(desk: Desk, plan: PlanVersion, on: date, next_on: date, **other: Any) -> Recorded:
    """A review that was recorded."""
    told = {"reason": "request", "participation": "x", "progress": "x", "reviewed_on": on, "next_review_on": next_on}
    version = (await desk.plan(plan)).version
    review = Review.model_validate(told | other)
    return await desk.ask(ReviewPlan(plan_id=plan.plan_id, expected_version=version, review=review))


async def ended(desk: Desk, plan: PlanVersion) -> None:
    """Ends a plan today."""
    ending = {"reason": "own_wish", "ended_on": TODAY, "follow_on": FollowOn(plan="none")}
    version = (await desk.plan(plan)).version
    await desk.ask(EndPlan.model_validate({"plan_id": plan.plan_id, "expected_version": version, **ending}))


async def act_of(desk: Desk, plan: PlanVersion, record: Recorded) -> PlanAct:
    """How the history shows what was recorded."""
    acts = (await desk.ask(GetPlanHistory(plan_id=plan.plan_id))).acts
    return next(each for each in acts if each.act_id == record.record_id)


async def longest(desk: Desk) -> date:
    """The last day of the longest time, by the worklist."""
    [due] = (await desk.ask(ListDue(kinds=("plan_maximum",)))).items
    return due.due_on


async def test_more_time_that_is_withdrawn_counts_no_more_and_stays_readable(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    before = await desk.plan(plan), await longest(desk)
    extended = await desk.ask(await extending(desk, plan))
    assert await longest(desk) == date(2028, 9, 1)
    asked = await withdrawing(desk, plan, extended)
    done = [await desk.ask(asked, key="k") for _ in range(2)][-1]
    found = await desk.plan(plan)
    assert ((found.latest_end, found.extensions), await longest(desk)) == ((before[0].latest_end, ()), before[1])
    assert (found.version, done.version) == (extended.version + 1, extended.version + 1)
    act = await act_of(desk, plan, extended)
    assert (act.extension, act.withdrawn and act.withdrawn.why) == (MORE, WHY)
    assert act.withdrawn
    assert act.withdrawn.withdrawn_by == EXPERT_TAMPERE.user
    [newest, *_] = (await desk.ask(GetPlanHistory(plan_id=plan.plan_id))).acts
    assert (newest.act, newest.why, newest.record_id) == ("withdraw_record", WHY, extended.record_id)
    assert done.record_id == extended.record_id
    with pytest.raises(Conflict):
        await desk.ask(await withdrawing(desk, plan, extended))
    await desk.ask(await extending(desk, plan))
    assert await longest(desk) == date(2028, 9, 1)


async def test_the_time_of_a_plan_in_force_ends_with_what_made_it_longer(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    extended = await desk.ask(await extending(desk, plan))
    offered = await desk.offered(plan.model_copy(update={"version": extended.version}), ends_on=date(2028, 3, 2))
    await desk.approved(offered)
    assert (await desk.plan(plan)).valid_until == date(2028, 3, 2)
    await desk.ask(await withdrawing(desk, plan, extended))
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["valid_until"], told["edition"]) == ("2027-09-01", 2)


async def test_what_was_offered_for_a_time_that_the_plan_no_longer_has_is_void(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    extended = await desk.ask(await extending(desk, plan))
    await desk.offered(plan.model_copy(update={"version": extended.version}), ends_on=date(2028, 3, 2))
    assert (await desk.told(plan.plan_id))[-1]["offered"]["edition"] == 2
    await desk.ask(await withdrawing(desk, plan, extended))
    assert (await desk.told(plan.plan_id))[-1]["offered"] is None
    found = await desk.plan(plan)
    assert [(each.edition, each.stage) for each in found.editions] == [(1, "approved"), (2, "voided"), (3, "draft")]
    assert found.in_making
    assert found.in_making.content.ends_on == date(2028, 3, 2)


async def test_what_was_offered_within_the_time_stays_offered(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    extended = await desk.ask(await extending(desk, plan))
    await desk.offered(plan.model_copy(update={"version": extended.version}), ends_on=date(2027, 9, 1))
    await desk.ask(await withdrawing(desk, plan, extended))
    made = (await desk.plan(plan)).in_making
    assert made
    assert (made.edition, made.stage) == (2, "offered")


async def test_a_hindrance_that_is_withdrawn_interrupts_nothing_and_adds_no_days(
    desk: Desk, clock: StoppedClock
) -> None:
    plan = await desk.in_force(await desk.customer(), ends_on=date(2027, 1, 1))
    ill = Hindrance(ground="illness", first=TODAY)
    going_on = await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=ill))
    await desk.ask(await withdrawing(desk, plan, going_on))
    assert (await desk.told(plan.plan_id))[-1]["status"] == "in_force"
    with pytest.raises(NotFound):
        await desk.ask(EndHindrance(plan_id=plan.plan_id, hindrance_id=going_on.record_id, last=TODAY))
    clock.move_to(date(2026, 3, 20))
    over = await desk.ask(
        RecordHindrance(plan_id=plan.plan_id, hindrance=ill.model_copy(update={"last": date(2026, 3, 11)}))
    )
    assert (await desk.plan(plan)).valid_until == date(2027, 1, 11)
    await desk.ask(await withdrawing(desk, plan, over))
    found = await desk.plan(plan)
    assert (found.valid_until, found.latest_end, found.hindrances) == (date(2027, 1, 1), date(2027, 9, 1), ())
    act = await act_of(desk, plan, over)
    assert (act.hindrance and act.hindrance.ground, bool(act.withdrawn)) == ("illness", True)


async def test_without_a_review_the_plan_was_reviewed_when_the_others_say(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer())
    agreed = (await desk.plan(plan)).next_review_on
    first = await reviewed(desk, plan, TODAY, date(2026, 8, 31))
    clock.move_to(date(2026, 4, 2))
    second = await reviewed(desk, plan, date(2026, 4, 1), date(2026, 9, 30))
    await desk.ask(await withdrawing(desk, plan, second))
    found = await desk.plan(plan)
    assert (found.reviewed_on, found.next_review_on) == (TODAY, date(2026, 8, 31))
    assert found.last_review
    assert found.last_review.reviewed_on == TODAY
    await desk.ask(await withdrawing(desk, plan, first))
    found = await desk.plan(plan)
    assert (found.reviewed_on, found.next_review_on, found.last_review) == (None, agreed, None)


async def test_what_an_earlier_review_found_stays_with_the_later_one(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer())
    first = await reviewed(desk, plan, TODAY, date(2026, 8, 31))
    clock.move_to(date(2026, 4, 2))
    await reviewed(desk, plan, date(2026, 4, 1), date(2026, 9, 30))
    await desk.ask(await withdrawing(desk, plan, first))
    found = await desk.plan(plan)
    assert (found.reviewed_on, found.next_review_on) == (date(2026, 4, 1), date(2026, 9, 30))


async def test_without_the_review_the_longest_time_is_that_of_the_earlier_act_again(desk: Desk) -> None:
    customer = await desk.customer(first_permit_on=date(2024, 1, 1))
    drafted = await desk.drafted(customer, earlier={"drawn_up_on": date(2024, 6, 2)})
    plan = await desk.approved(await desk.offered(drafted, ends_on=date(2027, 6, 2)))
    review = await reviewed(desk, plan, TODAY, date(2026, 6, 1))
    assert (await desk.plan(plan)).latest_end == date(2026, 6, 2)
    await desk.ask(await withdrawing(desk, plan, review))
    found = await desk.plan(plan)
    told = (await desk.told(plan.plan_id))[-1]
    assert (found.latest_end, found.valid_until) == (date(2027, 6, 2), date(2027, 6, 2))
    assert (found.law_version, told["law_version"]) == ("2025-01-01+2011-09-01", "2025-01-01+2011-09-01")


async def test_what_was_told_of_a_goal_and_of_a_neglect_is_marked(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    followed = FollowUp(goal_id=GOAL, followed_on=TODAY, progress="under_way")
    for asked in (
        RecordFollowUp(plan_id=plan.plan_id, follow_up=followed),
        RecordNeglect(plan_id=plan.plan_id, neglect=Neglect(happened_on=TODAY, fact="Was absent")),
    ):
        recorded = await desk.ask(asked)
        await desk.ask(await withdrawing(desk, plan, recorded))
        act = await act_of(desk, plan, recorded)
        assert act.withdrawn
        assert (act.withdrawn.why, act.withdrawn.organisation) == (WHY, "837")


async def test_of_a_plan_that_has_ended_it_is_taken_back_too(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    extended = await desk.ask(await extending(desk, plan))
    await ended(desk, plan)
    await desk.ask(await withdrawing(desk, plan, extended))
    assert (await desk.plan(plan)).status == "ended"
    assert (await desk.plan(await desk.first(customer))).latest_end == date(2027, 9, 1)


async def test_what_is_no_record_of_this_plan_is_not_withdrawn(desk: Desk) -> None:
    plan, other = [await desk.in_force(await desk.customer()) for _ in range(2)]
    extended = await desk.ask(await extending(desk, other))
    [approval, *_] = (await desk.ask(GetPlanHistory(plan_id=plan.plan_id))).acts
    asked = await withdrawing(desk, plan, extended)
    for record_id in (extended.record_id, approval.act_id, uuid4()):
        with pytest.raises(NotFound):
            await desk.ask(asked.model_copy(update={"record_id": record_id}))
    with pytest.raises(NotFound):
        await desk.ask(await withdrawing(desk, other, extended), EXPERT_HELSINKI)
    with pytest.raises(ChangedMeanwhile):
        await desk.ask((await withdrawing(desk, other, extended)).model_copy(update={"expected_version": 1}))


async def test_the_customer_s_other_plans_follow(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    ours, theirs = await desk.in_force(customer), await desk.in_force_in_helsinki(customer)
    extended = await desk.ask(await extending(desk, ours))
    ill = await desk.ask(RecordHindrance(plan_id=ours.plan_id, hindrance=Hindrance(ground="illness", first=TODAY)))
    told = (await desk.told(theirs.plan_id))[-1]
    assert (told["status"], told["municipality"]) == ("interrupted", HELSINKI)
    await desk.ask(await withdrawing(desk, ours, ill))
    assert (await desk.told(theirs.plan_id))[-1]["status"] == "in_force"
    found = await desk.plan(theirs, EXPERT_HELSINKI)
    longer = content(ends_on=date(2028, 3, 2))
    written = WritePlan(plan_id=theirs.plan_id, expected_version=found.version, content=longer)
    version = (await desk.ask(written, EXPERT_HELSINKI)).version
    offered = await desk.ask(OfferPlan(plan_id=theirs.plan_id, expected_version=version), EXPERT_HELSINKI)
    await desk.hear(desk.document(offered))
    await desk.ask(await withdrawing(desk, ours, extended))
    found = await desk.plan(theirs, EXPERT_HELSINKI)
    assert [each.stage for each in found.editions] == ["approved", "voided", "draft"]
    assert (await desk.told(theirs.plan_id))[-1]["offered"] is None
    acts = (await desk.ask(GetPlanHistory(plan_id=theirs.plan_id), EXPERT_HELSINKI)).acts
    assert (acts[0].act, acts[0].edition, acts[0].acted_by, acts[0].organisation) == ("count_anew", 3, "plan", "koto")
    assert found.editions[-1].created_by == "plan"  # who acted in another municipality is not told
    with pytest.raises(Conflict):
        await desk.ask(desk.approving(offered), EXPERT_HELSINKI)


async def test_a_plan_is_interrupted_by_what_goes_on_in_another_until_that_one_ends(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    ours = await desk.in_force(customer)
    await desk.ask(RecordHindrance(plan_id=ours.plan_id, hindrance=Hindrance(ground="illness", first=TODAY)))
    theirs = await desk.in_force_in_helsinki(customer)
    assert (await desk.told(theirs.plan_id))[-1]["status"] == "interrupted"
    await ended(desk, ours)
    assert (await desk.told(theirs.plan_id))[-1]["status"] == "in_force"


async def test_a_plan_that_follows_one_that_ended_loses_the_time_that_it_had_of_it(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    extended = await desk.ask(await extending(desk, plan))
    await ended(desk, plan)
    later = await desk.approved(await desk.offered(await desk.first(customer), ends_on=date(2028, 9, 1)))
    assert (await desk.plan(later)).valid_until == date(2028, 9, 1)
    await desk.ask(await withdrawing(desk, plan, extended))
    assert (await desk.told(later.plan_id))[-1]["valid_until"] == "2027-09-01"
    assert (await desk.plan(plan)).valid_until == date(2027, 3, 2)


async def test_an_offer_whose_own_studies_outlast_the_longest_time_stays(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    neglect = RecordNeglect(plan_id=plan.plan_id, neglect=Neglect(happened_on=TODAY, fact="Was absent"))
    recorded = await desk.ask(neglect)
    studies = content().services[0].model_copy(update={"own_studies": True, "ends_on": date(2028, 5, 31)})
    await desk.offered(plan, services=(studies,), ends_on=date(2028, 5, 31))
    await desk.ask(await withdrawing(desk, plan, recorded))
    made = (await desk.plan(plan)).in_making
    assert made
    assert made.stage == "offered"


async def test_the_next_review_is_never_later_than_the_law_s(desk: Desk, clock: StoppedClock) -> None:
    plan = await desk.in_force(await desk.customer())
    clock.move_to(date(2026, 6, 1))
    wrong = await reviewed(desk, plan, date(2026, 6, 1), date(2026, 12, 1))
    version = (await desk.plan(plan)).version
    told = {"next_review_on": date(2026, 12, 1), "starts_on": date(2026, 6, 1)}
    await desk.approved(await desk.offered(plan.model_copy(update={"version": version}), **told))
    await desk.ask(await withdrawing(desk, plan, wrong))
    assert (await desk.plan(plan)).next_review_on == date(2026, 9, 2)


async def test_the_review_that_a_transfer_awaits_is_awaited_until_one_counts(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    plan = await desk.in_force(customer)
    await desk.hear(transfer(customer))
    records = []
    for _ in range(2):
        told = {"reason": "transfer", "reviewed_on": TODAY, "participation": "x", "progress": "x"}
        review = Review.model_validate(told | {"next_review_on": date(2026, 8, 31)})
        version = (await desk.plan(plan, EXPERT_HELSINKI)).version
        asked = ReviewPlan(plan_id=plan.plan_id, expected_version=version, review=review)
        records.append(await desk.ask(asked, EXPERT_HELSINKI))
    for record, awaited in zip(records, (None, "transfer"), strict=True):
        version = (await desk.plan(plan, EXPERT_HELSINKI)).version
        wrong = {"plan_id": plan.plan_id, "expected_version": version, "record_id": record.record_id, "why": WHY}
        await desk.ask(WithdrawRecord.model_validate(wrong), EXPERT_HELSINKI)
        assert (await desk.plan(plan, EXPERT_HELSINKI)).review_awaited == awaited


async def test_the_right_extension_gives_back_the_time_that_is_agreed(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    wrong = await desk.ask(await extending(desk, plan))
    offered = await desk.offered(plan.model_copy(update={"version": wrong.version}), ends_on=date(2028, 3, 2))
    await desk.approved(offered)
    await desk.ask(await withdrawing(desk, plan, wrong))
    assert (await desk.plan(plan)).valid_until == date(2027, 9, 1)
    await desk.ask(await extending(desk, plan))
    assert (await desk.plan(plan)).valid_until == date(2028, 3, 2)


async def test_of_two_who_act_on_two_plans_of_a_customer_one_waits_for_the_other(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    ours, theirs = await desk.in_force(customer), await desk.in_force_in_helsinki(customer)
    ill = Hindrance(ground="illness", first=TODAY)
    asked = [RecordHindrance(plan_id=each.plan_id, hindrance=ill) for each in (theirs, ours)]
    first, second = await desk.ask_while(*asked, by=EXPERT_HELSINKI)
    assert isinstance(first, Recorded)
    assert isinstance(second, Recorded)


async def test_an_approval_that_races_with_a_withdrawal_is_before_it_or_finds_nothing_offered(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    extended = await desk.ask(await extending(desk, plan))
    offered = await desk.offered(plan.model_copy(update={"version": extended.version}), ends_on=date(2028, 3, 2))
    asked = await withdrawing(desk, plan, extended)
    done, second = await desk.ask_while(asked, desk.approving(offered))
    assert isinstance(done, Recorded)
    assert isinstance(second, Conflict)


async def test_the_act_of_a_hindrance_of_before_gets_its_id(databases: TestDatabases) -> None:
    url = await databases.empty("plan")
    upgrade = partial(asyncio.to_thread, command.upgrade, configuration("plan", owner_url(url)))
    await upgrade("0010")
    plan_id, acts = uuid4(), [UUID(int=each) for each in (11, 12, 13)]
    for act, (ground, first) in zip(acts, (("illness", TODAY), ("illness", TODAY), ("military", TODAY)), strict=True):
        await rows(url, _OF_BEFORE, UUID(int=act.int + 100), plan_id, ground, first)
        await rows(url, _ITS_ACT, act, plan_id, f'{{"hindrance": {{"ground": "{ground}", "first": "{first}"}}}}')
    await upgrade("head")
    found = await rows(url, "SELECT act_id, told FROM plan_act ORDER BY act_id")
    assert [row["act_id"] for row in found] == [UUID(int=act.int + 100) for act in acts]
    assert [json.loads(row["told"])["hindrance"]["ground"] for row in found] == ["illness", "illness", "military"]
