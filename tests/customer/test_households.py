"""Non-disclosure for personal safety covers the household (661/2009 36 §), as long as it is one, and no longer."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from contracts.customer.background import ChangeBackground, GetBackground, GetBackgroundGroup, GetBackgroundHistory
from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    Family,
    FamilyRelationChanges,
    FamilyRelationVersion,
    GetFamily,
)
from contracts.customer.people import (
    CustomerHistory,
    CustomerVersion,
    EraseCustomer,
    GetCustomer,
    GetCustomerHistory,
)
from contracts.customer.search import SearchCustomers
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Forbidden
from tests.customer.conftest import CODE, SISTER, CustomerService, changing, closed, opening, relation
from tests.customer.test_duplicates import merging
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database
UNMASKING = replace(EXPERT_TAMPERE, powers=("personal_safety",), purpose="assessment")
PHONE = "040 123 4567"
CONTACT = {"phone": PHONE, "address": {"street": "Keksittykatu 1", "postal_code": "33100", "city": "Tampere"}}


async def opened(customers: CustomerService, *, protected: bool = False, **more: Any) -> CustomerVersion:
    return await customers.ask(opening(contact=CONTACT, safety_non_disclosure=protected, **more))


async def in_one(
    customers: CustomerService, one: CustomerVersion, other: CustomerVersion, kind: str = "sibling"
) -> FamilyRelationVersion:
    """The two in one household."""
    return await customers.ask(relation(one, kind, relative_id=other.customer_id, same_household=True))


async def chain(customers: CustomerService, length: int) -> list[CustomerVersion]:
    """So many, each in one household with the one before; the first is under non-disclosure."""
    people = [await opened(customers, protected=index == 0) for index in range(length)]
    for one, other in pairwise(people):
        await in_one(customers, one, other)
    return people


async def is_masked(customers: CustomerService, known: CustomerVersion, actor: Actor = EXPERT_TAMPERE) -> bool:
    """Whether the contact details are: they and their mask go together."""
    seen = await customers.ask(GetCustomer(customer_id=known.customer_id), actor)
    assert (seen.person.contact is None) == ("contact" in seen.masked)
    return seen.person.contact is None


async def lift(customers: CustomerService, known: CustomerVersion) -> CustomerVersion:
    return await customers.ask(changing(known, safety_non_disclosure=False), UNMASKING)


def ending(known: FamilyRelationVersion) -> EndFamilyRelation:
    return EndFamilyRelation(relation_id=known.relation_id, expected_version=known.version)


def apart(known: FamilyRelationVersion) -> ChangeFamilyRelation:
    changes = FamilyRelationChanges(same_household=False)
    return ChangeFamilyRelation(relation_id=known.relation_id, expected_version=known.version, changes=changes)


class TestProtection:
    async def test_it_covers_everybody_whom_the_household_joins(self, customers: CustomerService) -> None:
        people = await chain(customers, 3)
        assert [await is_masked(customers, each) for each in people] == [True, True, True]
        assert not await is_masked(customers, people[2], UNMASKING)
        seen = [await customers.ask(GetCustomer(customer_id=each.customer_id)) for each in people]
        assert [each.household_non_disclosure for each in seen] == [False, True, True], "the first by nobody else"

    async def test_it_does_not_cover_relatives_who_live_elsewhere(self, customers: CustomerService) -> None:
        one, other = await opened(customers, protected=True), await opened(customers)
        await customers.ask(relation(one, relative_id=other.customer_id))
        assert not await is_masked(customers, other)

    async def test_it_comes_when_one_of_the_household_gets_it(self, customers: CustomerService) -> None:
        one, other = await opened(customers), await opened(customers)
        await in_one(customers, one, other)
        assert not await is_masked(customers, other)
        await customers.ask(changing(one, safety_non_disclosure=True))
        assert await is_masked(customers, other)

    async def test_it_goes_when_it_is_lifted_and_nobody_else_there_has_it(self, customers: CustomerService) -> None:
        people = await chain(customers, 2)
        third = await opened(customers, protected=True)
        await in_one(customers, people[1], third)
        await lift(customers, people[0])
        assert [await is_masked(customers, each) for each in (*people, third)] == [True, True, True]
        await lift(customers, third)
        assert [await is_masked(customers, each) for each in (*people, third)] == [False, False, False]

    @pytest.mark.parametrize("parting", [ending, apart])
    async def test_it_goes_with_the_household_and_takes_the_power_to_lift_it(
        self, customers: CustomerService, parting: Any
    ) -> None:
        one, other = await opened(customers, protected=True), await opened(customers)
        joined = await in_one(customers, one, other)
        with pytest.raises(Forbidden) as refused:
            await customers.ask(parting(joined))
        assert refused.value.errors[0].rule == "protected"
        with pytest.raises(Forbidden):
            await customers.ask(parting(joined), replace(UNMASKING, purpose=""))
        assert await is_masked(customers, other)
        await customers.ask(parting(joined), UNMASKING)
        assert not await is_masked(customers, other)

    @pytest.mark.parametrize("first", [True, False])
    async def test_the_power_lifts_it_from_the_side_that_is_still_a_customer(
        self, customers: CustomerService, first: bool
    ) -> None:
        one, other = await opened(customers, protected=True), await opened(customers)
        joined = await in_one(customers, *((one, other) if first else (other, one)))
        await closed(customers, one)
        await customers.ask(ending(joined), UNMASKING)
        assert not await is_masked(customers, other)

    async def test_a_last_day_that_passes_does_not_end_it(self, customers: CustomerService) -> None:
        one, other = await opened(customers, protected=True), await opened(customers)
        until = customers.clock.now().date()
        await customers.ask(relation(one, relative_id=other.customer_id, same_household=True, valid_until=until))
        customers.clock.moment += timedelta(days=400)
        assert await is_masked(customers, other)

    async def test_it_goes_with_the_erasure_of_who_had_it(self, customers: CustomerService) -> None:
        one, middle, last = await chain(customers, 3)
        await customers.ask(EraseCustomer(customer_id=one.customer_id), RECORDS_TAMPERE)
        assert [await is_masked(customers, each) for each in (middle, last)] == [False, False]

    async def test_who_is_erased_divides_a_household(self, customers: CustomerService) -> None:
        _, middle, last = await chain(customers, 3)
        await customers.ask(EraseCustomer(customer_id=middle.customer_id), RECORDS_TAMPERE)
        assert not await is_masked(customers, last)

    async def test_it_covers_who_is_opened_again_and_their_household(self, customers: CustomerService) -> None:
        one, other = await opened(customers, personal_identity_code=CODE), await opened(customers)
        await in_one(customers, one, other)
        await closed(customers, one)
        await customers.ask(opening(personal_identity_code=CODE, safety_non_disclosure=True))
        assert await is_masked(customers, other)

    async def test_it_crosses_the_border_between_municipalities(self, customers: CustomerService) -> None:
        one, other = await opened(customers), await opened(customers)
        await in_one(customers, one, other)
        await helsinki_too(customers, other)
        await closed(customers, other)
        await customers.ask(changing(one, safety_non_disclosure=True))
        assert await is_masked(customers, other, EXPERT_HELSINKI)


class TestWhatIsMasked:
    async def test_a_phone_number_finds_nobody_of_the_household(self, customers: CustomerService) -> None:
        await chain(customers, 2)
        assert (await customers.ask(SearchCustomers(phone=PHONE))).hits == ()
        assert len((await customers.ask(SearchCustomers(phone=PHONE), UNMASKING)).hits) == 2

    async def test_contact_details_are_neither_changed_nor_read_from_the_past(self, customers: CustomerService) -> None:
        _, other = await chain(customers, 2)
        with pytest.raises(Forbidden):
            await customers.ask(changing(other, contact=None))
        history = await customers.ask(GetCustomerHistory(customer_id=other.customer_id))
        assert "Keksittykatu" not in history.model_dump_json()

    async def test_relatives_of_whoever_is_protected_are_not_told(self, customers: CustomerService) -> None:
        _, other = await chain(customers, 2)
        recorded = await customers.ask(relation(other, relative=SISTER))
        for actor, told in ((EXPERT_TAMPERE, False), (replace(UNMASKING, purpose=""), False), (UNMASKING, True)):
            seen: Family = await customers.ask(GetFamily(customer_id=other.customer_id), actor)
            [sister] = [each for each in seen.relations if not each.is_customer]
            assert (sister.relative is not None, sister.masked) == (told, not told)
            assert ("protected_contact" in (await customers.uses())[-1]["data"]) == told
            assert seen.non_disclosure
        changes = FamilyRelationChanges.model_validate({"relative": SISTER | {"lives_in": "SOM"}})
        with pytest.raises(Forbidden):
            await customers.ask(
                ChangeFamilyRelation(relation_id=recorded.relation_id, expected_version=1, changes=changes)
            )

    async def test_what_another_municipality_did_does_not_tell_where(self, customers: CustomerService) -> None:
        known = await opened(customers, protected=True)
        await helsinki_too(customers, known)
        await customers.ask(changing(known, mother_tongue="so"), EXPERT_HELSINKI)
        asked = GetCustomerHistory(customer_id=known.customer_id)
        history: CustomerHistory = await customers.ask(asked)
        assert {each.organisation for each in history.entries} == {"masked", "837"}
        assert EXPERT_HELSINKI.user not in history.model_dump_json()
        unmasked = await customers.ask(asked, UNMASKING)
        assert {each.organisation for each in unmasked.entries} == {"091", "837"}
        with pytest.raises(ChangedMeanwhile) as refused:
            await customers.ask(changing(known, mother_tongue="fi"))
        assert [each.changed_by for each in refused.value.extra["changes"]] == ["masked"]  # type: ignore[attr-defined]

    async def test_who_recorded_the_background_does_not_tell_where(self, customers: CustomerService) -> None:
        known = await opened(customers, protected=True)
        await helsinki_too(customers, known)
        about = {"customer_id": known.customer_id, "group": "skills"}
        content = {"group": "skills", "skills": [{"name": "Sewing", "found_out_by": "self_assessment"}]}
        replacing = ChangeBackground.model_validate({**about, "expected_version": 0, "content": content})
        await customers.ask(replacing, EXPERT_HELSINKI)
        for asked in (
            GetBackground(customer_id=known.customer_id),
            GetBackgroundGroup.model_validate(about),
            GetBackgroundHistory.model_validate(about),
        ):
            answer = (await customers.ask(asked)).model_dump_json()
            assert ('"organisation":"masked"' in answer, '"091"' in answer) == (True, False), asked
            assert EXPERT_HELSINKI.user not in answer, asked
            assert '"organisation":"091"' in (await customers.ask(asked, UNMASKING)).model_dump_json(), asked
        with pytest.raises(ChangedMeanwhile) as refused:
            await customers.ask(replacing)
        assert [each.changed_by for each in refused.value.extra["changes"]] == ["masked"]  # type: ignore[attr-defined]

    async def test_who_recorded_the_background_of_a_merged_record_does_not_tell_where(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await opened(customers), await opened(customers, protected=True)
        await helsinki_too(customers, duplicate)
        content = {"group": "skills", "skills": [{"name": "Sewing", "found_out_by": "self_assessment"}]}
        for known, actor in ((kept, EXPERT_TAMPERE), (duplicate, EXPERT_HELSINKI)):
            told = {"customer_id": known.customer_id, "expected_version": 0, "content": content}
            await customers.ask(ChangeBackground.model_validate(told), actor)
        await customers.rows("DELETE FROM client_relationship WHERE municipality = '091'")
        await customers.ask(merging(kept, duplicate))
        found = await customers.ask(GetBackgroundGroup(customer_id=kept.customer_id, group="skills"))
        told_by = [found.provenance, *(each.provenance for each in found.other_versions)]
        assert [each and (each.organisation, each.recorded_by) for each in told_by] == [
            ("837", EXPERT_TAMPERE.user),
            ("masked", "masked"),
        ]

    async def test_an_ordinary_customer_s_history_tells_who_did_what(self, customers: CustomerService) -> None:
        known = await opened(customers)
        await helsinki_too(customers, known)
        await customers.ask(changing(known, mother_tongue="so"), EXPERT_HELSINKI)
        history = await customers.ask(GetCustomerHistory(customer_id=known.customer_id))
        assert {each.organisation for each in history.entries} == {"091", "837"}


async def helsinki_too(customers: CustomerService, known: CustomerVersion) -> None:
    """Makes somebody a customer of Helsinki beside."""
    await customers.rows(
        "INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on)"
        " VALUES ($1, $2, '091', 'moved', '2026-03-01')",
        uuid4(),
        known.customer_id,
    )


class TestOthersHear:
    async def told(self, customers: CustomerService, known: CustomerVersion) -> list[bool]:
        """What was told of the customer's protection, oldest first."""
        rows = await customers.told()
        return [
            json.loads(row["data"])["safety_non_disclosure"]
            for row in rows
            if row["subject"] == known.customer_id and row["type"] != "customer.erased.v1"
        ]

    async def test_of_each_whom_it_comes_to_cover_or_ceases_to(self, customers: CustomerService) -> None:
        one, other = await chain(customers, 2)
        await lift(customers, one)
        assert await self.told(customers, other) == [False, True, False]
        assert await self.told(customers, one) == [True, False]

    async def test_once_where_the_own_already_tells_it(self, customers: CustomerService) -> None:
        one, other = await opened(customers, protected=True), await opened(customers, protected=True)
        await in_one(customers, one, other)
        assert await self.told(customers, one) == [True]
        await lift(customers, other)
        assert await self.told(customers, other) == [True]


