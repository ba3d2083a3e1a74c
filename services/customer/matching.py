"""How names and phone numbers are compared when somebody is looked for: pure functions, no I/O.

A name is taken apart into words in plain Latin letters; the words that are on record are a dictionary, far smaller than
the population. What is asked for is first looked up among the words, and then the people who bear them.
"""

import re
from collections.abc import Iterable, Mapping

from contracts.types import PersonName
from services.kit.words import phone_number, words

__all__ = ["phone_number", "skeleton", "words", "words_on_record"]

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
