"""Ways to a customer's record: opening, reading, changing, closing, erasing and searching."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from contracts.customer.disclosures import GetPersonForPartner
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    GetNameForDocument,
    OpenCustomer,
    Person,
    PersonChanges,
)
from contracts.customer.search import FindForEmergency, FindOwnRecord, SearchCustomers
from contracts.envelope import Request
from tests.leaks.doors.door import NOBODY, THEIRS, Door
from tests.leaks.people import HERE, OWN_COUNTY, Planted, unborn


def _change(to: Callable[[Planted], dict[str, Any]], *, outdated: bool = False) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        return ChangeCustomer(
            customer_id=planted.customer_id,
            expected_version=1 if outdated else planted.version,
            changes=PersonChanges.model_validate(to(planted)),
        )

    return ask


def _search(**by: Callable[[Planted], Any]) -> Callable[[Planted], Request[Any]]:
    return lambda planted: SearchCustomers.model_validate({name: of(planted) for name, of in by.items()})


def _opening(code: Callable[[Planted], str | None]) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        person = {
            "name": {"family": "Esimerkki", "given": "Aamu"},
            "date_of_birth": planted.day if code(planted) else date(1990, 1, 1),
            "personal_identity_code": code(planted),
        }
        return OpenCustomer(person=Person.model_validate(person), arrival="moved")

    return ask


def _code(planted: Planted) -> str:
    return planted.code


def _emergency(planted: Planted) -> Request[Any]:
    return FindForEmergency.model_validate({"personal_identity_code": planted.code, "reason": "Found unconscious"})


DOORS = (
    Door("read", GetCustomer, lambda it: GetCustomer(customer_id=it.customer_id)),
    Door("history", GetCustomerHistory, lambda it: GetCustomerHistory(customer_id=it.customer_id)),
    Door(
        "history, a page of it",
        GetCustomerHistory,
        lambda it: GetCustomerHistory(customer_id=it.customer_id, limit=1),
        is_partial=True,
    ),
    Door("cards", GetCustomerCards, lambda it: GetCustomerCards(customer_ids=(it.customer_id, uuid4()))),
    Door("change a language", ChangeCustomer, _change(lambda _: {"mother_tongue": "so"}), ("mother_tongue",)),
    Door("change contact details", ChangeCustomer, _change(lambda _: {"contact": None}), ("contact",)),
    Door(
        "change a permit",
        ChangeCustomer,
        _change(lambda _: {"first_residence_permit": None}),
        ("first_residence_permit",),
    ),
    Door(
        "change to what it is",
        ChangeCustomer,
        _change(lambda it: {"contact": {"phone": it.phone}}),
        ("contact",),
    ),
    Door(
        "change what was changed",
        ChangeCustomer,
        _change(lambda _: {"mother_tongue": "so"}, outdated=True),
        ("mother_tongue",),
        refuses=True,
    ),
    Door(
        "lift the non-disclosure",
        ChangeCustomer,
        _change(lambda _: {"safety_non_disclosure": False}),
        ("safety_non_disclosure",),
    ),
    Door(
        "take another's code",
        ChangeCustomer,
        _change(lambda _: {"personal_identity_code": unborn(NOBODY).code}),
        ("personal_identity_code",),
        refuses=True,  # it states another date of birth
    ),
    Door(
        "close",
        CloseCustomer,
        lambda it: CloseCustomer(
            customer_id=it.customer_id,
            expected_version=it.version,
            reason="moved_away",
            acknowledged=it.open_matters,
        ),
    ),
    Door("erase", EraseCustomer, lambda it: EraseCustomer(customer_id=it.customer_id)),
    Door("search by name", SearchCustomers, _search(name=lambda it: it.name)),
    Door("search by part of a name", SearchCustomers, _search(name=lambda it: it.name[:8])),
    Door("search by day of birth", SearchCustomers, _search(date_of_birth=lambda it: it.day)),
    Door("search by phone", SearchCustomers, _search(phone=lambda it: it.phone), ("contact",)),
    Door("search by code", SearchCustomers, _search(personal_identity_code=_code)),
    Door(
        "search by code for a purpose",
        SearchCustomers,
        _search(personal_identity_code=_code, purpose=lambda _: "initial_assessment"),
        names_code=True,
    ),
    Door(
        "open somebody",
        OpenCustomer,
        _opening(lambda _: None),
        fields=("relationship",),
        is_about_somebody_new=True,
    ),
    Door("open by code", OpenCustomer, _opening(_code), names_code=True, refuses=True),
    Door("find for an emergency", FindForEmergency, _emergency, names_code=True),
    Door(
        "find the own record",
        FindOwnRecord,
        lambda it: FindOwnRecord(personal_identity_code=it.code),
        names_code=True,
    ),
    Door(
        "name for a document",
        GetNameForDocument,
        lambda it: GetNameForDocument(customer_id=it.customer_id),
        **THEIRS,
    ),
    Door(
        "person, for a partner",
        GetPersonForPartner,
        lambda it: GetPersonForPartner(partner=OWN_COUNTY, municipality=HERE, customer_id=it.customer_id),
        **THEIRS,
    ),
)
