"""What partners are told of their transfers: asked of their owner when it is told, and kept nowhere here."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Row

from contracts.customer.transfers import GetTransferForPartner, PartnerTransfer, TransferChanged
from contracts.envelope import Envelope, schema_urn
from contracts.partners import Partner
from contracts.partners.transfers import TransferTold
from services.integration import repository, rules
from services.integration.settings import IntegrationSettings
from services.kit.background import pause
from services.kit.errors import ProblemReply
from services.kit.telemetry import current_traceparent, describe_error, log
from services.kit.work import Work

Ask = Callable[[GetTransferForPartner], Awaitable[PartnerTransfer]]
"""Asks the owner; a look that is in the usage log under the partner's own code."""
Send = Callable[[str, Envelope], Awaitable[None]]
"""Sends to the partner of that code; returns when the broker has it."""


async def transfer_changed(event: TransferChanged, work: Work) -> None:
    """Notes that the partners whose transfer it is are to be told."""
    assert isinstance(work.settings, IntegrationSettings)
    for partner in work.settings.partners:
        if partner.organisation in (event.requester, event.addressee):
            await repository.note(work, partner.code, event.transfer_id, event.customer_id)


async def tell_next(work: Work, partners: Iterable[Partner], ask: Ask, send: Send) -> bool:
    """Tells one partner how one transfer stands now; False when nobody is to be told anything.

    If the process dies in between, it is told again, under the same id.
    """
    row = await repository.next_to_tell(work)
    if row is None:
        return False
    partner = next((each for each in partners if each.code == row.partner), None)
    try:
        told = partner and await _told(work, row, partner, ask)
        if told and told.version > row.told_version:
            await send(row.partner, _envelope(work, told))
    except Exception as failure:
        log.warning(
            "partner_transfer.waits",
            service=work.settings.service,
            transfer_id=str(row.transfer_id),
            attempts=row.attempts,
            **describe_error(failure),
        )
        await repository.postpone_telling(work, row, work.now + pause(row.attempts))
    else:
        await repository.set_told(work, row, told.version if told else row.told_version)
    return True


async def _told(work: Work, row: Row[Any], partner: Partner, ask: Ask) -> TransferTold | None:
    """The transfer as the partner may see it; None when there is nothing to see, for the person was erased."""
    if partner.organisation is None:
        return None
    try:
        found = await ask(GetTransferForPartner(partner=partner.organisation, transfer_id=row.transfer_id))
    except ProblemReply as failure:
        if rules.is_final(failure.problem()):
            return None
        raise
    told = found.transfer.model_dump() | {"partner": partner.code, "person": found.person}
    return TransferTold.model_validate(told)


def _envelope(work: Work, told: TransferTold) -> Envelope:
    told_id = uuid5(NAMESPACE_URL, f"urn:koto:told:{told.partner}:{told.transfer_id}:{told.version}")
    return Envelope(
        id=told_id,
        source=f"/koto/{work.settings.service}",
        type=told.TYPE,
        subject=told.subject(),
        time=told.changed_at,
        dataschema=schema_urn(told.TYPE),
        subjectsequence=told.version,
        factid=told_id,
        correlationid=work.cause.correlation_id,
        causationid=work.cause.message_id,
        actor=str(work.actor),
        legalbasis=told.legal_basis,
        traceparent=current_traceparent(),
        data=told.model_dump(mode="json"),
    )
