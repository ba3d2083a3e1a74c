"""What is due, as counted, and what was told of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, literal, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from contracts.plan.due_dates import ListDue
from services.kit.customer_view import is_open
from services.kit.rights import MUNICIPALITY, Reach, named
from services.kit.work import Work
from services.plan.law import Aims
from services.plan.repository.reach import reached
from services.plan.rules.due_dates import Due, Known
from services.plan.tables import CUSTOMER_VIEW, TEAM_VIEW
from services.plan.tables.due_dates import DEADLINE_TOLD, DUE_CASE, DUE_DATE, DUE_DATE_SETTINGS

_DUE = DUE_DATE.c
_ORDER = (_DUE.due_on, _DUE.customer_id, _DUE.kind)


async def lock(work: Work, customer_id: UUID, today: date) -> None:
    """Nobody else counts this customer's due dates until the transaction ends: what is read after it is the newest."""
    counted = insert(DUE_CASE).values(customer_id=customer_id, computed_on=today, is_suspended=False)
    anew = counted.on_conflict_do_update(index_elements=["customer_id"], set_={"computed_on": today})
    await work.connection.execute(anew)


async def replace(work: Work, known: Known, due: Mapping[str, Collection[Due]], told_on: Mapping[Due, date]) -> None:
    """Puts these due dates, by municipality, in the place of the customer's; `told_on`: when each is looked at next."""
    rows = [
        {
            "customer_id": known.customer_id,
            "municipality": municipality,
            "kind": each.deadline.rule.code,
            "matter_id": each.matter_id,
            "due_on": each.deadline.due_on,
            "statutory": each.is_statutory,
            "law_version": each.law.version,
            "responsible": known.responsible.get(municipality),
            "next_event_on": told_on[each],
        }
        for municipality, dues in due.items()
        for each in dues
    ]
    kept = [(row["municipality"], row["kind"]) for row in rows]
    await work.connection.execute(
        delete(DUE_DATE).where(
            _DUE.customer_id == known.customer_id, tuple_(_DUE.municipality, _DUE.kind).not_in(kept) if kept else true()
        )
    )
    if rows:
        await work.connection.execute(_KEEP, rows)
    suspended = any(each.deadline.is_suspended for dues in due.values() for each in dues)
    of_customer = DUE_CASE.c.customer_id == known.customer_id
    await work.connection.execute(update(DUE_CASE).where(of_customer).values(is_suspended=suspended))


_keep = insert(DUE_DATE)
_KEEP = _keep.on_conflict_do_update(
    index_elements=DUE_DATE.primary_key,
    set_={each.name: _keep.excluded[each.name] for each in DUE_DATE.c if not each.primary_key},
)


async def to_count_anew(work: Work, law_since: date, today: date, most: int) -> list[UUID]:
    """Customers whose due dates were counted before the present law, or move from day to day."""
    table = DUE_CASE.c
    waiting = or_(table.computed_on < law_since, table.is_suspended & (table.computed_on < today))
    found = await work.connection.scalars(
        select(table.customer_id).where(waiting).order_by(table.customer_id).limit(most)
    )
    return list(found)


async def to_tell(work: Work, today: date, most: int) -> Sequence[Row[Any]]:
    """Due dates of which something is to be told now; nobody else tells of them until the transaction ends."""
    query = select(DUE_DATE).where(_DUE.next_event_on <= today).order_by(*_ORDER).limit(most)
    found: Sequence[Row[Any]] = (await work.connection.execute(query.with_for_update(skip_locked=True))).all()
    return found


async def is_first(work: Work, row: Row[Any], event: str) -> bool:
    """Whether this is told of this due date for the first time; from here on it is not."""
    told = {name: row._mapping[name] for name in ("customer_id", "municipality", "matter_id", "kind", "due_on")}
    done = await work.connection.execute(
        insert(DEADLINE_TOLD).on_conflict_do_nothing(), told | {"event": event, "told_at": work.now}
    )
    return bool(done.rowcount)


