"""One person each of whose values is one that is found nowhere else, and how they are looked for."""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from tests.support import now

FAMILY, GIVEN, CHANGED_NAME = "Zzyzxläinen", "Qwoptimo", "Xyzzyvaara"
CODE, WRONG_CODE = "290268-913A", "290268-913B"
STREET, CITY, PHONE, EMAIL = "Plughkatu 7 B 42", "Frobozzlahti", "+358 45 739 614 8205", "qwop.zz@example.org"
WHY = "Gruemainen syy"
PLANTED = [
    *(
        FAMILY,
        GIVEN,
        CHANGED_NAME,
        CODE,
        WRONG_CODE,
        STREET,
        "Plughkatu",
        CITY,
        PHONE,
        "45 739 614 8205",
        "457396148205",
    ),
    "zzyzxlainen",  # as searches compare it
    *(EMAIL, WHY, "Gruemainen", "1968-02-29", "29.2.1968", "29.02.1968"),
]

PERSON: dict[str, Any] = {
    "name": {"family": FAMILY, "given": GIVEN},
    "date_of_birth": "1968-02-29",
    "personal_identity_code": CODE,
    "contact": {
        "phone": PHONE,
        "email": EMAIL,
        "address": {"street": STREET, "postal_code": "33100", "city": CITY},
    },
    "first_residence_permit": {
        "kind": "continuous",
        "ground": "international_protection_asylum",
        "granted_on": f"{now().year - 1}-03-01",
    },
}
WITHOUT_CODE = {field: value for field, value in PERSON.items() if field != "personal_identity_code"}


def spellings(value: str) -> set[str]:
    """A value as it may stand in a text, an address, JSON, hexadecimal or base64; in lower case."""
    bare = re.sub(r"[\W_]", "", value)
    forms = {value, bare} if len(bare) > 9 else {value}
    spelled = set(forms)
    for form in forms:
        spelled |= {quote(form, safe=""), quote_plus(form), json.dumps(form)[1:-1], form.encode().hex()}
        spelled |= {part for start in range(3) for part in _in_base64(form.encode(), start)}
    return {each.casefold() for each in spelled}


def _in_base64(value: bytes, start: int) -> set[str]:
    """The value's own characters when it begins at that byte of a group of three."""
    whole = slice((0, 2, 3)[start], (start + len(value)) * 8 // 6)
    padded = bytes(start) + value
    return {base64.b64encode(padded).decode()[whole], base64.urlsafe_b64encode(padded).decode()[whole]}


SPELLINGS = {value: spellings(value) for value in PLANTED}
Found = tuple[str, str]
"""A text, and where it was found."""


def leaks(found: Iterable[Found], values: Iterable[str] = PLANTED) -> list[str]:
    """Which of the values stand where, in any spelling."""
    return [
        f"{where}: {value} as {spelled}"
        for where, text in found
        for value in values
        for spelled in SPELLINGS[value]
        if spelled in text.casefold()
    ]
