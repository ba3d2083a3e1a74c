"""How long searches and pages of lists take among few and among many customers, in a large and a small municipality."""

import asyncio
import contextlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import asyncpg
from sqlalchemy import event

from contracts.customer.people import ChangeCustomer, CloseCustomer, OpenCustomer
from contracts.customer.search import SearchCustomers
from deploy.local import issuer
from deploy.seed import bulk
from deploy.seed.people import Life, lives
from services.access import operate
from services.customer.handlers.search import search_customers
from services.customer.matching import words
from services.kit.run import build
from services.kit.work import Cause
from tests.bench import lists
from tests.bench.house import EXPERT, House
from tests.bench.measured import MILLI, Effort, Figure, Report, Spread, Table, load, percentile

FEW, MANY = 10_000, 300_000
SEED = 1
LARGE = ("helsinki", "091")
AIM = 1.5
LOOKED_FOR = 30
"""People of a municipality who are looked for, each in every way; who is so few lives in a small municipality."""
FEW_DATABASE = "koto_customer_few"
Search = tuple[str, dict[str, str]]
"""The way of searching, and the body."""


async def measure(house: House, effort: Effort) -> Report:
    """The same searches in a database of few and in one of many, in turns."""
    few, many = effort.of(FEW), effort.of(MANY)
    await fill(house, few)
    await house.end("customer")
    administrator = await asyncpg.connect(house.stack.database.url)
    await administrator.execute(f"CREATE DATABASE {FEW_DATABASE} TEMPLATE koto_customer OWNER koto_customer_owner")
    await administrator.close()
    await fill(house, many, begun=few)
    owner = house.database_url("customer")
    for database in (FEW_DATABASE, "koto_customer"):
        await lists.fill(f"{owner.rpartition('/')[0]}/{database}")
    known = _customers(few)
    small = _smallest(known)
    searches = {town: list(_searches(known[code])) for town, code in (LARGE, small)}
    answers: defaultdict[tuple[int, str], list[dict[str, list[float]]]] = defaultdict(list)
    in_database: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    shown: dict[tuple[int, str], dict[str, int]] = {}
    url = house.stack.environments()["customer"]["KOTO_DATABASE_URL"]
    async with _let_in(house, small):
        for _ in range(effort.rounds):
            for size, database in ((few, FEW_DATABASE), (many, "koto_customer")):
                told = {"KOTO_DATABASE_URL": f"{url.rpartition('/')[0]}/{database}"}
                await house.restart("customer", told=told)
                for town, code in (LARGE, small):
                    pages, shown[size, town] = await lists.pages(house, f"expert@{town}")
                    latencies = {}
                    for requests in (await _requests(house, f"expert@{town}", searches[town]), *pages):
                        times = {"seconds": effort.seconds, "warm_up": min(1.0, effort.seconds)}
                        answered = await load(house.stack.ports["gateway"], requests, connections=1, **times)
                        latencies |= answered.latencies
                    answers[size, town].append(latencies)
                    in_database[size, town] += await _in_database(house, told, code, searches[town])
    await house.restart("customer", told={"KOTO_DATABASE_URL": url})
    return _report(few, many, known, small, answers, shown, in_database)


