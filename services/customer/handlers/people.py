"""Opening, reading, changing, closing and erasing customers, and their history."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.customer.open_matters import GetOpenMatters, OpenMatter, OpenMatters
from contracts.customer.people import (
    Arrival,
    ChangeCustomer,
    ClientRelationship,
    CloseCustomer,
    Customer,
    CustomerCard,
    CustomerCards,
    CustomerHistory,
    CustomerVersion,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    GetNameForDocument,
    OpenCustomer,
    Person,
)
from contracts.customer.state import CustomerChanged, CustomerClosed, CustomerErased, CustomerOpened
from services.customer.handlers import duplicates, households
from services.customer.handlers.records import check_version, relation_to
from services.customer.repository import families, history, people, search, transfers
from services.customer.rules import people as rules
from services.customer.rules.duplicates import FACTS
from services.kit.clock import helsinki_date
from services.kit.code_lists import is_valid_municipality
from services.kit.erasure import erase_customer as erase_everything
from services.kit.errors import Conflict, Forbidden, NotFound, check_input
from services.kit.rights import Reach
from services.kit.words import words
from services.kit.work import Work

_FORMER = Reach(related=False, former=True, named_only=False, emergency=False, withheld=False)
"""A former customer who comes back."""


class FormerCode(Conflict):
    """Somebody had the code before: it may be the same person, or one to whom it was recorded by mistake."""

    code, title = "former-identity-code", "A customer had this personal identity code before"


class KnownElsewhere(Conflict):
    """Another municipality has the person: nothing is opened beside it, a transfer is asked for."""

    code, title = "known-elsewhere", "Known elsewhere: ask for a transfer"


class MattersOpen(Conflict):
    """Something is open of the customer, and neither dealt with nor acknowledged."""

    code, title = "open-matters", "Something is open: deal with it or acknowledge it"

    def __init__(self, matters: Iterable[OpenMatter]) -> None:
        super().__init__(errors=rules.broken_by_open_matters(matters))


async def open_customer(message: OpenCustomer, work: Work) -> CustomerVersion:
    """Opens the acting municipality's relationship with a person not known, or again with a former customer."""
    check_may_open(work)
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    opened = await open_relationship(
        work, message.person, message.arrival, code_was_of_another=message.code_was_of_another
    )
    await duplicates.told_apart(work, opened.customer_id, message.not_same_as)
    return opened


def check_may_open(work: Work) -> None:
    """Raises Forbidden unless the actor may open customer relationships."""
    may_open = work.rights.allows("identity", "own") and work.rights.allows("relationship", "own")
    if not may_open or not is_valid_municipality(work.actor.organisation, helsinki_date(work.now)):
        raise Forbidden("Only a municipality opens customer relationships.")
    if work.actor.customers is not None:
        raise Forbidden("The right is for certain customers: it opens no others.")


async def open_relationship(
    work: Work, person: Person, arrival: Arrival, *, code_was_of_another: bool = False
) -> CustomerVersion:
    """The same, of whoever has the right to it and has asked for the outcome of a repeat."""
    municipality, today = work.actor.organisation, helsinki_date(work.now)
    _check_person(person, Person.model_fields, work, within="/person")

    opened = ClientRelationship(municipality=municipality, arrival=arrival, started_on=today)
    code = person.personal_identity_code
    await work.beyond_the_border("a person is one national record, and a new one has no relationship yet")
    protects = person.safety_non_disclosure  # and the household of whoever is known
    if code and protects:
        await families.lock_all(work)
    known = await people.lock_by_identity_code(work, code, with_household=protects) if code else None
    if errors := rules.broken_by_opening(None, person, work.rights):
        raise Forbidden(errors=errors)
    if known is None:
        if code and not code_was_of_another and (had := await people.find_by_former_code(work, code)):
            raise _told_of_code(FormerCode("Find out who that is; if another person, say so."), had, code)
        before = None
        customer = Customer(customer_id=uuid7(), version=1, person=person, relationships=(opened,))
        await people.add(work, customer)
    elif known.ever_here and not known.open_here and not known.open_elsewhere and not known.withheld:
        before = await people.get(work, known.customer_id, _FORMER)
        told = person
        if not known.by_own_code:  # it is that of a record merged into this one, and stays there
            told = told.model_copy(update={"personal_identity_code": None})
        if errors := rules.broken_by_opening(before, person, work.rights):
            raise Forbidden(errors=errors)
        customer = before.model_copy(
            update={
                "version": before.version + 1,
                "person": rules.updated(before.person, told),
                "relationships": (*before.relationships, opened),
            }
        )
        await people.change(work, customer)
        if customer.person.safety_non_disclosure != before.person.safety_non_disclosure:
            await households.protect(work, await households.lock(work, customer.customer_id))
    else:
        raise _already_known(work, known, code)
    for each in (customer.customer_id, *customer.merged):  # relationships of records merged are one with this
        await people.open_relationship(work, each, opened)
    await history.add_history(
        work,
        customer,
        [
            *rules.differences(before.person if before else None, customer.person),
            rules.difference_of_relationship(None, opened),
        ],
        source=rules.source_at_opening(arrival),
    )
    await search.record_names(work, customer)
    await duplicates.suspect(work, customer)
    _record_use(work, customer, [field for field, _, new in rules.differences(None, customer.person) if new])
    await work.publish(CustomerOpened(**dict(rules.public_state(customer)), municipality=municipality))
    for each in customer.merged:
        alias = rules.public_state(await people.get_record(work, each), customer.customer_id)
        await work.publish(CustomerOpened(**dict(alias), municipality=municipality))
    return _version(customer)


