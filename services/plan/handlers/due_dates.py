"""What is due: counted anew when a fact changes, told once when it is near and once when it has passed, and listed."""

from datetime import timedelta
from functools import partial
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
from services.kit.errors import InvalidInput, check_current, check_input
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log
from services.kit.work import Cause, UnitOfWork, Work
from services.plan.law import common_aims
from services.plan.repository import due_dates as repository
from services.plan.repository import known as facts
from services.plan.repository.reach import kept_id
from services.plan.rules import due_dates as rules
from services.plan.rules.due_dates import Due

EVERY_SECONDS = 60.0
MOST_AT_ONCE = 200
_RETRY_AFTER = timedelta(hours=1)
_WHY = "due dates follow from the facts of all municipalities that have the customer"
_CURSOR = "{due_on}_{customer_id}_{kind}"


async def facts_changed(work: Work, *customer_ids: UUID) -> None:
    """Counts due dates of these people anew: called in the transaction of whatever changed a fact they depend on."""
    await work.beyond_the_border(_WHY)
    kept = {await facts.kept(work, each) for each in customer_ids}
    # what a merged record had is the record's that is kept; in one order everywhere, for each is locked
    for each in sorted({*customer_ids, *kept}):
        await _count(work, each)


async def _count(work: Work, customer_id: UUID, *, looked: bool = False) -> list[Due]:
    """Counts a customer's due dates, whose row in `due_case` it locks before it reads anything.

    `looked`: the caller does what there is to do today; else the next look does.
    """
    if await work.erased([customer_id]):
        return []
    today = helsinki_date(work.now)
    await repository.lock(work, customer_id, today)
    known = await facts.of_customer(work, customer_id)
    settings = await repository.settings(work, known.responsible)
    dues = [
        each
        for municipality in known.responsible
        for each in rules.due_dates(known, municipality, repository.aims_of(settings.get(municipality)), today)
    ]
    await repository.replace(work, known, dues, settings, rules.next_look(known, dues, today, looked=looked))
    return dues


async def get_customer_due_dates(message: GetCustomerDueDates, work: Work) -> CustomerDueDates:
    """What is due of one customer, with its explanation; by another version of the law when one is named."""
    customer_id = await kept_id(work, message.customer_id)
    today = helsinki_date(work.now)
    await work.beyond_the_border(_WHY)
    known = await facts.of_customer(work, customer_id)
    municipality = work.actor.municipality
    aims = repository.aims_of((await repository.settings(work, [municipality])).get(municipality))
    try:
        law = laws().version(message.law_version) if message.law_version else None
    except LookupError:
        raise InvalidInput(errors=[rules.unknown_version()]) from None
    hidden = _hidden_from(work)
    due = [
        each for each in rules.due_dates(known, municipality, aims, today, law) if each.deadline.rule.code not in hidden
    ]
    work.record_use([customer_id], _shown_to(work, hidden), relation=work.rights.related)
    return CustomerDueDates(due_dates=tuple(map(rules.told, due)))


async def list_due(message: ListDue, work: Work) -> Worklist:
    """What is due in the acting municipality, a page at a time."""
    wanted = user_number(work.actor.user) if message.responsible == "me" else message.responsible
    after = rules.place_of(message.cursor) if message.cursor else None
    if message.cursor and after is None:
        raise InvalidInput(errors=[rules.outdated_cursor()])
    check_input(rules.broken_by_listing(message, laws(), common_aims()))
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
    kept = repository.aims_of(row)
    work.record_use(data=message.DATA, relation="none")
    aims = tuple(Aim(kind=kind, days=count) for kind, count in sorted(kept.days.items()))
    return KeptDueDateSettings(version=row.version if row else 0, notice_days=kept.notice_days, aims=aims)


async def set_due_date_settings(message: SetDueDateSettings, work: Work) -> DueDateSettingsVersion:
    """Sets them; the due dates that they move are counted anew within a minute or so."""
    if done := await work.outcome_of_repeat(DueDateSettingsVersion):
        return done
    municipality = work.actor.municipality
    await repository.lock_settings(work, municipality)
    row = (await repository.settings(work, [municipality])).get(municipality)
    version = row.version if row else 0
    check_current(version, message.expected_version)
    check_input(rules.broken_by_settings(message.settings, common_aims()))
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
    """Looks at some customers of whom something is to be told or counted now, at each in a transaction of its own.

    Whether it looked at any. One who can't be counted holds up no other, and is tried again after an hour.
    """
    cause, actor = str(uuid4()), service_actor("plan")
    begin = partial(unit_of_work.begin, actor, Cause(cause, cause))
    async with begin() as work:
        today = helsinki_date(work.now)
        law_since = laws().on(today).valid_from or today
        waiting = await repository.to_look_at(work, law_since, today, MOST_AT_ONCE)
    looked = False
    for customer_id in waiting:
        try:
            async with begin() as work:
                looked |= await _look_at(work, customer_id)
        except Exception as error:
            log.warning("due_dates.not_counted", service="plan", **describe_error(error))
            async with begin() as work:
                await repository.try_again(work, customer_id, work.now + _RETRY_AFTER)
    return looked


async def _look_at(work: Work, customer_id: UUID) -> bool:
    """Counts a customer's due dates and tells what of them is near or has passed; whether nobody else does.

    The lock of `due_case` comes before any number of an event, as in every act: else the two could deadlock.
    """
    if not await repository.claim(work, customer_id):
        return False
    today = helsinki_date(work.now)
    dues = await _count(work, customer_id, looked=True)
    for each in rules.to_tell(dues, today):
        event = DeadlinePassed if each.deadline.due_on < today else DeadlineApproaching
        told = event(
            matter_id=each.matter_id,
            customer_id=customer_id,
            municipality=each.municipality,
            kind=each.deadline.rule.code,
            due_on=each.deadline.due_on,
            statutory=each.is_statutory,
            law_version=each.law_version,
        )
        if await repository.is_first(work, told):
            await work.publish(told, legal_basis="681/2023 73 § 1 mom. 6")
    return True
