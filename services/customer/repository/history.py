"""What changed."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.customer.people import Customer, HistoryEntry
from contracts.envelope import FieldChange
from services.customer.repository.reach import execute
from services.customer.rules.people import IDENTITY_CODE, RELATIONSHIP, Difference
from services.customer.tables.people import CUSTOMER_HISTORY
from services.kit.rights import MUNICIPALITY
from services.kit.work import Work


async def get_history(
    work: Work, customer: Customer, fields: Collection[str], cursor: str | None, limit: int
) -> tuple[tuple[HistoryEntry, ...], str | None]:
    """A page of the changes of these fields, oldest first, and the next page's cursor.

    Those of records merged into the customer's are among them; of relationships only the municipality's own. Whether
    the asker reaches the customer is for the caller to know.
    """
    table = CUSTOMER_HISTORY.c
    query = select(CUSTOMER_HISTORY).where(
        _of(customer), table.field == func.any(literal(fields, ARRAY(Text))), _told_here()
    )
    if cursor:
        query = query.where(table.id > UUID(cursor.partition(".")[2]))
    # by the id, which tells the moment: versions of several records are in no order
    rows = (await execute(work, query.order_by(table.id).limit(limit + 1))).mappings().all()
    page = rows[:limit]
    more = f"{page[-1]['version']}.{page[-1]['id']}" if len(rows) > limit else None
    return tuple(HistoryEntry.model_validate(_decrypted(work, row)) for row in page), more


async def changes_beside(work: Work, customer: Customer, entries: Collection[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """All changes of the versions that these changes are of, whether the asker may see them or not."""
    table = CUSTOMER_HISTORY.c
    versions = sorted({each.version for each in entries})
    same = select(CUSTOMER_HISTORY).where(_of(customer), table.version == func.any(literal(versions, ARRAY(Integer))))
    rows = (await execute(work, same)).mappings()
    return tuple(HistoryEntry.model_validate(_decrypted(work, row)) for row in rows)


async def changes_after(
    work: Work, customer_id: UUID, fields: Collection[str], version: int
) -> list[tuple[str, FieldChange]]:
    """Which of these fields were changed after a version, by whom and when, each with that one's organisation."""
    rows = await execute(
        work,
        select(CUSTOMER_HISTORY.c.organisation, *(CUSTOMER_HISTORY.c[field] for field in FieldChange.model_fields))
        .where(
            CUSTOMER_HISTORY.c.customer_id == customer_id,
            CUSTOMER_HISTORY.c.version > version,
            CUSTOMER_HISTORY.c.field == func.any(literal(fields, ARRAY(Text))),
            _told_here(),
        )
        .order_by(CUSTOMER_HISTORY.c.version, CUSTOMER_HISTORY.c.id),
    )
    return [(row["organisation"], FieldChange.model_validate(row)) for row in rows.mappings()]


async def add_history(
    work: Work,
    customer: Customer,
    differences: Iterable[Difference],
    *,
    source: str,
    why: str | None = None,
    organisation: str | None = None,
) -> None:
    """Writes who changed what, when, why, and who told it (73 § 2 mom.).

    `organisation`: whose relationship it is. Where another one acts, the line names the service: who of the other it
    was, the other's own line tells, and the usage log.
    """
    changed = (customer.customer_id, customer.version, differences)
    await add_history_of_many(work, [changed], source=source, why=why, organisation=organisation)


async def add_history_of_many(
    work: Work,
    changed: Iterable[tuple[UUID, int, Iterable[Difference]]],
    *,
    source: str,
    why: str | None = None,
    organisation: str | None = None,
) -> None:
    """The same of several customers at once: of each the id, the version and what changed."""
    rows, own = [], (None, work.actor.organisation, work.actor.municipality)
    for customer_id, version, differences in changed:
        for field, previous, new in differences:
            entry_id, former_code_hash = uuid7(), None
            if field == IDENTITY_CODE:
                former_code_hash = previous and work.encryption.search_hash(previous)
                previous, new = (code and work.encryption.encrypt(code, entry_id) for code in (previous, new))
            rows.append(
                {
                    "id": entry_id,
                    "customer_id": customer_id,
                    "version": version,
                    "field": field,
                    "previous": previous,
                    "new": new,
                    "former_code_hash": former_code_hash,
                }
            )
    same = {
        "changed_at": work.now,
        "changed_by": work.actor.user if organisation in own else work.settings.service,
        "organisation": organisation or work.actor.organisation,
        "why": why,
        "source": source,
    }
    await work.connection.execute(insert(CUSTOMER_HISTORY), [row | same for row in rows])


def _of(customer: Customer) -> ColumnElement[bool]:
    """Of the customer's record, or of one merged into it."""
    ids = [customer.customer_id, *customer.merged]
    return CUSTOMER_HISTORY.c.customer_id == func.any(literal(ids, ARRAY(Uuid)))


def _told_here() -> ColumnElement[bool]:
    """What is known of the person is told to every municipality that has the customer; their relationships are not."""
    return or_(CUSTOMER_HISTORY.c.field != RELATIONSHIP, CUSTOMER_HISTORY.c.organisation == MUNICIPALITY)


def _decrypted(work: Work, row: Any) -> dict[str, Any]:
    entry = dict(row)
    if entry["field"] == IDENTITY_CODE:
        for side in ("previous", "new"):
            entry[side] = entry[side] and work.encryption.decrypt(entry[side], entry["id"])
    return entry
