"""Tombstones of erased people, and the advisory locks by which writing about somebody and erasing never overlap."""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import ARRAY, Executable, Table, Text, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.errors import Unavailable
from services.kit.tables import Backbone

PARKING_LOCK = 0x7061726B
"""Advisory lock that parking shares and an erasure takes alone: a parked body may be about anybody."""
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_LOCK_SHARED = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended(id::text, 0)) FROM unnest(:ids) AS id ORDER BY id"
).bindparams(_IDS)
_TRY_LOCK_SHARED = text(
    "SELECT bool_and(pg_try_advisory_xact_lock_shared(hashtextextended(id::text, 0))) FROM unnest(:ids) AS id"
).bindparams(_IDS)


async def erased_among(connection: AsyncConnection, backbone: Backbone, customer_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these people were erased. Until the transaction ends, none of them can be erased beside it.

    Erasing takes the same lock exclusively: without it, a handler that looked before the tombstone was there could
    write after the rows were deleted. Waits for an erasure: call it before any row is locked.
    """
    return await _erased(connection, backbone, customer_ids, _LOCK_SHARED)


async def erased_by_now(connection: AsyncConnection, backbone: Backbone, customer_ids: Iterable[UUID]) -> set[UUID]:
    """The same where rows are locked already, for which an erasure may wait.

    Raises Unavailable while one of these people is being erased.
    """
    return await _erased(connection, backbone, customer_ids, _TRY_LOCK_SHARED)


async def lock_for_erasure(connection: AsyncConnection, customer_id: UUID) -> None:
    """Waits until nobody works on what concerns this person, and keeps others waiting until the transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(PARKING_LOCK)))
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(customer_id), 0, type_=Text))))


async def _erased(
    connection: AsyncConnection, backbone: Backbone, customer_ids: Iterable[UUID], lock: Executable
) -> set[UUID]:
    ids = sorted(customer_ids)
    if not ids:
        return set()
    if (await connection.execute(lock, {"ids": ids})).scalars().first() is False:
        raise Unavailable("Somebody whom this is about is being erased.")
    rows = await connection.execute(_tombstones(backbone.tombstone), {"ids": ids})  # as they are under the lock
    return set(rows.scalars())


# Built once: building a statement takes SQLAlchemy longer than running it takes PostgreSQL.
@cache
def _tombstones(tombstone: Table) -> Executable:
    return select(tombstone.c.customer_id).where(tombstone.c.customer_id == func.any(_IDS))