async def get_customer(message: GetCustomer, work: Work) -> Customer:
    """The person, and the acting municipality's own relationships; what the policy masks is named, and empty."""
    customer = await people.get(work, message.customer_id)
    _record_use(work, customer, [*Person.model_fields, rules.RELATIONSHIP])
    return rules.shown(customer, work.rights, relation_to(work, customer))


async def change_customer(message: ChangeCustomer, work: Work) -> CustomerVersion:
    """Changes the person. A change that changes nothing makes no version; one that nobody outside sees, no event."""
    household: tuple[UUID, ...] = ()
    protects = "safety_non_disclosure" in message.changes.model_fields_set
    if protects or message.changes.personal_identity_code:
        reached = await people.get(work, message.customer_id)  # else who is not reached would wait for locks
        if protects:
            await families.lock_all(work)
        if message.changes.personal_identity_code:
            await people.lock_code(work, message.changes.personal_identity_code)
        if protects:
            household = await households.lock(work, reached.customer_id)
    before = await people.lock(work, message.customer_id)
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    await check_version(work, before, message.expected_version)
    relation = relation_to(work, before)
    if errors := rules.broken_by_protection(message.changes.model_fields_set, before, work.rights, relation):
        raise Forbidden(errors=errors)
    check_input(rules.broken_by_source(message.source, helsinki_date(work.now)) + rules.emptied_fields(message.changes))
    person = rules.changed(before.person, message.changes)
    differences = rules.differences(before.person, person)
    _record_use(work, before, [difference.field for difference in differences])
    if not differences:
        return _version(before)
    _check_person(person, [difference.field for difference in differences], work, within="/changes")

    code = person.personal_identity_code
    if (
        code
        and code != before.person.personal_identity_code
        and (known := await people.find_by_identity_code(work, code))
    ):
        raise _already_known(work, known, code)
    after = await record_change(work, before, person, household, source=message.source, why=message.why)
    return _version(after)


async def record_change(
    work: Work, before: Customer, person: Person, household: tuple[UUID, ...] = (), *, source: str, why: str | None
) -> Customer:
    """Writes the changed person and what was changed, and tells who must hear; the customer is locked.

    `household`: who shares it, locked, when the non-disclosure may change.
    """
    differences = rules.differences(before.person, person)
    after = before.model_copy(update={"version": before.version + 1, "person": person})
    await people.change(work, after)
    await history.add_history(work, after, differences, why=why, source=source)
    if any(difference.field == rules.NAME for difference in differences):
        await search.record_names(work, after)
    if any(difference.field in FACTS for difference in differences):
        await duplicates.suspect(work, after)
    await households.protect(work, household)
    state = rules.public_state(after)
    if state != rules.public_state(before):
        await work.publish(CustomerChanged(**dict(state)))
    return after


async def close_customer(message: CloseCustomer, work: Work) -> CustomerVersion:
    """Ends the acting municipality's relationship; the customer does not exist for it any more."""
    # before the row: the right to it ended with the relationship, and a repeat must be answered all the same
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    before = await people.lock(work, message.customer_id, rules.RELATIONSHIP)
    await check_version(work, before, message.expected_version)
    _record_use(work, before, [rules.RELATIONSHIP])
    today = helsinki_date(work.now)
    check_input(rules.broken_by_closing(message.reason, today))

    municipality = work.actor.organisation
    matters = await transfers.open_matters(work, (before.customer_id, *before.merged), municipality)
    if left := [each for each in matters if not (each.may_be_acknowledged and each.matter_id in message.acknowledged)]:
        raise MattersOpen(left)
    open_one = next(each for each in before.relationships if each.municipality == municipality and not each.ended_on)
    ended = open_one.model_copy(update={"ended_on": today, "end_reason": message.reason})
    after = before.model_copy(
        update={
            "version": before.version + 1,
            "relationships": tuple(ended if each is open_one else each for each in before.relationships),
        }
    )
    await people.change(work, after)
    await people.end_relationship(work, after.customer_id, ended)
    await history.add_history(work, after, [rules.difference_of_relationship(open_one, ended)], source="municipality")
    await search.record_names(work, after)
    closed: dict[str, Any] = {"municipality": municipality, "reason": message.reason, "by_hand": True}
    await work.publish(CustomerClosed(**dict(rules.public_state(after)), **closed))
    for each in after.merged:  # relationships of records merged are one with this
        await people.end_relationship(work, each, ended)
        alias = rules.public_state(await people.get_record(work, each), after.customer_id)
        await work.publish(CustomerClosed(**dict(alias), **closed))
    return _version(after)


