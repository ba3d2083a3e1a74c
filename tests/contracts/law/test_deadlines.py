"""Due dates: each rule at its limit, a day before and a day after; and what holds of all of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.law import laws
from contracts.law.counting import Length
from contracts.law.deadlines import Case, Granted, Hindrance, deadlines
from contracts.law.explanation import LANGUAGES, explain
from tests.contracts.law.cases import NOW, case, due, due_on

DAY, DAY_ONE = timedelta(days=1), date(2025, 6, 1)
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
GROUNDS = [each.code for each in NOW.plan.hindrances]
HINDRANCES = st.builds(
    lambda ground, first, days: Hindrance(ground, first, first + timedelta(days=days)),
    st.sampled_from(GROUNDS),
    DAYS,
    st.integers(0, 400),
)


@pytest.mark.parametrize(
    ("start", "length", "last"),
    [
        pytest.param(date(2024, 2, 29), Length(36), date(2027, 2, 28), id="leap day, three years"),
        pytest.param(date(2024, 2, 29), Length(48), date(2028, 2, 29), id="leap day, four years"),
        pytest.param(date(2025, 1, 31), Length(1), date(2025, 2, 28), id="end of January, a month"),
        pytest.param(date(2025, 8, 31), Length(6), date(2026, 2, 28), id="end of August, six months"),
        pytest.param(date(2025, 8, 30), Length(6), date(2026, 2, 28), id="the day before it, the same"),
        pytest.param(date(2025, 12, 31), Length(1), date(2026, 1, 31), id="across the year"),
        pytest.param(date(2025, 11, 30), Length(12, 31), date(2026, 12, 31), id="days after months"),
        pytest.param(date(9999, 3, 2), Length(12), date.max, id="months beyond the calendar"),
        pytest.param(date(9999, 12, 1), Length(0, 31), date.max, id="days beyond the calendar"),
    ],
)
def test_times_are_counted_by_the_calendar(start: date, length: Length, last: date) -> None:
    assert length.after(start) == last


@pytest.mark.parametrize(
    ("code", "facts", "last"),
    [
        ("assessment_latest", {"first_permit": date(2024, 3, 5)}, date(2027, 3, 5)),
        ("plan_latest", {"first_permit": date(2024, 3, 5)}, date(2027, 3, 5)),
        ("referral", {"plan_drawn_up": date(2025, 1, 31)}, date(2025, 2, 28)),
        ("plan_review", {"plan_drawn_up": date(2025, 1, 31)}, date(2025, 7, 31)),
        ("plan_review", {"plan_drawn_up": date(2025, 1, 31), "plan_reviewed": date(2025, 5, 1)}, date(2025, 11, 1)),
        ("plan_maximum", {"first_plan_drawn_up": date(2025, 1, 31)}, date(2027, 1, 31)),
    ],
)
def test_each_due_date_is_counted_from_its_newest_fact(code: str, facts: dict[str, date], last: date) -> None:
    found = due(code, case(facts), date(2025, 6, 1))
    assert found
    assert (found.due_on, found.counted_from) == (last, max(facts.values()))


@pytest.mark.parametrize(
    ("code", "start", "settled"),
    [
        ("assessment_latest", "first_permit", "assessment_concluded"),
        ("plan_latest", "first_permit", "plan_drawn_up"),
        ("referral", "plan_drawn_up", "services_referred"),
        ("plan_review", "plan_drawn_up", "plan_ended"),
        ("plan_maximum", "first_plan_drawn_up", "plan_ended"),
    ],
)
def test_what_is_done_is_due_no_more_from_the_day_it_is_done(code: str, start: str, settled: str) -> None:
    done = date(2025, 4, 1)
    of = case({start: date(2025, 3, 1), settled: done})
    assert due(code, of, done - DAY)
    assert not due(code, of, done)
    assert due(code, case({start: done + DAY, settled: done}), done + DAY), "what was done before counts for nothing"


def test_a_fact_counts_from_its_day_on() -> None:
    of = case({"plan_drawn_up": date(2025, 3, 1)})
    assert not due("referral", of, date(2025, 2, 28))
    assert due("referral", of, date(2025, 3, 1))


def test_a_victim_of_trafficking_reached_later_has_no_three_years() -> None:
    of = replace(case({"first_permit": date(2020, 1, 1)}), exceptions=frozenset({"trafficking_victim_reached_later"}))
    assert deadlines(NOW, of, date(2025, 6, 1)) == ()


def test_studies_at_25_or_over_have_no_maximum() -> None:
    of = case({"first_plan_drawn_up": date(2025, 1, 1), "plan_drawn_up": date(2025, 1, 1)})
    free = replace(of, exceptions=frozenset({"own_studies_at_25_or_over"}))
    assert due("plan_maximum", of, date(2025, 6, 1))
    assert not due("plan_maximum", free, date(2025, 6, 1))
    assert due("plan_review", free, date(2025, 6, 1))


@pytest.mark.parametrize(
    ("granted", "last"),
    [
        pytest.param([("little_education_or_many_services", 12)], date(2028, 1, 31), id="a year"),
        pytest.param([("little_education_or_many_services", 24)], date(2029, 1, 31), id="the most"),
        pytest.param([("little_education_or_many_services", 25)], date(2029, 1, 31), id="more than the most"),
        pytest.param(
            [("little_education_or_many_services", 18), ("home_care_part_time", 18)],
            date(2029, 1, 31),
            id="two grounds share one most",
        ),
        pytest.param([("own_studies_under_25", 12)], date(2028, 1, 31), id="own studies"),
        pytest.param(
            [("little_education_or_many_services", 24), ("own_studies_under_25", 13)],
            date(2030, 1, 31),
            id="both groups",
        ),
    ],
)
def test_an_extension_is_never_longer_than_the_law_allows(granted: list[tuple[str, int]], last: date) -> None:
    extensions = tuple(Granted(ground, Length(months)) for ground, months in granted)
    of = case({"first_plan_drawn_up": date(2025, 1, 31)}, granted=extensions)
    assert due_on("plan_maximum", of, date(2025, 6, 1)) == last


@pytest.mark.parametrize(
    ("hindrances", "days"),
    [
        pytest.param([(date(2025, 5, 1), date(2025, 5, 31))], 31, id="a month"),
        pytest.param([(date(2025, 12, 20), date(2026, 1, 10))], 22, id="across the year"),
        pytest.param([(date(2028, 2, 1), date(2028, 2, 29))], 0, id="after it is due"),
        pytest.param([(date(2027, 1, 31), date(2027, 2, 9))], 10, id="begun on the last day"),
        pytest.param([(date(2027, 2, 1), date(2027, 2, 9))], 0, id="begun on the day after"),
        pytest.param(
            [(date(2025, 5, 1), date(2025, 5, 31)), (date(2025, 5, 15), date(2025, 6, 2))], 33, id="overlapping"
        ),
        pytest.param(
            [(date(2025, 5, 1), date(2025, 5, 31)), (date(2025, 5, 3), date(2025, 5, 4))], 31, id="within another"
        ),
        pytest.param([(date(2024, 12, 1), date(2025, 2, 9))], 10, id="begun before the plan"),
        pytest.param(
            [(date(2027, 1, 1), date(2027, 1, 31)), (date(2027, 2, 10), date(2027, 2, 11))], 33, id="in the time added"
        ),
    ],
)
def test_the_days_of_a_hindrance_are_added(hindrances: list[tuple[date, date]], days: int) -> None:
    of = case(
        {"first_plan_drawn_up": date(2025, 1, 31)},
        hindrances=tuple(Hindrance("illness", first, last) for first, last in hindrances),
    )
    assert due_on("plan_maximum", of, date(2025, 6, 1)) == date(2027, 1, 31) + timedelta(days=days)


def test_while_a_hindrance_goes_on_the_date_moves_with_the_days() -> None:
    of = case({"first_plan_drawn_up": date(2025, 1, 31)}, hindrances=(Hindrance("injury", date(2027, 1, 30)),))
    for days in (0, 1, 40):
        on = date(2027, 1, 30) + timedelta(days=days)
        found = due("plan_maximum", of, on)
        assert found
        assert (found.due_on, found.is_suspended) == (date(2027, 1, 31) + timedelta(days=days + 1), True)
    before = due("plan_maximum", of, date(2027, 1, 29))
    assert before
    assert (before.due_on, before.is_suspended) == (date(2027, 1, 31), False)


def test_a_review_is_due_however_long_a_hindrance() -> None:
    of = case({"plan_drawn_up": date(2025, 1, 31)}, hindrances=(Hindrance("injury", date(2025, 2, 1)),))
    assert due_on("plan_review", of, date(2025, 7, 1)) == date(2025, 7, 31)


def test_a_plan_of_the_earlier_act_keeps_its_longest_time() -> None:
    of = case({"first_plan_drawn_up": date(2024, 6, 1)})
    assert due_on("plan_maximum", of, date(2025, 6, 1), laws().of_case(date(2024, 6, 1), date(2025, 6, 1), {})) == date(
        2027, 6, 1
    )
    reviewed = {"plan_reviewed": [date(2025, 1, 15)]}
    assert due_on(
        "plan_maximum", of, date(2025, 6, 1), laws().of_case(date(2024, 6, 1), date(2025, 6, 1), reviewed)
    ) == date(2026, 6, 1)


@pytest.mark.parametrize(
    "of", [case({}, granted=(Granted("none", Length(1)),)), case({}, hindrances=(Hindrance("none", DAY_ONE),))]
)
def test_a_ground_that_the_law_does_not_name_is_not_left_out_in_silence(of: Case) -> None:
    with pytest.raises(LookupError, match="none"):
        deadlines(NOW, replace(of, happened={"first_plan_drawn_up": [DAY_ONE]}), DAY_ONE)


@given(start=DAYS, hindrances=st.lists(HINDRANCES, max_size=5), on=DAYS)
def test_no_day_is_added_twice_and_the_order_of_telling_is_the_same(
    start: date, hindrances: list[Hindrance], on: date
) -> None:
    on = max(start, on)
    of = case({"first_plan_drawn_up": start}, hindrances=tuple(hindrances))
    found = due("plan_maximum", of, on)
    assert found
    told_back = due("plan_maximum", replace(of, hindrances=tuple(reversed(hindrances))), on)
    assert told_back
    assert told_back.due_on == found.due_on
    base = Length(24).after(start)
    hindered = {
        each.first + timedelta(days=n) for each in hindrances for n in range(((each.last or on) - each.first).days + 1)
    }
    added = (found.due_on - base).days
    assert 0 <= added <= len({day for day in hindered if day >= start})
    assert added == sum(each.length.days for each in found.added)


@given(start=DAYS, hindrances=st.lists(HINDRANCES, max_size=4), more=HINDRANCES, on=DAYS)
def test_another_hindrance_never_brings_a_date_nearer(
    start: date, hindrances: list[Hindrance], more: Hindrance, on: date
) -> None:
    on = max(start, on)
    fewer = due_on("plan_maximum", case({"first_plan_drawn_up": start}, hindrances=tuple(hindrances)), on)
    assert due_on("plan_maximum", case({"first_plan_drawn_up": start}, hindrances=(*hindrances, more)), on) >= fewer


@given(start=DAYS, later=st.integers(0, 900), on=DAYS)
def test_what_begins_later_is_never_due_sooner(start: date, later: int, on: date) -> None:
    other = start + timedelta(days=later)
    on = max(on, other)
    for code, fact in (
        ("plan_review", "plan_drawn_up"),
        ("plan_latest", "first_permit"),
        ("referral", "plan_drawn_up"),
    ):
        assert due_on(code, case({fact: start}), on) <= due_on(code, case({fact: other}), on)


def test_a_due_date_is_explained_in_each_language() -> None:
    of = case(
        {"first_plan_drawn_up": date(2025, 1, 31)},
        granted=(Granted("home_care_part_time", Length(18)),),
        hindrances=(Hindrance("illness", date(2025, 5, 1), date(2025, 5, 31)), Hindrance("injury", date(2025, 6, 1))),
    )
    found = due("plan_maximum", of, date(2025, 6, 2))
    assert found
    assert explain(found, "en") == (
        "The plan is in force at most until 2.9.2028. Counted from 31.1.2025 (the first plan was drawn "
        "up): 2 years (681/2023 23 § 2 mom.). Added 1 year and 6 months: the maximum ran out while "
        "receiving home care allowance and taking part part-time (681/2023 23 § 3 mom. 2 k.). Added 31 "
        "days for 1.5.2025-31.5.2025: illness (681/2023 23 § 4 mom.). Added 2 days for 1.6.2025-2.6.2025:"
        " injury (681/2023 23 § 4 mom.). The hindrance goes on: the date moves by a day each day. The "
        "integration plan ends; for the needs that remain another plan is made."
    )
    assert explain(found, "fi").startswith("Suunnitelma on voimassa enintään 2.9.2028. Laskettu päivästä 31.1.2025")
    assert len({explain(found, each) for each in LANGUAGES}) == len(LANGUAGES)


def test_every_due_date_of_every_version_can_be_explained() -> None:
    for law in laws():
        facts = {each.code: [date(2026, 1, 1)] for each in law.facts}
        for rule in law.deadlines:
            of = Case({each: facts[each] for each in rule.counted_from})
            [found] = [each for each in deadlines(law, of, date(2026, 1, 1)) if each.rule.code == rule.code]
            assert all(rule.legal_basis in explain(found, each) for each in LANGUAGES)
