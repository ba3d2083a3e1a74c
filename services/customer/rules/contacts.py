"""What may be reported, recorded and decided of a contact from another authority: pure functions, no I/O, no clock."""

from collections.abc import Iterator
from datetime import date

from contracts.customer.contacts import Contact, NeedReport, ReceiveContact, ReportedPerson, ResolveContact
from contracts.customer.people import Person
from contracts.envelope import FieldError
from services.customer.rules import people
from services.kit import code_lists, identity_code
from services.kit.words import words

RULES = people.RULES | {
    "nobody_known_by_it": "give the day of birth, or a personal identity code",
    "consent": "give when and how the person consented, or why no consent is needed",
    "own_municipality": "contacts are recorded for the own municipality, and passed on from there",
    "other_municipality": "a contact is passed on to another municipality",
    "by_program": "only another authority's own program writes messages, and has ids of them",
    "needed": "this outcome needs the field",
    "not_of_this_outcome": "this outcome has no use for the field",
}
CODE_LISTS = {
    "municipality": "municipalities",
    "how": "consent_ways",
    "not_needed": "consent_exceptions",
    "needs": "reported_service_needs",
    "reason": "contact_end_reasons",
}
NEEDED_BY = {"attached": "customer_id", "passed_on": "municipality", "closed": "reason"}
"""The field that each outcome can't do without."""
_USED_BY = NEEDED_BY | {"opened": "person"}


def date_of_birth(person: ReportedPerson) -> date:
    """The day of birth, as told or as the identity code states it."""
    return person.date_of_birth or identity_code.date_of_birth(person.personal_identity_code or "")


def name_words(person: ReportedPerson) -> list[str]:
    """The words of the name, in whatever order and script they came: who has the same was born under the same name."""
    return sorted(words(f"{person.name.family} {person.name.given}"))


def as_customer(person: ReportedPerson) -> Person:
    """The person as a customer relationship is opened with what was reported."""
    return Person(
        name=person.name,
        date_of_birth=date_of_birth(person),
        personal_identity_code=person.personal_identity_code,
        service_language=person.language,
        contact=person.contact,
    )


def masked(contact: Contact) -> Contact:
    """The contact without how the customer is reached, texts that may tell it, and who else had to do with it."""
    reports = []
    for each in contact.reports:
        person = each.report.person.model_copy(update={"contact": None})
        report = each.report.model_copy(update={"person": person, "text": None})
        reports.append(each.model_copy(update={"report": report}))
    return contact.model_copy(update={"reports": tuple(reports), "passed_on": (), "masked": True})


def broken_by_receiving(
    message: ReceiveContact, on: date, *, own: str | None, allow_test_codes: bool
) -> list[FieldError]:
    """The rules that a report breaks; `own` is the municipality of a person who records it by hand."""
    errors = []
    if not code_lists.is_valid_municipality(message.municipality, on):
        errors.append(_error("/municipality", "code_list"))
    elif own and message.municipality != own:
        errors.append(_error("/municipality", "own_municipality"))
    by_hand = {"channel": message.channel == "message", "reference": message.reference is not None}
    errors += [_error(f"/{field}", "by_program") for field, told in by_hand.items() if own and told]
    return [*errors, *_of_person(message.report.person, on, allow_test_codes), *_of_report(message.report, on)]


def _of_person(person: ReportedPerson, on: date, allow_test_codes: bool) -> Iterator[FieldError]:
    code = person.personal_identity_code
    if person.date_of_birth is None and code is None:
        yield _error("/report/person/date_of_birth", "nobody_known_by_it")
        return
    if not name_words(person):
        yield _error("/report/person/name", "no_word")
    try:
        known = as_customer(person)
    except identity_code.InvalidIdentityCode as error:
        yield _error("/report/person/personal_identity_code", error.rule)
        return
    fields = Person.model_fields
    for each in people.broken_rules(known, fields, on, allow_test_codes=allow_test_codes, within="/report/person"):
        yield each.model_copy(update={"pointer": each.pointer.replace("service_language", "language")})


def _of_report(report: NeedReport, on: date) -> Iterator[FieldError]:
    for index, need in enumerate(report.needs):
        if not code_lists.is_valid_reported_service_need(need, on):
            yield _error(f"/report/needs/{index}", "code_list")
    consent, within = report.consent, "/report/consent"
    given = consent.given_on is not None and consent.how is not None
    if given == (consent.not_needed is not None):
        yield _error(within, "consent")
    if consent.given_on and consent.given_on > on:
        yield _error(f"{within}/given_on", "in_future")
    if consent.how and not code_lists.is_valid_consent_way(consent.how, on):
        yield _error(f"{within}/how", "code_list")
    if consent.not_needed and not code_lists.is_valid_consent_exception(consent.not_needed, on):
        yield _error(f"{within}/not_needed", "code_list")


def broken_by_resolving(message: ResolveContact, on: date, *, own: str) -> list[FieldError]:
    """The rules that a decision on a contact breaks, but for those of opening a customer."""
    needed = NEEDED_BY.get(message.outcome)
    errors = [_error(f"/{needed}", "needed")] if needed and getattr(message, needed) is None else []
    for field in _USED_BY.values():
        if field != _USED_BY[message.outcome] and getattr(message, field) is not None:
            errors.append(_error(f"/{field}", "not_of_this_outcome"))
    if message.reason and not code_lists.is_valid_contact_end_reason(message.reason, on):
        errors.append(_error("/reason", "code_list"))
    if message.municipality == own:
        errors.append(_error("/municipality", "other_municipality"))
    elif message.municipality and not code_lists.is_valid_municipality(message.municipality, on):
        errors.append(_error("/municipality", "code_list"))
    return errors


def _error(pointer: str, rule: str) -> FieldError:
    field = next(part for part in reversed(pointer.split("/")) if not part.isdecimal())
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(list=CODE_LISTS.get(field, "")))
