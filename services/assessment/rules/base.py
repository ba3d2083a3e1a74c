"""How a broken rule is told, and rules that several acts share."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from contracts.assessment.versions import Level
from contracts.envelope import FieldError
from contracts.law import AssessmentLaw, laws
from services.kit import code_lists
from services.kit.code_lists import CodeList

RULES = {
    "code_list": "not a code of {list} on this day",
    "rule_book": "not a code that the law of this assessment knows",
    "in_future": "this is in the future",
    "in_past": "this is in the past",
    "missing": "obligatory here",
    "repeated": "this may stand here once only",
    "time_limit_passed": "the time of 681/2023 14 § 1 mom. is over: say why the assessment is made all the same",
    "not_a_customer_fact": "not a group of the customer's background",
    "unknown_need": "no such need was written under this topic",
    "county_takes_no_part": "written where the wellbeing services county takes part (869/2024 2 § 2 mom.)",
    "topic_not_answered": "nothing is written under this obligatory topic (869/2024 2 § 1 mom.)",
    "duty_not_acknowledged": "the customer was not told this (869/2024 2 § 3 mom.)",
    "measure_open": "a clarifying measure is neither reported nor cancelled (869/2024 3 §)",
    "no_interview": "no interview was held (869/2024 2 §)",
    "language_not_understood": "no interview was held in a language that the customer understands (869/2024 4 §)",
    "own_county": "the municipality is its own county, or has none: there is nobody to ask (681/2023 100 §)",
    "not_accepted": "the county has not accepted, or takes part no more",
    "county_answer_awaited": "the county was asked to take part: await its answer, or withdraw the request",
    "county_contribution_missing": "the county takes part and has contributed nothing: record why it is done without",
    "before_interview": "the day is before the first interview",
}
"""What each rule says to the person who broke it, without the value that was entered."""


def broken(pointer: str, rule: str, code_list: CodeList[Any] | str = "") -> FieldError:
    """A field that breaks a rule."""
    name = code_list if isinstance(code_list, str) else code_list.name
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(list=name))


def assessment_law(version: str) -> AssessmentLaw:
    """What the version of the act that an assessment is under says of it; raises LookupError."""
    known = laws().version(version).assessment
    if known is None:
        raise LookupError(f"nobody is assessed under version {version} of the law")
    return known


def broken_by_code(pointer: str, code: str | None, code_list: CodeList[Any], on: date) -> Iterator[FieldError]:
    """That a code, where there is one, is not on its list."""
    if code is not None and not code_list.has(code, on):
        yield broken(pointer, "code_list", code_list)


def broken_by_language(pointer: str, language: str | None) -> Iterator[FieldError]:
    """That a language, where there is one, is none."""
    if language is not None and not code_lists.is_language(language):
        yield broken(pointer, "code_list", "ISO 639")


def broken_by_levels(pointer: str, levels: Sequence[Level], on: date) -> Iterator[FieldError]:
    """What levels break: scale, level, kind of skill, language."""
    for index, each in enumerate(levels):
        at = f"{pointer}/{index}"
        yield from broken_by_code(f"{at}/kind", each.kind, code_lists.LANGUAGE_SKILL_KINDS, on)
        yield from broken_by_language(f"{at}/language", each.language)
        scale = next((one for one in code_lists.PROFICIENCY_SCALES.valid(on) if one.code == each.scale), None)
        if scale is None:
            yield broken(f"{at}/scale", "code_list", code_lists.PROFICIENCY_SCALES)
        else:
            yield from broken_by_code(f"{at}/level", each.level, code_lists.LISTS[scale.levels], on)
