"""Each rule of an offer at its limit, a day before it and a day after; and the times of a plan."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.law import laws
from contracts.law.counting import Length
from contracts.law.deadlines import Granted, Hindrance
from contracts.plan.content import Goal
from contracts.plan.implementation import Extension, Review
from services.plan.rules.offering import Family, broken_by_offering, sha256
from services.plan.rules.plans import broken_by_extending, broken_by_reviewing
from services.plan.rules.times import Facts, latest_end, law_of, valid_until
from tests.plan.support import GOAL, LINE, TODAY, content

LAW, OLD = laws().version("2025-01-01"), laws().version("2011-09-01")
NEW = Facts(first_permit_on=date(2025, 1, 15))
"""Somebody who never had a plan."""
GOING_ON = Facts(
    first_permit_on=date(2025, 1, 15),
    first_plan_on=date(2025, 3, 2),
    drawn_up_on=date(2025, 3, 2),
    reviewed_on=date(2026, 3, 2),
)
"""Somebody whose first plan was drawn up a year ago, and is reviewed today."""
SPECIAL = "little_education_or_many_services"


def broken(facts: Facts = NEW, on: date = TODAY, law: Any = LAW, **other: Any) -> list[tuple[str, str]]:
    return [(each.pointer, each.rule) for each in broken_by_offering(content(**other), facts, law, on)]


def test_what_lacks_nothing_may_be_offered() -> None:
    assert broken() == []


def around(limit: date, rule: tuple[str, str]) -> list[Any]:
    """The day before the limit, the limit, the day after."""
    before, after = limit - timedelta(days=1), limit + timedelta(days=1)
    return [(before, []), (limit, []), (after, [rule])]


@pytest.mark.parametrize(("on", "expected"), around(date(2028, 1, 15), ("", "plan_latest")))
def test_a_first_plan_is_drawn_up_within_three_years_of_the_first_permit(on: date, expected: list[Any]) -> None:
    days = {"starts_on": on, "ends_on": on + timedelta(days=90), "next_review_on": on + timedelta(days=30)}
    assert broken(on=on, **days) == expected
    assert broken(replace(NEW, three_year_limit_applies=False), on, **days) == []
    assert broken(replace(NEW, first_permit_on=None), on, **days) == []


@pytest.mark.parametrize(("ends_on", "expected"), around(date(2027, 3, 2), ("/content/ends_on", "first_plan")))
def test_a_first_plan_is_for_a_year_at_most(ends_on: date, expected: list[Any]) -> None:
    assert broken(ends_on=ends_on) == expected


def test_days_at_the_end_of_the_calendar_are_refused_like_any_others() -> None:
    ends_on = ("/content/ends_on", "longest_time")
    assert ends_on in broken(starts_on=date(9999, 3, 2), ends_on=date.max)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "rules"),
    [
        (date(2026, 4, 1), date(2027, 3, 2), []),
        (date(2026, 4, 1), date(2027, 3, 3), ["first_plan"]),
        (date(2026, 2, 1), date(2027, 2, 1), []),
        (date(2026, 2, 1), date(2027, 2, 2), ["first_plan"]),
    ],
)
def test_the_first_plan_s_year_begins_on_the_day_of_the_offer_or_earlier(
    starts_on: date, ends_on: date, rules: list[str]
) -> None:
    assert [rule for _, rule in broken(starts_on=starts_on, ends_on=ends_on)] == rules


@pytest.mark.parametrize(
    ("facts", "limit"),
    [
        (GOING_ON, date(2027, 3, 2)),
        (replace(GOING_ON, granted=(Granted(SPECIAL, Length(months=6)),)), date(2027, 9, 2)),
        (replace(GOING_ON, granted=(Granted(SPECIAL, Length(months=36)),)), date(2029, 3, 2)),
        (
            replace(
                GOING_ON, granted=(Granted(SPECIAL, Length(months=24)), Granted("own_studies_under_25", Length(12)))
            ),
            date(2030, 3, 2),
        ),
        (
            replace(GOING_ON, hindrances=(Hindrance("illness", date(2025, 6, 1), date(2025, 6, 10)),)),
            date(2027, 3, 12),
        ),
    ],
)
def test_a_plan_ends_within_the_longest_time(facts: Facts, limit: date) -> None:
    for ends_on, expected in around(limit, ("/content/ends_on", "longest_time")):
        assert broken(facts, ends_on=ends_on) == expected


STUDIES = {"line_id": LINE, "name": "Lukio", "responsible_party": "Esimerkkiopisto", "justification": "A degree"}
"""Studies of the customer's own, half a year longer than the longest time."""
STUDIES |= {"goal_ids": (GOAL,), "own_studies": True, "ends_on": date(2027, 9, 2)}


