"""No request reads all rows about people, however many there are: what it asks for is found by an index."""

import json
from collections.abc import Iterator
from contextvars import ContextVar
from importlib import import_module
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from contracts.topology import SERVICES
from services.kit.border import BEYOND
from tests.leaks.asking import world
from tests.leaks.conftest import Leaky
from tests.leaks.doors import DOORS
from tests.leaks.expected import told_apart
from tests.leaks.standings import ROLES
from tests.support import environment

pytestmark = [pytest.mark.database, pytest.mark.broker]

MANY = 1_000_000.0
_ASKED: ContextVar[bool] = ContextVar("asked", default=False)
"""Whether a statement is run for a request of a test."""
_BORDER = "koto.municipality"
ASKING = [each.name for each in SERVICES if any(door.service == each.name for door in DOORS)]


@pytest.mark.parametrize("service", ASKING)
async def test_no_request_reads_all_rows_about_people(planted: Leaky, service: str) -> None:
    asked = await _statements(planted, service)
    tables = _about_people(service)
    engine = planted.house.services[service].parts.engine
    url = environment("KOTO_TEST_POSTGRES_URL").rpartition("/")[0]
    connection = await asyncpg.connect(f"{url}/{engine.url.database}")
    try:
        # a planner that believes in many rows plans as it would among them; undone with the transaction
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "UPDATE pg_class SET reltuples = $1, relpages = 1"
            " WHERE relname = ANY($2) AND pg_relation_size(oid) > 0",  # an empty one it takes to have some anyway
            MANY,
            sorted(tables),
        )
        for way in ("seqscan", "hashjoin", "mergejoin"):  # what can be looked up by an index, is
            await connection.execute(f"SET LOCAL enable_{way} = off")
        await connection.execute(f"SET LOCAL ROLE {engine.url.username}")
        found = [
            f"{table}, all of it: {statement}"
            for statement, (values, here) in asked.items()
            for table in _read_whole(await _plan(connection, statement, values, here), tables)
        ]
        await transaction.rollback()
    finally:
        await connection.close()
    assert asked
    assert not found, "\n\n".join(found)


async def _statements(planted: Leaky, service: str) -> dict[str, tuple[tuple[Any, ...], str]]:
    """Each statement that some door's request runs, with the values of one time, and the border it was within."""
    found: dict[str, tuple[tuple[Any, ...], str]] = {}
    here = BEYOND

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        nonlocal here
        if not _ASKED.get():
            return  # what the service does of itself, such as counting for its metrics
        if _BORDER in values:
            here = values[values.index(_BORDER) + 1]
        elif not many and statement.startswith(("SELECT", "UPDATE", "WITH", "INSERT")):  # to erase is rare
            found.setdefault(statement, (tuple(values), here))

    engine = planted.house.services[service].parts.engine.sync_engine
    async with world(planted.house, service) as here_and_now:
        _ASKED.set(True)
        event.listen(engine, "before_cursor_execute", note)
        try:
            for door in (each for each in DOORS if each.service == service):
                for role in told_apart(ROLES, door):
                    for case in list(planted.cases(door, role, main_only=True))[:3]:
                        await here_and_now.ask(door.ask(case.person), case.actor)
        finally:
            event.remove(engine, "before_cursor_execute", note)
            _ASKED.set(False)
    return found


def _about_people(service: str) -> set[str]:
    tables = import_module(f"services.{service}.tables").METADATA.sorted_tables
    people = {each.name for each in tables if {"customer_id", "customer_ids"} & set(each.c.keys())}
    return people - {"parked"}  # of which there are few, or somebody is at work on it


async def _plan(connection: asyncpg.Connection, statement: str, values: tuple[Any, ...], here: str) -> Any:
    await connection.execute("SELECT set_config($1, $2, true)", _BORDER, here)
    return json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values))[0]["Plan"]


def _read_whole(plan: dict[str, Any], tables: set[str], *, in_order: bool = False) -> Iterator[str]:
    """The tables of which a plan reads every row; not those that it reads in an index's order for a page."""
    if plan.get("One-Time Filter") == "false":
        return
    if plan.get("Relation Name") in tables:
        by_index = plan["Node Type"].startswith("Index") and ("Index Cond" in plan or in_order)
        if not by_index and not plan["Node Type"].startswith("Bitmap") and plan["Node Type"] != "ModifyTable":
            yield plan["Relation Name"]
    in_order = plan["Node Type"] == "Limit" or (in_order and plan["Node Type"] not in ("Sort", "Aggregate", "Hash"))
    for each in plan.get("Plans", ()):
        yield from _read_whole(each, tables, in_order=in_order)
