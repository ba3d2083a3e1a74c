"""Which customers and assessments the asker reaches."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, and_, bindparam, not_, or_, select

from contracts.law import laws
from services.assessment.rules.topics import ASSESSMENT, COUNTY_SECTION, data_of
from services.assessment.tables import assessment, customer_view, measure
from services.kit.customer_view import is_reached, join_record, kept_id_of
from services.kit.errors import NotFound
from services.kit.rights import MUNICIPALITY, Reach
from services.kit.work import Work

_ID = bindparam("asked_id", type_=Uuid)


def reached(reach: Reach) -> ColumnElement[bool]:
    """The right of every read: that a row of `customer_view` is reached."""
    return is_reached(customer_view, reach)


async def kept_id(work: Work, customer_id: UUID) -> UUID:
    """The id of the record kept of a customer whom the asker reaches, of an alias that of its record; else NotFound."""
    return await kept_id_of(customer_view, work, customer_id, ASSESSMENT)


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
    of_customer = join_record(customer_view, assessment, assessment.c.customer_id)
    return (
        select(assessment, customer_view.c.customer_id.label("kept"))
        .select_from(of_customer)
        .where(assessment.c.municipality == MUNICIPALITY)
    )
