"""Acts that cross wait for each other, and none for one that waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from contracts.customer.people import CustomerVersion
from contracts.envelope import Request
from services.customer.repository import families, people
from services.kit.actor import Actor, service_actor
from services.kit.errors import ChangedMeanwhile, Conflict
from services.kit.work import Work
from tests.customer.conftest import CAUSE, CODE, OTHER_CODE, CustomerService, changing, closed, opening, relation
from tests.customer.test_duplicates import AGAIN, SPELLED, merging, named
from tests.customer.test_households import CONTACT, UNMASKING, in_one, is_masked
from tests.customer.transfers import PARTNERS, accepting, handing_over
from tests.support import EXPERT_TAMPERE, eventually

pytestmark = pytest.mark.database


async def crossing(
    customers: CustomerService, lock: Callable[[Work], Awaitable[None]], *acts: tuple[Request[Any], Actor]
) -> list[Any]:
    """What comes of acts that begin while a lock is held, each once the one before waits or is done."""
    begun: list[asyncio.Task[Any]] = []

    async def all_wait() -> bool:
        waiting = await customers.rows("SELECT DISTINCT pid FROM pg_locks WHERE NOT granted")
        return len(waiting) == sum(not each.done() for each in begun)

    async with customers.unit_of_work.begin(service_actor("customer"), CAUSE) as work:
        await lock(work)
        for act in acts:
            begun.append(asyncio.create_task(customers.ask(*act)))
            await eventually(all_wait)
    return await asyncio.gather(*begun, return_exceptions=True)


async def both(customers: CustomerService) -> tuple[CustomerVersion, CustomerVersion]:
    """Two records of one person, each with a code of its own."""
    kept = await customers.ask(named(SPELLED, personal_identity_code=CODE))
    return kept, await customers.ask(named(AGAIN, personal_identity_code=OTHER_CODE))


async def test_the_code_of_a_merged_record_is_recorded_on_the_one_kept_while_somebody_opens_with_it(
    customers: CustomerService,
) -> None:
    merged = await customers.ask(merging(*await both(customers)))
    known = CustomerVersion(customer_id=merged.customer_id, version=merged.version)
    opened, changed = await crossing(
        customers,
        lambda work: people.lock_code(work, OTHER_CODE),
        (named(AGAIN, personal_identity_code=OTHER_CODE), EXPERT_TAMPERE),
        (changing(known, personal_identity_code=OTHER_CODE), EXPERT_TAMPERE),
    )
    assert isinstance(opened, Conflict)
    assert isinstance(changed, Conflict)


@pytest.mark.parametrize("turned", [False, True])
async def test_a_code_is_recorded_on_one_record_while_it_is_merged_with_the_one_that_has_it(
    customers: CustomerService, turned: bool
) -> None:
    one, other = await both(customers)
    changed_one, code = (one, OTHER_CODE) if turned else (other, CODE)
    changed, merged = await crossing(
        customers,
        lambda work: people.lock_code(work, code),
        (changing(changed_one, personal_identity_code=code), EXPERT_TAMPERE),
        (merging(one, other), EXPERT_TAMPERE),
    )
    assert isinstance(changed, Conflict | ChangedMeanwhile)
    assert not isinstance(merged, BaseException)


async def test_a_protected_person_handed_over_by_a_partner_is_accepted_while_the_records_are_merged(
    customers: CustomerService,
) -> None:
    kept, duplicate = await both(customers)
    handed = await customers.ask(handing_over(safety_non_disclosure=True), PARTNERS)
    merged, accepted = await crossing(
        customers,
        families.lock_all,
        (merging(kept, duplicate), EXPERT_TAMPERE),
        (accepting(handed), UNMASKING),
    )
    assert not isinstance(merged, BaseException)
    assert isinstance(accepted, Conflict)  # it is the municipality's customer already


async def test_a_former_customer_is_opened_under_protection_while_the_household_is_worked_with(
    customers: CustomerService,
) -> None:
    sister = await customers.ask(opening())
    known = await customers.ask(named(SPELLED, personal_identity_code=CODE))
    await in_one(customers, sister, known)
    other = await customers.ask(named(("Hodan", "Warsame"), contact=CONTACT))
    await closed(customers, known)
    begun = await crossing(
        customers,
        families.lock_all,
        (relation(sister, relative_id=other.customer_id, same_household=True), EXPERT_TAMPERE),
        (named(SPELLED, personal_identity_code=CODE, safety_non_disclosure=True), UNMASKING),
        (changing(sister, safety_non_disclosure=True), UNMASKING),
    )
    assert not [each for each in begun if isinstance(each, BaseException)]


async def test_a_former_customer_handed_over_under_protection_is_accepted_while_the_household_is_worked_with(
    customers: CustomerService,
) -> None:
    sister, other = await customers.ask(opening()), await customers.ask(named(("Hodan", "Warsame"), contact=CONTACT))
    known = await customers.ask(named(SPELLED, personal_identity_code=CODE))
    await in_one(customers, sister, known)
    await closed(customers, known)
    handed = await customers.ask(handing_over(safety_non_disclosure=True), PARTNERS)
    begun = await crossing(
        customers,
        families.lock_all,
        (relation(sister, relative_id=other.customer_id, same_household=True), EXPERT_TAMPERE),
        (accepting(handed), UNMASKING),
    )
    assert not [each for each in begun if isinstance(each, BaseException)]
    assert await is_masked(customers, other)
