"""All ids of a person."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from services.access.tables.merges import CUSTOMER_VIEW
from services.kit.work import Work


async def ids_of(work: Work, customer_ids: Collection[UUID]) -> set[UUID]:
    """These ids, and those of all records that are one with them: the one kept, and whatever was merged into it."""
    if not customer_ids:
        return set()
    view = CUSTOMER_VIEW.c
    into = select(view.merged_into).where(view.customer_id.in_(customer_ids), view.merged_into.is_not(None))
    people = {*customer_ids, *(await work.connection.execute(into)).scalars()}
    merged = select(view.customer_id).where(view.merged_into.in_(people))
    return {*people, *(await work.connection.execute(merged)).scalars()}
