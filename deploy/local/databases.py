"""One database for each service and two roles: one that owns it and migrates it, one that the service runs as."""

from collections.abc import Callable, Iterable

import asyncpg


async def prepare(administrator_url: str, services: Iterable[str], password_of: Callable[[str], str]) -> None:
    """Makes database koto_<service>, its owner koto_<service>_owner and role koto_<service> for each service.

    Roles get the password of their name without koto_. May be repeated at any time; a database from before there were
    owners is handed over to its own.
    """
    connection = await asyncpg.connect(administrator_url)
    try:
        for service in services:
            for name in (service, f"{service}_owner"):
                await make_role(connection, f"koto_{name}", password_of(name))
            await _make_or_hand_over(connection, administrator_url, f"koto_{service}")
    finally:
        await connection.close()


async def make_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    """A role that may sign in with this password, and nothing more unless it is granted."""
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await _run(connection, "CREATE ROLE %I", role)
    await _run(connection, "ALTER ROLE %I LOGIN PASSWORD %L", role, password)


async def _make_or_hand_over(connection: asyncpg.Connection, administrator_url: str, name: str) -> None:
    owner = f"{name}_owner"
    found = await connection.fetchval("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", name)
    if found is None:
        await _run(connection, "CREATE DATABASE %I OWNER %I", name, owner)
    elif found == name:
        inside = await asyncpg.connect(administrator_url, database=name)
        await _run(inside, "REASSIGN OWNED BY %I TO %I", name, owner)  # the database itself too
        await inside.close()
    await _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
    await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", name, name)


async def _run(connection: asyncpg.Connection, statement: str, *values: str) -> None:
    quoted = await connection.fetchval(f"SELECT format('{statement}', VARIADIC $1::text[])", list(values))
    await connection.execute(quoted)
