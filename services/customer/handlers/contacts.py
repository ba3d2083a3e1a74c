"""Contacts from other authorities: taking them up, showing them, and deciding what becomes of them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from contracts.customer.contacts import (
    CONTACT_DATA,
    Contact,
    ContactCard,
    ContactReceived,
    Contacts,
    ContactVersion,
    GetContact,
    ListContacts,
    ReceiveContact,
    ReceivingParty,
    ReceivingPartySet,
    ResolveContact,
    SetReceivingParty,
)
from contracts.types import PersonName
from services.customer.handlers.people import open_relationship
from services.customer.handlers.records import relation_to
from services.customer.law import law_on
from services.customer.repository import contacts as repository
from services.customer.repository import people
from services.customer.rules import contacts as rules
from services.customer.rules.people import data_of
from services.kit.actor import service_actor
from services.kit.clock import end_of_day, helsinki_date
from services.kit.errors import Conflict, Forbidden, check_current, check_input
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log
from services.kit.words import words
from services.kit.work import Cause, Work

FORGETTING_SECONDS = 3600.0


async def receive_contact(message: ReceiveContact, work: Work) -> ContactReceived:
    """Takes a report to the open contact about the same person, or to a new one; the very same report once."""
    _refuse_limited(work)
    if done := await work.outcome_of_repeat(ContactReceived):
        return done
    own = None if work.actor.is_service else work.actor.organisation
    check_input(
        rules.broken_by_receiving(
            message, helsinki_date(work.now), own=own, allow_test_codes=work.settings.allow_test_identity_codes
        )
    )
    person = message.report.person
    await repository.in_turn(work, message.municipality)
    contact_id = await repository.find_reported(work, message)
    if contact_id is None:
        known = await repository.find_open(work, message.municipality, person)
        contact_id = known.contact_id if known else await repository.add(work, message.municipality, person)
        await repository.add_report(work, contact_id, message)
    if own:
        work.record_use(data=CONTACT_DATA, relation="none", words=words(person.name.family))
    return ContactReceived(contact_id=contact_id)


async def list_contacts(message: ListContacts, work: Work) -> Contacts:
    """The acting municipality's contacts, and who of it takes them up."""
    _refuse_limited(work)
    rows, more = await repository.page(work, message)
    party = await repository.receiving_party(work)
    work.record_use(
        [each.customer_id for each in rows if each.customer_id], CONTACT_DATA, relation="none", found=len(rows)
    )
    return Contacts(
        receiving_party=party
        and ReceivingParty(unit=party.unit, users=tuple(party.users), is_you=work.actor.user in party.users),
        contacts=tuple(
            ContactCard(
                name=PersonName(family=row.family_name, given=row.given_name),
                days_since_received=_days_since(work, row),
                **{name: value for name, value in row._asdict().items() if name in ContactCard.model_fields},
            )
            for row in rows
        ),
        next_cursor=more,
    )


async def get_contact(message: GetContact, work: Work) -> Contact:
    """A contact of the acting municipality, with every report; of a customer's what may be seen of the customer."""
    _refuse_limited(work)
    row = await repository.get(work, message.contact_id)
    work.record_use(_customers(row), CONTACT_DATA, relation="none", words=words(row.family_name))
    contact = Contact(
        reports=await repository.reports(work, row.contact_id),
        passed_on=await repository.passings(work, row.contact_id),
        days_since_received=_days_since(work, row),
        **{name: value for name, value in row._asdict().items() if name in Contact.model_fields},
    )
    if row.customer_id is None:
        return contact
    customer = await people.get(work, row.customer_id)
    relation, data = relation_to(work, customer), data_of("contact", customer)
    if not work.rights.allows(data, relation):
        return rules.masked(contact)
    work.record_use([customer.customer_id], [data], relation=relation, words=words(customer.person.name.family))
    return contact