@pytest.mark.parametrize(("ends_on", "expected"), around(date(2027, 9, 2), ("/content/ends_on", "longest_time")))
def test_own_studies_of_25_or_over_go_on_after_the_longest_time_until_they_end(
    ends_on: date, expected: list[Any]
) -> None:
    assert broken(GOING_ON, services=(STUDIES,), ends_on=ends_on) == expected
    assert broken(replace(GOING_ON, own_studies=True), services=(STUDIES,), ends_on=ends_on) == expected


@pytest.mark.parametrize(("until", "rules"), [(-1, []), (0, ["longest_time"]), (1, ["longest_time"])])
def test_own_studies_of_the_younger_do_not_go_on(until: int, rules: list[str]) -> None:
    known = replace(GOING_ON, education_goal_until=TODAY + timedelta(days=until))
    found = broken(known, services=(STUDIES,), ends_on=date(2027, 9, 2), education_goal_reason="Studies already")
    assert sorted({rule for _, rule in found}) == rules
    assert (latest_end(replace(known, own_studies=True), LAW, TODAY) is None) == (not rules)


def test_no_other_service_goes_on_after_the_longest_time_with_own_studies() -> None:
    other = STUDIES | {"line_id": UUID(int=9), "own_studies": False}
    found = broken(GOING_ON, services=(STUDIES, other), ends_on=date(2027, 9, 2))
    assert found == [("/content/services/1/ends_on", "longest_time")]


def test_the_earlier_act_knows_no_own_studies_that_go_on() -> None:
    begun = date(2024, 6, 2)
    old = Facts(first_plan_on=begun, drawn_up_on=begun, own_studies=True)
    assert latest_end(old, OLD, TODAY) == date(2027, 6, 2)
    found = broken(old, law=OLD, services=(STUDIES,), ends_on=date(2027, 6, 3))
    assert found == [("/content/services/0/ends_on", "longest_time"), ("/content/ends_on", "longest_time")]


@pytest.mark.parametrize(
    ("ends_on", "expected"), around(date(2027, 3, 1), ("/content/services/0/ends_on", "longest_time"))
)
def test_no_service_outlasts_the_longest_time_of_a_plan_that_ends_within_it(ends_on: date, expected: list[Any]) -> None:
    last = latest_end(GOING_ON, LAW, TODAY)
    assert last
    course = STUDIES | {"own_studies": False, "ends_on": last + (ends_on - date(2027, 3, 1))}
    assert broken(GOING_ON, services=(course,), ends_on=last) == expected


@pytest.mark.parametrize(("days", "rules"), [(-1, ["before_plan"]), (0, [])])
def test_no_service_is_agreed_that_is_over_before_the_plan_begins(days: int, rules: list[str]) -> None:
    course = STUDIES | {"own_studies": False, "ends_on": TODAY + timedelta(days=days)}
    found = broken(services=(course,), starts_on=TODAY)
    assert [rule for path, rule in found if path == "/content/services/0/ends_on"] == rules


@pytest.mark.parametrize(("day", "expected"), around(date(2026, 9, 2), ("/content/next_review_on", "review_due")))
def test_the_next_review_is_within_half_a_year(day: date, expected: list[Any]) -> None:
    assert broken(next_review_on=day) == expected
    assert broken(GOING_ON, next_review_on=day) == expected


@pytest.mark.parametrize(("ends_on", "expected"), around(date(2027, 6, 2), ("/content/ends_on", "longest_time")))
def test_a_plan_of_the_earlier_act_keeps_its_longest_time_until_its_first_review(
    ends_on: date, expected: list[Any]
) -> None:
    begun = date(2024, 6, 2)
    old = Facts(first_permit_on=date(2024, 1, 1), first_plan_on=begun, drawn_up_on=begun)
    law = law_of(old, TODAY)
    assert law is OLD
    assert broken(old, law=law, ends_on=ends_on) == expected
    reviewed = replace(old, reviewed_on=TODAY)
    assert law_of(reviewed, TODAY) is LAW
    assert latest_end(reviewed, LAW, TODAY) == date(2026, 6, 2)