def _report(
    few: int,
    many: int,
    known: dict[str, list[Life]],
    small: tuple[str, str],
    answers: dict[tuple[int, str], list[dict[str, list[float]]]],
    shown: dict[tuple[int, str], dict[str, int]],
    in_database: dict[tuple[int, str], list[float]],
) -> Report:
    def spread(size: int, town: str, percent: int, name: str = "") -> Spread:
        """Of searches, or of the ways of looking at a list."""
        rounds = [
            [each for way, latencies in turn.items() if way.rpartition(": ")[0] == name for each in latencies]
            for turn in answers[size, town]
        ]
        return Spread(tuple(percentile(each, percent) * MILLI for each in rounds))

    report = Report(f"Search and lists: {few:,} and {many:,} customers".replace(",", " "))
    for town, code in (LARGE, small):
        growth = spread(many, town, 95).over(spread(few, town, 95))
        where = f"{town.title()} ({len(known[code])} of the first {few})"
        report.figures.append(
            Figure(
                f"p95 of searching as an expert of {where}, many against few customers",
                f"at most {AIM} times",
                f"{growth:.2f} times",
                growth.median <= AIM,
            )
        )
        for name in lists.LISTS:
            report.figures.append(lists.growth(name, where, spread(few, town, 95, name), spread(many, town, 95, name)))
    rows = [
        [
            f"{size:,}".replace(",", " "),
            town.title(),
            f"{spread(size, town, 50):.1f}",
            f"{spread(size, town, 95):.1f}",
            f"{percentile(in_database[size, town], 50) * MILLI:.1f}",
            f"{percentile(in_database[size, town], 95) * MILLI:.1f}",
        ]
        for town, _ in (LARGE, small)
        for size in (few, many)
    ]
    columns = ["customers", "as an expert of", "p50 ms", "p95 ms", "database p50 ms", "database p95 ms"]
    report.tables.append(Table("By HTTP, one client; and the statements alone", columns, rows))
    ways = list(dict.fromkeys(way for turns in answers.values() for turn in turns for way in turn))
    places = [(size, town) for town, _ in (LARGE, small) for size in (few, many)]
    columns = [f"{town.title()}, {size}" for size, town in places]

    def p95(way: str, place: tuple[int, str]) -> str:
        every = [each for turn in answers[place] for each in turn.get(way, [0.0])]
        return f"{percentile(every, 95) * MILLI:.1f}"

    searched = [[way, *(p95(way, place) for place in places)] for way in ways if ": " not in way]
    report.tables.append(
        Table("p95 in milliseconds by HTTP, by way of searching", ["looked for by", *columns], searched)
    )
    listed = [
        [way, *(f"{p95(way, place)} ({shown[place].get(way, 0)})" for place in places)] for way in ways if ": " in way
    ]
    title = "p95 in milliseconds by HTTP, by list and way of looking at it (in brackets: rows on the page)"
    report.tables.append(Table(title, ["list", *columns], listed))
    report.notes += [
        "Synthetic people of one seed, in municipalities of real sizes; the many hold the few, who are looked for.",
        "A page of a list is asked for, full or not: rows that few customers have not got are part of the ratio.",
        "Both databases are on one server; the customer service is started on one and the other in turns.",
    ]
    return report


async def fill(house: House, count: int, begun: int = 0) -> None:
    """Adds the lives of the seed up to the count; the first `begun` of them are there."""
    customer, assessment = house.service("customer").parts, house.service("assessment").parts
    new = (life for life in lives(count, seed=SEED) if life.number >= begun)
    await bulk.write(customer, assessment, new, {}, seed=SEED, now=datetime.now(UTC))
    for parts in (customer, assessment):
        await parts.engine.dispose()


def _customers(count: int) -> dict[str, list[Life]]:
    """Of the first so many lives, those whose client relationship is open, by municipality."""
    found: defaultdict[str, list[Life]] = defaultdict(list)
    for life in lives(count, seed=SEED):
        if not isinstance(life.acts[-1].request, CloseCustomer):
            found[life.acts[0].municipality].append(life)
    return found


def _smallest(known: dict[str, list[Life]]) -> tuple[str, str]:
    """The smallest municipality that has enough people to look for, or the largest of those that have not."""
    sizes = Counter({code: len(own) for code, own in known.items() if code != LARGE[1]})
    enough = [code for code, size in sizes.items() if size >= LOOKED_FOR]
    code = min(enough, key=lambda each: (sizes[each], each)) if enough else sizes.most_common(1)[0][0]
    return f"municipality-{code}", code