async def get_open_matters(message: GetOpenMatters, work: Work) -> OpenMatters:
    """What stands in the way of ending the acting municipality's relationship."""
    customer = await people.get(work, message.customer_id, work.rights.reach(rules.RELATIONSHIP))
    _record_use(work, customer, [rules.RELATIONSHIP])
    ids = (customer.customer_id, *customer.merged)
    return OpenMatters(matters=await transfers.open_matters(work, ids, work.actor.municipality))


async def erase_customer(message: EraseCustomer, work: Work) -> CustomerVersion:
    """Erases a present or former customer of the acting municipality for good, unless another one has it open."""
    # before the row: there is none when the first copy has done it
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    known = await people.get(work, message.customer_id)
    household = await households.lock(work, known.customer_id, *known.merged)
    customer = await people.lock(work, message.customer_id)
    _record_use(work, customer, [*Person.model_fields, rules.RELATIONSHIP])
    if any(not each.ended_on for each in customer.relationships if each.municipality != work.actor.organisation):
        raise Conflict("Another municipality has an open relationship with the customer.")
    words = await search.forget_names(work, customer.customer_id)
    for each in (*customer.merged, customer.customer_id):
        await erase_everything(work, each)
        await work.publish(CustomerErased(erased_customer_id=each), legal_basis="681/2023 77 §")
    await search.forget_unused_words(work, words)
    await households.protect(work, [each for each in household if each not in (customer.customer_id, *customer.merged)])
    return _version(customer)


async def get_customer_history(message: GetCustomerHistory, work: Work) -> CustomerHistory:
    """Every change of the person, whoever made it and in whichever record; of relationships the municipality's own."""
    customer = await people.get(work, message.customer_id)
    relation = relation_to(work, customer)
    fields = rules.visible_fields(customer, work.rights, relation)
    entries, more = await history.get_history(work, customer, fields, message.cursor, message.limit)
    beside = await history.changes_beside(work, customer, entries)
    shown = rules.shown_history(entries, beside, customer, work.rights, relation)
    tells_arrival = any(each.version == 1 and each.source != rules.MASKED for each in shown)
    seen = {each.field for each in shown if not each.masked} | ({rules.RELATIONSHIP} if tells_arrival else set())
    _record_use(work, customer, seen)
    return CustomerHistory(customer_id=customer.customer_id, entries=shown, next_cursor=more)


async def get_customer_cards(message: GetCustomerCards, work: Work) -> CustomerCards:
    """Names for a list; those that the asker may not see are left out."""
    cards = await people.get_cards(work, message.customer_ids)
    work.record_use([each.customer_id for each in cards], ["identity"], relation=work.rights.related)
    return CustomerCards(cards=cards)


async def get_name_for_document(message: GetNameForDocument, work: Work) -> CustomerCard:
    """Whom a document is about, of an alias the record kept; asked by the service alone that makes documents."""
    if work.actor.role != "service_records":
        raise Forbidden("Names for documents are given to the records service.")
    customer = await people.get_whole(work, message.customer_id)
    if customer is None:
        raise NotFound("no such customer")
    work.record_use([customer.customer_id], ["identity"], relation="none")
    name, born = customer.person.name, customer.person.date_of_birth
    return CustomerCard(customer_id=customer.customer_id, name=name, date_of_birth=born)


def _record_use(work: Work, customer: Customer, fields: Collection[str]) -> None:
    relation = relation_to(work, customer)
    work.record_use(
        [customer.customer_id],
        rules.shown_data(customer, fields, work.rights, relation),
        relation=relation,
        words=words(customer.person.name.family),
    )


def _check_person(person: Person, fields: Collection[str], work: Work, *, within: str) -> None:
    check_input(
        rules.broken_rules(
            person,
            fields,
            helsinki_date(work.now),
            allow_test_codes=work.settings.allow_test_identity_codes,
            within=within,
        )
    )


def _already_known(work: Work, known: Row[Any], code: str | None) -> Conflict:
    """The answer that says as little as it can of a person whose identity code is on record."""
    here = known.open_here or (known.ever_here and not known.open_elsewhere)
    if here and not known.withheld:
        conflict = Conflict("The municipality has a customer with this personal identity code.")
    else:
        conflict = KnownElsewhere(
            "A person with this personal identity code is or was another municipality's customer."
        )
    return _told_of_code(conflict, [known.customer_id], code)


def _told_of_code(conflict: Conflict, customer_ids: Collection[UUID], code: str | None) -> Conflict:
    conflict.use = {
        "customers": customer_ids,
        "data": ["existence"],
        "relation": "foreign",
        "denied": False,  # that somebody has, or had, the code was told
        "sealed": {"personal_identity_code": code},
        "words": [code],
    }
    return conflict


def _version(customer: Customer) -> CustomerVersion:
    return CustomerVersion(customer_id=customer.customer_id, version=customer.version)
