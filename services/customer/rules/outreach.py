"""Whom a municipality is to reach: what a row of a list must say, and who is who. Pure functions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import StringConstraints, ValidationError

from contracts.customer.outreach import OutreachRow
from contracts.customer.people import Person
from contracts.envelope import FieldError
from contracts.types import (
    Address,
    Code,
    ContactDetails,
    Day,
    LanguageCode,
    Name,
    PersonalIdentityCode,
    PersonName,
    PhoneNumber,
    ResidencePermit,
    Value,
)
from services.customer.law import Law
from services.kit import code_lists, identity_code
from services.kit.words import words

NOT_REACHED = "not_reached"
_ENDED = {"declined", "not_found", "already_customer"}
"""States after which nobody tries any more."""
SOURCES = {source for ground in code_lists.OUTREACH_GROUNDS.entries for source in ground.sources}
RULES = {
    "missing": "this field may not be empty",
    "code_list": "the code is not on the list {list} on that day",
    "not_of_source": "this source does not tell people on this ground (681/2023 84 §)",
    "in_future": "the day is in the future",
    "time_over": "the three years since the first permit are over (681/2023 14 § 1 mom.)",
    "form": "not in the form of a personal identity code",
    "date": "the first six characters and the separator are not a day",
    "check_character": "the last character does not match the others",
    "test_code": "the code belongs to nobody: it is for tests",
    "differs_from_date_of_birth": "the code states another date of birth",
    "protected": "people on this ground are handled by those who have a right of its own",
    "no_source": "the list does not come from an authority that names people to be reached",
}
"""What each rule says, without the value that was entered."""
_LISTS = {
    "ground": "outreach_grounds",
    "permit_kind": "residence_permit_kinds",
    "permit_ground": "residence_permit_grounds",
    "service_language": "of languages (ISO 639)",
    "channel": "outreach_channels",
    "outcome": "outreach_outcomes",
    "municipality": "municipalities",
}


class Named(Value):
    """A row of a list that has the right shape."""

    family_name: Name
    given_name: Name
    date_of_birth: Day
    personal_identity_code: PersonalIdentityCode | None = None
    ground: Code
    first_permit_on: Day | None = None
    permit_kind: Code | None = None
    permit_ground: Code | None = None
    service_language: LanguageCode | None = None
    phone: PhoneNumber | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=254)] | None = None
    street: Name | None = None
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{2,12}$")] | None = None
    city: Name | None = None

    @property
    def contact(self) -> ContactDetails | None:
        """How the person may be reached."""
        address = None
        if self.street and self.postal_code and self.city:
            address = Address(street=self.street, postal_code=self.postal_code, city=self.city)
        found = ContactDetails(phone=self.phone, email=self.email, address=address)
        return found if any(dict(found).values()) else None

    @property
    def words(self) -> frozenset[str]:
        """The words of the names."""
        return frozenset(words(f"{self.family_name} {self.given_name}"))


class Times(NamedTuple):
    """How long somebody may be on the list."""

    three_years_end_on: date | None
    contact_by: date


def read(
    row: OutreachRow, source: str, on: date, law: Law, *, covers_protected: bool, allow_test_codes: bool
) -> tuple[Named | None, list[FieldError]]:
    """The row, or the rules that it breaks."""
    told = {field: text.strip() for field, text in row if text.strip()}
    try:
        named = Named.model_validate(told)
    except ValidationError as error:
        return None, [_shape_error(each["loc"], each["type"]) for each in error.errors(include_input=False)]
    errors = list(_broken(named, source, on, law, covers_protected, allow_test_codes))
    return (None, errors) if errors else (named, [])


def _broken(
    named: Named, source: str, on: date, law: Law, covers_protected: bool, allow_test_codes: bool
) -> Iterator[FieldError]:
    if named.date_of_birth > on:
        yield _error("date_of_birth", "in_future")
    if code := named.personal_identity_code:
        try:
            identity_code.check(code, allow_test_codes=allow_test_codes)
            if identity_code.date_of_birth(code) != named.date_of_birth:
                yield _error("personal_identity_code", "differs_from_date_of_birth")
        except identity_code.InvalidIdentityCode as error:
            yield _error("personal_identity_code", error.rule)
    first = named.first_permit_on
    if first and first > on:
        yield _error("first_permit_on", "in_future")
    valid_on = first or on
    lists: tuple[tuple[str, Callable[[str, date], bool]], ...] = (
        ("permit_kind", code_lists.is_valid_permit_kind),
        ("permit_ground", code_lists.is_valid_permit_ground),
        ("service_language", lambda code, _: code_lists.is_language(code)),
    )
    for field, is_valid in lists:
        if (value := getattr(named, field)) and not is_valid(value, valid_on):
            yield _error(field, "code_list")
    for field in ("street", "postal_code", "city"):
        if (named.street or named.postal_code or named.city) and not getattr(named, field):
            yield _error(field, "missing")
    if not code_lists.is_valid_outreach_ground(named.ground, on):
        yield _error("ground", "code_list")
        return
    ground = code_lists.outreach_ground(named.ground, on)
    if source not in ground.sources:
        yield _error("ground", "not_of_source")
    if ground.protected and not covers_protected:
        yield _error("ground", "protected")
    if ground.three_years_apply and first and first <= on and law.time_limit.length.after(first) < on:
        yield _error("first_permit_on", "time_over")


def times(first_permit_on: date | None, grounds: Sequence[dict[str, str]], law: Law) -> Times:
    """How long somebody named on these grounds may be on the list: the three years, where each ground knows them."""
    received_on = max(date.fromisoformat(each["received_on"]) for each in grounds)
    apply = all(code_lists.outreach_ground(each["ground"], received_on).three_years_apply for each in grounds)
    end = law.time_limit.length.after(first_permit_on) if apply and first_permit_on else None
    return Times(end, law.outreach.last_day(received_on, end))


def is_protected(grounds: Iterable[str], on: date) -> bool:
    """Whether one of the grounds is for few to know."""
    return any(code_lists.outreach_ground(ground, on).protected for ground in grounds)


def is_same(named: Named, code: str | None, names: str, born: date, first_permit_on: date | None) -> bool:
    """Whether a row and somebody on the list, named without a code on either side, are taken for one person.

    Same names and day of birth are not enough to contradict anything else that is known: many were born on 1 January.
    """
    if named.personal_identity_code and code:
        return named.personal_identity_code == code
    permits = {named.first_permit_on, first_permit_on} - {None}
    return named.date_of_birth == born and named.words == frozenset(words(names)) and len(permits) < 2


def after_outcome(target: Any, outcome: str, on: date, law: Law) -> tuple[str, date]:
    """The state after an attempt that came to this, and the last day on the list.

    Whoever is tried again after contact had come to an end has the whole time again.
    """
    state = code_lists.outreach_outcome(outcome, on).state
    if state in _ENDED:
        return state, min(target.contact_by, law.outreach.last_day_after_outcome(on))
    return state, times(target.first_permit_on, target.grounds, law).contact_by


def has_ended(state: str) -> bool:
    """Whether nobody tries any more."""
    return state in _ENDED


def broken_by_attempt(channel: str, outcome: str, on: date) -> list[FieldError]:
    """The rules that recording such an attempt breaks."""
    is_outcome = code_lists.OUTREACH_OUTCOMES.has(outcome, on)
    return [
        *([] if code_lists.is_valid_outreach_channel(channel, on) else [_error("channel", "code_list")]),
        *([] if is_outcome else [_error("outcome", "code_list")]),
    ]


def broken_by_source(source: str) -> list[FieldError]:
    """The rules that a list of this source breaks."""
    return [] if source in SOURCES else [_error("source", "no_source")]


def no_municipality() -> FieldError:
    """The list is for a municipality that there is not."""
    return _error("municipality", "code_list")


def as_person(target: Any, code: str | None) -> Person:
    """Somebody who was reached, as a customer: what the list knew."""
    permit = None
    if target.first_permit_on and target.permit_kind and target.permit_ground:
        permit = ResidencePermit(
            kind=target.permit_kind, ground=target.permit_ground, granted_on=target.first_permit_on
        )
    return Person(
        name=PersonName(family=target.family_name, given=target.given_name),
        date_of_birth=target.date_of_birth,
        personal_identity_code=code,
        service_language=target.service_language,
        contact=target.contact and ContactDetails.model_validate(target.contact),
        first_residence_permit=permit,
    )


def _shape_error(place: tuple[int | str, ...], kind: str) -> FieldError:
    """What pydantic says of a field, in its own words: it repeats no value."""
    field = str(place[0])
    if kind == "missing":
        return _error(field, "missing")
    return FieldError(pointer=f"/{field}", rule=kind, detail="the field has another form")


def _error(field: str, rule: str) -> FieldError:
    return FieldError(pointer=f"/{field}", rule=rule, detail=RULES[rule].format(list=_LISTS.get(field, "")))
