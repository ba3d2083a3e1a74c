"""What becomes of a partner's message: it is taken up, brought to the service that answers for it, and receipted."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import Row

from contracts.envelope import Request
from contracts.partners import FromPartner, Partner, PartnerEnvelope
from contracts.partners.messages import Receipt, ReceiptError
from services.integration import repository, rules
from services.integration.errands import Errand, Told
from services.kit.answering import field_errors
from services.kit.background import pause
from services.kit.errors import ProblemReply, Unavailable
from services.kit.telemetry import describe_error, log
from services.kit.work import Work

Ask = Callable[[Request[Any], str], Awaitable[object]]
"""Asks the owning service, with an idempotency key."""


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
        await _receipt(work, partner.code, number, message_id, type, refused=refused.errors)
        return
    number = rules.number_of(partner.code, envelope.id)
    content = rules.content(type, envelope.data)
    data = message.model_dump_json(exclude_unset=True)
    kept = {"partner": partner.code, "message_id": envelope.id, "type": type, "content": content, "data": data}
    if await repository.keep(work, number, **kept):
        return
    known = await repository.get(work, number)
    if known is None:
        raise Unavailable  # it was refused this very moment: the broker brings this copy again
    if known.content_hash not in work.encryption.search_hashes(content):
        await _receipt(work, partner.code, number, envelope.id, type, refused=[rules.error("/id", "id_reused")])
    elif known.settled_at:
        told = Told.model_validate(known.told or {})
        await _receipt(work, partner.code, number, envelope.id, type, told, received_at=known.received_at)


async def bring_next(
    work: Work, partners: Iterable[Partner], errands: dict[type[FromPartner], Errand], ask: Ask
) -> bool:
    """Brings one message to its owner and receipts it; False when none waits.

    If the process dies in between, the owner is asked again with the same key, and does nothing twice.
    """
    row = await repository.next_waiting(work)
    if row is None:
        return False
    receipted = (row.partner, row.number, row.message_id, row.type)
    errand = errands[FromPartner.MESSAGES[row.type]]
    try:
        told = await _bring(work, row, partners, errand, ask)
    except Exception as failure:
        problem = failure.problem() if isinstance(failure, ProblemReply) else None
        if problem and rules.is_final(problem):
            errors = rules.errors_of(problem, instead_of=errand.data_is_at, concerns=errand.concerns)
            await repository.forget(work, row.number)
            await _receipt(work, *receipted, refused=errors, received_at=row.received_at)
        else:
            await _postpone(work, row, failure)
        return True
    await repository.settle(work, row.number, told.model_dump(mode="json", exclude_defaults=True) or None)
    await _receipt(work, *receipted, told, received_at=row.received_at)
    return True


async def _bring(work: Work, row: Row[Any], partners: Iterable[Partner], errand: Errand, ask: Ask) -> Told:
    partner = next((each for each in partners if each.code == row.partner), None)
    partner = partner or Partner(code=row.partner, name=row.partner, sends=())  # it is none any more; it was then
    data = work.encryption.decrypt(row.data, row.number)
    message = FromPartner.MESSAGES[row.type].model_validate_json(data)
    key = errand.key(message, row.message_id)
    return errand.told(await ask(errand.request(message, partner, row.message_id), f"{row.partner}:{key}"))


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
    await repository.postpone(work, row.number, work.now + pause(row.attempts))


async def _receipt(
    work: Work,
    partner: str,
    number: UUID,
    message_id: str | None,
    type: str,
    told: Told = Told(),  # noqa: B008 - frozen
    *,
    refused: Iterable[ReceiptError] = (),
    received_at: datetime | None = None,
) -> None:
    refused = tuple(refused)
    receipt = Receipt(
        partner=partner,
        message_number=number,
        message_id=message_id,
        type=type if type in FromPartner.MESSAGES else None,
        outcome="refused" if refused else "received",
        errors=refused or told.errors,
        transfer_id=told.transfer_id,
        received_at=received_at or work.now,
    )
    await work.publish(receipt, legal_basis="906/2019 22 §")
