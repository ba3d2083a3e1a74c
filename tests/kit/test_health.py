"""Health: liveness looks for consumers, readiness for database and broker only."""

import asyncio
from urllib.parse import quote

import aiohttp
import pytest

from contracts.customer.state import CustomerChanged
from services.kit import run
from tests.kit.conftest import PROJECTION, StandIn, customer_changed, envelope_of, record_effect
from tests.support import eventually

pytestmark = [pytest.mark.broker, pytest.mark.database]


async def test_a_running_service_is_alive_and_ready(stand_in: StandIn) -> None:
    service = await stand_in.start({CustomerChanged: record_effect}, projection=PROJECTION)
    await eventually(service.alive)
    assert await service.ready()


@pytest.mark.parametrize("purpose", ["requests", "input", "dead", "projection"])
async def test_a_service_without_a_consumer_on_one_of_its_queues_is_not_alive(stand_in: StandIn, purpose: str) -> None:
    service = await stand_in.start({CustomerChanged: record_effect}, projection=PROJECTION)
    await eventually(service.alive)
    await stand_in.vhost.api("DELETE", f"queues/{stand_in.vhost.name}/{quote(f'assessment.{purpose}', safe='')}")

    async def is_dead() -> bool:
        return not await service.alive()

    await eventually(is_dead)
    assert await service.ready()


async def test_a_process_whose_service_is_dead_ends(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        name = "dead"

        async def start(self) -> None: ...
        async def stop(self) -> None: ...
        async def ready(self) -> bool:
            return True

        async def alive(self) -> bool:
            return False

    monkeypatch.setattr(run, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(run, "build", lambda _: Dead())
    with pytest.raises(run.NotAlive):
        await run.serve({"dead": {}}, 0, asyncio.Event())


async def test_a_lost_connection_is_opened_again_and_every_consumer_is_back(stand_in: StandIn) -> None:
    service = await stand_in.start({CustomerChanged: record_effect}, projection=PROJECTION)
    await eventually(service.alive)
    connections = await eventually(lambda: _connections(stand_in), within=30)
    for name in connections:
        await stand_in.vhost.api("DELETE", f"connections/{quote(name, safe='')}")

    async def works() -> bool:
        return await service.alive() and await service.ready()

    envelope = envelope_of(customer_changed())
    await eventually(works, within=30)
    await stand_in.send(envelope)
    await eventually(stand_in.effects)


async def _connections(stand_in: StandIn) -> list[str]:
    """The service's connections, once the management API has heard of all three."""
    found = await stand_in.vhost.api("GET", f"vhosts/{stand_in.vhost.name}/connections") or []
    names = [each["name"] for each in found if each.get("user") == "assessment"]
    return names if len(names) == 3 else []


async def test_operations_tell_each_service_s_state(stand_in: StandIn, unused_tcp_port: int) -> None:
    service = await stand_in.start({CustomerChanged: record_effect})
    await eventually(service.alive)
    async with run.operations([service], unused_tcp_port), aiohttp.ClientSession() as session:
        for path in ("healthz", "readyz"):
            async with session.get(f"http://127.0.0.1:{unused_tcp_port}/{path}") as response:
                assert (response.status, await response.json()) == (200, {"assessment": True})
        async with session.get(f"http://127.0.0.1:{unused_tcp_port}/metrics") as response:
            assert "koto_outbox_pending" in await response.text()
