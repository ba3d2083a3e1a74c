"""What other organisations' programs are told of customers with whom they work."""

from contracts.customer.disclosures import GetPersonForPartner, PersonForPartner
from services.customer.repository import people
from services.customer.rules import people as rules
from services.customer.rules.transfers import open_relationships
from services.kit.errors import NotFound
from services.kit.work import Work


async def get_person_for_partner(message: GetPersonForPartner, work: Work) -> PersonForPartner:
    """Who a customer of the municipality's is; contact details under non-disclosure are left out (661/2009 37 §)."""
    work.rights.refuse_people(*message.DATA)
    customer = await people.get_whole(work, message.customer_id)
    if (
        customer is None
        or message.municipality not in open_relationships(customer)
        or not {customer.customer_id, *customer.merged}.isdisjoint(work.actor.withheld)
    ):
        raise NotFound("no such customer of the municipality's")
    fields = PersonForPartner.model_fields
    work.record_use(
        [customer.customer_id],
        rules.shown_data(customer, fields, work.rights, "none"),
        relation="none",
        organisation=message.partner,
    )
    person = rules.shown(customer, work.rights, "none").person
    told = person.model_dump(include=set(fields)) | {"safety_non_disclosure": customer.non_disclosure}
    return PersonForPartner.model_validate(told)
