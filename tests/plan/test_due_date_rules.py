"""From what is known of a customer to what is due: each rule of the law at its limit."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from contracts.law.counting import Length
from contracts.law.deadlines import Granted, Hindrance
from contracts.plan.plans import EarlierPlan
from services.plan.law import common_aims
from services.plan.rules.due_dates import Due, Known, KnownAssessment, KnownPlan, due_dates, place_of, told
from services.plan.rules.times import Facts, law_of

TAMPERE, HELSINKI = "837", "091"
PERMITTED = Facts(first_permit_on=date(2025, 2, 28))
TODAY = date(2026, 3, 2)


def assessment(status: str = "to_start", result: str | None = None, municipality: str = TAMPERE) -> KnownAssessment:
    ended_on = date(2025, 6, 1) if status in ("concluded", "dropped") else None
    return KnownAssessment(uuid4(), municipality, status, date(2025, 5, 1), result, ended_on)


def plan(drawn_up_on: date = date(2025, 8, 31), municipality: str = TAMPERE, **told: object) -> KnownPlan:
    return KnownPlan(uuid4(), municipality, drawn_up_on, **({"agreed_on": drawn_up_on} | told))  # type: ignore[arg-type]


def due(
    *,
    assessments: tuple[KnownAssessment, ...] = (),
    plans: tuple[KnownPlan, ...] = (),
    on: date = TODAY,
    facts: Facts = PERMITTED,
) -> dict[str, Due]:
    """What is due in Tampere, by kind."""
    known = Known(uuid4(), facts, assessments=assessments, plans=plans)
    found = due_dates(known, TAMPERE, common_aims(), on)
    assert len({each.deadline.rule.code for each in found}) == len(found)
    return {each.deadline.rule.code: each for each in found}


def days(found: dict[str, Due]) -> dict[str, date]:
    return {kind: each.deadline.due_on for kind, each in found.items()}


def test_nothing_is_due_of_a_customer_whom_nobody_must_assess() -> None:
    assert due() == {}


def test_an_assessment_to_start_is_due_by_the_municipalitys_aim_and_by_the_three_years() -> None:
    to_start = assessment()
    found = due(assessments=(to_start,))
    assert days(found) == {
        "assessment_start": date(2025, 5, 15),
        "assessment_latest": date(2028, 2, 28),
        "plan_latest": date(2028, 2, 28),
    }
    assert {each.matter_id for each in found.values()} == {to_start.assessment_id}
    assert {kind for kind, each in found.items() if each.is_statutory} == {"assessment_latest", "plan_latest"}


@pytest.mark.parametrize("status", ["planned", "under_way"])
def test_an_assessment_that_has_begun_is_not_to_be_started(status: str) -> None:
    assert "assessment_start" not in due(assessments=(assessment(status),))


def test_a_victim_reached_later_has_no_three_years() -> None:
    assert days(due(assessments=(assessment(),), facts=replace(PERMITTED, three_year_limit_applies=False))) == {
        "assessment_start": date(2025, 5, 15)
    }


def test_a_plan_that_was_found_to_be_needed_is_due() -> None:
    needed = assessment("concluded", "plan_needed")
    found = due(assessments=(needed,))
    assert days(found) == {"plan_start": date(2025, 7, 1), "plan_latest": date(2028, 2, 28)}
    assert {each.matter_id for each in found.values()} == {needed.assessment_id}


@pytest.mark.parametrize("result", ["no_plan_needed", "referred_on"])
def test_after_an_assessment_that_found_no_need_nothing_is_due(result: str) -> None:
    assert due(assessments=(assessment("concluded", result),)) == {}


def test_an_assessment_begun_after_one_that_found_no_need_is_due_like_the_first() -> None:
    found = due(assessments=(assessment("concluded", "no_plan_needed"), assessment()))
    assert set(found) == {"assessment_start", "assessment_latest", "plan_latest"}


def test_an_assessment_begun_after_one_that_found_a_need_leaves_its_plan_due() -> None:
    found = due(assessments=(assessment("concluded", "plan_needed"), assessment("under_way")))
    assert set(found) == {"assessment_latest", "plan_latest", "plan_start"}


def test_a_need_found_after_none_was_found_makes_the_plan_due_by_law() -> None:
    none_needed, needed = assessment("concluded", "no_plan_needed"), assessment("concluded", "plan_needed")
    later = replace(needed, ended_on=date(2026, 2, 20))
    for order in ((none_needed, later), (later, none_needed)):
        assert days(due(assessments=order)) == {"plan_start": date(2026, 3, 22), "plan_latest": date(2028, 2, 28)}
    assert due(assessments=(needed, replace(none_needed, ended_on=date(2026, 2, 20)))) == {}


def test_a_dropped_assessment_leaves_nothing_due() -> None:
    assert due(assessments=(assessment("dropped"),)) == {}


def test_of_a_plan_referral_review_and_longest_time_are_due() -> None:
    drawn_up = plan()
    found = due(assessments=(assessment("concluded", "plan_needed"),), plans=(drawn_up,))
    assert days(found) == {
        "referral": date(2025, 9, 30),
        "plan_review": date(2026, 2, 28),
        "plan_maximum": date(2027, 8, 31),
    }
    assert {each.matter_id for each in found.values()} == {drawn_up.plan_id}


def test_a_new_assessment_beside_a_plan_in_force_makes_no_other_plan_due() -> None:
    anew = replace(assessment("concluded", "plan_needed"), ended_on=date(2026, 2, 20))
    assert due(assessments=(anew,), plans=(plan(),)).keys() == {"referral", "plan_review", "plan_maximum"}
    assert "plan_start" in due(assessments=(anew,), plans=(plan(ended_on=date(2026, 1, 1)),))


def test_a_review_begins_the_half_year_anew_and_a_referral_settles_the_month() -> None:
    found = due(plans=(plan(reviewed_on=date(2026, 1, 15), referred_on=date(2025, 9, 15)),))
    assert days(found) == {"plan_review": date(2026, 7, 15), "plan_maximum": date(2027, 8, 31)}


def test_nothing_is_due_of_a_plan_that_has_ended() -> None:
    assert due(plans=(plan(ended_on=date(2026, 1, 1)),)) == {}


def test_the_longest_time_of_a_second_plan_is_counted_from_the_first() -> None:
    first = plan(date(2025, 3, 1), ended_on=date(2025, 10, 1))
    assert days(due(plans=(first, plan(date(2026, 1, 1)))))["plan_maximum"] == date(2027, 3, 1)


def test_extensions_and_hindrances_move_the_longest_time() -> None:
    granted = (Granted("little_education_or_many_services", Length(months=12)),)
    hindrances = (Hindrance("illness", date(2025, 10, 1), date(2025, 10, 10)),)
    found = due(plans=(plan(granted=granted, hindrances=hindrances),))
    assert found["plan_maximum"].deadline.due_on == date(2028, 9, 10)


SPECIAL = "little_education_or_many_services"
TOLD = EarlierPlan.model_validate(
    {
        "drawn_up_on": "2025-03-01",
        "extensions": [{"ground": SPECIAL, "months": 6}],
        "hindrances": [{"ground": "illness", "first": "2025-05-01", "last": "2025-05-10"}],
    }
)


def test_what_a_plan_tells_of_an_earlier_one_moves_the_longest_time() -> None:
    assert days(due(plans=(plan(date(2026, 1, 1), earlier=TOLD),)))["plan_maximum"] == date(2027, 9, 11)


@pytest.mark.parametrize(
    ("months", "expected"), [((6,), date(2027, 9, 11)), ((3,), date(2027, 12, 11)), ((6, 6), date(2028, 3, 11))]
)
def test_what_is_told_of_an_earlier_plan_and_known_here_counts_once(months: tuple[int, ...], expected: date) -> None:
    granted = tuple(Granted(SPECIAL, Length(months=each)) for each in months)
    ill = (Hindrance("illness", date(2025, 5, 1), date(2025, 5, 10)),)
    first = plan(date(2025, 3, 1), HELSINKI, ended_on=date(2025, 10, 1), granted=granted, hindrances=ill)
    assert days(due(plans=(plan(date(2026, 1, 1), earlier=TOLD), first)))["plan_maximum"] == expected


def test_what_is_granted_here_is_added_to_the_same_that_is_told_of_an_earlier_plan() -> None:
    here = plan(date(2026, 1, 1), earlier=TOLD, granted=(Granted(SPECIAL, Length(months=6)),))
    assert days(due(plans=(here,)))["plan_maximum"] == date(2028, 3, 11)


def test_a_plan_with_own_studies_of_25_or_over_has_no_longest_time() -> None:
    studies = plan(own_studies=True)
    assert "plan_maximum" not in due(plans=(studies,))
    young = replace(PERMITTED, education_goal_until=TODAY)
    assert "plan_maximum" in due(plans=(studies,), facts=young)


def test_another_municipalitys_plan_is_due_there_alone() -> None:
    assert due(plans=(plan(municipality=HELSINKI),)) == {}


def test_a_plan_in_force_is_due_whatever_another_municipality_draws_up_later() -> None:
    ours, theirs = plan(), plan(date(2026, 3, 1), HELSINKI)
    alone = due(plans=(ours,))
    assert days(due(plans=(ours, theirs))) == days(alone)
    ended = replace(theirs, ended_on=TODAY)
    assert days(due(plans=(ended, ours))) == days(alone)


def test_nothing_is_due_of_an_ended_plan_while_another_municipality_has_one() -> None:
    assert due(plans=(plan(ended_on=date(2026, 1, 1)), plan(date(2026, 3, 1), HELSINKI))) == {}


def test_a_plan_that_came_by_a_transfer_is_to_be_reviewed_by_the_aim() -> None:
    assert days(due(plans=(plan(received_on=date(2026, 2, 1)),)))["transfer_review"] == date(2026, 3, 3)


def test_a_review_after_the_transfer_settles_that() -> None:
    reviewed = plan(received_on=date(2026, 2, 1), reviewed_on=date(2026, 2, 1))
    assert "transfer_review" not in due(plans=(reviewed,))


def test_a_municipality_sets_its_own_aims() -> None:
    known = Known(uuid4(), PERMITTED, assessments=(assessment(),))
    [first, *_] = due_dates(known, TAMPERE, common_aims().set_to(14, {"assessment_start": 3}), TODAY)
    assert (first.deadline.rule.code, first.deadline.due_on) == ("assessment_start", date(2025, 5, 4))


def test_a_case_stays_under_the_law_of_its_first_plan_until_a_review() -> None:
    old = plan(date(2024, 6, 1))
    assert law_of(Known(uuid4(), PERMITTED, plans=(old,)).as_to(old), TODAY).version == "2011-09-01"
    reviewed = plan(date(2024, 6, 1), reviewed_on=date(2025, 1, 1))
    assert law_of(Known(uuid4(), PERMITTED, plans=(reviewed,)).as_to(reviewed), TODAY).version == "2025-01-01"


def test_a_plan_drawn_up_after_one_of_the_earlier_act_is_reviewed_and_referred_by_the_present_one() -> None:
    first = replace(PERMITTED, first_plan_on=date(2024, 10, 1))
    found = due(plans=(plan(date(2026, 3, 2)),), facts=first)
    assert {kind: (each.deadline.due_on, each.law_version) for kind, each in found.items()} == {
        "referral": (date(2026, 4, 2), "2025-01-01"),
        "plan_review": (date(2026, 9, 2), "2025-01-01"),
        "plan_maximum": (date(2027, 10, 1), "2011-09-01"),
    }
    reviewed = due(plans=(plan(date(2026, 3, 2), reviewed_on=date(2026, 3, 2)),), facts=first)
    assert days(reviewed)["plan_maximum"] == date(2026, 10, 1)


def test_a_due_date_tells_how_it_comes_about() -> None:
    review = told(due(plans=(plan(),))["plan_review"])
    assert review.legal_basis == "681/2023 22 § 1 mom."
    assert "31.8.2025" in review.explanation.fi
    assert "28.2.2026" in review.explanation.sv
    assert review.counted_from == date(2025, 8, 31)


@pytest.mark.parametrize("cursor", ["", "x", "2026-01-01", "2026-01-01_1_plan_review", "2026-13-01_x_y"])
def test_what_is_no_cursor_is_no_place(cursor: str) -> None:
    assert place_of(cursor) is None


def test_a_cursor_names_a_place() -> None:
    customer_id = uuid4()
    assert place_of(f"2026-01-01_{customer_id}_plan_review") == (date(2026, 1, 1), customer_id, "plan_review")
