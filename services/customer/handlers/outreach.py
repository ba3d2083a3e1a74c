"""Outreach: lists of people to be reached, the contact with them, and how the list forgets them."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from uuid_utils.compat import uuid7

from contracts.customer.operations import OperationStarted, RejectedRow
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListedTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachAttempt,
    OutreachReceived,
    OutreachRow,
    OutreachTarget,
    OutreachTargets,
    OutreachTargetState,
    ReceiveOutreachTargets,
    RecordOutreachAttempt,
    RowsAdded,
)
from contracts.customer.people import CustomerVersion
from contracts.types import PersonName
from services.customer.handlers.operations import check_own_municipality
from services.customer.handlers.people import check_may_open, open_relationship
from services.customer.law import law_on
from services.customer.repository import operations
from services.customer.repository import outreach as repository
from services.customer.rules import outreach as rules
from services.customer.rules import people as people_rules
from services.kit.actor import service_actor
from services.kit.clock import helsinki_date
from services.kit.code_lists import is_valid_municipality
from services.kit.errors import Conflict, Forbidden, InvalidInput, check_input
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log
from services.kit.words import words
from services.kit.work import Cause, UnitOfWork, Work

IMPORT = "outreach_import"
_SWEEP_SECONDS = 300.0
_LOCK = select(func.pg_try_advisory_xact_lock(0x6F757472))  # "outr": one replica at a time
_UNFINISHED = timedelta(days=1)
"""How long an import may wait for the rest of its rows."""


async def begin_outreach_import(message: BeginOutreachImport, work: Work) -> OperationStarted:
    """Begins an import for the acting municipality; rows are added to it until it is finished."""
    check_own_municipality(work, "outreach")
    if done := await work.outcome_of_repeat(OperationStarted):
        return done
    check_input(rules.broken_by_source(message.source))
    begun = await _begin(work, work.actor.organisation, message.source, dry_run=message.dry_run)
    work.record_use(data=["outreach"], relation="none", found=0)
    return OperationStarted(operation_id=begun)


async def add_outreach_rows(message: AddOutreachRows, work: Work) -> RowsAdded:
    """Keeps rows, encrypted, until they are worked off."""
    check_own_municipality(work, "outreach")
    if done := await work.outcome_of_repeat(RowsAdded):
        return done
    await _receiving(work, message.operation_id)
    await _add(work, message.operation_id, work.actor.organisation, message.first_row, message.rows)
    work.record_use(data=["outreach"], relation="none", found=len(message.rows))
    return RowsAdded(operation_id=message.operation_id, rows=len(message.rows))


async def finish_outreach_import(message: FinishOutreachImport, work: Work) -> OperationStarted:
    """Lets the import be worked off, once all of its rows are there."""
    check_own_municipality(work, "outreach")
    if done := await work.outcome_of_repeat(OperationStarted):
        return done
    await _receiving(work, message.operation_id)
    if await operations.count_rows(work, message.operation_id) != (message.rows, message.rows):
        raise Conflict("Rows are missing, or there are more of them.")
    await operations.set_off(work, message.operation_id)
    work.record_use(data=["outreach"], relation="none", found=message.rows)
    return OperationStarted(operation_id=message.operation_id)


async def receive_outreach_targets(message: ReceiveOutreachTargets, work: Work) -> OutreachReceived:
    """A list as a message, for the municipality that it names: worked off as a file is, and told what it rejects."""
    if not work.actor.is_service or not work.rights.allows("outreach", "none"):
        raise Forbidden("Only a service that stands for an authority sends lists.")
    if done := await work.outcome_of_repeat(OutreachReceived):
        return done
    check_input(rules.broken_by_source(message.source))
    if not is_valid_municipality(message.municipality, helsinki_date(work.now)):
        raise InvalidInput(errors=[rules.no_municipality()])
    begun = await _begin(work, message.municipality, message.source, covers_protected=True)
    await _add(work, begun, message.municipality, 1, message.rows)
    await operations.set_off(work, begun)
    work.record_use(data=["outreach"], relation="none", found=len(message.rows), organisation=message.authority)
    return OutreachReceived(operation_id=begun, rejected_rows=_rejected(message, work))


def _rejected(message: ReceiveOutreachTargets, work: Work) -> tuple[RejectedRow, ...]:
    """The rows that will be rejected, by the rules that will reject them: nothing of whom the municipality knows."""
    today, told = helsinki_date(work.now), enumerate(message.rows, 1)
    may_test = work.settings.allow_test_identity_codes
    read = (
        (row, rules.read(each, message.source, today, law_on(today), covers_protected=True, allow_test_codes=may_test))
        for row, each in told
    )
    return tuple(RejectedRow(row=row, errors=tuple(errors)) for row, (_, errors) in read if errors)


async def list_outreach_targets(message: ListOutreachTargets, work: Work) -> OutreachTargets:
    """Whom the municipality is to reach, the least time left first."""
    check_own_municipality(work, "outreach")
    today = helsinki_date(work.now)
    rows, more = await repository.list_targets(work, message, today)
    _record_use(work, rows, sealed=message.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit"}))
    return OutreachTargets(
        targets=tuple(ListedTarget.model_validate(_listed(row, today)) for row in rows), next_cursor=more
    )


async def get_outreach_target(message: GetOutreachTarget, work: Work) -> OutreachTarget:
    """All that is known of one of them."""
    check_own_municipality(work, "outreach")
    today = helsinki_date(work.now)
    row = await repository.get(work, message.target_id, today)
    made = await repository.attempts(work, row.target_id)
    _record_use(work, [row])
    attempts = tuple(OutreachAttempt.model_validate(each._mapping) for each in made)
    told = _listed(row, today) | {"personal_identity_code": repository.code_of(work, row), "attempts_made": attempts}
    return OutreachTarget.model_validate(told)


async def record_outreach_attempt(message: RecordOutreachAttempt, work: Work) -> OutreachTargetState:
    """Records an attempt; what came of it says where the contact stands."""
    check_own_municipality(work, "outreach")
    if done := await work.outcome_of_repeat(OutreachTargetState):
        return done
    today = helsinki_date(work.now)
    row = await repository.get(work, message.target_id, today, for_update=True)
    check_input(rules.broken_by_attempt(message.channel, message.outcome, today))
    state, contact_by = rules.after_outcome(row, message.outcome, today, law_on(today))
    attempt = {
        "attempt_id": uuid7(),
        "target_id": row.target_id,
        "municipality": row.municipality,
        "made_at": work.now,
        "made_by": work.actor.user,
        "channel": message.channel,
        "outcome": message.outcome,
        "note": message.note,
    }
    await repository.add_attempt(work, attempt, state, contact_by)
    _record_use(work, [row])
    return OutreachTargetState(target_id=row.target_id, state=state)


async def open_from_outreach(message: OpenFromOutreach, work: Work) -> CustomerVersion:
    """Opens a customer relationship with somebody who was reached; of the list only the customer's source is left."""
    check_own_municipality(work, "outreach")
    check_may_open(work)
    # before the row: there is none when the first copy has done it
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    row = await repository.get(work, message.target_id, helsinki_date(work.now), for_update=True)
    check_input(people_rules.emptied_fields(message.told))
    person = people_rules.changed(rules.as_person(row, repository.code_of(work, row)), message.told)
    await repository.forget(work, [row.target_id])
    _record_use(work, [row])
    return await open_relationship(work, person, "outreach")


