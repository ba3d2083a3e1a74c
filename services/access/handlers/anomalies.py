"""Looking for what is odd in the usage log, and what came of looking into it."""

import asyncio
from datetime import date
from typing import Any

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.access.anomalies import (
    Anomalies,
    Anomaly,
    AnomalyDetected,
    AnomalyVersion,
    CloseAnomaly,
    FindAnomalies,
    GetAnomaly,
    Watch,
    WatchCustomer,
)
from contracts.envelope import FieldError
from services.access.anomalies import Use, UserDay, findings
from services.access.law.anomalies import anomaly_law
from services.access.repository import anomalies as repository
from services.access.repository.merges import ids_of
from services.kit.actor import service_actor
from services.kit.clock import helsinki_date
from services.kit.code_lists import is_valid_anomaly_outcome
from services.kit.errors import Conflict, InvalidInput, NotFound, check_current
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log
from services.kit.words import words
from services.kit.work import Cause, Work

LOG = ("usage_log",)
CHECK_SECONDS = 60
LINES_AT_ONCE = 2000


async def watch_usage_log(parts: Parts) -> None:
    """Looks at what is new in the usage log once a minute, for as long as it runs."""
    while True:
        try:
            while await look(parts):
                pass
        except Exception as error:
            log.error("anomalies.wait", service=parts.name, **describe_error(error))
        await asyncio.sleep(CHECK_SECONDS)


async def look(parts: Parts) -> bool:
    """Looks at the days of the users in the next lines; returns whether there may be more.

    Dying in between, it looks at the same lines again, and a day is found odd by a rule once.
    """
    cause = Cause("anomalies", str(uuid7()))
    async with parts.unit_of_work.begin(service_actor(parts.name), cause) as work:
        position = await repository.lock_scan(work)
        days, last = await repository.days_after(work, position, LINES_AT_ONCE)
        for user, organisation, role, day in sorted(days):
            await _look_at(work, user, organisation, role, day)
        await repository.move_scan(work, last)
    return last - position >= LINES_AT_ONCE


async def _look_at(work: Work, user: str, organisation: str, role: str, day: date) -> None:
    rows = await repository.uses_of_day(work, user, organisation, day)
    customers = frozenset().union(*(row.customers for row in rows))
    law = anomaly_law()
    own_days, peers_days = await repository.days_before(work, user, organisation, role, day, law.baseline.days)
    known = UserDay(
        uses=[_use(row) for row in rows],
        own_words=frozenset(work.usage_keys.hashes(words(await repository.name_of(work, user)))),
        watched=await repository.watched_among(work, organisation, customers),
        ended=await repository.ended_among(work, organisation, customers),
        own_days=own_days,
        peers_days=peers_days,
    )
    await repository.note_day(work, user, organisation, role, day, len(known.handled))
    for finding in findings(known, law):
        if anomaly_id := await repository.record(work, user, organisation, day, finding):
            await work.publish(
                AnomalyDetected(
                    anomaly_id=anomaly_id,
                    organisation=organisation,
                    rule=finding.rule,
                    user=user,
                    day=day,
                    observed=finding.observed,
                    usual=finding.usual,
                ),
                legal_basis=law.legal_basis,
            )


def _use(row: Row[Any]) -> Use:
    return Use(
        occurred_at=row.occurred_at,
        act=row.act,
        denied=row.outcome == "denied",
        customers=frozenset(row.customers),
        found=row.found,
        words=frozenset(row.words),
    )


async def find_anomalies(message: FindAnomalies, work: Work) -> Anomalies:
    """The organisation's cases, but those about the own use or about customers withheld from the asker."""
    rows = await repository.find(work, message)
    page = rows[: message.limit]
    more = None
    if len(rows) > message.limit:
        more = f"{round(page[-1].detected_at.timestamp() * 1_000_000)}.{page[-1].anomaly_id}"
    work.record_use((), LOG, relation="none", found=len(page))
    return Anomalies(anomalies=tuple(_anomaly(row) for row in page), next_cursor=more)


async def get_anomaly(message: GetAnomaly, work: Work) -> Anomaly:
    """One case."""
    found = await repository.get(work, message.anomaly_id)
    work.record_use(found.customers, LOG, relation="none")
    return _anomaly(found)


async def close_anomaly(message: CloseAnomaly, work: Work) -> AnomalyVersion:
    """Records what came of looking into a case."""
    found = await repository.get(work, message.anomaly_id, lock=True)
    if done := await work.outcome_of_repeat(AnomalyVersion):
        return done
    check_current(found.version, message.expected_version)
    if found.outcome is not None:
        raise Conflict("The case is closed.")
    if not is_valid_anomaly_outcome(message.outcome, helsinki_date(work.now)):
        detail = "the code is not on the list anomaly_outcomes on that day"
        raise InvalidInput(errors=[FieldError(pointer="/outcome", rule="code_list", detail=detail)])
    await repository.close(work, message.anomaly_id, message.outcome, message.why)
    work.record_use(found.customers, LOG, relation="none")
    return AnomalyVersion(anomaly_id=message.anomaly_id, version=found.version + 1)


async def watch_customer(message: WatchCustomer, work: Work) -> Watch:
    """Has every look at a customer looked at, or no longer."""
    ids = await ids_of(work, [message.customer_id])
    if not ids.isdisjoint(work.actor.withheld):
        raise NotFound
    if done := await work.outcome_of_repeat(Watch):
        return done
    for each in sorted(ids):
        await repository.watch(work, each, message.watched)
    work.record_use([message.customer_id], LOG, relation="none")
    return Watch(customer_id=message.customer_id, watched=message.watched)


def _anomaly(row: Row[Any]) -> Anomaly:
    return Anomaly.model_validate(row._asdict() | {"user": row.user_id})
