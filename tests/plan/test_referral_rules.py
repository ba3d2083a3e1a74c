"""What a referral and a completion must say, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from contracts.customer.disclosures import PersonForPartner
from contracts.partners import MatterTold
from contracts.partners.measures import MeasureOrdered
from contracts.partners.referrals import ReferralTold
from contracts.plan.referrals import Completion, EarlierMeasure, ReferralAnswer, ReferralForProvider
from services.plan.law import disclosure_to_provider
from services.plan.rules.referrals import (
    FINAL_LANGUAGE_TEST,
    Directed,
    Standing,
    broken_by_answer,
    broken_by_completion,
    directed,
    may_complete,
    standing,
)

REFERRED, TODAY = date(2026, 3, 2), date(2026, 6, 1)
LEVELS = {"language": "fi", "listening": "B1.1", "reading": "B1.1", "speaking": "A2.2", "writing": "A2.2"}


def completion(**more: Any) -> Completion:
    return Completion.model_validate({"kind": "service", "outcome": "completed", "ends_on": "2026-05-29"} | more)


@pytest.mark.parametrize(
    ("told", "broken"),
    [
        ({"answer": "taken_up", "on": "2026-03-02"}, []),
        ({"answer": "taken_up", "on": "2026-06-01"}, []),
        ({"answer": "taken_up", "on": "2026-06-02"}, [("/answer/on", "in_future")]),
        ({"answer": "taken_up", "on": "2026-03-01"}, [("/answer/on", "order")]),
        ({"answer": "taken_up", "on": "2026-03-02", "reason": "no_place"}, [("/answer/reason", "not_of_outcome")]),
        ({"answer": "declined", "on": "2026-03-02", "reason": "no_place"}, []),
        ({"answer": "declined", "on": "2026-03-02"}, [("/answer/reason", "missing")]),
        ({"answer": "declined", "on": "2026-03-02", "reason": "mood"}, [("/answer/reason", "code_list")]),
    ],
)
def test_an_answer_says_when_and_why_not(told: dict[str, str], broken: list[tuple[str, str]]) -> None:
    errors = broken_by_answer(ReferralAnswer.model_validate(told), REFERRED, TODAY)
    assert [(each.pointer, each.rule) for each in errors] == broken


@pytest.mark.parametrize(
    ("told", "broken"),
    [
        ({}, []),
        ({"starts_on": "2026-05-29"}, []),
        ({"starts_on": "2026-05-30"}, [("starts_on", "order")]),
        ({"ends_on": "2026-06-02"}, [("ends_on", "in_future")]),
        ({"ends_on": "2026-03-01"}, [("ends_on", "order")]),
        ({"kind": "holiday"}, [("kind", "code_list")]),
        ({"reason": "employed"}, [("reason", "not_of_outcome")]),
        ({"outcome": "interrupted", "reason": "employed"}, []),
        ({"outcome": "interrupted"}, [("reason", "missing")]),
        ({"outcome": "interrupted", "reason": "mood"}, [("reason", "code_list")]),
        ({"kind": "final_language_test"}, [("levels", "missing")]),
        ({"kind": "final_language_test", "levels": LEVELS}, []),
        ({"kind": "final_language_test", "levels": LEVELS | {"writing": None}}, [("levels/writing", "missing")]),
        ({"kind": "final_language_test", "outcome": "interrupted", "reason": "absence"}, []),
        ({"levels": {"language": "sv", "speaking": "A1.1"}}, []),
        (
            {"levels": {"language": "so", "speaking": "D1"}},
            [("levels/language", "code_list"), ("levels/speaking", "code_list")],
        ),
    ],
)
def test_a_completion_is_checked_field_by_field(told: dict[str, Any], broken: list[tuple[str, str]]) -> None:
    errors = broken_by_completion(completion(**told), REFERRED, TODAY)
    assert [(each.pointer.removeprefix("/completion/"), each.rule) for each in errors] == broken


def test_a_final_language_test_tests_four_skills() -> None:
    nothing = {"kind": "final_language_test", "levels": {"language": "fi"}}
    errors = broken_by_completion(completion(**nothing), REFERRED, TODAY)
    assert [each.pointer.rpartition("/")[2] for each in errors] == ["listening", "reading", "speaking", "writing"]


@pytest.mark.parametrize(
    ("state", "a_part", "the_last", "a_test"),
    [
        ("made", True, True, True),
        ("taken_up", True, True, True),
        ("declined", False, False, False),
        ("completed", False, False, True),
        ("interrupted", False, False, True),
    ],
)
def test_the_last_completion_ends_a_referral_and_the_result_of_a_test_alone_may_come_after_it(
    state: str, a_part: bool, the_last: bool, a_test: bool
) -> None:
    assert may_complete(state, "service", is_over=False) == a_part
    assert may_complete(state, "service", is_over=True) == may_complete(state, FINAL_LANGUAGE_TEST, is_over=True)
    assert may_complete(state, "service", is_over=True) == the_last
    assert may_complete(state, FINAL_LANGUAGE_TEST, is_over=False) == a_test


@dataclass
class Recorded:
    """A completion as it is kept."""

    is_over: bool
    outcome: str = "completed"
    starts_on: date | None = None
    ends_on: date = date(2026, 5, 29)


MARCH, APRIL, MAY = date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 29)
PART, LAST = Recorded(is_over=False), Recorded(is_over=True)


@pytest.mark.parametrize(
    ("answer", "said_on", "completions", "expected"),
    [
        (None, None, (), Standing("made", None, None)),
        ("taken_up", APRIL, (), Standing("taken_up", APRIL, None)),
        ("declined", APRIL, (), Standing("declined", APRIL, APRIL)),
        (None, None, (PART,), Standing("taken_up", MAY, None)),
        (None, None, (replace(PART, starts_on=APRIL), LAST), Standing("completed", APRIL, MAY)),
        ("taken_up", APRIL, (LAST, PART), Standing("completed", APRIL, MAY)),
        ("taken_up", APRIL, (replace(LAST, outcome="interrupted"),), Standing("interrupted", APRIL, MAY)),
    ],
)
def test_where_a_referral_stands_follows_from_its_answer_and_what_was_completed(
    answer: str | None, said_on: date | None, completions: Any, expected: Standing
) -> None:
    assert standing(answer, said_on, completions) == expected


ONE, TWO = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("editions", "referrals", "expected"),
    [
        ([(MARCH, [ONE, TWO])], [(ONE, MARCH)], Directed(MARCH)),
        ([(MARCH, [ONE, TWO])], [(ONE, MARCH), (TWO, APRIL), (ONE, MAY)], Directed(MARCH, APRIL)),
        ([(MARCH, [ONE])], [(ONE, date(2026, 1, 1))], Directed(MARCH, MARCH)),
        ([(MARCH, [ONE]), (APRIL, [ONE, TWO])], [(ONE, MARCH)], Directed(APRIL)),
        ([(MARCH, [ONE]), (APRIL, [ONE, TWO])], [(TWO, APRIL)], Directed(MARCH)),
        ([(MARCH, [ONE, TWO]), (APRIL, [ONE])], [(ONE, MARCH)], Directed(MARCH, MARCH)),
        ([(MARCH, [ONE]), (APRIL, [TWO]), (MAY, [ONE])], [(TWO, APRIL)], Directed(MAY)),
        ([(MARCH, [ONE]), (MAY, [TWO])], [(TWO, APRIL)], Directed(MAY, MAY)),
        ([(MARCH, [])], [], Directed()),
    ],
)
def test_it_counts_from_the_oldest_line_that_waits_and_all_is_referred_with_the_last(
    editions: Any, referrals: Any, expected: Directed
) -> None:
    assert directed(editions, referrals) == expected


OF_THE_MESSAGE = {
    "partner",
    "version",
    "legal_basis",
    "changed_at",
    "referral_id",
    "measure_id",
    "state",
    "is_withdrawn",
    "municipality",
}


@pytest.mark.parametrize("message", [ReferralTold, MeasureOrdered])
def test_each_field_that_a_provider_hears_is_an_item_that_the_act_lists(message: type[MatterTold]) -> None:
    items = disclosure_to_provider().items
    assert len({each.code for each in items}) == 18
    listed = [field for each in items for field in each.told_as]
    assert len(listed) == len(set(listed))
    parts = {"person": PersonForPartner, "earlier_measures": EarlierMeasure}
    heard = set()
    for field in message.model_fields.keys() - OF_THE_MESSAGE:
        heard |= {f"{field}.{each}" for each in parts[field].model_fields} if field in parts else {field}
    assert heard <= set(listed)


def test_no_item_is_told_by_a_field_that_nobody_hears() -> None:
    parts = {*PersonForPartner.model_fields, *EarlierMeasure.model_fields}
    heard = {*ReferralTold.model_fields, *MeasureOrdered.model_fields}
    listed = [field for each in disclosure_to_provider().items for field in each.told_as]
    assert all(each.rpartition(".")[2] in (parts if "." in each else heard) for each in listed)


def test_what_the_plan_service_tells_for_a_provider_goes_no_further_than_the_message() -> None:
    of_the_request = {"customer_id", "may_be_told"}
    assert ReferralForProvider.model_fields.keys() - of_the_request <= ReferralTold.model_fields.keys()
