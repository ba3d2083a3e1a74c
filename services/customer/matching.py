"""How names and phone numbers are compared when somebody is looked for: pure functions, no I/O.

A name is taken apart into words in plain Latin letters; the words that are on record are a dictionary, far smaller than
the population. What is asked for is first looked up among the words, and then the people who bear them.
"""

import re
from collections.abc import Iterable, Mapping

import phonenumbers
from anyascii import anyascii

from contracts.types import PersonName

_APOSTROPHES = str.maketrans("", "", "'`")
_WORD = re.compile(r"[a-z0-9]+")
_SAME_SOUND = (
    (re.compile(r"dzh|dj"), "j"),
    (re.compile(r"sch|tsh|tch|sh|ch|cz|sz|zh|dz|ts|tz|z|c(?=[eiy])"), "s"),
    (re.compile(r"kh|gh(?=.)"), "h"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"ck|q|c"), "k"),
    (re.compile(r"w"), "v"),
    (re.compile(r"^[jy](?=[aeiou])"), "j"),
    (re.compile(r"(?<=.)j"), ""),
    (re.compile(r"^[aeiouy]+"), "a"),
    (re.compile(r"(?<=.)[aeiouy]"), ""),
    (re.compile(r"(?<=..)h$"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)
"""Letters that the usual transliterations into Finnish, Swedish, English, German and French write one for another."""


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower-case Latin letters, from whatever script; each once, apostrophes left out."""
    return tuple(dict.fromkeys(_WORD.findall(anyascii(name).lower().translate(_APOSTROPHES))))


def skeleton(word: str) -> str:
    """What usual transliterations of a word have in common: mhmd of Mohamed and Muhammad, svsnk of Ševtšenko."""
    for sound, letter in _SAME_SOUND:
        word = sound.sub(letter, word)
    return word


def words_on_record(name: PersonName, former: Iterable[PersonName]) -> Mapping[str, bool]:
    """The words that a person is found by, and of each whether only a former name holds it."""
    return {
        **{word: True for each in former for word in words(f"{each.family} {each.given}")},
        **dict.fromkeys(words(f"{name.family} {name.given}"), False),
    }


def phone_number(text: str) -> str:
    """The number with its country code; one that is written without is Finnish. What is no number: its digits."""
    try:
        number = phonenumbers.parse(text, "FI")
    except phonenumbers.NumberParseException:
        return "".join(filter(str.isdigit, text))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
