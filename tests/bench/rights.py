"""What rights cost: the decision and its conditions on a request, and the conditions on lists."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import true

from contracts.customer.people import GetCustomerCards
from contracts.customer.search import SearchCustomers
from contracts.envelope import Request
from services.customer.handlers.people import get_customer_cards
from services.customer.handlers.search import search_customers
from services.customer.repository import reach, search
from services.kit.actor import Actor
from services.kit.parts import Parts
from services.kit.work import Cause
from tests.bench import without
from tests.bench.house import EXPERT, House
from tests.bench.measured import MILLI, Effort, Figure, Report, Spread, Table, percentile
from tests.bench.requests import CONNECTIONS, Side, _take_away, _turn
from tests.bench.search import FEW, fill

REQUESTS_AIM, LISTS_AIM = 0.9, 1.2
POLICY = "policy decided and conditions of SQL"
SHARE_OF_RIGHTS = ("none: all promises kept", POLICY, "border", "usage log")
LISTS_A_ROUND = 60


async def measure(house: House, effort: Effort) -> Report:
    """Requests with and without, and lists under every kind of right."""
    report = Report("Rights and the usage log")
    await _requests(house, effort, report)
    await fill(house, effort.of(FEW))
    await _lists(house, effort, report)
    return report


async def _requests(house: House, effort: Effort, report: Report) -> None:
    """A read with all promises kept, and in turns without one of them."""
    for name in ("gateway", "customer"):
        await house.restart(name, ["tests.bench.without"], {without.FILE: str(house.home / "without")})
    side = Side(house.stack.ports["gateway"], (house.programs["gateway"].pid or 0, house.programs["customer"].pid or 0))
    customer_id = await house.open_customer()
    headers = await house.headers()
    read = {"label": "read", "method": "GET", "path": f"/api/v1/customers/{customer_id}", "headers": headers}
    table = []
    rates: dict[str, list[float]] = {name: [] for name in SHARE_OF_RIGHTS}
    for _ in range(2 * effort.rounds):
        for name in SHARE_OF_RIGHTS:
            _take_away(house, name)
            turn = await _turn(house, side, [read], CONNECTIONS[-1], effort)
            rates[name].append(turn.answers.rate)
    spreads = {name: Spread(tuple(each)) for name, each in rates.items()}
    kept = spreads[SHARE_OF_RIGHTS[0]]
    for name, spread in spreads.items():
        table.append([name, f"{spread:.0f}", f"{kept.over(spread):.2f}"])
    share = kept.over(spreads[POLICY])
    report.figures.append(
        Figure(
            "requests/s with the policy's decision and conditions, against without",
            f"at least {REQUESTS_AIM} times",
            f"{share:.2f} times",
            share.median >= REQUESTS_AIM,
        )
    )
    columns = ["taken away", "requests/s", "all kept/this"]
    report.tables.append(Table(f"Reading a customer, {CONNECTIONS[-1]} connections, in turns", columns, table))
    for name in ("gateway", "customer"):
        await house.restart(name)


async def _lists(house: House, effort: Effort, report: Report) -> None:
    """Searches and cards under an unlimited right, under the narrowest, and with no condition at all."""
    parts = house.service("customer").parts
    found = await house.rows(
        "customer", "SELECT customer_id FROM client_relationship WHERE municipality = '091' AND ended_on IS NULL"
    )
    ids: list[UUID] = [row["customer_id"] for row in found]
    expert = replace(EXPERT, organisation="091")
    actors = {
        "an expert's usual right": expert,
        "the same, 100 customers withheld": replace(expert, withheld=tuple(ids[:100])),
        "a right to 200 customers by name": replace(expert, customers=tuple(ids[-200:])),
        "the same, with withheld and emergencies": replace(
            expert, customers=tuple(ids[-200:]), withheld=tuple(ids[:100]), emergency=tuple(ids[100:120])
        ),
    }
    questions: dict[str, tuple[Request[Any], Any]] = {
        "a search by name": (SearchCustomers(name="Mohamed"), search_customers),
        "cards of 100": (GetCustomerCards(customer_ids=tuple(ids[-100:])), get_customer_cards),
    }
    bare = "no condition"
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(effort.rounds):
        for what, (question, handler) in questions.items():
            for name, actor in {bare: expert, **actors}.items():
                with ExitStack() as patched:
                    for module in (reach, search) if name == bare else ():
                        patched.enter_context(patch.object(module, "within", lambda *_: true()))
                    times = await _timed(parts, question, handler, actor)
                taken.setdefault((what, name), []).append(percentile(times, 95))
    table = []
    for what in questions:
        without_any = Spread(tuple(taken[what, bare]))
        for name in (bare, *actors):
            spread = Spread(tuple(each * MILLI for each in taken[what, name]))
            ratio = Spread(tuple(taken[what, name])).over(without_any)
            table.append([what, name, f"{spread:.1f}", f"{ratio:.2f}"])
            if name != bare:
                report.figures.append(
                    Figure(
                        f"p95 of {what} under {name}, against no condition",
                        f"at most {LISTS_AIM} times",
                        f"{ratio:.2f} times",
                        ratio.median <= LISTS_AIM,
                    )
                )
    columns = ["list", "under", "p95 ms", "against no condition"]
    report.tables.append(Table("Lists in the customer service, one at a time", columns, table))
    report.notes.append("The condition of the municipality itself is part of every search: its baseline keeps it.")
    await parts.engine.dispose()


async def _timed(parts: Parts, question: Request[Any], handler: Any, actor: Actor) -> list[float]:
    times = []
    for _ in range(LISTS_A_ROUND):
        began = time.perf_counter()
        async with parts.unit_of_work.begin(actor, Cause("bench", "bench"), request=type(question)) as work:
            await handler(question, work)
            work.used.clear()  # that is another bench's
        times.append(time.perf_counter() - began)
        await asyncio.sleep(0)
    return times
