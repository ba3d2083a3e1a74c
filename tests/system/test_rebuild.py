"""What services keep of each other's states is thrown away, made anew from the owners' logs, and is the same again."""

from typing import Any

import pytest
import pytest_asyncio

from contracts.access.teams import AddTeam
from contracts.topology import SERVICES
from services.kit.actor import Actor
from services.kit.projection import Projection
from services.kit.rebuild import rebuild
from tests import paths
from tests.gateway.support import Door
from tests.support import House, TestDatabases, projections
from tests.system.test_transfers import Town, expert, gateway

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]
SUPERVISOR = Actor(user="supervisor@tampere", organisation="837", role="supervisor")


class Walker(Town):
    """An expert who goes from an opening to an approved plan."""

    async def act(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        answer = await self.send(method, path, body, version)
        assert answer.status < 300, answer
        return answer.json

    async def read(self, path: str) -> Any:
        answer = await self.send("GET", path)
        assert answer.status in (200, 404), answer
        return answer.json if answer.status == 200 else None


@pytest_asyncio.fixture
async def walker(house: House, databases: TestDatabases) -> Any:
    async with gateway(house, databases) as door:
        yield await walker_at(house, door)


async def walker_at(house: House, door: Door) -> Walker:
    """An expert of Tampere."""
    town = await expert(house, door, "837")
    return Walker(town.door, town.token)


async def content(house: House, service: str, projection: Projection) -> list[str]:
    """Every row of a read model as text, in order."""
    table = projection.table.name
    return [row[0] for row in await house.rows(service, f"SELECT t::text FROM {table} t ORDER BY 1")]


async def test_every_read_model_thrown_away_is_made_anew_the_same_while_it_is_in_use(
    house: House, walker: Walker
) -> None:
    walked = await paths.walk(walker)
    merged, other = [await walker.open() for _ in range(2)]
    body = {"duplicate_id": other, "duplicate_version": 1, "why": "The same card"}
    await walker.act("POST", f"/customers/{merged}/merge", body, 1)
    await house.appoint("expert@tampere", "837", "integration_expert")
    await house.ask(AddTeam(name="Itä", members=("expert@tampere",)), SUPERVISOR)
    await house.settle()
    kept = [(each.name, projection) for each in SERVICES if each.answers for projection in projections(each.name)]
    named = {f"{service}.{projection.table.name}" for service, projection in kept}
    assert {
        "customer.plan_view",
        "customer.assessment_view",
        "assessment.customer_view",
        "plan.customer_view",
        "records.customer_view",
    } <= named
    for service, projection in kept:
        name = f"{service}.{projection.table.name}"
        before = await content(house, service, projection)
        await house.rows(service, f"DELETE FROM {projection.table.name}")
        await rebuild(
            house.services[service], projection, house.services.values(), house.vhost.management_url, house.vhost.name
        )
        assert await content(house, service, projection) == before, name
        assert before, f"{name} was empty all along"

    assert (await walker.read(f"/plans/{walked.plan_id}"))["status"] == "in_force"
    await paths.walk(walker)
    await house.settle()