class TestAtTheSameMoment:
    async def test_both_sides_get_it_at_once_and_both_are_covered(self, customers: CustomerService) -> None:
        one, other = await opened(customers), await opened(customers)
        await in_one(customers, one, other)
        await customers.ask_while(
            (changing(one, safety_non_disclosure=True), EXPERT_TAMPERE),
            (changing(other, safety_non_disclosure=True), EXPERT_TAMPERE),
        )
        flags = await customers.rows("SELECT household_non_disclosure FROM customer")
        assert [row[0] for row in flags] == [True, True]

    async def test_who_is_joined_while_it_comes_is_covered(self, customers: CustomerService) -> None:
        one, other, third = [await opened(customers) for _ in range(3)]
        await in_one(customers, one, other)
        await customers.ask_while(
            (relation(other, relative_id=third.customer_id, same_household=True), EXPERT_TAMPERE),
            (changing(one, safety_non_disclosure=True), EXPERT_TAMPERE),
        )
        assert await is_masked(customers, third)

    async def test_many_changes_crosswise_end_without_a_deadlock(self, customers: CustomerService) -> None:
        people = [await opened(customers) for _ in range(6)]
        for one, other in pairwise(people):
            await in_one(customers, one, other)
        changes = [changing(each, safety_non_disclosure=True) for each in people]
        joining = [relation(one, "other", relative_id=other.customer_id) for one, other in pairwise(people[::-1])]
        languages = [changing(each, mother_tongue="so") for each in people]
        done = await asyncio.gather(
            *(customers.ask(each) for each in (*changes, *joining, *languages)),  # type: ignore[type-var]
            return_exceptions=True,
        )
        assert {type(each) for each in done if isinstance(each, BaseException)} <= {ChangedMeanwhile}
        flags = await customers.rows("SELECT safety_non_disclosure, household_non_disclosure FROM customer")
        own = sum(row[0] for row in flags)
        assert own
        assert all(row[1] for row in flags if own > 1 or not row[0])
