"""Migrations: each service has its own Alembic history, run as a step of its own before the service starts."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

LOCK_TIMEOUT = "5s"
"""A migration that can't get its lock gives up rather than stop every reader queueing behind it."""


def configuration(service: str, database_url: str) -> Config:
    """Alembic's configuration for one service."""
    config = Config()
    folder = Path(__file__).parent.parent / service / "migrations"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade(service: str, database_url: str) -> None:
    """Brings a service's database to its newest revision. Call it outside an event loop, or in a thread."""
    command.upgrade(configuration(service, database_url), "head")


def run_migrations(metadata: MetaData) -> None:
    """What every service's migrations/env.py calls."""
    from alembic import context

    def run(connection: Connection) -> None:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()

    async def connect_and_run() -> None:
        url = context.config.get_main_option("sqlalchemy.url") or ""
        engine = create_async_engine(
            url,
            poolclass=pool.NullPool,
            hide_parameters=True,
            connect_args={"server_settings": {"lock_timeout": LOCK_TIMEOUT}},
        )
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
        await engine.dispose()

    asyncio.run(connect_and_run())


def drift(connection: Connection, metadata: MetaData) -> list[object]:
    """What the tables in the code have that the migrated database has not, and the other way round."""
    from alembic.autogenerate import compare_metadata

    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))
