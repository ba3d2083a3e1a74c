"""What may be transferred to whom, and what is told of it: pure functions, no I/O and no clock."""

import re
from datetime import date
from typing import Any

from contracts.customer.people import Arrival, Customer, Person
from contracts.customer.transfers import Preview, Transfer, TransferCard, TransferConsent
from contracts.envelope import FieldError
from services.customer.law import law_on
from services.customer.law.transfers import Ground, transfers_law
from services.customer.rules.people import VICTIM_OF_TRAFFICKING, broken_rules
from services.kit import code_lists
from services.kit.clock import helsinki_date
from services.kit.handshake import OPEN

REASON_OF_CLOSING = "transferred"
RULES = {
    "code_list": "the code is not on the list {list} on that day",
    "receiver": "neither a municipality on that day nor an employment authority",
    "own_organisation": "this is the organisation itself",
    "consent_missing": "between municipalities the customer consents first (681/2023 85 §)",
    "in_future": "the day is in the future",
    "missing": "this act does not go without it",
    "protected": "the customer is under non-disclosure for personal safety: this takes a right of its own",
}
"""What each rule says to whoever broke it."""
_EMPLOYMENT_AUTHORITY = re.compile(r"area-([0-9]{3})")
_NEEDED = {"accept": "responsible", "reject": "reason", "ask_more": "text", "reply": "text"}


def is_municipality(organisation: str, on: date) -> bool:
    """Whether it is a municipality on the day."""
    return code_lists.is_valid_municipality(organisation, on)


def is_employment_authority(organisation: str, on: date) -> bool:
    """Whether it is an employment authority, named as the access service names areas: by its first municipality."""
    named = _EMPLOYMENT_AUTHORITY.fullmatch(organisation)
    return named is not None and is_municipality(named[1], on)


def ground(giver: str, receiver: str, on: date) -> Ground:
    """What a transfer between these two rests on."""
    law = transfers_law()
    both = is_municipality(giver, on) and is_municipality(receiver, on)
    return law.between_municipalities if both else law.with_employment_authority


def broken_by_offering(
    giver: str, receiver: str, reason: str, consent: TransferConsent | None, on: date
) -> list[FieldError]:
    """The rules that offering a customer breaks."""
    if receiver == giver:
        return [error("/receiver", "own_organisation")]
    if not is_municipality(receiver, on) and not is_employment_authority(receiver, on):
        return [error("/receiver", "receiver")]
    return broken_by_asking(reason, consent, on, consent_needed=ground(giver, receiver, on).consent_needed)


def broken_by_asking(
    reason: str, consent: TransferConsent | None, on: date, *, consent_needed: bool
) -> list[FieldError]:
    """The rules that a request for this reason and with this consent breaks."""
    errors = []
    if not code_lists.is_valid_transfer_reason(reason, on):
        errors.append(error("/reason", "code_list", "transfer_reasons"))
    if consent is None and consent_needed:
        errors.append(error("/consent", "consent_missing"))
    if consent and consent.given_on > on:
        errors.append(error("/consent/given_on", "in_future"))
    return errors


def broken_by_partner(
    municipality: str, reason: str, person: Person, on: date, *, allow_test_codes: bool
) -> list[FieldError]:
    """The rules that an employment authority's request breaks."""
    errors = [] if is_municipality(municipality, on) else [error("/municipality", "code_list", "municipalities")]
    errors += broken_by_asking(reason, None, on, consent_needed=False)
    return errors + broken_rules(person, Person.model_fields, on, allow_test_codes=allow_test_codes, within="/person")


def broken_by_answering(act: str, told: dict[str, Any], on: date) -> list[FieldError]:
    """The rules that an act broke by what was told with it: `responsible`, `reason` and `text`."""
    needed = _NEEDED.get(act)
    if needed and told.get(needed) is None:
        return [error(f"/{needed}", "missing")]
    if act == "reject" and not code_lists.is_valid_transfer_rejection_reason(told["reason"], on):
        return [error("/reason", "code_list", "transfer_rejection_reasons")]
    return []


def preview(person: Person, arrival: Arrival, has_assessment: bool | None, on: date) -> Preview:
    """What a receiver is told before it accepts: nothing that identifies the person."""
    permit, interpreter = person.first_residence_permit, person.interpreter
    limited = permit is not None and permit.ground != VICTIM_OF_TRAFFICKING
    return Preview(
        arrival=arrival,
        service_language=person.service_language,
        interpreter_needed=interpreter.needed if interpreter else None,
        has_assessment=has_assessment,
        months_left=months_left(permit.granted_on, on) if permit and limited else None,
    )


def months_left(first_permit_on: date, on: date) -> int:
    """Whole months until the time of 14 § 1 mom. is over."""
    last = law_on(on).time_limit.length.after(first_permit_on)
    months = (last.year - on.year) * 12 + last.month - on.month - (last.day < on.day)
    return max(0, months)


def open_relationships(customer: Customer) -> set[str]:
    """The municipalities that have the customer."""
    return {each.municipality for each in customer.relationships if not each.ended_on}


def has_gone_on(customer: Customer, row: Any) -> bool:
    """Whether a municipality has the customer, or had since this transfer of his or hers was accepted."""
    last = customer.relationships[-1]
    return (last.ended_on, last.end_reason) != (helsinki_date(row.changed_at), REASON_OF_CLOSING)


def shown(row: Any, organisation: str, on: date) -> Transfer:
    """A transfer as one of its two organisations may see it.

    A holder who was asked is not named before it accepts: that it has the customer is not the asker's to know.
    """
    is_accepted = row.state == "accepted"
    unnamed = row.giver if organisation == row.receiver == row.requester and not is_accepted else None
    holds = organisation == row.giver and is_municipality(row.giver, on)
    turns = [
        each | {"organisation": None if each["organisation"] == unnamed else each["organisation"]} for each in row.turns
    ]
    return Transfer.model_validate(
        row._asdict()
        | {
            "direction": "out" if organisation == row.requester else "in",
            "customer_id": row.customer_id if is_accepted or holds else None,
            "giver": None if unnamed else row.giver,
            "review_needed": is_accepted,
            "preview": row.preview if row.state in OPEN else None,
            "turns": turns,
        }
    )


def card(transfer: Transfer) -> TransferCard:
    """What a list shows of a transfer."""
    return TransferCard.model_validate(transfer.model_dump(include=set(TransferCard.model_fields)))


def error(pointer: str, rule: str, code_list: str = "") -> FieldError:
    """A broken rule as it is told."""
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(list=code_list))
