"""Ways to contacts that other authorities made."""

from collections.abc import Callable
from datetime import date
from typing import Any

from contracts.customer.contacts import GetContact, ListContacts, ReceiveContact, ResolveContact, SetReceivingParty
from contracts.envelope import Request
from tests.leaks.doors.door import NOBODY, THEIRS, Door
from tests.leaks.people import HERE, Planted, contact


def _resolving(**how: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        return ResolveContact.model_validate({"contact_id": planted.contact_id, "expected_version": 1, **how})

    return ask


def _somebody(code: str, day: date) -> dict[str, Any]:
    name = {"family": "Esimerkki", "given": "Aamu"}
    return {"name": name, "date_of_birth": day, "personal_identity_code": code}


DOORS = (
    Door("take up a contact", ReceiveContact, lambda _: contact(HERE, NOBODY), **THEIRS),
    Door("contacts", ListContacts, lambda _: ListContacts(), is_partial=True, **THEIRS),
    Door("contact", GetContact, lambda it: GetContact(contact_id=it.contact_id), **THEIRS),
    Door("close a contact", ResolveContact, _resolving(outcome="closed", reason="no_need"), **THEIRS),
    Door("pass a contact on", ResolveContact, _resolving(outcome="passed_on", municipality="091"), **THEIRS),
    Door("open a contact", ResolveContact, _resolving(outcome="opened"), **THEIRS),
    Door(
        "open a contact as somebody known",
        ResolveContact,
        lambda it: _resolving(outcome="opened", person=_somebody(it.code, it.day))(it),
        exists_by="identity",
        names_code=True,
        refuses=True,
    ),
    Door(
        "attach a contact",
        ResolveContact,
        lambda it: _resolving(outcome="attached", customer_id=it.customer_id)(it),
        exists_by="identity",
        refuses=True,  # where the right is for certain customers: it covers no contacts
    ),
    Door("name a receiving party", SetReceivingParty, lambda _: SetReceivingParty(unit="Alkuneuvonta"), **THEIRS),
)
