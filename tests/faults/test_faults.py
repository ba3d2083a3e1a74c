"""Parts are killed under load; afterwards every acknowledged act exists once, and every effect happened once."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.topology import RETRY_STEPS
from tests.faults.house import Faulty, Load, report
from tests.support import TIME_SCALE

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
LADDER_SECONDS = TIME_SCALE * sum(seconds for _, seconds in RETRY_STEPS)
ROUNDS = 8 if os.environ.get("KOTO_TEST_LONG") else 1


@pytest_asyncio.fixture
async def faulty(tmp_path: Path) -> AsyncIterator[Faulty]:
    made = Faulty(tmp_path / "house", TIME_SCALE)
    try:
        await asyncio.to_thread(made.start)
        yield made
    finally:
        await asyncio.to_thread(made.stop)


async def test_whatever_is_killed_under_load_nothing_is_lost_and_nothing_doubled(
    faulty: Faulty, capsys: pytest.CaptureFixture[str]
) -> None:
    load = await faulty.prepare(Load)
    load.start()
    for _ in range(ROUNDS):
        for part in ("gateway", "customer", "assessment", "RabbitMQ", "PostgreSQL"):
            await faulty.kill(part, load)
        await faulty.kill_relay_between_confirm_and_mark(load)
        await faulty.kill("PostgreSQL", load, away=2 * LADDER_SECONDS)
    await load.stop()
    settled = await faulty.settles(within=60)
    lost, doubled = await count(faulty, load)
    parked = await faulty.parked()
    with capsys.disabled():
        print(report(faulty, load, lost, doubled, len(parked)))  # noqa: T201 - the table is what the run is for
    assert not load.unexpected
    assert settled, "an event was never published, acted on or projected"
    assert (lost, doubled, [tuple(row) for row in parked]) == (0, 0, [])
    assert load.acts > 25 * ROUNDS


async def count(faulty: Faulty, load: Load) -> tuple[int, int]:
    """How many acknowledged acts or their effects are missing, and how many are there more than once."""
    customers = [str(row[0]) for row in await faulty.rows("customer", "SELECT customer_id FROM customer")]
    names = await faulty.rows("customer", "SELECT family_name FROM customer")
    languages = await faulty.rows(
        "customer", "SELECT customer_id, count(*) FROM customer_history WHERE field = 'service_language' GROUP BY 1"
    )
    changed = {str(row[0]): row[1] for row in languages}
    events = await faulty.rows("customer", "SELECT subject, sequence FROM outbox")
    assessments = [str(row[0]) for row in await faulty.rows("assessment", "SELECT customer_id FROM assessment")]
    told = await faulty.rows("assessment", "SELECT subject FROM outbox")
    lost = (
        len(set(load.opened) - set(customers))
        + len(set(load.opened) - set(assessments))
        + sum(1 for customer in load.changed if customer not in changed)
    )
    doubled = sum(
        max(0, there - expected)
        for there, expected in (
            (len(customers), len(load.opened)),
            (len(names), len({row[0] for row in names})),
            *((times, 1) for times in changed.values()),
            (len(events), len({tuple(row) for row in events})),
            (len(assessments), len(set(assessments))),
            (len(told), len(assessments)),
        )
    )
    return lost, doubled