def test_a_review_of_one_plan_brings_the_customer_s_later_plans_under_the_present_act() -> None:
    later = Facts(first_plan_on=date(2024, 6, 2), drawn_up_on=TODAY, others_reviewed_on=(date(2025, 2, 1),))
    assert law_of(later, TODAY) is LAW


def test_a_plan_drawn_up_today_after_one_of_the_earlier_act_has_the_goals_of_the_present_one() -> None:
    going_on = Facts(first_plan_on=date(2024, 10, 1), jobseeker=True)
    goals = (Goal(goal_id=GOAL, kind="education", text="Something"),)
    assert broken(going_on, law=law_of(going_on, TODAY), goals=goals) == [("/content/goals", "employment_goal")]


def test_a_plan_that_was_never_drawn_up_is_under_the_act_of_the_day() -> None:
    assert law_of(Facts(), TODAY) is LAW


def test_what_was_granted_by_the_earlier_act_counts_under_that_act_alone() -> None:
    begun = date(2024, 6, 2)
    extended = Facts(first_plan_on=begun, granted=(Granted("special_measures", Length(months=12)),))
    assert latest_end(extended, OLD, TODAY) == date(2028, 6, 2)
    assert latest_end(replace(extended, reviewed_on=TODAY), LAW, TODAY) == date(2026, 6, 2)


@pytest.mark.parametrize("kind", ["employment", "entrepreneurship", "employment_or_entrepreneurship", "education"])
def test_a_jobseeker_has_a_goal_of_employment_or_entrepreneurship(kind: str) -> None:
    goals = (Goal(goal_id=GOAL, kind=kind, text="Something"),)
    expected = [("/content/goals", "employment_goal")] if kind == "education" else []
    assert broken(replace(NEW, jobseeker=True), goals=goals) == expected
    assert broken(goals=goals) == []


@pytest.mark.parametrize(("until", "asks"), [(-1, False), (0, True), (1, True)])
def test_somebody_under_the_age_has_a_goal_of_education_or_a_reason(until: int, asks: bool) -> None:
    young = replace(NEW, education_goal_until=TODAY + timedelta(days=until))
    expected = [("/content/education_goal_reason", "education_goal")] if asks else []
    assert broken(young) == expected
    assert broken(young, education_goal_reason="Has a degree") == []
    goals = (Goal(goal_id=GOAL, kind="education", text="A vocational degree"),)
    assert broken(young, goals=goals) == []


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"follow_up": " "}, [("/content/follow_up", "missing")]),
        ({"duties_told_on": None}, [("/content/duties_told_on", "missing")]),
        ({"duties_told_on": date(2026, 3, 3)}, [("/content/duties_told_on", "future")]),
        ({"language": "ar"}, [("/content/language", "language")]),
        ({"copy_language": "so"}, [("/content/copy_language", "copy_language")]),
        ({"ends_on": date(2026, 3, 1)}, [("/content/ends_on", "before_starts_on"), ("/content/ends_on", "past")]),
        ({"next_review_on": date(2026, 3, 1)}, [("/content/next_review_on", "past")]),
        (
            {"goals": (), "services": ()},
            [("/content/goals", "missing"), ("/content/services", "missing")],
        ),
        (
            {"goals": ({"goal_id": GOAL}, {"goal_id": GOAL, "kind": "gardening", "text": "x", "owner": UUID(int=8)})},
            [
                ("/content/goals/0/kind", "missing"),
                ("/content/goals/0/text", "missing"),
                ("/content/goals/1/goal_id", "repeated"),
                ("/content/goals/1/kind", "code_list"),
                ("/content/goals/1/owner", "unknown"),
            ],
        ),
        (
            {"services": ({"line_id": LINE, "goal_ids": (UUID(int=7),), "need_id": UUID(int=6)},)},
            [
                ("/content/services/0/name", "missing"),
                ("/content/services/0/responsible_party", "missing"),
                ("/content/services/0/justification", "missing"),
                ("/content/services/0/goal_ids", "unknown"),
                ("/content/services/0/need_id", "unknown"),
            ],
        ),
    ],
)
def test_everything_obligatory_is_asked_for_at_once(other: dict[str, Any], expected: list[Any]) -> None:
    assert broken(**other) == expected


