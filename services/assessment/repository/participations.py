"""Counties' participations in assessments."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, Uuid, bindparam, insert, not_, or_, select, update

from contracts.assessment.participations import ListParticipations
from services.assessment.repository.reach import reached
from services.assessment.rules.participations import OVER, STANDING
from services.assessment.tables import assessment, county_participation, customer_view
from services.kit.customer_view import is_open, join_record
from services.kit.errors import NotFound
from services.kit.handshake import OPEN
from services.kit.rights import MUNICIPALITY, Reach
from services.kit.work import Work

_TABLE = county_participation.c
_ID = bindparam("of_participation", type_=Uuid)
_PARTNER = bindparam("of_partner", type_=Text)


async def get(work: Work, participation_id: UUID, partner: str | None = None) -> Row[Any]:
    """A participation that the asker reaches, with `kept`, the customer's id, `is_customer`, whether he or she is the
    municipality's still, and `assessment_status`; else NotFound. `partner`: the county whose program asks.
    """
    if partner:
        query = _found().where(_TABLE.participation_id == _ID, _TABLE.addressee == _PARTNER)
    else:
        query = _reached_by(work.rights.reach("participation"))
    row: Row[Any] | None = (
        await work.connection.execute(query, work.rights.values | {_ID.key: participation_id, _PARTNER.key: partner})
    ).first()
    if row is None:
        raise NotFound("no such participation")
    return row


async def lock(work: Work, participation_id: UUID, partner: str | None = None) -> tuple[Row[Any], Row[Any]]:
    """`get`, with the assessment's row, and nobody else changes either until the transaction ends."""
    row = await get(work, participation_id, partner)
    case = await _lock(work, row.assessment_id)
    return case, await get(work, participation_id, partner)


async def lock_any(work: Work, participation_id: UUID) -> tuple[Row[Any], Row[Any]] | None:
    """The same, whoever's: for what time does; None when the person was erased."""
    query = _found().where(_TABLE.participation_id == _ID)
    row = (await work.connection.execute(query, {_ID.key: participation_id})).first()
    if row is None:
        return None
    case = await _lock(work, row.assessment_id)
    row = (await work.connection.execute(query, {_ID.key: participation_id})).first()
    return (case, row) if row else None


async def find(work: Work, asked: ListParticipations) -> tuple[Sequence[Row[Any]], UUID | None]:
    """A page of the participations that the asker reaches, the first first, and the next page's cursor."""
    query = _reached(work.rights.reach("participation"))
    if asked.state:
        query = query.where(_TABLE.state == asked.state)
    if asked.assessment_id:
        query = query.where(_TABLE.assessment_id == asked.assessment_id)
    if asked.cursor:
        query = query.where(_TABLE.participation_id > asked.cursor)
    query = query.order_by(_TABLE.participation_id).limit(asked.limit + 1)
    rows = (await work.connection.execute(query, work.rights.values)).all()
    page = rows[: asked.limit]
    return page, page[-1].participation_id if len(rows) > asked.limit else None


async def of_assessment(work: Work, assessment_id: UUID) -> Sequence[Row[Any]]:
    """The participations in an assessment, whose row is locked, the first first."""
    query = select(county_participation).where(_TABLE.assessment_id == assessment_id)
    return (await work.connection.execute(query.order_by(_TABLE.participation_id))).all()


async def standing(work: Work, assessment_id: UUID) -> Row[Any] | None:
    """The participation in which the county takes part, or may yet."""
    query = select(county_participation).where(_TABLE.assessment_id == assessment_id, _TABLE.state.in_(STANDING))
    return (await work.connection.execute(query)).first()


async def to_end(work: Work, today: date, limit: int) -> Sequence[UUID]:
    """Participations that await an answer past the last day for it, or in what nobody takes part in any more."""
    late = or_(_TABLE.due_on < today, _IS_OVER)
    query = _found().with_only_columns(_TABLE.participation_id).where(_TABLE.state.in_(OPEN), late)
    return (await work.connection.execute(query.order_by(_TABLE.due_on).limit(limit))).scalars().all()


async def add(work: Work, **values: Any) -> Row[Any]:
    """Writes a new participation."""
    added = insert(county_participation).returning(*_TABLE)
    return (await work.connection.execute(added, values)).one()


async def change(work: Work, participation_id: UUID, **values: Any) -> Row[Any]:
    """Writes what an act made of a participation."""
    changed = update(county_participation).where(_TABLE.participation_id == participation_id).returning(*_TABLE)
    return (await work.connection.execute(changed.values(values))).one()


async def _lock(work: Work, assessment_id: UUID) -> Row[Any]:
    """Whoever changes a participation locks the assessment: that is the lock of both."""
    case = select(assessment).where(assessment.c.assessment_id == assessment_id).with_for_update()
    row: Row[Any] = (await work.connection.execute(case)).one()
    return row


@cache
def _found() -> Select[Any]:
    of_case = county_participation.join(assessment, assessment.c.assessment_id == _TABLE.assessment_id)
    return select(
        county_participation,
        customer_view.c.customer_id.label("kept"),
        _IS_CUSTOMER.label("is_customer"),
        assessment.c.status.label("assessment_status"),
    ).select_from(join_record(customer_view, of_case, _TABLE.customer_id))


@cache
def _reached(reach: Reach) -> Select[Any]:
    return _found().where(_TABLE.municipality == MUNICIPALITY, reached(reach))


@cache
def _reached_by(reach: Reach) -> Select[Any]:
    return _reached(reach).where(_TABLE.participation_id == _ID)


_IS_CUSTOMER = is_open(customer_view, _TABLE.municipality)
_IS_OVER = or_(assessment.c.status.in_(OVER), not_(_IS_CUSTOMER))
