"""What was written under topics: each version is a row. Further topics are encrypted, bound to their row."""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from uuid_utils.compat import uuid7

from contracts.assessment.topics import MOST_WRITINGS, PinnedFacts, TopicContent, Writing
from contracts.envelope import FieldChange
from services.assessment.tables import topic_writing
from services.kit.work import Work


async def newest(work: Work, assessment_id: UUID, topics: Collection[str]) -> dict[str, Writing]:
    """What is written under each of these topics, where anything is."""
    query = (
        select(topic_writing)
        .ext(distinct_on(topic_writing.c.topic))
        .where(topic_writing.c.assessment_id == assessment_id, topic_writing.c.topic.in_(topics))
        .order_by(topic_writing.c.topic, topic_writing.c.version.desc())
    )
    return {row.topic: _writing(work, row) for row in await work.connection.execute(query)}


async def versions(work: Work, assessment_id: UUID) -> dict[str, int]:
    """The version of each topic under which anything is written."""
    query = (
        select(topic_writing.c.topic, topic_writing.c.version)
        .where(topic_writing.c.assessment_id == assessment_id)
        .order_by(topic_writing.c.version)
    )
    return {row.topic: row.version for row in await work.connection.execute(query)}


async def history(
    work: Work, assessment_id: UUID, topic: str, before: int | None = None, limit: int | None = MOST_WRITINGS
) -> tuple[tuple[Writing, ...], int | None]:
    """A page of what was ever written under a topic, newest first, and the next page's cursor."""
    query = select(topic_writing).where(topic_writing.c.assessment_id == assessment_id, topic_writing.c.topic == topic)
    if before is not None:
        query = query.where(topic_writing.c.version < before)
    rows = (
        await work.connection.execute(query.order_by(topic_writing.c.version.desc()).limit(limit and limit + 1))
    ).all()
    page = rows[:limit]
    return tuple(_writing(work, row) for row in page), page[-1].version if len(rows) > len(page) else None


async def changes_after(work: Work, assessment_id: UUID, topic: str, version: int) -> Sequence[FieldChange]:
    """Who wrote under a topic after a version, and when; the newest first."""
    later = (
        select(topic_writing.c.version, topic_writing.c.written_at, topic_writing.c.written_by)
        .where(
            topic_writing.c.assessment_id == assessment_id,
            topic_writing.c.topic == topic,
            topic_writing.c.version > version,
        )
        .order_by(topic_writing.c.version.desc())
        .limit(MOST_WRITINGS)
    )
    return [
        FieldChange(field=topic, version=row.version, changed_at=row.written_at, changed_by=row.written_by)
        for row in await work.connection.execute(later)
    ]


async def add(
    work: Work,
    of: Row[Any],
    topic: str,
    version: int,
    content: TopicContent,
    *,
    facts: PinnedFacts | None,
    is_sealed: bool,
) -> None:
    """Writes a version of a topic; `of`: the assessment's row."""
    writing_id, told = uuid7(), content.model_dump(mode="json")
    await work.connection.execute(
        insert(topic_writing),
        {
            "writing_id": writing_id,
            "assessment_id": of.assessment_id,
            "customer_id": of.customer_id,
            "municipality": of.municipality,
            "topic": topic,
            "version": version,
            "content": None if is_sealed else told,
            "sealed": work.encryption.encrypt(json.dumps(told), writing_id) if is_sealed else None,
            "facts": facts and facts.model_dump(mode="json"),
            "written_at": work.now,
            "written_by": work.actor.user,
            "organisation": work.actor.organisation,
        },
    )


def _writing(work: Work, row: Row[Any]) -> Writing:
    content = json.loads(work.encryption.decrypt(row.sealed, row.writing_id)) if row.sealed else row.content
    return Writing(
        version=row.version,
        content=TopicContent.model_validate(content),
        facts=row.facts,
        written_at=row.written_at,
        written_by=row.written_by,
        organisation=row.organisation,
    )
