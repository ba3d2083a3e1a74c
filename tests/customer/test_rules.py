"""The rules of the customer service, by cases and by properties."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.customer.people import ClientRelationship, Customer, Person, PersonChanges
from contracts.law import laws
from contracts.types import ContactDetails, InterpreterNeed, PersonName, ResidencePermit
from services.customer.law import versions
from services.customer.rules import people as rules
from services.kit.code_lists import PERMIT_GROUNDS
from tests.customer.conftest import CODE, person

TODAY = date(2026, 3, 2)
CUSTOMER_ID = UUID(int=7)


def broken(known: Person, *, allow_test_codes: bool = True) -> set[tuple[str, str]]:
    errors = rules.broken_rules(known, Person.model_fields, TODAY, allow_test_codes=allow_test_codes, within="/person")
    return {(error.pointer.removeprefix("/person"), error.rule) for error in errors}


def permit(**more: Any) -> dict[str, Any]:
    return {"kind": "continuous", "ground": "work", "granted_on": date(2026, 1, 15), **more}


def customer(known: Person, arrival: str = "moved", ended_on: date | None = None) -> Customer:
    relationship = ClientRelationship.model_validate(
        {"municipality": "837", "arrival": arrival, "started_on": TODAY, "ended_on": ended_on}
    )
    return Customer(customer_id=CUSTOMER_ID, version=1, person=known, relationships=(relationship,))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, set()),
        ({"date_of_birth": TODAY}, set()),
        ({"date_of_birth": TODAY + timedelta(days=1)}, {("/date_of_birth", "in_future")}),
        ({"date_of_birth": date(1896, 3, 2)}, set()),
        ({"date_of_birth": date(1896, 3, 1)}, {("/date_of_birth", "too_long_ago")}),
        ({"personal_identity_code": CODE}, set()),
        ({"personal_identity_code": "010594Y9033"}, {("/personal_identity_code", "check_character")}),
        ({"personal_identity_code": "310294Y9032"}, {("/personal_identity_code", "date")}),
        ({"personal_identity_code": "010594Y0012"}, {("/personal_identity_code", "form")}),
        (
            {"personal_identity_code": CODE, "date_of_birth": date(1994, 5, 2)},
            {
                ("/personal_identity_code", "differs_from_date_of_birth"),
                ("/date_of_birth", "differs_from_identity_code"),
            },
        ),
        ({"citizenships": ("SOM", "XXA", "XXX", "XKX")}, set()),
        ({"citizenships": ("SOM", "QQQ")}, {("/citizenships/1", "code_list")}),
        ({"mother_tongue": "fin"}, {("/mother_tongue", "code_list")}),
        ({"service_language": "qqq"}, {("/service_language", "code_list")}),
        ({"interpreter": {"needed": True}}, set()),
        ({"interpreter": {"needed": True, "language": "qqq"}}, {("/interpreter/language", "code_list")}),
        (
            {"contact": {"address": {"street": "Katu 1", "postal_code": "00000", "city": "Q", "country": "QQQ"}}},
            {("/contact/address/country", "code_list")},
        ),
        ({"first_residence_permit": permit()}, set()),
        ({"first_residence_permit": permit(kind="q")}, {("/first_residence_permit/kind", "code_list")}),
        ({"first_residence_permit": permit(ground="q")}, {("/first_residence_permit/ground", "code_list")}),
        (
            {"first_residence_permit": permit(granted_on=TODAY + timedelta(days=1))},
            {("/first_residence_permit/granted_on", "in_future")},
        ),
        ({"date_of_birth": date(2026, 1, 15), "first_residence_permit": permit()}, set()),
        (
            {"date_of_birth": date(2026, 1, 16), "first_residence_permit": permit()},
            {("/first_residence_permit/granted_on", "before_birth")},
        ),
        (
            {"first_residence_permit": permit(valid_from=TODAY, valid_until=TODAY - timedelta(days=1))},
            {("/first_residence_permit/valid_until", "before_valid_from")},
        ),
        ({"first_residence_permit": permit(valid_from=TODAY, valid_until=TODAY)}, set()),
    ],
)
def test_each_field_is_held_to_its_rule(told: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert broken(person(**told)) == expected


def test_a_ground_is_looked_up_on_the_day_the_permit_was_granted() -> None:
    humanitarian = {"ground": "humanitarian_protection"}
    assert broken(person(first_residence_permit=permit(granted_on=date(2016, 5, 15), **humanitarian))) == set()
    assert broken(person(first_residence_permit=permit(granted_on=date(2016, 5, 16), **humanitarian))) == {
        ("/first_residence_permit/ground", "code_list")
    }


def test_a_test_code_is_refused_where_settings_do_not_allow_it() -> None:
    assert broken(person(personal_identity_code=CODE), allow_test_codes=False) == {
        ("/personal_identity_code", "test_code")
    }


def test_only_the_fields_asked_for_are_judged() -> None:
    known = person(personal_identity_code=CODE, date_of_birth=date(1994, 5, 2), mother_tongue="qqq")
    errors = rules.broken_rules(known, {"date_of_birth"}, TODAY, allow_test_codes=True, within="/changes")
    assert [(error.pointer, error.rule) for error in errors] == [
        ("/changes/date_of_birth", "differs_from_identity_code")
    ]


@given(code=st.from_regex(r"\A[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]\Z"), born=st.dates())
def test_an_error_never_repeats_what_was_entered(code: str, born: date) -> None:
    told = person(personal_identity_code=code, date_of_birth=born)
    errors = rules.broken_rules(told, Person.model_fields, TODAY, allow_test_codes=True, within="/person")
    for error in errors:
        assert code not in error.model_dump_json()
        assert str(born) not in error.model_dump_json()


_names = st.builds(PersonName, family=st.sampled_from("AB"), given=st.just("C"))
_fields = {
    "name": _names,
    "date_of_birth": st.dates(date(1990, 1, 1), date(1990, 1, 3)),
    "personal_identity_code": st.none() | st.just(CODE),
    "citizenships": st.sampled_from([(), ("SOM",), ("SOM", "FIN")]),
    "mother_tongue": st.none() | st.sampled_from(["so", "fi"]),
    "interpreter": st.none() | st.builds(InterpreterNeed, needed=st.booleans()),
    "contact": st.none() | st.builds(ContactDetails, phone=st.just("+358 00 000 0000")),
    "first_residence_permit": st.none()
    | st.builds(
        ResidencePermit,
        kind=st.just("continuous"),
        ground=st.sampled_from(["work", "study"]),
        granted_on=st.just(TODAY),
    ),
}
_people = st.builds(Person, **_fields)
_changes = st.fixed_dictionaries({}, optional={**_fields}).map(lambda given: PersonChanges(**given))


@given(known=_people, changes=_changes)
def test_the_fields_that_differ_are_among_those_changed_and_lead_from_the_old_to_the_new(
    known: Person, changes: PersonChanges
) -> None:
    after = rules.changed(known, changes)
    differences = rules.differences(known, after)
    assert {each.field for each in differences} <= changes.model_fields_set
    assert known.model_copy(update={each.field: getattr(after, each.field) for each in differences}) == after
    assert (differences == []) == (known == after)


@given(known=_people)
def test_a_person_not_known_before_differs_in_every_field_that_is_known(known: Person) -> None:
    assert {each.field for each in rules.differences(None, known)} == {field for field, value in known if value}


@given(known=_people, told=_people)
def test_what_is_not_told_of_a_former_customer_stays_as_it_was(known: Person, told: Person) -> None:
    for field, value in rules.updated(known, told):
        assert value == (getattr(told, field) or getattr(known, field))


@pytest.mark.parametrize(
    ("ground", "groups"),
    [
        ("international_protection_asylum", ("2.3",)),
        ("removal_not_possible", ("2.3",)),
        ("special_humanitarian_grounds", ("2.3",)),
        ("victim_of_trafficking", ("2.3",)),
        ("temporary_protection", ("2.3",)),
        ("family_tie_to_beneficiary", ("2.4",)),
        ("family_tie", ()),
        ("work", ()),
    ],
)
def test_a_permits_ground_brings_its_subsection_and_never_its_item(ground: str, groups: tuple[str, ...]) -> None:
    known = customer(person(first_residence_permit=permit(ground=ground)))
    assert rules.public_state(known).integration_act_groups == groups


def test_a_quota_refugee_belongs_to_the_group_before_a_permit_is_known() -> None:
    assert rules.public_state(customer(person(), "quota_refugee")).integration_act_groups == ("2.3",)
    assert rules.public_state(customer(person(), "directed")).integration_act_groups == ()


def test_the_three_years_stand_in_the_law_of_the_contracts_alone() -> None:
    for law in versions():
        assert law.time_limit is laws().on(law.valid_from).due_date("assessment_latest")


def test_the_three_years_do_not_bind_a_victim_of_trafficking_and_nothing_else_tells_who_is_one() -> None:
    def state(ground: str) -> dict[str, Any]:
        known = person(first_residence_permit=permit(ground=ground))
        return rules.public_state(customer(known)).model_dump()

    victim, refugee = state("victim_of_trafficking"), state("international_protection_asylum")
    assert (victim.pop("three_year_limit_applies"), refugee.pop("three_year_limit_applies")) == (False, True)
    assert victim == refugee


@pytest.mark.parametrize("ground", [entry.code for entry in PERMIT_GROUNDS.entries])
def test_no_public_state_names_the_ground(ground: str) -> None:
    granted = date(2016, 1, 1)
    known = customer(person(first_residence_permit=permit(ground=ground, granted_on=granted)))
    assert ground not in rules.public_state(known).model_dump_json()
    assert rules.public_state(known).first_permit_on == granted


def test_an_ended_relationship_is_told_as_ended() -> None:
    [relationship] = rules.public_state(customer(person(), ended_on=TODAY)).relationships
    assert relationship.state == "ended"


def test_what_is_not_known_is_told_as_not_known() -> None:
    state = rules.public_state(customer(person()))
    assert (state.first_permit_on, state.service_language, state.interpreter_needed) == (None, None, None)
