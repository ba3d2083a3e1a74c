"""What can be asked of organisations, and where the code lists' come from."""

from collections.abc import Iterator
from datetime import date

from contracts.access.organisations import (
    AddEmploymentArea,
    AddProvider,
    ListOrganisations,
    OrganisationAdded,
    OrganisationEntry,
    Organisations,
)
from services.access import rules
from services.access.handlers.rights import tell_changed, use_of_rights
from services.access.repository import organisations, rights
from services.kit import code_lists
from services.kit.clock import helsinki_date
from services.kit.errors import Forbidden, check_input
from services.kit.work import Work

_CITY_OF_HELSINKI, _ALAND = "90", "91"
"""Entries of the list of counties: the first is the municipality 091, the second no county."""
_HELSINKI = "091"


async def list_organisations(message: ListOrganisations, work: Work) -> Organisations:
    """Organisations by kind and by part of a name, ended ones too."""
    use_of_rights(work)
    found, more = await organisations.page(work, message)
    return Organisations(organisations=found, next_cursor=more)


async def add_provider(message: AddProvider, work: Work) -> OrganisationAdded:
    """Records until when a provider serves the acting municipality; when the day is past, its staff's rights end."""
    if done := await work.outcome_of_repeat(OrganisationAdded):
        return done
    await _must_be_municipality(work)
    known = await organisations.get(work, message.code)
    today = helsinki_date(work.now)
    kinds = known.kinds if known else ()
    check_input(rules.broken_by_provider(message.code, kinds, message.contract_ends_on, today))
    if known is None:
        entry = OrganisationEntry(
            code=message.code, kinds=("service_provider",), name_fi=message.name, name_sv=message.name
        )
        await organisations.record(work, [entry])
    await organisations.procure(work, message.code, message.contract_ends_on)
    await tell_changed(work, await rights.staff_of_provider(work, message.code))
    use_of_rights(work)
    return OrganisationAdded(code=message.code)


async def add_employment_area(message: AddEmploymentArea, work: Work) -> OrganisationAdded:
    """Records the employment area of which the acting municipality is the responsible one."""
    if done := await work.outcome_of_repeat(OrganisationAdded):
        return done
    await _must_be_municipality(work)
    check_input(rules.broken_by_members(message.members, helsinki_date(work.now)))
    entry = OrganisationEntry(
        code=f"area-{work.actor.organisation}",
        kinds=("employment_area",),
        name_fi=message.name_fi,
        name_sv=message.name_sv,
        members=tuple(sorted(set(message.members))),
    )
    await organisations.record(work, [entry])
    use_of_rights(work)
    return OrganisationAdded(code=entry.code)


async def record_authorities(work: Work) -> None:
    """Keeps municipalities, counties and state authorities as the code lists tell them today."""
    await organisations.record(work, authorities(helsinki_date(work.now)))


def authorities(today: date) -> Iterator[OrganisationEntry]:
    """Each authority of the code lists as it is today, or was last."""
    lists = (
        ("municipality", code_lists.MUNICIPALITIES),
        ("wellbeing_services_county", code_lists.COUNTIES),
        ("state_authority", code_lists.STATE_AUTHORITIES),
    )
    for kind, code_list in lists:
        newest = {each.code: each for each in code_list.entries if (each.valid_from or today) <= today}
        for entry in newest.values():
            if kind == "wellbeing_services_county" and entry.code in (_CITY_OF_HELSINKI, _ALAND):
                continue
            is_helsinki = kind == "municipality" and entry.code == _HELSINKI
            yield OrganisationEntry.model_validate(
                {
                    "code": entry.code,
                    "kinds": (kind, "wellbeing_services_county") if is_helsinki else (kind,),
                    "name_fi": entry.name_fi,
                    "name_sv": entry.name_sv,
                    "name_en": getattr(entry, "name_en", None),
                    "valid_from": entry.valid_from,
                    "valid_to": entry.valid_to,
                    "successors": getattr(entry, "successors", ()),
                }
            )


async def _must_be_municipality(work: Work) -> None:
    acting = await organisations.get(work, work.actor.organisation)
    if acting is None or "municipality" not in acting.kinds:
        raise Forbidden("Only a municipality tells this.")
