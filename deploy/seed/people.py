"""Who lives in the synthetic Finland: a lazy stream of whole lives, the same for the same seed.

Person number i is the same whoever comes after, so that more of the same seed adds to those who are there already.
No day depends on the day of the run: everybody has lived until LAST_DAY.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from math import exp
from operator import itemgetter
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from anyascii import anyascii

from contracts.customer.people import ChangeCustomer, CloseCustomer, OpenCustomer, Person, PersonChanges
from contracts.types import Address, ContactDetails, InterpreterNeed, PersonName, ResidencePermit
from deploy.seed.groups import FOLDER, Weighted, ground_on, groups, rows, waves
from deploy.seed.names import draw_names, married_name
from services.kit import code_lists
from services.kit.clock import HELSINKI

FIRST_DAY, LAST_DAY = date(2021, 1, 4), date(2026, 6, 30)
"""The first client relationship, and the last act. The list of municipalities begins in 2021."""
NOBODY = UUID(int=0)
"""Stands for the customer's id in acts: it is known when the first act is done."""
ALWAYS = ("091", "837", "564")
"""The municipalities of the test users."""
_ALAND = "91"  # its county: integration has an act of its own there
_SMALL = 60
"""The weight of a municipality that the file does not name."""
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FIRST_GRANTED = {"temporary_protection": date(2022, 3, 4)}
_FAMILY_FOLLOWS = frozenset({"work", "entrepreneurship", "study", "research"})
_MEAN_YEARS = 6.0
"""How long a relationship lasts."""
_END_REASONS = Weighted(
    {
        "services_ended": 38,
        "moved_away": 32,
        "not_reached": 12,
        "own_wish": 9,
        "transferred": 6,
        "died": 2,
        "opened_in_error": 1,
    }
)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a municipality did at a moment. A request after the first still names NOBODY."""

    moment: datetime
    municipality: str
    request: OpenCustomer | ChangeCustomer | CloseCustomer


@dataclass(frozen=True, slots=True)
class Life:
    """One person's acts, oldest first: the first opens the customer, and each makes one version."""

    number: int
    acts: tuple[Act, ...]
    relatives: tuple[tuple[str, int], ...] = ()
    """What people of the household who come before are to this one: the kind of relation, and the number."""

    @property
    def goes_on(self) -> bool:
        """Whether the client relationship has not ended."""
        return not isinstance(self.acts[-1].request, CloseCustomer)

    @property
    def kin(self) -> "Kin":
        """What is kept of the life to join families."""
        return Kin(self.number, self.relatives, self.acts[-1].moment, self.acts[-1].municipality)


class Kin(NamedTuple):
    """Who is related to whom, and when the last act was, where: there are very many, so nothing else."""

    number: int
    relatives: tuple[tuple[str, int], ...]
    moment: datetime
    municipality: str


def lives(customers: int, *, municipalities: int | None = None, seed: int = 1) -> Iterator[Life]:
    """The first so many lives of a seed, in so many of the largest municipalities; families follow each other."""
    towns = Weighted(dict(list(_weights().items())[:municipalities]))
    codes = IdentityCodes(seed)
    number = 0
    for household in count():
        adults: list[int] = []
        for is_adult, acts in _Household(Random(f"{seed}/{household}"), towns, codes).lives():
            if number == customers:
                return
            kind = "spouse" if is_adult else "parent"
            yield Life(number, acts, tuple((kind, each) for each in adults))
            adults += [number] if is_adult else []
            number += 1


@cache
def _weights() -> dict[str, int]:
    """The weight of each municipality, the test users' and then the largest first."""
    known = {row["code"]: int(row["weight"]) for row in rows("municipality_weights.csv")}
    mainland = [each for each in code_lists.municipalities(LAST_DAY) if each.wellbeing_services_county != _ALAND]
    weights = {each.code: known.get(each.code, _SMALL) for each in mainland}
    return dict(sorted(weights.items(), key=lambda item: (item[0] not in ALWAYS, -item[1], item[0])))


