"""Migrations: each service has its own Alembic history, run as a step of its own before the service starts."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Table, inspect, pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.kit import border

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
    config.set_main_option("koto.role", f"koto_{service}")
    return config


def upgrade(service: str, database_url: str) -> None:
    """Brings a service's database to its newest revision; the URL is its owner's. Blocks: call it in a thread."""
    command.upgrade(configuration(service, database_url), "head")


def run_migrations(metadata: MetaData) -> None:
    """What every service's migrations/env.py calls."""
    from alembic import context

    def run(connection: Connection) -> None:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
            role = context.config.get_main_option("koto.role") or ""
            connection.execute(text(f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{role}"'))
            made = set(inspect(connection).get_table_names())  # not all, by a migration to an older revision
            grant(connection, [table for table in metadata.sorted_tables if table.name in made], role)

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


def grant(connection: Connection, tables: Iterable[Table], role: str) -> None:
    """Lets the role that a service runs as use these tables.

    Of one with `info={"append_only": True}` it reads rows and adds some, and neither changes nor deletes any.
    """
    for table in tables:
        may = "SELECT, INSERT" if table.info.get("append_only") else "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(text(f'GRANT {may} ON "{table.name}" TO "{role}"'))


def drift(connection: Connection, metadata: MetaData) -> list[object]:
    """What the tables in the code have that the migrated database has not, and the other way round."""
    from alembic.autogenerate import compare_metadata

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [*compare_metadata(context, metadata), *border.differences(connection, metadata)]
