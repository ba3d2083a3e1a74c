"""What handlers of single records share."""

from contracts.customer.people import Customer
from services.customer.repository import history
from services.customer.rules import people as rules
from services.kit.errors import ChangedMeanwhile
from services.kit.work import Work


def relation_to(work: Work, customer: Customer) -> str:
    """The relation of the policy, by the customer's relationships with the municipality that the actor acts for."""
    here = [each for each in customer.relationships if each.municipality == work.actor.municipality]
    return work.rights.relation(
        customer.customer_id,
        related=any(not each.ended_on for each in here),
        ever_related=bool(here),
        aliases=customer.merged,
    )


async def check_version(work: Work, customer: Customer, expected: int) -> None:
    """Raises ChangedMeanwhile, with what changed, when the customer is not as the asker knew it."""
    if customer.version != expected:
        relation = relation_to(work, customer)
        fields = rules.visible_fields(customer, work.rights, relation)
        changes = await history.changes_after(work, customer.customer_id, fields, expected)
        raise ChangedMeanwhile(
            current_version=customer.version, changes=rules.shown_changes(changes, customer, work.rights, relation)
        )