class IdentityCodes:
    """Test codes (individual numbers 900-999), each given once. It keeps a count a birthday, however many people."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._given: Counter[tuple[date, bool]] = Counter()

    def next(self, birthday: date, woman: bool) -> str | None:
        """A code of that birthday and sex; None when its 300 are given: there are people without a code anyway."""
        separators = "ABCDEF" if birthday.year >= 2000 else "-YXWVU"
        order = self._given[birthday, woman]
        if order == 50 * len(separators):
            return None
        self._given[birthday, woman] += 1
        # each seed begins elsewhere, so that two in one place seldom meet; 77 and 300 are coprime: each code comes once
        order = (Random(f"{self._seed}/{birthday}/{woman}").randrange(300) + 77 * order) % 300
        day, individual = birthday.strftime("%d%m%y"), 900 + 2 * (order % 50) + (not woman)
        return f"{day}{separators[order // 50]}{individual}{_CHECK_CHARACTERS[int(f'{day}{individual}') % 31]}"


@dataclass(frozen=True, slots=True)
class _Member:
    woman: bool
    birthday: date
    name: PersonName
    is_adult: bool
    is_first: bool


class _Household:
    """People who came together: one address, one ground, one day."""

    def __init__(self, random: Random, towns: Weighted[str], codes: IdentityCodes) -> None:
        self._random = random
        self._codes = codes
        group, self._ground_code, year = waves().draw(random)
        self._group = groups()[group]
        first = max(date(year, 1, 1), _FIRST_GRANTED.get(self._ground_code, date.min))
        self._granted = self._day(first, min(date(year, 12, 31), LAST_DAY - timedelta(days=21)))
        self._ground = ground_on(self._ground_code, self._granted)
        self._municipality = code_lists.municipality(towns.draw(random), LAST_DAY)
        self._citizenships = self._draw_citizenships()
        self._address = self._draw_address()
        self._opened = self._draw_opened()
        self._arrival = self._ground.arrivals.draw(random)
        self._closing = self._draw_closing()
        self._reason = _END_REASONS.draw(random)
        self._moving = self._day_until(self._closing) if random.random() < 0.07 else None
        self._moved_to = self._draw_address()
        self._phone = self._draw_phone()

    def lives(self) -> Iterator[tuple[bool, tuple[Act, ...]]]:
        """Whether each member is an adult, and the acts; the adults first."""
        for member in self._members():
            yield member.is_adult, self._life(member)

    def _members(self) -> list[_Member]:
        random = self._random
        kind = self._ground.households.draw(random)
        adults = [random.random() < (0.9 if kind == "parent_with_children" else self._ground.women)]
        ages = [min(18 + int(random.gammavariate(2.6, 6.5)), 79)]
        if kind in ("couple", "couple_with_children"):
            adults.append(not adults[0])
            ages.append(max(18, ages[0] + random.randint(-6, 6)))
        children = 0
        if kind.endswith("with_children"):
            ages = [max(22, age) for age in ages]
            children = 1 + min(int(random.expovariate(0.9)), 6)
        # every other year: no two siblings within nine months
        most = min(17, min(ages) - 18)
        child_ages = sorted(random.sample(range(0, most + 1, 2), min(children, most // 2 + 1)), reverse=True)
        women = adults + [random.random() < 0.485 for _ in child_ages]
        names = draw_names(random, self._group, women, len(adults))
        return [
            _Member(woman, self._birthday(age), name, is_adult=index < len(adults), is_first=index == 0)
            for index, (woman, age, name) in enumerate(zip(women, ages + child_ages, names, strict=True))
        ]

    def _life(self, member: _Member) -> tuple[Act, ...]:
        random = self._random
        code = self._codes.next(member.birthday, member.woman)
        has_code, has_permit = random.random() < 0.92, random.random() < 0.96
        permit, contact = self._permit(member), self._contact(member)
        person = Person(
            name=member.name,
            date_of_birth=member.birthday,
            personal_identity_code=code if has_code else None,
            citizenships=self._citizenships,
            mother_tongue=self._group.mother_tongue if random.random() < 0.97 else None,
            service_language=self._service_language(),
            interpreter=self._interpreter(),
            contact=contact,
            first_residence_permit=permit if has_permit else None,
        )
        closing = self._closing if random.random() < 0.9 and (member.is_first or self._reason != "died") else None
        changes: list[tuple[date, ChangeCustomer]] = []

        def change(source: str, why: str | None, day: date | None = None, **to: Any) -> None:
            changes.append((day or self._day_until(closing), _change(source, why, to)))

        if self._moving and (closing is None or self._moving <= closing):
            moved = contact.model_copy(update={"address": self._moved_to})
            change("population_information_system", "Muutto", self._moving, contact=moved)
        if code and not has_code and random.random() < 0.5:
            change("population_information_system", "Henkilötunnus saatu", personal_identity_code=code)
        if not has_permit and random.random() < 0.5:
            change("immigration_service", "Oleskelulupakortti nähty", first_residence_permit=permit)
        if has_permit and random.random() < 0.015:
            earlier = permit.granted_on - timedelta(days=random.randint(1, 40))
            corrected = permit.model_copy(update={"granted_on": earlier})
            change("document", "Päätöksen päivä korjattu", first_residence_permit=corrected)
        if member.is_adult and random.random() < 0.02:
            family = married_name(random, self._group, member.woman)
            if family != member.name.family:
                name = PersonName(family=family, given=member.name.given)
                change("population_information_system", "Avioliitto", name=name)
        if person.service_language != "fi" and random.random() < 0.06:
            change("customer", None, service_language="fi")
        return self._acts(person, changes, closing)

    def _acts(
        self, person: Person, changes: list[tuple[date, ChangeCustomer]], closing: date | None
    ) -> tuple[Act, ...]:
        requests: list[tuple[date, OpenCustomer | ChangeCustomer | CloseCustomer]] = [
            (self._opened, OpenCustomer(person=person, arrival=self._arrival)),
            *sorted(changes, key=itemgetter(0)),
        ]
        if closing:
            close = CloseCustomer(customer_id=NOBODY, expected_version=1, reason=self._reason)
            requests.append((closing, close))
        acts = []
        for index, (day, request) in enumerate(requests):
            if not isinstance(request, OpenCustomer):
                request = request.model_copy(update={"expected_version": index})
            # in office hours, and each after the one before, were it on the same day
            minutes = 8 * 60 + 60 * index + self._random.randrange(60)
            moment = datetime.combine(day, time(minutes // 60, minutes % 60, self._random.randrange(60)), HELSINKI)
            acts.append(Act(moment.astimezone(UTC), self._municipality.code, request))
        return tuple(acts)

    def _draw_citizenships(self) -> tuple[str, ...]:
        own = self._group.citizenships
        allowed = self._ground.citizenships & own.keys() or own.keys()
        citizenships = Weighted({country: own[country] for country in sorted(allowed)})
        drawn = [citizenships.draw(self._random) for _ in range(2 if self._random.random() < 0.02 else 1)]
        return tuple(dict.fromkeys(drawn))

    def _draw_opened(self) -> date:
        """Most are met within months; who came before the first day was found in the years after it."""
        random = self._random
        opened = self._granted + timedelta(days=int(random.expovariate(1 / 75)))
        if opened < FIRST_DAY:
            opened = FIRST_DAY + timedelta(days=int(random.expovariate(1 / 400)))
        last = LAST_DAY - timedelta(days=14)
        if opened > last:
            opened = self._day(max(self._granted, FIRST_DAY), last)
        return opened + timedelta(days=(7 - opened.weekday()) if opened.weekday() > 4 else 0)

    def _draw_closing(self) -> date | None:
        """The relationship of one in three has ended: the longer ago it began, the likelier."""
        first = self._opened + timedelta(days=60)
        years = (LAST_DAY - first).days / 365
        if years <= 0 or self._random.random() < exp(-years / _MEAN_YEARS):
            return None
        return _workday(self._day(first, LAST_DAY))

    def _draw_address(self) -> Address:
        random, municipality = self._random, self._municipality
        door = f" {random.choice('ABCDEF')} {random.randint(1, 90)}" if random.random() < 0.75 else ""
        swedish = municipality.languages[0] == "sv"
        return Address(
            street=f"{random.choice(_streets())} {random.randint(1, 60)}{door}",
            postal_code=f"{_postal_prefixes()[municipality.wellbeing_services_county]}{random.randint(10, 98)}0",
            city=municipality.name_sv if swedish else municipality.name_fi,
        )

    def _draw_phone(self) -> str:
        """With the prefix 049, which no subscriber in Finland has; in one of the ways in which people write it."""
        form = self._random.choice(("+358 49 {} {}", "+35849{}{}", "049 {} {}", "049{}{}", "049-{}{}"))
        return form.format(f"{self._random.randrange(1000):03d}", f"{self._random.randrange(10000):04d}")

    def _contact(self, member: _Member) -> ContactDetails:
        random = self._random
        email = None
        if member.is_adult and random.random() < 0.45:
            local = anyascii(f"{member.name.given}.{member.name.family}").lower()
            local = "".join(each if each.isalnum() else "." for each in local if each not in "'`")
            email = f"{local}{random.randint(1, 99)}@example.{random.choice(('com', 'org', 'net'))}"
        phone = self._draw_phone() if member.is_adult and random.random() < 0.5 else self._phone
        return ContactDetails(phone=phone if random.random() < 0.93 else None, email=email, address=self._address)

    def _permit(self, member: _Member) -> ResidencePermit:
        """The family of who came to work or to study have their permits for the family tie."""
        code, ground = self._ground_code, self._ground
        if code in _FAMILY_FOLLOWS and not member.is_first:
            code, ground = "family_tie", ground_on("family_tie", self._granted)
        until = None
        if ground.months:
            until = self._granted + timedelta(days=ground.months * 365 // 12 - 1)
        return ResidencePermit(
            kind=ground.kind, ground=code, granted_on=self._granted, valid_from=self._granted, valid_until=until
        )

    def _service_language(self) -> str | None:
        if self._random.random() < self._group.english:
            return "en"
        languages = {"fi": 80, self._municipality.languages[0]: 40, self._group.mother_tongue: 12, None: 5}
        return Weighted(languages).draw(self._random)

    def _interpreter(self) -> InterpreterNeed | None:
        random = self._random
        if random.random() < 0.08:
            return None
        needed = random.random() < self._group.interpreter
        return InterpreterNeed(needed=needed, language=self._group.mother_tongue if needed else None)

    def _birthday(self, age: int) -> date:
        day = self._granted - timedelta(days=int(age * 365.25) + self._random.randrange(365))
        return day.replace(month=1, day=1) if self._random.random() < self._group.first_of_january else day

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(days=self._random.randint(0, (last - first).days))

    def _day_until(self, closing: date | None) -> date:
        return _workday(self._day(self._opened, closing or LAST_DAY))


def _workday(day: date) -> date:
    """The day, or the Friday before it."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _change(source: str, why: str | None, to: dict[str, Any]) -> ChangeCustomer:
    changes = PersonChanges(**to)
    return ChangeCustomer(customer_id=NOBODY, expected_version=1, changes=changes, why=why, source=source)


@cache
def _streets() -> tuple[str, ...]:
    return tuple((FOLDER / "streets.txt").read_text("utf-8").splitlines())


@cache
def _postal_prefixes() -> dict[str, str]:
    return {row["wellbeing_services_county"]: row["prefix"] for row in rows("postal_prefixes.csv")}
