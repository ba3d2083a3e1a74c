"""Who lives in the synthetic Finland."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import islice, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.customer.people import ChangeCustomer, CloseCustomer, OpenCustomer, Person
from contracts.types import PersonName
from deploy.seed.groups import Group, groups
from deploy.seed.names import draw_names
from deploy.seed.people import ALWAYS, LAST_DAY, NOBODY, IdentityCodes, Life, lives
from services.customer.rules import people as rules
from services.kit import code_lists, identity_code
from services.kit.clock import helsinki_date

SEEDS = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def people() -> list[Life]:
    """Enough for shares to be near what the data says."""
    return list(lives(8000))


def opened(life: Life) -> Person:
    """The person as first told."""
    request = life.acts[0].request
    assert isinstance(request, OpenCustomer)
    return request.person


def share(of: Iterable[bool]) -> float:
    """How many of these hold."""
    found = list(of)
    return sum(found) / len(found)


@settings(max_examples=20)
@given(seed=SEEDS, few=st.integers(1, 60), more=st.integers(0, 60))
def test_the_same_seed_makes_the_same_people_however_many_follow(seed: int, few: int, more: int) -> None:
    assert list(lives(few, seed=seed)) == list(islice(lives(few + more, seed=seed), few))


def test_another_seed_makes_other_people() -> None:
    assert [opened(life).name for life in lives(20, seed=1)] != [opened(life).name for life in lives(20, seed=2)]


def test_people_are_made_when_they_are_asked_for() -> None:
    assert next(lives(10**12)).number == 0


def test_no_rule_of_the_customer_service_is_broken_by_any_act(people: list[Life]) -> None:
    for life in people:
        person = opened(life)
        for act in life.acts:
            on = helsinki_date(act.moment)
            request = act.request
            if isinstance(request, ChangeCustomer):
                person = rules.changed(person, request.changes)
                assert not rules.emptied_fields(request.changes)
                assert not rules.broken_by_source(request.source, on)
            elif isinstance(request, CloseCustomer):
                assert not rules.broken_by_closing(request.reason, on)
            assert not rules.broken_rules(person, Person.model_fields, on, allow_test_codes=True, within="")
            assert code_lists.is_valid_municipality(act.municipality, on)


def test_every_act_changes_something_and_comes_after_the_one_before(people: list[Life]) -> None:
    for life in people:
        person = opened(life)
        assert [act.moment for act in life.acts] == sorted({act.moment for act in life.acts})
        assert all(isinstance(act.request, ChangeCustomer) for act in life.acts[1:-1])
        for version, act in enumerate(life.acts[1:], start=1):
            request = act.request
            assert not isinstance(request, OpenCustomer)
            assert (request.customer_id, request.expected_version) == (NOBODY, version)
            if isinstance(request, ChangeCustomer):
                assert rules.changed(person, request.changes) != person
                person = rules.changed(person, request.changes)


def test_everything_happens_on_working_days_until_the_last(people: list[Life]) -> None:
    days = {helsinki_date(act.moment) for life in people for act in life.acts}
    assert max(days) <= LAST_DAY
    assert max(day.weekday() for day in days) == 4


def test_identity_codes_are_for_tests_alone_and_nobody_shares_one(people: list[Life]) -> None:
    codes = [code for life in people if (code := opened(life).personal_identity_code)]
    assert {code[7] for code in codes} == {"9"}
    assert all(identity_code.check(code, allow_test_codes=True) == code for code in codes)
    assert len(set(codes)) == len(codes)
    assert share(opened(life).personal_identity_code is None for life in people) == pytest.approx(0.08, abs=0.02)


@settings(max_examples=30)
@given(seed=SEEDS, birthday=st.dates(date(1930, 1, 1), LAST_DAY), woman=st.booleans())
def test_a_birthday_has_three_hundred_codes_of_each_sex_and_then_none(seed: int, birthday: date, woman: bool) -> None:
    codes = IdentityCodes(seed)
    given_out = [codes.next(birthday, woman) for _ in range(300)]
    assert len(set(given_out)) == 300
    for code in given_out:
        assert code
        assert identity_code.check(code, allow_test_codes=True) == code
        assert identity_code.date_of_birth(code) == birthday
        assert int(code[9]) % 2 == (0 if woman else 1)
    assert codes.next(birthday, woman) is None
    assert codes.next(birthday, not woman)


def test_a_family_lives_together_and_came_together(people: list[Life]) -> None:
    homes: dict[str, list[Life]] = defaultdict(list)
    for life in people:
        contact = opened(life).contact
        assert contact
        assert contact.address
        homes[contact.address.model_dump_json()].append(life)
    together = [home for home in homes.values() if len(home) > 1]
    assert len(together) > 1000
    for home in together:
        if any(later.number - earlier.number != 1 for earlier, later in pairwise(home)):
            continue  # two households that happen to have the same address
        assert len({life.acts[0].municipality for life in home}) == 1
        assert len({opened(life).citizenships for life in home}) == 1
        assert len({helsinki_date(life.acts[0].moment) for life in home}) == 1
        permits = {permit.granted_on for life in home if (permit := opened(life).first_residence_permit)}
        assert len(permits) <= 1


def named(custom: str) -> Group:
    """A group of the custom, without second names that would come between."""
    group = next(group for group in groups().values() if group.custom == custom)
    return group.model_copy(update={"two_given": 0.0})


def family(group: Group) -> list[PersonName]:
    """A mother, a father, a daughter and a son."""
    return draw_names(Random(7), group, [True, False, True, False], 2)


def test_somali_children_bear_their_fathers_and_grandfathers_names() -> None:
    _, father, daughter, son = family(named("three_part"))
    fathers, grandfathers = father.given.split()
    for child in (daughter, son):
        assert child.given.split()[1:] == [fathers]
        assert child.family == grandfathers


def test_where_there_are_no_family_names_children_bear_the_fathers_given_name() -> None:
    _, father, daughter, son = family(named("patronymic"))
    assert daughter.family == son.family == father.given


def test_spanish_children_bear_the_first_family_name_of_each_parent() -> None:
    mother, father, daughter, son = family(named("two_surnames"))
    assert daughter.family == son.family == f"{father.family.split()[0]} {mother.family.split()[0]}"


def test_women_bear_the_feminine_form_of_a_slavic_family_name() -> None:
    russian = groups()["russian"]
    assert [russian.of_woman(name) for name in ("Ivanov", "Sorokin", "Zhukovsky", "Tamm")] == [
        "Ivanova",
        "Sorokina",
        "Zhukovskaya",
        "Tamm",
    ]


def test_shares_are_near_those_of_the_data(people: list[Life]) -> None:
    tongues = Counter(opened(life).mother_tongue for life in people)
    assert tongues.most_common(1)[0][0] == "uk"
    assert {tongue for tongue, _ in tongues.most_common(3)} == {"uk", "ar", "ru"}
    assert share(isinstance(life.acts[-1].request, CloseCustomer) for life in people) == pytest.approx(1 / 3, abs=0.05)
    towns = Counter(life.acts[0].municipality for life in people)
    assert [town for town, _ in towns.most_common(3)] == ["091", "049", "092"]
    january = share(
        (opened(life).date_of_birth.month, opened(life).date_of_birth.day) == (1, 1)
        for life in people
        if opened(life).mother_tongue == "so"
    )
    assert january == pytest.approx(groups()["somali"].first_of_january, abs=0.08)


def test_temporary_protection_is_that_of_ukrainians_since_march_2022(people: list[Life]) -> None:
    protected = [
        opened(life)
        for life in people
        if (permit := opened(life).first_residence_permit) and permit.ground == "temporary_protection"
    ]
    assert len(protected) > 500
    for person in protected:
        assert person.citizenships == ("UKR",)
        assert person.first_residence_permit
        assert person.first_residence_permit.granted_on >= date(2022, 3, 4)


def test_phone_numbers_and_addresses_of_e_mail_are_nobodys(people: list[Life]) -> None:
    contacts = [contact for life in people if (contact := opened(life).contact)]
    phones = {contact.phone.replace(" ", "").replace("-", "") for contact in contacts if contact.phone}
    assert all(phone.startswith(("+35849", "049")) for phone in phones)
    domains = {contact.email.rpartition("@")[2] for contact in contacts if contact.email}
    assert domains == {"example.com", "example.org", "example.net"}


@pytest.mark.parametrize("municipalities", [3, 10])
def test_few_municipalities_are_the_largest_and_those_of_the_test_users(municipalities: int) -> None:
    towns = {life.acts[0].municipality for life in lives(3000, municipalities=municipalities)}
    assert len(towns) == municipalities
    assert towns >= set(ALWAYS)


def test_few_municipalities_have_the_same_people(people: list[Life]) -> None:
    assert [opened(life).name for life in lives(50, municipalities=3)] == [opened(life).name for life in people[:50]]


@pytest.mark.parametrize("name", sorted(groups()))
def test_a_group_has_codes_that_the_lists_know_and_names_for_everybody(name: str) -> None:
    group = groups()[name]
    assert code_lists.is_language(group.mother_tongue)
    assert all(code_lists.is_country(country) for country in group.citizenships)
    assert all(code_lists.is_valid_permit_ground(ground, LAST_DAY) for ground in group.arrivals)
    assert group.families.common or group.families.parts or group.custom in ("patronymic", "three_part")
