"""Words in plain Latin letters and phone numbers in one spelling: what searches and the usage log compare."""

import re
from datetime import date

import phonenumbers
from anyascii import anyascii

_APOSTROPHES = str.maketrans("", "", "'`")
_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text in lower-case Latin letters, from whatever script; each once, apostrophes left out."""
    return tuple(dict.fromkeys(_WORD.findall(anyascii(text).lower().translate(_APOSTROPHES))))


def phone_number(text: str) -> str:
    """The number with its country code; one that is written without is Finnish. What is no number: its digits."""
    try:
        number = phonenumbers.parse(text, "FI")
    except phonenumbers.NumberParseException:
        return "".join(filter(str.isdigit, text))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def words_asked(
    *, name: str | None, date_of_birth: date | None, personal_identity_code: str | None, phone: str | None
) -> tuple[str, ...]:
    """What somebody looked a person up by, as the usage log compares it."""
    others = (personal_identity_code, date_of_birth and date_of_birth.isoformat(), phone and phone_number(phone))
    return (*words(name or ""), *(each for each in others if each))
