"""All SQL of the assessment service."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, any_, bindparam, false, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from contracts.assessment.state import Assessment
from services.assessment.tables import assessment, considered, customer_view
from services.kit.rights import MUNICIPALITY, Reach, within
from services.kit.work import Work


async def is_newest(work: Work, customer_id: UUID) -> bool:
    """Whether the state event being handled is the newest of its customer. Locks the customer's row until the end."""
    noted = await work.connection.execute(_NOTE_IF_NEWEST, {"customer_id": customer_id, "sequence": work.sequence})
    return bool(noted.rowcount)


async def standing(work: Work, customer_id: UUID) -> dict[str, Row[Any]]:
    """A customer's assessments that are not withdrawn, or only for a merge, by municipality."""
    rows = await work.connection.execute(_STANDING, {"of_customer": customer_id})
    return {row.municipality: row for row in sorted(rows, key=lambda each: each.status != "withdrawn")}


async def save(work: Work, state: Assessment, law_version: str, *, merged: bool) -> None:
    """Creates an assessment, or changes its status and reasons; `merged`: for the record is another's alias."""
    told = {"law_version": law_version, "created_at": work.now, "changed_at": work.now, "merged": merged}
    await work.connection.execute(_SAVE, state.model_dump() | told)


async def assessments(work: Work, customer_id: UUID) -> tuple[UUID, Sequence[Row[Any]]] | None:
    """A customer whom the asker reaches, and the municipality's assessments, newest first; else None.

    Of an alias the customer is the record kept, and the assessments are those of both.
    """
    asked, record = customer_view.alias("asked"), customer_view.alias("record")
    kept = select(func.coalesce(asked.c.merged_into, asked.c.customer_id)).where(asked.c.customer_id == customer_id)
    merged = select(record.c.customer_id).where(record.c.merged_into == customer_view.c.customer_id)
    columns = [assessment.c[name] for name in Assessment.model_fields]
    # Joined with `considered`: before that, an empty list would say that nothing is to be done.
    known = customer_view.join(considered, considered.c.customer_id == customer_view.c.customer_id)
    own = and_(
        or_(assessment.c.customer_id == customer_view.c.customer_id, assessment.c.customer_id.in_(merged)),
        assessment.c.municipality == MUNICIPALITY,
    )
    query = (
        select(customer_view.c.customer_id.label("kept"), *columns)
        .select_from(known.outerjoin(assessment, own))
        .where(customer_view.c.customer_id == kept.scalar_subquery(), _reached(work.rights.reach("assessment")))
        .order_by(assessment.c.created_at.desc(), assessment.c.assessment_id.desc())
    )
    rows = (await work.connection.execute(query, work.rights.values)).all()
    return (rows[0].kept, [row for row in rows if row.assessment_id]) if rows else None


def _reached(reach: Reach) -> ColumnElement[bool]:
    """The right of every read; a relationship that has ended gives none here."""
    related = any_(customer_view.c.open_municipalities) == MUNICIPALITY
    return within(reach, customer_view.c.customer_id, related, false(), customer_view)


# Statements of every event are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
_note = insert(considered)
_NOTE_IF_NEWEST = _note.on_conflict_do_update(
    index_elements=[considered.c.customer_id],
    set_={"sequence": _note.excluded.sequence},
    where=considered.c.sequence < _note.excluded.sequence,
)
_STANDING = select(assessment).where(
    assessment.c.customer_id == bindparam("of_customer"), or_(assessment.c.status != "withdrawn", assessment.c.merged)
)
_save = insert(assessment)
_SAVE = _save.on_conflict_do_update(
    index_elements=[assessment.c.assessment_id],
    set_={name: _save.excluded[name] for name in ("status", "reasons", "law_version", "changed_at", "merged")},
)
