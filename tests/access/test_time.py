"""What time and other services' news do to rights."""

from datetime import UTC, datetime
from uuid import uuid4

from contracts.access.rights import AppointDeputy, ListGrants
from contracts.access.safeguards import ListNotices
from contracts.customer.state import CustomerClosed
from services.access.handlers.time import LOCK
from tests.access.conftest import ADMIN_HELSINKI, MATTER, PROVIDER, SUPERVISOR, AccessService, with_provider

CUSTOMER, OTHER = uuid4(), uuid4()


def closed(municipality: str = "837") -> CustomerClosed:
    """The municipality's relationship with the customer has ended."""
    return CustomerClosed(customer_id=CUSTOMER, relationships=(), municipality=municipality, reason="moved_away")


class TestEnding:
    async def test_a_right_ends_at_its_time_and_the_news_goes_out(self, access: AccessService) -> None:
        given = await access.give(ends_at=access.clock.after(days=1))
        await access.pass_time(hours=23)
        assert await access.changed() == ["expert@tampere"]
        await access.pass_time(hours=1)
        assert await access.changed() == ["expert@tampere"] * 2
        assert (await access.grant(given.grant_id)).end_reason == "time"

    async def test_it_is_told_once(self, access: AccessService) -> None:
        await access.give(ends_at=access.clock.after(days=1))
        await access.pass_time(days=1)
        await access.forget_news()
        await access.pass_time(minutes=1)
        assert await access.changed() == []

    async def test_its_deputies_end_with_it(self, access: AccessService) -> None:
        ends_at = access.clock.after(days=1)
        given = await access.give(ends_at=ends_at)
        await access.ask(AppointDeputy(grant_id=given.grant_id, user="other@tampere", ends_at=ends_at))
        await access.pass_time(days=1)
        assert await access.holds("other@tampere") == []

    async def test_a_provider_s_rights_end_with_its_contract(self, access: AccessService) -> None:
        await with_provider(access, days=10)
        told = {"organisation": PROVIDER, "role": "provider_worker", "task": "service_provision"}
        given = await access.give("worker@provider", **told, ground={"kind": "procurement"}, customers=[CUSTOMER])
        await access.pass_time(days=10)
        assert await access.holds("worker@provider") == [given.grant_id], "the last day of the contract"
        await access.pass_time(days=1)
        assert await access.holds("worker@provider") == []
        assert (await access.grant(given.grant_id)).end_reason == "ground_over"

    async def test_the_gateway_is_told_the_end_of_the_contract_though_nobody_has_ended_the_rights_yet(
        self, access: AccessService
    ) -> None:
        await with_provider(access, days=100)
        told = {"organisation": PROVIDER, "role": "provider_worker", "task": "service_provision"}
        given = await access.give("worker@provider", **told, ground={"kind": "procurement"}, customers=[CUSTOMER])
        await access.knows("deputy@provider")
        standing_in = AppointDeputy(
            grant_id=given.grant_id, user="deputy@provider", ends_at=access.clock.after(days=90)
        )
        await access.ask(standing_in)
        await access.forget_news()
        await with_provider(access, days=10)
        assert await access.changed() == ["deputy@provider", "worker@provider"]
        for user in ("worker@provider", "deputy@provider"):
            [held] = (await access.rights(user)).grants
            assert held.ends_at == datetime(2026, 3, 12, 22, tzinfo=UTC), "midnight in Helsinki"

    async def test_a_right_that_ends_before_the_contract_keeps_its_end(self, access: AccessService) -> None:
        await with_provider(access, days=10)
        told = {"organisation": PROVIDER, "role": "provider_worker", "task": "service_provision"}
        ends_at = access.clock.after(days=5)
        ground = {"kind": "procurement"}
        await access.give("worker@provider", **told, ground=ground, customers=[CUSTOMER], ends_at=ends_at)
        [held] = (await access.rights("worker@provider")).grants
        assert held.ends_at == ends_at

    async def test_a_contract_that_is_prolonged_keeps_them(self, access: AccessService) -> None:
        await with_provider(access, days=10)
        told = {"organisation": PROVIDER, "role": "provider_worker", "task": "service_provision"}
        await access.give("worker@provider", **told, ground={"kind": "procurement"}, customers=[CUSTOMER])
        await with_provider(access, days=100)
        await access.pass_time(days=50)
        assert len(await access.holds("worker@provider")) == 1

    async def test_rights_end_with_their_organisation(self, access: AccessService) -> None:
        await access.give()
        await access.rows("UPDATE access_grant SET organisation = 'ely-hame' WHERE user_id = 'expert@tampere'")
        await access.pass_time(minutes=1)
        assert await access.holds("expert@tampere") == []

    async def test_rights_to_take_part_end_with_the_municipality_that_gave_them(self, access: AccessService) -> None:
        await access.give_to_county([CUSTOMER])
        await access.rows("UPDATE access_grant SET municipality = 'ely-hame' WHERE user_id = 'county@pirkanmaa'")
        await access.pass_time(minutes=1)
        assert await access.holds("county@pirkanmaa") == []

    async def test_one_replica_at_a_time_does_it(self, access: AccessService) -> None:
        await access.give(ends_at=access.clock.after(days=1))
        await access.forget_news()
        async with access.unit_of_work.engine.begin() as other:
            assert await other.scalar(LOCK)
            await access.pass_time(days=1)
            assert await access.changed() == []
        await access.pass_time(minutes=1)
        assert await access.changed() == ["expert@tampere"]