async def resolve_contact(message: ResolveContact, work: Work) -> ContactVersion:
    """Makes the person a customer, attaches the contact to one, passes it on, or closes it."""
    _refuse_limited(work)
    # before the row: one that was passed on does not exist here any more
    if done := await work.outcome_of_repeat(ContactVersion):
        return done
    row = await repository.get(work, message.contact_id, locked=True)
    check_current(row.version, message.expected_version)
    if row.state != repository.OPEN:
        raise Conflict("The contact has been resolved already.")
    own = work.actor.organisation
    check_input(rules.broken_by_resolving(message, helsinki_date(work.now), own=own))
    work.record_use(_customers(row), CONTACT_DATA, relation="none", words=words(row.family_name))
    if message.municipality:
        return await _pass_on(work, row, message)
    customer_id = await _customer(work, row, message)
    if customer_id:
        await repository.attach(work, row.contact_id, customer_id)
    ended = {"ended_at": work.now, "ended_by": work.actor.user}
    version = await repository.change(
        work, row.contact_id, ended | {"state": message.outcome, "reason": message.reason}
    )
    return ContactVersion(contact_id=row.contact_id, version=version, customer_id=customer_id)


async def _customer(work: Work, row: Row[Any], message: ResolveContact) -> UUID | None:
    """The customer that the contact leads to: opened now, or one that the actor reaches."""
    if message.outcome == "opened":
        newest = (await repository.reports(work, row.contact_id))[-1].report.person
        code = repository.code_of(work, row)  # which an older report may have told
        told = message.person or rules.as_customer(newest.model_copy(update={"personal_identity_code": code}))
        opened = await open_relationship(work, told, "authority_contact")
        return opened.customer_id
    if message.customer_id is None:
        return None
    customer = await people.lock(work, message.customer_id)
    work.record_use(
        [customer.customer_id], ["identity"], relation=work.rights.related, words=words(customer.person.name.family)
    )
    return customer.customer_id


async def _pass_on(work: Work, row: Row[Any], message: ResolveContact) -> ContactVersion:
    """From now on the contact lives in the other municipality, joined to what is open there about the same person."""
    municipality = message.municipality or ""
    await work.beyond_the_border("a contact that is passed on lives in the other municipality")
    await repository.in_turn(work, municipality)
    await repository.pass_on(work, row.contact_id, message.why)
    if same := await repository.find_same(work, municipality, row):
        await repository.join(work, row, same.contact_id)
        return ContactVersion(contact_id=row.contact_id, version=row.version + 1)
    version = await repository.change(work, row.contact_id, {"municipality": municipality})
    return ContactVersion(contact_id=row.contact_id, version=version)


async def set_receiving_party(message: SetReceivingParty, work: Work) -> ReceivingPartySet:
    """Names who takes up the acting municipality's contacts."""
    _refuse_limited(work)
    if done := await work.outcome_of_repeat(ReceivingPartySet):
        return done
    await repository.set_receiving_party(work, message)
    work.record_use(data=message.DATA, relation="none")
    return ReceivingPartySet(municipality=work.actor.organisation)


async def forget_contacts(parts: Parts) -> None:
    """Deletes once an hour the contacts that led to no customer and have been kept as long as the law lets them."""
    while True:
        try:
            cause = str(uuid4())
            async with parts.unit_of_work.begin(service_actor(parts.name), Cause(cause, cause)) as work:
                today = helsinki_date(work.now)
                kept_from = law_on(today).contact_kept.first_day_kept(today)
                await repository.forget(work, end_of_day(kept_from - timedelta(days=1)))
        except Exception as error:
            log.warning("contacts.forgetting_waits", service=parts.name, **describe_error(error))
        await asyncio.sleep(FORGETTING_SECONDS)


def _refuse_limited(work: Work) -> None:
    """Contacts are the municipality's own: who acts for it from outside, or for certain customers, sees none."""
    actor = work.actor
    if actor.customers is not None or actor.granted_by:
        raise Forbidden("The right is for certain customers: it covers no contacts.")


def _customers(row: Row[Any]) -> list[UUID]:
    return [row.customer_id] if row.customer_id else []


def _days_since(work: Work, row: Row[Any]) -> int:
    return (helsinki_date(work.now) - helsinki_date(row.received_at)).days
