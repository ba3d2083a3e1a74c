"""What is due: counted anew when a fact changes, told once when it is near and once when it has passed, and listed."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from contracts.access.rights import user_number
from contracts.law import laws
from contracts.plan.due_dates import (
    Aim,
    CustomerDueDates,
    DeadlineApproaching,
    DeadlinePassed,
    DueDateSettingsVersion,
    GetCustomerDueDates,
    GetDueDateSettings,
    KeptDueDateSettings,
    ListDue,
    SetDueDateSettings,
    Worklist,
    WorklistItem,
)
from services.kit.actor import service_actor
from services.kit.background import work_off
from services.kit.clock import helsinki_date
from services.kit.errors import ChangedMeanwhile, InvalidInput
from services.kit.parts import Parts
from services.kit.work import Cause, UnitOfWork, Work
from services.plan.law import common_aims
from services.plan.repository import due_dates as repository
from services.plan.repository import known as facts
from services.plan.repository.reach import kept_id
from services.plan.rules import due_dates as rules
from services.plan.rules.due_dates import Due
from services.plan.rules.times import law_of

EVERY_SECONDS = 60.0
MOST_AT_ONCE = 200
_CURSOR = "{due_on}_{customer_id}_{kind}"


async def facts_changed(work: Work, *customer_ids: UUID) -> None:
    """Counts due dates of these people anew: called in the transaction of whatever changed a fact they depend on."""
    await work.beyond_the_border("due dates follow from the facts of all municipalities that have the customer")
    kept = {await facts.kept(work, each) for each in customer_ids}
    # what a merged record had is the record's that is kept; in one order everywhere, for each is locked
    for each in sorted({*customer_ids, *kept}):
        await _keep(work, each)


async def _keep(work: Work, customer_id: UUID) -> None:
    if await work.erased([customer_id]):
        return
    today = helsinki_date(work.now)
    await repository.lock(work, customer_id, today)
    known = await facts.of_customer(work, customer_id)
    law = law_of(known.as_to(None), today)
    settings = await repository.settings(work, known.responsible)
    due: dict[str, list[Due]] = {}
    told_on: dict[Due, date] = {}
    for municipality in known.responsible:
        notice_days, aims = repository.days_of(settings.get(municipality), common_aims())
        due[municipality] = rules.due_dates(known, municipality, law, common_aims(), aims, today)
        told_on |= {each: each.deadline.due_on - timedelta(days=notice_days) for each in due[municipality]}
    await repository.replace(work, known, due, told_on)


async def get_customer_due_dates(message: GetCustomerDueDates, work: Work) -> CustomerDueDates:
    """What is due of one customer, with its explanation; by another version of the law when one is named."""
    customer_id = await kept_id(work, message.customer_id)
    today = helsinki_date(work.now)
    known = await facts.of_customer(work, customer_id)
    try:
        law = laws().version(message.law_version) if message.law_version else law_of(known.as_to(None), today)
    except LookupError:
        raise InvalidInput(errors=[rules.unknown_version()]) from None
    municipality = work.actor.municipality
    row = (await repository.settings(work, [municipality])).get(municipality)
    _, aims = repository.days_of(row, common_aims())
    hidden = _hidden_from(work)
    due = [
        each
        for each in rules.due_dates(known, municipality, law, common_aims(), aims, today)
        if each.deadline.rule.code not in hidden
    ]
    work.record_use([customer_id], _shown_to(work, hidden), relation=work.rights.related)
    return CustomerDueDates(due_dates=tuple(map(rules.told, due)))


async def list_due(message: ListDue, work: Work) -> Worklist:
    """What is due in the acting municipality, a page at a time."""
    wanted = user_number(work.actor.user) if message.responsible == "me" else message.responsible
    after = rules.place_of(message.cursor) if message.cursor else None
    if message.cursor and after is None:
        raise InvalidInput(errors=[rules.outdated_cursor()])
    hidden = _hidden_from(work)
    found = await repository.page(work, message, wanted if isinstance(wanted, UUID) else None, after, hidden)
    rows, today = found[: message.limit], helsinki_date(work.now)
    work.record_use(
        {row.customer_id for row in rows},
        _shown_to(work, hidden),
        relation=work.rights.related,
        found=len(rows),
        sealed=message.model_dump(mode="json", exclude_defaults=True, exclude={"cursor", "limit"}),
    )
    return Worklist(
        items=tuple(WorklistItem.model_validate({**row._mapping, "passed": row.due_on < today}) for row in rows),
        next_cursor=_CURSOR.format(**rows[-1]._mapping) if len(found) > message.limit else None,
    )


async def get_due_date_settings(message: GetDueDateSettings, work: Work) -> KeptDueDateSettings:
    """The acting municipality's aims and notice, or the common ones."""
    municipality = work.actor.municipality
    row = (await repository.settings(work, [municipality])).get(municipality)
    notice_days, days = repository.days_of(row, common_aims())
    work.record_use(data=message.DATA, relation="none")
    aims = tuple(Aim(kind=kind, days=count) for kind, count in sorted((common_aims().days | dict(days)).items()))
    return KeptDueDateSettings(version=row.version if row else 0, notice_days=notice_days, aims=aims)


