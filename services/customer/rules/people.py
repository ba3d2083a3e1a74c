"""What may be done, recorded and told of a customer: pure functions, no I/O and no clock."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from contracts.customer.open_matters import OpenMatter
from contracts.customer.people import (
    FIELDS_OF_DATA,
    Arrival,
    ClientRelationship,
    Customer,
    HistoryEntry,
    Person,
    PersonChanges,
)
from contracts.customer.search import SearchCustomers
from contracts.customer.state import CustomerState, RelationshipState
from contracts.envelope import FieldChange, FieldError
from contracts.law import laws
from contracts.law.counting import Length
from contracts.types import ResidencePermit
from services.kit import code_lists, identity_code
from services.kit.words import words

if TYPE_CHECKING:  # it knows SQL, and nothing here does
    from services.kit.rights import Rights


MASKED = "masked"
"""In the place of a code that the asker may not see."""
MOST_WORDS = 10
_LONGEST_LIFE = Length(months=12 * 130)
RULES = {
    "missing": "this field may not be emptied",
    "code_list": "the code is not on the list {list} on that day",
    "in_future": "the day is in the future",
    "form": "not in the form of a personal identity code",
    "date": "the first six characters and the separator are not a day",
    "check_character": "the last character does not match the others",
    "test_code": "the code belongs to nobody: it is for tests",
    "differs_from_date_of_birth": "the code states another date of birth",
    "differs_from_identity_code": "the personal identity code states another date of birth",
    "too_long_ago": "nobody who lives was born so long ago",
    "before_birth": "the person was not born yet",
    "before_valid_from": "the permit would end before it begins",
    "nothing_asked": "give at least one of name, date_of_birth, personal_identity_code and phone",
    "no_word": "no letter or digit to look for",
    "too_many_words": f"at most {MOST_WORDS} words",
    "not_covered": "the right does not cover this",
    "protected": "this is protected: changing it takes a right of its own, and for personal safety a stated purpose",
}
"""What each rule says to the person who broke it, without the value that was entered."""

CODE_LISTS = {
    "kind": "residence_permit_kinds",
    "ground": "residence_permit_grounds",
    "reason": "client_relationship_end_reasons",
    "source": "information_sources",
    "purpose": "purposes_of_use",
    "country": "of countries (ISO 3166-1 alpha-3)",
    "citizenships": "of countries (ISO 3166-1 alpha-3)",
    "language": "of languages (ISO 639)",
    "mother_tongue": "of languages (ISO 639)",
    "service_language": "of languages (ISO 639)",
}
"""Which list the codes of a field are on."""

VICTIM_OF_TRAFFICKING = "victim_of_trafficking"
PROTECTED_GROUNDS = {VICTIM_OF_TRAFFICKING, "compassionate_grounds", "special_humanitarian_grounds", "other"}
"""Masked together, so that a mask does not tell which of them it is."""
_DATA_OF_FIELD = {field: data for data, fields in FIELDS_OF_DATA.items() for field in fields}
_PERMIT = "first_residence_permit"
_QUOTA_REFUGEES = "2.3"
IDENTITY_CODE, RELATIONSHIP, NAME, MERGE = "personal_identity_code", "relationship", "name", "merge"
"""Fields of the history: the first is kept encrypted, the second is a municipality's own, by the third one is found;
the last tells of records made one, and parted."""


class Difference(NamedTuple):
    """One field's value before and after, as JSON; None where there is none."""

    field: str
    previous: Any
    new: Any


def data_of(field: str, customer: Customer) -> str:
    """The data group that a field of this customer belongs to: protected ones are groups of their own."""
    data = _DATA_OF_FIELD[field]
    if data == "contact" and customer.non_disclosure:
        return "protected_contact"
    permits = (customer.person.first_residence_permit, customer.first_permit_of_merged)
    if field == _PERMIT and any(each.ground in PROTECTED_GROUNDS for each in permits if each):
        return "trafficking"
    return data


