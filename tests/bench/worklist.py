"""How long a page of a worklist takes among few and among many customers, under load."""

from collections import defaultdict
from typing import Any

import aiohttp
import asyncpg

from contracts.access.rights import user_number
from tests.bench.house import House
from tests.bench.measured import MILLI, Effort, Figure, Report, Spread, Table, load, percentile
from tests.bench.search import LARGE, fill

FEW, MANY = 10_000, 100_000
AIM = 1.5
CONNECTIONS = 8
FEW_DATABASE = "koto_plan_few"
USER = f"expert@{LARGE[0]}"
_WAYS = {
    "all": "/worklist",
    "all, the next page": "/worklist?cursor={cursor}",
    "mine": "/worklist?responsible=me",
    "nobody's": "/worklist?responsible=none",
    "a team's": "/worklist?team={team}",
    "of a kind": "/worklist?kind=plan_review",
    "of a rare kind": "/worklist?kind=transfer_review",
    "of a month": "/worklist?due_from=2027-03-01&due_until=2027-03-31",
    "mine, of a kind": "/worklist?responsible=me&kind=plan_review",
}
_KNOWN = """
SELECT customer_id, municipality FROM client_relationship JOIN customer USING (customer_id)
WHERE ended_on IS NULL AND merged_into IS NULL
"""
_TEAM = "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11"
_FILL = """
CREATE TEMPORARY TABLE told AS
SELECT customer_id, municipality, abs(hashtext(customer_id::text)) AS chance
FROM unnest($1::uuid[], $2::text[]) AS known (customer_id, municipality)
"""
_ROWS = f"""
INSERT INTO customer_view (customer_id, sequence, open_municipalities)
SELECT customer_id, 1, array_agg(municipality) FROM told GROUP BY 1 ON CONFLICT DO NOTHING;

INSERT INTO due_case (customer_id, computed_on)
SELECT DISTINCT customer_id, current_date FROM told ON CONFLICT DO NOTHING;

-- a third waits for its assessment, the others have a plan; one in a hundred came by a transfer; an expert has thirty
INSERT INTO due_date (customer_id, municipality, kind, matter_id, due_on, statutory, law_version, responsible,
    settings_version)
SELECT customer_id, municipality, kind, gen_random_uuid(), date '2026-01-01' + (chance / 7 + place * 97) % 1000,
    kind NOT IN ('assessment_start', 'transfer_review'), '2025-01-01',
    CASE chance % 40 WHEN 0 THEN NULL WHEN 1 THEN '{user_number(USER)}'
        ELSE md5(municipality || chance / 40 % 60)::uuid END,
    0
FROM told, LATERAL (
    SELECT unnest(CASE WHEN chance % 3 = 0 THEN ARRAY['assessment_start', 'assessment_latest', 'plan_latest']
        WHEN chance % 100 = 1 THEN ARRAY['plan_review', 'plan_maximum', 'transfer_review']
        ELSE ARRAY['plan_review', 'plan_maximum', 'referral'] END) AS kind,
        generate_series(1, 3) AS place
) AS due
ON CONFLICT DO NOTHING;

INSERT INTO team_view (team_id, sequence, organisation, members, ended)
SELECT '{_TEAM}', 1, '{LARGE[1]}',
    array_agg(DISTINCT responsible) FILTER (WHERE abs(hashtext(responsible::text)) % 10 = 0), false
FROM due_date WHERE municipality = '{LARGE[1]}' ON CONFLICT DO NOTHING;
DROP TABLE told;
ANALYZE;
"""


async def measure(house: House, effort: Effort) -> Report:
    """The same pages from a database of few and one of many due dates, in turns."""
    few, many = effort.of(FEW), effort.of(MANY)
    await fill(house, few)
    await house.end("plan")
    owner = house.database_url("plan")
    await _note(house, owner)
    administrator = await asyncpg.connect(house.stack.database.url)
    await administrator.execute(f"CREATE DATABASE {FEW_DATABASE} TEMPLATE koto_plan OWNER koto_plan_owner")
    await administrator.close()
    await fill(house, many, begun=few)
    await _note(house, owner)
    answers: defaultdict[tuple[int, str], list[list[float]]] = defaultdict(list)
    shown: dict[tuple[int, str], int] = {}
    url = house.stack.environments()["plan"]["KOTO_DATABASE_URL"]
    for _ in range(effort.rounds):
        for size, database in ((few, FEW_DATABASE), (many, "koto_plan")):
            told = {"KOTO_DATABASE_URL": f"{url.rpartition('/')[0]}/{database}"}
            await house.restart("plan", told=told)
            for way, requests, rows in await _requests(house):
                times = {"seconds": effort.seconds, "warm_up": min(1.0, effort.seconds)}
                found = await load(house.stack.ports["gateway"], requests, connections=CONNECTIONS, **times)
                answers[size, way].append([each for took in found.latencies.values() for each in took])
                shown[size, way] = rows
    await house.restart("plan", told={"KOTO_DATABASE_URL": url})
    return _report(few, many, answers, shown)


def _report(
    few: int, many: int, answers: dict[tuple[int, str], list[list[float]]], shown: dict[tuple[int, str], int]
) -> Report:
    def spread(size: int, way: str) -> Spread:
        return Spread(tuple(percentile(each, 95) * MILLI for each in answers[size, way]))

    report = Report(f"Worklists: {few:_} and {many:_} customers, {CONNECTIONS} at once".replace("_", " "))
    ways = [way for size, way in answers if size == few]
    for way in ways:
        growth = spread(many, way).over(spread(few, way))
        report.figures.append(
            Figure(
                f"p95 of a page of the worklist, {way}, as an expert of {LARGE[0].title()}, many against few customers",
                f"at most {AIM} times",
                f"{growth:.2f} times",
                growth.median <= AIM,
            )
        )
    rows = [[way, *(f"{spread(size, way):.1f} ({shown[size, way]})" for size in (few, many))] for way in ways]
    report.tables.append(
        Table("p95 in milliseconds by HTTP (in brackets: rows on the page)", ["list", str(few), str(many)], rows)
    )
    report.notes.append("Names are fetched for each page, from the same customer service for few and many.")
    return report


async def _note(house: House, url: str) -> None:
    """Makes the due dates of the customers that there are, in a database of the plan service."""
    known = await house.rows("customer", _KNOWN)
    connection = await asyncpg.connect(url)
    await connection.execute(_FILL, [row["customer_id"] for row in known], [row["municipality"] for row in known])
    await connection.execute(_ROWS)
    await connection.close()


async def _requests(house: House) -> list[tuple[str, list[dict[str, Any]], int]]:
    """For each way of looking the request, and how many rows its page shows."""
    headers, root = await house.headers(USER), "/api/v1"
    found = []
    async with aiohttp.ClientSession(house.stack.gateway_url, headers=headers, raise_for_status=True) as session:
        async with session.get(f"{root}/worklist") as answer:
            cursor = (await answer.json())["next_cursor"]
        for way, path in _WAYS.items():
            path = root + path.format(cursor=cursor, team=_TEAM)
            async with session.get(path) as answer:
                rows = len((await answer.json())["items"])
            found.append((way, [{"label": way, "method": "GET", "path": path, "headers": headers}], rows))
    return found
