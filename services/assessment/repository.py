"""All SQL of the assessment service."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, any_, bindparam, false, select
from sqlalchemy.dialects.postgresql import insert

from contracts.assessment import Assessment
from services.assessment.tables import assessment, considered, customer_view
from services.kit.rights import MUNICIPALITY, Reach, within
from services.kit.work import Work


async def is_newest(work: Work, customer_id: UUID) -> bool:
    """Whether the state event being handled is the newest of its customer. Locks the customer's row until the end."""
    noted = await work.connection.execute(_NOTE_IF_NEWEST, {"customer_id": customer_id, "sequence": work.sequence})
    return bool(noted.rowcount)


async def standing(work: Work, customer_id: UUID) -> dict[str, Row[Any]]:
    """A customer's assessments that are not withdrawn, by municipality."""
    rows = await work.connection.execute(_STANDING, {"of_customer": customer_id})
    return {row.municipality: row for row in rows}


async def save(work: Work, state: Assessment, law_version: str) -> None:
    """Creates an assessment, or changes its status and reasons."""
    told = {"law_version": law_version, "created_at": work.now, "changed_at": work.now}
    await work.connection.execute(_SAVE, state.model_dump() | told)


async def assessments(work: Work, customer_id: UUID) -> Sequence[Row[Any]] | None:
    """The municipality's assessments of a customer whom the asker reaches, newest first; else None."""
    columns = [assessment.c[name] for name in Assessment.model_fields]
    # Joined with `considered`: before that, an empty list would say that nothing is to be done.
    known = customer_view.join(considered, considered.c.customer_id == customer_view.c.customer_id)
    own = and_(
        assessment.c.customer_id == customer_view.c.customer_id,
        assessment.c.municipality == MUNICIPALITY,
    )
    query = (
        select(*columns)
        .select_from(known.outerjoin(assessment, own))
        .where(customer_view.c.customer_id == customer_id, _reached(work.rights.reach("assessment")))
        .order_by(assessment.c.created_at.desc(), assessment.c.assessment_id.desc())
    )
    rows = (await work.connection.execute(query, work.rights.values)).all()
    return [row for row in rows if row.assessment_id] if rows else None


def _reached(reach: Reach) -> ColumnElement[bool]:
    """The right of every read; a relationship that has ended gives none here."""
    related = any_(customer_view.c.open_municipalities) == MUNICIPALITY
    return within(reach, customer_view.c.customer_id, related, false())


# Statements of every event are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
_note = insert(considered)
_NOTE_IF_NEWEST = _note.on_conflict_do_update(
    index_elements=[considered.c.customer_id],
    set_={"sequence": _note.excluded.sequence},
    where=considered.c.sequence < _note.excluded.sequence,
)
_STANDING = select(assessment).where(
    assessment.c.customer_id == bindparam("of_customer"), assessment.c.status != "withdrawn"
)
_save = insert(assessment)
_SAVE = _save.on_conflict_do_update(
    index_elements=[assessment.c.assessment_id],
    set_={name: _save.excluded[name] for name in ("status", "reasons", "law_version", "changed_at")},
)
