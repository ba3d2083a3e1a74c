"""Organisations come from the code lists, and from municipalities that tell of their providers and areas."""

from datetime import date, timedelta

import pytest

from contracts.access.organisations import (
    AddEmploymentArea,
    AddProvider,
    ListOrganisations,
    OrganisationEntry,
)
from services.access.handlers.organisations import authorities
from services.kit.actor import Actor
from services.kit.errors import Forbidden
from tests.access.conftest import ADMIN, ADMIN_HELSINKI, PROVIDER, AccessService, refused, with_provider

TODAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def known() -> dict[str, OrganisationEntry]:
    """The authorities of the code lists."""
    return {each.code: each for each in authorities(TODAY)}


def test_helsinki_is_a_municipality_and_a_county(known: dict[str, OrganisationEntry]) -> None:
    assert known["091"].kinds == ("municipality", "wellbeing_services_county")
    assert "90" not in known


def test_aland_has_no_wellbeing_services_county(known: dict[str, OrganisationEntry]) -> None:
    assert "91" not in known
    assert len([each for each in known.values() if "wellbeing_services_county" in each.kinds]) == 22


def test_every_successor_is_there(known: dict[str, OrganisationEntry]) -> None:
    for each in known.values():
        assert all(known[code].valid_to is None for code in each.successors), each.code


def test_each_ely_centre_has_ended_and_its_tasks_went_to_one_of_ten_centres(
    known: dict[str, OrganisationEntry],
) -> None:
    ended = [each for code, each in known.items() if code.startswith("ely-")]
    assert {each.valid_to for each in ended} == {date(2025, 12, 31)}
    assert len({code for each in ended for code in each.successors}) == 10


async def test_they_are_there_from_the_start(access: AccessService) -> None:
    found = await access.ask(ListOrganisations(kind="municipality", name="tampere"))
    assert [each.code for each in found.organisations] == ["837"]


async def test_pages_follow_each_other_without_a_gap(access: AccessService) -> None:
    seen, cursor = [], None
    while True:
        page = await access.ask(ListOrganisations(kind="wellbeing_services_county", cursor=cursor, limit=10))
        seen += [each.code for each in page.organisations]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 22
    assert seen == sorted(seen)


async def test_a_list_that_changed_is_taken_over(access: AccessService) -> None:
    await access.rows("UPDATE organisation SET name_fi = 'Vanha nimi' WHERE code = '837'")
    await access.pass_time(minutes=1)
    [found] = (await access.ask(ListOrganisations(name="tampere"))).organisations
    assert found.name_fi == "Tampere"


async def test_a_provider_has_a_contract_with_the_municipality_that_told_of_it(access: AccessService) -> None:
    await with_provider(access, days=60)
    [own] = (await access.ask(ListOrganisations(kind="service_provider"))).organisations
    [foreign] = (await access.ask(ListOrganisations(kind="service_provider"), ADMIN_HELSINKI)).organisations
    assert (own.code, own.contract_ends_on) == (PROVIDER, TODAY + timedelta(days=60))
    assert foreign.contract_ends_on is None


async def test_an_authority_is_no_provider_and_a_contract_is_not_past(access: AccessService) -> None:
    asked = access.ask(AddProvider(code="091", name="Helsinki", contract_ends_on=TODAY - timedelta(days=1)))
    assert await refused(asked) == [("/code", "not_a_provider"), ("/contract_ends_on", "in_past")]


@pytest.mark.parametrize("code", ["1234567-2", "12345671", "FI12345671", "area-091", "Palvelut"])
async def test_a_provider_has_a_business_id_in_its_one_form(access: AccessService, code: str) -> None:
    asked = access.ask(AddProvider(code=code, name="Palvelut Oy", contract_ends_on=TODAY))
    assert await refused(asked) == [("/code", "business_id")]


async def test_an_employment_area_has_members(access: AccessService) -> None:
    told = {"name_fi": "Esimerkin alue", "name_sv": "Exempels område"}
    await access.ask(AddEmploymentArea(**told, members=("837", "536")))
    [found] = (await access.ask(ListOrganisations(kind="employment_area"))).organisations
    assert found.members == ("536", "837")
    assert await refused(access.ask(AddEmploymentArea(**told, members=("837", "999")))) == [("/members/1", "code_list")]


async def test_a_county_has_no_providers_here(access: AccessService) -> None:
    county = Actor(user="admin@pirkanmaa", organisation="06", role=ADMIN.role)
    with pytest.raises(Forbidden):
        await access.ask(AddProvider(code=PROVIDER, name="Palvelut Oy", contract_ends_on=date(2099, 1, 1)), county)
