"""A plan from the needs of an assessment to its end, by its acts."""

import asyncio
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.plan.content import PinnedService
from contracts.plan.plans import (
    DraftPlan,
    DropPlan,
    EndPlan,
    FollowOn,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    ListCustomerPlans,
    OfferPlan,
    WritePlan,
)
from contracts.plan.programme import AddProgrammeService
from services.kit.actor import Actor
from services.kit.erasure import erasable
from services.kit.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from services.kit.migrate import drift
from services.kit.work import Repetition
from services.plan.subscribers import REQUESTS
from services.plan.tables import METADATA
from tests.plan.agreed import line
from tests.plan.programmes import course
from tests.plan.support import CAUSE, NEED, SUPERVISOR, SUPERVISOR_HELSINKI, TODAY, Desk, concluded, content, opened
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, eventually, owner_url

pytestmark = pytest.mark.database


async def test_the_migrations_make_the_tables_of_the_code(desk: Desk) -> None:
    engine = create_async_engine(owner_url(desk.service.parts.settings.database_url.get_secret_value()))
    async with engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []
    await engine.dispose()


async def test_a_draft_has_a_goal_and_a_service_for_each_need_that_the_assessment_found(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.plan(await desk.first(customer))
    assert (plan.status, plan.version, plan.in_force) == ("draft", 1, None)
    assert plan.in_making
    [goal], [line] = plan.in_making.content.goals, plan.in_making.content.services
    assert (goal.need_ids, line.need_id, line.goal_ids) == ((NEED,), NEED, (goal.goal_id,))


async def test_a_plan_comes_into_force_with_the_last_approval_that_it_needs(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    half = await desk.ask(desk.approving(offered, "customer"))
    assert (await desk.plan(half)).status == "offered"
    plan = await desk.plan(await desk.approved(offered, "expert"))
    assert (plan.status, plan.drawn_up_on, plan.valid_until) == ("in_force", TODAY, date(2027, 3, 2))
    assert plan.in_force
    assert plan.in_force.stage == "approved"
    assert [each.party for each in plan.in_force.approvals] == ["customer", "expert"]
    told = await desk.told(plan.plan_id)
    assert [each["status"] for each in told] == ["draft", "offered", "offered", "in_force"]
    assert (told[1]["offered"]["edition"], told[1]["offered"]["languages"]) == (1, ["fi", "ar"])
    assert (told[-1]["edition"], told[-1]["offered"], told[-1]["valid_until"]) == (1, None, "2027-03-02")


async def test_where_the_county_takes_part_its_approval_is_needed_too(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.hear(concluded(customer, county_takes_part=True))
    offered = await desk.offered(await desk.drafted(customer, earlier=None))
    two = await desk.approved(offered)
    found = await desk.plan(two)
    assert found.in_making
    assert found.in_making.awaited == ("county",)
    assert (await desk.plan(await desk.approved(offered, "county"))).status == "in_force"


@pytest.mark.parametrize("stage", ["draft", "offered"])
async def test_a_county_that_agrees_while_the_plan_is_made_approves_it_too(desk: Desk, stage: str) -> None:
    customer, assessment = await desk.customer(), uuid4()
    await desk.hear(concluded(customer, assessment))
    plan = await desk.drafted(customer, earlier=None)
    if stage == "offered":
        plan = await desk.approved(await desk.offered(plan), "customer")
    await desk.hear(concluded(customer, assessment, county_takes_part=True), 2)
    found = await desk.plan(plan)
    assert (found.county_takes_part, found.version) == (True, plan.version + 1)
    assert (await desk.told(plan.plan_id))[-1]["county_takes_part"]
    offered = plan if stage == "offered" else await desk.offered(plan.model_copy(update={"version": found.version}))
    await desk.ask(desk.approving(offered, "expert"))
    found = await desk.plan(offered)
    assert found.in_making
    assert "county" in found.in_making.awaited


async def test_a_county_that_agrees_later_changes_no_plan_in_force_or_of_another_assessment(desk: Desk) -> None:
    customer, assessment = await desk.customer(), uuid4()
    await desk.hear(concluded(customer, assessment))
    plan = await desk.approved(await desk.offered(await desk.drafted(customer, earlier=None)))
    other = await desk.customer()
    draft = await desk.first(other)
    await desk.hear(concluded(customer, assessment, county_takes_part=True), 2)
    await desk.hear(concluded(other, county_takes_part=True))
    for each in (plan, draft):
        found = await desk.plan(each)
        assert (found.county_takes_part, found.version) == (False, each.version)


async def test_a_county_that_agrees_at_the_moment_of_the_draft_approves_the_plan(desk: Desk) -> None:
    customer, assessment = await desk.customer(), uuid4()
    await desk.hear(concluded(customer, assessment))
    asked = DraftPlan(customer_id=customer)
    repetition = Repetition(asked.TYPE, str(uuid4()), [b""])
    async with desk.unit_of_work.begin(EXPERT_TAMPERE, CAUSE, request=DraftPlan, repetition=repetition) as work:
        plan = await REQUESTS[DraftPlan](asked, work)
        agreeing = asyncio.create_task(desk.hear(concluded(customer, assessment, county_takes_part=True), 2))
        await eventually(lambda: desk.rows("SELECT FROM pg_locks WHERE NOT granted"))
    await agreeing
    assert (await desk.plan(plan.plan_id)).county_takes_part


async def test_a_change_of_what_was_offered_voids_the_approvals_and_everybody_hears(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    half = await desk.approved(offered, "customer")
    again = await desk.written(half, follow_up="A call each week")
    plan = await desk.plan(again)
    assert [each.stage for each in plan.editions] == ["voided", "draft"]
    assert (again.edition, plan.status) == (2, "draft")
    assert (await desk.told(plan.plan_id))[-1]["offered"] is None
    voided = await desk.ask(GetPlanEdition(plan_id=plan.plan_id, edition=1))
    assert [each.party for each in voided.approvals] == ["customer"]
    with pytest.raises(Conflict):
        await desk.approved(offered, "expert")


async def test_an_approval_that_waits_for_a_change_is_told_that_the_edition_is_void(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    half = await desk.approved(offered, "customer")
    change = WritePlan(plan_id=half.plan_id, expected_version=half.version, content=content(follow_up="Weekly"))
    [_, late] = await desk.ask_while(change, desk.approving(offered, "expert"))
    assert isinstance(late, Conflict)
    assert (await desk.plan(half)).status == "draft"


async def test_a_change_that_waits_for_the_last_approval_is_told_who_did_what(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    half = await desk.approved(offered, "customer")
    change = WritePlan(plan_id=half.plan_id, expected_version=half.version, content=content(follow_up="Weekly"))
    [_, late] = await desk.ask_while(desk.approving(offered, "expert"), change)
    assert isinstance(late, ChangedMeanwhile)
    told = late.problem()
    assert told.current_version == half.version + 1
    assert [(each.field, each.changed_by) for each in told.changes] == [("approve_plan", "expert@tampere")]
    assert (await desk.plan(half)).status == "in_force"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"sha256": "0" * 64}, "/approval/sha256"),
        ({"language": "sv"}, "/approval/sha256"),
        ({"how": "by_pigeon"}, "/approval/how"),
        ({"approved_on": date(2026, 3, 3)}, "/approval/approved_on"),
        ({"approved_on": date(2026, 3, 1)}, "/approval/approved_on"),
        ({"party": "county"}, "/approval/party"),
        ({"approved_by": "Ilta Esimerkki"}, "/approval/approved_by"),
    ],
)
async def test_an_approval_is_bound_to_the_document_of_the_edition(
    desk: Desk, wrong: dict[str, str], pointer: str
) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(desk.approving(offered, **({"party": "customer"} | wrong)))
    assert [each.pointer for each in refused.value.errors] == [pointer]


async def test_the_approval_of_a_guardian_tells_of_which(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    await desk.ask(desk.approving(offered, "guardian", approved_by="Ilta Esimerkki"))
    plan = await desk.plan(await desk.approved(offered, "expert"))
    assert plan.in_force
    told = {each.party: each.approved_by for each in plan.in_force.approvals}
    assert told == {"guardian": "Ilta Esimerkki", "expert": None}


@pytest.mark.parametrize("language", ["ar", "fi"])
async def test_a_copy_for_reading_is_not_what_is_approved(desk: Desk, language: str) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    copy = desk.document(offered, language).model_copy(update={"is_copy": True, "sha256": "c" * 64})
    await desk.hear(copy)
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(desk.approving(offered, language=language, sha256=copy.sha256))
    assert [each.rule for each in refused.value.errors] == ["document"]


async def test_a_plan_names_only_services_of_its_municipality_s_programme(desk: Desk) -> None:
    ours = await desk.ask(AddProgrammeService(service=course()), SUPERVISOR)
    theirs = await desk.ask(AddProgrammeService(service=course()), SUPERVISOR_HELSINKI)
    no_such_version = {"service_id": ours.service_id, "version": 2}
    lines = [line(uuid4(), each) for each in (ours.service_id, theirs.service_id, uuid4())]
    lines.append(line(uuid4()).model_copy(update={"service": PinnedService.model_validate(no_such_version)}))
    draft = await desk.drafted(await desk.customer())
    with pytest.raises(InvalidInput) as refused:
        await desk.offered(draft, services=lines)
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [
        (f"/content/services/{number}/service", "unknown") for number in (1, 2, 3)
    ]


async def test_a_new_edition_leaves_the_old_one_in_force_until_it_is_approved(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    offered = await desk.offered(plan, ends_on=date(2027, 6, 2))
    found = await desk.plan(offered)
    assert found.in_force
    assert found.in_making
    assert (found.status, found.valid_until, found.in_force.edition) == ("in_force", date(2027, 3, 2), 1)
    assert (await desk.told(plan.plan_id))[-1]["offered"]["edition"] == 2
    found = await desk.plan(await desk.approved(offered))
    assert [each.stage for each in found.editions] == ["replaced", "approved"]
    assert (found.valid_until, found.drawn_up_on) == (date(2027, 6, 2), TODAY)


async def test_what_differs_between_two_editions_is_told_line_by_line(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    new_line = content().services[0].model_copy(update={"line_id": UUID(int=9), "name": "Kuoro"})
    old_line = content().services[0].model_copy(update={"name": "Suomen kielen jatkokurssi"})
    await desk.written(plan, follow_up="Weekly", services=(old_line, new_line))
    told = await desk.ask(GetPlanDifferences(plan_id=plan.plan_id, before=1, after=2))
    changes = {(each.part, each.change, each.line_id) for each in told.differences}
    assert changes == {
        ("plan", "changed", None),
        ("services", "changed", UUID(int=3)),
        ("services", "added", UUID(int=9)),
    }
    [named] = [each.fields for each in told.differences if each.change == "changed" and each.part == "services"]
    assert [(each.field, each.after) for each in named] == [("name", "Suomen kielen jatkokurssi")]


async def test_a_plan_that_was_never_in_force_is_dropped_and_another_may_begin(desk: Desk) -> None:
    customer = await desk.customer()
    offered = await desk.offered(await desk.first(customer))
    with pytest.raises(Conflict):
        await desk.drafted(customer)
    await desk.ask(DropPlan(plan_id=offered.plan_id, expected_version=offered.version, why="Not needed"))
    told = (await desk.told(offered.plan_id))[-1]
    assert (told["status"], told["offered"]) == ("dropped", None)
    assert (await desk.drafted(customer)).version == 1


async def test_what_is_made_beside_a_plan_in_force_is_dropped_and_the_plan_goes_on(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    dropping = DropPlan(plan_id=plan.plan_id, expected_version=plan.version, why="There is nothing to drop")
    with pytest.raises(Conflict):
        await desk.ask(dropping)
    written = await desk.written(plan, follow_up="A call each week")
    dropped = await desk.ask(dropping.model_copy(update={"expected_version": written.version}))
    found = await desk.plan(dropped)
    assert (found.status, found.in_making) == ("in_force", None)
    assert found.in_force
    assert found.in_force.content == content()
    again = await desk.written(dropped, follow_up="A call each month")
    assert again.edition > written.edition


async def test_a_plan_ends_for_a_reason_and_says_what_follows(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    ending = EndPlan(
        plan_id=plan.plan_id,
        expected_version=plan.version,
        reason="employed",
        ended_on=TODAY,
        follow_on=FollowOn(plan="employment_plan", to_whom="Esimerkkialue"),
    )
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(ending.model_copy(update={"reason": "bored", "follow_on": FollowOn(plan="other_plan")}))
    assert [each.pointer for each in refused.value.errors] == ["/reason", "/follow_on/to_whom"]
    await desk.ask(ending)
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["status"], told["ended_on"], told["end_reason"]) == ("ended", "2026-03-02", "employed")
    with pytest.raises(Conflict):
        await desk.written(plan.model_copy(update={"version": plan.version + 1}))


async def test_an_act_that_is_repeated_with_its_key_is_done_once(desk: Desk) -> None:
    offered = await desk.offered(await desk.first(await desk.customer()))
    first = await desk.ask(desk.approving(offered), key="same")
    again = await desk.ask(desk.approving(offered), key="same")
    assert first == again
    assert len(await desk.rows("SELECT FROM plan_approval")) == 1


async def test_drafts_of_one_customer_at_the_same_moment_make_one_plan(desk: Desk) -> None:
    customer = await desk.customer()
    draft = DraftPlan.model_validate({"customer_id": customer, "earlier": {"drawn_up_on": date(2025, 9, 1)}})
    [_, second] = await desk.ask_while(draft, draft)
    assert isinstance(second, Conflict)


async def test_the_history_tells_every_act_the_newest_first(desk: Desk) -> None:
    plan = await desk.in_force(await desk.customer())
    history = await desk.ask(GetPlanHistory(plan_id=plan.plan_id))
    assert [each.act for each in history.acts] == ["approve_plan"] * 2 + ["offer_plan", "write_plan", "draft_plan"]


async def test_other_municipalities_do_not_see_that_there_is_a_plan(desk: Desk) -> None:
    customer = await desk.customer("837", "091")
    plan = await desk.in_force(customer)
    with pytest.raises(NotFound):
        await desk.plan(plan, EXPERT_HELSINKI)
    assert (await desk.ask(ListCustomerPlans(customer_id=customer), EXPERT_HELSINKI)).plans == ()
    assert len((await desk.ask(ListCustomerPlans(customer_id=customer))).plans) == 1


async def test_a_county_worker_sees_the_plan_of_whom_the_right_names_and_of_nobody_else(desk: Desk) -> None:
    customer, other = await desk.customer(), await desk.customer()
    plan, theirs = await desk.in_force(customer), await desk.in_force(other)
    worker = Actor("county@pirkanmaa", "06", "county_worker", granted_by="837", customers=(customer,))
    assert (await desk.plan(plan, worker)).plan_id == plan.plan_id
    with pytest.raises(NotFound):
        await desk.plan(theirs, worker)


async def test_who_may_not_handle_a_customer_finds_no_plan_of_theirs(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    with pytest.raises(NotFound):
        await desk.plan(plan, Actor("expert@tampere", "837", "integration_expert", withheld=(customer,)))


async def test_erasing_removes_every_row_about_the_person_and_of_nobody_else(desk: Desk) -> None:
    customer, other = await desk.customer(), await desk.customer()
    plan, theirs = await desk.in_force(customer), await desk.in_force(other)
    await desk.erase(customer)
    for table in erasable(METADATA.sorted_tables):
        told = "WHERE type NOT LIKE '%.data_used.v1'" if table.name == "outbox" else ""  # the log outlives the person
        kept = str(await desk.rows(f"SELECT t::text FROM {table.name} t {told}"))
        assert not any(str(each) in kept for each in (customer, plan.plan_id)), table.name
    assert (await desk.plan(theirs)).plan_id == theirs.plan_id
    await desk.hear(desk.document(plan))  # late
    assert await desk.rows("SELECT FROM plan_document WHERE plan_id = $1", plan.plan_id) == []


async def test_reading_by_an_alias_answers_the_plans_of_the_record_kept_and_of_the_duplicate(desk: Desk) -> None:
    kept, duplicate = await desk.customer(), await desk.customer()
    plan = await desk.in_force(duplicate)
    await desk.learn(opened(duplicate, merged_into=kept), 2)
    for asked in (kept, duplicate):
        [found] = (await desk.ask(ListCustomerPlans(customer_id=asked))).plans
        assert found.plan_id == plan.plan_id
    with pytest.raises(Conflict):
        await desk.drafted(kept)


async def test_a_plan_of_nobody_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.plan(uuid4())
    with pytest.raises(NotFound):
        await desk.ask(OfferPlan(plan_id=uuid4(), expected_version=1))