@contextlib.asynccontextmanager
async def _let_in(house: House, small: tuple[str, str]) -> AsyncIterator[None]:
    """Gives the test issuer an expert of the small municipality."""
    ordinary = house.stack.issuer()
    house.programs["issuer"] = ordinary
    issuer.MUNICIPALITIES[small[0]] = small[1]
    await house.restart("issuer", ["tests.bench.issuer", *ordinary.module[1:], *small])
    await house.restart("gateway")  # an issuer that starts again has new keys
    expert = operate.Appointment(f"expert@{small[0]}", small[1], "integration_expert", "integration_services")
    await asyncio.to_thread(operate.appoint_users, house.stack.environments()["access"], [expert])
    try:
        yield
    finally:
        del issuer.MUNICIPALITIES[small[0]]
        await house.restart("issuer", ordinary.module)
        await house.restart("gateway")


def _searches(people: Sequence[Life]) -> Iterator[Search]:
    """Each of some people, looked for in every way that experts do."""
    random = Random(SEED)
    for life in random.sample(people, min(LOOKED_FOR, len(people))):
        opened = life.acts[0].request
        assert isinstance(opened, OpenCustomer)
        person, name, changed = opened.person, opened.person.name, opened.person.name
        for act in life.acts:
            if isinstance(act.request, ChangeCustomer) and act.request.changes.name:
                changed = act.request.changes.name
        family = max(words(name.family), key=len)
        yield "full name", {"name": f"{changed.given} {changed.family}"}
        yield "full name, family name first", {"name": f"{changed.family} {changed.given}"}
        yield "family name", {"name": changed.family}
        yield "beginnings of names", {"name": " ".join(each[:4] for each in (*words(name.given)[:1], family))}
        yield "name with a slip of the finger", {"name": f"{name.given} {_slip(random, family)}"}
        yield "name and date of birth", {"name": family, "date_of_birth": person.date_of_birth.isoformat()}
        yield "date of birth", {"date_of_birth": person.date_of_birth.isoformat()}
        if changed != name:
            yield "former name", {"name": f"{name.given} {name.family}"}
        if person.contact and person.contact.phone:
            yield "phone", {"phone": person.contact.phone}
        if person.personal_identity_code:
            yield "identity code", {"personal_identity_code": person.personal_identity_code}


def _slip(random: Random, word: str) -> str:
    """The word with two neighbouring letters exchanged, or one left out."""
    place = random.randrange(max(1, len(word) - 1))
    if random.random() < 0.5:
        return word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :]
    return word[:place] + word[place + 1 :] if len(word) > 1 else word


async def _requests(house: House, user: str, searches: Sequence[Search]) -> list[dict[str, Any]]:
    headers = await house.headers(user)
    return [
        {
            "label": way,
            "method": "POST",
            "path": "/api/v1/customers/search",
            "headers": headers,
            "body": json.dumps(body, ensure_ascii=True),
        }
        for way, body in searches
    ]


async def _in_database(
    house: House, told: dict[str, str], organisation: str, searches: Sequence[Search]
) -> list[float]:
    """The time that each search takes in its statements, from sending them to their answers."""
    service: Any = build(house.stack.environments()["customer"] | told)
    taken = 0.0

    def start(*_: Any) -> None:
        nonlocal taken
        taken -= time.perf_counter()

    def end(*_: Any) -> None:
        nonlocal taken
        taken += time.perf_counter()

    event.listen(service.parts.engine.sync_engine, "before_cursor_execute", start)
    event.listen(service.parts.engine.sync_engine, "after_cursor_execute", end)
    found = []
    for _, body in searches:
        before = taken
        actor = replace(EXPERT, organisation=organisation)
        cause = Cause("bench", "bench")
        async with service.parts.unit_of_work.begin(actor, cause, request=SearchCustomers) as work:
            await search_customers(SearchCustomers.model_validate(body), work)
        found.append(taken - before)
    await service.parts.engine.dispose()
    return found
