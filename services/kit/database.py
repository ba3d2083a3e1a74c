"""The database of one service: its engine, and a patient way to wait until it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts import topology
from services.kit.errors import is_infrastructure, is_outage
from services.kit.settings import ServiceSettings
from services.kit.telemetry import describe_error, log

MOST_FAILURES = 10
Result = TypeVar("Result")


def create_engine(settings: ServiceSettings) -> AsyncEngine:
    """A pool of at most `pool_size` connections. Errors hide parameters: they may be personal data."""
    return create_async_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": {
                "application_name": f"koto-{settings.service}",
                # many short statements at once: helpers and compiled code cost them more than they save
                "max_parallel_workers_per_gather": "0",
                "jit": "off",
            },
        },
    )


class TooManyConnections(Exception):
    """The services' pools together could take more connections than the server should give away."""


async def check_pools(engine: AsyncEngine, pool_size: int) -> None:
    """Raises TooManyConnections when all services' pools sum to over 80 % of the server's `max_connections`."""
    services = len(topology.SERVICES)
    async with engine.connect() as connection:
        most = int((await connection.execute(text("SHOW max_connections"))).scalar_one())
    if services * pool_size > 0.8 * most:
        raise TooManyConnections(f"{services} services with {pool_size} connections each, and a server with {most}")


class StillFailing(Exception):
    """A step failed again and again as if the database were away, while the database answered."""


class DatabaseProbe:
    """Tells whether the database answers, and waits until it does; many waiters ask once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()

    async def answers(self) -> bool:
        """Whether the database answers now."""
        try:
            async with asyncio.timeout(5), self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:
            return False
        return True

    async def wait(self) -> None:
        """Returns when the database answers; asks every 0.2 s at first and every 5 s in the end."""
        async with self._lock:
            pause = 0.2
            while not await self.answers():
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 5.0)

    async def patiently(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """What the step returns. While the database is away it waits, however long: an outage counts no attempt.

        Raises StillFailing when the step has failed ten times although the database answered: then it is the step.
        """
        failures, pause = 0, 0.05
        while True:
            try:
                return await step()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.warning("database.waits", database=self._engine.url.database, **describe_error(error))
                await asyncio.sleep(pause)
                if is_outage(error) or not await self.answers():
                    failures, pause = 0, min(pause * 1.5, 5.0)
                else:
                    failures += 1
                if failures >= MOST_FAILURES:
                    raise StillFailing from error
                await self.wait()