async def set_next_event(work: Work, row: Row[Any], on: date | None) -> None:
    """When it is to be looked at again."""
    of_row = tuple_(_DUE.customer_id, _DUE.municipality, _DUE.kind) == (row.customer_id, row.municipality, row.kind)
    await work.connection.execute(update(DUE_DATE).where(of_row).values(next_event_on=on))


async def page(
    work: Work,
    asked: ListDue,
    responsible: UUID | None,
    after: tuple[date, UUID, str] | None,
    hidden: Collection[str],
) -> Sequence[Row[Any]]:
    """One row more than asked for of what is due in the asker's municipality, the soonest first; no `hidden` kinds."""
    query = _page(work.rights.reach("plan"))
    if asked.responsible == "none":
        query = query.where(_DUE.responsible.is_(None))
    elif responsible:
        query = query.where(_DUE.responsible == responsible)
    if asked.team:
        of_team = and_(TEAM_VIEW.c.team_id == asked.team, TEAM_VIEW.c.organisation == MUNICIPALITY, ~TEAM_VIEW.c.ended)
        members = select(func.unnest(TEAM_VIEW.c.members)).where(of_team)
        query = query.where(_DUE.responsible.in_(members))
    if hidden:
        query = query.where(_DUE.kind.not_in(hidden))
    if asked.kinds:
        query = query.where(_DUE.kind.in_(asked.kinds))
    if asked.due_from:
        query = query.where(_DUE.due_on >= asked.due_from)
    if asked.due_until:
        query = query.where(_DUE.due_on <= asked.due_until)
    if after:
        query = query.where(tuple_(*_ORDER) > after)
    ordered = query.order_by(*_ORDER).limit(asked.limit + 1)
    found: Sequence[Row[Any]] = (await work.connection.execute(ordered, work.rights.values)).all()
    return found


@cache
def _page(reach: Reach) -> Select[Any]:
    query = (
        select(DUE_DATE)
        .join(CUSTOMER_VIEW, CUSTOMER_VIEW.c.customer_id == _DUE.customer_id)
        .where(_DUE.municipality == MUNICIPALITY, reached(reach))
    )
    return query.where(_DUE.customer_id.in_(named(CUSTOMER_VIEW))) if reach.named_only else query


async def settings(work: Work, municipalities: Collection[str]) -> dict[str, Row[Any]]:
    """What these municipalities have set; one that has set nothing is left out."""
    query = select(DUE_DATE_SETTINGS).where(DUE_DATE_SETTINGS.c.municipality.in_(municipalities))
    return {row.municipality: row for row in await work.connection.execute(query)}


async def lock_settings(work: Work, municipality: str) -> None:
    """Nobody else sets a municipality's aims until the transaction ends, were they never set before."""
    await work.connection.execute(
        select(func.pg_advisory_xact_lock(func.hashtext(f"due_date_settings {municipality}")))
    )


async def set_settings(work: Work, municipality: str, version: int, notice_days: int, aims: Mapping[str, int]) -> None:
    """Keeps a municipality's aims and notice; its customers' due dates are counted anew as soon as it is looked."""
    row = {
        "municipality": municipality,
        "version": version,
        "notice_days": notice_days,
        "aims": dict(aims),
        "changed_at": work.now,
        "changed_by": work.actor.user,
    }
    kept = insert(DUE_DATE_SETTINGS)
    changed = {name: kept.excluded[name] for name in row if name != "municipality"}
    await work.connection.execute(kept.on_conflict_do_update(index_elements=["municipality"], set_=changed), row)
    theirs = select(CUSTOMER_VIEW.c.customer_id).where(is_open(CUSTOMER_VIEW, literal(municipality)))
    await work.connection.execute(
        update(DUE_CASE).where(DUE_CASE.c.customer_id.in_(theirs)).values(computed_on=literal(date.min))
    )


def days_of(row: Row[Any] | None, aims: Aims) -> tuple[int, Mapping[str, int]]:
    """A municipality's notice and its aims, in days; the common ones where it has set none."""
    return (row.notice_days, row.aims) if row else (aims.notice_days, aims.days)
