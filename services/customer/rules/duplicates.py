"""Whether two records are of one person: pure functions, no I/O and no clock.

Points are given for what speaks for it and taken for what speaks against it, as log-odds add up. They were set by hand
on the tuning half of the labelled pairs, and measured on the other half (docs/architecture/duplicates.md).
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import pairwise, permutations
from typing import NamedTuple

from rapidfuzz.distance import OSA

from contracts.customer.duplicates import FindDuplicates, Likelihood
from contracts.customer.people import FIELDS_OF_DATA, Customer, Person
from contracts.types import PersonName
from services.customer.matching import phone_number, sounds, spellings, words
from services.customer.rules.people import data_of

LIKELIHOODS: tuple[tuple[int, Likelihood], ...] = ((88, "sure"), (60, "probable"), (45, "possible"))
"""From how many points on a pair is so likely."""
POSSIBLE = LIKELIHOODS[-1][0]

RULES = {
    "missing": "this field is needed for this decision",
    "not_of_pair": "the record to keep is one of the pair",
    "unknown_customer": "no such customer",
}
"""What each rule says to the person who broke it."""

_ALIKE = 0.75
"""From which likeness on two words are taken for one."""
_DROPPED = {"al", "el", "ul", "bin", "ibn", "ben", "bint", "binti"}
"""Articles and words of descent, which are written or left out."""
_JOINED = re.compile(r"^abd[aeiou]?[lrsnz]?$|^abu$|^umm$")
"""The first half of one name, which is written apart or together."""
_MOST_PARTS = 5
_FEMININE = 0.12
_POINTS_OF_LIKENESS = ((0, -40), (0.4, -30), (0.6, -8), (0.75, 18), (0.9, 34), (1, 40))


def _points_of(likeness: float) -> float:
    """The points for two words so alike: between those of the table in a straight line."""
    (below, low), (above, high) = next(pair for pair in pairwise(_POINTS_OF_LIKENESS) if likeness <= pair[1][0])
    return low + (high - low) * (likeness - below) / (above - below)


class Facts(NamedTuple):
    """What is compared of a person."""

    name: PersonName
    date_of_birth: date
    personal_identity_code: str | None = None
    citizenships: tuple[str, ...] = ()
    phone: str | None = None
    email: str | None = None
    first_permit_on: date | None = None


class Evidence(NamedTuple):
    """What two records have in common, by code, and how much of it."""

    score: int
    reasons: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def likelihood(self) -> Likelihood | None:
        """How likely they are of one person; None where it is not worth a look."""
        return next((name for least, name in LIKELIHOODS if self.score >= least), None)


def facts_of(person: Person) -> Facts:
    """What is compared of a person."""
    contact, permit = person.contact, person.first_residence_permit
    return Facts(
        person.name,
        person.date_of_birth,
        person.personal_identity_code,
        person.citizenships,
        contact.phone if contact else None,
        contact.email if contact else None,
        permit.granted_on if permit else None,
    )


def open_facts_of(customer: Customer) -> Facts:
    """What is compared when everybody who works with duplicates is told the outcome: nothing that few may see."""
    protected = {"contact", "first_residence_permit"} - {
        field for field in ("contact", "first_residence_permit") if data_of(field, customer) in FIELDS_OF_DATA
    }
    return facts_of(customer.person.model_copy(update=dict.fromkeys(protected)))


def facts_told(message: FindDuplicates) -> Facts:
    """What is compared of a person who is no customer yet."""
    return Facts(**{field: getattr(message, field) for field in Facts._fields})


def compare(one: Facts, other: Facts) -> Evidence:
    """What speaks for the two being of one person, and what against it."""
    points = [
        *_of_names(one.name, other.name),
        *_of_days(one.date_of_birth, other.date_of_birth),
        *_of_others(one, other),
    ]
    return Evidence(
        max(0, round(sum(each for each, _ in points))),
        tuple(code for each, code in points if each >= 0),
        tuple(code for each, code in points if each < 0),
    )


def days_like(day: date) -> tuple[date, ...]:
    """The days that `compare` takes for this one misspelled: itself, day and month swapped, one digit wrong."""
    text = f"{day:%Y%m%d}"
    misspelled = (text[:at] + digit + text[at + 1 :] for at in range(8) for digit in "0123456789")
    return tuple(sorted({*_days((text[:4] + text[6:] + text[4:6], *misspelled))}))


def is_day_unknown(day: date) -> bool:
    """Whether it is the day that is written where only the year is known."""
    return (day.day, day.month) == (1, 1)


def _of_names(one: PersonName, other: PersonName) -> Iterator[tuple[float, str]]:
    here, there = sorted((parts(one), parts(other)), key=len)
    if not here:
        return
    # whoever has many names is recognised by some of them
    orders = permutations(there, len(here))
    fits = max(([likeness(*each) for each in zip(here, order, strict=True)] for order in orders), key=sum)
    points = (_points_of(min(fits)) + sum(map(_points_of, fits)) / len(fits)) / 2
    if points < 0:
        yield points, "other_name"
        return
    yield points, "name" if min(fits) == 1 else "name_spelled_otherwise"
    if extra := len(there) - len(here):
        yield -12 * extra if len(here) == 1 else 3 - 3 * extra, "name_part_missing"
    elif not any(likeness(a, b) >= _ALIKE for a in parts_of_text(one.family) for b in parts_of_text(other.family)):
        yield 0, "name_parts_swapped"


def _of_days(one: date, other: date) -> Iterator[tuple[float, str]]:
    if one == other:
        yield (15 if is_day_unknown(one) else 32), "date_of_birth"
    elif (one.year, one.month, one.day) == (other.year, other.day, other.month):
        yield 22, "day_and_month_swapped"
    elif one.year == other.year and (is_day_unknown(one) or is_day_unknown(other)):
        yield 14, "day_of_birth_unknown"
    elif OSA.distance(f"{one:%Y%m%d}", f"{other:%Y%m%d}") == 1:
        yield 16, "date_of_birth_digit"
    else:
        yield -40, "other_date_of_birth"


def _of_others(one: Facts, other: Facts) -> Iterator[tuple[float, str]]:
    if one.personal_identity_code and other.personal_identity_code:
        is_same = one.personal_identity_code == other.personal_identity_code
        yield (100, "personal_identity_code") if is_same else (-40, "other_identity_code")
    if one.phone and other.phone and phone_number(one.phone) == phone_number(other.phone):
        yield 16, "phone"
    if one.email and other.email and one.email.casefold() == other.email.casefold():
        yield 18, "email"
    if one.citizenships and other.citizenships:
        is_shared = not set(one.citizenships).isdisjoint(other.citizenships)
        yield (3, "citizenship") if is_shared else (-10, "other_citizenship")
    if one.first_permit_on and other.first_permit_on:
        yield (8, "first_permit_on") if one.first_permit_on == other.first_permit_on else (-4, "other_first_permit")


def parts(name: PersonName) -> list[str]:
    """The parts of a name that are compared, in plain Latin letters."""
    return parts_of_text(f"{name.family} {name.given}")


def parts_of_text(text: str) -> list[str]:
    """The words of a text, without articles, and with what is one name in two words put together."""
    found: list[str] = []
    all_words = words(text)
    kept = [word for word in all_words if word not in _DROPPED] or list(all_words)
    for word in kept:
        if found and _JOINED.match(found[-1]):
            found[-1] += word
        else:
            found.append(word)
    return found[:_MOST_PARTS]


@lru_cache(maxsize=100_000)
def likeness(one: str, other: str) -> float:
    """How alike two words of names are: 1 when they are one, above 0.75 when they may be one written otherwise."""
    if one == other:
        return 1
    heard = max(OSA.normalized_similarity(a, b) for a in spellings(one) for b in spellings(other))
    alike = max(OSA.normalized_similarity(one, other), heard - 0.03)
    if _has_no_vowels(one) or _has_no_vowels(other):
        consonants = [{sound.lstrip("a") for sound in sounds(each)} for each in (one, other)]
        return max(alike, 0.92) if consonants[0] & consonants[1] else alike
    short, long = sorted((one, other), key=len)
    if len(short) >= 5 and long.endswith(short) and len(long) - len(short) == 2:
        return max(alike, 0.9)  # alhassan and hassan
    return alike - _FEMININE if _is_feminine(one, other) else alike


def _is_feminine(one: str, other: str) -> bool:
    """Whether one may be the name of the other's sister or wife: karim and karima."""
    return one.rstrip("h") == f"{other}a" or other.rstrip("h") == f"{one}a"


