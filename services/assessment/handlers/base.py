"""What every act on an assessment begins and ends with."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Row

from contracts.assessment.state import AssessmentChanged, Need
from contracts.assessment.topics import Writing
from contracts.assessment.versions import AssessmentVersion
from services.assessment.repository import cases, reach, topics
from services.assessment.rules.base import assessment_law
from services.assessment.rules.ends import OPEN
from services.assessment.rules.topics import ASSESSMENT
from services.kit.errors import Conflict, check_current
from services.kit.work import Work

MessageT = TypeVar("MessageT", bound="ToVersion")


class ToVersion(Protocol):
    """A request to change the version of an assessment that was read."""

    @property
    def assessment_id(self) -> UUID: ...
    @property
    def expected_version(self) -> int: ...


def to_version(
    act: Callable[[MessageT, Work, Row[Any]], Awaitable[AssessmentVersion]],
) -> Callable[[MessageT, Work], Awaitable[AssessmentVersion]]:
    """The handler of an act on an assessment, given its row: locked, open, and in the version that was read."""

    @wraps(act)
    async def handler(message: MessageT, work: Work) -> AssessmentVersion:
        row = await reach.lock(work, message.assessment_id)
        if done := await work.outcome_of_repeat(AssessmentVersion):
            return done
        check_open(row)
        check_current(row.version, message.expected_version)
        work.record_use([row.kept], [ASSESSMENT], relation=work.rights.related)
        return await act(message, work, row)

    return handler


def check_open(row: Row[Any]) -> None:
    """Raises Conflict when an assessment is read only."""
    if row.status not in OPEN:
        raise Conflict(f"The assessment is {row.status}: it is read only.")


async def change(work: Work, assessment_id: UUID, needs: Iterable[Need] = (), **values: Any) -> AssessmentVersion:
    """Writes a new version of an assessment that is locked, and tells it."""
    row = await cases.change(work, assessment_id, **values)
    await tell(work, row, needs)
    return AssessmentVersion(assessment_id=assessment_id, version=row.version)


def needs_in(written: Mapping[str, Writing]) -> Iterator[Need]:
    """The needs in what is written under topics."""
    for topic, writing in written.items():
        for need in writing.content.needs:
            if need.need_id:
                yield Need(need_id=need.need_id, topic=topic, kind=need.kind)


async def needs_of(work: Work, row: Row[Any]) -> Sequence[Need]:
    """The needs that an assessment tells of: none before it is concluded."""
    if row.status != "concluded":
        return ()
    law = assessment_law(row.law_version)
    return [*needs_in(await topics.newest(work, row.assessment_id, [each.code for each in law.topics]))]


async def tell(work: Work, row: Row[Any], needs: Iterable[Need] = ()) -> None:
    """Tells other services where an assessment stands."""
    await work.publish(
        AssessmentChanged(
            assessment_id=row.assessment_id,
            customer_id=row.customer_id,
            municipality=row.municipality,
            status=row.status,
            reasons=tuple(row.reasons),
            created_at=row.created_at,
            law_version=row.law_version,
            responsible_authority=row.responsible_authority,
            interview_at=row.interview_at,
            county_takes_part=row.county_takes_part,
            result=row.conclusion and row.conclusion["result"],
            ended_on=row.ended_on,
            needs=tuple(needs),
        )
    )