async def set_due_date_settings(message: SetDueDateSettings, work: Work) -> DueDateSettingsVersion:
    """Sets them; the due dates that they move are counted anew within a minute or so."""
    if done := await work.outcome_of_repeat(DueDateSettingsVersion):
        return done
    municipality = work.actor.municipality
    await repository.lock_settings(work, municipality)
    row = (await repository.settings(work, [municipality])).get(municipality)
    version = row.version if row else 0
    if version != message.expected_version:
        raise ChangedMeanwhile(current_version=version)
    if errors := rules.broken_by_settings(message.settings, common_aims()):
        raise InvalidInput(errors=errors)
    days = {each.kind: each.days for each in message.settings.aims}
    await repository.set_settings(work, municipality, version + 1, message.settings.notice_days, days)
    work.record_use(data=message.DATA, relation="none")
    return DueDateSettingsVersion(version=version + 1)


def _hidden_from(work: Work) -> frozenset[str]:
    """The kinds of due dates that would tell the asker of a permit that he or she may not see."""
    may_see = work.rights.allows("residence_permit", work.rights.related)
    return frozenset() if may_see else rules.counted_from_permit(laws())


def _shown_to(work: Work, hidden: frozenset[str]) -> tuple[str, ...]:
    return ("plan",) if hidden else ("plan", "residence_permit")


async def watch(parts: Parts) -> None:
    """Once a minute tells what is near or has passed, and counts anew what time itself has moved."""
    await work_off(parts, lambda: tick(parts.unit_of_work), waits="due_dates.wait", every=EVERY_SECONDS)


async def tick(unit_of_work: UnitOfWork) -> bool:
    """Does some of what is to be done now, each in a transaction of its own; whether there was any."""
    cause, actor = str(uuid4()), service_actor("plan")
    async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
        today = helsinki_date(work.now)
        law_since = laws().on(today).valid_from or today
        stale = await repository.to_count_anew(work, law_since, today, MOST_AT_ONCE)
    for customer_id in stale:
        async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
            await facts_changed(work, customer_id)
    async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
        rows = await repository.to_tell(work, today, MOST_AT_ONCE)
        for row in rows:
            passed = row.due_on < today
            event = DeadlinePassed if passed else DeadlineApproaching
            told = event.model_validate({name: row._mapping[name] for name in event.model_fields})
            if await repository.is_first(work, row, event.TYPE):
                await work.publish(told, legal_basis="681/2023 73 § 1 mom. 6")
            await repository.set_next_event(work, row, None if passed else row.due_on + timedelta(days=1))
    return bool(stale or rows)
