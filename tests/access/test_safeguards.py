"""Customers withheld, emergency access, and the notices of those who watch."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwe
from joserfc.jwk import KeySet

from contracts.access.rights import UserRights
from contracts.access.safeguards import (
    ListNotices,
    ListWithheld,
    MarkNoticeSeen,
    OpenEmergencyAccess,
    ReleaseCustomer,
    WithholdCustomer,
)
from services.access import rules
from services.kit.actor import Actor
from services.kit.errors import Conflict, Forbidden, NotFound
from tests.access.conftest import ADMIN, ADMIN_HELSINKI, SUPERVISOR, AccessService, refused
from tests.support import EXPERT_TAMPERE, USAGE_PRIVATE_KEYS

CUSTOMER = uuid4()
OFFICER = Actor(user="dpo@tampere", organisation="837", role="data_protection_officer")
REASON = "Found unconscious, and the ambulance asks."


async def withheld(access: AccessService, user: str) -> list[UUID]:
    """Whom the gateway is told to withhold from the user."""
    return list((await access.rights(user)).withheld)


class TestWithholding:
    async def test_a_family_member_is_withheld_from_the_one_user(self, access: AccessService) -> None:
        await access.give()
        await access.forget_news()
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="family", user="expert@tampere"))
        assert await withheld(access, "expert@tampere") == [CUSTOMER]
        assert await withheld(access, "other@tampere") == []
        assert await access.changed() == ["expert@tampere"]

    async def test_a_colleague_is_withheld_from_all_of_the_municipality(self, access: AccessService) -> None:
        await access.give()
        await access.give("other@tampere", ADMIN_HELSINKI)
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        assert await withheld(access, "expert@tampere") == [CUSTOMER]
        assert await withheld(access, "other@tampere") == []

    async def test_whoever_gets_a_right_later_is_kept_from_the_colleague_too(self, access: AccessService) -> None:
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        await access.give()
        assert await withheld(access, "expert@tampere") == [CUSTOMER]

    async def test_county_workers_with_rights_to_the_municipality_s_customers_are_kept_from_the_colleague_too(
        self, access: AccessService
    ) -> None:
        await access.give_to_county([CUSTOMER])
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        assert await withheld(access, "county@pirkanmaa") == [CUSTOMER]

    async def test_who_is_released_handles_the_colleague(self, access: AccessService) -> None:
        await access.give()
        made = await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        await access.forget_news()
        await access.ask(ReleaseCustomer(withheld_id=made.withheld_id, user="expert@tampere"))
        assert await withheld(access, "expert@tampere") == []
        assert await withheld(access, ADMIN.user) == [CUSTOMER]
        assert await access.changed() == ["expert@tampere"]
        [listed] = (await access.ask(ListWithheld())).withheld
        assert listed.released == ("expert@tampere",)

    async def test_a_withholding_may_end(self, access: AccessService) -> None:
        await access.give()
        made = await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="family", user="expert@tampere"))
        await access.ask(ReleaseCustomer(withheld_id=made.withheld_id))
        assert await withheld(access, "expert@tampere") == []
        assert (await access.ask(ListWithheld())).withheld == ()

    async def test_nobody_releases_himself_or_herself(self, access: AccessService) -> None:
        own = await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="family", user=ADMIN.user))
        with pytest.raises(Forbidden):
            await access.ask(ReleaseCustomer(withheld_id=own.withheld_id))
        from_all = await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        with pytest.raises(Forbidden):
            await access.ask(ReleaseCustomer(withheld_id=from_all.withheld_id, user=ADMIN.user))
        with pytest.raises(Forbidden):
            await access.ask(ReleaseCustomer(withheld_id=from_all.withheld_id), replace(ADMIN, withheld=(CUSTOMER,)))
        assert await withheld(access, ADMIN.user) == [CUSTOMER]

    async def test_another_municipality_s_withholding_does_not_exist(self, access: AccessService) -> None:
        made = await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        with pytest.raises(NotFound):
            await access.ask(ReleaseCustomer(withheld_id=made.withheld_id), ADMIN_HELSINKI)
        assert (await access.ask(ListWithheld(), ADMIN_HELSINKI)).withheld == ()

    async def test_more_than_tokens_can_carry_is_refused(
        self, access: AccessService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "MOST_WITHHELD", 1)
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        asked = access.ask(WithholdCustomer(customer_id=uuid4(), ground="colleague"))
        assert await refused(asked) == [("/customer_id", "too_many")]

    @pytest.mark.parametrize("user", ["misspelt", "other@tampere", "expert@tampere"])
    async def test_who_holds_no_right_that_the_municipality_sees_has_nobody_withheld_by_it(
        self, access: AccessService, user: str
    ) -> None:
        await access.give()
        asked = access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="family", user=user), ADMIN_HELSINKI)
        assert await refused(asked) == [("/user", "no_holder")]

    async def test_who_will_hold_a_right_has_the_family_withheld_before(self, access: AccessService) -> None:
        await access.give(starts_at=access.clock.after(days=7))
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="family", user="expert@tampere"))
        assert await withheld(access, "expert@tampere") == [CUSTOMER]

    async def test_what_all_municipalities_withhold_from_a_user_is_counted_together(
        self, access: AccessService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "MOST_WITHHELD_IN_ALL", 2)
        await access.give()
        await access.give(actor=ADMIN_HELSINKI)
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"))
        await access.ask(WithholdCustomer(customer_id=CUSTOMER, ground="colleague"), ADMIN_HELSINKI)
        await access.ask(WithholdCustomer(customer_id=uuid4(), ground="family", user="expert@tampere"))
        for user in (None, "expert@tampere"):
            asked = access.ask(WithholdCustomer(customer_id=uuid4(), ground="family", user=user), ADMIN_HELSINKI)
            assert await refused(asked) == [("/customer_id", "too_many")]
        assert len(await withheld(access, "expert@tampere")) == 2
        assert len((await access.ask(ListWithheld(), ADMIN_HELSINKI)).withheld) == 1

    async def test_a_right_that_would_withhold_too_many_from_the_user_is_not_given(
        self, access: AccessService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "MOST_WITHHELD_IN_ALL", 1)
        await access.give()
        await access.ask(WithholdCustomer(customer_id=uuid4(), ground="family", user="expert@tampere"))
        await access.ask(WithholdCustomer(customer_id=uuid4(), ground="colleague"), ADMIN_HELSINKI)
        assert await refused(access.give(actor=ADMIN_HELSINKI)) == [("/user", "too_many")]
        assert len(await access.holds("expert@tampere")) == 1

    def test_with_the_own_record_a_token_carries_all_that_can_be_withheld(self) -> None:
        [limit] = [each.max_length for each in UserRights.model_fields["withheld"].metadata]
        assert limit == rules.MOST_WITHHELD_IN_ALL + 1


class TestEmergencyAccess:
    async def open(self, access: AccessService, **more: Any) -> Actor:
        """Opens the customer in an emergency, and returns who did."""
        given = await access.give()
        actor = replace(EXPERT_TAMPERE, grant=given.grant_id, **more)
        await access.forget_news()
        await access.ask(OpenEmergencyAccess(customer_id=CUSTOMER, reason=REASON), actor)
        return actor

    async def test_it_opens_the_customer_under_the_right_acted_on_for_three_hours(self, access: AccessService) -> None:
        actor = await self.open(access)
        [held] = (await access.rights(actor.user)).grants
        [hold] = held.emergency
        assert (hold.customer_id, hold.ends_at) == (CUSTOMER, access.clock.after(hours=3))
        access.clock.moment = access.clock.after(hours=3)
        [held] = (await access.rights(actor.user)).grants
        assert held.emergency == ()

    async def test_the_reason_is_in_the_usage_log_for_those_alone_who_may_read_it(self, access: AccessService) -> None:
        await self.open(access)
        [line] = await access.uses()
        assert (line["act"], line["customers"], line["purpose"]) == ("break_glass", [str(CUSTOMER)], "emergency")
        assert line["legal_basis"] == "EU 2016/679 art. 6(1)(d)"
        keys = KeySet.import_key_set(json.loads(USAGE_PRIVATE_KEYS))
        assert json.loads(jwe.decrypt_compact(line["sealed"], keys).plaintext or b"") == {"reason": REASON}
        everything = await access.rows("SELECT o::text FROM outbox o UNION ALL SELECT e::text FROM emergency_access e")
        assert REASON not in str(everything)

    async def test_it_is_an_event_without_the_reason(self, access: AccessService) -> None:
        actor = await self.open(access)
        [row] = await access.rows("SELECT * FROM outbox WHERE type = 'access.emergency_access_opened.v1'")
        told = json.loads(row["data"])
        assert (told["customer_id"], told["user"]) == (str(CUSTOMER), actor.user)
        assert row["customer_ids"] == [CUSTOMER]
        assert await access.changed() == [actor.user]

    @pytest.mark.parametrize("actor", [SUPERVISOR, OFFICER], ids=lambda each: each.role)
    async def test_supervisor_and_data_protection_officer_are_told(self, access: AccessService, actor: Actor) -> None:
        opener = await self.open(access)
        [notice] = (await access.ask(ListNotices(), actor)).notices
        assert (notice.kind, notice.customer_id, notice.grant_id) == ("emergency_access", CUSTOMER, opener.grant)

    async def test_a_notice_about_a_withheld_customer_is_not_there_to_be_seen(self, access: AccessService) -> None:
        await self.open(access)
        kept_out = replace(SUPERVISOR, withheld=(CUSTOMER,))
        assert (await access.ask(ListNotices(), kept_out)).notices == ()
        [notice] = (await access.ask(ListNotices(), SUPERVISOR)).notices
        with pytest.raises(NotFound):
            await access.ask(MarkNoticeSeen(notice_id=notice.notice_id), kept_out)

    async def test_the_first_who_looked_at_a_notice_is_kept(self, access: AccessService) -> None:
        await self.open(access)
        [notice] = (await access.ask(ListNotices(), SUPERVISOR)).notices
        await access.ask(MarkNoticeSeen(notice_id=notice.notice_id), SUPERVISOR)
        await access.ask(MarkNoticeSeen(notice_id=notice.notice_id), replace(SUPERVISOR, user="another"))
        assert (await access.ask(ListNotices(), SUPERVISOR)).notices == ()
        [seen] = (await access.ask(ListNotices(also_seen=True), SUPERVISOR)).notices
        assert seen.seen_by == SUPERVISOR.user
        assert len((await access.ask(ListNotices(), OFFICER)).notices) == 1, "each role has its own"

    async def test_nobody_looks_at_the_notice_of_the_own_emergency(self, access: AccessService) -> None:
        await access.knows(SUPERVISOR.user)
        given = await access.give(SUPERVISOR.user, role="supervisor", task="supervision")
        await access.ask(
            OpenEmergencyAccess(customer_id=CUSTOMER, reason=REASON), replace(SUPERVISOR, grant=given.grant_id)
        )
        [notice] = (await access.ask(ListNotices(), SUPERVISOR)).notices
        with pytest.raises(Forbidden):
            await access.ask(MarkNoticeSeen(notice_id=notice.notice_id), SUPERVISOR)
        await access.ask(MarkNoticeSeen(notice_id=notice.notice_id), replace(SUPERVISOR, user="another"))
        assert (await access.ask(ListNotices(), SUPERVISOR)).notices == ()

    async def test_a_notice_of_others_does_not_exist(self, access: AccessService) -> None:
        await self.open(access)
        [notice] = (await access.ask(ListNotices(), SUPERVISOR)).notices
        with pytest.raises(NotFound):
            await access.ask(MarkNoticeSeen(notice_id=notice.notice_id), replace(SUPERVISOR, organisation="091"))

    async def test_whom_the_user_may_not_handle_is_not_opened_either(self, access: AccessService) -> None:
        with pytest.raises(Forbidden):
            await self.open(access, withheld=(CUSTOMER,))
        [line] = await access.uses()
        assert (line["outcome"], line["customers"]) == ("denied", [str(CUSTOMER)])

    async def test_an_advisor_opens_nobody(self, access: AccessService) -> None:
        with pytest.raises(Forbidden):
            await self.open(access, role="advisor")

    async def test_not_everybody_is_an_emergency(self, access: AccessService, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rules, "MOST_EMERGENCIES", 1)
        actor = await self.open(access)
        with pytest.raises(Conflict):
            await access.ask(OpenEmergencyAccess(customer_id=uuid4(), reason=REASON), actor)

    async def test_those_opened_at_the_same_moment_are_counted_too(
        self, access: AccessService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "MOST_EMERGENCIES", 2)
        actor = await self.open(access)
        asked = [OpenEmergencyAccess(customer_id=uuid4(), reason=REASON) for _ in range(4)]
        done = await asyncio.gather(*(access.ask(each, actor) for each in asked), return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["Conflict"] * 3 + ["EmergencyOpened"]
