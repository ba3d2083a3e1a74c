"""One database and one role for each service, and no way from one to another."""

import asyncpg


async def prepare(administrator_url: str, passwords: dict[str, str]) -> None:
    """Makes role and database koto_<service> for each service with its password; may be repeated at any time."""
    connection = await asyncpg.connect(administrator_url)

    async def run(statement: str, *values: str) -> None:
        quoted = await connection.fetchval(f"SELECT format('{statement}', VARIADIC $1::text[])", list(values))
        await connection.execute(quoted)

    try:
        for service, password in passwords.items():
            name = f"koto_{service}"
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await run("CREATE ROLE %I", name)
            await run("ALTER ROLE %I LOGIN PASSWORD %L", name, password)
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await run("CREATE DATABASE %I OWNER %I", name, name)
            await run("REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
    finally:
        await connection.close()
