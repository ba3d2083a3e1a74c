"""Transfers to and from the employment authority, which is no user of ours."""

import json
from datetime import timedelta

import pytest

from contracts.customer.people import GetCustomer
from contracts.customer.transfers import GetTransferForPartner, PartnerTransfer, RejectTransfer, TransferVersion
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, closed, opening
from tests.customer.test_duplicates import AGAIN, SPELLED, merging, named, pairs
from tests.customer.transfers import (
    AUTHORITY,
    PARTNERS,
    PERMIT,
    SAFE,
    SOMEBODY,
    accepting,
    by_partner,
    handing_over,
    offering,
    seen,
    withdrawing,
)
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database


async def of_partner(customers: CustomerService, known: TransferVersion, partner: str = AUTHORITY) -> PartnerTransfer:
    """The transfer as the employment authority sees it."""
    return await customers.ask(GetTransferForPartner(partner=partner, transfer_id=known.transfer_id), PARTNERS)


class TestToTheEmploymentAuthority:
    async def test_by_law_and_without_consent(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known, AUTHORITY, reason="registered_as_jobseeker", consent=None))
        transfer = await seen(customers, offered.transfer_id)
        assert (transfer.legal_basis, transfer.consent) == ("681/2023 86 §", None)

    async def test_it_sees_the_person_only_after_it_has_accepted(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE, contact={"phone": "+358 50 123"}))
        offered = await customers.ask(offering(known, AUTHORITY))
        before = await of_partner(customers, offered)
        assert (before.person, before.transfer.customer_id) == (None, None)
        await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        after = await of_partner(customers, offered)
        assert after.person is not None
        assert after.person.contact is not None
        assert (after.person.personal_identity_code, after.person.contact.phone) == (CODE, "+358 50 123")

    async def test_acceptance_ends_the_municipality_s_relationship(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known, AUTHORITY))
        await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        with pytest.raises(NotFound):
            await customers.ask(GetCustomer(customer_id=known.customer_id))
        assert await customers.events(known.customer_id) == ["customer.opened.v1", "customer.closed.v1"]
        transfer = await seen(customers, offered.transfer_id)
        assert (transfer.state, transfer.responsible) == ("accepted", SOMEBODY)

    async def test_contact_details_under_non_disclosure_and_protected_grounds_are_left_out(
        self, customers: CustomerService
    ) -> None:
        permit = PERMIT | {"ground": "victim_of_trafficking"}
        contact = {"phone": "+358 50 123"}
        told = opening(safety_non_disclosure=True, contact=contact, first_residence_permit=permit)
        every = SAFE.__class__(
            "e", "837", "integration_expert", powers=("personal_safety", "trafficking"), purpose="assessment"
        )
        known = await customers.ask(told, every)
        offered = await customers.ask(offering(known, AUTHORITY), SAFE)
        await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        person = (await of_partner(customers, offered)).person
        assert person is not None
        assert (person.contact, person.first_residence_permit, person.safety_non_disclosure) == (None, None, True)

    async def test_what_is_disclosed_is_a_line_of_the_log_for_that_authority(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known, AUTHORITY))
        await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        await of_partner(customers, offered)
        use = (await customers.uses())[-1]
        assert (use["organisation"], use["role"]) == (AUTHORITY, "service_integration")
        assert use["customers"] == [str(known.customer_id)]
        assert {"identity", "contact", "transfer"} <= set(use["data"])

    @pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed again"])
    async def test_it_sees_the_person_no_more_when_a_municipality_has_or_had_the_customer_after_it(
        self, customers: CustomerService, is_closed: bool
    ) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        offered = await customers.ask(offering(known, AUTHORITY))
        await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        again = await customers.ask(opening(personal_identity_code=CODE))
        if is_closed:
            await closed(customers, again)
        assert (await of_partner(customers, offered)).person is None
        assert "identity" not in (await customers.uses())[-1]["data"]

    async def test_it_sees_the_person_no_more_when_the_customer_was_given_back_and_on(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        offered = await customers.ask(offering(known, AUTHORITY))
        await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        customers.clock.moment += timedelta(hours=1)
        await customers.ask(accepting(await customers.ask(handing_over(), PARTNERS)))
        onward = await customers.ask(offering(known, "area-091"))
        answer = by_partner(onward, "accept", responsible=SOMEBODY).model_copy(update={"partner": "area-091"})
        await customers.ask(answer, PARTNERS)
        assert (await of_partner(customers, offered)).person is None
        assert (await of_partner(customers, onward, "area-091")).person

    async def test_nobody_but_an_employment_authority_is_a_partner(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        answer = by_partner(offered, "accept", responsible=SOMEBODY).model_copy(update={"partner": "091"})
        for request in (GetTransferForPartner(partner="091", transfer_id=offered.transfer_id), answer):
            with pytest.raises(InvalidInput):
                await customers.ask(request, PARTNERS)

    async def test_another_authority_finds_no_such_transfer(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening()), AUTHORITY))
        with pytest.raises(NotFound):
            await of_partner(customers, offered, "area-091")
        with pytest.raises(NotFound):
            await customers.ask(
                by_partner(offered, "accept", responsible=SOMEBODY).model_copy(update={"partner": "area-091"}), PARTNERS
            )

    async def test_no_person_asks_in_an_authority_s_name(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening()), AUTHORITY))
        for request in (
            GetTransferForPartner(partner=AUTHORITY, transfer_id=offered.transfer_id),
            by_partner(offered, "accept", responsible=SOMEBODY),
            handing_over(),
        ):
            with pytest.raises(Forbidden):
                await customers.ask(request)

    @pytest.mark.parametrize(("act", "field"), [("accept", "responsible"), ("reject", "reason"), ("ask_more", "text")])
    async def test_an_answer_without_what_it_needs_names_the_field(
        self, customers: CustomerService, act: str, field: str
    ) -> None:
        offered = await customers.ask(offering(await customers.ask(opening()), AUTHORITY))
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(by_partner(offered, act), PARTNERS)
        assert [(error.pointer, error.rule) for error in refused.value.errors] == [(f"/{field}", "missing")]

    async def test_a_withdrawal_that_comes_first_is_told_to_the_authority(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening()), AUTHORITY))
        await customers.ask(withdrawing(offered))
        with pytest.raises(NotNow) as refused:
            await customers.ask(by_partner(offered, "accept", responsible=SOMEBODY), PARTNERS)
        assert refused.value.code == "already-withdrawn"


