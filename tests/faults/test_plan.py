"""Parts are killed while experts go from an opening to an approved plan: every step of each way is there once.

Some deaths are aimed: a document is made and not committed; a due date is noted and not told, or told and not
committed.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from deploy.local import issuer
from services.kit.clock import helsinki_date
from tests import paths
from tests.faults.house import CLIENTS, Faulty, Load
from tests.gateway.support import API
from tests.support import TIME_SCALE, eventually, now

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
ROUNDS = 8 if os.environ.get("KOTO_TEST_LONG") else 1
TOLD = "SELECT type, subject, data->>'kind', data->>'due_on' FROM outbox WHERE type LIKE 'plan.deadline%'"
NOTICE_DAYS = 180
"""So that a referral, due in a month, is near as soon as there is a plan."""


@dataclass
class Walkers(Load):
    """Experts who go from an opening to an approved plan, again and again."""

    walked: list[paths.Walked] = field(default_factory=list)

    async def act(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        return await self._act(
            method, f"{API}{path}", body, {"If-Match": f'"{version}"'} if version is not None else {}
        )

    async def read(self, path: str) -> Any:
        return await self._sent("GET", f"{API}{path}", None, {})

    async def _work(self) -> None:
        while not self._over:
            self.walked.append(await paths.walk(self))


@dataclass
class Ways:
    """The house, and all ways that were ever gone in it."""

    faulty: Faulty
    walked: list[paths.Walked] = field(default_factory=list)

    async def go(self, *, clients: int) -> Walkers:
        """Walkers who have set out."""
        load = await self.faulty.prepare(Walkers)
        load.walked = self.walked
        load.start(clients)
        return load

    def expected(self) -> dict[str, list[Any]]:
        """What each step must have left: a row for each thing that there is of it."""
        topics, kinds = paths.topics(helsinki_date(now())), ("plan_maximum", "plan_review", "referral")
        documents = [(kind, of, lang) for w in self.walked for kind, of in _matters(w) for lang in ("ar", "fi")]
        return {
            "customers": sorted((each.customer_id,) for each in self.walked),
            "assessments": sorted((w.assessment_id, w.customer_id, "concluded") for w in self.walked),
            "topics": sorted((each.assessment_id, topic, 1) for each in self.walked for topic in topics),
            "plans": sorted((w.plan_id, w.customer_id, "in_force", 1) for w in self.walked),
            "editions": sorted((each.plan_id, 1, "approved") for each in self.walked),
            "approvals": sorted((each.plan_id, party) for each in self.walked for party in paths.PARTIES),
            "documents": sorted(documents),
            "documents told": sorted(documents),
            "documents waiting": [],
            "due dates": sorted((each.customer_id, kind) for each in self.walked for kind in kinds),
            "referrals told": sorted((each.plan_id,) for each in self.walked),
        }

    async def found(self) -> dict[str, list[Any]]:
        """What they have left."""
        queries = {
            "customers": ("customer", "SELECT customer_id::text FROM customer"),
            "assessments": ("assessment", "SELECT assessment_id::text, customer_id::text, status FROM assessment"),
            "topics": ("assessment", "SELECT assessment_id::text, topic, version FROM topic_writing"),
            "plans": ("plan", "SELECT plan_id::text, customer_id::text, status, edition FROM plan"),
            "editions": ("plan", "SELECT plan_id::text, edition, stage FROM plan_edition"),
            "approvals": ("plan", "SELECT plan_id::text, party FROM plan_approval"),
            "documents": ("records", "SELECT kind, matter_id::text, language FROM document"),
            "documents told": (
                "records",
                """SELECT data->>'kind', data->>'matter_id', data->>'language' FROM outbox
                    WHERE type = 'records.document_kept.v1'""",
            ),
            "documents waiting": (
                "records",
                """SELECT matter_id::text, unmade_because FROM document_wanted
                    WHERE settled_at IS NULL OR unmade_because IS NOT NULL""",
            ),
            "due dates": ("plan", "SELECT customer_id::text, kind FROM due_date"),
            "referrals told": (
                "plan",
                """SELECT subject::text FROM outbox
                    WHERE type = 'plan.deadline_approaching.v1' AND data->>'kind' = 'referral'""",
            ),
        }
        return {
            name: sorted(map(tuple, await self.faulty.rows(service, query)))
            for name, (service, query) in queries.items()
        }

    async def are_whole(self, load: Walkers) -> None:
        """Fails unless every step of every way is there once, nothing is parked and nothing unexpected was answered."""
        assert not load.unexpected
        assert await self.faulty.settles(within=60), "an event was never published, acted on or projected"
        found, expected = await self.found(), self.expected()
        wrong = {
            name: set(found[name]) ^ set(rows) or "doubled" for name, rows in expected.items() if found[name] != rows
        }
        assert wrong == {}
        noted = await self.faulty.rows("plan", "SELECT event, matter_id, kind, due_on::text FROM deadline_told")
        told = await self.faulty.rows("plan", TOLD)
        assert Counter(map(tuple, told)) == Counter(map(tuple, noted)), "each due date is told once, and noted so"
        assert [tuple(row) for row in await self.faulty.parked()] == []


def _matters(way: paths.Walked) -> list[tuple[str, str]]:
    return [("assessment", way.assessment_id), ("plan", way.plan_id)]


@pytest_asyncio.fixture(scope="module")
async def ways(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ways]:
    faulty = Faulty(tmp_path_factory.mktemp("faults") / "house", TIME_SCALE)
    try:
        await asyncio.to_thread(faulty.start)
        supervisor = await issuer.token(faulty.stack.issuer_url, "supervisor@tampere")
        headers = {"Authorization": f"Bearer {supervisor}", "Idempotency-Key": str(uuid4()), "If-Match": '"0"'}
        async with aiohttp.ClientSession(faulty.stack.gateway_url, headers=headers) as session:

            async def are_set() -> bool:
                settings = {"notice_days": NOTICE_DAYS, "aims": []}
                async with session.put(f"{API}/due-date-settings", json=settings) as answer:
                    assert answer.status in (200, 503), await answer.text()
                    return answer.status == 200

            await eventually(are_set, what="the settings")
        yield Ways(faulty)
    finally:
        await asyncio.to_thread(faulty.stop)


@pytest.mark.parametrize("place", ["keeping_document", "noting_due_date", "telling_due_date"])
async def test_what_was_done_and_not_committed_is_done_once_by_who_comes_after(ways: Ways, place: str) -> None:
    await ways.faulty.die_in(place)
    load = await ways.go(clients=1)
    await ways.faulty.came_back()
    await load.stop()
    await ways.are_whole(load)


async def test_whatever_is_killed_on_the_way_to_a_plan_every_step_is_there_once(
    ways: Ways, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(ways.walked)
    load = await ways.go(clients=CLIENTS)
    for _ in range(ROUNDS):
        for part in ("plan", "records", "assessment", "gateway", "customer", "RabbitMQ", "PostgreSQL"):
            await ways.faulty.kill(part, load)
    await load.stop()
    await ways.are_whole(load)
    what, longest = max(ways.faulty.recoveries, key=lambda each: each[1])
    report = (
        f"\n  ways gone {len(ways.walked) - before}"
        f"\n  acts {len(load.answered_at)} (repeated after no answer: {load.repeated})"
        f"\n  kills {sum(ways.faulty.kills.values())}, longest recovery {longest:.1f} s (after {what})"
    )
    with capsys.disabled():
        print(report)  # noqa: T201 - the figures are what the run is for
    assert len(ways.walked) - before >= CLIENTS
