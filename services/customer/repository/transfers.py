"""Transfers, and what is open of a customer."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, Uuid, and_, bindparam, func, or_, select, true, union_all, update
from sqlalchemy.dialects.postgresql import insert

from contracts.customer.open_matters import OpenMatter
from contracts.customer.transfers import ListTransfers
from services.customer.repository.families import ids_of, lock_rows
from services.customer.repository.reach import IS_OPEN, execute, has_relationship
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER
from services.customer.tables.transfers import ASSESSMENT_VIEW, PLAN_VIEW, TRANSFER
from services.kit.customer_view import record_id
from services.kit.errors import NotFound
from services.kit.handshake import OPEN
from services.kit.rights import MUNICIPALITY, Reach, named, within
from services.kit.work import Work

IS_AWAITED = TRANSFER.c.state.in_(OPEN)
_OVER = ("withdrawn", "concluded", "dropped", "ended")
"""The states of assessments and plans in which nobody must do anything about them."""
_TRANSFER_ID = bindparam("of_transfer", type_=Uuid)


async def get(work: Work, transfer_id: UUID, partner: str | None = None) -> Row[Any]:
    """A transfer that the asker reaches, with `is_own`: whether the customer is the municipality's; NotFound.

    `partner`: a transfer of this organisation's, whose service asks.
    """
    query = _of_partner() if partner else _reached_by(work.rights.reach("transfer"))
    row = (await execute(work, query, of_transfer=transfer_id, partner=partner)).first()
    if row is None:
        raise NotFound("no such transfer")
    return row


async def lock(work: Work, transfer_id: UUID, partner: str | None = None) -> Row[Any]:
    """`get`, and nobody else changes the transfer or its customer until the transaction ends."""
    row = await get(work, transfer_id, partner)
    await lock_both(work, row.customer_id, transfer_id)
    return await get(work, transfer_id, partner)


async def lock_both(work: Work, customer_id: UUID, transfer_id: UUID) -> None:
    """Locks a transfer, its customer first as everywhere: all records of that one."""
    await work.beyond_the_border("a transfer changes what two municipalities have, and the whole state is told")
    await lock_rows(work, await ids_of(work, [customer_id]))
    transfer = select(TRANSFER.c.transfer_id).where(TRANSFER.c.transfer_id == transfer_id)
    await work.connection.execute(transfer.with_for_update())


async def find(work: Work, asked: ListTransfers) -> tuple[Sequence[Row[Any]], UUID | None]:
    """A page of the transfers that the asker reaches, those due first first, and the next page's cursor."""
    table, reach = TRANSFER.c, work.rights.reach("transfer")
    query = _reached(reach)
    if asked.state:
        query = query.where(table.state == asked.state)
    if asked.cursor:
        query = query.where(table.transfer_id > asked.cursor)
    if reach.named_only:
        query = query.where(table.customer_id.in_(named(CUSTOMER)))
    # each direction by its own index: with OR, PostgreSQL would read all that the organisation ever had
    ways = [side for way, side in (("in", table.addressee), ("out", table.requester)) if asked.direction in (way, None)]
    limit = asked.limit + 1
    pages = (query.where(side == MUNICIPALITY).order_by(table.transfer_id).limit(limit) for side in ways)
    both = union_all(*pages).subquery()
    query = select(both).order_by(both.c.transfer_id).limit(limit)
    rows = (await execute(work, query)).all()
    page = rows[: asked.limit]
    return page, page[-1].transfer_id if len(rows) > asked.limit else None


async def is_requested(work: Work, customer_ids: Collection[UUID], requester: str) -> bool:
    """Whether the organisation has asked for a transfer of the customer, by any id, that awaits an answer."""
    table = TRANSFER.c
    theirs = table.customer_id.in_(customer_ids)
    asked = select(table.transfer_id).where(theirs, table.requester == requester, IS_AWAITED)
    return (await work.connection.execute(asked)).first() is not None


async def others_awaited(work: Work, customer_ids: Collection[UUID], but: UUID) -> Sequence[UUID]:
    """The other transfers of the customer, by any id, that await an answer."""
    table = TRANSFER.c
    theirs = table.customer_id.in_(customer_ids)
    others = select(table.transfer_id).where(theirs, table.transfer_id != but, IS_AWAITED)
    return (await work.connection.execute(others.order_by(table.transfer_id))).scalars().all()


async def is_accepted_after(work: Work, customer_ids: Collection[UUID], moment: datetime) -> bool:
    """Whether another transfer of the customer, by any id, was accepted after that."""
    table = TRANSFER.c
    theirs = table.customer_id.in_(customer_ids)
    later = select(table.transfer_id).where(theirs, table.state == "accepted", table.changed_at > moment)
    return (await work.connection.execute(later)).first() is not None


async def overdue(work: Work, today: date, limit: int) -> Sequence[UUID]:
    """Transfers whose last day for an answer has passed."""
    late = select(TRANSFER.c.transfer_id).where(IS_AWAITED, TRANSFER.c.due_on < today)
    return (await work.connection.execute(late.order_by(TRANSFER.c.due_on).limit(limit))).scalars().all()