class TestFromTheEmploymentAuthority:
    async def test_the_municipality_sees_a_preview_and_nobody(self, customers: CustomerService) -> None:
        handed = await customers.ask(handing_over(service_language="so", first_residence_permit=PERMIT), PARTNERS)
        transfer = await seen(customers, handed.transfer_id)
        told = transfer.model_dump_json()
        assert transfer.preview is not None
        assert (transfer.preview.service_language, transfer.preview.months_left) == ("so", 24)
        assert (transfer.giver, transfer.customer_id) == (AUTHORITY, None)
        assert not [text for text in (CODE, "Esimerkki", "1994") if text in told]
        assert await customers.rows("SELECT FROM customer") == []

    async def test_the_database_does_not_show_whom_it_is_about(self, customers: CustomerService) -> None:
        await customers.ask(handing_over(), PARTNERS)
        everything = await customers.everything()
        assert CODE not in everything
        assert "Esimerkki" not in everything

    async def test_acceptance_opens_the_customer(self, customers: CustomerService) -> None:
        handed = await customers.ask(handing_over(mother_tongue="so"), PARTNERS)
        await customers.ask(accepting(handed))
        accepted = await seen(customers, handed.transfer_id)
        assert accepted.customer_id is not None
        customer = await customers.ask(GetCustomer(customer_id=accepted.customer_id))
        assert (customer.person.personal_identity_code, customer.person.mother_tongue) == (CODE, "so")
        assert [each.arrival for each in customer.relationships] == ["authority_contact"]
        assert await customers.rows("SELECT FROM transfer WHERE person IS NOT NULL") == []

    async def test_a_former_customer_comes_back_as_the_same_person(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE, mother_tongue="uk"))
        await closed(customers, known)
        handed = await customers.ask(handing_over(mother_tongue="so", service_language="en"), PARTNERS)
        await customers.ask(accepting(handed))
        customer = await customers.ask(GetCustomer(customer_id=known.customer_id))
        assert (customer.version, customer.person.mother_tongue, customer.person.service_language) == (3, "uk", "en")

    async def test_the_code_of_a_merged_record_brings_the_one_kept_and_stays_where_it_is(
        self, customers: CustomerService
    ) -> None:
        kept = await customers.ask(named(SPELLED, personal_identity_code=OTHER_CODE))
        duplicate = await customers.ask(named(AGAIN, personal_identity_code=CODE))
        merged = await customers.ask(merging(kept, duplicate))
        await closed(customers, await customers.ask(changing(merged, personal_identity_code=None)))
        handed = await customers.ask(handing_over(), PARTNERS)
        await customers.ask(accepting(handed))
        customer = await customers.ask(GetCustomer(customer_id=duplicate.customer_id))
        assert (customer.customer_id, customer.person.personal_identity_code) == (kept.customer_id, None)

    async def test_who_may_be_a_customer_of_the_receiver_s_already_is_on_its_work_list(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening())
        handed = await customers.ask(handing_over(personal_identity_code=None), PARTNERS)
        await customers.ask(accepting(handed))
        came = (await seen(customers, handed.transfer_id)).customer_id
        [pair] = await pairs(customers)
        assert {each.customer_id for each in pair.customers} == {known.customer_id, came}

    async def test_who_is_a_customer_of_another_municipality_is_not_taken(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
        handed = await customers.ask(handing_over(), PARTNERS)
        with pytest.raises(Conflict):
            await customers.ask(accepting(handed))
        assert await customers.ask(GetCustomer(customer_id=known.customer_id), EXPERT_HELSINKI)

    async def test_what_is_rejected_is_forgotten(self, customers: CustomerService) -> None:
        handed = await customers.ask(handing_over(), PARTNERS)
        rejecting = RejectTransfer(transfer_id=handed.transfer_id, expected_version=1, reason="not_resident")
        await customers.ask(rejecting)
        assert await customers.rows("SELECT FROM transfer WHERE person IS NOT NULL") == []
        assert (await of_partner(customers, handed)).transfer.state == "rejected"

    async def test_the_authority_is_not_told_whether_the_person_was_known(self, customers: CustomerService) -> None:
        await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
        told = (await of_partner(customers, await customers.ask(handing_over(), PARTNERS))).transfer
        assert (told.customer_id, told.state, told.receiver) == (None, "requested", "837")

    async def test_a_request_that_breaks_a_rule_names_field_and_rule(self, customers: CustomerService) -> None:
        request = handing_over("999", "Meikalainen", personal_identity_code="010594Y9033")
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(request, PARTNERS)
        assert [(error.pointer, error.rule) for error in refused.value.errors] == [
            ("/municipality", "code_list"),
            ("/reason", "code_list"),
            ("/person/personal_identity_code", "check_character"),
        ]

    async def test_a_doubled_request_is_one_transfer(self, customers: CustomerService) -> None:
        first = await customers.ask(handing_over(), PARTNERS, key="k")
        assert await customers.ask(handing_over(), PARTNERS, key="k") == first
        assert len(await customers.rows("SELECT FROM transfer")) == 1

    async def test_a_person_who_was_handed_over_twice_becomes_one_customer(self, customers: CustomerService) -> None:
        first, second = [await customers.ask(handing_over(), PARTNERS) for _ in range(2)]
        await customers.ask(accepting(first))
        with pytest.raises(Conflict):
            await customers.ask(accepting(second))
        assert len(await customers.rows("SELECT FROM customer")) == 1

    async def test_the_event_tells_ids_codes_and_days(self, customers: CustomerService) -> None:
        await customers.ask(handing_over(), PARTNERS)
        [event] = await customers.told()
        assert set(json.loads(event["data"])) == {
            *("transfer_id", "customer_id", "state", "requester", "addressee"),
            *("giver", "receiver", "due_on", "review_needed"),
        }
