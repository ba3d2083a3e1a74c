"""The inbox: each fact is acted on once, and facts about erased people not at all."""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import ARRAY, Executable, Table, Text, Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.tables import Backbone
from services.kit.work import Work

PARKING_LOCK = 0x7061726B
"""Advisory lock that parking shares and an erasure takes alone: a parked body may be about anybody."""
_LOCK_SHARED = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended(id::text, 0)) FROM unnest(:ids) AS id ORDER BY id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def claim(work: Work, consumer: str, fact_id: UUID) -> bool:
    """Claims a fact for a consumer; False when it was acted on before. The first statement of the transaction.

    A second copy at the same moment waits here until the first commits or rolls back.
    """
    claimed = await work.connection.execute(
        _claim(work.backbone.inbox),
        {"consumer": consumer, "fact_id": fact_id, "claimed_at": work.now},
    )
    return bool(claimed.rowcount)


async def erased_among(connection: AsyncConnection, backbone: Backbone, customer_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these people were erased. Until the transaction ends, none of them can be erased beside it.

    Erasing takes the same lock exclusively: without it, a handler that looked before the tombstone was there could
    write after the rows were deleted.
    """
    ids = sorted(customer_ids)
    if not ids:
        return set()
    await connection.execute(_LOCK_SHARED, {"ids": ids})
    rows = await connection.execute(_tombstones(backbone.tombstone), {"ids": ids})
    return set(rows.scalars())


# Statements of every event are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
@cache
def _claim(inbox: Table) -> Executable:
    return insert(inbox).on_conflict_do_nothing()


@cache
def _tombstones(tombstone: Table) -> Executable:
    people = func.any(bindparam("ids", type_=ARRAY(Uuid)))
    return select(tombstone.c.customer_id).where(tombstone.c.customer_id == people)


async def lock_for_erasure(connection: AsyncConnection, customer_id: UUID) -> None:
    """Waits until nobody works on what concerns this person, and keeps others waiting until the transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(PARKING_LOCK)))
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(customer_id), 0, type_=Text))))
