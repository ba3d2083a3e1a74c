"""The database of one service: its engine, and a patient way to wait until it is back."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts import topology
from services.kit.settings import ServiceSettings


def create_engine(settings: ServiceSettings, **options: Any) -> AsyncEngine:
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
            "server_settings": {"application_name": f"koto-{settings.service}"},
        },
        **options,
    )


class TooManyConnections(Exception):
    """The services' pools together could take more connections than the server should give away."""


async def check_pools(engine: AsyncEngine, pool_size: int) -> None:
    """Raises TooManyConnections when all services' pools sum to over 80 % of the server's `max_connections`."""
    services = sum(each.has_database for each in topology.SERVICES)
    async with engine.connect() as connection:
        most = int((await connection.execute(text("SHOW max_connections"))).scalar_one())
    if services * pool_size > 0.8 * most:
        raise TooManyConnections(f"{services} services with {pool_size} connections each, and a server with {most}")


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