@pytest.mark.parametrize(
    ("until", "consents", "expected"),
    [
        (date(2027, 3, 2), True, []),
        (date(2027, 3, 1), True, [("/content/ends_on", "members_plans")]),
        (None, True, [("/members", "no_members_plan")]),
        (date(2027, 3, 2), False, [("/consents", "missing")]),
    ],
)
def test_a_family_s_plan_ends_with_the_last_of_the_members_own(
    until: date | None, consents: bool, expected: list[Any]
) -> None:
    family = Family((UUID(int=5),), consents, until)
    found = broken_by_offering(content(), replace(NEW, jobseeker=True), LAW, TODAY, family=family)
    assert [(each.pointer, each.rule) for each in found] == expected


@pytest.mark.parametrize(
    ("ground", "months", "before", "rule"),
    [
        (SPECIAL, 24, 0, None),
        (SPECIAL, 25, 0, "more_than_allowed"),
        (SPECIAL, 12, 12, None),
        (SPECIAL, 13, 12, "more_than_allowed"),
        ("home_care_part_time", 13, 12, "more_than_allowed"),
        ("own_studies_under_25", 12, 12, None),
        ("own_studies_under_25", 13, 0, "more_than_allowed"),
        ("bad_weather", 1, 0, "not_in_law"),
    ],
)
def test_extensions_of_a_group_come_to_no_more_than_the_law_allows(
    ground: str, months: int, before: int, rule: str | None
) -> None:
    known = replace(GOING_ON, education_goal_until=TODAY)
    if before:
        known = replace(known, granted=(Granted(SPECIAL, Length(months=before)),))
    asked = Extension(ground=ground, months=months, reason="Learns to read first")
    assert [each.rule for each in broken_by_extending(asked, known, LAW, TODAY)] == ([rule] if rule else [])


@pytest.mark.parametrize(("until", "rules"), [(-1, ["age"]), (0, []), (None, ["age"])])
def test_own_studies_are_finished_by_those_under_the_age(until: int | None, rules: list[str]) -> None:
    last = None if until is None else TODAY + timedelta(days=until)
    asked = Extension(ground="own_studies_under_25", months=6, reason="The degree is nearly done")
    found = broken_by_extending(asked, replace(GOING_ON, education_goal_until=last), LAW, TODAY)
    assert [each.rule for each in found] == rules


@pytest.mark.parametrize(
    ("reviewed_on", "next_on", "rules"),
    [
        (TODAY, date(2026, 9, 2), []),
        (TODAY, date(2026, 9, 3), ["review_due"]),
        (date(2026, 3, 3), date(2026, 9, 2), ["future"]),
        (date(2025, 3, 1), date(2026, 9, 2), ["before_plan"]),
        (TODAY, date(2026, 3, 1), ["past"]),
    ],
)
def test_a_review_says_when_the_next_one_is(reviewed_on: date, next_on: date, rules: list[str]) -> None:
    told = Review(reason="half_year", reviewed_on=reviewed_on, participation="x", progress="x", next_review_on=next_on)
    assert [each.rule for each in broken_by_reviewing(told, GOING_ON, LAW, TODAY)] == rules


@pytest.mark.parametrize(
    ("hindrances", "expected"),
    [
        ((), date(2026, 12, 1)),
        ((Hindrance("illness", date(2026, 1, 10), date(2026, 1, 19)),), date(2026, 12, 11)),
        (
            (
                Hindrance("illness", date(2026, 1, 10), date(2026, 1, 19)),
                Hindrance("injury", date(2026, 1, 15), date(2026, 1, 24)),
            ),
            date(2026, 12, 16),
        ),
        ((Hindrance("illness", date(2025, 4, 1), date(2025, 4, 30)),), date(2026, 12, 1)),
        ((Hindrance("illness", date(2025, 12, 2), date(2026, 11, 30)),), date(2027, 11, 30)),
    ],
)
def test_the_days_of_hindrances_are_added_to_what_was_agreed(hindrances: tuple[Hindrance, ...], expected: date) -> None:
    """Each day once, those before the edition never: they were known when it was agreed."""
    facts = replace(GOING_ON, hindrances=hindrances)
    assert valid_until(date(2026, 12, 1), date(2025, 12, 1), facts, LAW, date(2026, 12, 1)) == expected


def test_the_hash_of_a_content_is_that_of_its_canonical_json() -> None:
    assert sha256(content()) == sha256(content().model_validate_json(content().model_dump_json()))
    assert sha256(content()) != sha256(content(follow_up="A call each week"))
