"""The same people by both paths: through the handlers in a running house, and by the bulk path into fresh databases."""

import importlib
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from deploy.seed import bulk, handlers, ledger
from deploy.seed.people import Life, lives
from services.kit.field_encryption import FieldEncryption
from services.kit.parts import Parts
from tests.support import TIME_SCALE, House, TestDatabases, Vhost, environment, settings_for

pytestmark = [pytest.mark.broker, pytest.mark.database]

PEOPLE, SEED = 300, 3
SERVICES = ("customer", "assessment")
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WHEN_HEARD = re.compile(r'"created_at": "[^"]+"')
"""Of an assessment, in its events: by the clock of the running service."""

NOT_COMPARED = {
    ("customer", "assessment_view", "created_at"): "when the running service heard of it, by its own clock",
    ("customer", "outbox", "published_at"): "when the relay came to it",
    ("assessment", "outbox", "published_at"): "when the relay came to it",
    ("assessment", "outbox", "occurred_at"): "when the running service heard of it, by its own clock",
    ("assessment", "inbox", "claimed_at"): "when the running service heard of it, by its own clock",
    ("assessment", "assessment", "created_at"): "when the running service heard of it, by its own clock",
    ("assessment", "assessment", "changed_at"): "when the running service heard of it, by its own clock",
}
"""Of these columns only whether there is a value."""
WITHOUT_TRACE = {("assessment", "outbox", "traceparent"): "the trace of a delivery, and in bulk nothing is delivered"}

TABLES = [
    (service, table.name)
    for service in SERVICES
    for table in importlib.import_module(f"services.{service}.tables").BACKBONE.metadata.sorted_tables
]
Row = dict[str, Any]


@dataclass(frozen=True)
class Left:
    """What a path left: the rows of every table of both services, their random ids renamed by what they stand for."""

    rows: dict[tuple[str, str], list[Row]]


@pytest_asyncio.fixture(scope="module")
async def lived(databases: TestDatabases) -> AsyncIterator[Left]:
    """What the handlers, the relay, the broker and the assessment service leave."""
    vhost = await Vhost.create(
        environment("KOTO_TEST_MANAGEMENT_URL"), environment("KOTO_TEST_RABBITMQ_URL"), TIME_SCALE
    )
    async with House(vhost, databases) as house:
        customer = house.services["customer"].parts
        people = list(lives(PEOPLE, seed=SEED))
        for acts in range(1, max(len(life.acts) for life in people) + 1):
            await handlers.live(customer, _until(people, acts), await _begun(customer), seed=SEED)
            await house.settle(within=60)  # each act is heard of before the next: in a hurry two could cross
        yield await _left(customer, house.services["assessment"].parts)
    await vhost.remove()


@pytest_asyncio.fixture(scope="module")
async def written(databases: TestDatabases) -> AsyncIterator[Left]:
    """What the bulk path leaves in fresh databases."""
    customer, assessment = [await _parts(service, databases) for service in SERVICES]
    await bulk.write(customer, assessment, lives(PEOPLE, seed=SEED), {}, seed=SEED, now=datetime.now(UTC))
    yield await _left(customer, assessment)
    for parts in (customer, assessment):
        await parts.engine.dispose()


@pytest.mark.parametrize(("service", "table"), TABLES, ids=lambda each: each)
def test_a_table_has_the_same_rows_by_both_paths(lived: Left, written: Left, service: str, table: str) -> None:
    expected, found = lived.rows[service, table], written.rows[service, table]
    assert len(found) == len(expected)
    for one, other in zip(expected, found, strict=True):
        assert one == other


def test_among_the_people_compared_is_every_kind_of_life(lived: Left) -> None:
    events = {row["type"] for service in SERVICES for row in lived.rows[service, "outbox"]}
    assert events == {"customer.opened.v1", "customer.changed.v1", "customer.closed.v1", "assessment.changed.v2"}
    history = lived.rows["customer", "customer_history"]
    changed = {row["field"] for row in history if row["previous"] is not None or row["version"] > 1}
    assert changed >= {"name", "contact", "service_language", "personal_identity_code", "first_residence_permit"}
    assert any(row["former"] for row in lived.rows["customer", "customer_name"])
    assert {row["status"] for row in lived.rows["assessment", "assessment"]} == {"to_start", "withdrawn"}