def _has_no_vowels(word: str) -> bool:
    """Whether it was written in a script that leaves them out."""
    return not re.search("[aeiouy]", word[1:-1])


def _days(texts: Iterable[str]) -> Iterator[date]:
    for text in texts:
        try:
            yield date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            continue


FACTS = ("name", "date_of_birth", "personal_identity_code", "citizenships", "contact", "first_residence_permit")
"""The fields of a person whose change may make somebody a suspected duplicate, or no longer one."""


def hinders_merge(kept: Customer, duplicate: Customer, municipality: str) -> str | None:
    """Why the one may not become an alias of the other, in a sentence."""
    if kept.customer_id == duplicate.customer_id:
        return "Both are one record already."
    relationships = (*kept.relationships, *duplicate.relationships)
    if any(not each.ended_on for each in relationships if each.municipality != municipality):
        return "Another municipality has an open relationship with one of them."
    if duplicate.person.personal_identity_code and not kept.person.personal_identity_code:
        return "Keep the record that has the personal identity code."
    return None


def with_protection_of(kept: Customer, duplicate: Customer) -> Customer:
    """The record kept, one version on: under non-disclosure if either was; that of a household is derived anew."""
    protected = kept.person.safety_non_disclosure or duplicate.person.safety_non_disclosure
    return kept.model_copy(
        update={
            "version": kept.version + 1,
            "person": kept.person.model_copy(update={"safety_non_disclosure": protected}),
            "merged": tuple(sorted({*kept.merged, duplicate.customer_id, *duplicate.merged})),
        }
    )
