"""What is due, as counted, and what was told of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Subquery, Update, and_, delete, func, or_, select, true, tuple_, union, update
from sqlalchemy.dialects.postgresql import insert

from contracts.plan.due_dates import Deadline, ListDue
from services.kit.rights import MUNICIPALITY, Reach, named
from services.kit.work import Work
from services.plan.law import Aims, common_aims
from services.plan.repository.reach import reached
from services.plan.rules.due_dates import Due, Known
from services.plan.tables import CUSTOMER_VIEW, TEAM_VIEW
from services.plan.tables.due_dates import DEADLINE_TOLD, DUE_CASE, DUE_DATE, DUE_DATE_SETTINGS

_DUE = DUE_DATE.c
_ORDER = (_DUE.due_on, _DUE.customer_id, _DUE.kind)


async def lock(work: Work, customer_id: UUID, today: date) -> None:
    """Nobody else counts this customer's due dates until the transaction ends: what is read after it is the newest."""
    counted = insert(DUE_CASE).values(customer_id=customer_id, computed_on=today)
    anew = counted.on_conflict_do_update(index_elements=["customer_id"], set_={"computed_on": today, "retry_at": None})
    await work.connection.execute(anew)


async def replace(
    work: Work, known: Known, dues: Collection[Due], settings: Mapping[str, Row[Any]], look_on: date | None
) -> None:
    """Puts what is due in the place of what was due of the customer, who is looked at next on that day."""
    rows = [
        {
            "customer_id": known.customer_id,
            "municipality": each.municipality,
            "kind": each.deadline.rule.code,
            "matter_id": each.matter_id,
            "due_on": each.deadline.due_on,
            "statutory": each.is_statutory,
            "law_version": each.law_version,
            "responsible": known.responsible.get(each.municipality),
            "settings_version": settings[each.municipality].version if each.municipality in settings else 0,
        }
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
    await work.connection.execute(_of(known.customer_id).values(look_on=look_on))


_keep = insert(DUE_DATE)
_KEEP = _keep.on_conflict_do_update(
    index_elements=DUE_DATE.primary_key,
    set_={each.name: _keep.excluded[each.name] for each in DUE_DATE.c if not each.primary_key},
)


async def to_look_at(work: Work, law_since: date, today: date, most: int) -> list[UUID]:
    """Customers of whom something is to be told, or whose due dates move from day to day or were counted otherwise.

    Otherwise: before the present law, or by other aims than the municipality has now.
    """
    case, theirs = DUE_CASE.c, DUE_DATE_SETTINGS.c
    by_other_aims = select(_DUE.customer_id).where(
        _DUE.municipality == theirs.municipality, _DUE.settings_version < theirs.version
    )
    found = (
        select(case.customer_id).where(which, or_(case.retry_at.is_(None), case.retry_at <= work.now)).limit(most)
        for which in (case.look_on <= today, case.computed_on < law_since, case.customer_id.in_(by_other_aims))
    )
    return list(await work.connection.scalars(union(*found).limit(most)))


async def claim(work: Work, customer_id: UUID) -> bool:
    """Locks a customer's due dates; False where somebody else counts them, or the person was erased."""
    one = select(DUE_CASE.c.customer_id).where(DUE_CASE.c.customer_id == customer_id)
    return (await work.connection.execute(one.with_for_update(skip_locked=True))).first() is not None


async def try_again(work: Work, customer_id: UUID, at: datetime) -> None:
    """Leaves a customer alone until then."""
    await work.connection.execute(_of(customer_id).values(retry_at=at))


async def is_first(work: Work, told: Deadline) -> bool:
    """Whether this is told of this due date for the first time; from here on it is not."""
    key = told.model_dump(include={"customer_id", "municipality", "matter_id", "kind", "due_on"})
    row = key | {"event": told.TYPE, "told_at": work.now}
    return bool((await work.connection.execute(insert(DEADLINE_TOLD).on_conflict_do_nothing(), row)).rowcount)


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
    if asked.team:
        ordered = _of_each(_members(asked.team), ordered).limit(asked.limit + 1)
    found: Sequence[Row[Any]] = (await work.connection.execute(ordered, work.rights.values)).all()
    return found


def _members(team_id: UUID) -> Subquery:
    """The users of a team of the asker's municipality, while it has not ended."""
    its = TEAM_VIEW.c
    here = and_(its.team_id == team_id, its.organisation == MUNICIPALITY, ~its.ended)
    return select(func.unnest(its.members).label("user")).where(here).subquery()


def _of_each(users: Subquery, ordered: Select[Any]) -> Select[Any]:
    """What is due of the customers of several users: one list of the first page of each."""
    theirs = ordered.where(_DUE.responsible == users.c.user).lateral()
    return select(theirs).join_from(users, theirs, true()).order_by(*(theirs.c[each.name] for each in _ORDER))


@cache
def _page(reach: Reach) -> Select[Any]:
    # not a join: PostgreSQL would take it to leave next to nothing, and sort the whole list for a page
    own = CUSTOMER_VIEW.c.customer_id == _DUE.customer_id
    is_reached = select(true()).where(own, reached(reach)).correlate(DUE_DATE).limit(1).scalar_subquery()
    query = select(DUE_DATE).where(_DUE.municipality == MUNICIPALITY, is_reached)
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
    """Keeps a municipality's aims and notice; the tick finds what was counted by older ones."""
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


def aims_of(row: Row[Any] | None) -> Aims:
    """A municipality's aims and notice; the common ones where it has set none."""
    return common_aims().set_to(row.notice_days, row.aims) if row else common_aims()


def _of(customer_id: UUID) -> Update:
    return update(DUE_CASE).where(DUE_CASE.c.customer_id == customer_id)