class TestNewsOfCustomers:
    async def test_who_takes_part_has_nothing_to_take_part_in_when_the_relationship_ends(
        self, access: AccessService
    ) -> None:
        given = await access.give_to_county([CUSTOMER])
        await access.hear(closed())
        assert await access.holds("county@pirkanmaa") == []
        assert await access.changed() == ["county@pirkanmaa"] * 2
        assert (await access.grant(given.grant_id)).end_reason == "ground_over"

    async def test_the_other_customers_of_the_right_stay(self, access: AccessService) -> None:
        await access.give_to_county([CUSTOMER, OTHER])
        await access.hear(closed())
        [held] = (await access.rights("county@pirkanmaa")).grants
        assert held.customers == (OTHER,)

    async def test_another_municipality_s_relationship_is_another_matter(self, access: AccessService) -> None:
        await access.give_to_county([CUSTOMER])
        await access.hear(closed("091"))
        assert len(await access.holds("county@pirkanmaa")) == 1

    async def test_a_right_to_all_customers_stays(self, access: AccessService) -> None:
        await access.give()
        await access.hear(closed())
        assert len(await access.holds("expert@tampere")) == 1


class TestWarnings:
    async def test_two_weeks_before_the_end_the_administrators_are_told(self, access: AccessService) -> None:
        given = await access.give(ends_at=access.clock.after(days=20))
        await access.pass_time(days=5)
        assert (await access.ask(ListNotices())).notices == ()
        await access.pass_time(days=1)
        [notice] = (await access.ask(ListNotices())).notices
        assert (notice.kind, notice.grant_id, notice.due_at) == (
            "grant_ends",
            given.grant_id,
            access.clock.after(days=14),
        )

    async def test_once(self, access: AccessService) -> None:
        await access.give(ends_at=access.clock.after(days=10))
        await access.pass_time(minutes=1)
        await access.pass_time(minutes=1)
        assert len((await access.ask(ListNotices())).notices) == 1

    async def test_a_year_after_it_was_given_a_right_is_due_for_review(self, access: AccessService) -> None:
        await access.give()
        await access.pass_time(days=364)
        assert (await access.ask(ListNotices())).notices == ()
        await access.pass_time(days=1)
        kinds = {each.kind for each in (await access.ask(ListNotices())).notices}
        assert kinds == {"review_due"}
        assert (await access.ask(ListGrants(due_for_review=True))).grants

    async def test_the_municipality_that_gave_it_is_told_of_a_county_worker_s_right(
        self, access: AccessService
    ) -> None:
        await access.give_to_county([CUSTOMER], ground=MATTER, ends_at=access.clock.after(days=3))
        await access.pass_time(minutes=1)
        assert len((await access.ask(ListNotices())).notices) == 1

    async def test_nobody_else_is(self, access: AccessService) -> None:
        await access.give(ends_at=access.clock.after(days=3))
        await access.pass_time(minutes=1)
        assert (await access.ask(ListNotices(), SUPERVISOR)).notices == ()
        assert (await access.ask(ListNotices(), ADMIN_HELSINKI)).notices == ()