def shown(customer: Customer, rights: "Rights", relation: str) -> Customer:
    """The customer as the asker may see him or her: the municipality's relationships, and no field that is denied."""
    hidden = {field for field in Person.model_fields if not rights.allows(data_of(field, customer), relation)}
    masked = {field for field in hidden if rights.ruling(data_of(field, customer), relation)}
    may_see_relationships = rights.allows("relationship", relation)
    return customer.model_copy(
        update={
            "person": customer.person.model_copy(
                update={field: Person.model_fields[field].get_default() for field in hidden}
            ),
            "relationships": tuple(
                each
                for each in customer.relationships
                if may_see_relationships and each.municipality == rights.actor.municipality
            ),
            "masked": tuple(sorted(masked)),
            "first_permit_of_merged": None if _PERMIT in hidden else customer.first_permit_of_merged,
        }
    )


def shown_data(customer: Customer, fields: Collection[str], rights: "Rights", relation: str) -> set[str]:
    """The data groups of these fields that the asker sees."""
    return {data for field in fields if rights.allows(data := data_of(field, customer), relation)}


def hides_elsewhere(organisation: str, customer: Customer, rights: "Rights", relation: str) -> bool:
    """Whether it is hidden that this organisation, another than the asker's, did something with the customer.

    Non-disclosure covers the municipality: who worked with the customer tells where he or she lives or lived.
    """
    elsewhere = organisation not in (rights.actor.municipality, rights.actor.organisation)
    return elsewhere and customer.non_disclosure and not rights.allows("protected_contact", relation)


def shown_changes(
    changes: Iterable[tuple[str, FieldChange]], customer: Customer, rights: "Rights", relation: str
) -> list[FieldChange]:
    """Changes, each with the organisation of whoever made it, as the asker may hear of them."""
    return [
        change.model_copy(update={"changed_by": MASKED})
        if hides_elsewhere(organisation, customer, rights, relation)
        else change
        for organisation, change in changes
    ]


def shown_history(
    entries: Sequence[HistoryEntry], beside: Iterable[HistoryEntry], customer: Customer, rights: "Rights", relation: str
) -> tuple[HistoryEntry, ...]:
    """Changes as the asker may see them: what is masked now is masked in the past.

    `beside` are all changes of the same versions: one reason is given for all that changed at once, and told to those
    alone who may see all of it. Who told it at the opening is how the customer came.
    """
    hidden = {
        (each.customer_id, each.version)
        for each in beside
        if not rights.allows(_data_of_entry(each, customer), relation)
    }
    sources = rights.allows("relationship", relation)
    return tuple(
        each.model_copy(
            update={
                **({} if (each.customer_id, each.version) not in hidden else {"why": None}),
                **({} if sources or each.version > 1 else {"source": MASKED}),
                **(
                    {}
                    if rights.allows(_data_of_entry(each, customer), relation)
                    else {"previous": None, "new": None, "masked": True}
                ),
                **(
                    {"organisation": MASKED, "changed_by": MASKED}
                    if hides_elsewhere(each.organisation, customer, rights, relation)
                    else {}
                ),
            }
        )
        for each in entries
    )


def _data_of_entry(entry: HistoryEntry, customer: Customer) -> str:
    sides = [side for side in (entry.previous, entry.new) if entry.field == _PERMIT and isinstance(side, dict)]
    return "trafficking" if {side["ground"] for side in sides} & PROTECTED_GROUNDS else data_of(entry.field, customer)


def visible_fields(customer: Customer, rights: "Rights", relation: str) -> list[str]:
    """The fields whose changes the asker may know of, masked or not."""
    return [field for field in _DATA_OF_FIELD if rights.ruling(data_of(field, customer), relation)]


def broken_by_protection(
    fields: Collection[str], customer: Customer, rights: "Rights", relation: str
) -> list[FieldError]:
    """The fields that the asker may not change, for he or she may not see them, or may not lift their protection."""
    denied = [field for field in fields if not rights.allows(data_of(field, customer), relation)]
    if customer.person.safety_non_disclosure and "safety_non_disclosure" in fields:
        denied += ["safety_non_disclosure"] if not rights.allows("protected_contact", relation) else []
    return [_error(f"/changes/{field}", "protected") for field in sorted(denied)]


def broken_by_opening(before: Customer | None, told: Person, rights: "Rights") -> list[FieldError]:
    """The fields that the opener's right does not cover, or that are protected and known otherwise already."""
    errors = []
    for field, value in told:
        if not value:
            continue
        if not rights.allows(_DATA_OF_FIELD[field], "own"):
            errors.append(_error(f"/person/{field}", "not_covered"))
        elif before and value != getattr(before.person, field) and not rights.allows(data_of(field, before), "own"):
            errors.append(_error(f"/person/{field}", "protected"))
    return errors


