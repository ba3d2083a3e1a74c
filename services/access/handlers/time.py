"""What time and other services' news do to rights: they end, somebody is warned, reviews fall due."""

import asyncio
from uuid import uuid4

from sqlalchemy import and_, func, or_, select

from contracts.customer.state import CustomerClosed
from services.access import rules
from services.access.handlers.organisations import record_authorities
from services.access.handlers.rights import tell_changed
from services.access.law.rights import rights_law
from services.access.repository import anomalies, rights, safeguards
from services.access.tables.rights import ACCESS_GRANT, ORGANISATION, PROCUREMENT
from services.kit.actor import service_actor
from services.kit.clock import helsinki_date
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log
from services.kit.work import Cause, UnitOfWork, Work

EVERY_SECONDS = 60.0
LOCK = select(func.pg_try_advisory_xact_lock(0x72696768))  # "righ": one replica at a time
_BY = "access"


async def customer_closed(message: CustomerClosed, work: Work) -> None:
    """Ends the municipality's rights that were given for this customer: nobody takes part in a matter that is over."""
    await anomalies.note_ended(work, message.customer_id, message.municipality)
    await tell_changed(work, await rights.end_customer(work, message.customer_id, message.municipality))


async def keep_time(parts: Parts) -> None:
    """Does once a minute what time does, in one replica at a time."""
    while True:
        try:
            await tick(parts.unit_of_work)
        except Exception as error:
            log.warning("rights.time_waits", service=parts.name, **describe_error(error))
        await asyncio.sleep(EVERY_SECONDS)


async def tick(unit_of_work: UnitOfWork) -> None:
    """Keeps the authorities as the code lists tell them, ends what is over, and tells what will end or be reviewed."""
    cause = str(uuid4())
    async with unit_of_work.begin(service_actor(_BY), Cause(cause, cause)) as work:
        if not await work.connection.scalar(LOCK):
            return
        await record_authorities(work)
        await _end_what_is_over(work)
        for kind, before in (
            ("grant_ends", work.now + rights_law().warning_before_end.length),
            ("review_due", work.now),
        ):
            for row in await safeguards.rights_to_tell(work, kind, before):
                await safeguards.notify(work, row.organisation, rules.ADMINISTRATOR, kind, row.grant_id, row.due_at)


async def _end_what_is_over(work: Work) -> None:
    grant, today = ACCESS_GRANT.c, helsinki_date(work.now)
    ended = select(ORGANISATION.c.code).where(ORGANISATION.c.valid_to < today)
    lapsed = select(PROCUREMENT).where(
        PROCUREMENT.c.provider == grant.organisation,
        PROCUREMENT.c.municipality == grant.municipality,
        PROCUREMENT.c.ends_on < today,
    )
    users = await rights.end_grants(work, grant.ends_at <= work.now, "time", _BY)
    over = or_(
        and_(grant.ground == "procurement", lapsed.exists()),
        grant.organisation.in_(ended),
        grant.municipality.in_(ended),
    )
    users |= await rights.end_grants(work, over, "ground_over", _BY)
    await tell_changed(work, users)
