"""Transfers between municipalities."""

import json
from datetime import date, timedelta
from uuid import uuid4

import pytest

from contracts.customer.people import (
    GetCustomer,
    GetCustomerHistory,
)
from contracts.customer.search import SearchCustomers
from contracts.customer.transfers import (
    AskMoreOfTransfer,
    GetTransfer,
    ListTransfers,
    RejectTransfer,
    ReplyToTransfer,
    TransferConsent,
)
from services.customer.handlers.transfers import tick
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound, NotNow
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, closed, opening
from tests.customer.test_duplicates import pairs
from tests.customer.transfers import (
    PERMIT,
    SAFE,
    accepting,
    asking,
    both_see,
    offering,
    seen,
    withdrawing,
)
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database

EXPERT_ESPOO = Actor("expert@espoo", "049", "integration_expert")


class TestAnOffer:
    async def test_the_receiver_sees_a_preview_that_identifies_nobody(self, customers: CustomerService) -> None:
        known = await customers.ask(
            opening(personal_identity_code=CODE, service_language="so", first_residence_permit=PERMIT)
        )
        offered = await customers.ask(offering(known))
        preview = await seen(customers, offered.transfer_id, EXPERT_HELSINKI)
        told = preview.model_dump_json()
        assert preview.preview is not None
        assert (preview.preview.service_language, preview.preview.months_left) == ("so", 24)
        assert (preview.giver, preview.direction, preview.due_on) == ("837", "in", date(2026, 4, 1))
        assert preview.customer_id is None
        assert not [text for text in (str(known.customer_id), "Esimerkki", CODE, "1994") if text in told]

    async def test_before_acceptance_the_customer_does_not_exist_for_the_receiver(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening())
        await customers.ask(offering(known))
        with pytest.raises(NotFound):
            await customers.ask(GetCustomer(customer_id=known.customer_id), EXPERT_HELSINKI)
        assert await customers.ask(GetCustomer(customer_id=known.customer_id))

    async def test_acceptance_moves_the_customer_in_one_commit(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        offered = await customers.ask(offering(known))
        await customers.ask(accepting(offered), EXPERT_HELSINKI)
        moved = await customers.ask(GetCustomer(customer_id=known.customer_id), EXPERT_HELSINKI)
        [relationship] = moved.relationships
        assert (relationship.municipality, relationship.arrival, relationship.ended_on) == ("091", "moved", None)
        with pytest.raises(NotFound):
            await customers.ask(GetCustomer(customer_id=known.customer_id))
        assert await both_see(customers, offered.transfer_id) == ("accepted", "accepted")
        found = await customers.ask(SearchCustomers(name="Esimerkki"), EXPERT_HELSINKI)
        assert [hit.customer_id for hit in found.hits] == [known.customer_id]
        assert (await customers.ask(SearchCustomers(name="Esimerkki"))).hits == ()

    async def test_acceptance_is_told_with_the_whole_state_and_the_day_of_the_end(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening())
        await customers.ask(accepting(await customers.ask(offering(known))), EXPERT_HELSINKI)
        told = [(event["type"], json.loads(event["data"]), event["legal_basis"]) for event in await customers.told()]
        assert [type for type, *_ in told] == [
            "customer.opened.v1",
            "customer.transfer_changed.v1",
            "customer.closed.v1",
            "customer.opened.v1",
            "customer.transfer_changed.v1",
        ]
        _, _, (_, ended, basis), (_, opened, _), (_, moved, _) = told
        assert (ended["municipality"], ended["reason"], ended["by_hand"]) == ("837", "transferred", False)
        assert basis == "681/2023 85 §"
        assert opened["municipality"] == "091"
        assert [(each["municipality"], each["state"], each["ended_on"]) for each in opened["relationships"]] == [
            ("837", "ended", "2026-03-02"),
            ("091", "open", None),
        ]
        assert (moved["state"], moved["review_needed"], moved["giver"], moved["receiver"]) == (
            "accepted",
            True,
            "837",
            "091",
        )

    async def test_each_municipality_finds_its_own_relationship_in_the_history(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening())
        await customers.ask(accepting(await customers.ask(offering(known))), EXPERT_HELSINKI)
        history = await customers.ask(GetCustomerHistory(customer_id=known.customer_id), EXPERT_HELSINKI)
        [opened] = [each for each in history.entries if each.field == "relationship"]
        assert isinstance(opened.new, dict)
        assert (opened.organisation, opened.new["municipality"]) == ("091", "091")
        told = await customers.rows(
            "SELECT organisation FROM customer_history WHERE field = 'relationship' AND version = 2"
        )
        assert sorted(row["organisation"] for row in told) == ["091", "837"]

    async def test_without_consent_nobody_is_offered_to_another_municipality(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(offering(known, consent=None))
        assert [(error.pointer, error.rule) for error in refused.value.errors] == [("/consent", "consent_missing")]

    @pytest.mark.parametrize(
        ("told", "broken"),
        [
            ({"receiver": "837"}, ("/receiver", "own_organisation")),
            ({"receiver": "999"}, ("/receiver", "receiver")),
            ({"receiver": "area-999"}, ("/receiver", "receiver")),
            ({"reason": "Meikalainen"}, ("/reason", "code_list")),
            (
                {"consent": TransferConsent(given_on=date(2026, 3, 3), given_by="speech")},
                ("/consent/given_on", "in_future"),
            ),
        ],
    )
    async def test_an_offer_that_breaks_a_rule_names_field_and_rule(
        self, customers: CustomerService, told: dict[str, object], broken: tuple[str, str]
    ) -> None:
        known = await customers.ask(opening())
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(offering(known, **told))
        assert [(error.pointer, error.rule) for error in refused.value.errors] == [broken]

    async def test_a_customer_is_offered_once_at_a_time(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        await customers.ask(offering(known))
        with pytest.raises(Conflict):
            await customers.ask(offering(known, "049"))

    async def test_a_customer_of_another_municipality_can_not_be_offered(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        with pytest.raises(NotFound):
            await customers.ask(offering(known, "049"), EXPERT_HELSINKI)

    async def test_under_non_disclosure_it_takes_the_power(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(safety_non_disclosure=True))
        with pytest.raises(Forbidden) as refused:
            await customers.ask(offering(known))
        assert [error.rule for error in refused.value.errors] == ["protected"]
        assert await customers.ask(offering(known), SAFE)

    async def test_an_offer_made_before_the_non_disclosure_is_made_again(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known))
        await customers.ask(changing(known, safety_non_disclosure=True), SAFE)
        with pytest.raises(Conflict):
            await customers.ask(accepting(offered), EXPERT_HELSINKI)
        assert await customers.ask(GetCustomer(customer_id=known.customer_id))
        await customers.ask(withdrawing(offered))
        again = await customers.ask(offering(known), SAFE)
        assert await customers.ask(accepting(again), EXPERT_HELSINKI)


class TestTheTurns:
    async def test_who_is_asked_asks_more_and_decides_after_the_reply(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        id = offered.transfer_id
        await customers.ask(AskMoreOfTransfer(transfer_id=id, expected_version=1, text="From when?"), EXPERT_HELSINKI)
        await customers.ask(ReplyToTransfer(transfer_id=id, expected_version=2, text="From May."))
        rejecting = RejectTransfer(transfer_id=id, expected_version=3, reason="not_resident", text="Only in May.")
        await customers.ask(rejecting, EXPERT_HELSINKI)
        both = [await seen(customers, id, actor) for actor in (EXPERT_TAMPERE, EXPERT_HELSINKI)]
        assert both[0].turns == both[1].turns
        assert [(turn.act, turn.organisation, turn.text) for turn in both[0].turns] == [
            ("request", "837", None),
            ("ask_more", "091", "From when?"),
            ("reply", "837", "From May."),
            ("reject", "091", "Only in May."),
        ]
        assert (both[0].state, both[0].turns[-1].reason, both[1].preview) == ("rejected", "not_resident", None)

    async def test_nothing_closes_by_a_rejection(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known))
        rejecting = RejectTransfer(transfer_id=offered.transfer_id, expected_version=1, reason="not_resident")
        await customers.ask(rejecting, EXPERT_HELSINKI)
        assert (await customers.ask(GetCustomer(customer_id=known.customer_id))).version == 1
        assert await customers.ask(offering(known))

    async def test_after_a_withdrawal_the_receiver_is_told_the_state(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        await customers.ask(withdrawing(offered))
        with pytest.raises(NotNow) as refused:
            await customers.ask(accepting(offered), EXPERT_HELSINKI)
        problem = refused.value.problem()
        assert (problem.type, problem.current_version) == ("urn:koto:problem:already-withdrawn", 2)
        assert await both_see(customers, offered.transfer_id) == ("withdrawn", "withdrawn")

    async def test_a_doubled_answer_has_the_same_outcome_and_writes_nothing(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known))
        first = await customers.ask(accepting(offered), EXPERT_HELSINKI, key="k")
        told = await customers.told()
        assert await customers.ask(accepting(offered), EXPERT_HELSINKI, key="k") == first
        assert await customers.ask(accepting(offered), EXPERT_HELSINKI, key="another") == first
        assert await customers.told() == told

    async def test_a_repeated_offer_is_answered_though_the_customer_has_moved(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known), key="k")
        await customers.ask(accepting(offered), EXPERT_HELSINKI)
        assert await customers.ask(offering(known), key="k") == offered

    async def test_an_answer_to_an_outdated_version_is_refused(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        more = AskMoreOfTransfer(transfer_id=offered.transfer_id, expected_version=1, text="?")
        await customers.ask(more, EXPERT_HELSINKI)
        with pytest.raises(ChangedMeanwhile):
            await customers.ask(withdrawing(offered))

    async def test_who_offers_can_not_accept(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        with pytest.raises(NotNow) as refused:
            await customers.ask(accepting(offered))
        assert refused.value.code == "conflict"

    async def test_an_answer_after_the_due_date_is_late(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        customers.clock.moment += timedelta(days=31)
        with pytest.raises(NotNow) as late:
            await customers.ask(accepting(offered), EXPERT_HELSINKI)
        assert late.value.code == "already-expired"

    async def test_what_is_not_answered_expires_once(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known))
        await tick(customers.unit_of_work)
        assert await both_see(customers, offered.transfer_id) == ("requested", "requested")
        customers.clock.moment += timedelta(days=31)
        await tick(customers.unit_of_work)
        await tick(customers.unit_of_work)
        assert await both_see(customers, offered.transfer_id) == ("expired", "expired")
        assert (await customers.events(offered.transfer_id)) == ["customer.transfer_changed.v1"] * 2
        assert await customers.ask(GetCustomer(customer_id=known.customer_id))

    async def test_an_accepted_transfer_does_not_expire(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        await customers.ask(accepting(offered), EXPERT_HELSINKI)
        customers.clock.moment += timedelta(days=31)
        await tick(customers.unit_of_work)
        assert await both_see(customers, offered.transfer_id) == ("accepted", "accepted")


class TestAskingByCode:
    async def test_the_holder_hears_who_asks_and_the_asker_not_whom(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        asked = await customers.ask(asking(), EXPERT_HELSINKI)
        there = await seen(customers, asked.transfer_id, EXPERT_HELSINKI)
        assert (there.giver, there.customer_id, there.direction) == (None, None, "out")
        assert "837" not in there.model_dump_json()
        here = await seen(customers, asked.transfer_id)
        assert (here.receiver, here.customer_id, here.direction) == ("091", known.customer_id, "in")

    async def test_the_holder_s_question_does_not_name_it(self, customers: CustomerService) -> None:
        await customers.ask(opening(personal_identity_code=CODE))
        asked = await customers.ask(asking(), EXPERT_HELSINKI)
        await customers.ask(AskMoreOfTransfer(transfer_id=asked.transfer_id, expected_version=1, text="Why?"))
        there = await seen(customers, asked.transfer_id, EXPERT_HELSINKI)
        assert [(turn.act, turn.organisation) for turn in there.turns] == [("request", "091"), ("ask_more", None)]

    async def test_the_holder_s_acceptance_moves_the_customer(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        asked = await customers.ask(asking(), EXPERT_HELSINKI)
        await customers.ask(accepting(asked))
        assert await customers.ask(GetCustomer(customer_id=known.customer_id), EXPERT_HELSINKI)
        assert (await seen(customers, asked.transfer_id, EXPERT_HELSINKI)).giver == "837"

    async def test_who_may_be_a_customer_of_the_asker_s_already_is_on_its_work_list(
        self, customers: CustomerService
    ) -> None:
        await customers.ask(opening(personal_identity_code=CODE))
        await customers.ask(opening(), EXPERT_HELSINKI)
        await customers.ask(accepting(await customers.ask(asking(), EXPERT_HELSINKI)))
        assert (len(await pairs(customers, EXPERT_HELSINKI)), await pairs(customers)) == (1, ())

    async def test_a_former_customer_is_asked_of_who_had_it_last(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        await closed(customers, known)
        asked = await customers.ask(asking(), EXPERT_HELSINKI)
        await customers.ask(accepting(asked))
        assert await customers.ask(GetCustomer(customer_id=known.customer_id), EXPERT_HELSINKI)
        assert (await customers.events(known.customer_id)) == [
            "customer.opened.v1",
            "customer.closed.v1",
            "customer.opened.v1",
        ]

    async def test_of_somebody_unknown_nothing_can_be_asked(self, customers: CustomerService) -> None:
        with pytest.raises(NotFound):
            await customers.ask(asking(OTHER_CODE), EXPERT_HELSINKI)

    async def test_own_customers_are_not_asked_for(self, customers: CustomerService) -> None:
        await customers.ask(opening(personal_identity_code=CODE))
        with pytest.raises(Conflict):
            await customers.ask(asking())

    async def test_asking_is_logged_with_what_was_asked_sealed(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        await customers.ask(asking(), EXPERT_HELSINKI)
        use = (await customers.uses())[-1]
        assert (use["customers"], use["data"], use["relation"]) == ([str(known.customer_id)], ["existence"], "foreign")
        assert CODE not in str(use)

    async def test_a_protected_customer_is_given_by_those_alone_who_have_the_power(
        self, customers: CustomerService
    ) -> None:
        await customers.ask(opening(personal_identity_code=CODE, safety_non_disclosure=True), SAFE)
        asked = await customers.ask(asking(), EXPERT_HELSINKI)
        with pytest.raises(Forbidden):
            await customers.ask(accepting(asked))
        assert await customers.ask(accepting(asked), SAFE)

    async def test_no_line_of_one_s_own_relationship_names_the_other_municipality_s_user(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE, safety_non_disclosure=True), SAFE)
        await customers.ask(accepting(await customers.ask(asking(), EXPERT_HELSINKI)), SAFE)
        told = await customers.ask(GetCustomerHistory(customer_id=known.customer_id), EXPERT_HELSINKI)
        [opened] = [each for each in told.entries if each.field == "relationship"]
        assert (opened.organisation, opened.changed_by) == ("091", "customer")
        assert SAFE.user not in told.model_dump_json()
        users = await customers.rows("SELECT organisation, changed_by FROM customer_history WHERE version = 2")
        assert sorted(tuple(row) for row in users) == [("091", "customer"), ("837", SAFE.user)]

    async def test_a_relative_s_transfer_can_be_neither_asked_for_nor_seen(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        offered = await customers.ask(offering(known))
        relative = Actor("r", "091", "integration_expert", withheld=(known.customer_id,))
        for request in (asking(), GetTransfer(transfer_id=offered.transfer_id), accepting(offered)):
            with pytest.raises(NotFound):
                await customers.ask(request, relative)
        assert (await customers.ask(ListTransfers(), relative)).transfers == ()


class TestCrossing:
    @pytest.mark.parametrize("first", ["accept", "withdraw"])
    async def test_the_first_commit_wins_and_the_other_is_told(self, customers: CustomerService, first: str) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        acts = [(accepting(offered), EXPERT_HELSINKI), (withdrawing(offered), EXPERT_TAMPERE)]
        begun, waiting = acts if first == "accept" else reversed(acts)
        done, refused = await customers.ask_while(begun, waiting)
        state = {"accept": "accepted", "withdraw": "withdrawn"}[first]
        assert not isinstance(done, BaseException)
        assert isinstance(refused, NotNow)
        assert refused.code == f"already-{state}"
        assert await both_see(customers, offered.transfer_id) == (state, state)

    async def test_an_offer_and_a_question_for_the_same_customer_end_together(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        offered = await customers.ask(offering(known))
        asked = await customers.ask(asking(), EXPERT_HELSINKI)
        await customers.ask(accepting(offered), EXPERT_HELSINKI)
        assert await both_see(customers, asked.transfer_id) == ("withdrawn", "withdrawn")
        with pytest.raises(NotNow):
            await customers.ask(accepting(asked))

    async def test_two_who_ask_get_one_customer(self, customers: CustomerService) -> None:
        await customers.ask(opening(personal_identity_code=CODE))
        helsinki = await customers.ask(asking(), EXPERT_HELSINKI)
        espoo = await customers.ask(asking(), EXPERT_ESPOO)
        await customers.ask(accepting(espoo))
        assert await both_see(customers, helsinki.transfer_id) == ("withdrawn", "withdrawn")
        with pytest.raises(NotFound):
            await seen(customers, espoo.transfer_id, EXPERT_HELSINKI)

    async def test_a_change_under_way_is_not_lost_by_the_acceptance(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known))
        await customers.ask_while(
            (changing(known, mother_tongue="so"), EXPERT_TAMPERE), (accepting(offered), EXPERT_HELSINKI)
        )
        moved = await customers.ask(GetCustomer(customer_id=known.customer_id), EXPERT_HELSINKI)
        assert (moved.version, moved.person.mother_tongue) == (3, "so")


class TestTheList:
    async def test_it_shows_what_is_asked_of_one_and_by_one(self, customers: CustomerService) -> None:
        offered = [await customers.ask(offering(await customers.ask(opening()))) for _ in range(3)]
        ids = [each.transfer_id for each in offered]
        page = await customers.ask(ListTransfers(direction="in", limit=2), EXPERT_HELSINKI)
        rest = await customers.ask(ListTransfers(direction="in", cursor=page.next_cursor), EXPERT_HELSINKI)
        assert [each.transfer_id for each in (*page.transfers, *rest.transfers)] == ids
        assert (await customers.ask(ListTransfers(direction="out"), EXPERT_HELSINKI)).transfers == ()
        await customers.ask(withdrawing(offered[0]))
        left = await customers.ask(ListTransfers(direction="out", state="requested"))
        assert [each.transfer_id for each in left.transfers] == ids[1:]

    async def test_others_see_none_of_it(self, customers: CustomerService) -> None:
        offered = await customers.ask(offering(await customers.ask(opening())))
        assert (await customers.ask(ListTransfers(), EXPERT_ESPOO)).transfers == ()
        for id in (offered.transfer_id, uuid4()):
            with pytest.raises(NotFound):
                await seen(customers, id, EXPERT_ESPOO)

    async def test_a_right_to_certain_customers_alone_shows_no_others(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        offered = await customers.ask(offering(known))
        mine = Actor("n", "837", "integration_expert", customers=(known.customer_id,))
        other = Actor("o", "837", "integration_expert", customers=(uuid4(),))
        there = Actor("t", "091", "integration_expert", customers=(uuid4(),))
        assert await seen(customers, offered.transfer_id, mine)
        for actor in (other, there):
            with pytest.raises(NotFound):
                await seen(customers, offered.transfer_id, actor)
