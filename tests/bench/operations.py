"""How long somebody waits for a list of 50 000 people to be imported, and for 300 customers to be assigned."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp

from contracts.access.rights import user_number
from deploy.seed.people import lives
from tests.bench.house import EXPERT, House
from tests.bench.measured import Effort, Figure, Report, Table
from tests.support import helsinki_today

ROWS, CUSTOMERS = 50_000, 300
MOST_SECONDS, SOME_SECONDS = 300, 10
SEED = 7
_API = "/api/v1"


async def measure(house: House, effort: Effort) -> Report:
    """Both, by HTTP, with the progress that was told on the way."""
    rows, customers = effort.of(ROWS), effort.of(CUSTOMERS)
    report = Report(f"Operations: {rows} rows imported, {customers} customers assigned")
    async with aiohttp.ClientSession(house.stack.gateway_url, headers=await house.headers(EXPERT.user)) as session:
        began = time.perf_counter()
        begun = await _sent(session, "/outreach/imports?source=benefit_institution", data=_file(rows), kind="text/csv")
        handed_on = time.perf_counter() - began
        imported, progress = await _followed(session, begun, began)
        ids = [await house.open_by(session) for _ in range(customers)]
        began = time.perf_counter()
        body = {"customer_ids": ids, "responsible": str(user_number(EXPERT.user))}
        begun = await _sent(session, "/customers/assign", json=body)
        assigned, _ = await _followed(session, begun, began)
    for what, aim, took in (
        (f"importing {rows} rows as a file, until the last is on the list", MOST_SECONDS, imported),
        (f"assigning {customers} customers, until the last is", SOME_SECONDS, assigned),
    ):
        report.figures.append(Figure(what, f"at most {aim} s", f"{took:.1f} s", took <= aim))
    told = [[f"{at:.1f}", str(done)] for at, done in progress]
    report.tables.append(Table("Progress of the import", ["seconds after it was sent", "rows done"], told))
    report.notes.append(
        f"The file was read and handed on in {handed_on:.1f} s; the rest of the time rows were checked."
    )
    return report


def _file(count: int) -> bytes:
    """People of every group, named with the mistakes that lists have: every hundredth row breaks a rule."""
    first = (helsinki_today() - timedelta(days=400)).isoformat()
    return "\n".join(["family_name,given_name,date_of_birth,ground,first_permit_on", *_lines(count, first)]).encode()


def _lines(count: int, first: str) -> Iterator[str]:
    for number, life in enumerate(lives(count, seed=SEED)):
        person: Any = life.acts[0].request.person  # type: ignore[union-attr]
        born = "unknown" if number % 100 == 0 else person.date_of_birth.isoformat()
        yield f'"{person.name.family}","{person.name.given}",{born},home_care_allowance,{first}'


async def _sent(session: aiohttp.ClientSession, path: str, *, kind: str = "application/json", **body: Any) -> str:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": kind}
    timeout = aiohttp.ClientTimeout(total=600)
    async with session.post(f"{_API}{path}", headers=headers, timeout=timeout, **body) as answer:
        answer.raise_for_status()
        return str((await answer.json())["operation_id"])


async def _followed(
    session: aiohttp.ClientSession, operation_id: str, began: float
) -> tuple[float, list[tuple[float, int]]]:
    """How long it took, and how much of it was done at some moments."""
    progress: list[tuple[float, int]] = []
    while True:
        async with session.get(f"{_API}/operations/{operation_id}?limit=1") as answer:
            told = await answer.json()
        at = time.perf_counter() - began
        if told["state"] == "done":
            return at, [*progress[:: max(1, len(progress) // 8)], (at, told["done"])]
        progress.append((at, told["done"] + told["rejected"]))
        await asyncio.sleep(0.2)
