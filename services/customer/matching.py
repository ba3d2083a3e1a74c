"""How names and phone numbers are compared when somebody is looked for: pure functions, no I/O.

A name is taken apart into words in plain Latin letters; the words that are on record are a dictionary, far smaller than
the population. What is asked for is first looked up among the words, and then the people who bear them.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from contracts.types import PersonName
from services.kit.words import phone_number, words

__all__ = ["phone_number", "skeleton", "sounds", "spellings", "words", "words_on_record"]

_CONSONANTS = (
    (re.compile(r"dzh|dj"), "j"),
    (re.compile(r"sch|tsh|tch|sh|ch|cz|sz|zh|dz|ts|tz|z|c(?=[eiy])"), "s"),
    (re.compile(r"kh|gh(?=.)"), "h"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"ck|q|c"), "k"),
    (re.compile(r"w"), "v"),
)
"""Letters that the usual transliterations into Finnish, Swedish, English, German and French write one for another."""

_VOWELS_LEFT_OUT = (
    (re.compile(r"^[jy](?=[aeiou])"), "j"),
    (re.compile(r"(?<=.)j"), ""),
    (re.compile(r"^[aeiouy]+"), "a"),
    (re.compile(r"(?<=.)[aeiouy]"), ""),
    (re.compile(r"(?<=..)h$"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)

_VOWELS = (
    (re.compile(r"ou|oo"), "u"),
    (re.compile(r"ee|ie|ii|iy|yi|ij"), "i"),
    (re.compile(r"[yj](?=[aou])"), "i"),
    (re.compile(r"[yj]"), "i"),
    (re.compile(r"o"), "u"),
    (re.compile(r"(?<=..)h$"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)

_ORTHOGRAPHIES = (
    # Somali: c is a sound that other languages leave out, x is their h
    (re.compile(r"c(?!h)"), ""),
    (re.compile(r"x"), "h"),
    (re.compile(r"dh"), "d"),
    # German
    (re.compile(r"dsch"), "j"),
    # Ukrainian writes h where Russian writes g
    (re.compile(r"g(?!h)"), "h"),
)

_WRITTEN_BACK = ((re.compile(r"^(?=[aeiou])"), "c"), (re.compile(r"h"), "x"), (re.compile(r"h"), "g"))
"""The same the other way round, for words that are on record as the other language writes them."""


def skeleton(word: str) -> str:
    """What usual transliterations of a word have in common: mhmd of Mohamed and Muhammad, svsnk of Ševtšenko."""
    return _replaced(word, *_CONSONANTS, *_VOWELS_LEFT_OUT)


@lru_cache(maxsize=100_000)
def spellings(word: str) -> frozenset[str]:
    """The word as it may sound: as it stands and read by the orthography of another language, e for a or for i."""
    read = {word, *(_replaced(word, each) for each in _ORTHOGRAPHIES), _replaced(word, *_ORTHOGRAPHIES)}
    heard = {_replaced(each, *_CONSONANTS) for each in read if each}
    return frozenset(_replaced(each, *_VOWELS).replace("e", vowel) for each in heard for vowel in "ai")


def sounds(word: str) -> frozenset[str]:
    """The skeletons of a word as it stands, and as it is read or written by the orthography of another language."""
    others = (*_ORTHOGRAPHIES, *_WRITTEN_BACK)
    read = {word, *(_replaced(word, each) for each in others), _replaced(word, *_ORTHOGRAPHIES)}
    return frozenset({skeleton(each) for each in read} - {""})


def words_on_record(name: PersonName, former: Iterable[PersonName]) -> Mapping[str, bool]:
    """The words that a person is found by, and of each whether only a former name holds it."""
    return {
        **{word: True for each in former for word in words(f"{each.family} {each.given}")},
        **dict.fromkeys(words(f"{name.family} {name.given}"), False),
    }


def _replaced(word: str, *rules: tuple[re.Pattern[str], str]) -> str:
    for sound, letter in rules:
        word = sound.sub(letter, word)
    return word
