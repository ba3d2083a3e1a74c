"""How the actor stands to a customer."""

from contracts.customer.people import Customer
from services.kit.work import Work


def relation_to(work: Work, customer: Customer) -> str:
    """The relation of the policy, by the customer's relationships with the municipality that the actor acts for."""
    here = [each for each in customer.relationships if each.municipality == work.actor.municipality]
    return work.rights.relation(
        customer.customer_id, related=any(not each.ended_on for each in here), ever_related=bool(here)
    )