def _record_use(work: Work, rows: Sequence[Row[Any]], sealed: object = None) -> None:
    shown = {"outreach"} | ({"trafficking"} if any(row.protected for row in rows) else set())
    work.record_use(
        [row.customer_id for row in rows if row.customer_id],
        shown,
        relation="none",
        found=len(rows),
        sealed=sealed,
        words=[word for row in rows for word in words(row.family_name)],
    )


def _listed(row: Row[Any], today: date) -> dict[str, Any]:
    # each list that named the person counts until it is taken back; of those that told the same, the last is shown
    grounds = {(each["ground"], each["source"]): each for each in sorted(row.grounds, key=itemgetter("received_on"))}
    return dict(row._mapping) | {
        "grounds": list(grounds.values()),
        "name": PersonName(family=row.family_name, given=row.given_name),
        "days_left": (row.contact_by - today).days,
    }


async def _begin(
    work: Work, municipality: str, source: str, *, dry_run: bool = False, covers_protected: bool | None = None
) -> UUID:
    if covers_protected is None:
        covers_protected = work.rights.allows("trafficking", "none")
    asked = {
        "source": source,
        "covers_protected": covers_protected,
        "received_on": helsinki_date(work.now).isoformat(),
    }
    return await operations.begin(work, IMPORT, municipality, asked, state="receiving", dry_run=dry_run)


async def _receiving(work: Work, operation_id: UUID) -> None:
    known = await operations.lock(work, operation_id)
    if known.kind != IMPORT or known.state != "receiving":
        raise Conflict("The import takes no more rows.")


async def _add(work: Work, operation_id: UUID, municipality: str, first_row: int, rows: Sequence[OutreachRow]) -> None:
    told = []
    for number, row in enumerate(rows, first_row):
        row_id = uuid7()
        content = work.encryption.encrypt(json.dumps(row.model_dump(exclude_defaults=True)), row_id)
        told.append({"id": row_id, "row": number, "content": content})
    await operations.add_rows(work, operation_id, municipality, told)


async def forget_in_time(parts: Parts) -> None:
    """Lets the list forget those whose time is over, every few minutes, in one replica at a time."""
    while True:
        try:
            await sweep(parts.unit_of_work)
        except Exception as error:
            log.warning("outreach.forgetting_waits", service=parts.name, **describe_error(error))
        await asyncio.sleep(_SWEEP_SECONDS)


async def sweep(unit_of_work: UnitOfWork) -> int:
    """Forgets people whose time on the list is over and those who became customers; returns how many."""
    forgotten = 0
    while True:
        async with unit_of_work.begin(service_actor("customer"), Cause("forgetting", "forgetting")) as work:
            if not await work.connection.scalar(_LOCK):
                return forgotten
            over = await repository.forget_what_is_over(work, helsinki_date(work.now))
            customers = await repository.forget_customers(work)
            await repository.forget_unfinished(work, work.now - _UNFINISHED)
        forgotten += over + customers
        if not over + customers:
            return forgotten
        log.info("outreach.forgotten", time_over=over, became_customers=customers)
