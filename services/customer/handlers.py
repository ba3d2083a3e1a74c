"""What can be asked of the customer service: each function loads, asks the rules, changes and publishes."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.customer import (
    ChangeCustomer,
    ClientRelationship,
    CloseCustomer,
    Customer,
    CustomerCards,
    CustomerChanged,
    CustomerClosed,
    CustomerErased,
    CustomerHistory,
    CustomerOpened,
    CustomersFound,
    CustomerVersion,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    OpenCustomer,
    Person,
    SearchCustomers,
)
from contracts.envelope import Request
from services.customer import matching, repository, rules
from services.kit.clock import helsinki_date
from services.kit.code_lists import is_valid_municipality
from services.kit.erasure import erase_customer as erase_everything
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput
from services.kit.telemetry import log
from services.kit.work import Work


class KnownElsewhere(Conflict):
    """Another municipality has the person: nothing is opened beside it, a transfer is asked for."""

    code, title = "known-elsewhere", "Known elsewhere: ask for a transfer"


async def open_customer(message: OpenCustomer, work: Work) -> CustomerVersion:
    """Opens the acting municipality's relationship with a person not known, or again with a former customer."""
    _check_role(message, work)
    municipality, today = work.actor.organisation, helsinki_date(work.now)
    if not is_valid_municipality(municipality, today):
        raise Forbidden("Only a municipality opens customer relationships.")
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    _check_person(message.person, Person.model_fields, work, within="/person")

    opened = ClientRelationship(municipality=municipality, arrival=message.arrival, started_on=today)
    code = message.person.personal_identity_code
    known = await repository.find_by_identity_code(work, code) if code else None
    if known is None:
        before = None
        customer = Customer(customer_id=uuid7(), version=1, person=message.person, relationships=(opened,))
        await repository.add(work, customer)
    elif known.ever_here and not known.open_here and not known.open_elsewhere:
        before = await repository.get(work, known.customer_id, also_ended=True)
        customer = before.model_copy(
            update={
                "version": before.version + 1,
                "person": rules.updated(before.person, message.person),
                "relationships": (*before.relationships, opened),
            }
        )
        await repository.change(work, customer)
    else:
        raise _already_known(work, known)
    await repository.open_relationship(work, customer.customer_id, opened)
    await repository.add_history(
        work,
        customer,
        [
            *rules.differences(before.person if before else None, customer.person),
            rules.difference_of_relationship(None, opened),
        ],
        source=rules.source_at_opening(message.arrival),
    )
    await repository.record_names(work, customer)
    await work.publish(CustomerOpened(**dict(rules.public_state(customer)), municipality=municipality))
    return _version(customer)


async def get_customer(message: GetCustomer, work: Work) -> Customer:
    """The person, and the acting municipality's own relationships."""
    _check_role(message, work)
    return rules.seen_by(await repository.get(work, message.customer_id), work.actor.organisation)


async def change_customer(message: ChangeCustomer, work: Work) -> CustomerVersion:
    """Changes the person. A change that changes nothing makes no version; one that nobody outside sees, no event."""
    _check_role(message, work)
    before = await repository.lock(work, message.customer_id)
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    await _check_version(work, before, message.expected_version)
    if errors := rules.broken_by_source(message.source, helsinki_date(work.now)) + rules.emptied_fields(
        message.changes
    ):
        raise InvalidInput(errors=errors)
    person = rules.changed(before.person, message.changes)
    differences = rules.differences(before.person, person)
    if not differences:
        return _version(before)
    _check_person(person, [difference.field for difference in differences], work, within="/changes")

    code = person.personal_identity_code
    if (
        code
        and code != before.person.personal_identity_code
        and (known := await repository.find_by_identity_code(work, code))
    ):
        raise _already_known(work, known)
    after = before.model_copy(update={"version": before.version + 1, "person": person})
    await repository.change(work, after)
    await repository.add_history(work, after, differences, why=message.why, source=message.source)
    if any(difference.field == rules.NAME for difference in differences):
        await repository.record_names(work, after)
    state = rules.public_state(after)
    if state != rules.public_state(before):
        await work.publish(CustomerChanged(**dict(state)))
    return _version(after)