async def by_id(work: Work, transfer_id: UUID) -> Row[Any] | None:
    """A transfer, whoever's: for what time does, and for what follows from another one."""
    return (await work.connection.execute(select(TRANSFER).where(TRANSFER.c.transfer_id == transfer_id))).first()


async def add(work: Work, **values: Any) -> None:
    """Writes a new transfer."""
    await work.connection.execute(insert(TRANSFER), values)


async def change(work: Work, transfer_id: UUID, **values: Any) -> None:
    """Writes what an act made of a transfer."""
    await work.connection.execute(update(TRANSFER).where(TRANSFER.c.transfer_id == transfer_id).values(**values))


async def holder(work: Work, customer_id: UUID) -> str | None:
    """The municipality that has the customer, or had last."""
    relationship = CLIENT_RELATIONSHIP.c
    last = (
        select(relationship.municipality)
        .where(relationship.customer_id == customer_id)
        .order_by(relationship.ended_on.is_not(None), relationship.ended_on.desc(), relationship.id.desc())
        .limit(1)
    )
    return (await work.connection.execute(last)).scalar_one_or_none()


async def has_assessment(work: Work, customer_ids: Collection[UUID], municipality: str) -> bool:
    """Whether the municipality has an assessment of the customer, by any id, as far as has been heard."""
    return bool((await work.connection.execute(_assessments(customer_ids, municipality))).first())


async def open_matters(work: Work, customer_ids: Collection[UUID], municipality: str) -> tuple[OpenMatter, ...]:
    """What is open of the customer, by any id, for the municipality, the oldest first."""
    table = TRANSFER.c
    party = or_(table.requester == municipality, table.addressee == municipality)
    arrived = select(func.max(CLIENT_RELATIONSHIP.c.started_on)).where(
        CLIENT_RELATIONSHIP.c.customer_id.in_(customer_ids), CLIENT_RELATIONSHIP.c.municipality == municipality, IS_OPEN
    )
    to_review = and_(
        table.state == "accepted",
        table.receiver == municipality,
        func.date(func.timezone("Europe/Helsinki", table.changed_at)) >= arrived.scalar_subquery(),
    )
    transfers = select(TRANSFER).where(table.customer_id.in_(customer_ids), party, or_(IS_AWAITED, to_review))
    found = [
        OpenMatter(
            kind="transfer" if row.state in OPEN else "plan_review",
            matter_id=row.transfer_id,
            since=row.created_at if row.state in OPEN else row.changed_at,
            due_on=row.due_on if row.state in OPEN else None,
            may_be_acknowledged=row.state not in OPEN,
        )
        for row in await work.connection.execute(transfers.order_by(table.transfer_id))
    ]
    found += [
        OpenMatter(kind="assessment", matter_id=row.assessment_id, since=row.created_at, may_be_acknowledged=True)
        for row in await work.connection.execute(
            _assessments(customer_ids, municipality).where(ASSESSMENT_VIEW.c.status.not_in(_OVER))
        )
    ]
    plan = PLAN_VIEW.c
    plans = select(PLAN_VIEW).where(
        plan.customer_id.in_(customer_ids), plan.municipality == municipality, plan.status.not_in(_OVER)
    )
    found += [
        OpenMatter(kind="plan_review", matter_id=row.plan_id, since=row.created_at, may_be_acknowledged=True)
        for row in await work.connection.execute(plans.order_by(plan.plan_id))
    ]
    return tuple(found)


def _assessments(customer_ids: Collection[UUID], municipality: str) -> Select[Any]:
    view = ASSESSMENT_VIEW.c
    return (
        select(ASSESSMENT_VIEW)
        .where(view.customer_id.in_(customer_ids), view.municipality == municipality, view.status != "withdrawn")
        .order_by(view.assessment_id)
    )


@cache
def _reached(reach: Reach) -> Select[Any]:
    table = TRANSFER.c
    kept = (
        select(record_id(CUSTOMER))
        .where(CUSTOMER.c.customer_id == table.customer_id)
        .correlate(TRANSFER)
        .scalar_subquery()
    )
    known = func.coalesce(kept, table.customer_id)  # nobody is there, where a partner tells of somebody new
    # LIMIT: as an expression PostgreSQL would look it up in no index that is behind the border
    customer_id = (one := select(known.label("id")).correlate(TRANSFER).limit(1).lateral("one")).c.id
    own, ever = has_relationship(customer_id), has_relationship(customer_id, also_ended=True)
    party = or_(table.requester == MUNICIPALITY, table.addressee == MUNICIPALITY)
    return (
        select(TRANSFER, own.label("is_own"))
        .join(one, true())
        .where(party, within(reach, customer_id, own, ever, CUSTOMER, party))
    )


@cache
def _reached_by(reach: Reach) -> Select[Any]:
    return _reached(reach).where(TRANSFER.c.transfer_id == _TRANSFER_ID)


@cache
def _of_partner() -> Select[Any]:
    table, partner = TRANSFER.c, bindparam("partner", type_=Text)
    return select(TRANSFER).where(
        table.transfer_id == _TRANSFER_ID, or_(table.requester == partner, table.addressee == partner)
    )
