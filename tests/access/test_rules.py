"""Who may give which right to whom: tables of cases."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.access.organisations import OrganisationEntry
from contracts.policy import policy
from services.access.law.rights import rights_law
from services.access.rules import RULES, Setting, broken_by_giving
from tests.access.conftest import giving

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TAMPERE = OrganisationEntry(code="837", kinds=("municipality",), name_fi="Tampere", name_sv="Tammerfors")
HELSINKI = OrganisationEntry(
    code="091", kinds=("municipality", "wellbeing_services_county"), name_fi="Helsinki", name_sv="Helsingfors"
)
PIRKANMAA = OrganisationEntry(code="06", kinds=("wellbeing_services_county",), name_fi="Pirkanmaa", name_sv="Birkaland")
PROVIDER = OrganisationEntry(code="1234567-1", kinds=("service_provider",), name_fi="Oy", name_sv="Ab")
KEHA = OrganisationEntry(code="keha", kinds=("state_authority",), name_fi="KEHA", name_sv="KEHA")

EMPLOYMENT: dict[str, Any] = {"ground": {"kind": "employment"}}
PARTICIPATION: dict[str, Any] = {
    "ground": {"kind": "participation", "id": uuid4()},
    "role": "county_worker",
    "task": "participation",
    "customers": [uuid4()],
    "ends_at": NOW + timedelta(days=90),
}
PROCUREMENT: dict[str, Any] = {
    "ground": {"kind": "procurement"},
    "role": "provider_worker",
    "task": "service_provision",
    "customers": [uuid4()],
}


def broken(
    giver: OrganisationEntry = TAMPERE,
    organisation: OrganisationEntry | None = TAMPERE,
    contract_ends_on: date | None = None,
    **told: Any,
) -> list[tuple[str, str]]:
    """The fields and rules that giving this breaks."""
    setting = Setting(giver, organisation, user_is_known=True, contract_ends_on=contract_ends_on)
    errors = broken_by_giving(giving(**told), "admin@tampere", setting, NOW)
    assert all(each.detail for each in errors)
    return [(each.pointer, each.rule) for each in errors]


IN_MAY = date(2026, 5, 31)


@pytest.mark.parametrize(
    ("giver", "organisation", "contract", "told"),
    [
        (TAMPERE, TAMPERE, None, EMPLOYMENT),
        (TAMPERE, TAMPERE, None, EMPLOYMENT | {"role": "access_administrator", "task": "access_administration"}),
        (TAMPERE, PIRKANMAA, None, PARTICIPATION),
        (TAMPERE, HELSINKI, None, PARTICIPATION),
        (HELSINKI, HELSINKI, None, PARTICIPATION),
        (TAMPERE, PROVIDER, IN_MAY, PROCUREMENT),
        (TAMPERE, PROVIDER, NOW.date(), PROCUREMENT),
        (KEHA, KEHA, None, EMPLOYMENT | {"role": "data_protection_officer", "task": "data_protection"}),
    ],
)
def test_what_may_be_given(
    giver: OrganisationEntry, organisation: OrganisationEntry, contract: date | None, told: dict[str, Any]
) -> None:
    assert broken(giver, organisation, contract, **told) == []


@pytest.mark.parametrize(
    ("giver", "organisation", "contract", "told", "errors"),
    [
        (TAMPERE, HELSINKI, None, EMPLOYMENT, [("/ground/kind", "ground")]),
        (TAMPERE, PROVIDER, None, PROCUREMENT, [("/organisation", "not_ours")]),
        (TAMPERE, KEHA, None, EMPLOYMENT, [("/organisation", "not_ours")]),
        (PIRKANMAA, PIRKANMAA, None, PARTICIPATION, [("/ground/kind", "ground")]),
        (PIRKANMAA, PIRKANMAA, None, EMPLOYMENT, [("/role", "role")]),
        (KEHA, KEHA, None, EMPLOYMENT, [("/role", "role")]),
        (TAMPERE, TAMPERE, None, PARTICIPATION, [("/ground/kind", "ground")]),
        (TAMPERE, TAMPERE, None, EMPLOYMENT | {"role": "county_worker"}, [("/role", "role")]),
        (TAMPERE, TAMPERE, None, {"ground": {"kind": "deputy"}}, [("/ground/kind", "ground")]),
        (TAMPERE, TAMPERE, None, EMPLOYMENT | {"role": "service_gateway"}, [("/role", "role"), ("/role", "role")]),
        (TAMPERE, PIRKANMAA, None, PARTICIPATION | {"role": "integration_expert"}, [("/role", "role")]),
        (TAMPERE, PIRKANMAA, None, PARTICIPATION | {"customers": None}, [("/customers", "missing")]),
        (TAMPERE, PIRKANMAA, None, PARTICIPATION | {"ends_at": None}, [("/ends_at", "missing")]),
        (TAMPERE, PIRKANMAA, None, PARTICIPATION | {"ground": {"kind": "participation"}}, [("/ground/id", "missing")]),
        (TAMPERE, PROVIDER, IN_MAY, PROCUREMENT | {"customers": None}, [("/customers", "missing")]),
        (
            TAMPERE,
            PROVIDER,
            IN_MAY,
            PROCUREMENT | {"ends_at": datetime(2026, 5, 31, 21, 0, 1, tzinfo=UTC)},
            [("/ends_at", "after_contract")],
        ),
        (TAMPERE, PROVIDER, NOW.date() - timedelta(days=1), PROCUREMENT, [("/organisation", "after_contract")]),
        (
            TAMPERE,
            PROVIDER,
            IN_MAY,
            PROCUREMENT | {"starts_at": datetime(2026, 5, 31, 21, tzinfo=UTC)},
            [("/organisation", "after_contract")],
        ),
        (TAMPERE, None, None, EMPLOYMENT, [("/organisation", "unknown_organisation")]),
    ],
)
def test_what_may_not(
    giver: OrganisationEntry,
    organisation: OrganisationEntry | None,
    contract: date | None,
    told: dict[str, Any],
    errors: list[tuple[str, str]],
) -> None:
    assert broken(giver, organisation, contract, **told) == errors


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"task": "sightseeing"}, ("/task", "code_list")),
        ({"powers": ["personal_safety", "flying"]}, ("/powers/1", "not_of_role")),
        ({"role": "advisor", "powers": ["personal_safety"]}, ("/powers/0", "not_of_role")),
        ({"data": ["identity", "usage_log"]}, ("/data/1", "not_of_role")),
        ({"role": "advisor", "data": ["health"]}, ("/data/0", "not_of_role")),
        ({"starts_at": NOW - timedelta(days=1)}, ("/starts_at", "in_past")),
        ({"ends_at": NOW}, ("/ends_at", "in_past")),
        ({"starts_at": NOW + timedelta(days=2), "ends_at": NOW + timedelta(days=1)}, ("/ends_at", "before_start")),
        ({"user": "admin@tampere"}, ("/user", "own_right")),
    ],
)
def test_limits(told: dict[str, Any], error: tuple[str, str]) -> None:
    assert broken(**told) == [error]


def test_every_power_of_the_policy_can_be_given_to_some_role() -> None:
    for power in policy().text.powers:
        assert broken(powers=[power]) == [], power


def test_an_organisation_that_has_ended_names_its_successor() -> None:
    ended = TAMPERE.model_copy(update={"valid_to": date(2026, 3, 1), "successors": ("838",)})
    setting = Setting(TAMPERE, ended, user_is_known=True)
    [error] = broken_by_giving(giving(), "admin@tampere", setting, NOW)
    assert (error.rule, error.detail) == (
        "organisation_ended",
        RULES["organisation_ended"].format(successors="838"),
    )


def test_the_periods_are_those_promised() -> None:
    law = rights_law()
    assert law.emergency_access.length == timedelta(hours=3)
    assert law.warning_before_end.length == timedelta(days=14)
    assert law.until_review.length == timedelta(days=365)
