"""The border between municipalities inside the database: it holds where a query forgot to."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.customer.background import ChangeBackground, Goal, Goals
from contracts.customer.contacts import ResolveContact, SetReceivingParty
from contracts.customer.duplicates import MergeCustomers
from contracts.customer.outreach import RecordOutreachAttempt
from services.customer.tables import METADATA
from services.customer.tables.people import CUSTOMER, CUSTOMER_NAME
from services.kit.actor import Actor, service_actor
from services.kit.migrate import drift
from services.kit.work import Cause, Work
from tests.customer.conftest import CODE, SISTER, CustomerService, closed, opening, relation, reporting
from tests.customer.transfers import hear_of_assessment, hear_of_plan, offering
from tests.customer.working import imported, listed, somebody
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, owner_url

pytestmark = pytest.mark.database
OF_OUTREACH = {"operation", "operation_row", "outreach_target", "outreach_attempt"}
OF_CONTACTS = {"contact", "contact_report", "contact_passing", "receiving_party"}
BORDERED = [
    table for table in METADATA.sorted_tables if "border" in table.info and table.name not in OF_OUTREACH | OF_CONTACTS
]


async def seen(customers: CustomerService, actor: Actor, table: Table) -> list[Any]:
    """What a query without any condition finds for this actor."""
    return await doing(customers, actor, lambda work: _all(work, table))


async def doing(customers: CustomerService, actor: Actor, act: Callable[[Work], Awaitable[Any]]) -> Any:
    async with customers.unit_of_work.begin(actor, Cause("test", "test")) as work:
        return await act(work)


async def _all(work: Work, table: Table) -> list[Any]:
    return list(await work.connection.execute(select(table)))


async def filled(customers: CustomerService, actor: Actor = EXPERT_TAMPERE) -> set[UUID]:
    """Customers with rows in every bordered table."""
    known = await customers.ask(opening(), actor)
    goals = Goals(group="goals", goals=(Goal(kind="employment", description="To nurse again"),))
    await customers.ask(ChangeBackground(customer_id=known.customer_id, expected_version=0, content=goals), actor)
    await customers.ask(relation(known, relative=SISTER), actor)
    await customers.ask(offering(known, "049"), actor)
    await hear_of_assessment(customers, known, municipality=actor.organisation)
    await hear_of_plan(customers, known, municipality=actor.organisation)
    return {known.customer_id} | await merged_and_suspected(customers, actor)


def about(rows: list[Any]) -> set[UUID]:
    """Whom the rows are about."""
    return {each for row in rows for each in getattr(row, "customer_ids", None) or (row.customer_id,)}


@pytest.mark.parametrize("table", BORDERED, ids=lambda table: table.name)
async def test_a_query_that_forgot_to_ask_whose_customers_finds_the_own_ones_alone(
    customers: CustomerService, table: Table
) -> None:
    here = await filled(customers)
    await filled(customers, EXPERT_HELSINKI)
    found = about(await seen(customers, EXPERT_TAMPERE, table))
    assert found
    assert found <= here


@pytest.mark.parametrize("name", sorted(OF_OUTREACH))
async def test_the_same_of_operations_and_of_those_to_be_reached(customers: CustomerService, name: str) -> None:
    await imported(customers, somebody())
    await imported(customers, somebody(), actor=EXPERT_HELSINKI)
    for actor in (EXPERT_TAMPERE, EXPERT_HELSINKI):
        [target] = await listed(customers, actor)
        await customers.ask(
            RecordOutreachAttempt(target_id=target.target_id, channel="phone", outcome="no_answer"), actor
        )
    assert [row.municipality for row in await seen(customers, EXPERT_TAMPERE, METADATA.tables[name])] == ["837"]


@pytest.mark.parametrize("name", sorted(OF_CONTACTS))
async def test_the_same_of_contacts_and_of_those_who_receive_them(customers: CustomerService, name: str) -> None:
    for actor, other in ((EXPERT_TAMPERE, "091"), (EXPERT_HELSINKI, "837")):
        administrator = replace(actor, role="access_administrator")
        await customers.ask(SetReceivingParty(unit="Alkuneuvonta"), administrator)
        taken_up = await customers.ask(
            reporting(actor.organisation, date_of_birth=f"1990-01-0{other[-1]}"), replace(actor, role="supervisor")
        )
        passing = {"outcome": "passed_on", "municipality": other, "why": "Moved there"}
        await customers.ask(ResolveContact(contact_id=taken_up.contact_id, expected_version=1, **passing), actor)
    table = METADATA.tables[name]
    here, there, everywhere = [
        {str(row) for row in await seen(customers, actor, table)}
        for actor in (EXPERT_TAMPERE, EXPERT_HELSINKI, service_actor("customer"))
    ]
    assert here
    assert there
    assert (here & there, here | there) == (set(), everywhere)


async def merged_and_suspected(customers: CustomerService, actor: Actor) -> set[UUID]:
    """Two records that are one now, and a third that may be the same person too: a row in every table."""
    kept, duplicate, third = [await customers.ask(opening(), actor) for _ in range(3)]
    await customers.ask(
        MergeCustomers(
            customer_id=kept.customer_id,
            expected_version=1,
            duplicate_id=duplicate.customer_id,
            duplicate_version=1,
            why="The same card",
        ),
        actor,
    )
    return {each.customer_id for each in (kept, duplicate, third)}


async def test_a_change_that_forgot_it_changes_no_other_municipality_s_customer(customers: CustomerService) -> None:
    await customers.ask(opening(), EXPERT_HELSINKI)
    changed = await doing(
        customers, EXPERT_TAMPERE, lambda work: work.connection.execute(update(CUSTOMER).values(version=9))
    )
    deleted = await doing(customers, EXPERT_TAMPERE, lambda work: work.connection.execute(delete(CUSTOMER_NAME)))
    assert (changed.rowcount, deleted.rowcount) == (0, 0)


async def test_a_former_customer_is_within_the_border(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    await closed(customers, known)
    assert [row.customer_id for row in await seen(customers, EXPERT_TAMPERE, CUSTOMER)] == [known.customer_id]


async def test_the_history_of_another_municipality_s_relationship_is_beyond_the_border(
    customers: CustomerService,
) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
    await customers.ask(opening())
    left = await customers.rows("SELECT 1 FROM customer_history WHERE customer_id = $1", known.customer_id)
    [history] = [table for table in BORDERED if table.name == "customer_history"]
    assert left
    assert {row.organisation for row in await seen(customers, EXPERT_TAMPERE, history)} == {"837"}


async def test_a_customer_opened_by_emergency_access_is_seen_but_not_whose_customer(customers: CustomerService) -> None:
    elsewhere = await customers.ask(opening(), EXPERT_HELSINKI)
    await customers.ask(opening(), EXPERT_HELSINKI)
    actor = Actor("e", "837", "integration_expert", emergency=(elsewhere.customer_id,))
    found = {table.name: await seen(customers, actor, table) for table in BORDERED}
    assert [row.customer_id for row in found["customer"]] == [elsewhere.customer_id]
    assert found["client_relationship"] == []


async def test_whoever_takes_part_sees_within_the_border_of_the_municipality_that_granted_it(
    customers: CustomerService,
) -> None:
    here = await customers.ask(opening())
    await customers.ask(opening(), EXPERT_HELSINKI)
    county = Actor("c", "06", "county_worker", granted_by="837", customers=(here.customer_id,))
    assert [row.customer_id for row in await seen(customers, county, CUSTOMER)] == [here.customer_id]


async def test_beyond_the_border_all_are_found_as_by_a_service_itself(customers: CustomerService) -> None:
    await customers.ask(opening())
    await customers.ask(opening(), EXPERT_HELSINKI)

    async def beyond(work: Work) -> list[Any]:
        await work.beyond_the_border("a test")
        return await _all(work, CUSTOMER)

    assert len(await doing(customers, EXPERT_TAMPERE, beyond)) == 2
    assert len(await seen(customers, service_actor("customer"), CUSTOMER)) == 2


@pytest.mark.parametrize("table", BORDERED, ids=lambda table: table.name)
async def test_a_transaction_that_says_nothing_finds_nothing_even_after_one_that_did(
    customers: CustomerService, table: Table
) -> None:
    await filled(customers)
    await merged_and_suspected(customers, EXPERT_TAMPERE)
    assert await seen(customers, service_actor("customer"), table)
    async with customers.unit_of_work.engine.connect() as connection:
        assert (await connection.execute(select(table))).all() == []


@pytest.mark.parametrize("table", BORDERED, ids=lambda table: table.name)
@pytest.mark.parametrize(
    "loss",
    [
        "DROP POLICY municipality_border ON {0}",
        "ALTER TABLE {0} DISABLE ROW LEVEL SECURITY",
        "ALTER POLICY municipality_border ON {0} USING (true)",
        "CREATE POLICY another ON {0} USING (true)",
    ],
)
async def test_a_table_without_the_border_of_its_code_differs_from_it(
    customers: CustomerService, table: Table, loss: str
) -> None:
    engine = create_async_engine(owner_url(customers.database_url))
    async with engine.connect() as connection:
        await connection.execute(text(loss.format(table.name)))
        assert await connection.run_sync(drift, METADATA) == [f"the border of {table.name}"]
    await engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM tombstone",
        "UPDATE inbox SET consumer = 'x'",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
        "TRUNCATE customer CASCADE",
        "SELECT * FROM alembic_version",
        "SET ROLE koto_customer_owner",
    ],
)
async def test_the_service_s_role_may_use_its_tables_and_do_nothing_else(
    customers: CustomerService, statement: str
) -> None:
    connection = await asyncpg.connect(customers.database_url.replace("+asyncpg", ""))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
