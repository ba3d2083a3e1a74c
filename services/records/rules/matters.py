"""Which documents an event asks for, and their ids: the same event asks for the same ones, however often it comes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.assessment.documents import AssessmentForDocument
from contracts.assessment.state import AssessmentChanged
from contracts.envelope import Problem
from contracts.plan.state import PlanChanged
from contracts.records.state import DocumentKind
from services.kit.clock import HELSINKI
from services.kit.code_lists import MUNICIPALITIES

_FINAL = {404, 409, 410}
"""Statuses by which an owner says that there is no such edition, or nobody of that id: asking again changes nothing."""


@dataclass(frozen=True)
class Matter:
    """One document of one edition in one language, and whom it is about."""

    customer_id: UUID
    members: tuple[UUID, ...]
    municipality: str
    kind: DocumentKind
    matter_id: UUID
    edition: int
    language: str
    approved_in: str
    dated_at: datetime
    """When the edition was offered: an edition taken back, changed and offered again has new documents."""

    @property
    def document_id(self) -> UUID:
        """Made of what it is of, so that it is the same before it is made and whenever it is made again."""
        return self._id_in(self.language)

    @property
    def approved_document_id(self) -> UUID:
        """The document that this one is a copy of, or itself."""
        return self._id_in(self.approved_in)

    @property
    def is_copy(self) -> bool:
        """Whether it is for reading beside the one that is approved."""
        return self.language != self.approved_in

    def _id_in(self, language: str) -> UUID:
        dated = self.dated_at.astimezone(UTC).isoformat()
        return uuid5(NAMESPACE_URL, f"urn:koto:document:{self.matter_id}:{self.edition}:{dated}:{language}")


def of_plan(plan: PlanChanged) -> Iterator[Matter]:
    """The documents of the edition that is offered, each language once; none when none is."""
    if plan.offered is None or not plan.offered.languages:
        return
    for language in dict.fromkeys(plan.offered.languages):
        yield Matter(
            customer_id=plan.customer_id,
            members=plan.members,
            municipality=plan.municipality,
            kind="plan",
            matter_id=plan.plan_id,
            edition=plan.offered.edition,
            language=language,
            approved_in=plan.offered.languages[0],
            dated_at=plan.offered.offered_at,
        )


def of_assessment(assessment: AssessmentChanged) -> Iterator[Matter]:
    """The document of an assessment that is concluded, in the language of the municipality's majority; else none."""
    if assessment.status != "concluded" or assessment.ended_on is None:
        return
    language = _majority_language(assessment.municipality, assessment.ended_on)
    yield Matter(
        customer_id=assessment.customer_id,
        members=(),
        municipality=assessment.municipality,
        kind="assessment",
        matter_id=assessment.assessment_id,
        edition=1,
        language=language,
        approved_in=language,
        dated_at=datetime.combine(assessment.ended_on, time(), HELSINKI),
    )


def copies_of_assessment(matter: Matter, assessment: AssessmentForDocument) -> Iterator[Matter]:
    """A copy in the language in which the customer was interviewed last, by an interpreter or without."""
    if matter.is_copy or not assessment.interviews:
        return
    interview = assessment.interviews[-1]
    language = interview.interpreter_language or interview.language
    if language != matter.language:
        yield replace(matter, language=language)


def _majority_language(municipality: str, on: date) -> str:
    """By the Language Act 423/2003 5 §; Finnish where the list does not know the municipality."""
    return MUNICIPALITIES.get(municipality, on).languages[0] if MUNICIPALITIES.has(municipality, on) else "fi"


def final_code(problem: Problem) -> str | None:
    """The code of an owner's last word; None where it, or something beneath, is away or out of order."""
    return problem.type.rpartition(":")[2] if problem.status in _FINAL else None