def broken_rules(
    person: Person, fields: Collection[str], on: date, *, allow_test_codes: bool, within: str
) -> list[FieldError]:
    """The rules that these fields of the person break on the day; pointers start with `within`, such as /person."""
    return [
        _error(f"{within}/{path}", rule)
        for path, rule in _broken(person, on, allow_test_codes)
        if path.split("/")[0] in fields
    ]


def emptied_fields(changes: PersonChanges) -> list[FieldError]:
    """The fields that a change would empty though a person can't be without them."""
    return [
        _error(f"/changes/{field}", "missing")
        for field in sorted(changes.model_fields_set)
        if Person.model_fields[field].is_required() and getattr(changes, field) is None
    ]


def broken_by_permit(permit: ResidencePermit, on: date) -> Iterator[tuple[str, str]]:
    """The fields of a residence permit that break a rule, each with the rule."""
    if permit.granted_on > on:
        yield "granted_on", "in_future"
    if not code_lists.is_valid_permit_kind(permit.kind, permit.granted_on):
        yield "kind", "code_list"
    if not code_lists.is_valid_permit_ground(permit.ground, permit.granted_on):
        yield "ground", "code_list"
    if permit.valid_from and permit.valid_until and permit.valid_until < permit.valid_from:
        yield "valid_until", "before_valid_from"


def broken_by_source(source: str, on: date) -> list[FieldError]:
    """The rules that naming this source breaks (73 § 2 mom.)."""
    return [] if code_lists.is_valid_information_source(source, on) else [_error("/source", "code_list")]


def broken_by_closing(reason: str, on: date) -> list[FieldError]:
    """The rules that ending a relationship for this reason breaks: it goes out in an event, so it is never a story."""
    return [] if code_lists.is_valid_end_reason(reason, on) else [_error("/reason", "code_list")]


def broken_by_open_matters(matters: Iterable[OpenMatter]) -> list[FieldError]:
    """What is open, each with its kind as the rule and its id as the detail."""
    return [
        FieldError(
            pointer="/acknowledged",
            rule=each.kind,
            detail=f"{each.matter_id} {'may be acknowledged' if each.may_be_acknowledged else 'is answered first'}",
        )
        for each in matters
    ]


def broken_by_searching(message: SearchCustomers, on: date, *, allow_test_codes: bool) -> list[FieldError]:
    """The rules that looking for this breaks."""
    criteria = ("name", "date_of_birth", "personal_identity_code", "phone")
    if all(getattr(message, field) is None for field in criteria):
        return [_error("", "nothing_asked")]
    errors = []
    if message.name is not None and not 0 < (asked := len(words(message.name))) <= MOST_WORDS:
        errors.append(_error("/name", "too_many_words" if asked else "no_word"))
    if code := message.personal_identity_code:
        try:
            identity_code.check(code, allow_test_codes=allow_test_codes)
        except identity_code.InvalidIdentityCode as error:
            errors.append(_error("/personal_identity_code", error.rule))
    if message.purpose and not code_lists.is_valid_purpose_of_use(message.purpose, on):
        errors.append(_error("/purpose", "code_list"))
    return errors


def changed(person: Person, changes: PersonChanges) -> Person:
    """The person with the changes made: a field left out stays, null empties it."""
    given = {field: getattr(changes, field) for field in changes.model_fields_set}
    return person.model_copy(
        update={
            field: Person.model_fields[field].get_default() if value is None else value
            for field, value in given.items()
        }
    )


def updated(known: Person, told: Person) -> Person:
    """A person known before with what is told now; what is not told stays as it was known."""
    return known.model_copy(update={field: value for field, value in told if value})


def differences(before: Person | None, after: Person) -> list[Difference]:
    """The fields in which two states of a person differ; `before` is None for a person not known till now."""
    previous = before.model_dump(mode="json") if before else {}
    pairs = [
        Difference(field, previous.get(field) or None, value or None)
        for field, value in after.model_dump(mode="json").items()
    ]
    return [pair for pair in pairs if pair.previous != pair.new]


def difference_of_relationship(before: ClientRelationship | None, after: ClientRelationship) -> Difference:
    """A relationship that was opened or ended, as a change of the customer."""
    return Difference(RELATIONSHIP, before and before.model_dump(mode="json"), after.model_dump(mode="json"))


