"""Which customers and assessments the asker reaches."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, and_, any_, bindparam, false, func, not_, or_, select

from contracts.law import laws
from services.assessment.rules.topics import ASSESSMENT, COUNTY_SECTION, data_of
from services.assessment.tables import assessment, customer_view, measure
from services.kit.errors import NotFound
from services.kit.rights import MUNICIPALITY, Reach, within
from services.kit.work import Work

_ID = bindparam("asked_id", type_=Uuid)


def reached(reach: Reach) -> ColumnElement[bool]:
    """The right of every read; a relationship that has ended gives none here."""
    related = any_(customer_view.c.open_municipalities) == MUNICIPALITY
    return within(reach, customer_view.c.customer_id, related, false(), customer_view)


async def kept_id(work: Work, customer_id: UUID, data: str = ASSESSMENT) -> UUID:
    """The id of the record kept of a customer whom the asker reaches, of an alias that of its record; else NotFound."""
    found: UUID | None = (
        await work.connection.execute(_kept(work.rights.reach(data)), work.rights.values | {_ID.key: customer_id})
    ).scalar()
    if found is None:
        work.rights.refuse_in_emergency(customer_id, data)
        raise NotFound("No such customer of this organisation is known here; a new one is known in a moment.")
    return found


async def get(work: Work, assessment_id: UUID, data: str = ASSESSMENT) -> Row[Any]:
    """An assessment that the asker reaches by the data group, with `kept`, the customer's id; else NotFound."""
    return await _one(work, _case(work.rights.reach(data)), assessment_id)


async def lock(work: Work, assessment_id: UUID, data: str = ASSESSMENT) -> Row[Any]:
    """`get`, and nobody else changes the assessment or what belongs to it until the transaction ends."""
    return await _one(work, _case(work.rights.reach(data)).with_for_update(of=assessment), assessment_id)


async def of_topic(work: Work, assessment_id: UUID, topic: str, *, lock: bool = False) -> Row[Any]:
    """An assessment that the asker reaches by the data group that the topic is of in the law of the assessment.

    One statement, whoever asks: nobody can tell one that is not reached from one that is not there.
    """
    further = tuple(
        each.version for each in laws() if each.assessment and data_of(topic, each.assessment) != ASSESSMENT
    )
    query = _case_of_topic(work.rights.reach(ASSESSMENT), work.rights.reach(COUNTY_SECTION), further)
    return await _one(work, query.with_for_update(of=assessment) if lock else query, assessment_id)


async def lock_of_measure(work: Work, measure_id: UUID) -> Row[Any]:
    """The assessment that a measure belongs to, locked."""
    return await _one(work, _case_of_measure(work.rights.reach(ASSESSMENT)), measure_id)


async def _one(work: Work, query: Select[Any], asked_id: UUID) -> Row[Any]:
    row: Row[Any] | None = (await work.connection.execute(query, work.rights.values | {_ID.key: asked_id})).first()
    if row is None:
        raise NotFound("no such assessment")
    return row


@cache
def _kept(reach: Reach) -> Select[Any]:
    asked = customer_view.alias("asked")
    kept = select(func.coalesce(asked.c.merged_into, asked.c.customer_id)).where(asked.c.customer_id == _ID)
    return select(customer_view.c.customer_id).where(
        customer_view.c.customer_id == kept.scalar_subquery(), reached(reach)
    )


@cache
def _case(reach: Reach) -> Select[Any]:
    return _reached(reach).where(assessment.c.assessment_id == _ID)


@cache
def _case_of_topic(by_assessment: Reach, by_county_section: Reach, further: tuple[str, ...]) -> Select[Any]:
    is_further = assessment.c.law_version.in_(further)
    condition = or_(and_(is_further, reached(by_county_section)), and_(not_(is_further), reached(by_assessment)))
    return _of_municipality().where(assessment.c.assessment_id == _ID, condition)


@cache
def _case_of_measure(reach: Reach) -> Select[Any]:
    of_measure = select(measure.c.assessment_id).where(measure.c.measure_id == _ID).scalar_subquery()
    return _reached(reach).where(assessment.c.assessment_id == of_measure).with_for_update(of=assessment)


def _reached(reach: Reach) -> Select[Any]:
    return _of_municipality().where(reached(reach))


def _of_municipality() -> Select[Any]:
    asked = customer_view.alias("asked")
    kept = func.coalesce(asked.c.merged_into, asked.c.customer_id)
    of_customer = assessment.join(asked, asked.c.customer_id == assessment.c.customer_id).join(
        customer_view, customer_view.c.customer_id == kept
    )
    return (
        select(assessment, customer_view.c.customer_id.label("kept"))
        .select_from(of_customer)
        .where(assessment.c.municipality == MUNICIPALITY)
    )
