"""The customer service is killed half way through operations on many rows: they go on, and every row is done once."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from contracts.access.rights import user_number
from tests.faults.house import Faulty, Load
from tests.faults.test_faults import faulty  # noqa: F401 - a fixture
from tests.support import eventually, now

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
ROWS, CUSTOMERS = 2500, 300
"""Of a file that is handed on in three parts, and worked off in ten chunks; and of an assignment, in two."""
Ask = Callable[..., Awaitable[tuple[int, Any]]]


def asking(session: aiohttp.ClientSession) -> Ask:
    """Asks by HTTP, with a key that makes the repetition one act with the first."""

    async def ask(method: str, path: str, key: str | None = None, **told: Any) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key or str(uuid4())}
        if "data" in told:
            headers["Content-Type"] = "text/csv"
        async with session.request(method, f"/api/v1{path}", headers=headers, **told) as answer:
            return answer.status, await answer.json()

    return ask


async def worked_off(ask: Ask, operation_id: str) -> dict[str, Any]:
    """The operation when it is over."""
    path = f"/operations/{operation_id}"

    async def over() -> dict[str, Any] | None:
        status, told = await ask("GET", path)
        return told if status == 200 and told["state"] == "done" else None

    return await eventually(over, within=60, what="the end of the operation")


async def test_an_import_killed_half_way_goes_on_and_every_row_is_there_once(faulty: Faulty) -> None:  # noqa: F811
    load = await faulty.prepare(Load)
    first = f"{now().year - 1}-06-01"
    lines = [f"Rivi,{_letters(row)},1990-01-01,home_care_allowance,{first}" for row in range(ROWS)]
    file = "\n".join(["family_name,given_name,date_of_birth,ground,first_permit_on", *lines]).encode()
    authorized = {"Authorization": f"Bearer {load.token}"}
    async with aiohttp.ClientSession(load.url, headers=authorized) as session:
        ask = asking(session)

        async def send() -> tuple[int, Any]:
            return await ask("POST", "/outreach/imports?source=benefit_institution", "import", data=file)

        await faulty.die_in("adding_rows", after=1)
        begun = await send()
        await faulty.came_back()
        # the broker may have given the rows to the process that came back, within their deadline: then all is well
        assert begun[0] in (202, 503)
        await faulty.die_in("settling_rows", after=3)
        status, told = await send()
        assert status == 202
        await faulty.came_back()
        [(settled,)] = await faulty.rows("customer", "SELECT count(*) FROM operation_row WHERE state = 'done'")
        done = await worked_off(ask, told["operation_id"])

    assert settled >= 750
    assert (done["total"], done["done"], done["rejected"], done["outcomes"]) == (ROWS, ROWS, 0, {"made": ROWS})
    assert len(await faulty.rows("customer", "SELECT FROM operation")) == 1
    names = [row[0] for row in await faulty.rows("customer", "SELECT given_name FROM outreach_target ORDER BY 1")]
    assert names == sorted(_letters(row) for row in range(ROWS))


@pytest.mark.skipif(not os.environ.get("KOTO_TEST_LONG"), reason="the import's rows are worked off by the same code")
async def test_an_assignment_killed_half_way_goes_on_and_each_customer_has_one_change(
    faulty: Faulty,  # noqa: F811
) -> None:
    load = await faulty.prepare(Load)
    authorized = {"Authorization": f"Bearer {load.token}"}
    async with aiohttp.ClientSession(load.url, headers=authorized) as session:
        ask = asking(session)

        async def open_one(row: int) -> str:
            person = {"name": {"family": "Rivi", "given": _letters(row)}, "date_of_birth": "1990-01-01"}
            _, opened = await ask("POST", "/customers", json={"person": person, "arrival": "moved"})
            return str(opened["customer_id"])

        ids: list[str] = []
        for first in range(0, CUSTOMERS, 10):
            ids += await asyncio.gather(*map(open_one, range(first, first + 10)))
        body = {"customer_ids": ids, "responsible": str(user_number("expert@tampere")), "why": "A new area"}
        await faulty.die_in("settling_rows", after=1)
        status, begun = await ask("POST", "/customers/assign", json=body)
        assert status == 202
        await faulty.came_back()
        done = await worked_off(ask, begun["operation_id"])

    assert (done["total"], done["done"], done["outcomes"]) == (CUSTOMERS, CUSTOMERS, {"assigned": CUSTOMERS})
    versions = await faulty.rows("customer", "SELECT version, count(*) FROM customer GROUP BY 1")
    lines = "SELECT count(*), count(DISTINCT customer_id) FROM customer_history WHERE why = 'A new area'"
    assert [tuple(row) for row in versions] == [(2, CUSTOMERS)]
    assert [tuple(row) for row in await faulty.rows("customer", lines)] == [(CUSTOMERS, CUSTOMERS)]


def _letters(number: int) -> str:
    """A name of its own for each row: names have no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}").capitalize()
