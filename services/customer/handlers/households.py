"""Non-disclosure for personal safety covers the household (661/2009 36 §), in the transaction that changes either."""

from collections.abc import Collection
from uuid import UUID

from contracts.customer.state import CustomerChanged
from services.customer.repository import families, people
from services.customer.rules import families as rules
from services.customer.rules.people import public_state
from services.kit.work import Work


async def lock(work: Work, *customer_ids: UUID) -> tuple[UUID, ...]:
    """Everybody in the households of these customers; until the transaction ends nobody else changes any of them.

    Everybody locks in one order, so that no two wait for each other: the lock of all households
    (`families.lock_all`); the identity code's (`people.lock_code`); the customers' rows, several at once in the order
    of their ids; transfers; the dictionary of names; the birthday's (`duplicates.wait_for_others`).
    """
    await families.lock_all(work)
    await work.beyond_the_border("a household's members may be customers of several municipalities")
    members = await families.household(work, customer_ids)
    await families.lock_rows(work, members)
    return members


async def protect(work: Work, members: Collection[UUID]) -> None:
    """Brings the non-disclosure of the households to what their members' own says now, and tells whose changed."""
    own, known = await families.non_disclosures(work, members)
    protected = rules.protected_by_household(await families.joined(work, members), own)
    turned = sorted(known ^ protected)
    if not turned:
        return
    await families.turn_household_non_disclosure(work, turned)
    merged = await families.merged_into(work, turned)  # of whom the record kept is told
    for customer_id in turned:
        if customer_id not in own and customer_id not in merged:  # else nothing is new to those who hear
            await work.publish(CustomerChanged(**dict(public_state(await people.get_anybody(work, customer_id)))))
