"""When a day in the usage log is odd."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.access.anomalies import Finding, Use, UserDay, findings
from services.access.law.anomalies import anomaly_law

NOON = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday, 12 o'clock in Helsinki."""
ONE, OTHER = uuid4(), uuid4()


def use(
    act: str = "view", *customers: UUID, at: datetime = NOON, denied: bool = False, words: tuple[int, ...] = ()
) -> Use:
    found = len(customers) if act == "search" else None
    return Use(at, act, denied, frozenset(customers), found, frozenset(words))


def found(day: UserDay) -> dict[str, Finding]:
    return {each.rule: each for each in findings(day, anomaly_law())}


def at_least(rule: str) -> int:
    return anomaly_law().at_least(rule)


def test_an_ordinary_day_is_not_odd() -> None:
    uses = [use("search", ONE, OTHER), use("view", ONE), use("change", ONE), use("view", OTHER)]
    assert found(UserDay(uses)) == {}


def test_searches_that_nobody_was_opened_from_are_odd_from_a_number_on() -> None:
    number = at_least("searches_without_opening")
    many = [use("search", uuid4()) for _ in range(number)]
    assert found(UserDay(many))["searches_without_opening"].observed == number
    assert found(UserDay(many[1:])) == {}


def test_a_search_whose_hit_was_opened_or_that_found_nobody_is_not_counted() -> None:
    number = at_least("searches_without_opening")
    opened = [use("search", ONE) for _ in range(number)]
    assert found(UserDay([*opened, use("view", ONE)])) == {}
    assert found(UserDay([use("search") for _ in range(number)])) == {}


def test_one_look_at_a_watched_customer_is_enough_by_search_or_in_vain() -> None:
    for each in (use("view", ONE), use("search", ONE), use("view", ONE, denied=True)):
        assert found(UserDay([each], watched=frozenset({ONE})))["watched_customer"].customers == (ONE,)
    assert found(UserDay([use("view", OTHER)], watched=frozenset({ONE}))) == {}


def test_a_look_at_the_users_own_name_is_odd() -> None:
    assert "same_name" in found(UserDay([use("view", ONE, words=(7, 8))], own_words=frozenset({8})))
    assert found(UserDay([use("view", ONE, words=(7,))], own_words=frozenset({8}))) == {}


@pytest.mark.parametrize(
    ("at", "odd"),
    [
        (datetime(2026, 3, 2, 4, 0, tzinfo=UTC), False),  # 6.00 in Helsinki
        (datetime(2026, 3, 2, 3, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 18, 59, tzinfo=UTC), False),  # 20.59
        (datetime(2026, 3, 2, 19, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 7, 10, 0, tzinfo=UTC), True),  # a Saturday
        (datetime(2026, 7, 6, 3, 0, tzinfo=UTC), False),  # 6.00 in summer time
    ],
)
def test_the_hours_are_those_of_helsinki(at: datetime, odd: bool) -> None:
    uses = [use("view", ONE, at=at) for _ in range(at_least("out_of_hours"))]
    assert ("out_of_hours" in found(UserDay(uses))) is odd


def test_tries_at_customers_of_others_are_odd_from_a_number_on() -> None:
    tries = [use("view", uuid4(), denied=True) for _ in range(at_least("outside_own_area"))]
    assert "outside_own_area" in found(UserDay(tries))
    assert found(UserDay(tries[1:])) == {}


def test_tries_after_a_relationship_ended_are_their_own_rule() -> None:
    number = at_least("after_the_relationship_ended")
    tries = [use("view", ONE, denied=True) for _ in range(number)]
    assert found(UserDay(tries, ended={ONE: NOON - timedelta(days=1)})).keys() == {"after_the_relationship_ended"}
    assert found(UserDay(tries, ended={ONE: NOON + timedelta(hours=1)})) == {}


def test_work_with_a_customer_who_came_back_is_not_odd() -> None:
    uses = [use("view", ONE) for _ in range(at_least("after_the_relationship_ended"))]
    assert found(UserDay(uses, ended={ONE: NOON - timedelta(days=1)})) == {}


def test_tries_before_the_end_of_a_relationship_are_tries_outside_the_own_area() -> None:
    tries = [use("view", ONE, denied=True) for _ in range(at_least("outside_own_area"))]
    assert found(UserDay(tries, ended={ONE: NOON + timedelta(hours=1)})).keys() == {"outside_own_area"}


class TestBaseline:
    MANY = tuple(use("view", uuid4()) for _ in range(40))

    def test_many_more_customers_than_ones_own_usual_are_odd(self) -> None:
        finding = found(UserDay(self.MANY, own_days=[5, 7, 6] * 4, peers_days=[100] * 20))["unusual_number"]
        assert finding.observed == 40
        assert finding.usual is not None
        assert 6 < finding.usual < 12

    def test_who_always_handles_many_is_not_odd(self) -> None:
        assert found(UserDay(self.MANY, own_days=[38, 45, 41, 36] * 3)) == {}

    def test_somebody_new_is_measured_by_the_others(self) -> None:
        assert "unusual_number" in found(UserDay(self.MANY, own_days=[40], peers_days=[5, 6, 7] * 4))
        assert found(UserDay(self.MANY, own_days=[5], peers_days=[40, 41, 39] * 4)) == {}

    def test_with_nothing_to_compare_nothing_is_said(self) -> None:
        assert found(UserDay(self.MANY, own_days=[1] * 9, peers_days=[1] * 9)) == {}

    def test_a_few_are_never_odd(self) -> None:
        assert found(UserDay(self.MANY[:29], own_days=[1] * 20)) == {}
