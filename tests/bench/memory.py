"""How much memory all services take in one process, as `./koto up` starts them."""

import asyncio
import json
from dataclasses import replace

import psutil

from deploy.local.program import Program
from tests.bench.house import UNLIMITED, House
from tests.bench.measured import Effort, Figure, Report, Table, load
from tests.support import eventually

MOST = 200


async def measure(house: House, effort: Effort) -> Report:
    """After the start, and after a thousand requests and more."""
    for name in house.stack.environments():
        await house.end(name)
    together = await _start_together(house)
    rows = [["after the start", *_megabytes(together)]]
    customers = [await house.open_customer() for _ in range(effort.of(100))]
    headers = await house.headers()
    requests = [
        {"label": "read", "method": "GET", "path": f"/api/v1/customers/{each}{more}", "headers": headers}
        for each in customers
        for more in ("", "/history", "/assessments")
    ]
    for _ in range(effort.rounds):
        answers = await load(house.stack.ports["gateway"], requests, connections=16, seconds=effort.seconds)
    rows.append([f"after {effort.rounds} loads of about {answers.answered} requests", *_megabytes(together)])
    await asyncio.to_thread(together.stop)
    for name in house.stack.environments():
        await house.restart(name)
        rows.append([f"{name} alone, in a process of its own", *_megabytes(house.programs[name])])
    resident = float(rows[1][2])
    figure = Figure(
        f"memory of all {len(house.stack.environments())} services in one process, after load",
        f"under {MOST} MB",
        f"{resident:.0f} MB",
        resident < MOST,
    )
    title = "Megabytes of memory: resident (RSS), and with its share of what others use too (PSS)"
    return Report("Memory", [figure], [Table(title, ["when", "PSS", "RSS"], rows)])


async def _start_together(house: House) -> Program:
    environments = house.stack.environments()
    port = str(house.stack.ports["operations_customer"])
    told = {name: variables | UNLIMITED | {"KOTO_OPERATIONS_PORT": port} for name, variables in environments.items()}
    together = replace(
        house.programs["customer"],
        name="services",
        module=["deploy.local.serve"],
        ready_urls=[f"http://127.0.0.1:{port}/readyz", f"{house.stack.gateway_url}/readyz"],
        environment={"KOTO_ENVIRONMENTS": json.dumps(told)},
    )
    await asyncio.to_thread(together.start)
    await eventually(lambda: asyncio.to_thread(together.is_ready), within=30, what="all services ready")
    return together


def _megabytes(program: Program) -> tuple[str, str]:
    used = psutil.Process(program.pid).memory_full_info()
    return f"{used.pss / 1e6:.0f}", f"{used.rss / 1e6:.0f}"
