"""What is done in a transfer, whoever does it: the turns of the handshake, and what acceptance moves."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.customer.people import ClientRelationship, Customer, Person
from contracts.customer.state import CustomerClosed, CustomerOpened
from contracts.customer.transfers import TransferChanged, TransferVersion
from contracts.handshake import HandshakeAct, Turn
from services.customer.handlers import duplicates, households
from services.customer.law.transfers import transfers_law
from services.customer.repository import families, history, people, search
from services.customer.repository import transfers as repository
from services.customer.rules import people as rules_of_people
from services.customer.rules import transfers as rules
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, Forbidden, NotFound, NotNow, check_current, check_input
from services.kit.handshake import Handshake, Refused, Side, after_turn, decide
from services.kit.work import Work

_RECEIVED_AS = {True: "moved", False: "authority_contact"}
"""How a customer comes, by whether a municipality gave him or her."""


async def request(work: Work, customer_id: UUID, transfer_id: UUID | None = None, **told: Any) -> TransferVersion:
    """Writes a new transfer; the customer's row, where there is one, is locked."""
    today, transfer_id = helsinki_date(work.now), transfer_id or uuid7()
    turn = Turn(version=1, act="request", organisation=told["requester"], acted_at=work.now)
    row = {
        "transfer_id": transfer_id,
        "customer_id": customer_id,
        "addressee": told["receiver"] if told["requester"] == told["giver"] else told["giver"],
        "legal_basis": rules.ground(told["giver"], told["receiver"], today).legal_basis,
        "version": 1,
        "state": "requested",
        "due_on": transfers_law().time_to_answer.last_day(today),
        "turns": [turn.model_dump(mode="json")],
        "created_at": work.now,
        "changed_at": work.now,
        **told,
    }
    await repository.add(work, **row)
    await _tell(work, row)
    return TransferVersion(transfer_id=transfer_id, version=1)


async def lock(work: Work, transfer_id: UUID, act: str, partner: str | None = None) -> Row[Any]:
    """The transfer and its customer, locked: after what is locked of the person whom an acceptance opens."""
    row = await repository.get(work, transfer_id, partner)
    if act == "accept" and row.person:
        told = _told(work, row)
        if told.personal_identity_code:
            if told.safety_non_disclosure:
                await families.lock_all(work)
            await people.lock_code(work, told.personal_identity_code)
    return await repository.lock(work, transfer_id, partner)


async def act_on(
    work: Work, row: Row[Any], act: HandshakeAct, organisation: str, *, expected: int | None = None, **told: Any
) -> TransferVersion:
    """Does what one side does: the first to come decides, the others are told the state."""
    today = helsinki_date(work.now)
    side: Side = "requester" if organisation == row.requester else "addressee"
    decided = decide(Handshake(row.state, row.due_on), act, side, today)
    if isinstance(decided, Refused):
        raise NotNow(decided, row.version)
    if decided.state == row.state:
        return TransferVersion(transfer_id=row.transfer_id, version=row.version)
    check_current(row.version, expected)
    check_input(rules.broken_by_answering(act, told, today))
    customer_id = await _move(work, row) if act == "accept" else row.customer_id
    return await _write(work, row, act, decided, organisation, customer_id=customer_id, **told)


async def follow(work: Work, transfer_id: UUID, act: HandshakeAct) -> None:
    """Does what time does, or what follows from another transfer's acceptance; nothing when it is over already."""
    row = await repository.by_id(work, transfer_id)
    if row is None:
        return
    await repository.lock_both(work, row.customer_id, transfer_id)
    row = await repository.by_id(work, transfer_id)
    if row is None:
        return
    side: Side | None = None if act == "expire" else "requester"
    decided = decide(Handshake(row.state, row.due_on), act, side, helsinki_date(work.now))
    if not isinstance(decided, Refused) and decided.state != row.state:
        await _write(work, row, act, decided, None)


async def _write(
    work: Work,
    row: Row[Any],
    act: HandshakeAct,
    decided: Handshake,
    organisation: str | None,
    *,
    customer_id: UUID | None = None,
    **told: Any,
) -> TransferVersion:
    changes = after_turn(row, act, decided, organisation, work.now, **told)
    changes["customer_id"] = customer_id or row.customer_id
    if decided.state not in ("requested", "more_asked"):
        changes["person"] = None  # opened, or none of our business any more
    await repository.change(work, row.transfer_id, **changes)
    await _tell(work, row._asdict() | changes)
    return TransferVersion(transfer_id=row.transfer_id, version=changes["version"])


async def _tell(work: Work, row: dict[str, Any]) -> None:
    told = {name: row[name] for name in TransferChanged.model_fields if name in row}
    await work.publish(
        TransferChanged(**told, review_needed=row["state"] == "accepted"), legal_basis=row["legal_basis"]
    )


