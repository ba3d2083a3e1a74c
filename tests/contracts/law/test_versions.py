"""Every version of the law is whole, and each case is under the right one."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from contracts.law import Law, Laws, Provision, Transition, Words, laws, read

VERSIONS = list(laws())
NEW = date(2025, 1, 1)


def made_up(valid_from: date, until: str | None = None) -> Law:
    """A version of the future, with another longest time of a plan."""
    now = laws().version("2025-01-01")
    transition = Transition(legal_basis="1/2030 2 §", until=until, keeps=("plan_maximum",)) if until else None
    return now.model_copy(update={"version": f"{valid_from}", "valid_from": valid_from, "transition": transition})


def entries(value: Any) -> Iterator[Words]:
    """Everything in a version that has names."""
    if isinstance(value, Words):
        yield value
    if isinstance(value, BaseModel):
        value = tuple(getattr(value, name) for name in type(value).model_fields)
    for each in value if isinstance(value, tuple) else ():
        yield from entries(each)


@pytest.mark.parametrize("law", VERSIONS, ids=lambda law: law.version)
def test_every_entry_has_a_section_and_names_in_three_languages(law: Law) -> None:
    for each in entries(law):
        assert all(each.within(language).strip() for language in ("fi", "sv", "en")), each
        assert not isinstance(each, Provision) or "§" in each.legal_basis, each


@pytest.mark.parametrize("law", VERSIONS, ids=lambda law: law.version)
def test_a_due_date_names_only_what_the_same_version_explains(law: Law) -> None:
    facts, exceptions = {each.code for each in law.facts}, {each.code for each in law.exceptions}
    groups, hindrances = {each.group for each in law.plan.extensions}, {each.code for each in law.plan.hindrances}
    assert law.transition is None or {each.code for each in law.deadlines}.issuperset(law.transition.keeps)
    for rule in law.deadlines:
        assert facts.issuperset((*rule.counted_from, *rule.settled_by)), rule.code
        assert exceptions.issuperset(rule.not_for), rule.code
        assert groups.issuperset(rule.extended_by), rule.code
        assert hindrances.issuperset(rule.suspended_by), rule.code


@pytest.mark.parametrize("law", VERSIONS, ids=lambda law: law.version)
def test_no_code_is_given_twice(law: Law) -> None:
    assessment = law.assessment
    lists: list[tuple[Provision, ...]] = [law.facts, law.exceptions, law.deadlines, law.plan.extensions, law.plan.kinds]
    if assessment:
        lists += [assessment.grounds, assessment.topics, assessment.further_topics, assessment.duties_to_inform]
    for each in lists:
        codes = [entry.code for entry in each]
        assert len(codes) == len(set(codes)), codes


def test_on_every_day_since_the_act_took_effect_there_is_one_version() -> None:
    in_force = [each for each in VERSIONS if each.valid_from]
    for days in range(0, 4000):
        day = date(2020, 1, 1) + timedelta(days=days)
        assert len([each for each in in_force if each.is_in_force(day)]) == 1, day


def test_what_the_decree_and_the_acts_list_is_all_there() -> None:
    now, passed = laws().version("2025-01-01").assessment, laws().version("2023").assessment
    assert now
    assert passed
    assert [each.legal_basis.partition(",")[0] for each in now.grounds] == [
        f"681/2023 14 § 1 mom. {item} k." for item in range(1, 8)
    ]
    assert [each.legal_basis for each in now.topics] == [f"869/2024 2 § 1 mom. {item} k." for item in range(1, 10)]
    assert len(now.duties_to_inform) == 4
    assert (len(passed.topics), len(passed.further_topics)) == (8, 4)
    assert {each.code for each in passed.kinds if each.statutory} == {"assessment", "multidisciplinary"}
    assert {each.code for each in laws().version("2023").plan.kinds if each.statutory} == {
        "individual",
        "multidisciplinary",
        "family",
    }
    assert {each.code for each in laws().version("2025-01-01").plan.kinds if each.statutory} == {"individual"}


def test_what_never_came_into_force_is_the_law_of_no_day() -> None:
    assert laws().version("2023").valid_from is None
    assert not any(laws().version("2023").is_in_force(date(year, 7, 1)) for year in range(2020, 2040))


@pytest.mark.parametrize(
    ("begun_on", "reviewed_on", "on", "version"),
    [
        pytest.param(date(2024, 12, 31), None, date(2024, 12, 31), "2011-09-01", id="before"),
        pytest.param(date(2024, 12, 31), None, date(2026, 1, 1), "2011-09-01", id="not reviewed since"),
        pytest.param(
            date(2024, 6, 1), date(2024, 12, 31), date(2026, 1, 1), "2011-09-01", id="reviewed the day before"
        ),
        pytest.param(date(2024, 6, 1), date(2025, 1, 1), date(2026, 1, 1), "2025-01-01", id="reviewed on the day"),
        pytest.param(date(2024, 6, 1), date(2026, 1, 2), date(2026, 1, 1), "2011-09-01", id="reviewed only tomorrow"),
        pytest.param(date(2025, 1, 1), None, date(2025, 1, 1), "2025-01-01", id="begun on the day"),
    ],
)
def test_a_plan_of_the_earlier_act_stays_under_it_until_its_first_review(
    begun_on: date, reviewed_on: date | None, on: date, version: str
) -> None:
    happened = {"plan_reviewed": [reviewed_on]} if reviewed_on else {}
    assert laws().of_case(begun_on, on, happened).version == version


def test_a_plan_drawn_up_under_the_present_act_keeps_only_the_longest_time_of_the_earlier_one() -> None:
    begun, today = date(2024, 6, 1), date(2026, 1, 1)
    law = laws().of_plan(today, begun, today, {})
    assert law.version == "2025-01-01+2011-09-01"
    assert {each.code: law.version_of(each.code) for each in law.deadlines} == {
        **dict.fromkeys(("assessment_latest", "plan_latest", "referral", "plan_review"), "2025-01-01"),
        "plan_maximum": "2011-09-01",
    }
    assert law.due_date("plan_maximum") == laws().version("2011-09-01").due_date("plan_maximum")
    assert law.plan.goals == laws().version("2025-01-01").plan.goals
    assert laws().version(law.version) == law, "what was offered by it is read by it"


def test_after_a_review_or_without_an_earlier_plan_nothing_is_kept() -> None:
    begun, today = date(2024, 6, 1), date(2026, 1, 1)
    assert laws().of_plan(today, begun, today, {"plan_reviewed": [today]}).version == "2025-01-01"
    assert laws().of_plan(today, date(2025, 6, 1), today, {}).version == "2025-01-01"


def test_a_version_without_a_transition_keeps_nothing() -> None:
    with pytest.raises(LookupError):
        laws().version("2023+2011-09-01")


def test_a_new_version_without_a_transition_is_the_law_of_every_case_from_its_day() -> None:
    known = Laws([*VERSIONS, made_up(date(2030, 1, 1))])
    assert known.of_case(date(2029, 1, 1), date(2029, 12, 31), {}).version == "2025-01-01"
    assert known.of_case(date(2029, 1, 1), date(2030, 1, 1), {}).version == "2030-01-01"


def test_transitions_follow_each_other() -> None:
    known = Laws([*VERSIONS, made_up(date(2030, 1, 1), until="plan_reviewed")])
    reviews = [date(2025, 2, 1)]
    assert known.of_case(date(2024, 2, 1), date(2031, 1, 1), {"plan_reviewed": reviews}).version == "2025-01-01"
    reviews.append(date(2030, 2, 1))
    assert known.of_case(date(2024, 2, 1), date(2031, 1, 1), {"plan_reviewed": reviews}).version == "2030-01-01"


def test_a_day_before_every_version_and_an_unknown_one_are_told() -> None:
    with pytest.raises(LookupError):
        laws().on(date(2000, 1, 1))
    with pytest.raises(LookupError):
        laws().version("1995")


def test_a_length_that_is_none_is_refused() -> None:
    told = NEW.isoformat()
    with pytest.raises(ValidationError, match="not a length"):
        read(f'version = "x"\nvalid_from = {told}\n[plan]\nfirst_plan = "P"\n')
