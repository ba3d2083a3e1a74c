"""What is due follows the facts, is told once, and is on the lists of those who may see it."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access.rights import user_number
from contracts.access.teams import TeamChanged
from contracts.customer.state import CustomerChanged, CustomerClosed, RelationshipState
from contracts.plan.due_dates import (
    Aim,
    DueDateSettings,
    GetCustomerDueDates,
    GetDueDateSettings,
    ListDue,
    SetDueDateSettings,
    Worklist,
)
from contracts.plan.implementation import EndHindrance, Hindrance, RecordHindrance, ReviewPlan
from services.kit.actor import Actor, service_actor
from services.kit.errors import ChangedMeanwhile, Forbidden, InvalidInput, NotFound
from services.kit.work import Work
from services.plan.handlers import due_dates, telling
from services.plan.rules.due_dates import Due, Known
from tests.plan.support import CAUSE, HELSINKI, TAMPERE, TODAY, Desk, concluded, content, opened, transfer
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, eventually

pytestmark = pytest.mark.database

SUPERVISOR = Actor(user="supervisor@tampere", organisation=TAMPERE, role="supervisor")
COUNTY = Actor(user="c", organisation="06", role="county_worker", granted_by=TAMPERE)
PERMIT = date(2025, 1, 15)


def related(*municipalities: str, responsible: str | None = None) -> tuple[RelationshipState, ...]:
    """Open relationships, each with that user responsible."""
    number = user_number(responsible) if responsible else None
    return tuple(
        RelationshipState(municipality=each, state="open", arrival="moved", responsible=number)
        for each in municipalities
    )


async def due(desk: Desk, customer_id: UUID, actor: Actor = EXPERT_TAMPERE) -> dict[str, date]:
    """The due dates of a customer as an actor is answered, by kind."""
    found = await desk.ask(GetCustomerDueDates(customer_id=customer_id), actor)
    return {each.kind: each.due_on for each in found.due_dates}


async def listed(desk: Desk, actor: Actor = EXPERT_TAMPERE, **asked: Any) -> list[tuple[UUID, str]]:
    """Customers and kinds of a worklist, in its order."""
    page: Worklist = await desk.ask(ListDue(**asked), actor)
    return [(each.customer_id, each.kind) for each in page.items]


async def waiting(desk: Desk, *municipalities: str, responsible: str | None = None) -> UUID:
    """A customer whose assessment is to be started."""
    customer_id = uuid4()
    told = related(*(municipalities or (TAMPERE,)), responsible=responsible)
    await desk.learn(opened(customer_id, relationships=told))
    to_start = {"status": "to_start", "result": None, "ended_on": None, "needs": ()}
    await desk.hear(concluded(customer_id, municipality=told[0].municipality, **to_start))
    return customer_id


async def events(desk: Desk) -> list[tuple[str, str, str]]:
    """Type, kind and day of everything told of due dates, in order."""
    found = await desk.rows("SELECT type, data FROM outbox WHERE type LIKE 'plan.deadline%' ORDER BY position")
    return [(row["type"], (told := json.loads(row["data"]))["kind"], told["due_on"]) for row in found]


async def tick(desk: Desk) -> None:
    """Time is looked at until nothing is left to do."""
    while await due_dates.tick(desk.unit_of_work):
        pass


class TestFacts:
    async def test_an_assessment_to_start_is_due_as_soon_as_it_is_heard_of(self, desk: Desk) -> None:
        customer = await waiting(desk)
        assert await due(desk, customer) == {
            "assessment_start": date(2026, 2, 15),
            "assessment_latest": date(2028, 1, 15),
            "plan_latest": date(2028, 1, 15),
        }

    async def test_its_conclusion_makes_the_plan_due(self, desk: Desk) -> None:
        customer = await desk.customer()
        await desk.hear(concluded(customer))
        assert await due(desk, customer) == {"plan_start": date(2026, 3, 22), "plan_latest": date(2028, 1, 15)}

    async def test_facts_heard_in_the_other_order_end_in_the_same(self, desk: Desk) -> None:
        customer = uuid4()
        await desk.hear(concluded(customer))
        await desk.learn(opened(customer))
        assert await due(desk, customer) == {"plan_start": date(2026, 3, 22), "plan_latest": date(2028, 1, 15)}

    async def test_a_permit_that_is_corrected_moves_what_is_counted_from_it(self, desk: Desk) -> None:
        customer = await waiting(desk)
        await desk.learn(opened(customer, first_permit_on=date(2024, 2, 29)), 2)
        assert (await due(desk, customer))["plan_latest"] == date(2027, 2, 28)

    async def test_a_plan_in_force_is_due_for_referral_review_and_its_end(self, desk: Desk) -> None:
        customer = await desk.customer()
        await desk.in_force(customer)
        assert await due(desk, customer) == {
            "referral": date(2026, 4, 2),
            "plan_review": date(2026, 9, 2),
            "plan_maximum": date(2027, 9, 1),  # the earlier plan was the first
        }

    async def test_a_review_begins_the_half_year_anew(self, desk: Desk) -> None:
        customer = await desk.customer()
        plan = await desk.in_force(customer)
        desk.clock.move_to(date(2026, 6, 1))
        told = {
            "reviewed_on": "2026-06-01",
            "reason": "request",
            "participation": "Regular",
            "progress": "Good",
            "next_review_on": "2026-11-01",
        }
        asked = {"plan_id": plan.plan_id, "expected_version": plan.version, "review": told}
        await desk.ask(ReviewPlan.model_validate(asked))
        assert (await due(desk, customer))["plan_review"] == date(2026, 12, 1)

    async def test_two_plans_in_force_are_each_due_in_their_own_municipality(self, desk: Desk) -> None:
        customer = await desk.customer(TAMPERE, HELSINKI)
        await desk.in_force(customer)
        before = await due(desk, customer)
        desk.clock.move_to(date(2026, 3, 4))
        await desk.in_force_in_helsinki(customer)
        assert await due(desk, customer) == before
        assert (await due(desk, customer, EXPERT_HELSINKI))["plan_review"] == date(2026, 9, 4)
        reviews = await desk.rows("SELECT municipality, due_on FROM due_date WHERE kind = 'plan_review' ORDER BY 1")
        assert [tuple(each) for each in reviews] == [(HELSINKI, date(2026, 9, 4)), (TAMPERE, date(2026, 9, 2))]

    async def test_the_dates_that_are_shown_count_a_hindrance_in_another_municipality_as_the_listed_do(
        self, desk: Desk
    ) -> None:
        customer = await desk.customer(TAMPERE, HELSINKI)
        plan = await desk.in_force(customer)
        desk.clock.move_to(date(2026, 5, 2))
        ill = Hindrance(ground="illness", first=date(2026, 3, 2), last=date(2026, 5, 1))
        await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=ill))
        await desk.hear(transfer(customer, receiver="area-837"))  # which ends it
        there = await desk.in_force_in_helsinki(customer)
        rows = await desk.rows("SELECT kind, due_on FROM due_date WHERE municipality = $1", HELSINKI)
        shown = await due(desk, customer, EXPERT_HELSINKI)
        assert shown == {row["kind"]: row["due_on"] for row in rows}
        assert shown["plan_maximum"] == (await desk.plan(there, EXPERT_HELSINKI)).latest_end == date(2027, 11, 1)

    async def test_nothing_is_due_where_the_relationship_has_ended(self, desk: Desk) -> None:
        customer = await waiting(desk)
        ended = RelationshipState(municipality=TAMPERE, state="ended", arrival="moved", ended_on=TODAY)
        closed = CustomerClosed(customer_id=customer, municipality=TAMPERE, reason="moved_away", relationships=(ended,))
        await desk.learn(closed, 2)
        assert await desk.rows("SELECT FROM due_date") == []

    async def test_a_merged_record_has_none_and_its_facts_are_the_kept_ones(self, desk: Desk) -> None:
        kept, duplicate = await desk.customer(), await waiting(desk)
        await desk.learn(CustomerChanged(customer_id=duplicate, relationships=related(TAMPERE), merged_into=kept), 2)
        assert "assessment_start" in await due(desk, kept)
        assert await due(desk, duplicate) == await due(desk, kept)
        assert {row["customer_id"] for row in await desk.rows("SELECT customer_id FROM due_date")} == {kept}

        await desk.learn(CustomerChanged(customer_id=duplicate, relationships=related(TAMPERE)), 3)
        assert {row["customer_id"] for row in await desk.rows("SELECT customer_id FROM due_date")} == {duplicate}

    async def test_erasing_leaves_nothing(self, desk: Desk) -> None:
        customer = await waiting(desk)
        await tick(desk)
        await desk.erase(customer)
        for table in ("due_date", "due_case", "deadline_told", "integration_case"):
            assert await desk.rows(f"SELECT FROM {table}") == []


class TestTelling:
    async def test_what_is_near_and_what_has_passed_is_told_once_each(self, desk: Desk) -> None:
        await desk.in_force(await desk.customer())
        desk.clock.move_to(date(2026, 3, 19))
        await tick(desk)
        near = ("plan.deadline_approaching.v1", "referral", "2026-04-02")
        assert await events(desk) == [near]
        desk.clock.move_to(date(2026, 4, 2))
        await tick(desk)
        assert await events(desk) == [near]
        desk.clock.move_to(date(2026, 4, 3))
        await tick(desk)
        await tick(desk)
        assert await events(desk) == [near, ("plan.deadline_passed.v1", "referral", "2026-04-02")]

    async def test_what_was_missed_while_away_is_told_late(self, desk: Desk) -> None:
        await waiting(desk)
        desk.clock.move_to(date(2029, 1, 1))
        await tick(desk)
        assert {(kind, day) for _, kind, day in await events(desk)} == {
            ("assessment_start", "2026-02-15"),
            ("assessment_latest", "2028-01-15"),
            ("plan_latest", "2028-01-15"),
        }
        assert {type for type, *_ in await events(desk)} == {"plan.deadline_passed.v1"}

    async def test_a_clock_that_jumps_ahead_and_back_tells_nothing_twice(self, desk: Desk) -> None:
        await desk.in_force(await desk.customer())
        for day in (date(2026, 4, 5), date(2026, 3, 20), date(2026, 4, 6), TODAY, date(2026, 4, 7)):
            desk.clock.move_to(day)
            await tick(desk)
        assert await events(desk) == [("plan.deadline_passed.v1", "referral", "2026-04-02")]

    async def test_facts_that_change_without_moving_a_day_tell_nothing_again(self, desk: Desk) -> None:
        customer = await waiting(desk)
        await tick(desk)
        told = await events(desk)
        assert told == [("plan.deadline_passed.v1", "assessment_start", "2026-02-15")]
        await desk.learn(opened(customer, service_language="so"), 2)
        await tick(desk)
        assert await events(desk) == told

    async def test_a_due_date_that_moves_is_told_anew(self, desk: Desk) -> None:
        customer = await waiting(desk)
        desk.clock.move_to(date(2028, 1, 10))
        await tick(desk)
        await desk.learn(opened(customer, first_permit_on=date(2025, 1, 20)), 2)
        await tick(desk)
        days = [day for _, kind, day in await events(desk) if kind == "plan_latest"]
        assert days == ["2028-01-15", "2028-01-20"]

    async def test_two_replicas_tell_once(self, desk: Desk) -> None:
        customer = await waiting(desk)
        async with desk.unit_of_work.begin(service_actor("plan"), CAUSE) as work:
            assert await due_dates.repository.claim(work, customer)
            assert not await due_dates.tick(desk.unit_of_work)  # the other replica finds the customer taken
            assert await events(desk) == []
        await tick(desk)
        assert len(await events(desk)) == 1

    async def test_one_customer_who_cannot_be_counted_silences_nobody_else(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        unknown, good = await waiting(desk), await waiting(desk)
        count = due_dates.rules.due_dates

        def known(facts: Known, *told: Any) -> list[Due]:
            if facts.customer_id == unknown:
                raise LookupError("the law does not name this")
            return count(facts, *told)

        monkeypatch.setattr(due_dates.rules, "due_dates", known)
        await tick(desk)
        told = await desk.rows("SELECT data->>'customer_id' FROM outbox WHERE type LIKE 'plan.deadline%'")
        assert [UUID(each[0]) for each in told] == [good]
        monkeypatch.undo()
        await tick(desk)
        assert len(await events(desk)) == 1
        desk.clock.moment += timedelta(hours=1)
        await tick(desk)
        assert len(await events(desk)) == 2

    async def test_nothing_is_told_of_what_is_still_to_be_counted_anew(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(due_dates, "MOST_AT_ONCE", 1)
        for _ in range(3):
            await waiting(desk)
        settings = DueDateSettings(notice_days=14, aims=(Aim(kind="assessment_start", days=300),))
        await desk.ask(SetDueDateSettings(expected_version=0, settings=settings), SUPERVISOR)
        await tick(desk)
        assert await events(desk) == []
        assert {row["due_on"] for row in await desk.rows("SELECT due_on FROM due_date WHERE NOT statutory")} == {
            date(2026, 11, 28)
        }

    async def test_telling_and_an_act_on_the_plan_do_not_deadlock(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = await desk.in_force(await desk.customer())
        desk.clock.move_to(date(2026, 3, 25))
        is_there, go_on = asyncio.Event(), asyncio.Event()
        count = telling.facts_changed

        async def wait(work: Work, *customer_ids: UUID) -> None:
            is_there.set()
            await go_on.wait()
            await count(work, *customer_ids)

        monkeypatch.setattr(telling, "facts_changed", wait)
        ill = Hindrance(ground="illness", first=TODAY)
        act = asyncio.create_task(desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=ill)))
        await is_there.wait()
        look = asyncio.create_task(due_dates.tick(desk.unit_of_work))

        async def is_done_or_waits() -> bool:
            return look.done() or bool(await desk.rows("SELECT FROM pg_locks WHERE NOT granted"))

        await eventually(is_done_or_waits)
        go_on.set()
        await asyncio.gather(act, look)
        assert [kind for _, kind, _ in await events(desk)] == ["referral"]

    async def test_while_a_hindrance_goes_on_the_end_that_moves_is_not_told_each_day(self, desk: Desk) -> None:
        plan = await desk.in_force(await desk.customer())
        desk.clock.move_to(date(2027, 8, 25))
        ill = Hindrance(ground="illness", first=date(2027, 8, 25))
        recorded = await desk.ask(RecordHindrance(plan_id=plan.plan_id, hindrance=ill))

        async def ends_told() -> list[str]:
            await tick(desk)
            return [day for _, kind, day in await events(desk) if kind == "plan_maximum"]

        for day in (25, 26, 27, 28):
            desk.clock.move_to(date(2027, 8, day))
            assert await ends_told() == []
        assert recorded.record_id
        await desk.ask(EndHindrance(plan_id=plan.plan_id, hindrance_id=recorded.record_id, last=date(2027, 8, 28)))
        assert await ends_told() == ["2027-09-05"]

    async def test_who_grows_of_age_for_own_studies_has_no_longest_time_from_that_day(self, desk: Desk) -> None:
        customer = await desk.customer()
        studies = content().services[0].model_copy(update={"own_studies": True})
        plan = await desk.approved(await desk.offered(await desk.in_force(customer), services=(studies,)))
        maximum = [(customer, "plan_maximum")]
        assert await listed(desk, kinds=("plan_maximum",)) == []
        await desk.learn(opened(customer, education_goal_until=date(2026, 6, 30)), 2)
        for day, expected in ((date(2026, 6, 30), maximum), (date(2026, 7, 1), [])):
            desk.clock.move_to(day)
            await tick(desk)
            assert await listed(desk, kinds=("plan_maximum",)) == expected
        assert (await desk.plan(plan)).latest_end is None

    async def test_what_was_told_of_a_record_is_not_told_again_when_it_is_merged(self, desk: Desk) -> None:
        kept, duplicate = await desk.customer(), await waiting(desk)
        await tick(desk)
        told = await events(desk)
        assert len(told) == 1
        await desk.learn(opened(duplicate, merged_into=kept), 2)
        await tick(desk)
        assert await events(desk) == told


class TestLists:
    async def test_the_soonest_come_first_a_page_at_a_time_without_gaps(self, desk: Desk) -> None:
        customers = {await waiting(desk) for _ in range(3)}
        everything = await listed(desk)
        assert len(everything) == 9
        assert {customer for customer, _ in everything[:3]} == customers
        seen, cursor = [], None
        while True:
            page = await desk.ask(ListDue(limit=2, cursor=cursor))
            seen += [(each.customer_id, each.kind) for each in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert seen == everything

    async def test_mine_are_those_of_customers_i_am_responsible_for(self, desk: Desk) -> None:
        mine = await waiting(desk, responsible=EXPERT_TAMPERE.user)
        nobodys = await waiting(desk)
        others = await waiting(desk, responsible="other@tampere")
        assert {customer for customer, _ in await listed(desk, responsible="me")} == {mine}
        assert {customer for customer, _ in await listed(desk, responsible="none")} == {nobodys}
        number = user_number("other@tampere")
        assert {customer for customer, _ in await listed(desk, responsible=number)} == {others}

    async def test_a_customer_given_to_another_user_moves_to_that_list(self, desk: Desk) -> None:
        customer = await waiting(desk, responsible="other@tampere")
        given = related(TAMPERE, responsible=EXPERT_TAMPERE.user)
        await desk.learn(opened(customer, relationships=given), 2)
        assert {each for each, _ in await listed(desk, responsible="me")} == {customer}

    async def test_a_teams_are_those_of_its_members(self, desk: Desk) -> None:
        ours = await waiting(desk, responsible="a@tampere")
        await waiting(desk, responsible="b@tampere")
        team = TeamChanged(team_id=uuid4(), organisation=TAMPERE, members=(user_number("a@tampere"),))
        await desk.project(team)
        assert {each for each, _ in await listed(desk, team=team.team_id)} == {ours}
        await desk.project(team.model_copy(update={"ended": True}), 2)
        assert await listed(desk, team=team.team_id) == []

    async def test_another_municipalitys_team_has_no_list_here(self, desk: Desk) -> None:
        await waiting(desk, responsible="a@tampere")
        team = TeamChanged(team_id=uuid4(), organisation=HELSINKI, members=(user_number("a@tampere"),))
        await desk.project(team)
        assert await listed(desk, team=team.team_id) == []

    async def test_kinds_and_days_narrow_it(self, desk: Desk) -> None:
        await waiting(desk)
        assert [kind for _, kind in await listed(desk, kinds=("plan_latest",))] == ["plan_latest"]
        assert [kind for _, kind in await listed(desk, due_until=TODAY)] == ["assessment_start"]
        assert len(await listed(desk, due_from=TODAY)) == 2

    async def test_each_municipality_sees_its_own(self, desk: Desk) -> None:
        await waiting(desk)
        there = await waiting(desk, HELSINKI)
        assert {each for each, _ in await listed(desk, EXPERT_HELSINKI)} == {there}
        with pytest.raises(NotFound):
            await due(desk, there)

    async def test_who_may_not_see_the_permit_sees_nothing_counted_from_it(self, desk: Desk) -> None:
        customer = await waiting(desk)
        county = Actor(**{**vars(COUNTY), "customers": frozenset({customer})})
        assert set(await due(desk, customer, county)) == {"assessment_start"}
        assert [kind for _, kind in await listed(desk, county)] == ["assessment_start"]

    async def test_whoever_is_withheld_is_on_no_list(self, desk: Desk) -> None:
        customer = await waiting(desk)
        withheld = Actor(**{**vars(EXPERT_TAMPERE), "withheld": frozenset({customer})})
        assert await listed(desk, withheld) == []

    async def test_what_is_no_cursor_is_refused(self, desk: Desk) -> None:
        with pytest.raises(InvalidInput):
            await listed(desk, cursor="elsewhere")

    async def test_what_is_never_due_and_days_that_end_before_they_begin_are_refused(self, desk: Desk) -> None:
        wrong = {"kinds": ("plan_review", "plan_reviw"), "due_from": TODAY, "due_until": TODAY - timedelta(days=1)}
        with pytest.raises(InvalidInput) as refused:
            await listed(desk, **wrong)
        found = [(each.pointer, each.rule) for each in refused.value.errors]
        assert found == [("/kinds/1", "kind"), ("/due_until", "order")]

    async def test_the_passed_are_marked(self, desk: Desk) -> None:
        await waiting(desk)
        page = await desk.ask(ListDue())
        assert ("assessment_start", True, False) in {(each.kind, each.passed, each.statutory) for each in page.items}


class TestAims:
    async def test_a_supervisor_sets_them_and_due_dates_follow(self, desk: Desk) -> None:
        customer = await waiting(desk)
        await tick(desk)
        settings = DueDateSettings(notice_days=30, aims=(Aim(kind="assessment_start", days=3),))
        done = await desk.ask(SetDueDateSettings(expected_version=0, settings=settings), SUPERVISOR)
        await tick(desk)
        assert (await due(desk, customer))["assessment_start"] == date(2026, 2, 4)
        assert [kind for _, kind in await listed(desk, due_until=date(2026, 2, 4))] == ["assessment_start"]
        kept = await desk.ask(GetDueDateSettings())
        assert (kept.version, kept.notice_days, {each.kind: each.days for each in kept.aims}) == (
            done.version,
            30,
            {"assessment_start": 3, "plan_start": 30, "transfer_review": 30},
        )

    async def test_they_are_set_while_a_customer_is_being_counted(self, desk: Desk) -> None:
        customer = await waiting(desk)
        asked = SetDueDateSettings(
            expected_version=0,
            settings=DueDateSettings(notice_days=9, aims=(Aim(kind="assessment_start", days=3),)),
        )
        async with desk.unit_of_work.begin(service_actor("plan"), CAUSE) as work:
            await due_dates.facts_changed(work, customer)
            await asyncio.wait_for(desk.ask(asked, SUPERVISOR), 30)  # it waits for nobody
        await tick(desk)
        rows = await desk.rows("SELECT due_on, settings_version FROM due_date WHERE kind = 'assessment_start'")
        assert [tuple(each) for each in rows] == [(date(2026, 2, 4), 1)]

    async def test_until_then_the_common_ones_hold(self, desk: Desk) -> None:
        assert (await desk.ask(GetDueDateSettings())).version == 0

    async def test_an_expert_sets_none(self, desk: Desk) -> None:
        settings = DueDateSettings(notice_days=30, aims=())
        with pytest.raises(Forbidden):
            await desk.ask(SetDueDateSettings(expected_version=0, settings=settings))

    async def test_an_aim_that_there_is_not_and_one_told_twice_are_named(self, desk: Desk) -> None:
        aims = (Aim(kind="plan_review", days=3), Aim(kind="plan_start", days=3), Aim(kind="plan_start", days=4))
        asked = SetDueDateSettings(expected_version=0, settings=DueDateSettings(notice_days=30, aims=aims))
        with pytest.raises(InvalidInput) as refused:
            await desk.ask(asked, SUPERVISOR)
        assert [(each.pointer, each.rule) for each in refused.value.errors] == [
            ("/settings/aims/0/kind", "aim"),
            ("/settings/aims/2/kind", "repeated"),
        ]

    async def test_who_knows_an_old_version_sets_none(self, desk: Desk) -> None:
        asked = SetDueDateSettings(expected_version=0, settings=DueDateSettings(notice_days=30, aims=()))
        await desk.ask(asked, SUPERVISOR)
        with pytest.raises(ChangedMeanwhile):
            await desk.ask(asked, SUPERVISOR)


class TestVersions:
    async def test_what_would_be_due_under_another_version_can_be_asked(self, desk: Desk) -> None:
        customer = await desk.customer()
        await desk.in_force(customer)
        found = await desk.ask(GetCustomerDueDates(customer_id=customer, law_version="2023"))
        assert {each.law_version for each in found.due_dates} == {"2023"}

    async def test_a_plan_that_goes_on_from_one_of_the_earlier_act_is_reviewed_and_referred_by_the_present_one(
        self, desk: Desk
    ) -> None:
        customer = await desk.customer()
        await desk.approved(await desk.offered(await desk.drafted(customer, earlier={"drawn_up_on": "2024-10-01"})))
        found = await desk.ask(GetCustomerDueDates(customer_id=customer))
        assert {each.kind: (each.due_on, each.law_version) for each in found.due_dates} == {
            "referral": (date(2026, 4, 2), "2025-01-01"),
            "plan_review": (date(2026, 9, 2), "2025-01-01"),
            "plan_maximum": (date(2027, 10, 1), "2011-09-01"),
        }
        named = await desk.ask(GetCustomerDueDates(customer_id=customer, law_version="2025-01-01+2011-09-01"))
        assert named == found

    @pytest.mark.parametrize("version", ["1999", "2023+2011-09-01", "2025-01-01+1999", "+"])
    async def test_an_unknown_version_is_refused(self, desk: Desk, version: str) -> None:
        customer = await desk.customer()
        with pytest.raises(InvalidInput):
            await desk.ask(GetCustomerDueDates(customer_id=customer, law_version=version))

    async def test_what_was_counted_before_the_law_in_force_is_counted_anew(self, desk: Desk) -> None:
        customer = await waiting(desk)
        await desk.rows("UPDATE due_case SET computed_on = '2024-06-01'")
        await desk.rows("UPDATE due_date SET law_version = 'old'")
        await tick(desk)
        assert {row["law_version"] for row in await desk.rows("SELECT law_version FROM due_date")} == {"2025-01-01"}
        assert await due(desk, customer)
