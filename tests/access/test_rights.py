"""Rights are given by whom the law names, as far as the policy goes, and seen by those who answer for them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.access.rights import (
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    ListGrants,
    ListUsers,
    NoteSignIn,
    ReviewGrant,
    user_number,
)
from services.access.operate import Appointment, appoint_all
from services.access.repository.rights import note_used
from services.kit.actor import Actor
from services.kit.erasure import erase_customer
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, NotFound
from tests.access.conftest import (
    ADMIN,
    ADMIN_HELSINKI,
    CAUSE,
    GATEWAY,
    PROVIDER,
    SUPERVISOR,
    AccessService,
    giving,
    of_county,
    refused,
    with_provider,
)

CUSTOMER, OTHER = uuid4(), uuid4()


class TestUserRights:
    async def test_a_user_who_is_not_known_has_no_rights(self, access: AccessService) -> None:
        told = await access.rights("nobody")
        assert (told.grants, told.withheld, told.own_record) == ((), (), None)

    async def test_what_was_given_is_held(self, access: AccessService) -> None:
        given = await access.give(powers=["personal_safety"], data=["identity", "contact", "protected_contact"])
        [held] = (await access.rights("expert@tampere")).grants
        assert (held.grant_id, held.organisation, held.role) == (given.grant_id, "837", "integration_expert")
        assert (held.municipality, held.customers) == (None, None)
        assert held.powers == ("personal_safety",)
        assert held.data == ("identity", "contact", "protected_contact")

    async def test_a_county_worker_holds_a_right_to_the_municipality_s_customers(self, access: AccessService) -> None:
        await access.give_to_county([CUSTOMER])
        [held] = (await access.rights("county@pirkanmaa")).grants
        assert (held.organisation, held.municipality, held.customers) == ("06", "837", (CUSTOMER,))

    async def test_the_city_of_helsinki_s_own_county_staff_take_part_too(self, access: AccessService) -> None:
        participation = of_county(access.clock, [CUSTOMER]) | {"organisation": None}
        await access.give("other@tampere", ADMIN_HELSINKI, **participation)
        [held] = (await access.rights("other@tampere")).grants
        assert (held.organisation, held.municipality) == ("091", "091")

    async def test_rights_in_several_organisations_are_held_side_by_side(self, access: AccessService) -> None:
        await access.give()
        await access.give(actor=ADMIN_HELSINKI)
        assert [each.organisation for each in (await access.rights("expert@tampere")).grants] == ["837", "091"]

    async def test_a_right_to_come_is_told_after_those_in_force(self, access: AccessService) -> None:
        later = await access.give(starts_at=access.clock.after(days=3))
        now = await access.give(role="advisor", task="guidance")
        assert await access.holds("expert@tampere") == [now.grant_id, later.grant_id]

    async def test_a_right_past_its_end_is_not_told_though_nobody_has_ended_it_yet(self, access: AccessService) -> None:
        await access.give(ends_at=access.clock.after(hours=1))
        access.clock.moment = access.clock.after(hours=1)
        assert await access.holds("expert@tampere") == []

    async def test_a_user_who_is_a_customer_may_not_handle_the_own_record(self, access: AccessService) -> None:
        await access.ask(NoteSignIn(user="expert@tampere", own_record=CUSTOMER), GATEWAY)
        told = await access.rights("expert@tampere")
        assert (told.own_record, told.withheld) == (CUSTOMER, (CUSTOMER,))
        assert await access.changed() == ["expert@tampere"]

    async def test_a_later_sign_in_that_tells_nothing_of_it_changes_nothing(self, access: AccessService) -> None:
        await access.ask(NoteSignIn(user="expert@tampere", own_record=CUSTOMER), GATEWAY)
        await access.forget_news()
        await access.ask(NoteSignIn(user="expert@tampere", name="Another"), GATEWAY)
        assert (await access.rights("expert@tampere")).own_record == CUSTOMER
        assert await access.changed() == []

    async def test_what_is_known_of_a_customer_goes_with_the_erasure(self, access: AccessService) -> None:
        await access.ask(NoteSignIn(user="expert@tampere", own_record=CUSTOMER), GATEWAY)
        await access.give_to_county([CUSTOMER, OTHER])
        async with access.unit_of_work.begin(GATEWAY, CAUSE) as work:
            await erase_customer(work, CUSTOMER)
        assert (await access.rights("expert@tampere")).own_record is None
        [held] = (await access.rights("county@pirkanmaa")).grants
        assert held.customers == (OTHER,)

    async def test_the_gateway_alone_asks_for_them(self, access: AccessService) -> None:
        with pytest.raises(Forbidden):
            await access.ask(NoteSignIn(user="x"), Actor(user="x", organisation="837", role="advisor"))


class TestGiving:
    async def test_the_news_goes_out_with_the_right(self, access: AccessService) -> None:
        await access.give()
        assert await access.changed() == ["expert@tampere"]

    async def test_giving_is_in_the_usage_log_with_the_customers_named(self, access: AccessService) -> None:
        await access.give_to_county([CUSTOMER])
        [line] = await access.uses()
        assert (line["act"], line["data"], line["customers"]) == ("administer", ["rights"], [str(CUSTOMER)])
        assert line["legal_basis"] == "79-81 §"

    async def test_repeated_with_the_same_key_it_is_given_once(self, access: AccessService) -> None:
        first = await access.ask(giving(), key="k")
        assert await access.ask(giving(), key="k") == first
        assert await access.holds("expert@tampere") == [first.grant_id]

    async def test_nobody_gives_a_right_to_himself_or_herself(self, access: AccessService) -> None:
        assert await refused(access.give(ADMIN.user)) == [("/user", "own_right")]

    async def test_a_right_is_given_to_nobody_who_has_not_signed_in(self, access: AccessService) -> None:
        assert await refused(access.give("misspelt")) == [("/user", "unknown_user")]

    async def test_another_municipality_s_staff_get_no_right(self, access: AccessService) -> None:
        assert await refused(access.give(organisation="564")) == [("/organisation", "not_ours")]

    async def test_an_organisation_that_is_not_known_is_named(self, access: AccessService) -> None:
        assert await refused(access.give(organisation="999")) == [("/organisation", "unknown_organisation")]

    async def test_an_organisation_that_has_ended_names_its_successor(self, access: AccessService) -> None:
        actor = Actor(user="admin@ely", organisation="ely-hame", role="access_administrator")
        errors = await refused(access.give(actor=actor, role="access_administrator"))
        assert ("/organisation", "organisation_ended") in errors

    async def test_a_supervisor_gives_none(self, access: AccessService) -> None:
        with pytest.raises(Forbidden):
            await access.give(actor=SUPERVISOR)

    async def test_the_refusal_is_in_the_usage_log(self, access: AccessService) -> None:
        stranger = Actor(user="x", organisation="nowhere", role="access_administrator")
        with pytest.raises(Forbidden):
            await access.give(actor=stranger)
        [line] = await access.uses()
        assert (line["outcome"], line["user"]) == ("denied", "x")

    async def test_a_provider_s_worker_gets_a_right_while_the_contract_lasts(self, access: AccessService) -> None:
        told = {"organisation": PROVIDER, "role": "provider_worker", "task": "service_provision"}
        procured = told | {"ground": {"kind": "procurement"}, "customers": [CUSTOMER]}
        assert await refused(access.give("worker@provider", **procured)) == [("/organisation", "unknown_organisation")]
        await with_provider(access)
        assert await refused(access.give("worker@provider", ADMIN_HELSINKI, **procured)) == [
            ("/organisation", "not_ours")
        ]
        after = access.clock.after(days=100)
        assert await refused(access.give("worker@provider", **procured, ends_at=after)) == [
            ("/ends_at", "after_contract")
        ]
        given = await access.give("worker@provider", **procured)
        assert await access.holds("worker@provider") == [given.grant_id]

    async def test_the_operator_appoints_once_however_often_it_is_told(self, access: AccessService) -> None:
        told = [Appointment("new@oulu", "564", "access_administrator", "access_administration")]
        first = await appoint_all(access.unit_of_work, told, "operator")
        assert await appoint_all(access.unit_of_work, told, "operator") == first
        assert await access.changed() == ["new@oulu"]
        [line] = await access.uses()
        assert (line["user"], line["organisation"]) == ("operator", "keha")

    async def test_the_operator_too_is_told_what_does_not_exist(self, access: AccessService) -> None:
        told = [Appointment("new@oulu", "999", "no_such_role", "integration_services")]
        errors = await refused(appoint_all(access.unit_of_work, told, "operator"))
        assert errors == [("/role", "role"), ("/organisation", "unknown_organisation")]


class TestEnding:
    async def test_an_ended_right_is_held_no_more_and_the_news_goes_out(self, access: AccessService) -> None:
        given = await access.give()
        await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="left"))
        assert await access.holds("expert@tampere") == []
        assert await access.changed() == ["expert@tampere"] * 2

    async def test_it_stays_as_evidence(self, access: AccessService) -> None:
        given = await access.give()
        await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="misuse"))
        found = await access.grant(given.grant_id)
        assert (found.version, found.ended_at, found.end_reason) == (2, access.clock.moment, "misuse")

    async def test_what_has_ended_is_neither_ended_nor_prolonged_again(self, access: AccessService) -> None:
        given = await access.give()
        await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="left"))
        with pytest.raises(Conflict):
            await access.ask(EndGrant(grant_id=given.grant_id, expected_version=2, reason="left"))
        with pytest.raises(Conflict):
            await access.ask(ChangeGrantEnd(grant_id=given.grant_id, expected_version=2, ends_at=None))

    async def test_who_knows_an_older_version_is_told(self, access: AccessService) -> None:
        given = await access.give()
        await access.ask(ReviewGrant(grant_id=given.grant_id, expected_version=1))
        with pytest.raises(ChangedMeanwhile) as refusal:
            await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="left"))
        assert refusal.value.problem().current_version == 2

    async def test_the_worker_s_own_county_may_end_it_but_not_review_it(self, access: AccessService) -> None:
        given = await access.give_to_county([CUSTOMER])
        county = Actor(user="admin@pirkanmaa", organisation="06", role="access_administrator")
        with pytest.raises(Forbidden):
            await access.ask(
                ChangeGrantEnd(grant_id=given.grant_id, expected_version=1, ends_at=access.clock.after(days=900)),
                county,
            )
        await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="left"), county)
        assert await access.holds("county@pirkanmaa") == []

    async def test_nobody_prolongs_or_reviews_the_own_right(self, access: AccessService) -> None:
        [own] = await access.holds(ADMIN.user)
        with pytest.raises(Forbidden):
            await access.ask(ChangeGrantEnd(grant_id=own, expected_version=1, ends_at=access.clock.after(days=900)))
        with pytest.raises(Forbidden):
            await access.ask(ReviewGrant(grant_id=own, expected_version=1))

    async def test_a_right_to_take_part_is_never_without_an_end(self, access: AccessService) -> None:
        given = await access.give_to_county([CUSTOMER])
        asked = access.ask(ChangeGrantEnd(grant_id=given.grant_id, expected_version=1, ends_at=None))
        assert await refused(asked) == [("/ends_at", "missing")]


class TestDeputies:
    async def test_a_deputy_holds_what_the_other_holds_and_no_longer(self, access: AccessService) -> None:
        given = await access.give_to_county([CUSTOMER], data=["identity"])
        ends_at = access.clock.after(days=7)
        deputy = await access.ask(AppointDeputy(grant_id=given.grant_id, user="other@tampere", ends_at=ends_at))
        [held] = (await access.rights("other@tampere")).grants
        assert held.model_dump(include={"organisation", "role", "municipality", "customers", "data"}) == {
            "organisation": "06",
            "role": "county_worker",
            "municipality": "837",
            "customers": (CUSTOMER,),
            "data": ("identity",),
        }
        found = await access.grant(deputy.grant_id)
        assert (found.ground.kind, found.ground.id, found.ends_at) == ("deputy", given.grant_id, ends_at)

    async def test_it_ends_with_the_right_deputised(self, access: AccessService) -> None:
        given = await access.give()
        await access.ask(
            AppointDeputy(grant_id=given.grant_id, user="other@tampere", ends_at=access.clock.after(days=7))
        )
        await access.forget_news()
        await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="left"))
        assert await access.holds("other@tampere") == []
        assert await access.changed() == ["expert@tampere", "other@tampere"]

    async def test_it_becomes_shorter_with_it(self, access: AccessService) -> None:
        given = await access.give()
        deputy = await access.ask(
            AppointDeputy(grant_id=given.grant_id, user="other@tampere", ends_at=access.clock.after(days=7))
        )
        ends_at = access.clock.after(days=2)
        await access.ask(ChangeGrantEnd(grant_id=given.grant_id, expected_version=1, ends_at=ends_at))
        assert (await access.grant(deputy.grant_id)).ends_at == ends_at

    async def test_who_can_t_stand_in(self, access: AccessService) -> None:
        given = await access.give(ends_at=access.clock.after(days=5))

        async def asked(user: str, **period: float) -> list[tuple[str, str]]:
            ends_at = access.clock.after(**period)
            return await refused(access.ask(AppointDeputy(grant_id=given.grant_id, user=user, ends_at=ends_at)))

        assert await asked("expert@tampere", days=3) == [("/user", "holder")]
        assert await asked(ADMIN.user, days=3) == [("/user", "own_right")]
        assert await asked("nobody", days=3) == [("/user", "unknown_user")]
        assert await asked("other@tampere", days=9) == [("/ends_at", "after_deputised")]

    async def test_a_deputy_has_no_deputy(self, access: AccessService) -> None:
        given = await access.give()
        ends_at = access.clock.after(days=7)
        deputy = await access.ask(AppointDeputy(grant_id=given.grant_id, user="other@tampere", ends_at=ends_at))
        again = access.ask(AppointDeputy(grant_id=deputy.grant_id, user="county@pirkanmaa", ends_at=ends_at))
        assert await refused(again) == [("/grant_id", "deputy_of_deputy")]


class TestUsageLog:
    async def test_all_customers_of_a_right_are_named_in_as_many_lines_as_it_takes(self, access: AccessService) -> None:
        customers = [uuid4() for _ in range(150)]
        await access.give_to_county(customers)
        lines = await access.uses()
        assert sorted(len(each["customers"]) for each in lines) == [50, 100]
        assert {each for line in lines for each in line["customers"]} == {str(each) for each in customers}

    async def test_a_list_names_the_customers_of_the_rights_on_it(self, access: AccessService) -> None:
        await access.give_to_county([CUSTOMER, OTHER])
        await access.forget_news()
        await access.ask(ListGrants())
        [line] = await access.uses()
        assert sorted(line["customers"]) == sorted([str(CUSTOMER), str(OTHER)])

    async def test_lines_of_an_act_are_written_in_one_order_so_that_acts_do_not_deadlock(
        self, access: AccessService
    ) -> None:
        async with access.unit_of_work.begin(ADMIN, CAUSE, request=ListGrants) as work:
            for _ in range(12):
                work.record_use(relation="none")
        told = [line["line"] for line in await access.uses()]
        assert told == sorted(told)

    async def test_who_is_told_what_changed_meanwhile_is_on_record(self, access: AccessService) -> None:
        given = await access.give()
        await access.forget_news()
        with pytest.raises(ChangedMeanwhile):
            await access.ask(EndGrant(grant_id=given.grant_id, expected_version=7, reason="left"))
        [line] = await access.uses()
        assert (line["outcome"], line["request"]) == ("denied", "access.end_grant.v1")

    async def test_a_refusal_that_tells_something_is_a_use(self, access: AccessService) -> None:
        told = Conflict()
        told.use = {"denied": False, "customers": [CUSTOMER]}
        await access.unit_of_work.record_refusal(ADMIN, CAUSE, ListGrants(), told)
        [line] = await access.uses()
        assert (line["outcome"], line["customers"]) == ("done", [str(CUSTOMER)])


class TestLists:
    async def test_another_municipality_s_rights_do_not_exist(self, access: AccessService) -> None:
        given = await access.give()
        with pytest.raises(NotFound):
            await access.grant(given.grant_id, ADMIN_HELSINKI)
        listed = await access.ask(ListGrants(), ADMIN_HELSINKI)
        assert given.grant_id not in {each.grant_id for each in listed.grants}
        with pytest.raises(NotFound):
            await access.ask(EndGrant(grant_id=given.grant_id, expected_version=1, reason="left"), ADMIN_HELSINKI)

    async def test_pages_follow_each_other_without_a_gap(self, access: AccessService) -> None:
        given = [(await access.give()).grant_id for _ in range(5)]
        seen, cursor = [], None
        while True:
            page = await access.ask(ListGrants(user_number=user_number("expert@tampere"), cursor=cursor, limit=2))
            seen += [each.grant_id for each in page.grants]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == given

    async def test_those_due_for_review(self, access: AccessService) -> None:
        old = await access.give()
        await access.pass_time(days=200)
        await access.give()
        await access.pass_time(days=165)
        due = await access.ask(ListGrants(due_for_review=True, user_number=user_number("expert@tampere")))
        assert [each.grant_id for each in due.grants] == [old.grant_id]
        await access.ask(ReviewGrant(grant_id=old.grant_id, expected_version=1))
        due = await access.ask(ListGrants(due_for_review=True, user_number=user_number("expert@tampere")))
        assert due.grants == ()

    async def test_those_not_used(self, access: AccessService) -> None:
        used, unused = await access.give(), await access.give()
        await access.pass_time(days=100)
        async with access.unit_of_work.begin(GATEWAY, CAUSE) as work:
            await note_used(work.connection, {used.grant_id: access.clock.after(days=-10)})
        found = await access.ask(ListGrants(unused_for_days=90, user_number=user_number("expert@tampere")))
        assert [each.grant_id for each in found.grants] == [unused.grant_id]

    async def test_use_is_noted_once_a_day(self, access: AccessService) -> None:
        given = await access.give()
        times = [datetime(2026, 3, 2, 11, tzinfo=UTC), datetime(2026, 3, 3, 10, tzinfo=UTC)]
        for moment in (*times, datetime(2026, 3, 3, 12, tzinfo=UTC)):
            async with access.unit_of_work.begin(GATEWAY, CAUSE) as work:
                await note_used(work.connection, {given.grant_id: moment})
            if moment in times:
                assert (await access.grant(given.grant_id)).last_used_at == times[0]
        assert (await access.grant(given.grant_id)).last_used_at == datetime(2026, 3, 3, 12, tzinfo=UTC)

    async def test_those_that_end_soon(self, access: AccessService) -> None:
        soon = await access.give(ends_at=access.clock.after(days=10))
        await access.give(ends_at=access.clock.after(days=40))
        found = await access.ask(ListGrants(ending_within_days=14))
        assert [each.grant_id for each in found.grants] == [soon.grant_id]

    async def test_users_with_how_many_rights_they_have_in_force(self, access: AccessService) -> None:
        await access.give()
        await access.give(starts_at=access.clock.after(days=1))
        users = {each.user: each for each in (await access.ask(ListUsers())).users}
        assert users["expert@tampere"].grants_in_force == 1
        assert users["expert@tampere"].name == "Expert@Tampere"
        assert "admin@helsinki" not in users

    async def test_looking_is_in_the_usage_log(self, access: AccessService) -> None:
        given = await access.give_to_county([CUSTOMER])
        await access.forget_news()
        await access.ask(GetGrant(grant_id=given.grant_id), SUPERVISOR)
        [line] = await access.uses()
        assert (line["act"], line["customers"]) == ("view", [str(CUSTOMER)])
