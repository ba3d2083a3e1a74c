"""Lists read what their page shows, however many customers the house and the municipality have."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from contracts.customer.contacts import ListContacts
from contracts.customer.duplicates import ListSuspectedDuplicates
from contracts.customer.operations import ListCustomers
from contracts.customer.outreach import ListOutreachTargets
from contracts.customer.search import SearchCustomers
from contracts.customer.transfers import ListTransfers
from services.customer.subscribers import REQUESTS
from services.kit.actor import Actor
from tests.bench import lists
from tests.customer.conftest import CAUSE, CustomerService
from tests.support import EXPERT_TAMPERE, owner_url

pytestmark = [pytest.mark.database, pytest.mark.timeout(120)]

HELSINKI = replace(EXPERT_TAMPERE, organisation="091")
"""Of whose customers there are 12 000; Tampere has 1200, and 200 other municipalities 10 each."""
MOST_READ = 20
"""Rows of tables for each row shown: with its joins, the conditions of rights and the border."""
READ = text("SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables")
NARROWED = {"language": "ti", "arrival": "directed", "responsible": "none"}
FULL = """
    INSERT INTO customer (customer_id, version, family_name, given_name, date_of_birth, citizenships, service_language,
        created_at, changed_at)
    SELECT gen_random_uuid(), 1, md5(n::text), lpad(n::text, 6, '0'), '1990-01-01', '{}',
        CASE WHEN n % 100 = 0 THEN 'ti' ELSE 'ar' END, now(), now()
    FROM generate_series(1, 15200) AS n
"""
RELATED = """
    INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on, listed_name, listed_language)
    SELECT gen_random_uuid(), customer_id,
        CASE WHEN n <= 12000 THEN '091' WHEN n <= 13200 THEN '837' ELSE 'm' || n % 200 END,
        CASE WHEN n % 7 = 0 THEN 'directed' ELSE 'moved' END, current_date - n % 900, family_name || ' ' || given_name,
        service_language
    FROM customer, LATERAL (SELECT given_name::int AS n) AS number
"""


@pytest_asyncio.fixture
async def large_house(customers: CustomerService) -> AsyncIterator[CustomerService]:
    for statement in (FULL, RELATED, "ANALYZE customer, client_relationship"):
        await customers.rows(statement)
    await lists.fill(owner_url(customers.database_url).replace("+asyncpg", ""))
    yield customers


async def read(customers: CustomerService, asked: Any, actor: Actor) -> tuple[int, int]:
    """How many rows a page shows, and how many were read for it, by PostgreSQL's own count."""
    async with customers.unit_of_work.begin(actor, CAUSE, request=type(asked)) as work:
        before = (await work.connection.execute(READ)).scalar_one()
        page = await REQUESTS[type(asked)](asked, work)
        count = (await work.connection.execute(READ)).scalar_one() - before
    return max(len(value) for _, value in page if isinstance(value, tuple)), int(count)


async def test_a_page_takes_no_more_than_it_shows(large_house: CustomerService) -> None:
    asked = [
        ListCustomers(),
        ListCustomers(sort="newest"),
        *(
            ListCustomers(sort=sort, **{field: value})
            for sort in ("name", "newest")
            for field, value in NARROWED.items()
        ),
        ListOutreachTargets(),
        ListOutreachTargets(state="no_answer"),
        ListContacts(),
        ListContacts(state="closed"),
        ListTransfers(),
        ListTransfers(direction="out", state="requested"),
        ListTransfers(state="requested"),
        ListTransfers(direction="in", state="withdrawn"),
        ListSuspectedDuplicates(),
    ]
    found = await large_house.rows("SELECT customer_id FROM client_relationship WHERE municipality = '091' LIMIT 120")
    ids: list[UUID] = [row[0] for row in found]
    withheld = replace(HELSINKI, withheld=tuple(ids[:100]), emergency=tuple(ids[100:]))
    for actor in (EXPERT_TAMPERE, HELSINKI, withheld):
        for each in asked:
            shown, count = await read(large_house, each, actor)
            assert count <= MOST_READ * (shown + 1), (each, shown)


async def test_a_right_to_certain_customers_reads_those(large_house: CustomerService) -> None:
    found = await large_house.rows("SELECT customer_id FROM client_relationship WHERE municipality = '091' LIMIT 5")
    named = replace(HELSINKI, customers=tuple(row[0] for row in found))
    for asked, most in ((ListCustomers(), 5), (ListTransfers(), 5)):
        shown, count = await read(large_house, asked, named)
        assert shown <= most
        assert count <= MOST_READ * (most + 1), asked
    assert (await read(large_house, ListCustomers(), named))[0] == 5


async def test_a_search_by_phone_reads_whom_it_finds(large_house: CustomerService) -> None:
    shown, count = await read(large_house, SearchCustomers(phone="+358 40 1234567"), HELSINKI)
    assert shown == 0
    assert count <= MOST_READ