async def close_customer(message: CloseCustomer, work: Work) -> CustomerVersion:
    """Ends the acting municipality's relationship; the customer does not exist for it any more."""
    _check_role(message, work)
    # before the row: the right to it ended with the relationship, and a repeat must be answered all the same
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    before = await repository.lock(work, message.customer_id)
    await _check_version(work, before, message.expected_version)
    today = helsinki_date(work.now)
    if errors := rules.broken_by_closing(message.reason, today):
        raise InvalidInput(errors=errors)

    municipality = work.actor.organisation
    open_one = next(each for each in before.relationships if each.municipality == municipality and not each.ended_on)
    ended = open_one.model_copy(update={"ended_on": today, "end_reason": message.reason})
    after = before.model_copy(
        update={
            "version": before.version + 1,
            "relationships": tuple(ended if each is open_one else each for each in before.relationships),
        }
    )
    await repository.change(work, after)
    await repository.end_relationship(work, after.customer_id, ended)
    await repository.add_history(
        work, after, [rules.difference_of_relationship(open_one, ended)], source="municipality"
    )
    await repository.record_names(work, after)
    await work.publish(
        CustomerClosed(**dict(rules.public_state(after)), municipality=municipality, reason=message.reason)
    )
    return _version(after)


async def erase_customer(message: EraseCustomer, work: Work) -> CustomerVersion:
    """Erases a present or former customer of the acting municipality for good, unless another one has it open."""
    _check_role(message, work)
    # before the row: there is none when the first copy has done it
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    customer = await repository.lock(work, message.customer_id, also_ended=True)
    if any(not each.ended_on for each in customer.relationships if each.municipality != work.actor.organisation):
        raise Conflict("Another municipality has an open relationship with the customer.")
    words = await repository.forget_names(work, customer.customer_id)
    await erase_everything(work, customer.customer_id)
    await repository.forget_unused_words(work, words)
    await work.publish(CustomerErased(erased_customer_id=customer.customer_id), legal_basis="681/2023 77 §")
    return _version(customer)


async def get_customer_history(message: GetCustomerHistory, work: Work) -> CustomerHistory:
    """Every change of the person, whoever made it, and of the acting municipality's relationships."""
    _check_role(message, work)
    entries, more = await repository.get_history(work, message.customer_id, message.cursor, message.limit)
    return CustomerHistory(customer_id=message.customer_id, entries=entries, next_cursor=more)


async def get_customer_cards(message: GetCustomerCards, work: Work) -> CustomerCards:
    """Names for a list; those that the asker may not see are left out."""
    _check_role(message, work)
    return CustomerCards(cards=await repository.get_cards(work, message.customer_ids))


async def search_customers(message: SearchCustomers, work: Work) -> CustomersFound:
    """The acting municipality's customers; of another one's, only that a whole identity code is known there."""
    _check_role(message, work)
    if errors := rules.broken_by_searching(message, allow_test_codes=work.settings.allow_test_identity_codes):
        raise InvalidInput(errors=errors)
    hits, more = await repository.search(work, message, matching.words(message.name or ""))
    code = message.personal_identity_code
    known_elsewhere = code is not None and not hits and await repository.is_known_elsewhere(work, code)
    if known_elsewhere:
        _log_known_elsewhere(work)
    return CustomersFound(hits=hits, next_cursor=more, known_elsewhere=known_elsewhere)


def _check_role(message: Request[Any], work: Work) -> None:
    if not rules.may_ask(work.actor.role, type(message)):
        raise Forbidden("The role does not allow this.")


def _check_person(person: Person, fields: Collection[str], work: Work, *, within: str) -> None:
    errors = rules.broken_rules(
        person,
        fields,
        helsinki_date(work.now),
        allow_test_codes=work.settings.allow_test_identity_codes,
        within=within,
    )
    if errors:
        raise InvalidInput(errors=errors)


async def _check_version(work: Work, customer: Customer, expected: int) -> None:
    if customer.version != expected:
        raise ChangedMeanwhile(
            current_version=customer.version,
            changes=await repository.changes_after(work, customer.customer_id, expected),
        )


def _already_known(work: Work, known: Row[Any]) -> Conflict:
    """The answer that says as little as it can of a person whose identity code is on record."""
    if known.open_here or (known.ever_here and not known.open_elsewhere):
        return Conflict("The municipality has a customer with this personal identity code.")
    _log_known_elsewhere(work)
    return KnownElsewhere("A person with this personal identity code is the customer of another municipality.")


def _log_known_elsewhere(work: Work) -> None:
    """Who learned that another municipality has somebody: the official's opaque id, and nothing of the person."""
    log.info("customer.known_elsewhere", user=work.actor.user, organisation=work.actor.organisation)


def _version(customer: Customer) -> CustomerVersion:
    return CustomerVersion(customer_id=customer.customer_id, version=customer.version)
