"""A record kept tells what those merged into it were told, and an undoing gives each its own again."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.customer.background import GetBackground, GetBackgroundGroup, GetBackgroundHistory, Group
from contracts.customer.duplicates import Merged
from contracts.customer.families import ChangeFamilyRelation, Family, FamilyRelationChanges, GetFamily
from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.people import CustomerVersion, EraseCustomer, GetCustomer
from contracts.customer.search import SearchCustomers
from services.customer.handlers.people import KnownElsewhere, MattersOpen
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import CODE, OTHER_CODE, SISTER, CustomerService, changing, closed, relation
from tests.customer.test_background import NURSE, replacing
from tests.customer.test_duplicates import AGAIN, SPELLED, asked, merging, named, pairs, two, undoing
from tests.customer.test_households import CONTACT, UNMASKING, ending, in_one, is_masked, lift, opened
from tests.customer.transfers import accepting, asking, hear_of_assessment, offering, seen
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database
TEACHER = NURSE | {"name": "Teaching"}
PERMIT = {"kind": "continuous", "ground": "study", "granted_on": "2026-01-15"}
TRAFFICKED = PERMIT | {"ground": "victim_of_trafficking"}


async def merged(customers: CustomerService, kept: CustomerVersion, duplicate: CustomerVersion) -> Merged:
    """The two made one, whatever their versions are."""
    versions = {each["customer_id"]: each["version"] for each in await customers.rows("SELECT * FROM customer")}
    now = [each.model_copy(update={"version": versions[each.customer_id]}) for each in (kept, duplicate)]
    return await customers.ask(merging(*now))


async def family(customers: CustomerService, known: CustomerVersion) -> Family:
    return await customers.ask(GetFamily(customer_id=known.customer_id))


class TestBackground:
    async def studies(self, customers: CustomerService, known: CustomerVersion) -> tuple[Any, ...]:
        """What the group tells of studies, of which record, and what others tell."""
        found = await customers.ask(GetBackgroundGroup(customer_id=known.customer_id, group="education"))
        others = [(each.customer_id, _names(each.content)) for each in found.other_versions]
        return found.version, _names(found.content), found.told_of, others

    async def tell(self, customers: CustomerService, known: CustomerVersion, *studies: dict[str, Any]) -> None:
        await customers.ask(replacing(known, "education", {"studies": studies}))

    async def test_what_only_the_duplicate_was_told_is_shown_until_the_undoing(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        await self.tell(customers, duplicate, NURSE)
        done = await merged(customers, kept, duplicate)
        for each in (kept, duplicate):
            assert await self.studies(customers, each) == (0, ["Nursing"], duplicate.customer_id, [])
        await customers.ask(undoing(done))
        assert await self.studies(customers, kept) == (0, [], None, [])
        assert await self.studies(customers, duplicate) == (1, ["Nursing"], None, [])

    async def test_where_both_were_told_the_record_kept_has_the_word_and_the_other_is_offered(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        await self.tell(customers, kept, TEACHER)
        await self.tell(customers, duplicate, NURSE)
        done = await merged(customers, kept, duplicate)
        assert await self.studies(customers, kept) == (1, ["Teaching"], None, [(duplicate.customer_id, ["Nursing"])])
        whole = await customers.ask(GetBackground(customer_id=kept.customer_id))
        [education] = [each for each in whole.groups if each.content.group == "education"]
        assert [(each.content, each.provenance.recorded_by) for each in education.other_versions] == [
            (None, EXPERT_TAMPERE.user)
        ]
        await customers.ask(undoing(done))
        assert await self.studies(customers, kept) == (1, ["Teaching"], None, [])

    @pytest.mark.parametrize("studies", [(), (NURSE,)], ids=["nothing", "the same"])
    async def test_what_is_put_by_either_id_is_the_record_kept_s_from_then_on(
        self, customers: CustomerService, studies: tuple[dict[str, Any], ...]
    ) -> None:
        kept, duplicate = await two(customers)
        await self.tell(customers, duplicate, NURSE)
        done = await merged(customers, kept, duplicate)
        await self.tell(customers, duplicate, *studies)
        names = [each["name"] for each in studies]
        assert await self.studies(customers, kept) == (1, names, None, [(duplicate.customer_id, ["Nursing"])])
        await customers.ask(undoing(done))
        assert await self.studies(customers, kept) == (1, names, None, [])
        assert await self.studies(customers, duplicate) == (1, ["Nursing"], None, [])

    async def test_the_history_tells_the_changes_of_both_each_by_its_own_numbers(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        await self.tell(customers, kept, TEACHER)
        await self.tell(customers, duplicate, NURSE)
        await customers.ask(replacing(duplicate, "education", {"studies": [NURSE, TEACHER]}, version=1))
        done = await merged(customers, kept, duplicate)
        asked = GetBackgroundHistory(customer_id=duplicate.customer_id, group="education")
        entries = (await customers.ask(asked)).entries
        assert [(each.customer_id, each.version, _names(each.previous)) for each in entries] == [
            (kept.customer_id, 1, []),
            (duplicate.customer_id, 1, []),
            (duplicate.customer_id, 2, ["Nursing"]),
        ]
        rest = await customers.ask(asked.model_copy(update={"cursor": 2}))
        assert rest.entries == entries[2:]
        await customers.ask(undoing(done))
        assert (await customers.ask(asked)).entries == entries[1:]

    async def test_the_three_years_run_from_the_duplicate_s_first_permit_where_the_record_kept_has_none(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers, first_residence_permit=PERMIT)
        await customers.ask(replacing(kept, "residence_permits"))
        done = await merged(customers, kept, duplicate)
        assert await _firsts(customers, kept) == [False, True]
        assert await _told_permit(customers, kept) == PERMIT["granted_on"]
        await customers.ask(undoing(done))
        assert await _firsts(customers, kept) == [False]
        assert await _told_permit(customers, kept) is None
        assert await _told_permit(customers, duplicate) == PERMIT["granted_on"]

    async def test_the_record_kept_s_own_first_permit_goes_before_the_duplicate_s(
        self, customers: CustomerService
    ) -> None:
        own = PERMIT | {"granted_on": "2026-02-02"}
        kept = await customers.ask(named(SPELLED, first_residence_permit=own))
        duplicate = await customers.ask(named(AGAIN, first_residence_permit=PERMIT))
        done = await merged(customers, kept, duplicate)
        assert await _told_permit(customers, kept) == own["granted_on"]
        without = CustomerVersion(customer_id=done.customer_id, version=done.version)
        await customers.ask(changing(without, first_residence_permit=None))
        assert await _told_permit(customers, kept) == PERMIT["granted_on"]

    async def test_a_protected_permit_of_the_duplicate_hides_all_of_the_record_kept_s(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers, first_residence_permit=TRAFFICKED)
        await customers.ask(replacing(kept, "residence_permits"))
        done = await merged(customers, kept, duplicate)
        seen = await customers.ask(GetCustomer(customer_id=kept.customer_id))
        assert (seen.first_permit, seen.masked) == (None, ("first_residence_permit",))
        assert (await customers.ask(GetBackground(customer_id=kept.customer_id))).masked == ("residence_permits",)
        with pytest.raises(Forbidden):
            await _firsts(customers, kept)
        await customers.ask(undoing(done))
        assert await _firsts(customers, kept) == [False]

    async def test_health_that_the_duplicate_tells_is_read_and_logged_as_of_the_record_kept(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        await customers.ask(replacing(duplicate, "health"))
        await merged(customers, kept, duplicate)
        found = await customers.ask(GetBackgroundGroup(customer_id=duplicate.customer_id, group="health"))
        assert found.told_of == duplicate.customer_id
        use = (await customers.uses())[-1]
        assert (use["customers"], use["data"]) == ([str(kept.customer_id)], ["health"])


class TestFamily:
    async def test_relations_of_both_are_seen_from_the_record_kept_and_from_the_relatives(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        brother = await opened(customers)
        await customers.ask(relation(duplicate, relative_id=brother.customer_id, same_household=True))
        await customers.ask(relation(duplicate, relative=SISTER))
        done = await merged(customers, kept, duplicate)
        for each in (kept, duplicate):
            seen = await family(customers, each)
            assert seen.customer.customer_id == kept.customer_id
            assert [one.customer and one.customer.customer_id for one in seen.relations] == [brother.customer_id, None]
            assert [one.customer_id for one in seen.household] == [brother.customer_id]
        [theirs] = (await family(customers, brother)).relations
        assert theirs.customer is not None
        assert theirs.customer.customer_id == kept.customer_id
        assert [each.customer_id for each in (await family(customers, brother)).household] == [kept.customer_id]
        await customers.ask(undoing(done))
        assert not (await family(customers, kept)).relations
        assert len((await family(customers, duplicate)).relations) == 2
        [theirs] = (await family(customers, brother)).relations
        assert theirs.customer is not None
        assert theirs.customer.customer_id == duplicate.customer_id

    async def test_a_relation_of_the_duplicate_is_changed_and_stays_the_duplicate_s(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        child = await customers.ask(named(("Hodan", "Warsame"), date_of_birth="2015-01-05"))
        recorded = await customers.ask(relation(duplicate, "child", relative_id=child.customer_id))
        done = await merged(customers, kept, duplicate)
        change = ChangeFamilyRelation(
            relation_id=recorded.relation_id, expected_version=1, changes=FamilyRelationChanges(same_household=True)
        )
        await customers.ask(change)
        assert (await customers.uses())[-1]["customers"] == [str(kept.customer_id), str(child.customer_id)]
        [seen] = (await family(customers, kept)).relations
        assert (seen.same_household, seen.version) == (True, 2)
        await customers.ask(undoing(done))
        assert not (await family(customers, kept)).relations
        await customers.ask(EraseCustomer(customer_id=duplicate.customer_id), RECORDS_TAMPERE)
        assert not await customers.rows("SELECT FROM family_relation_history")

    async def test_a_relation_that_the_duplicate_has_is_not_recorded_again(self, customers: CustomerService) -> None:
        kept, duplicate = await two(customers)
        mother = await customers.ask(named(("Hodan", "Warsame"), date_of_birth="1971-01-05"))
        await customers.ask(relation(duplicate, "parent", relative_id=mother.customer_id))
        await merged(customers, kept, duplicate)
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(relation(kept, "parent", relative_id=mother.customer_id))
        assert refused.value.errors[0].rule == "known_already"
        child = await customers.ask(named(("Asha", "Warsame"), date_of_birth="2015-01-05"))
        await customers.ask(relation(kept, "child", relative_id=child.customer_id))
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(relation(child, "child", relative_id=mother.customer_id))
        assert "own_ancestor" in {each.rule for each in refused.value.errors}

    async def test_two_records_once_told_to_be_siblings_are_no_relatives_while_they_are_one(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        await in_one(customers, kept, duplicate)
        done = await merged(customers, kept, duplicate)
        seen = await family(customers, kept)
        assert (seen.relations, seen.household) == ((), ())
        await customers.ask(undoing(done))
        assert len((await family(customers, kept)).household) == 1

    @pytest.mark.parametrize("withheld", [0, 1])
    async def test_a_relation_of_somebody_withheld_under_either_id_is_not_changed(
        self, customers: CustomerService, withheld: int
    ) -> None:
        both = await two(customers)
        brother = await opened(customers)
        recorded = await customers.ask(relation(both[1], relative_id=brother.customer_id))
        await merged(customers, *both)
        colleague = replace(EXPERT_TAMPERE, user="c@tampere", withheld=(both[withheld].customer_id,))
        with pytest.raises(Forbidden):
            await customers.ask(ending(recorded), colleague)


class TestHousehold:
    async def test_a_protected_household_of_the_duplicate_covers_the_record_kept_until_the_undoing(
        self, customers: CustomerService
    ) -> None:
        kept = await customers.ask(named(SPELLED, contact=CONTACT))
        duplicate, sister = await customers.ask(named(AGAIN)), await opened(customers, protected=True)
        await in_one(customers, duplicate, sister)
        done = await merged(customers, kept, duplicate)
        assert await is_masked(customers, kept)
        assert await _told_protection(customers, kept) == [False, True]
        await customers.ask(undoing(done))
        assert not await is_masked(customers, kept)
        assert await _told_protection(customers, kept) == [False, True, False]
        assert await is_masked(customers, duplicate)

    async def test_the_record_kept_s_protection_covers_the_duplicate_s_household(
        self, customers: CustomerService
    ) -> None:
        kept = await customers.ask(named(SPELLED, safety_non_disclosure=True), UNMASKING)
        duplicate = await customers.ask(named(AGAIN, contact=CONTACT))
        sister = await opened(customers)
        await in_one(customers, duplicate, sister)
        done = await merged(customers, kept, duplicate)
        assert await is_masked(customers, sister)
        await customers.ask(undoing(done))
        assert not await is_masked(customers, sister)
        assert not await is_masked(customers, duplicate)

    async def test_a_protection_taken_over_from_the_duplicate_is_lifted_from_the_record_kept(
        self, customers: CustomerService
    ) -> None:
        kept = await customers.ask(named(SPELLED, contact=CONTACT))
        duplicate = await customers.ask(named(AGAIN, safety_non_disclosure=True), UNMASKING)
        sister = await opened(customers)
        await in_one(customers, kept, sister)
        done = await merged(customers, kept, duplicate)
        assert await is_masked(customers, sister)
        await lift(customers, CustomerVersion(customer_id=done.customer_id, version=done.version))
        assert not await is_masked(customers, kept)
        assert not await is_masked(customers, sister)
        await customers.ask(undoing(done))
        assert await is_masked(customers, duplicate)

    async def test_a_protection_that_comes_while_they_are_one_reaches_through_both(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        brother, sister = await opened(customers), await opened(customers)
        await in_one(customers, kept, brother)
        await in_one(customers, duplicate, sister)
        done = await merged(customers, kept, duplicate)
        await customers.ask(changing(brother, safety_non_disclosure=True), UNMASKING)
        assert await is_masked(customers, sister)
        await customers.ask(undoing(done))
        assert not await is_masked(customers, sister)
        assert await is_masked(customers, kept)


class TestTransfers:
    async def test_what_is_open_of_the_duplicate_is_open_of_the_record_kept(self, customers: CustomerService) -> None:
        kept, duplicate = await two(customers)
        offer = await customers.ask(offering(duplicate))
        assessment = await hear_of_assessment(customers, duplicate)
        done = await merged(customers, kept, duplicate)
        for each in (kept, duplicate):
            matters = (await customers.ask(GetOpenMatters(customer_id=each.customer_id))).matters
            assert {one.matter_id for one in matters} == {offer.transfer_id, assessment}
        with pytest.raises(MattersOpen):
            await closed(customers, CustomerVersion(customer_id=kept.customer_id, version=done.version))
        with pytest.raises(Conflict):
            await customers.ask(offering(kept))
        await customers.ask(undoing(done))
        assert not (await customers.ask(GetOpenMatters(customer_id=kept.customer_id))).matters

    async def test_an_offer_of_the_duplicate_that_is_accepted_moves_the_person_and_all_that_is_known(
        self, customers: CustomerService
    ) -> None:
        kept, duplicate = await two(customers)
        await customers.ask(replacing(duplicate, "education"))
        offer = await customers.ask(offering(duplicate))
        await merged(customers, kept, duplicate)
        await customers.ask(accepting(offer), EXPERT_HELSINKI)
        asked = GetBackgroundGroup(customer_id=kept.customer_id, group="education")
        assert (await customers.ask(asked, EXPERT_HELSINKI)).told_of == duplicate.customer_id
        for each in (kept, duplicate):
            assert (await customers.events(each.customer_id))[-2:] == ["customer.closed.v1", "customer.opened.v1"]
            with pytest.raises(NotFound):
                await customers.ask(GetCustomer(customer_id=each.customer_id))
        assert (await seen(customers, offer.transfer_id, EXPERT_HELSINKI)).state == "accepted"

    @pytest.mark.parametrize("withheld", [0, 1])
    async def test_a_transfer_of_somebody_withheld_under_either_id_does_not_exist(
        self, customers: CustomerService, withheld: int
    ) -> None:
        both = await two(customers)
        offer = await customers.ask(offering(both[1]))
        await merged(customers, *both)
        colleague = replace(EXPERT_TAMPERE, user="c@tampere", withheld=(both[withheld].customer_id,))
        with pytest.raises(NotFound):
            await seen(customers, offer.transfer_id, colleague)


class TestWithheld:
    @pytest.mark.parametrize("withheld", [0, 1])
    @pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
    async def test_somebody_withheld_under_either_id_answers_by_no_code_as_a_customer_of_the_municipality(
        self, customers: CustomerService, withheld: int, is_closed: bool
    ) -> None:
        kept = await customers.ask(named(SPELLED, personal_identity_code=CODE))
        duplicate = await customers.ask(named(AGAIN, personal_identity_code=OTHER_CODE))
        done = await merged(customers, kept, duplicate)
        if is_closed:
            await closed(customers, CustomerVersion(customer_id=kept.customer_id, version=done.version))
        colleague = replace(EXPERT_TAMPERE, user="c@tampere", withheld=((kept, duplicate)[withheld].customer_id,))
        for code in (CODE, OTHER_CODE):
            with pytest.raises(KnownElsewhere):
                await customers.ask(named(("Somebody", "Else"), personal_identity_code=code), colleague)
            assert not (await customers.ask(asked(personal_identity_code=code), colleague)).candidates
            found = await customers.ask(SearchCustomers(personal_identity_code=code, purpose="assessment"), colleague)
            assert (found.hits, found.known_elsewhere) == ((), True)
            with pytest.raises(NotFound):
                await customers.ask(asking(code), colleague)


class TestChains:
    async def test_a_chain_is_told_and_found_by_every_name_and_each_link_undone_by_itself(
        self, customers: CustomerService
    ) -> None:
        opened_ones = (("Aamina", "Yuusuf"), ("Hodan", "Warsame"), ("Asha", "Nuur"))
        first, second, third = [await customers.ask(named(each)) for each in opened_ones]
        inner = await merged(customers, second, first)
        outer = await merged(customers, third, second)
        assert await self.bearers(customers) == {third.customer_id}
        assert await self.told(customers, first) == str(third.customer_id)
        await customers.ask(undoing(outer))
        assert await self.bearers(customers) == {second.customer_id}
        assert await self.told(customers, first) == str(second.customer_id)
        await customers.ask(undoing(inner))
        assert await self.bearers(customers) == {first.customer_id}
        assert await self.told(customers, first) is None

    async def bearers(self, customers: CustomerService) -> set[Any]:
        """Whom the first one's name leads to, in the search and in what it keeps."""
        hits = (await customers.ask(SearchCustomers(name="Yuusuf"))).hits
        kept = await customers.rows("SELECT DISTINCT customer_id FROM customer_name WHERE word = 'yuusuf'")
        assert {each.customer_id for each in hits} == {row["customer_id"] for row in kept}
        return {each.customer_id for each in hits}

    async def told(self, customers: CustomerService, known: CustomerVersion) -> str | None:
        """Whose alias other services last heard it to be."""
        events = await customers.rows(
            "SELECT data->>'merged_into' AS it FROM outbox WHERE subject = $1 AND type NOT LIKE '%.data_used.v1'"
            " ORDER BY position DESC",
            known.customer_id,
        )
        into: str | None = events[0]["it"]
        return into

    async def test_a_merge_into_a_version_that_is_no_more_is_refused(self, customers: CustomerService) -> None:
        kept, duplicate = await two(customers)
        await customers.ask(changing(kept, mother_tongue="so"))
        with pytest.raises(ChangedMeanwhile):
            await customers.ask(merging(kept, duplicate))


