"""Erasing a person beside what is done about the same person at the same moment, and after it."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.envelope import Request
from contracts.plan.plans import DraftPlan, WritePlan
from services.kit.actor import service_actor
from services.kit.erasure import erasable
from services.kit.errors import Unavailable
from services.kit.work import Repetition
from services.plan.handlers.due_dates import facts_changed
from services.plan.subscribers import REQUESTS
from services.plan.tables import METADATA
from tests.plan.support import CAUSE, Desk, content
from tests.support import EXPERT_TAMPERE, eventually

pytestmark = pytest.mark.database


async def erased_beside(desk: Desk, customer: UUID, act: Request[Any]) -> None:
    """The person is erased while the act is done, and not committed yet."""
    repetition = Repetition(act.TYPE, str(uuid4()), [b""])
    try:
        async with desk.unit_of_work.begin(EXPERT_TAMPERE, CAUSE, request=type(act), repetition=repetition) as work:
            await REQUESTS[type(act)](act, work)
            erasing = asyncio.create_task(desk.erase(customer))
            await eventually(lambda: desk.rows("SELECT FROM pg_locks WHERE NOT granted"))
    finally:
        await erasing


async def left(desk: Desk) -> set[str]:
    """The tables in which anything is left of anybody; the usage log outlives people."""
    log = "WHERE type NOT LIKE '%.data_used.v1'"
    return {
        table.name
        for table in erasable(METADATA.sorted_tables)
        if await desk.rows(f"SELECT FROM {table.name} {log if table.name == 'outbox' else ''}")
    }


async def test_an_act_that_an_erasure_waits_for_is_refused_and_leaves_nothing(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.drafted(customer)
    told = content(follow_up="What only the plan tells")
    writing = WritePlan(plan_id=plan.plan_id, expected_version=plan.version, content=told)
    with pytest.raises(Unavailable):
        await erased_beside(desk, customer, writing)
    assert await left(desk) == set()


async def test_an_edition_begun_beside_the_erasure_of_its_customer_is_erased_with_the_plan(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    told = content(follow_up="What only the plan tells")
    await erased_beside(desk, customer, WritePlan(plan_id=plan.plan_id, expected_version=plan.version, content=told))
    assert await left(desk) == set()


async def test_a_plan_drafted_beside_the_erasure_of_its_customer_is_erased_too(desk: Desk) -> None:
    customer = await desk.customer()
    earlier = {"drawn_up_on": date(2025, 9, 1)}
    await erased_beside(desk, customer, DraftPlan.model_validate({"customer_id": customer, "earlier": earlier}))
    assert await left(desk) == set()


async def test_nothing_is_counted_for_somebody_who_was_erased_since_it_was_read_who_is_to_be_counted(
    desk: Desk,
) -> None:
    customer = await desk.customer()
    await desk.erase(customer)
    async with desk.unit_of_work.begin(service_actor("plan"), CAUSE) as work:
        await facts_changed(work, customer)
    assert await left(desk) == set()
