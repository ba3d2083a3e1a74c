"""Transfers: offering and asking for customers, and the turns of both municipalities; what time ends."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Row

from contracts.customer.transfers import (
    AcceptTransfer,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    Transfer,
    Transfers,
    TransferVersion,
    WithdrawTransfer,
)
from contracts.envelope import FieldError
from contracts.handshake import HandshakeAct
from services.customer.handlers.transfer_acts import act_on, check_protection, follow, lock, request
from services.customer.repository import families, people
from services.customer.repository import transfers as repository
from services.customer.rules import people as rules_of_people
from services.customer.rules import transfers as rules
from services.kit.actor import service_actor
from services.kit.background import work_off
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, Forbidden, NotFound, check_input
from services.kit.identity_code import InvalidIdentityCode, check
from services.kit.parts import Parts
from services.kit.work import Cause, UnitOfWork, Work

EVERY_SECONDS = 60.0
MOST_AT_ONCE = 500


async def offer_transfer(message: OfferTransfer, work: Work) -> TransferVersion:
    """Offers a customer: the receiver sees a preview that identifies nobody."""
    # before the row: the right to it may have gone with the transfer, and a repeat must be answered all the same
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    giver, today = work.actor.municipality, helsinki_date(work.now)
    customer = await people.lock(work, message.customer_id, "transfer")
    check_protection(work, customer)
    ids = (customer.customer_id, *customer.merged)
    check_input(rules.broken_by_offering(giver, message.receiver, message.reason, message.consent, today))
    if await repository.is_requested(work, ids, giver):
        raise Conflict("A transfer of the customer awaits an answer: withdraw it first.")
    arrival = next(each.arrival for each in customer.relationships if each.municipality == giver and not each.ended_on)
    has_assessment = await repository.has_assessment(work, ids, giver)
    person = customer.person.model_copy(update={"first_residence_permit": customer.first_permit})
    work.record_use([customer.customer_id], ["transfer"], relation=work.rights.related)
    return await request(
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
    check_input(errors)
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
    return await request(
        work,
        asked,
        giver=giver,
        receiver=receiver,
        requester=receiver,
        reason=message.reason,
        consent=message.consent.model_dump(mode="json"),
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
            await follow(work, transfer_id, "expire")


async def _answer(message: Any, act: HandshakeAct, work: Work, **told: Any) -> TransferVersion:
    # before the row, as at the offer
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    row = await lock(work, message.transfer_id, act)
    _record_use(work, row)
    return await act_on(work, row, act, work.actor.municipality, expected=message.expected_version, **told)


def _record_use(work: Work, row: Row[Any]) -> None:
    relation = work.rights.related if row.is_own else "offered"
    work.record_use([row.customer_id], ["transfer"], relation=relation)
