"""What becomes of a partner's message: it is taken up, brought to the service that answers for it, and receipted."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import Row

from contracts.customer.contacts import NeedReport, ReceiveContact
from contracts.envelope import Request
from contracts.partners import FromPartner, Partner, PartnerEnvelope
from contracts.partners.messages import Receipt, ReceiptError, ServiceNeedContact
from services.integration import repository, rules
from services.kit.answering import field_errors
from services.kit.errors import InvalidInput, ProblemReply, Unavailable
from services.kit.telemetry import describe_error, log
from services.kit.work import Work

Ask = Callable[[Request[Any], str], Awaitable[object]]
"""Asks the owning service, with an idempotency key."""


@dataclass(frozen=True)
class Errand:
    """What is asked of which service when a message comes."""

    request: Callable[[Any, Partner, str], Request[Any]]
    """Of the message, its sender and its id."""
    data_is_at: str
    """Where in the request the message's data stands, as a JSON Pointer."""


class Unacceptable(Exception):
    """A message that is refused: nothing of it is kept."""

    def __init__(self, errors: Iterable[ReceiptError]) -> None:
        super().__init__("refused")
        self.errors = tuple(errors)


async def take(work: Work, partner: Partner, type: str, body: bytes) -> None:
    """Keeps a message until it is brought to its owner, or refuses it; a copy of an earlier one gets its receipt."""
    try:
        envelope, message = _read(partner, type, body)
    except Unacceptable as refused:
        message_id = rules.id_within(body)
        number = rules.number_of(partner.code, message_id) if message_id else uuid4()
        await _receipt(work, partner.code, number, message_id, type, refused.errors)
        return
    number = rules.number_of(partner.code, envelope.id)
    content = rules.content(type, envelope.data)
    data = message.model_dump_json(exclude_unset=True)
    told = {"partner": partner.code, "message_id": envelope.id, "type": type, "content": content, "data": data}
    if await repository.keep(work, number, **told):
        return
    known = await repository.get(work, number)
    if known is None:
        raise Unavailable  # it was refused this very moment: the broker brings this copy again
    if known.content_hash not in work.encryption.search_hashes(content):
        await _receipt(work, partner.code, number, envelope.id, type, [rules.error("/id", "id_reused")])
    elif known.settled_at:
        await _receipt(work, partner.code, number, envelope.id, type, received_at=known.received_at)


async def bring_next(
    work: Work, partners: Iterable[Partner], errands: dict[type[FromPartner], Errand], ask: Ask
) -> bool:
    """Brings one message to its owner and receipts it; False when none waits.

    If the process dies in between, the owner is asked again with the same key, and does nothing twice.
    """
    row = await repository.next_waiting(work)
    if row is None:
        return False
    try:
        await _bring(work, row, partners, errands, ask)
    except Exception as failure:
        if isinstance(failure, ProblemReply) and failure.code == InvalidInput.code:
            within = errands[FromPartner.MESSAGES[row.type]].data_is_at
            errors = rules.errors_within(failure.problem().errors, "/data", instead_of=within)
            await repository.forget(work, row.number)
            await _receipt(work, row.partner, row.number, row.message_id, row.type, errors, row.received_at)
        else:
            await _postpone(work, row, failure)
        return True
    await repository.settle(work, row.number)
    await _receipt(work, row.partner, row.number, row.message_id, row.type, received_at=row.received_at)
    return True


async def _bring(
    work: Work, row: Row[Any], partners: Iterable[Partner], errands: dict[type[FromPartner], Errand], ask: Ask
) -> None:
    partner = next((each for each in partners if each.code == row.partner), None)
    partner = partner or Partner(code=row.partner, name=row.partner, sends=())  # it is none any more; it was then
    message_type = FromPartner.MESSAGES[row.type]
    message = message_type.model_validate_json(work.encryption.decrypt(row.data, row.number))
    request = errands[message_type].request(message, partner, row.message_id)
    await ask(request, f"{row.partner}:{row.message_id}")


def contact_of(message: ServiceNeedContact, partner: Partner, message_id: str) -> ReceiveContact:
    """The contact that a message makes. Who reports is whom the broker knows, whatever the message says."""
    return ReceiveContact(
        municipality=message.municipality,
        authority=partner.code,
        authority_name=partner.name,
        channel="message",
        reference=message_id,
        report=NeedReport.model_validate(message.model_dump(include=set(NeedReport.model_fields))),
    )


def _read(partner: Partner, type: str, body: bytes) -> tuple[PartnerEnvelope, FromPartner]:
    try:
        envelope = PartnerEnvelope.model_validate_json(body)
    except ValidationError as error:
        raise Unacceptable(rules.errors_within(field_errors(error, body), "")) from None
    if rules.holds_identity_code(envelope.id):
        raise Unacceptable([rules.error("/id", "identity_code")])
    if envelope.type != type:
        raise Unacceptable([rules.error("/type", "differs_from_routing_key")])
    model = FromPartner.MESSAGES.get(type)
    if model is None or type not in partner.sends:
        raise Unacceptable([rules.error("/type", "type_not_allowed")])
    try:
        return envelope, model.model_validate(envelope.data)
    except ValidationError as error:
        raise Unacceptable(rules.errors_within(field_errors(error, to_json(envelope.data)), "/data")) from None


async def _postpone(work: Work, row: Row[Any], failure: Exception) -> None:
    log.warning(
        "partner_message.waits",
        service=work.settings.service,
        type=row.type,
        number=str(row.number),
        attempts=row.attempts,
        **describe_error(failure),
    )
    await repository.postpone(work, row.number, work.now + rules.pause(row.attempts))


async def _receipt(
    work: Work,
    partner: str,
    number: UUID,
    message_id: str | None,
    type: str,
    errors: Iterable[ReceiptError] = (),
    received_at: datetime | None = None,
) -> None:
    told = tuple(errors)
    receipt = Receipt(
        partner=partner,
        message_number=number,
        message_id=message_id,
        type=type if type in FromPartner.MESSAGES else None,
        outcome="refused" if told else "received",
        errors=told,
        received_at=received_at or work.now,
    )
    await work.publish(receipt, legal_basis="906/2019 22 §")