def _until(people: Iterable[Life], acts: int) -> Iterable[Life]:
    return (replace(life, acts=life.acts[:acts]) for life in people)


async def _begun(customer: Parts) -> dict[int, ledger.Begun]:
    async with ledger.opened(customer) as connection:
        return await ledger.begun(connection, SEED)


async def _parts(service: str, databases: TestDatabases) -> Parts:
    nowhere = Vhost("none", "", "amqp://nobody:none@127.0.0.1:1", dict.fromkeys(SERVICES, "none"))
    module = importlib.import_module(f"services.{service}.main")
    parts: Parts = module.build(settings_for(service, nowhere, await databases.new(service))).parts
    return parts


async def _left(customer: Parts, assessment: Parts) -> Left:
    rows: dict[tuple[str, str], list[Row]] = {}
    for parts in (customer, assessment):
        async with ledger.opened(parts) as connection:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (table,) in tables:
                if table != "alembic_version":
                    found = await connection.fetch(f'SELECT * FROM "{table}"')
                    rows[parts.name, table] = [dict(row) for row in found]
    _decrypt(rows, customer.unit_of_work.encryption)
    names = _names(rows)
    return Left({key: _comparable(key, found, names) for key, found in rows.items()})


def _decrypt(rows: dict[tuple[str, str], list[Row]], encryption: FieldEncryption) -> None:
    for row in rows["customer", "customer"]:
        if row["personal_identity_code"]:
            row["personal_identity_code"] = encryption.decrypt(row["personal_identity_code"], row["customer_id"])
    for row in rows["customer", "customer_history"]:
        if row["field"] == "personal_identity_code":
            for side in ("previous", "new"):
                if stored := re.fullmatch(r'(.*"value": ")([^"]+)(".*)', row[side] or ""):
                    row[side] = stored[1] + encryption.decrypt(stored[2], row["id"]) + stored[3]


def _names(rows: dict[tuple[str, str], list[Row]]) -> dict[UUID, str]:
    """What every random id stands for."""
    names: dict[UUID, str] = {}
    for row in rows["customer", "outbox"]:
        names[row["subject"]] = f"customer {row['correlation_id']}"
    for row in rows["assessment", "assessment"]:
        names[row["assessment_id"]] = f"assessment {names[row['customer_id']]} {row['municipality']}"
    for service in SERVICES:
        for row in rows[service, "outbox"]:
            names[row["id"]] = f"event {names[row['subject']]} {row['sequence']}"
    for table in ("client_relationship", "customer_history"):
        for index, row in _numbered(rows["customer", table], "customer_id", order="id"):
            names[row["id"]] = f"{table} {index} of {names[row['customer_id']]}"
    return names


def _numbered(rows: list[Row], within: str, *, order: str) -> Iterable[tuple[int, Row]]:
    """The rows with their places among those of the same subject."""
    seen: dict[Any, int] = {}
    for row in sorted(rows, key=lambda row: row[order]):
        seen[row[within]] = seen.get(row[within], 0) + 1
        yield seen[row[within]], row


def _comparable(key: tuple[str, str], rows: list[Row], names: dict[UUID, str]) -> list[Row]:
    if key[1] == "outbox":  # where an event stands among all people's is chance; among its subject's it is not
        for index, row in _numbered(rows, "subject", order="position"):
            row["position"] = index
    for row in rows:
        for column, value in row.items():
            if (*key, column) in WITHOUT_TRACE:
                value = None
            row[column] = value is not None if (*key, column) in NOT_COMPARED else _renamed(value, names)
    return sorted(rows, key=str)


def _renamed(value: Any, names: dict[UUID, str]) -> Any:
    if isinstance(value, UUID):
        return names[value]
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if isinstance(value, str):
        value = UUIDS.sub(lambda found: names[UUID(found[0])], value)
        return WHEN_HEARD.sub('"created_at": "heard"', value)
    return value