async def test_records_parted_come_back_on_the_work_list_when_they_look_more_alike_than_then(
    customers: CustomerService,
) -> None:
    kept, duplicate = await two(customers)
    done = await merged(customers, kept, duplicate)
    assert [row["decision"] for row in await customers.rows("SELECT * FROM suspected_duplicate")] == ["same_person"]
    parted = await customers.ask(undoing(done))
    assert not await pairs(customers)
    await customers.ask(changing(parted, contact={"email": "a@example.org"}))
    still = CustomerVersion(customer_id=kept.customer_id, version=3)
    await customers.ask(changing(still, contact={"email": "A@example.org"}))
    assert len(await pairs(customers)) == 1


def _names(content: Any) -> list[str]:
    return [each.name for each in content.studies] if content else []


async def _firsts(customers: CustomerService, known: CustomerVersion) -> list[bool]:
    """Which permits of the group are marked as the first, by the last day that it tells."""
    group: Group = "residence_permits"
    found = await customers.ask(GetBackgroundGroup(customer_id=known.customer_id, group=group))
    firsts = sorted(each.first for each in found.content.permits)  # type: ignore[union-attr]
    assert bool(found.time_limit) == any(firsts)
    return firsts


async def _told_permit(customers: CustomerService, known: CustomerVersion) -> str | None:
    """The first permit's day as other services heard of it last."""
    told = await customers.rows(
        "SELECT data->>'first_permit_on' AS day FROM outbox WHERE subject = $1 AND type NOT LIKE '%.data_used.v1'"
        " ORDER BY position DESC",
        known.customer_id,
    )
    day: str | None = told[0]["day"]
    return day


async def _told_protection(customers: CustomerService, known: CustomerVersion) -> list[bool]:
    """The protection as other services heard of it, one word for each time that it turned."""
    told = await customers.rows(
        "SELECT data->>'safety_non_disclosure' AS it FROM outbox WHERE subject = $1 AND type NOT LIKE '%.data_used.v1'"
        " ORDER BY position",
        known.customer_id,
    )
    words = [row["it"] == "true" for row in told]
    return [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]
