"""Assessments: those of a customer, and what facts and people make of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.assessment.repository.reach import reached
from services.assessment.rules.ends import ENDED, OPEN
from services.assessment.tables import assessment, considered, customer_view
from services.kit.customer_view import record_kept
from services.kit.rights import MUNICIPALITY
from services.kit.work import Work

_RANKS = {"withdrawn": 1} | dict.fromkeys(ENDED, 0) | dict.fromkeys(OPEN, 2)


async def standing(work: Work, customer_id: UUID) -> dict[str, Row[Any]]:
    """What facts may change of a customer's assessments, by municipality: the open one, or that a merge withdrew, or
    what settles the duty. Locks them; the caller holds the lock of the customer's facts.
    """
    rows = await work.connection.execute(_STANDING, {"of_customer": customer_id})
    return {
        row.municipality: row for row in sorted(rows, key=lambda each: (_RANKS[each.status], each.assessment_id.bytes))
    }


async def save(work: Work, **values: Any) -> Row[Any]:
    """Creates an assessment, or writes what facts made of it."""
    return (await work.connection.execute(_SAVE, values | {"changed_at": work.now})).one()


async def change(work: Work, assessment_id: UUID, **values: Any) -> Row[Any]:
    """Writes what a person did, as a new version."""
    changed = update(assessment).where(assessment.c.assessment_id == assessment_id).returning(*assessment.c)
    told = {"version": assessment.c.version + 1, "changed_at": work.now} | values
    return (await work.connection.execute(changed.values(told))).one()


async def settle_no_more(work: Work, customer_id: UUID, municipality: str) -> None:
    """What was concluded or dropped settles no duty that begins anew: the relationship has ended."""
    theirs = and_(assessment.c.customer_id == customer_id, assessment.c.municipality == municipality)
    await work.connection.execute(
        update(assessment).where(theirs, assessment.c.status.in_(ENDED)).values(settles=False)
    )


async def of_customer(work: Work, customer_id: UUID) -> tuple[UUID, Sequence[Row[Any]]] | None:
    """A customer whom the asker reaches, and the municipality's assessments, newest first; else None.

    Of an alias the customer is the record kept, and the assessments are those of both.
    """
    record = customer_view.alias("record")
    merged = select(record.c.customer_id).where(record.c.merged_into == customer_view.c.customer_id)
    # Joined with `considered`: before that, an empty list would say that nothing is to be done.
    heard = and_(considered.c.customer_id == customer_view.c.customer_id, considered.c.sequence > 0)
    kept = record_kept(customer_view, literal(customer_id))
    own = and_(
        or_(assessment.c.customer_id == customer_view.c.customer_id, assessment.c.customer_id.in_(merged)),
        assessment.c.municipality == MUNICIPALITY,
    )
    query = (
        select(customer_view.c.customer_id.label("kept"), assessment)
        .select_from(customer_view.join(considered, heard).outerjoin(assessment, own))
        .where(customer_view.c.customer_id == kept, reached(work.rights.reach("assessment")))
        .order_by(assessment.c.created_at.desc(), assessment.c.assessment_id.desc())
    )
    rows = (await work.connection.execute(query, work.rights.values)).all()
    return (rows[0].kept, [row for row in rows if row.assessment_id]) if rows else None


async def concluded(work: Work, assessment_id: UUID) -> Row[Any] | None:
    """An assessment that was concluded, whoever's: for the system's own use."""
    found = select(assessment).where(assessment.c.assessment_id == assessment_id, assessment.c.status == "concluded")
    row: Row[Any] | None = (await work.connection.execute(found)).first()
    return row


# Statements of every event are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
_STANDING = (
    select(assessment)
    .where(
        assessment.c.customer_id == bindparam("of_customer"),
        or_(
            assessment.c.status.in_(OPEN),
            assessment.c.merged,
            and_(assessment.c.status.in_(ENDED), assessment.c.settles),
        ),
    )
    .with_for_update()
)
_BY_FACTS = ("status", "reasons", "law_version", "responsible_authority", "changed_at", "merged", "status_before")
_save = insert(assessment)
_SAVE = _save.on_conflict_do_update(
    index_elements=[assessment.c.assessment_id], set_={name: _save.excluded[name] for name in _BY_FACTS}
).returning(*assessment.c)
