"""Transfers: offering and asking for customers, the turns of the handshake, and what acceptance moves."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.customer.people import ClientRelationship, Customer, Person
from contracts.customer.state import CustomerClosed, CustomerOpened
from contracts.customer.transfers import (
    AcceptTransfer,
    AnswerTransferForPartner,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    GetTransferForPartner,
    ListTransfers,
    OfferTransfer,
    PartnerTransfer,
    RejectTransfer,
    ReplyToTransfer,
    RequestTransferForPartner,
    Transfer,
    TransferChanged,
    Transfers,
    TransferVersion,
    WithdrawTransfer,
)
from contracts.envelope import FieldError
from contracts.handshake import HandshakeAct, Turn
from services.customer.handlers import duplicates, households
from services.customer.law.transfers import transfers_law
from services.customer.repository import families, history, people, search
from services.customer.repository import transfers as repository
from services.customer.rules import people as rules_of_people
from services.customer.rules import transfers as rules
from services.kit.actor import service_actor
from services.kit.background import work_off
from services.kit.clock import helsinki_date
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound, NotNow
from services.kit.handshake import Handshake, Refused, decide
from services.kit.identity_code import InvalidIdentityCode, check
from services.kit.parts import Parts
from services.kit.work import Cause, UnitOfWork, Work

EVERY_SECONDS = 60.0
MOST_AT_ONCE = 500
_RECEIVED_AS = {True: "moved", False: "authority_contact"}
"""How a customer comes, by whether a municipality gave him or her."""


async def offer_transfer(message: OfferTransfer, work: Work) -> TransferVersion:
    """Offers a customer: the receiver sees a preview that identifies nobody."""
    # before the row: the right to it may have gone with the transfer, and a repeat must be answered all the same
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    giver, today = work.actor.municipality, helsinki_date(work.now)
    customer = await people.lock(work, message.customer_id, "transfer")
    _check_protection(work, customer)
    ids = (customer.customer_id, *customer.merged)
    errors = rules.broken_by_offering(giver, message.receiver, message.reason, message.consent, today)
    if errors:
        raise InvalidInput(errors=errors)
    if await repository.is_requested(work, ids, giver):
        raise Conflict("A transfer of the customer awaits an answer: withdraw it first.")
    arrival = next(each.arrival for each in customer.relationships if each.municipality == giver and not each.ended_on)
    has_assessment = await repository.has_assessment(work, ids, giver)
    person = customer.person.model_copy(update={"first_residence_permit": customer.first_permit})
    work.record_use([customer.customer_id], ["transfer"], relation=work.rights.related)
    return await _request(
        work,
        customer.customer_id,
        giver=giver,
        receiver=message.receiver,
        requester=giver,
        reason=message.reason,
        consent=message.consent and message.consent.model_dump(mode="json"),
        preview=rules.preview(person, arrival, has_assessment, today).model_dump(mode="json"),
        protected=customer.non_disclosure,
    )


async def ask_for_transfer(message: AskForTransfer, work: Work) -> TransferVersion:
    """Asks whoever holds the person with this code; the asker hears no more than that it was delivered."""
    receiver, today = work.actor.organisation, helsinki_date(work.now)
    may_ask = work.rights.allows("existence", "foreign") and work.actor.customers is None
    if not may_ask or work.actor.granted_by or not rules.is_municipality(receiver, today):
        raise Forbidden("Only a municipality asks for transfers.")
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    code = message.personal_identity_code
    errors = rules.broken_by_asking(message.reason, message.consent, today, consent_needed=True)
    try:
        check(code, allow_test_codes=work.settings.allow_test_identity_codes)
    except InvalidIdentityCode as error:
        told = rules_of_people.RULES[error.rule]
        errors.append(FieldError(pointer="/personal_identity_code", rule=error.rule, detail=told))
    if errors:
        raise InvalidInput(errors=errors)
    await work.beyond_the_border("whoever holds the person with a whole identity code is asked")
    known = await people.lock_by_identity_code(work, code)
    giver = await repository.holder(work, known.customer_id) if known else None
    asked = known.customer_id if known and giver and not known.withheld else None
    use: dict[str, Any] = {
        "customers": [asked] if asked else [],
        "data": ["existence"],
        "relation": "foreign",
        "sealed": {"personal_identity_code": code},
        "words": [code],
    }
    if asked is None or giver is None:
        nobody = NotFound("Nobody has a customer with this personal identity code: open one.")
        nobody.use = use
        raise nobody
    if giver == receiver:
        own = Conflict("The municipality has or had the customer itself: read or open it.")
        own.use = use | {"denied": False}
        raise own
    if await repository.is_requested(work, await families.ids_of(work, [asked]), receiver):
        twice = Conflict("The transfer was asked for already, and awaits an answer.")
        twice.use = use | {"denied": False}
        raise twice
    work.record_use(**use)
    return await _request(
        work,
        asked,
        giver=giver,
        receiver=receiver,
        requester=receiver,
        reason=message.reason,
        consent=message.consent.model_dump(mode="json"),
    )


async def request_transfer_for_partner(message: RequestTransferForPartner, work: Work) -> TransferVersion:
    """Takes a person from the employment authority: sealed until the municipality accepts."""
    _check_partner(message.partner, work)
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    today, person = helsinki_date(work.now), message.person
    errors = rules.broken_by_partner(
        message.municipality,
        message.reason,
        person,
        today,
        allow_test_codes=work.settings.allow_test_identity_codes,
    )
    if errors:
        raise InvalidInput(errors=errors)
    code = person.personal_identity_code
    known = await people.lock_by_identity_code(work, code) if code else None
    customer_id = known.customer_id if known else uuid7()
    if await repository.is_requested(work, await families.ids_of(work, [customer_id]), message.partner):
        raise Conflict("A transfer of the person awaits an answer: withdraw it first.")
    transfer_id = uuid7()
    work.record_use([known.customer_id] if known else [], ["transfer"], relation="none", organisation=message.partner)
    return await _request(
        work,
        customer_id,
        transfer_id,
        giver=message.partner,
        receiver=message.municipality,
        requester=message.partner,
        reason=message.reason,
        preview=rules.preview(person, "authority_contact", None, today).model_dump(mode="json"),
        person=work.encryption.encrypt(person.model_dump_json(), transfer_id),
    )


async def get_transfer(message: GetTransfer, work: Work) -> Transfer:
    """One transfer as the acting organisation may see it."""
    row = await repository.get(work, message.transfer_id)
    _record_use(work, row)
    return rules.shown(row, work.actor.municipality, helsinki_date(work.now))


async def list_transfers(message: ListTransfers, work: Work) -> Transfers:
    """Transfers of the acting organisation, a page at a time."""
    rows, more = await repository.find(work, message)
    for relation in ("own", "offered"):
        ids = [row.customer_id for row in rows if row.is_own == (relation == "own")]
        work.record_use(ids, ["transfer"] if ids else [], relation=relation, found=len(ids))
    shown = [rules.shown(row, work.actor.municipality, helsinki_date(work.now)) for row in rows]
    return Transfers(transfers=tuple(map(rules.card, shown)), next_cursor=more)


async def accept_transfer(message: AcceptTransfer, work: Work) -> TransferVersion:
    """Moves the responsibility, in this commit."""
    return await _answer(message, "accept", work, responsible=message.responsible.model_dump(mode="json"))


async def reject_transfer(message: RejectTransfer, work: Work) -> TransferVersion:
    """Leaves everything as it is."""
    return await _answer(message, "reject", work, reason=message.reason, text=message.text)


async def ask_more_of_transfer(message: AskMoreOfTransfer, work: Work) -> TransferVersion:
    """Gives the turn to the requester."""
    return await _answer(message, "ask_more", work, text=message.text)


async def reply_to_transfer(message: ReplyToTransfer, work: Work) -> TransferVersion:
    """Gives the turn back to the addressee."""
    return await _answer(message, "reply", work, text=message.text)


async def withdraw_transfer(message: WithdrawTransfer, work: Work) -> TransferVersion:
    """Ends what was not answered."""
    return await _answer(message, "withdraw", work)


async def answer_transfer_for_partner(message: AnswerTransferForPartner, work: Work) -> TransferVersion:
    """What the employment authority does in a transfer of its own."""
    _check_partner(message.partner, work)
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    row = await _lock(work, message.transfer_id, message.act, message.partner)
    work.record_use([row.customer_id], ["transfer"], relation="none", organisation=message.partner)
    told = message.model_dump(mode="json", include={"responsible", "reason", "text"})
    return await _act(work, row, message.act, message.partner, **told)


async def get_transfer_for_partner(message: GetTransferForPartner, work: Work) -> PartnerTransfer:
    """A transfer of the employment authority's; the customer's data while it has the customer, having accepted."""
    _check_partner(message.partner, work)
    row = await repository.get(work, message.transfer_id, message.partner)
    transfer = rules.shown(row, message.partner, helsinki_date(work.now))
    person, data = None, {"transfer"}
    if row.state == "accepted" and row.receiver == message.partner:
        customer = await people.get_whole(work, row.customer_id)
        if customer is None:
            raise NotFound("no such transfer")
        ids = (customer.customer_id, *customer.merged)
        if not rules.has_gone_on(customer, row) and not await repository.is_accepted_after(work, ids, row.changed_at):
            person = rules_of_people.shown(customer, work.rights, "none").person
            data |= rules_of_people.shown_data(customer, Person.model_fields, work.rights, "none")
    work.record_use([row.customer_id], data, relation="none", organisation=message.partner)
    return PartnerTransfer(transfer=transfer, person=person)


async def expire_transfers(parts: Parts) -> None:
    """Ends once a minute what was not answered in time; several replicas do no harm."""
    await work_off(parts, lambda: tick(parts.unit_of_work), waits="transfers.time_waits", every=EVERY_SECONDS)


async def tick(unit_of_work: UnitOfWork) -> None:
    """Lets overdue transfers expire, each in a transaction of its own."""
    cause, actor = str(uuid4()), service_actor("customer")
    async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
        late = await repository.overdue(work, helsinki_date(work.now), MOST_AT_ONCE)
    for transfer_id in late:
        async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
            await _follow(work, transfer_id, "expire")


async def _request(work: Work, customer_id: UUID, transfer_id: UUID | None = None, **told: Any) -> TransferVersion:
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


async def _answer(message: Any, act: HandshakeAct, work: Work, **told: Any) -> TransferVersion:
    # before the row, as at the offer
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    row = await _lock(work, message.transfer_id, act)
    _record_use(work, row)
    return await _act(work, row, act, work.actor.municipality, expected=message.expected_version, **told)


async def _act(
    work: Work, row: Row[Any], act: HandshakeAct, organisation: str, *, expected: int | None = None, **told: Any
) -> TransferVersion:
    """Does what one side does: the first to come decides, the others are told the state."""
    today = helsinki_date(work.now)
    side = "requester" if organisation == row.requester else "addressee"
    decided = decide(Handshake(row.state, row.due_on), act, side, today)  # type: ignore[arg-type]
    if isinstance(decided, Refused):
        raise NotNow(decided, row.version)
    if decided.state == row.state:
        return TransferVersion(transfer_id=row.transfer_id, version=row.version)
    if expected is not None and expected != row.version:
        raise ChangedMeanwhile(current_version=row.version)
    if errors := rules.broken_by_answering(act, told, today):
        raise InvalidInput(errors=errors)
    customer_id = await _move(work, row) if act == "accept" else row.customer_id
    return await _write(work, row, act, decided, organisation, customer_id=customer_id, **told)


async def _follow(work: Work, transfer_id: UUID, act: HandshakeAct) -> None:
    """Does what time does, or what follows from another transfer's acceptance; nothing when it is over already."""
    row = await repository.by_id(work, transfer_id)
    if row is None:
        return
    await repository.lock_both(work, row.customer_id, transfer_id)
    row = await repository.by_id(work, transfer_id)
    if row is None:
        return
    side = None if act == "expire" else "requester"
    decided = decide(Handshake(row.state, row.due_on), act, side, helsinki_date(work.now))  # type: ignore[arg-type]
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
    responsible: Any = None,
    reason: str | None = None,
    text: str | None = None,
) -> TransferVersion:
    version = row.version + 1
    turn = Turn(version=version, act=act, organisation=organisation, acted_at=work.now, reason=reason, text=text)
    changes = {
        "version": version,
        "state": decided.state,
        "customer_id": customer_id or row.customer_id,
        "responsible": responsible or row.responsible,
        "turns": [*row.turns, turn.model_dump(mode="json")],
        "changed_at": work.now,
    }
    if decided.state not in ("requested", "more_asked"):
        changes["person"] = None  # opened, or none of our business any more
    await repository.change(work, row.transfer_id, **changes)
    await _tell(work, row._asdict() | changes)
    return TransferVersion(transfer_id=row.transfer_id, version=version)


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
        await _follow(work, other, "withdraw")
    return after.customer_id


