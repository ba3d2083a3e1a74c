"""What a service of the integration programme must say: pure functions, no I/O, no clock."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from pydantic import ValidationError

from contracts.envelope import FieldError
from contracts.law import named
from contracts.plan.programme import CivicOrientation, ProgrammeRow, ServiceContent
from services.kit import code_lists
from services.plan.law import civic_orientation

CIVIC_ORIENTATION = "civic_orientation"
RULES = {
    "missing": "this field may not be empty",
    "code_list": "the code is not on the list {list} on that day",
    "order": "it ends before it begins",
    "few_hours": "civic orientation comes to at least {hours} hours ({legal_basis})",
    "topic_missing": "civic orientation covers every topic of {legal_basis}; one or more are missing",
    "mode_ground": "this way of giving it needs one of its grounds, and another way none (576/2024 3 §)",
    "not_of_kind": "only a service of the kind civic_orientation has it",
    "key_taken": "another service has this key",
    "twice": "two rows have the same key",
    "cursor": "the list has no such place any more",
}
"""What each rule says, without the value that was entered."""
_LISTS = {
    "kind": "programme_service_kinds",
    "target_groups": "programme_target_groups",
    "languages": "of languages (ISO 639)",
    "topics": "of topics (576/2024 1 §)",
    "mode": "of ways to give it (576/2024 3 §)",
}


def broken_rules(service: ServiceContent, on: date) -> list[FieldError]:
    """The rules that a service breaks, with pointers into a request that has it in `service`."""
    return [error(f"/service/{'/'.join(place)}", rule) for place, rule in _broken(service, on)]


def read(row: ProgrammeRow, number: int, on: date) -> tuple[ServiceContent | None, list[FieldError]]:
    """The service that a row of a file tells, or the rules that it breaks, with pointers `/<number>/<column>`."""
    try:
        service = ServiceContent.model_validate(_nested(row))
    except ValidationError as found:
        broken: Iterable[tuple[tuple[str, ...], str]] = (
            (tuple(map(str, each["loc"])), each["type"]) for each in found.errors(include_input=False)
        )
    else:
        broken = list(_broken(service, on))
        if not row.external_key.strip():
            broken.append((("external_key",), "missing"))
        if not broken:
            return service, []
    return None, [error(f"/{number}/{_column(place)}", rule) for place, rule in broken]


def error(pointer: str, rule: str) -> FieldError:
    """A broken rule; one of shape is told in pydantic's word for it, and repeats no value."""
    law, field = civic_orientation(), next((each for each in reversed(pointer.split("/")) if not each.isdigit()), "")
    detail = RULES.get(rule, "the field has another form")
    basis = law.topics[0].legal_basis if rule == "topic_missing" else law.least_hours.legal_basis
    told = detail.format(list=_LISTS.get(field, ""), hours=law.least_hours.hours, legal_basis=basis)
    return FieldError(pointer=pointer, rule=rule, detail=told)


def _broken(service: ServiceContent, on: date) -> Iterator[tuple[tuple[str, ...], str]]:
    if not code_lists.PROGRAMME_SERVICE_KINDS.has(service.kind, on):
        yield ("kind",), "code_list"
    if not (service.name.fi or service.name.sv):
        yield ("name", "fi"), "missing"
    for index, group in enumerate(service.target_groups):
        if not code_lists.PROGRAMME_TARGET_GROUPS.has(group, on):
            yield ("target_groups", str(index)), "code_list"
    for index, language in enumerate(service.languages):
        if not code_lists.is_language(language):
            yield ("languages", str(index)), "code_list"
    if service.starts_on and service.ends_on and service.ends_on < service.starts_on:
        yield ("ends_on",), "order"
    if service.valid_to and service.valid_to < service.valid_from:
        yield ("valid_to",), "order"
    orientation = service.civic_orientation
    if service.kind == CIVIC_ORIENTATION and orientation is None:
        yield (CIVIC_ORIENTATION,), "missing"
    if orientation:
        if service.kind != CIVIC_ORIENTATION:
            yield (CIVIC_ORIENTATION,), "not_of_kind"
        for place, rule in _broken_by_orientation(orientation):
            yield (CIVIC_ORIENTATION, *place), rule


def _broken_by_orientation(told: CivicOrientation) -> Iterator[tuple[tuple[str, ...], str]]:
    law = civic_orientation()
    topics = {each.code for each in law.topics}
    if told.hours < law.least_hours.hours:
        yield ("hours",), "few_hours"
    for index, topic in enumerate(told.topics):
        if topic not in topics:
            yield ("topics", str(index)), "code_list"
    if topics - set(told.topics):
        yield ("topics",), "topic_missing"
    try:
        grounds = named(law.modes, told.mode).grounds
    except LookupError:
        yield ("mode",), "code_list"
        return
    if told.mode_ground not in (grounds or (None,)):
        yield ("mode_ground",), "mode_ground"


_PARTS = {
    "name_fi": ("name", "fi"),
    "name_sv": ("name", "sv"),
    "name_en": ("name", "en"),
    "description_fi": ("description", "fi"),
    "description_sv": ("description", "sv"),
    "description_en": ("description", "en"),
    "provider_name": ("provider", "name"),
    "provider_partner": ("provider", "partner"),
    "hours": (CIVIC_ORIENTATION, "hours"),
    "topics": (CIVIC_ORIENTATION, "topics"),
    "mode": (CIVIC_ORIENTATION, "mode"),
    "mode_ground": (CIVIC_ORIENTATION, "mode_ground"),
}
"""Columns of a file that stand for a field of a part."""
_SEVERAL = {"target_groups", "languages", "topics"}


def _nested(row: ProgrammeRow) -> dict[str, Any]:
    """The row's cells that are not empty, as the fields that they stand for."""
    nested: dict[str, Any] = {"name": {}, "provider": {}}
    for column, cell in row:
        if text := cell.strip():
            part, field = _PARTS.get(column, ("", column))
            fields = nested.setdefault(part, {}) if part else nested
            fields[field] = tuple(text.split()) if column in _SEVERAL else text
    return nested


def _column(place: tuple[str, ...]) -> str:
    """The column of the field in that place; of a part that is missing as a whole, the first one."""
    names = tuple(each for each in place if not each.isdigit())
    columns = [column for column, at in _PARTS.items() if at[: len(names)] == names]
    return columns[0] if columns else names[0]
