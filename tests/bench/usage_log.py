"""The usage log at size: its questions among few and among many lines, and what the chain costs whoever writes."""

import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from contracts.access.usage_log import FindUsageByUser
from contracts.customer.state import CustomerDataUsed
from contracts.envelope import Envelope, schema_urn
from services.access.chain import HASHED
from services.access.handlers.usage_keeping import _row, keep_usage
from services.access.repository import usage_log as repository
from services.kit.actor import Actor
from services.kit.batches import BATCH, Told
from services.kit.parts import Parts
from services.kit.usage import LINES, line
from services.kit.work import Cause, Work
from tests.bench.house import House, stopwatch
from tests.bench.measured import MILLI, Effort, Figure, Report, Spread, Table, percentile

MONTHS = 59
"""As long as lines are kept, to the month."""
SHARE = 100
"""The few are so many times fewer."""
ASKED = 60
OFFICER = Actor(user="dpo@tampere", organisation="837", role="data_protection_officer")
ANSWER_MS, GROWTH, WRITING = 200, 5, 2000
WRITTEN = 5000

# A line as experts make them: four looks and a search of five acts, users and customers each with their own frequency,
# words of names as common as names are. Nothing in it is anybody's.
FILL = """
INSERT INTO usage_line SELECT
    $1 + n, $2::timestamptz + n * ($3::interval / $4), 'customer',
    ('00000000-0000-0000-0000-' || lpad((n % 16)::text, 12, '0'))::uuid, ($1 + n) / 16, gen_random_uuid(),
    'done', CASE WHEN searched THEN 'search' ELSE 'view' END,
    CASE WHEN searched THEN 'customer.search_customers.v1' ELSE 'customer.get_customer.v1' END,
    md5('user ' || person)::uuid::text, '837', 'integration_expert', md5('grant ' || person)::uuid, NULL,
    'integration_services', 'assessment', '73 § 1 mom. 1-5; 79 § 2 mom.', 'own',
    ARRAY[md5('customer ' || (random() * random() * $5)::int)::uuid], ARRAY['identity', 'language', 'relationship'],
    CASE WHEN searched THEN 1 END, CASE WHEN searched THEN repeat(md5(n::text), 9) END,
    CASE WHEN searched THEN ARRAY[(random() ^ 3 * 20000)::bigint, 1000000 + (random() ^ 3 * 40000)::bigint]
         ELSE ARRAY[1000000 + (random() ^ 3 * 40000)::bigint] END,
    md5(n::text), sha256(int8send($1 + n))
FROM (SELECT n, random() < 0.2 AS searched, (random() * random() * 3000)::int AS person
      FROM generate_series(1::bigint, $4) n) drawn"""
INDEXES = (
    "CREATE INDEX usage_line_customers ON usage_line USING gin (customers)",
    "CREATE INDEX usage_line_user ON usage_line (user_id, occurred_at)",
    "CREATE INDEX usage_line_searches ON usage_line USING gin (words) WHERE sealed IS NOT NULL",
)
Question = Callable[[Work, Random], Awaitable[Sequence[Any]]]


async def measure(house: House, effort: Effort) -> Report:
    """The questions among one line in a hundred and among all, and the writer against inserts by hand."""
    await house.end("access")
    parts = house.service("access").parts
    try:
        return await measure_log(parts, house.database_url("access"), effort)
    finally:
        await parts.engine.dispose()
        await house.restart("access")


