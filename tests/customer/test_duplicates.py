"""Two records of one person: warned of, suspected, merged and parted."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.customer.duplicates import (
    DecideDuplicate,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    Merged,
    SuspectedPair,
    UndoMerge,
)
from contracts.customer.people import (
    CloseCustomer,
    Customer,
    CustomerVersion,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    OpenCustomer,
)
from contracts.customer.search import FindOwnRecord, SearchCustomers
from contracts.types import PersonName
from services.customer.repository import families
from services.kit.actor import Actor, service_actor
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import CAUSE, CODE, OTHER_CODE, CustomerService, changing, closed, opening
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database

ADVISOR = Actor("advisor@tampere", "837", "advisor")
WITH_POWER = Actor("expert@tampere", "837", "integration_expert", powers=("personal_safety",), purpose="assessment")
SPELLED, AGAIN = ("Maxamed", "Cali Warsame"), ("Ali Warsame", "Mohamed")
"""Given and family name as the first official wrote them, and as the second did, the other way round."""


def named(names: tuple[str, str], **more: Any) -> OpenCustomer:
    return opening(name={"given": names[0], "family": names[1]}, **more)


def asked(names: tuple[str, str] = AGAIN, **more: Any) -> FindDuplicates:
    told = {"name": PersonName(given=names[0], family=names[1]), "date_of_birth": date(1994, 5, 1)} | more
    return FindDuplicates.model_validate(told)


async def pairs(customers: CustomerService, actor: Actor = EXPERT_TAMPERE) -> tuple[SuspectedPair, ...]:
    return (await customers.ask(ListSuspectedDuplicates(), actor)).pairs


async def two(customers: CustomerService, **more: Any) -> tuple[CustomerVersion, CustomerVersion]:
    """One person opened twice; of the second record more is known."""
    return await customers.ask(named(SPELLED)), await customers.ask(named(AGAIN, **more))


def merging(kept: CustomerVersion, duplicate: CustomerVersion) -> MergeCustomers:
    return MergeCustomers(
        customer_id=kept.customer_id,
        expected_version=kept.version,
        duplicate_id=duplicate.customer_id,
        duplicate_version=duplicate.version,
        why="The same card",
    )


def undoing(merged: Merged) -> UndoMerge:
    return UndoMerge(merge_id=merged.merge_id, why="Two cousins")


async def read(customers: CustomerService, known: CustomerVersion, actor: Actor = EXPERT_TAMPERE) -> Customer:
    return await customers.ask(GetCustomer(customer_id=known.customer_id), actor)


async def test_whoever_is_about_to_open_a_customer_again_is_told_who_it_may_be_and_why(
    customers: CustomerService,
) -> None:
    known = await customers.ask(named(SPELLED, contact={"phone": "040 123 4567"}))
    [candidate] = (await customers.ask(asked(phone="+358401234567"))).candidates
    assert candidate.customer == await read(customers, known)
    assert candidate.likelihood == "probable"
    assert candidate.reasons == ("name_spelled_otherwise", "name_parts_swapped", "date_of_birth", "phone")


async def test_a_stranger_of_the_same_day_is_no_candidate(customers: CustomerService) -> None:
    await customers.ask(named(("Olena", "Shevchenko")))
    assert not (await customers.ask(asked())).candidates


async def test_another_municipality_s_customer_is_no_candidate(customers: CustomerService) -> None:
    await customers.ask(named(SPELLED))
    assert not (await customers.ask(asked(), EXPERT_HELSINKI)).candidates


async def test_one_with_the_same_code_is_surely_the_same_however_the_name_was_written(
    customers: CustomerService,
) -> None:
    await customers.ask(named(("Olena", "Shevchenko"), personal_identity_code=CODE))
    [candidate] = (await customers.ask(asked(("Helena", "Sevtsenko"), personal_identity_code=CODE))).candidates
    assert candidate.likelihood == "sure"


async def test_a_protected_phone_number_is_no_reason_that_somebody_without_the_power_is_told(
    customers: CustomerService,
) -> None:
    await customers.ask(named(SPELLED, contact={"phone": "040 123 4567"}, safety_non_disclosure=True), WITH_POWER)
    [without] = (await customers.ask(asked(phone="040 123 4567"))).candidates
    [with_power] = (await customers.ask(asked(phone="040 123 4567"), WITH_POWER)).candidates
    assert "phone" not in without.reasons
    assert without.customer.person.contact is None
    assert "phone" in with_power.reasons


async def test_an_advisor_may_not_look_by_a_phone_number(customers: CustomerService) -> None:
    with pytest.raises(Forbidden):
        await customers.ask(asked(phone="040 123 4567"), ADVISOR)


async def test_what_was_looked_for_is_sealed_in_the_usage_log(customers: CustomerService) -> None:
    known = await customers.ask(named(SPELLED))
    await customers.ask(asked())
    use = (await customers.uses())[-1]
    assert (use["found"], use["customers"]) == (1, [str(known.customer_id)])
    assert use["sealed"]


async def test_two_records_of_one_person_are_on_the_work_list(customers: CustomerService) -> None:
    one, other = await two(customers)
    [pair] = await pairs(customers)
    assert {each.customer_id for each in pair.customers} == {one.customer_id, other.customer_id}
    assert pair.reasons == ("name_spelled_otherwise", "name_parts_swapped", "date_of_birth")
    assert not await pairs(customers, EXPERT_HELSINKI)


async def test_two_opened_at_the_same_moment_are_on_the_work_list(customers: CustomerService) -> None:
    await customers.ask_while((named(SPELLED), EXPERT_TAMPERE), (named(AGAIN), EXPERT_TAMPERE))
    assert len(await pairs(customers)) == 1


async def test_the_work_list_comes_a_page_at_a_time_the_likeliest_first(customers: CustomerService) -> None:
    for names in (SPELLED, AGAIN, ("Mohammed", "Ali")):
        await customers.ask(named(names))
    first = await customers.ask(ListSuspectedDuplicates(limit=2))
    rest = await customers.ask(ListSuspectedDuplicates(limit=2, cursor=first.next_cursor))
    assert len({each.pair_id for each in (*first.pairs, *rest.pairs)}) == 3
    assert rest.next_cursor is None


async def test_a_change_that_parts_them_takes_the_pair_off_the_list(customers: CustomerService) -> None:
    _, other = await two(customers)
    await customers.ask(changing(other, date_of_birth=date(1971, 3, 9)))
    assert not await pairs(customers)


async def test_candidates_that_were_looked_at_before_the_opening_are_never_suspected(
    customers: CustomerService,
) -> None:
    known = await customers.ask(named(SPELLED))
    await customers.ask(named(AGAIN).model_copy(update={"not_same_as": (known.customer_id,)}))
    assert not await pairs(customers)


async def test_one_who_is_no_customer_can_t_be_told_apart_at_the_opening(customers: CustomerService) -> None:
    foreign = await customers.ask(named(SPELLED), EXPERT_HELSINKI)
    for unknown in (foreign.customer_id, uuid4()):
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(named(AGAIN).model_copy(update={"not_same_as": (unknown,)}))
        assert refused.value.errors[0].pointer == "/not_same_as/0"


async def test_not_the_same_person_does_not_come_back_unless_they_look_more_alike(customers: CustomerService) -> None:
    one, other = await two(customers)
    [pair] = await pairs(customers)
    await customers.ask(DecideDuplicate(pair_id=pair.pair_id, decision="not_same_person", why="Two cousins"))
    other = await customers.ask(changing(other, citizenships=()))
    other = await customers.ask(changing(other, contact={"email": "a@example.org"}))
    assert not await pairs(customers)
    await customers.ask(changing(one, contact={"email": "A@example.org"}))
    assert [each.pair_id for each in await pairs(customers)] == [pair.pair_id]


async def test_a_pair_is_decided_once(customers: CustomerService) -> None:
    await two(customers)
    [pair] = await pairs(customers)
    decision = DecideDuplicate(pair_id=pair.pair_id, decision="not_same_person", why="Two cousins")
    first = await customers.ask(decision, key="k")
    assert await customers.ask(decision, key="k") == first
    with pytest.raises(Conflict):
        await customers.ask(decision)


async def test_another_municipality_s_pair_does_not_exist(customers: CustomerService) -> None:
    await two(customers)
    [pair] = await pairs(customers)
    with pytest.raises(NotFound):
        await customers.ask(DecideDuplicate(pair_id=pair.pair_id, decision="not_same_person", why="w"), EXPERT_HELSINKI)


async def test_a_pair_found_to_be_one_person_is_merged(customers: CustomerService) -> None:
    one, other = await two(customers)
    [pair] = await pairs(customers)
    decision = {"pair_id": pair.pair_id, "decision": "same_person", "why": "The same card"}
    versions = {"kept_id": other.customer_id, "expected_version": 1, "duplicate_version": 1}
    with pytest.raises(InvalidInput):
        await customers.ask(DecideDuplicate.model_validate(decision))
    decided = await customers.ask(DecideDuplicate.model_validate(decision | versions))
    assert (decided.customer_id, decided.version) == (other.customer_id, 2)
    assert (await read(customers, one)).customer_id == other.customer_id
    assert not await pairs(customers)


async def test_an_alias_is_answered_with_the_record_kept_everywhere(customers: CustomerService) -> None:
    kept, duplicate = await two(customers, contact={"phone": "040 123 4567"})
    await customers.ask(merging(kept, duplicate))
    found = await read(customers, duplicate)
    assert (found.customer_id, found.version, found.merged) == (kept.customer_id, 2, (duplicate.customer_id,))
    [card] = (await customers.ask(GetCustomerCards(customer_ids=(duplicate.customer_id, kept.customer_id)))).cards
    assert card.customer_id == kept.customer_id
    for criteria in ({"name": "Ali Mohamed"}, {"phone": "0401234567"}, {"date_of_birth": date(1994, 5, 1)}):
        hits = (await customers.ask(SearchCustomers.model_validate(criteria))).hits
        assert [each.customer_id for each in hits] == [kept.customer_id], criteria


async def test_the_code_of_the_duplicate_finds_the_record_kept(customers: CustomerService) -> None:
    kept = await customers.ask(named(SPELLED, personal_identity_code=CODE))
    duplicate = await customers.ask(named(AGAIN, personal_identity_code=OTHER_CODE))
    await customers.ask(merging(kept, duplicate))
    [hit] = (await customers.ask(SearchCustomers(personal_identity_code=OTHER_CODE))).hits
    own = await customers.ask(FindOwnRecord(personal_identity_code=OTHER_CODE), service_actor("gateway"))
    assert hit.customer_id == own.customer_id == kept.customer_id


async def test_a_change_by_the_alias_changes_the_record_kept(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    merged = await customers.ask(merging(kept, duplicate))
    by_alias = CustomerVersion(customer_id=duplicate.customer_id, version=merged.version)
    changed = await customers.ask(changing(by_alias, mother_tongue="so"))
    assert changed == CustomerVersion(customer_id=kept.customer_id, version=3)


async def test_the_merged_record_shows_both_histories_and_each_keeps_its_own_after_the_undoing(
    customers: CustomerService,
) -> None:
    kept, duplicate = await two(customers, mother_tongue="so")
    merged = await customers.ask(merging(kept, duplicate))
    entries = (await customers.ask(GetCustomerHistory(customer_id=kept.customer_id))).entries
    assert {each.customer_id for each in entries} == {kept.customer_id, duplicate.customer_id}
    assert [(each.customer_id, each.why) for each in entries if each.field == "merge"] == [
        (kept.customer_id, "The same card"),
        (duplicate.customer_id, "The same card"),
    ]
    await customers.ask(undoing(merged))
    for known, fields in ((kept, 2), (duplicate, 2)):
        entries = (await customers.ask(GetCustomerHistory(customer_id=known.customer_id))).entries
        assert {each.customer_id for each in entries} == {known.customer_id}
        assert [each.field for each in entries].count("merge") == fields


async def test_a_history_of_merged_records_comes_in_pages(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    await customers.ask(merging(kept, duplicate))
    whole = (await customers.ask(GetCustomerHistory(customer_id=kept.customer_id))).entries
    paged, cursor = [], None
    while True:
        page = await customers.ask(GetCustomerHistory(customer_id=kept.customer_id, cursor=cursor, limit=2))
        paged += page.entries
        if (cursor := page.next_cursor) is None:
            break
    assert tuple(paged) == whole


async def test_an_undone_merge_leaves_both_as_before_but_for_what_was_changed_since(
    customers: CustomerService,
) -> None:
    kept, duplicate = await two(customers)
    before = await read(customers, duplicate)
    merged = await customers.ask(merging(kept, duplicate))
    await customers.ask(changing(merged, mother_tongue="so"))
    assert await customers.ask(undoing(merged)) == CustomerVersion(customer_id=duplicate.customer_id, version=3)
    assert await read(customers, duplicate) == before.model_copy(update={"version": 3})
    assert (await read(customers, kept)).person.mother_tongue == "so"
    hits = (await customers.ask(SearchCustomers(name="Warsame"))).hits
    assert {each.customer_id for each in hits} == {kept.customer_id, duplicate.customer_id}
    assert not await pairs(customers)
    with pytest.raises(Conflict):
        await customers.ask(undoing(merged))


async def test_records_merged_without_a_pair_are_none_after_the_undoing(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    duplicate = await customers.ask(changing(duplicate, date_of_birth=date(1971, 3, 9)))
    merged = await customers.ask(merging(kept, duplicate))
    again = CustomerVersion(customer_id=kept.customer_id, version=merged.version)
    await customers.ask(changing(again, date_of_birth=date(1971, 3, 9)))
    await customers.ask(undoing(merged))
    assert not await pairs(customers)


async def test_who_does_not_reach_a_merged_person_does_not_wait_to_be_told_so(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    merged = await customers.ask(merging(kept, duplicate))
    colleague = Actor("c@tampere", "837", "integration_expert", withheld=(kept.customer_id,))
    async with customers.unit_of_work.begin(EXPERT_TAMPERE, CAUSE, request=GetCustomer) as work:
        await families.lock_all(work)
        with pytest.raises(NotFound):
            await customers.ask(undoing(merged), colleague)


async def test_a_merge_and_its_undoing_that_come_twice_are_done_once(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    request = merging(kept, duplicate)
    merged = await customers.ask(request, key="m")
    assert await customers.ask(request, key="m") == merged
    undone = await customers.ask(undoing(merged), key="u")
    assert await customers.ask(undoing(merged), key="u") == undone
    assert (await read(customers, kept)).version == 3


async def test_a_merge_of_a_version_that_is_no_more_is_refused(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    await customers.ask(changing(duplicate, mother_tongue="so"))
    with pytest.raises(ChangedMeanwhile):
        await customers.ask(merging(kept, duplicate))


async def test_the_public_state_tells_of_the_merge_and_of_its_end(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    merged = await customers.ask(merging(kept, duplicate))
    await customers.ask(undoing(merged))
    told = await customers.rows(
        "SELECT data->>'merged_into' AS merged FROM outbox WHERE subject = $1 ORDER BY position", duplicate.customer_id
    )
    assert [row["merged"] for row in told] == [None, str(kept.customer_id), None]


async def test_chains_lead_to_the_last_and_part_where_they_are_undone(customers: CustomerService) -> None:
    one, other = await two(customers)
    third = await customers.ask(named(("Mohammed", "Ali")))
    first = await customers.ask(merging(other, one))
    second = await customers.ask(merging(third, CustomerVersion(customer_id=other.customer_id, version=first.version)))
    assert {(await read(customers, each)).customer_id for each in (one, other, third)} == {third.customer_id}
    await customers.ask(undoing(second))
    assert (await read(customers, one)).customer_id == other.customer_id
    assert (await read(customers, third)).merged == ()
    await customers.ask(undoing(first))
    assert (await read(customers, one)).customer_id == one.customer_id


async def test_records_that_are_one_already_can_t_be_merged_whichever_way_round(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    await customers.ask(merging(kept, duplicate))
    for one, other in ((kept, duplicate), (duplicate, kept), (kept, kept)):
        with pytest.raises(Conflict):
            await customers.ask(merging(one, other))


async def test_a_record_open_elsewhere_is_not_merged(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    await customers.rows(
        "INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on)"
        " VALUES ($1, $2, '091', 'moved', '2026-03-01')",
        uuid4(),
        duplicate.customer_id,
    )
    with pytest.raises(Conflict):
        await customers.ask(merging(kept, duplicate))


async def test_the_record_with_the_code_is_the_one_to_keep(customers: CustomerService) -> None:
    kept, duplicate = await two(customers, personal_identity_code=CODE)
    with pytest.raises(Conflict):
        await customers.ask(merging(kept, duplicate))
    await customers.ask(merging(duplicate, kept))


async def test_a_merge_needs_the_right_to_both(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    named_only = Actor("e@tampere", "837", "integration_expert", customers=(kept.customer_id,))
    with pytest.raises(NotFound):
        await customers.ask(merging(kept, duplicate), named_only)


@pytest.mark.parametrize("withheld", [0, 1])
async def test_whoever_is_withheld_under_one_id_is_withheld_under_both(
    customers: CustomerService, withheld: int
) -> None:
    both = await two(customers)
    await customers.ask(merging(*both))
    colleague = Actor("c@tampere", "837", "integration_expert", withheld=(both[withheld].customer_id,))
    for each in both:
        with pytest.raises(NotFound):
            await read(customers, each, colleague)
    assert not (await customers.ask(SearchCustomers(name="Ali"), colleague)).hits
    assert not (await customers.ask(asked(), colleague)).candidates


@pytest.mark.parametrize("granted", [0, 1])
async def test_a_right_to_one_id_is_a_right_to_the_person(customers: CustomerService, granted: int) -> None:
    both = await two(customers)
    await customers.ask(merging(*both))
    county = Actor("w@county", "06", "county_worker", granted_by="837", customers=(both[granted].customer_id,))
    for each in both:
        assert (await read(customers, each, county)).person.name.given == "Maxamed"


async def test_non_disclosure_of_either_holds_for_both_and_stays(customers: CustomerService) -> None:
    kept = await customers.ask(named(SPELLED, contact={"phone": "040 123 4567"}))
    duplicate = await customers.ask(named(AGAIN, safety_non_disclosure=True), WITH_POWER)
    merged = await customers.ask(merging(kept, duplicate))
    found = await read(customers, kept)
    assert (found.person.safety_non_disclosure, found.person.contact) == (True, None)
    await customers.ask(undoing(merged))
    assert (await read(customers, kept)).person.safety_non_disclosure


async def test_closing_ends_the_relationships_of_both(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    merged = await customers.ask(merging(kept, duplicate))
    await closed(customers, merged)
    for each in (kept, duplicate):
        assert (await customers.events(each.customer_id))[-1] == "customer.closed.v1"
        with pytest.raises(NotFound):
            await read(customers, each)


async def test_a_former_customer_who_comes_back_with_the_other_code_is_the_record_kept(
    customers: CustomerService,
) -> None:
    kept = await customers.ask(named(SPELLED, personal_identity_code=CODE))
    duplicate = await customers.ask(named(AGAIN, personal_identity_code=OTHER_CODE))
    merged = await customers.ask(merging(kept, duplicate))
    await customers.ask(CloseCustomer(customer_id=duplicate.customer_id, expected_version=2, reason="moved_away"))
    opened = await customers.ask(named(AGAIN, personal_identity_code=OTHER_CODE))
    assert opened == CustomerVersion(customer_id=kept.customer_id, version=merged.version + 2)
    assert (await read(customers, kept)).person.personal_identity_code == CODE


async def test_a_former_customer_of_two_records_comes_back_with_both_and_has_both_after_the_undoing(
    customers: CustomerService,
) -> None:
    kept = await customers.ask(named(SPELLED, personal_identity_code=CODE))
    duplicate = await customers.ask(named(AGAIN))
    merged = await customers.ask(merging(kept, duplicate))
    await closed(customers, CustomerVersion(customer_id=kept.customer_id, version=merged.version))
    await customers.ask(named(SPELLED, personal_identity_code=CODE))
    assert (await customers.events(duplicate.customer_id))[-1] == "customer.opened.v1"
    await customers.ask(undoing(merged))
    for each in (kept, duplicate):
        [*_, last] = (await read(customers, each)).relationships
        assert last.ended_on is None


async def test_erasing_the_record_kept_erases_its_aliases(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    third = await customers.ask(named(("Mohammed", "Ali")))
    await customers.ask(merging(kept, duplicate))
    await customers.ask(EraseCustomer(customer_id=duplicate.customer_id), RECORDS_TAMPERE)
    for each in (kept, duplicate):
        assert await customers.events(each.customer_id) == ["customer.erased.v1"]
    everything = await customers.everything(but=("outbox", "subject_sequence", "tombstone", "request_outcome"))
    assert not any(str(each.customer_id) in everything for each in (kept, duplicate))
    assert str(third.customer_id) in everything


async def test_a_change_that_waited_for_a_merge_does_not_change_the_alias(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    [_, changed] = await customers.ask_while(
        (merging(kept, duplicate), EXPERT_TAMPERE), (changing(duplicate, mother_tongue="so"), EXPERT_TAMPERE)
    )
    assert isinstance(changed, ChangedMeanwhile)


async def test_two_merges_crosswise_end_in_one(customers: CustomerService) -> None:
    kept, duplicate = await two(customers)
    [_, other] = await customers.ask_while(
        (merging(kept, duplicate), EXPERT_TAMPERE), (merging(duplicate, kept), EXPERT_TAMPERE)
    )
    assert isinstance(other, Conflict)
    assert await merges(customers) == [(duplicate.customer_id, kept.customer_id)]


async def merges(customers: CustomerService) -> list[tuple[UUID, UUID]]:
    return [tuple(row) for row in await customers.rows("SELECT customer_id, merged_into FROM customer_merge")]
