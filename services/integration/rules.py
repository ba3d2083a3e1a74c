"""Who a partner's message is from, and whether its id may stand: pure functions, no I/O."""

import json
import re
from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.envelope import FieldError, Problem
from contracts.partners import Partner
from contracts.partners.messages import ReceiptError

RULES = {
    "type_not_allowed": "not a type of message that this partner may send",
    "differs_from_routing_key": "the routing key is <code of the partner>.<type>, and names another type",
    "identity_code": "an id may hold no personal identity code",
    "id_reused": "another message had this id: a new message has a new one",
}
_IDENTITY_CODE = re.compile(r"(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])[0-9]{2}[-+A-FU-Ya-fu-y]?[0-9]{3}[0-9A-Ya-y]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""One in twenty looks as if it held an identity code."""
_ID = re.compile(r"^[A-Za-z0-9._:-]{1,100}$")
_FINAL = {403, 404, 409, 412, 422}
"""Statuses by which an owner says no: asking again would not change it."""


def sender_of(routing_key: str, partners: Iterable[Partner]) -> tuple[Partner | None, str]:
    """The partner that the broker let write there, None when it is none any more; and the type the key names."""
    code, _, type = routing_key.partition(".")
    return next((each for each in partners if each.code == code), None), type


def number_of(partner: str, message_id: str) -> UUID:
    """Our number of a message, the same for every copy of it."""
    return uuid5(NAMESPACE_URL, f"urn:koto:partner:{partner}:{message_id}")


def id_within(body: bytes) -> str | None:
    """The id of a message that is otherwise not as it should be; None where none can be told."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    told = document.get("id") if isinstance(document, dict) else None
    return told if isinstance(told, str) and _ID.match(told) and not holds_identity_code(told) else None


def holds_identity_code(message_id: str) -> bool:
    """Whether an id is, or holds, what looks like a personal identity code: it would be in receipts and logs."""
    return _IDENTITY_CODE.search(_UUID.sub("", message_id)) is not None


def content(type: str, data: dict[str, Any]) -> str:
    """What two copies of one message have in common, however they are written."""
    return json.dumps([type, data], sort_keys=True)


def error(pointer: str, rule: str) -> ReceiptError:
    """What a receipt says of a rule of ours."""
    return ReceiptError(pointer=pointer, rule=rule, detail=RULES[rule])


def errors_within(errors: Iterable[FieldError], pointer: str, *, instead_of: str = "") -> tuple[ReceiptError, ...]:
    """What a receipt says of errors in a part of the message, which stands `instead_of` another place for its owner."""
    return tuple(
        ReceiptError(pointer=f"{pointer}{each.pointer.removeprefix(instead_of)}", rule=each.rule, detail=each.detail)
        for each in errors
    )


def is_final(problem: Problem) -> bool:
    """Whether an owner's answer is its last word; else it, or something beneath, is away or out of order."""
    return problem.status in _FINAL


def errors_of(problem: Problem, *, instead_of: str, concerns: str) -> tuple[ReceiptError, ...]:
    """What a receipt says of an owner's last word: each field and rule, or its code and what it `concerns`."""
    if problem.errors:
        return errors_within(problem.errors, "/data", instead_of=instead_of)
    code, detail = problem.type.rsplit(":", 1)[-1], problem.detail or problem.title
    return (ReceiptError(pointer=f"/data{concerns}", rule=code, detail=detail),)