async def measure_log(parts: Parts, owner_url: str, effort: Effort) -> Report:
    """The same, in any database of the access service."""
    owner = await asyncpg.connect(owner_url, server_settings={"synchronous_commit": "off"})
    many, few = effort.of(effort.lines), max(MONTHS, effort.of(effort.lines) // SHARE)
    writing = await _writing(parts, owner, effort)
    answers: dict[int, dict[str, list[float]]] = {}
    begun = 0
    for size in (few, many):
        await _fill(owner, begun, size, customers=max(10, many // 50))
        answers[size] = await _answers(parts, many, effort)
        begun = size
    bytes_each = await _bytes(owner) / many
    await owner.close()
    return _report(few, many, answers, writing, bytes_each)


def _report(
    few: int,
    many: int,
    answers: dict[int, dict[str, list[float]]],
    writing: dict[str, list[float]],
    bytes_each: float,
) -> Report:
    report = Report(f"The usage log: {many:,} lines".replace(",", " "))
    rows = []
    for question in answers[many]:
        (few_50, few_95), (many_50, many_95) = (
            [percentile(answers[size][question], percent) * MILLI for percent in (50, 95)] for size in (few, many)
        )
        rows.append([question, f"{few_50:.1f}", f"{few_95:.1f}", f"{many_50:.1f}", f"{many_95:.1f}"])
        report.figures.append(
            Figure(
                f"{question}: p95, and how it grows with a hundred times the lines",
                f"at most {ANSWER_MS} ms, or {GROWTH} times",
                f"{many_95:.1f} ms, {many_95 / few_95:.1f} times",
                many_95 <= ANSWER_MS or many_95 / few_95 <= GROWTH,
            )
        )
    columns = ["question", f"p50 ms, {few} lines", "p95 ms", f"p50 ms, {many} lines", "p95 ms"]
    report.tables.append(Table("A page of answers, from the statement to its rows", columns, rows))
    ours, raw = Spread(tuple(writing["ours"])), Spread(tuple(writing["by hand"]))
    report.figures.append(
        Figure(
            "lines a second into the chain",
            f"at least {WRITING}, several times what such a machine answers",
            f"{ours:.0f}",
            ours.median >= WRITING,
        )
    )
    report.tables.append(
        Table(
            "Writing",
            ["what", "lines a second"],
            [
                ["the chain's writer, batches of 50", f"{ours:.0f}"],
                ["by hand, the same batches", f"{raw:.0f}"],
                ["ours/by hand", f"{ours.over(raw):.2f}"],
            ],
        )
    )
    report.tables.append(Table("Size", ["what", "bytes"], [["a line with its indexes", f"{bytes_each:.0f}"]]))
    report.notes += [
        f"Synthetic lines over {MONTHS} months, made by SQL; users, customers and names as frequent as they are.",
        "By hand: the same rows by asyncpg, one transaction a batch; no lock, no hash, no numbers.",
    ]
    return report


async def _fill(owner: Any, begun: int, size: int, customers: int) -> None:
    """Adds lines up to that many, spread over the months; indexes are made after them, which is far quicker."""
    for index in ("usage_line_customers", "usage_line_user", "usage_line_searches"):
        await owner.execute(f"DROP INDEX {index}")
    now = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    each = (size - begun) // MONTHS
    for number in range(MONTHS):
        months = now.year * 12 + now.month - 1 - (MONTHS - number)
        month = now.replace(year=months // 12, month=months % 12 + 1)
        await owner.execute("SELECT make_usage_month($1)", month)
        await owner.execute(
            FILL, begun + number * each, month, timedelta(days=27), each, float(customers), timeout=3600
        )
    for index in INDEXES:
        await owner.execute(index, timeout=7200)
    await owner.execute("VACUUM ANALYZE usage_line", timeout=3600)


async def _answers(parts: Parts, lines: int, effort: Effort) -> dict[str, list[float]]:
    """How long each of some pages of answers took, by question."""
    questions: dict[str, Question] = {
        "who saw this customer": lambda work, random: repository.lines_of_customer(
            work, [_md5(f"customer {int(random.random() * random.random() * max(10, lines // 50))}")], None, 40
        ),
        "what did this user see": lambda work, random: repository.lines_of_user(
            work, str(_md5(f"user {int(random.random() * random.random() * 3000)}")), None, 40
        ),
        "who searched this name": lambda work, random: repository.searches(work, _name(random), None, 40),
        "who searched this common family name": lambda work, random: repository.searches(
            work, [1_000_000 + int(random.random() * 5)], None, 40
        ),
    }
    found: defaultdict[str, list[float]] = defaultdict(list)
    random = Random(1)
    for _ in range(effort.of(ASKED)):
        for name, question in questions.items():
            async with parts.unit_of_work.begin(OFFICER, Cause("bench", "bench"), request=FindUsageByUser) as work:
                begun = stopwatch()
                await question(work, random)
                found[name].append(stopwatch() - begun)
    return found


def _name(random: Random) -> list[int]:
    return [int(random.random() ** 3 * 20000), 1_000_000 + int(random.random() ** 3 * 40000)]


def _md5(text: str) -> UUID:
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


async def _writing(parts: Parts, owner: Any, effort: Effort) -> dict[str, list[float]]:
    """Lines a second into the chain, and by plain inserts into a table like it, in turns."""
    told = {row["line"]: row["last"] for row in await owner.fetch("SELECT line, last FROM usage_sender")}
    numbers = {number: told.get(line("customer", number), 0) for number in range(LINES)}
    count = effort.of(WRITTEN)
    months = datetime.now(UTC)
    await owner.execute("SELECT make_usage_month($1)", months)
    await owner.execute("DROP TABLE IF EXISTS by_hand")
    await owner.execute("CREATE TABLE by_hand (LIKE usage_line INCLUDING ALL)")
    columns = (*HASHED, "hash")
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    insert = f"INSERT INTO by_hand ({', '.join(columns)}) VALUES ({places})"
    rates: dict[str, list[float]] = {"ours": [], "by hand": []}
    await owner.execute("SET synchronous_commit = on")
    for _ in range(effort.rounds):
        told = [_told(numbers, number) for number in range(count)]
        begun = stopwatch()
        for first in range(0, count, BATCH):
            await keep_usage(parts, told[first : first + BATCH])
        rates["ours"].append(count / (stopwatch() - begun))
        rows = [_row(*each) | {"position": number, "hash": bytes(32)} for number, each in enumerate(told)]
        values = [[row[name] for name in columns] for row in rows]
        begun = stopwatch()
        for first in range(0, count, BATCH):
            await owner.executemany(insert, values[first : first + BATCH])
        rates["by hand"].append(count / (stopwatch() - begun))
        await owner.execute("TRUNCATE by_hand")
    await owner.execute("SET synchronous_commit = off")
    await owner.execute("DROP TABLE by_hand")
    return rates


def _told(numbers: dict[int, int], number: int) -> Told:
    numbers[number % LINES] += 1
    event = CustomerDataUsed(
        line=line("customer", number % LINES),
        outcome="done",
        act="view",
        request="customer.get_customer.v1",
        user=f"user {number % 100}",
        organisation="837",
        role="integration_expert",
        customers=(uuid7(),),
        data=("identity", "language", "relationship"),
        words=(number,),
    )
    fact = uuid7()
    envelope = Envelope(
        id=fact,
        factid=fact,
        source="/koto/customer",
        type=event.TYPE,
        subject=event.line,
        time=datetime.now(UTC),
        dataschema=schema_urn(event.TYPE),
        subjectsequence=numbers[number % LINES],
        correlationid="bench",
        causationid="bench",
        actor="837/user",
        data={},
    )
    return envelope, event


async def _bytes(owner: Any) -> float:
    """What all lines and their indexes take."""
    sizes = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('usage_line') WHERE isleaf"
    return float(await owner.fetchval(sizes))
