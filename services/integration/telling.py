"""What partners are told of their matters: asked of the owner when it is told, and kept nowhere here."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Row

from contracts.envelope import Envelope, StateEvent, schema_urn
from contracts.partners import MatterTold, Partner
from contracts.plan.referrals import ReferralChanged
from services.integration import repository, rules
from services.integration.settings import IntegrationSettings
from services.integration.tellings import TELLINGS, Ask
from services.kit.background import pause
from services.kit.errors import ProblemReply
from services.kit.telemetry import current_traceparent, describe_error, log
from services.kit.work import Work

Send = Callable[[str, Envelope], Awaitable[None]]
"""Sends to the partner of that code; returns when the broker has it."""


async def matter_changed(event: StateEvent, work: Work) -> None:
    """Notes that the partners whose matter it is are to be told."""
    assert isinstance(work.settings, IntegrationSettings)
    kind, telling = next((kind, each) for kind, each in TELLINGS.items() if isinstance(event, each.event))
    [customer_id] = event.about_customers()
    told = [each for each in work.settings.partners if telling.is_told_to(each) and telling.concerns(event, each)]
    for partner in told:
        await repository.note(work, partner.code, kind, event.subject(), customer_id)
    if not told and isinstance(event, ReferralChanged) and event.partner:
        log.warning("partner_matter.nobodys", service=work.settings.service, kind=kind, matter_id=str(event.subject()))


async def tell_next(work: Work, partners: Iterable[Partner], ask: Ask, send: Send) -> bool:
    """Tells one partner how one matter stands now; False when nobody is to be told anything.

    If the process dies in between, it is told again, under the same id.
    """
    row = await repository.next_to_tell(work)
    if row is None:
        return False
    partner = next((each for each in partners if each.code == row.partner), None)
    try:
        told = partner and await _told(row, partner, ask)
        if told and told.version > row.told_version:
            await send(row.partner, _envelope(work, told))
    except Exception as failure:
        log.warning(
            "partner_matter.waits",
            service=work.settings.service,
            kind=row.kind,
            matter_id=str(row.matter_id),
            attempts=row.attempts,
            **describe_error(failure),
        )
        await repository.postpone_telling(work, row, work.now + pause(row.attempts))
    else:
        await repository.set_told(work, row, told.version if told else row.told_version)
    return True


async def _told(row: Row[Any], partner: Partner, ask: Ask) -> MatterTold | None:
    """The matter as the partner may see it; None when there is nothing to see: the person was erased."""
    telling = TELLINGS[row.kind]
    if not telling.is_told_to(partner):
        return None
    try:
        found = await telling.look(ask, partner, row.matter_id)
    except ProblemReply as failure:
        if rules.is_final(failure.problem()):
            return None
        raise
    return telling.message.model_validate(found | {"partner": partner.code})


def _envelope(work: Work, told: MatterTold) -> Envelope:
    told_id = uuid5(NAMESPACE_URL, f"urn:koto:told:{told.partner}:{told.subject()}:{told.version}")
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
