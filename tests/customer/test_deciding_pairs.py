"""A suspected pair is decided once, whoever decides it, and however often the request comes."""

import pytest

from contracts.customer.duplicates import DecideDuplicate, SuspectedPair
from services.kit.errors import Conflict
from tests.customer.conftest import CustomerService
from tests.customer.test_duplicates import merges, pairs, two
from tests.support import EXPERT_TAMPERE

pytestmark = pytest.mark.database


async def suspected(customers: CustomerService) -> SuspectedPair:
    """One person opened twice, as a pair."""
    await two(customers)
    [pair] = await pairs(customers)
    return pair


def same_person(pair: SuspectedPair) -> DecideDuplicate:
    kept_id = pair.customers[0].customer_id
    return DecideDuplicate(
        pair_id=pair.pair_id,
        decision="same_person",
        kept_id=kept_id,
        expected_version=1,
        duplicate_version=1,
        why="The same card",
    )


async def test_a_merge_of_a_pair_that_comes_twice_is_done_once(customers: CustomerService) -> None:
    decision = same_person(await suspected(customers))
    first = await customers.ask(decision, key="k")
    assert await customers.ask(decision, key="k") == first


async def test_of_two_who_decide_a_pair_at_once_the_second_learns_it_and_changes_nothing(
    customers: CustomerService,
) -> None:
    pair = await suspected(customers)
    apart = DecideDuplicate(pair_id=pair.pair_id, decision="not_same_person", why="Two cousins")
    [_, then] = await customers.ask_while((apart, EXPERT_TAMPERE), (same_person(pair), EXPERT_TAMPERE))
    assert isinstance(then, Conflict)
    assert (await merges(customers), await decisions(customers)) == ([], ["not_same_person"])


async def test_a_pair_merged_meanwhile_stays_decided_so(customers: CustomerService) -> None:
    pair = await suspected(customers)
    apart = DecideDuplicate(pair_id=pair.pair_id, decision="not_same_person", why="Two cousins")
    [_, then] = await customers.ask_while((same_person(pair), EXPERT_TAMPERE), (apart, EXPERT_TAMPERE))
    assert isinstance(then, Conflict)
    assert await decisions(customers) == ["same_person"]


async def decisions(customers: CustomerService) -> list[str]:
    return [row["decision"] for row in await customers.rows("SELECT decision FROM suspected_duplicate")]
