"""What may be ordered and reported of a clarifying measure (869/2024 3 §)."""

from collections.abc import Iterator
from datetime import date

from contracts.assessment.measures import MeasureOrder, MeasureReport
from contracts.envelope import FieldError
from contracts.law import AssessmentLaw
from services.assessment.rules.base import broken, broken_by_code, broken_by_levels
from services.kit import code_lists


def broken_by_order(order: MeasureOrder, law: AssessmentLaw, on: date) -> Iterator[FieldError]:
    """What an order breaks."""
    if order.measure not in {each.code for each in law.clarifying_measures}:
        yield broken("/order/measure", "rule_book")
    if order.provider == "third_party" and order.organisation is None and order.name is None:
        yield broken("/order/name", "missing")
    if order.due_on < on:
        yield broken("/order/due_on", "in_past")


def broken_by_report(report: MeasureReport, on: date) -> Iterator[FieldError]:
    """What a report breaks."""
    yield from broken_by_levels("/report/levels", report.levels, on)
    yield from broken_by_code("/report/found_out_by", report.found_out_by, code_lists.SKILL_SOURCES, on)
    if report.done_on > on:
        yield broken("/report/done_on", "in_future")
