"""Where an assessment stands, and what it must hold before it is concluded."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from contracts.assessment.cases import Conclusion, Drop
from contracts.assessment.interviews import HeldInterview, ToldDuty
from contracts.assessment.state import AssessmentStatus
from contracts.envelope import FieldError
from contracts.law import AssessmentLaw
from services.assessment.rules.base import broken, broken_by_code
from services.assessment.rules.interviews import duties_left
from services.kit import code_lists

OPEN: tuple[AssessmentStatus, ...] = ("to_start", "planned", "under_way")
ENDED: tuple[AssessmentStatus, ...] = ("concluded", "dropped")
"""By a person; `withdrawn` is what facts do."""


class Found(NamedTuple):
    """What an assessment holds when it is to be concluded."""

    topics: Collection[str]
    duties: Sequence[ToldDuty]
    interviews: Sequence[HeldInterview]
    open_measures: int
    county: str | None = None
    """The rule by which the county's participation keeps it open."""


class Standing(NamedTuple):
    """Where an assessment stands and why."""

    status: AssessmentStatus
    reasons: tuple[str, ...]


def considered(present: Any | None, reasons: tuple[str, ...], *, is_related: bool) -> Standing | None:
    """What facts make of a municipality's assessment, None where there is none and none is to be; `present`: its row.

    What people have begun is withdrawn when the relationship ends alone: else only its reasons change.
    """
    if present is None:
        return Standing("to_start", reasons) if reasons and is_related else None
    before = Standing(present.status, tuple(present.reasons))
    if before.status in ENDED:
        return before
    status = present.status_before or "to_start" if before.status == "withdrawn" else before.status
    if is_related and (reasons or status != "to_start"):
        return Standing(status, reasons)
    return Standing("withdrawn", before.reasons)


def broken_by_conclusion(conclusion: Conclusion, found: Found, law: AssessmentLaw) -> Iterator[FieldError]:
    """What keeps an assessment from being concluded, all of it at once (14 §; 869/2024 2-4 §)."""
    if conclusion.result == "no_plan_needed" and conclusion.reason is None:
        yield broken("/conclusion/reason", "missing")
    if conclusion.result == "referred_on" and not conclusion.referred_to:
        yield broken("/conclusion/referred_to", "missing")
    if not found.interviews:
        yield broken("/interviews", "no_interview")
    elif not any(each.language_understood for each in found.interviews):
        yield broken("/interviews", "language_not_understood")
    for topic in law.topics:
        if topic.code not in found.topics:
            yield broken(f"/topics/{topic.code}", "topic_not_answered")
    for duty in duties_left(found.duties, law):
        yield broken(f"/duties/{duty}", "duty_not_acknowledged")
    if found.open_measures:
        yield broken("/measures", "measure_open")
    if found.county:
        yield broken("/participation", found.county)


def broken_by_drop(drop: Drop, on: date) -> Iterator[FieldError]:
    """What ending without a result breaks."""
    yield from broken_by_code("/drop/ground", drop.ground, code_lists.ASSESSMENT_DROP_GROUNDS, on)
