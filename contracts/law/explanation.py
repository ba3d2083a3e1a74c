"""A due date told to people: counted from what, by which section, what moved it, and what comes of it."""

from collections.abc import Iterator
from datetime import date

from contracts.law.counting import Length
from contracts.law.deadlines import Added, Deadline

_SENTENCES = {
    "fi": {
        "due": "{name} {day}.",
        "counted": "Laskettu päivästä {day} ({fact}): {length} ({basis}).",
        "added": "Lisätty {length}: {ground} ({basis}).",
        "added_days": "Lisätty {length} ajalta {first}-{last}: {ground} ({basis}).",
        "suspended": "Este jatkuu: päivä siirtyy päivän kerrallaan.",
        "month": "kuukausi",
        "months": "kuukautta",
        "year": "vuosi",
        "years": "vuotta",
        "day": "päivä",
        "days": "päivää",
        "and": "ja",
    },
    "sv": {
        "due": "{name} {day}.",
        "counted": "Räknat från {day} ({fact}): {length} ({basis}).",
        "added": "Tillagt {length}: {ground} ({basis}).",
        "added_days": "Tillagt {length} för {first}-{last}: {ground} ({basis}).",
        "suspended": "Hindret fortsätter: dagen flyttas fram en dag i taget.",
        "month": "månad",
        "months": "månader",
        "year": "år",
        "years": "år",
        "day": "dag",
        "days": "dagar",
        "and": "och",
    },
    "en": {
        "due": "{name} {day}.",
        "counted": "Counted from {day} ({fact}): {length} ({basis}).",
        "added": "Added {length}: {ground} ({basis}).",
        "added_days": "Added {length} for {first}-{last}: {ground} ({basis}).",
        "suspended": "The hindrance goes on: the date moves by a day each day.",
        "month": "month",
        "months": "months",
        "year": "year",
        "years": "years",
        "day": "day",
        "days": "days",
        "and": "and",
    },
}
LANGUAGES = tuple(_SENTENCES)


def explain(deadline: Deadline, language: str) -> str:
    """The due date and its grounds in sentences, in Finnish, Swedish or English; raises KeyError for any other."""
    return " ".join(_sentences(deadline, language))


def _sentences(deadline: Deadline, language: str) -> Iterator[str]:
    words, rule = _SENTENCES[language], deadline.rule
    yield words["due"].format(name=rule.within(language), day=_day(deadline.due_on))
    yield words["counted"].format(
        day=_day(deadline.counted_from),
        fact=deadline.fact.within(language),
        length=_length(rule.length, language),
        basis=rule.legal_basis,
    )
    for each in deadline.added:
        yield _added(each, language)
    if deadline.is_suspended:
        yield words["suspended"]
    yield rule.consequence.within(language)


def _added(added: Added, language: str) -> str:
    told = {
        "length": _length(added.length, language),
        "ground": added.provision.within(language),
        "basis": added.provision.legal_basis,
    }
    if added.first is None or added.last is None:
        return _SENTENCES[language]["added"].format(**told)
    return _SENTENCES[language]["added_days"].format(first=_day(added.first), last=_day(added.last), **told)


def _length(length: Length, language: str) -> str:
    words = _SENTENCES[language]
    years, months = divmod(length.months, 12)
    numbers = ((years, "year"), (months, "month"), (length.days, "day"))
    return f" {words['and']} ".join(f"{n} {words[unit if n == 1 else unit + 's']}" for n, unit in numbers if n)


def _day(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"
