"""What counties contributed: each writing is a row, encrypted and bound to it; none is changed."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from uuid_utils.compat import uuid7

from contracts.assessment.county_sections import Contribution, KeptWriting
from services.assessment.tables import county_section
from services.kit.work import Work


async def of_assessment(work: Work, assessment_id: UUID) -> tuple[KeptWriting, ...]:
    """All writings of an assessment, newest first."""
    query = select(county_section).where(county_section.c.assessment_id == assessment_id)
    rows = await work.connection.execute(query.order_by(county_section.c.writing_id.desc()))
    return tuple(_writing(work, row) for row in rows)


async def count(work: Work, assessment_id: UUID) -> int:
    """How many writings an assessment has."""
    query = select(func.count()).select_from(county_section).where(county_section.c.assessment_id == assessment_id)
    counted: int = (await work.connection.execute(query)).scalar_one()
    return counted


async def add(work: Work, of: Row[Any], contribution: Contribution, *, channel: str | None, organisation: str) -> None:
    """Writes a contribution; `of`: the assessment's row; `organisation`: whose user or program recorded it."""
    for each in contribution.sections:
        writing_id = uuid7()
        told = json.dumps({"text": each.text, "needs": list(each.needs)})
        await work.connection.execute(
            insert(county_section),
            {
                "writing_id": writing_id,
                "assessment_id": of.assessment_id,
                "customer_id": of.customer_id,
                "municipality": of.municipality,
                "topic": each.topic,
                "sealed": work.encryption.encrypt(told, writing_id),
                "written_by": contribution.written_by,
                "written_on": contribution.written_on,
                "channel": channel,
                "recorded_at": work.now,
                "recorded_by": work.actor.user,
                "organisation": organisation,
            },
        )


def _writing(work: Work, row: Row[Any]) -> KeptWriting:
    sealed = json.loads(work.encryption.decrypt(row.sealed, row.writing_id))
    return KeptWriting.model_validate(row._asdict() | sealed)
