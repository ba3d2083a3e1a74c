"""Who must be assessed: 681/2023 14 §, by tables of cases and by properties."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.customer.people import Arrival
from contracts.customer.state import CustomerChanged, RelationshipState
from contracts.law import laws
from contracts.types import Code
from services.assessment.rules.grounds import last_day, reasons_to_assess
from tests.assessment.support import relationships

ON = date(2026, 3, 2)
LAW = laws().on(ON)
ARRIVALS: tuple[Arrival, ...] = ("moved", "directed", "quota_refugee", "authority_contact", "outreach")


def state(
    *,
    permit: date | None = date(2026, 1, 15),
    limit_applies: bool = True,
    groups: tuple[Code, ...] = (),
    known_by: tuple[RelationshipState, ...] = (),
) -> CustomerChanged:
    return CustomerChanged(
        customer_id=UUID(int=1),
        relationships=known_by,
        first_permit_on=permit,
        three_year_limit_applies=limit_applies,
        integration_act_groups=groups,
    )


@pytest.mark.parametrize(
    ("groups", "arrival", "permit", "reasons"),
    [
        ((), "moved", date(2026, 1, 15), ()),
        ((), "outreach", date(2026, 1, 15), ()),
        ((), "moved", None, ()),
        (("2.3.1",), "moved", date(2026, 1, 15), ("integration_act_group",)),
        (("2.4",), "outreach", date(2026, 1, 15), ("integration_act_group",)),
        ((), "quota_refugee", date(2026, 1, 15), ("integration_act_group",)),
        ((), "directed", date(2026, 1, 15), ("integration_act_group",)),
        ((), "authority_contact", date(2026, 1, 15), ("need_not_assessed",)),
        (("2.3.1",), "authority_contact", date(2026, 1, 15), ("integration_act_group", "need_not_assessed")),
        (("2.3.1",), "moved", None, ("integration_act_group", "first_permit_unknown")),
        ((), "authority_contact", None, ("need_not_assessed", "first_permit_unknown")),
        (("2.3.1",), "moved", date(2020, 1, 15), ()),
        ((), "authority_contact", date(2020, 1, 15), ()),
    ],
)
def test_reasons_follow_the_facts(
    groups: tuple[Code, ...], arrival: Arrival, permit: date | None, reasons: tuple[str, ...]
) -> None:
    known_by = (RelationshipState(municipality="837", state="open", arrival=arrival),)

    assert reasons_to_assess(state(groups=groups, permit=permit, known_by=known_by), arrival, ON, LAW) == reasons


@pytest.mark.parametrize(
    ("permit", "last"),
    [
        (date(2024, 3, 2), date(2027, 3, 2)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2025, 2, 28), date(2028, 2, 28)),
        (date(2023, 12, 31), date(2026, 12, 31)),
        (date(2024, 1, 1), date(2027, 1, 1)),
    ],
)
def test_three_years_end_on_the_same_day_or_the_months_last_and_include_it(permit: date, last: date) -> None:
    refugee = state(permit=permit, groups=("2.3.1",))

    assert reasons_to_assess(refugee, "moved", last, LAW) == ("integration_act_group",)
    assert reasons_to_assess(refugee, "moved", last + timedelta(days=1), LAW) == ()


@given(permit=st.dates(date(1950, 1, 1), date(2100, 12, 31)), on=st.dates(date(1950, 1, 1), date(2110, 12, 31)))
def test_three_years_are_counted_by_year_month_and_day(permit: date, on: date) -> None:
    years = LAW.due_date("assessment_latest").length.months // 12

    assert (on <= last_day(permit, LAW)) == (
        (on.year - years, on.month, on.day) <= (permit.year, permit.month, permit.day)
    )


@given(permit=st.dates(date(1950, 1, 1), date(2100, 12, 31)))
def test_a_later_permit_never_ends_the_time_sooner(permit: date) -> None:
    assert last_day(permit, LAW) <= last_day(permit + timedelta(days=1), LAW)


@pytest.mark.parametrize("permit", [date(2001, 1, 1), date(2026, 1, 15), None])
def test_where_the_time_limit_does_not_apply_no_date_matters(permit: date | None) -> None:
    victim = state(permit=permit, limit_applies=False, groups=("2.3.4",))

    assert reasons_to_assess(victim, "moved", ON, LAW) == ("integration_act_group",)


def test_a_refugee_placed_elsewhere_who_moved_on_is_still_of_the_group() -> None:
    known_by = (
        RelationshipState(municipality="564", state="ended", arrival="quota_refugee"),
        *relationships(_837="moved"),
    )

    assert reasons_to_assess(state(known_by=known_by), "moved", ON, LAW) == ("integration_act_group",)


def test_a_contact_to_another_municipality_is_no_contact_to_this_one() -> None:
    known_by = relationships(_091="authority_contact", _837="moved")

    assert reasons_to_assess(state(known_by=known_by), "moved", ON, LAW) == ()


@given(
    groups=st.sampled_from([(), ("2.3.1",), ("2.4",)]),
    arrival=st.sampled_from(ARRIVALS),
    permit=st.none() | st.dates(date(2018, 1, 1), ON),
    limit_applies=st.booleans(),
)
def test_every_reason_is_named_by_the_law_and_none_comes_alone_from_an_unknown_date(
    groups: tuple[Code, ...], arrival: Arrival, permit: date | None, limit_applies: bool
) -> None:
    known = state(permit=permit, limit_applies=limit_applies, groups=groups)

    reasons = reasons_to_assess(known, arrival, ON, LAW)

    assert LAW.assessment
    assert set(reasons) <= {each.code for each in (*LAW.assessment.grounds, *LAW.assessment.open_questions)}
    assert reasons != ("first_permit_unknown",)