def source_at_opening(arrival: Arrival) -> str:
    """Who told what is recorded at the opening: the customer, or whatever brought the customer (73 § 2 mom.)."""
    return "customer" if arrival == "moved" else arrival


def public_state(customer: Customer, merged_into: UUID | None = None) -> CustomerState:
    """What other services hear of a customer: consequences in integration law, never their causes."""
    permit = customer.first_permit
    interpreter = customer.person.interpreter
    return CustomerState(
        customer_id=customer.customer_id,
        relationships=tuple(
            RelationshipState(
                municipality=each.municipality,
                state="ended" if each.ended_on else "open",
                arrival=each.arrival,
                ended_on=each.ended_on,
                responsible=each.responsible,
            )
            for each in customer.relationships
        ),
        first_permit_on=permit.granted_on if permit else None,
        # 14 § 6 mom.: a victim of human trafficking who was reached only later
        three_year_limit_applies=permit is None or permit.ground != VICTIM_OF_TRAFFICKING,
        integration_act_groups=_integration_act_groups(customer),
        service_language=customer.person.service_language,
        interpreter_needed=interpreter.needed if interpreter else None,
        safety_non_disclosure=customer.non_disclosure,
        education_goal_until=_education_goal_until(customer),
        merged_into=merged_into,
    )


def _education_goal_until(customer: Customer) -> date | None:
    """The day before the age of 18 §; None where it was reached before the newest relationship, for then it is nothing.

    So the day of birth of nobody else can be told from it.
    """
    begun = max(each.started_on for each in customer.relationships)
    age = laws().on(begun).plan.education_goal_under_age
    if age is None:
        return None
    last = Length(months=12 * age).after(customer.person.date_of_birth) - timedelta(days=1)
    return last if last >= begun else None


def _integration_act_groups(customer: Customer) -> tuple[str, ...]:
    """The subsections of 2 §, 2.3 or 2.4, that the facts known bring a person to.

    Never the item: 2 § 3 mom. 4 item would tell that somebody is a victim of trafficking. Nor are the conditions beside
    a ground (an application for protection, a municipality of residence) decided here: the group is a proposal, and the
    person who makes the assessment decides.
    """
    groups = {_QUOTA_REFUGEES} if any(each.arrival == "quota_refugee" for each in customer.relationships) else set()
    if permit := customer.first_permit:
        item = code_lists.permit_ground(permit.ground, permit.granted_on).integration_act_group
        if item:
            groups.add(".".join(item.split(".")[:2]))
    return tuple(sorted(groups))


def _broken(person: Person, on: date, allow_test_codes: bool) -> Iterator[tuple[str, str]]:
    if person.date_of_birth > on:
        yield "date_of_birth", "in_future"
    elif _LONGEST_LIFE.after(person.date_of_birth) < on:
        yield "date_of_birth", "too_long_ago"
    if code := person.personal_identity_code:
        try:
            identity_code.check(code, allow_test_codes=allow_test_codes)
            if identity_code.date_of_birth(code) != person.date_of_birth:
                yield "personal_identity_code", "differs_from_date_of_birth"
                yield "date_of_birth", "differs_from_identity_code"
        except identity_code.InvalidIdentityCode as error:
            yield "personal_identity_code", error.rule
    for index, country in enumerate(person.citizenships):
        if not code_lists.is_country(country):
            yield f"citizenships/{index}", "code_list"
    interpreter, contact = person.interpreter, person.contact
    for path, language in (
        ("mother_tongue", person.mother_tongue),
        ("service_language", person.service_language),
        ("interpreter/language", interpreter and interpreter.language),
    ):
        if language and not code_lists.is_language(language):
            yield path, "code_list"
    if contact and contact.address and not code_lists.is_country(contact.address.country):
        yield "contact/address/country", "code_list"
    if permit := person.first_residence_permit:
        if permit.granted_on < person.date_of_birth:
            yield "first_residence_permit/granted_on", "before_birth"
        for path, rule in broken_by_permit(permit, on):
            yield f"first_residence_permit/{path}", rule


def _error(pointer: str, rule: str) -> FieldError:
    field = next(part for part in reversed(pointer.split("/")) if not part.isdecimal())
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(list=CODE_LISTS.get(field, "")))
