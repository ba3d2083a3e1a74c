"""Encrypting anew what older keys encrypted, and hashing anew, row by row, while the service runs.

Its tables say where in `info={"encrypted": Encrypted(...)}`; the id that a ciphertext is bound to is the primary key.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.border import BEYOND, stand_within
from services.kit.field_encryption import Encrypted, FieldEncryption
from services.kit.parts import Parts

BATCH = 200


async def reencrypt(parts: Parts) -> int:
    """Brings every row of a service to the present keys, some hundreds in a transaction; returns how many it changed.

    May be stopped and repeated at any time: what is done is left as it is.
    """
    tables = [table for table in parts.backbone.metadata.sorted_tables if "encrypted" in table.info]
    return sum([await _reencrypt(parts, table) for table in tables])


async def _reencrypt(parts: Parts, table: Table) -> int:
    declared: Encrypted = table.info["encrypted"]
    (row_id,) = table.primary_key
    names = [row_id.name, *declared.columns, *([declared.hashed] if declared.hashed else [])]
    page = (
        select(*(table.c[name] for name in names)).where(text(declared.where)).order_by(row_id).limit(BATCH)
    ).with_for_update()
    changed, last = 0, None
    while True:
        async with parts.engine.begin() as connection:
            await stand_within(connection, BEYOND)
            following = page.where(row_id > last) if last else page
            rows = (await connection.execute(following)).mappings().all()
            for row in rows:
                changed += await _renew(connection, parts.unit_of_work.encryption, table, row_id, row)
        if not rows:
            return changed
        last = rows[-1][row_id.name]


async def _renew(
    connection: AsyncConnection,
    encryption: FieldEncryption,
    table: Table,
    row_id: Column[UUID],
    row: Mapping[Any, Any],
) -> bool:
    declared, id = table.info["encrypted"], row[row_id.name]
    texts = {name: encryption.decrypt(row[name], id) for name in declared.columns if row[name]}
    renewed: dict[str, Any] = {
        name: encryption.encrypt(text, id) for name, text in texts.items() if not encryption.is_current(row[name])
    }
    if declared.hashed and (first := texts.get(declared.columns[0])):
        present = encryption.search_hash(first)
        if row[declared.hashed] != present:
            renewed[declared.hashed] = present
    if renewed:
        await connection.execute(update(table).where(row_id == id).values(**renewed))
    return bool(renewed)
