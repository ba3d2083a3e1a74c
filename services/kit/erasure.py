"""Erasing a person: every row about them, in this service, for good (681/2023 77 §)."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, Uuid, delete, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.kit.tombstones import lock_for_erasure
from services.kit.work import Work


async def erase_customer(work: Work, customer_id: UUID) -> None:
    """Deletes every row about a person, events and parked messages included, and leaves a tombstone.

    The tombstone keeps delayed, parked and replayed messages from bringing the person back.
    """
    await lock_for_erasure(work.connection, customer_id)
    work.erases.add(customer_id)
    await work.connection.execute(
        insert(work.backbone.tombstone).values(customer_id=customer_id, erased_at=work.now).on_conflict_do_nothing()
    )
    for table in erasable(work.backbone.metadata.sorted_tables):
        await work.connection.execute(delete(table).where(about(table, select(literal(customer_id, Uuid)))))


def about(table: Table, people: Select[tuple[UUID]]) -> ColumnElement[bool]:
    """Which rows of a table are about any of these people."""
    conditions = []
    if "customer_id" in table.c:
        conditions.append(table.c.customer_id.in_(people))
    if "customer_ids" in table.c:
        conditions.append(table.c.customer_ids.overlap(func.array(people.scalar_subquery())))
    return or_(false(), *conditions)  # of a table about nobody: none


def erasable(tables: list[Table]) -> Iterator[Table]:
    """The tables that hold something about people, dependants first."""
    return (table for table in reversed(tables) if "not_erased" not in table.info)
