"""Directing clients to agreed services, and what came of it."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from contracts.plan.due_dates import GetCustomerDueDates, ListDue
from contracts.plan.plans import EndPlan, OfferPlan, WritePlan
from contracts.plan.programme import AddProgrammeService, ListProgramme
from contracts.plan.referrals import (
    AnswerReferralForPartner,
    GetReferral,
    GetReferralForProvider,
    ListPlanReferrals,
    RecordCompletionForPartner,
    ReferralAnswer,
    ReferralVersion,
    ReferToService,
    WithdrawCompletion,
)
from services.kit.actor import Actor, service_actor
from services.kit.erasure import erase_customer
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from services.plan.repository.referrals import referred_on
from services.plan.rules import referrals as rules
from tests.plan.agreed import (
    BEGUN,
    DECLINED,
    DONE,
    OPISTO,
    PARTNERS,
    TEST,
    Agreed,
    agreed,
    answering,
    completing,
    line,
    referring,
    states,
    taught,
)
from tests.plan.programmes import course
from tests.plan.support import CAUSE, HELSINKI, LINE, SUPERVISOR, TAMPERE, TODAY, Desk, opened
from tests.plan.test_hearing import transfer
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database


async def all_referred_on(desk: Desk, plan: Agreed) -> date | None:
    async with desk.unit_of_work.begin(service_actor("plan"), CAUSE) as work:
        return (await referred_on(work, [plan.plan_id])).get(plan.plan_id)


@pytest.fixture
async def plan(desk: Desk) -> Agreed:
    return await agreed(desk)


async def test_a_referral_goes_from_made_to_completed_and_each_state_is_told(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    begun = await desk.ask(answering(made))
    tested = await desk.ask(completing(begun, TEST, is_over=False))
    over = await desk.ask(completing(tested))
    assert [each.version for each in (made, begun, tested, over)] == [1, 2, 3, 4]
    found = await desk.ask(GetReferral(referral_id=made.referral_id))
    assert (found.state, found.answered_on, found.provider) == ("completed", TODAY, OPISTO)
    assert found.service
    assert (found.service.service_id, found.service_name) == (plan.service_id, "Suomen kielen kurssi")
    assert [(each.kind, each.hours, each.organisation) for each in found.completions] == [
        ("final_language_test", None, "837"),
        ("service", 120, "837"),
    ]
    assert found.completions[0].levels == TEST.levels
    assert await states(desk) == ["made", "taken_up", "taken_up", "completed"]


async def test_a_result_may_come_after_the_end_and_a_second_end_may_not(desk: Desk, plan: Agreed) -> None:
    over = await desk.ask(completing(await desk.ask(referring(plan))))
    with pytest.raises(Conflict):
        await desk.ask(completing(over))
    tested = await desk.ask(completing(over, TEST, is_over=False))
    found = await desk.ask(GetReferral(referral_id=tested.referral_id))
    assert (found.state, len(found.completions)) == ("completed", 2)


async def test_what_is_agreed_can_be_referred_to_once_until_it_ends(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    with pytest.raises(Conflict):
        await desk.ask(referring(plan))
    await desk.ask(answering(made, DECLINED))
    assert (await desk.ask(referring(plan))).version == 1
    with pytest.raises(Conflict):
        await desk.ask(answering(made.model_copy(update={"version": 2})))


async def test_all_that_is_wrong_with_a_referral_is_told_at_once(desk: Desk, plan: Agreed) -> None:
    with pytest.raises(InvalidInput) as raised:
        await desk.ask(referring(plan, uuid4(), customer_id=uuid4(), referred_on="2026-03-03"))
    assert [(each.pointer, each.rule) for each in raised.value.errors] == [
        ("/line_id", "not_agreed"),
        ("/customer_id", "not_of_plan"),
        ("/referred_on", "in_future"),
    ]


@pytest.mark.parametrize("named", ["kela", "other"])
async def test_a_service_of_the_programme_is_referred_to_its_own_provider_or_by_hand(desk: Desk, named: str) -> None:
    by_hand = await desk.ask(AddProgrammeService(service=course()), SUPERVISOR)
    plan = await agreed(desk, line(lines := uuid4(), by_hand.service_id))
    for line_id in (plan.course, lines):
        with pytest.raises(InvalidInput) as raised:
            await desk.ask(referring(plan, line_id, provider={"name": "Kela", "partner": named}))
        assert [(each.pointer, each.rule) for each in raised.value.errors] == [
            ("/provider/partner", "not_the_provider")
        ]
        await desk.ask(referring(plan, line_id, provider={"name": "Esimerkkiopisto"}))


async def test_a_plan_that_moved_is_referred_and_offered_anew_with_the_services_that_it_came_with(desk: Desk) -> None:
    plan = Agreed(desk, await desk.customer(TAMPERE, HELSINKI))
    plan.service_id = (await desk.ask(AddProgrammeService(service=taught()), SUPERVISOR)).service_id
    await plan.in_force()
    await desk.hear(transfer(plan.customer_id))
    assert (await desk.ask(referring(plan), EXPERT_HELSINKI)).version == 1
    found = await desk.plan(plan.plan, EXPERT_HELSINKI)
    assert found.in_force
    written = WritePlan(plan_id=plan.plan_id, expected_version=found.version, content=found.in_force.content)
    version = (await desk.ask(written, EXPERT_HELSINKI)).version
    await desk.ask(OfferPlan(plan_id=plan.plan_id, expected_version=version), EXPERT_HELSINKI)


async def test_only_what_is_in_force_is_referred_to(desk: Desk) -> None:
    draft = await desk.drafted(await desk.customer())
    offered = await desk.offered(await desk.drafted(await desk.customer()))
    in_force = await desk.in_force(await desk.customer())
    ending = {"plan_id": in_force.plan_id, "expected_version": in_force.version, "reason": "employed"}
    ended = await desk.ask(EndPlan.model_validate(ending | {"ended_on": TODAY, "follow_on": {"plan": "none"}}))
    for plan in (draft, offered, ended):
        with pytest.raises(Conflict):
            await desk.ask(ReferToService(plan_id=plan.plan_id, line_id=LINE, provider=OPISTO, referred_on=TODAY))


async def test_wrong_answers_and_completions_are_refused_field_by_field(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    with pytest.raises(InvalidInput):
        await desk.ask(answering(made, ReferralAnswer(answer="declined", on=TODAY)))
    with pytest.raises(InvalidInput):
        await desk.ask(completing(made, DONE.model_copy(update={"kind": "holiday"})))
    assert await states(desk) == ["made"]


async def test_a_repeated_act_is_done_once(desk: Desk, plan: Agreed) -> None:
    asked = referring(plan)
    made = [await desk.ask(asked, key="k") for _ in range(2)][-1]
    begun = [await desk.ask(answering(made), key="k") for _ in range(2)][-1]
    over = [await desk.ask(completing(begun), key="k") for _ in range(2)][-1]
    assert (over.version, await states(desk)) == (3, ["made", "taken_up", "completed"])
    assert len((await desk.ask(GetReferral(referral_id=made.referral_id))).completions) == 1


async def test_who_knew_an_older_version_is_refused(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    await desk.ask(answering(made))
    for act in (answering(made), completing(made)):
        with pytest.raises(ChangedMeanwhile) as raised:
            await desk.ask(act)
        assert raised.value.problem().current_version == 2


async def test_of_two_referrals_to_one_line_at_once_the_second_finds_the_first(desk: Desk, plan: Agreed) -> None:
    made, second = await desk.ask_while(referring(plan), referring(plan))
    assert isinstance(made, ReferralVersion)
    assert isinstance(second, Conflict)


async def test_a_partner_and_a_person_at_once_do_not_both_answer(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    theirs = AnswerReferralForPartner(partner="school", referral_id=made.referral_id, answer=DECLINED)
    answered, second = await desk.ask_while(theirs, answering(made), by=PARTNERS)
    assert isinstance(answered, ReferralVersion)
    assert isinstance(second, ChangedMeanwhile)
    assert await states(desk) == ["made", "declined"]


async def test_all_is_referred_on_the_day_of_the_last_line_whatever_came_of_it(desk: Desk, plan: Agreed) -> None:
    desk.clock.move_to(date(2026, 3, 20))
    assert await all_referred_on(desk, plan) is None
    await desk.ask(referring(plan, referred_on="2026-02-23"))
    assert await all_referred_on(desk, plan) is None
    declined = await desk.ask(referring(plan, plan.other, referred_on="2026-03-09"))
    assert await all_referred_on(desk, plan) == date(2026, 3, 9)
    await desk.ask(answering(declined, DECLINED.model_copy(update={"on": date(2026, 3, 10)})))
    await desk.ask(referring(plan, plan.other, referred_on="2026-03-11"))
    assert await all_referred_on(desk, plan) == date(2026, 3, 9)
    assert (await desk.ask(ListPlanReferrals(plan_id=plan.plan_id))).referred_on == date(2026, 3, 9)


async def test_the_due_date_of_the_referral_is_gone_once_all_is_referred(desk: Desk, plan: Agreed) -> None:
    async def due() -> list[date]:
        found = await desk.ask(GetCustomerDueDates(customer_id=plan.customer_id))
        listed = await desk.ask(ListDue())
        days = [each.due_on for each in found.due_dates if each.kind == "referral"]
        assert days == [each.due_on for each in listed.items if each.kind == "referral"]
        return days

    assert await due() == [date(2026, 4, 2)]
    await desk.ask(referring(plan, referred_on="2026-02-23"))
    assert await due() == [date(2026, 4, 2)]
    await desk.ask(referring(plan, plan.other, referred_on="2026-02-25"))
    assert await due() == []


async def test_a_new_edition_with_a_new_line_is_not_all_referred(desk: Desk, plan: Agreed) -> None:
    for line_id in (plan.course, plan.other):
        await desk.ask(referring(plan, line_id))
    await plan.anew(line(uuid4(), name="Päättötestaus"))
    assert await all_referred_on(desk, plan) is None


async def test_the_referrals_of_a_plan_are_listed_oldest_first(desk: Desk, plan: Agreed) -> None:
    ids = [(await desk.ask(referring(plan, line_id))).referral_id for line_id in (plan.other, plan.course)]
    listed = await desk.ask(ListPlanReferrals(plan_id=plan.plan_id))
    assert [each.referral_id for each in listed.referrals] == ids


async def test_a_merged_customer_is_referred_by_either_id(desk: Desk, plan: Agreed) -> None:
    kept = await desk.customer()
    await desk.learn(opened(plan.customer_id, merged_into=kept), 2)
    for customer_id, line_id in ((kept, plan.course), (plan.customer_id, plan.other)):
        made = await desk.ask(referring(plan, line_id, customer_id=customer_id))
        assert (await desk.ask(GetReferral(referral_id=made.referral_id))).customer_id == plan.customer_id


async def test_a_member_of_a_familys_plan_is_referred_and_everybodys_use_is_in_the_log(desk: Desk) -> None:
    parent, child = await desk.customer(), await desk.customer()
    for each in (parent, child):
        await desk.in_force(each)
    consent = {"given_on": TODAY, "given_by": "Aamu Esimerkki"}
    drafted = await desk.drafted(parent, kind="family", members=(child,), consents=(consent,), earlier=None)
    family = await desk.approved(await desk.offered(drafted))
    asked = {"plan_id": family.plan_id, "line_id": LINE, "provider": OPISTO, "referred_on": TODAY}
    await desk.ask(ReferToService.model_validate(asked))
    made = await desk.ask(ReferToService.model_validate(asked | {"customer_id": child}))
    assert sorted((await desk.uses())[-1]["customers"]) == sorted([str(parent), str(child)])
    assert (await desk.ask(GetReferral(referral_id=made.referral_id))).customer_id == child


@pytest.mark.parametrize(
    "actor",
    [
        EXPERT_HELSINKI,
        replace(EXPERT_TAMPERE, customers=(uuid4(),)),
    ],
    ids=["another municipality", "a right to others"],
)
async def test_who_does_not_reach_the_customer_finds_nothing(desk: Desk, plan: Agreed, actor: Actor) -> None:
    made = await desk.ask(referring(plan))
    for asked in (
        referring(plan, plan.other),
        answering(made),
        completing(made),
        WithdrawCompletion(referral_id=made.referral_id, expected_version=1, completion_id=uuid4(), why="x"),
        GetReferral(referral_id=made.referral_id),
        ListPlanReferrals(plan_id=plan.plan_id),
    ):
        with pytest.raises(NotFound):
            await desk.ask(asked, actor)


async def test_a_withheld_customers_referrals_do_not_exist(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    withheld = replace(EXPERT_TAMPERE, withheld=(plan.customer_id,))
    for asked in (GetReferral(referral_id=made.referral_id), answering(made), ListPlanReferrals(plan_id=plan.plan_id)):
        with pytest.raises(NotFound):
            await desk.ask(asked, withheld)


@pytest.mark.parametrize("role", ["advisor", "records_manager", "provider_worker", "customer"])
async def test_another_role_is_refused(desk: Desk, plan: Agreed, role: str) -> None:
    with pytest.raises(Forbidden):
        await desk.ask(referring(plan), replace(EXPERT_TAMPERE, role=role))


async def test_the_county_reads_where_it_takes_part_and_changes_nothing(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    worker = Actor("c", "06", "county_worker", granted_by="837", customers=(plan.customer_id,))
    assert (await desk.ask(GetReferral(referral_id=made.referral_id), worker)).state == "made"
    with pytest.raises(Forbidden):
        await desk.ask(answering(made), worker)


async def test_the_border_of_the_database_alone_hides_another_municipalitys_referrals(desk: Desk, plan: Agreed) -> None:
    await desk.ask(completing(await desk.ask(referring(plan))))
    seen = {}
    for actor in (EXPERT_TAMPERE, EXPERT_HELSINKI):
        async with desk.unit_of_work.begin(actor, CAUSE) as work:
            for table in ("referral", "completion"):
                found = await work.connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
                seen[actor.organisation, table] = found.scalar()
    assert set(seen.values()) == {0, 1}
    assert seen["091", "referral"] == seen["091", "completion"] == 0


async def test_an_erased_customers_referrals_and_completions_are_gone(desk: Desk, plan: Agreed) -> None:
    await desk.ask(completing(await desk.ask(referring(plan))))
    async with desk.unit_of_work.begin(service_actor("plan"), CAUSE) as work:
        await erase_customer(work, plan.customer_id)
    for table in ("referral", "completion"):
        assert await desk.rows(f"SELECT FROM {table}") == []
    assert await states(desk) == []


async def test_a_place_is_taken_while_the_client_is_referred_or_in_the_service(desk: Desk) -> None:
    added = await desk.ask(AddProgrammeService(service=taught(places=1)), SUPERVISOR)
    plan = await agreed(desk, service_id=added.service_id)

    async def with_room() -> list[int]:
        found = await desk.ask(ListProgramme(with_room=True))
        return [each.places_taken for each in found.services]

    assert await with_room() == [0]
    made = await desk.ask(referring(plan))
    assert await with_room() == []
    begun = await desk.ask(answering(made))
    assert await with_room() == []
    await desk.ask(completing(begun))
    assert await with_room() == [0]


async def test_a_provider_is_told_of_its_own_referral_what_the_act_lists(desk: Desk) -> None:
    added = await desk.ask(AddProgrammeService(service=taught(name={"fi": "Kurssi", "en": "Course"})), SUPERVISOR)
    care = await desk.ask(AddProgrammeService(service=taught(kind="social_and_health")), SUPERVISOR)
    earlier = await desk.ask(AddProgrammeService(service=taught(name={"fi": "Alkeet"})), SUPERVISOR)
    lines = {"care": uuid4(), "earlier": uuid4(), "never_begun": uuid4()}
    services = {"care": care.service_id, "earlier": earlier.service_id, "never_begun": earlier.service_id}
    plan = await agreed(
        desk, *(line(line_id, services[name]) for name, line_id in lines.items()), service_id=added.service_id
    )
    made = await desk.ask(referring(plan))
    before: dict[str, Any] = {"referred_on": "2026-02-02"}
    begun = DONE.model_copy(update={"starts_on": date(2026, 3, 1)})
    for name in ("care", "earlier"):
        await desk.ask(completing(await desk.ask(referring(plan, lines[name], **before)), begun))
    await desk.ask(completing(await desk.ask(referring(plan, plan.other, **before)), begun))
    await desk.ask(referring(plan, lines["never_begun"], **before))

    told = await desk.ask(GetReferralForProvider(partner="school", referral_id=made.referral_id), PARTNERS)
    assert (told.plan_drawn_up_on, told.plan_valid_until) == (TODAY, date(2027, 3, 2))
    assert (told.service_name.en, told.service_starts_on) == ("Course", TODAY)
    assert [each.name.fi for each in told.earlier_measures] == ["Alkeet"]
    assert len(told.may_be_told) == 18
    assert "Kieli ensin" not in told.model_dump_json()
    assert (await desk.uses())[-1]["organisation"] == "school"
    with pytest.raises(NotFound):
        await desk.ask(GetReferralForProvider(partner="other", referral_id=made.referral_id), PARTNERS)


async def test_a_provider_is_not_told_of_a_training_that_began_after_the_client_was_referred_to_it(
    desk: Desk,
) -> None:
    service, later = await desk.ask(AddProgrammeService(service=taught()), SUPERVISOR), uuid4()
    plan = await agreed(desk, line(later, service.service_id), service_id=service.service_id)
    made = await desk.ask(referring(plan))
    await desk.ask(answering(await desk.ask(referring(plan, later))))
    told = await desk.ask(GetReferralForProvider(partner="school", referral_id=made.referral_id), PARTNERS)
    assert (told.customer_id, told.earlier_measures) == (plan.customer_id, ())


async def test_of_a_referral_that_is_over_a_provider_is_told_that_it_is_and_nothing_of_the_client(
    desk: Desk,
) -> None:
    service, earlier = await desk.ask(AddProgrammeService(service=taught()), SUPERVISOR), uuid4()
    plan = await agreed(desk, line(earlier, service.service_id), service_id=service.service_id)
    begun = DONE.model_copy(update={"starts_on": date(2026, 3, 1)})
    await desk.ask(completing(await desk.ask(referring(plan, earlier, referred_on="2026-02-02")), begun))
    made = await desk.ask(referring(plan))
    asked = GetReferralForProvider(partner="school", referral_id=made.referral_id)
    assert len((await desk.ask(asked, PARTNERS)).earlier_measures) == 1
    await desk.ask(completing(made))
    told = await desk.ask(asked, PARTNERS)
    assert (told.state, told.version, told.referred_on, told.service_name.fi) == (
        "completed",
        2,
        TODAY,
        "Suomen kielen kurssi",
    )
    of_client = {"customer_id", "plan_drawn_up_on", "plan_valid_until", "service_starts_on", "service_ends_on"}
    assert not any(told.model_dump(include=of_client).values())
    assert told.earlier_measures == ()


async def test_after_the_end_a_provider_reports_the_result_of_a_test_alone(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    about: dict[str, Any] = {"partner": "school", "referral_id": made.referral_id}
    await desk.ask(RecordCompletionForPartner(completion=DONE, **about), PARTNERS)
    with pytest.raises(Conflict):
        await desk.ask(RecordCompletionForPartner(completion=DONE, is_over=False, **about), PARTNERS)
    await desk.ask(RecordCompletionForPartner(completion=TEST, is_over=False, **about), PARTNERS)


async def test_a_provider_reports_so_many_parts_and_no_more_but_the_end(
    desk: Desk, plan: Agreed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_COMPLETIONS", 2)
    made = await desk.ask(referring(plan))
    part = RecordCompletionForPartner(partner="school", referral_id=made.referral_id, completion=DONE, is_over=False)
    for _ in range(2):
        await desk.ask(part, PARTNERS)
    with pytest.raises(Conflict):
        await desk.ask(part, PARTNERS)
    assert (await desk.ask(part.model_copy(update={"is_over": True}), PARTNERS)).version == 4


async def test_of_a_service_that_the_programme_never_had_a_provider_is_told_in_the_plan_s_words(
    desk: Desk, plan: Agreed
) -> None:
    made = await desk.ask(referring(plan))  # plans agreed on such services before an offer was refused for them
    await desk.rows("DELETE FROM programme_service_version")
    told = await desk.ask(GetReferralForProvider(partner="school", referral_id=made.referral_id), PARTNERS)
    assert told.service_name.fi == "Suomen kielen kurssi"


async def test_of_a_line_that_a_later_edition_dropped_a_provider_is_told_as_it_was_agreed(
    desk: Desk, plan: Agreed
) -> None:
    made = await desk.ask(referring(plan, plan.other))
    plan.plan = await desk.approved(await desk.offered(plan.plan, services=plan.lines[:1]))
    told = await desk.ask(GetReferralForProvider(partner="school", referral_id=made.referral_id), PARTNERS)
    assert (told.service_name.fi, told.customer_id) == ("Perhekahvila", plan.customer_id)


async def test_no_person_asks_what_a_provider_is_told(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    for asked in (
        GetReferralForProvider(partner="school", referral_id=made.referral_id),
        AnswerReferralForPartner(partner="school", referral_id=made.referral_id, answer=BEGUN),
        RecordCompletionForPartner(partner="school", referral_id=made.referral_id, completion=DONE),
    ):
        with pytest.raises(Forbidden):
            await desk.ask(asked)


async def test_a_provider_answers_and_reports_on_its_own_referrals_alone(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    about: dict[str, Any] = {"referral_id": made.referral_id}
    with pytest.raises(NotFound):
        await desk.ask(AnswerReferralForPartner(partner="other", answer=BEGUN, **about), PARTNERS)
    await desk.ask(AnswerReferralForPartner(partner="school", answer=BEGUN, **about), PARTNERS)
    report = RecordCompletionForPartner(partner="school", completion=DONE, **about)
    for _ in range(2):
        done = await desk.ask(report, PARTNERS, key="message 7")
    assert done.version == 3
    with pytest.raises(Conflict):
        await desk.ask(report, PARTNERS)
    found = await desk.ask(GetReferral(**about))
    assert [(each.recorded_by, each.organisation) for each in found.completions] == [("integration", "school")]