async def _lock(work: Work, transfer_id: UUID, act: str, partner: str | None = None) -> Row[Any]:
    """The transfer and its customer, locked: after what is locked of the person whom an acceptance opens."""
    row = await repository.get(work, transfer_id, partner)
    if act == "accept" and row.person:
        told = _told(work, row)
        if told.personal_identity_code:
            if told.safety_non_disclosure:
                await families.lock_all(work)
            await people.lock_code(work, told.personal_identity_code)
    return await repository.lock(work, transfer_id, partner)


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


def _check_partner(partner: str, work: Work) -> None:
    """No person asks in a partner's name: who the partner is, the service knows that let it in."""
    if not work.rights.allows("transfer", "none"):
        raise Forbidden("Only the partners' service asks this.")
    if not rules.is_employment_authority(partner, helsinki_date(work.now)):
        raise InvalidInput(errors=[rules.error("/partner", "receiver")])


def _check_protection(work: Work, customer: Customer) -> None:
    """A customer under non-disclosure is handed over by hand of those who may handle such data (661/2009 37 §)."""
    if customer.non_disclosure and not work.rights.allows("protected_contact", "own"):
        raise Forbidden(errors=[rules.error("/customer_id", "protected")])


def _check_protection_of(work: Work, customer: Customer | None, row: Row[Any]) -> None:
    if customer and row.giver == work.actor.municipality:
        _check_protection(work, customer)
    elif customer and customer.non_disclosure and row.protected is False:  # nobody with the power has decided on it
        raise Conflict("The customer's data have changed since the offer: it is to be made again.")


def _record_use(work: Work, row: Row[Any]) -> None:
    relation = work.rights.related if row.is_own else "offered"
    work.record_use([row.customer_id], ["transfer"], relation=relation)
