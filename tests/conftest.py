"""What every test may use: databases cloned from migrated templates, vhosts of their own, and a running house.

`./koto test` starts RabbitMQ and PostgreSQL and tells where they are; a test that needs one and is not told fails.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from contracts.topology import SERVICES
from deploy.local.stack import OPERATIONS, PORTS
from tests.support import TIME_SCALE, House, TestDatabases, Vhost, environment

HERE = Path(__file__).parent
LONGEST = {"bench", "faults", "fuzz", "system"}
"""The folders whose tests start whole houses of processes, or kill them."""

settings.register_profile("koto", deadline=None)  # how long a test takes is no property of the code
settings.load_profile("koto")


def pytest_configure() -> None:
    """Gives each process of tests bases of ports of its own: houses that start at one moment would choose the same."""
    if worker := int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")):
        operations = {f"operations_{each.name}": OPERATIONS for each in SERVICES}
        for name, base in (PORTS | operations | {"operations": OPERATIONS}).items():
            os.environ.setdefault(f"KOTO_PORT_{name.upper()}", str(base + 3000 * worker))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses a database or a broker is marked so, and `./koto test --fast` leaves it out.

    The tests that take longest begin first: of what runs beside each other none is then left waiting for them.
    """
    items.sort(key=lambda item: item.path.relative_to(HERE).parts[0] not in LONGEST)
    for item in items:
        for fixture, mark in (("databases", "database"), ("vhost", "broker")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest_asyncio.fixture(scope="session")
async def databases() -> AsyncIterator[TestDatabases]:
    """Databases of services, cloned from templates that ran the real migrations."""
    made = TestDatabases(environment("KOTO_TEST_POSTGRES_URL"))
    yield made
    await made.drop_all()


@pytest_asyncio.fixture
async def vhost() -> AsyncIterator[Vhost]:
    """A vhost with the whole topology, and one user per service."""
    made = await Vhost.create(
        environment("KOTO_TEST_MANAGEMENT_URL"), environment("KOTO_TEST_RABBITMQ_URL"), TIME_SCALE
    )
    yield made
    await made.remove()


@pytest_asyncio.fixture
async def house(vhost: Vhost, databases: TestDatabases) -> AsyncIterator[House]:
    """Every service but the gateway, running in this process on real parts, and a way to ask them."""
    async with House(vhost, databases) as made:
        yield made
