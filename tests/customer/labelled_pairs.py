"""Pairs of records with the truth beside them, made by rules that docs/architecture/duplicates.md writes down.

Two halves: on the first the points of services/customer/rules/duplicates.py were set, on the second they are measured.
They have different names, different seeds, and partly different rules: what is marked `held out` the first has not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from contracts.types import PersonName
from services.customer.rules.duplicates import Facts

Half = str
TUNING, HELD_OUT = "tuning", "held out"
PAIRS = 2000
"""In each half; as many of one person as of two."""


@dataclass(frozen=True)
class Pair:
    """Two records, how the second came about, and whether both are of one person."""

    one: Facts
    other: Facts
    kind: str
    tradition: str
    same: bool


@dataclass(frozen=True)
class Tradition:
    """Names in the spelling from which others are derived, and the ways to derive them."""

    name: str
    country: str
    given: tuple[str, ...]
    families: tuple[str, ...]
    spell: Callable[[str, Random, Half], str]
    chain: bool = False
    """Whether the family name is the father's given name and the grandfather's."""


# Arabic and Dari are written here letter by letter: ' ayn, H ḥ, x kh, G gh, S sh, long vowels A I U.
_ARABIC_SCRIPT = dict(
    zip("'HxGSDTAIUbtjdrzsfqklmnhwyv", "عحخغشذثاييبتجدرزسفقكلمنهويو", strict=True), **{"U": "و", "I": "ي"}
)
_ENGLISH = {"x": ["kh"], "G": ["gh"], "S": ["sh"], "j": ["j"], "U": ["u", "oo"], "I": ["i", "ee"]}
_FRENCH = {"x": ["kh"], "G": ["gh"], "S": ["ch"], "j": ["dj"], "U": ["ou"], "I": ["i"], "w": ["ou", "w"]}
_GERMAN = {"x": ["ch"], "G": ["gh"], "S": ["sch"], "j": ["dsch"], "U": ["u"], "I": ["i", "ie"], "y": ["j"]}
_ANY = {"A": ["a", "a", "aa"], "a": ["a", "a", "e"], "i": ["i", "e"], "u": ["u", "o"], "q": ["q", "k"], "H": ["h"]}
_ANY |= {"'": [""], "T": ["th", "t"], "D": ["dh", "d"]}


def _semitic(word: str, rng: Random, half: Half) -> str:
    if half == HELD_OUT and rng.random() < 0.1:  # held out: in its own script
        return "".join(_ARABIC_SCRIPT.get(letter, "") for letter in _single(word) if letter not in "aiu")
    tables = [_ENGLISH, _ENGLISH, _FRENCH] + ([_GERMAN] if half == HELD_OUT else [])  # held out: German
    table = _ANY | rng.choice(tables)
    doubled = rng.random() < 0.5
    text = "".join(rng.choice(table.get(letter, [letter])) for letter in (word if doubled else _single(word)))
    if text.endswith("a") and rng.random() < 0.4:
        text += "h"
    return text.capitalize()


def _single(word: str) -> str:
    return "".join(letter for at, letter in enumerate(word) if at == 0 or letter != word[at - 1])


def _somali(word: str, rng: Random, half: Half) -> str:
    if rng.random() < 0.4:
        return word
    text = word.lower()
    changes = [("c", ""), ("x", "h"), ("aa", "a"), ("ii", "i"), ("uu", "u"), ("oo", "o"), ("dh", "d"), ("q", "k")]
    if half == HELD_OUT:  # held out: Arabic vowels, as in a passport of another country
        changes += [("ey", "ai"), ("o", "u")]
    for letters, others in changes:
        if letters in "cx" or rng.random() < 0.6:
            text = text.replace(letters, others)
    return text.capitalize() or word


_LETTERS = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяёыэъ"
_ROMANISED = {
    # the Ukrainian passport of 2010, the Russian one of 2013, Finnish, German
    "ua": "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch _ iu ia e y e _",
    "ru": "a b v g g d e e zh z i i i i k l m n o p r s t u f kh ts ch sh shch _ iu ia e y e ie",
    "fi": "a b v h g d e je ž z y i ji i k l m n o p r s t u f h ts tš š štš _ ju ja jo y e _",
    "fi-ru": "a b v g g d e je ž z i i i i k l m n o p r s t u f h ts tš š štš _ ju ja jo y e _",
    "de": "a b w h g d e je sch s y i ji j k l m n o p r s t u f ch z tsch sch schtsch _ ju ja jo y e _",
    "en": "a b v g g d e ye zh z i i yi y k l m n o p r s t u f kh ts ch sh shch _ yu ya yo y e _",
}
_TABLES = {
    name: dict(zip(_LETTERS, (each.strip("_") for each in row.split()), strict=True))
    for name, row in _ROMANISED.items()
}
_IN_RUSSIAN = {
    "олександр": "александр", "сергій": "сергей", "олена": "елена", "дмитро": "дмитрий", "ганна": "анна",
    "наталія": "наталья", "катерина": "екатерина", "володимир": "владимир", "андрій": "андрей", "олексій": "алексей",
    "ірина": "ирина", "юрій": "юрий", "тетяна": "татьяна", "євген": "евгений", "ольга": "ольга", "ігор": "игорь",
}  # fmt: skip


def _cyrillic(tables: Sequence[str]) -> Callable[[str, Random, Half], str]:
    def spell(word: str, rng: Random, half: Half) -> str:
        word = word.lower()
        if half == HELD_OUT and rng.random() < 0.08:  # held out: in its own script
            return word.capitalize()
        name = rng.choice(tables if half == HELD_OUT else [each for each in tables if each != "de"])  # held out: German
        if half == HELD_OUT and "ua" in tables and rng.random() < 0.15:  # held out: a Russian document
            word, name = _IN_RUSSIAN.get(word, word), "ru"
        return "".join(_TABLES[name].get(letter, letter) for letter in word).capitalize()

    return spell


def _traditions(half: Half) -> tuple[Tradition, ...]:
    """Names by tradition; the lists are cut in two, so that the halves share none."""

    def cut(names: str) -> tuple[str, ...]:
        return tuple(names.split()[half == HELD_OUT :: 2])

    return (
        Tradition(
            "Arabic",
            "IRQ",
            cut(
                "muHammad aHmad 'alI 'umar yUsuf ibrAhIm xAlid mustafA maHmUd Hasan Husayn karIm samIr jamAl rASid "
                "tAriq bilAl ziyAd nAdir fAdI fAtima maryam zaynab 'A'iSa xadIja nUr lylA samIra hudA rANiya salmA "
                "dInA amIna jamIla karIma nadA suhA warda rIm basma"
            ),
            cut(
                "al-HusaynI al-jabUrI Hasan HusAm al-tamImI darwIS xalIl ibrAhIm najjAr al-'abIdI salIm Hamdan "
                "al-rASidI Sahin qAsim al-HamdAnI mansUr al-bayAtI 'abbAs al-zubaydI Sarif yAsIn abd-al-rahmAn abU-bakr"
            ),
            _semitic,
        ),
        Tradition(
            "Dari",
            "AFG",
            cut(
                "muHammad aHmad GulAm Abdullah zAhir nAdir farId HamId naSIr wahId jAwid rahIm qAsim Sir karim najIb "
                "zamAn mIrwais fawzIya zahrA maryam SukrIya laylA Sabnam nasrIn GulSan parwIn farzAna"
            ),
            cut(
                "aHmadzay rahImI muHammadI haydarI nUrI yUsufzay karImI HusaynI Safi sultAnI akbarI rizAyI azIzI "
                "nazarI barakzay popal xalIlI stAnekzay tAjik jAfarI"
            ),
            _semitic,
        ),
        Tradition(
            "Somali",
            "SOM",
            cut(
                "Maxamed Cali Axmed Cabdi Xasan Cumar Yuusuf Ibraahim Faarax Jaamac Cabdullaahi Nuur Xuseen Saalax "
                "Cismaan Warsame Faadumo Xaliimo Caasho Sahra Khadiijo Maryan Sacdiyo Hodan Ruqiyo Ifraax Nimco Ayaan "
                "Ismaaciil Abshir"
            ),
            cut(
                "Maxamuud Cilmi Geeddi Warsame Axmed Cabdulle Xirsi Faarax Jimcaale Guuleed Cawaale Diiriye Shire "
                "Samatar Cige Muuse Xaashi Aadan Colaad Dhoore"
            ),
            _somali,
            chain=True,
        ),
        Tradition(
            "Ukrainian",
            "UKR",
            cut(
                "олександр сергій олена дмитро ганна наталія катерина володимир андрій олексій ірина юрій тетяна євген "
                "ольга ігор микола василь оксана людмила богдан тарас марія софія"
            ),
            cut(
                "шевченко коваленко бондаренко ткаченко кравченко олійник шевчук поліщук лисенко савченко гончарук "
                "мельник марченко руденко яковенко щербак жук гриценко павлюк зінченко"
            ),
            _cyrillic(("ua", "ua", "fi", "en", "de")),
        ),
        Tradition(
            "Russian",
            "RUS",
            cut(
                "александр сергей елена дмитрий анна наталья екатерина владимир андрей алексей ирина юрий татьяна "
                "евгений ольга игорь николай василий оксана людмила михаил павел мария софья"
            ),
            cut(
                "иванов смирнов кузнецов попов васильев петров соколов михайлов новиков фёдоров морозов волков "
                "алексеев лебедев семёнов егоров павлов козлов степанов жуков"
            ),
            _cyrillic(("ru", "ru", "fi-ru", "en", "de")),
        ),
    )


_SURELY_ONE = ("spelled again", "parts swapped", "part left out", "part added", "letter wrong", "spelled and swapped")
_SURELY_TWO = (
    "strangers", "strangers", "siblings", "siblings", "twins", "father and child", "namesakes in the family",
    "common name, same year", "common name, same year", "common name, 1 January", "spouses", "same given name and day",
)  # fmt: skip


def labelled_pairs(half: Half) -> list[Pair]:
    """The pairs of one half, the same each time."""
    rng = Random(f"duplicates, {half}")
    traditions = _traditions(half)
    made = []
    for number in range(PAIRS):
        tradition = traditions[number % len(traditions)]
        make = _one_person if number // len(traditions) % 2 else _two_people
        made.append(make(tradition, rng, half))
    return made


@dataclass(frozen=True)
class _Truth:
    given: tuple[str, ...]
    family: tuple[str, ...]
    born: date
    phone: str
    email: str
    permit: date
    country: str


def _somebody(tradition: Tradition, rng: Random) -> _Truth:
    born = date(1955, 1, 1) + timedelta(days=rng.randrange(18000))
    if rng.random() < 0.12:
        born = born.replace(month=1, day=1)  # as documents have it where no day is known
    given = rng.sample(tradition.given, 2 if rng.random() < 0.4 else 1)
    chained = rng.sample(tradition.families, 2) if tradition.chain else [rng.choice(tradition.families)]
    return _Truth(
        tuple(given),
        tuple(chained),
        born,
        f"+35840{rng.randrange(10**7):07}",
        f"{rng.randrange(10**9)}@example.org",
        date(2015, 1, 1) + timedelta(days=rng.randrange(4000)),
        tradition.country,
    )


def _record(truth: _Truth, tradition: Tradition, rng: Random, half: Half) -> Facts:
    """The record that one official makes: by one way of spelling, with what was asked that day."""

    def spelled(names: Sequence[str]) -> str:
        joint = rng.choice(" -")
        return " ".join(
            joint.join(tradition.spell(part, rng, half) for part in name.split("-") if part) for name in names
        )

    return Facts(
        PersonName(given=spelled(truth.given), family=spelled(truth.family)),
        truth.born,
        None,
        (truth.country,) if rng.random() < 0.8 else (),
        truth.phone if rng.random() < 0.5 else None,
        truth.email if rng.random() < 0.3 else None,
        truth.permit if rng.random() < 0.5 else None,
    )


def _one_person(tradition: Tradition, rng: Random, half: Half) -> Pair:
    truth = _somebody(tradition, rng)
    one = _record(truth, tradition, rng, half)
    kind = rng.choice(_SURELY_ONE)
    again = truth
    if kind == "part left out":
        again = replace(truth, given=truth.given[:1], family=truth.family[:1])
    elif kind == "part added":
        again = replace(truth, given=(*truth.given, rng.choice(tradition.given)))
    if rng.random() < 0.4:
        again = replace(again, phone=f"+35850{rng.randrange(10**7):07}")  # a new number
    if rng.random() < 0.2:
        again = replace(again, permit=truth.permit + timedelta(days=rng.randrange(1, 900)))  # another card was shown
    other = _record(again, tradition, rng, half)
    if "swapped" in kind:
        other = other._replace(name=PersonName(given=other.name.family, family=other.name.given))
    if kind == "letter wrong":
        other = other._replace(name=_mistyped(other.name, rng))
    other = other._replace(date_of_birth=_day_again(truth.born, rng))
    return Pair(one, other, kind, tradition.name, same=True)


def _mistyped(name: PersonName, rng: Random) -> PersonName:
    text = name.given
    at = rng.randrange(len(text))
    wrong = rng.choice([text[:at] + text[at + 1 :], text[:at] + rng.choice("aeiknrst") + text[at + 1 :], text + "n"])
    return PersonName(given=wrong or text, family=name.family)


def _day_again(born: date, rng: Random) -> date:
    chance = rng.random()
    if chance < 0.08:
        return born.replace(month=1, day=1)
    if chance < 0.15 and born.day <= 12:
        return born.replace(month=born.day, day=born.month)
    if chance < 0.22:
        return born.replace(year=born.year + rng.choice((-1, 1, 10)), day=min(born.day, 28))
    if chance < 0.27:
        return born.replace(day=born.day % 10 or 10)
    return born


def _two_people(tradition: Tradition, rng: Random, half: Half) -> Pair:
    truth = _somebody(tradition, rng)
    kind = rng.choice(_SURELY_TWO)
    other = _somebody(tradition, rng)
    household = {"phone": truth.phone, "permit": truth.permit}
    others = [each for each in tradition.given if each not in truth.given]
    another = (rng.choice(others),)
    if kind == "siblings":
        born = truth.born + timedelta(days=rng.randrange(300, 4000))
        other = replace(other, given=another, family=truth.family, born=born, **household)  # type: ignore[arg-type]
    elif kind == "twins":
        other = replace(other, given=another, family=truth.family, born=truth.born, **household)  # type: ignore[arg-type]
    elif kind == "father and child":
        chained = (truth.given[0], truth.family[0]) if tradition.chain else truth.family
        born = truth.born + timedelta(days=rng.randrange(6600, 14000))
        other = replace(other, given=another, family=chained, born=born, **household)  # type: ignore[arg-type]
    elif kind == "namesakes in the family":
        born = truth.born + timedelta(days=rng.randrange(6600, 14000))
        other = replace(other, given=truth.given, family=truth.family, born=born, **household)  # type: ignore[arg-type]
    elif kind == "common name, same year":
        day = date(truth.born.year, rng.randrange(1, 13), rng.randrange(2, 29))
        born = day if day != truth.born else day + timedelta(days=40)
        other = replace(other, given=truth.given, family=truth.family, born=born)
    elif kind == "common name, 1 January":
        first = truth.born.replace(month=1, day=1)
        truth = replace(truth, born=first)
        other = replace(other, given=truth.given[:1], family=truth.family, born=first)
    elif kind == "spouses":
        other = replace(other, given=another, family=truth.family, **household)  # type: ignore[arg-type]
    elif kind == "same given name and day":
        other = replace(other, given=truth.given, born=truth.born)
    records = (_record(each, tradition, rng, half) for each in (truth, other))
    return Pair(*records, kind, tradition.name, same=False)
