"""Services of a programme, as tests tell them."""

from typing import Any

from contracts.plan.programme import ProgrammeRow, ServiceContent
from services.plan.law import civic_orientation


def course(**more: Any) -> ServiceContent:
    """A course in Finnish, and what a test tells else."""
    told = {
        "kind": "language_course",
        "name": {"fi": "Suomen kielen kurssi"},
        "provider": {"name": "Esimerkkiopisto"},
        "valid_from": "2026-01-01",
    }
    return ServiceContent.model_validate(told | more)


def orientation(**more: Any) -> ServiceContent:
    """Civic orientation that comes to all that the decree asks, and what a test tells else of it."""
    topics = [each.code for each in civic_orientation().topics]
    told = {"hours": 70, "topics": topics, "mode": "classroom"} | more
    return course(kind="civic_orientation", name={"fi": "Yhteiskuntaorientaatio"}, civic_orientation=told)


def row(key: str = "k-1", **more: str) -> ProgrammeRow:
    """The same course as a line of a file."""
    told = {
        "external_key": key,
        "kind": "language_course",
        "name_fi": "Suomen kielen kurssi",
        "provider_name": "Esimerkkiopisto",
        "valid_from": "2026-01-01",
    }
    return ProgrammeRow.model_validate(told | more)
