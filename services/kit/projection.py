"""Projections: read models kept from other services' state events, in batches, and rebuilt from the owners' logs.

A projection is pure: nothing but what is in the event, no now(), no effects. Its table has a column `sequence`, and
keeps for each subject the event with the greatest one; so batches, doubles, disorder and replays all end in the same
rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Table
from sqlalchemy.dialects.postgresql import insert

from contracts.envelope import Event, StateEvent
from services.kit.batches import Keep, Told
from services.kit.border import BEYOND, stand_within
from services.kit.parts import Parts
from services.kit.retry import Unreadable
from services.kit.tombstones import erased_among


@dataclass(frozen=True)
class Projection:
    """A read model: its table (key column first, with `sequence`), and the row that a state event makes."""

    table: Table
    row_of: Callable[[Any], dict[str, Any]]
    """The columns but key and sequence; called with a state event."""
    of: tuple[type[Event], ...]
    """The state events that it is made of."""

    @property
    def key(self) -> str:
        """The column that holds the subject."""
        return next(iter(self.table.primary_key)).name

    async def keep(self, parts: Parts, told: Sequence[Told]) -> None:
        """Upserts one state event per subject where its number is greater than the one kept; none about the erased."""
        newest: dict[UUID, Told] = {}
        for envelope, event in told:
            if not isinstance(event, self.of):
                continue
            known = newest.get(envelope.subject)
            if known is None or known[0].subjectsequence < envelope.subjectsequence:
                newest[envelope.subject] = (envelope, event)
        async with parts.engine.begin() as connection:
            if "border" in self.table.info:
                await stand_within(connection, BEYOND)
            people = {person for _, event in newest.values() for person in event.about_customers()}
            erased = await erased_among(connection, parts.backbone, people)
            rows = [
                {self.key: envelope.subject, "sequence": envelope.subjectsequence, **self.row_of(event)}
                # in one order everywhere: two batches that lock the same rows crosswise would deadlock
                for envelope, event in sorted(newest.values(), key=lambda each: each[0].subject)
                if not event.about_customers() & erased
            ]
            if rows:
                await connection.execute(_upsert(self.table), rows)


def keep_all(projections: Sequence[Projection]) -> Keep:
    """Keeps a batch in each projection, one after the other; raises Unreadable for an event that none is made of."""
    of = tuple(event for each in projections for event in each.of)

    async def keep(parts: Parts, told: Sequence[Told]) -> None:
        for _, event in told:
            if not isinstance(event, of) or not isinstance(event, StateEvent):
                raise Unreadable(f"{event.TYPE} is kept by no projection")
        for each in projections:
            await each.keep(parts, told)

    return keep


@cache
def _upsert(table: Table) -> Executable:
    row = insert(table)
    return row.on_conflict_do_update(
        index_elements=table.primary_key,
        set_={column.name: row.excluded[column.name] for column in table.c if not column.primary_key},
        where=table.c.sequence < row.excluded.sequence,
    )