async def _move(work: Work, row: Row[Any]) -> UUID:
    """Ends the giver's relationship and opens the receiver's, in the transaction of the acceptance; whose it is."""
    today = helsinki_date(work.now)
    told, before = await _before(work, row)
    _check_protection_of(work, before, row)
    relationships = list(before.relationships) if before else []
    held = rules.open_relationships(before) if before else set()
    if held - {row.giver}:
        raise Conflict("A municipality has the customer already: reject the transfer.")
    person = rules_of_people.updated(told, before.person) if told and before else told or (before and before.person)
    assert person is not None
    ended = [
        (each, each.model_copy(update={"ended_on": today, "end_reason": rules.REASON_OF_CLOSING}))
        for each in relationships
        if not each.ended_on
    ]
    for each, after_end in ended:
        relationships[relationships.index(each)] = after_end
    opened = None
    if rules.is_municipality(row.receiver, today):
        arrival = _RECEIVED_AS[rules.is_municipality(row.giver, today)]
        opened = ClientRelationship.model_validate(
            {"municipality": row.receiver, "arrival": arrival, "started_on": today}
        )
        relationships.append(opened)
    if before:
        now = {"version": before.version + 1, "person": person, "relationships": tuple(relationships)}
        after = before.model_copy(update=now)
    else:
        after = Customer(customer_id=row.customer_id, version=1, person=person, relationships=tuple(relationships))
    await _write_customer(work, before, after, ended, opened)
    states = [rules_of_people.public_state(after)]
    for alias in after.merged:
        states.append(rules_of_people.public_state(await people.get_record(work, alias), after.customer_id))
    for state in map(dict, states):
        for each, _ in ended:
            closed = CustomerClosed(**state, municipality=each.municipality, reason=rules.REASON_OF_CLOSING)
            await work.publish(closed, legal_basis=row.legal_basis)
        if opened:
            await work.publish(CustomerOpened(**state, municipality=opened.municipality), legal_basis=row.legal_basis)
    for other in await repository.others_awaited(work, (after.customer_id, *after.merged), row.transfer_id):
        await follow(work, other, "withdraw")
    return after.customer_id


def _told(work: Work, row: Row[Any]) -> Person:
    """The person as a partner told of him or her."""
    return Person.model_validate_json(work.encryption.decrypt(row.person, row.transfer_id))


async def _before(work: Work, row: Row[Any]) -> tuple[Person | None, Customer | None]:
    """What a partner told of a person, and the customer whom a transfer is about; no customer: somebody new."""
    if row.person:
        told = _told(work, row)
        code, protects = told.personal_identity_code, told.safety_non_disclosure
        known = await people.lock_by_identity_code(work, code, with_household=protects) if code else None
        if known is None:
            return told, None
        if not known.by_own_code:  # it is that of a record merged into this one, and stays there
            told = told.model_copy(update={"personal_identity_code": None})
        return told, await people.get_whole(work, known.customer_id)
    customer = await people.get_whole(work, row.customer_id)
    if customer is None:
        raise NotFound("no such transfer")
    return None, customer


async def _write_customer(
    work: Work,
    before: Customer | None,
    after: Customer,
    ended: list[tuple[ClientRelationship, ClientRelationship]],
    opened: ClientRelationship | None,
) -> None:
    """Writes the person and both relationships, and tells each municipality's history its own."""
    if before:
        await people.change(work, after)
        if after.person.safety_non_disclosure != before.person.safety_non_disclosure:
            await households.protect(work, await households.lock(work, after.customer_id))
    else:
        await people.add(work, after)
    for record in (after.customer_id, *after.merged):  # else the receiver would not be told what merged records hold
        for _, each in ended:
            await people.end_relationship(work, record, each)
        if opened:
            await people.open_relationship(work, record, opened)
    source = "municipality" if ended else "authority_contact"
    differences = rules_of_people.differences(before.person if before else None, after.person)
    changes = [
        *((each.municipality, [rules_of_people.difference_of_relationship(each, end)]) for each, end in ended),
        *([(opened.municipality, [rules_of_people.difference_of_relationship(None, opened)])] if opened else []),
    ]
    for municipality, of_relationship in changes:
        await history.add_history(work, after, of_relationship, source=source, organisation=municipality)
    if differences:
        await history.add_history(work, after, differences, source=source)
    await search.record_names(work, after)
    await duplicates.suspect(work, after)


def check_protection(work: Work, customer: Customer) -> None:
    """A customer under non-disclosure is handed over by hand of those who may handle such data (661/2009 37 §)."""
    if customer.non_disclosure and not work.rights.allows("protected_contact", "own"):
        raise Forbidden(errors=[rules.error("/customer_id", "protected")])


def _check_protection_of(work: Work, customer: Customer | None, row: Row[Any]) -> None:
    if customer and row.giver == work.actor.municipality:
        check_protection(work, customer)
    elif customer and customer.non_disclosure and row.protected is False:  # nobody with the power has decided on it
        raise Conflict("The customer's data have changed since the offer: it is to be made again.")
