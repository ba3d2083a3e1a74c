"""Operations and their rows: begun by a request, worked off in chunks, each row settled once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, case, func, not_, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.customer.operations import Operation, RejectedRow
from contracts.envelope import FieldError
from services.customer.repository.reach import is_withheld
from services.customer.tables.operations import OPERATION, OPERATION_ROW
from services.kit.errors import NotFound
from services.kit.work import Work

OPEN_STATE = {"running": "waiting", "undoing": "done"}
"""In which state the rows are that an operation in this state still has to settle."""
ENDED = {"running": "done", "undoing": "undone"}


@dataclass(frozen=True)
class Settled:
    """What came of a row."""

    id: UUID
    state: str
    """done, rejected, undone or stayed."""
    outcome: str | None = None
    errors: tuple[FieldError, ...] = ()
    customer_id: UUID | None = None
    made_id: UUID | None = None


async def begin(
    work: Work, kind: str, municipality: str, asked: dict[str, Any], *, state: str, dry_run: bool = False
) -> UUID:
    """Writes a new operation; its rows are added with it or, while it is receiving, later."""
    operation_id: UUID = uuid7()
    await work.connection.execute(
        insert(OPERATION),
        {
            "operation_id": operation_id,
            "municipality": municipality,
            "kind": kind,
            "state": state,
            "dry_run": dry_run,
            "asked": asked,
            "started_by": work.actor.user,
            "started_at": work.now,
        },
    )
    return operation_id


async def add_rows(work: Work, operation_id: UUID, municipality: str, rows: Iterable[dict[str, Any]]) -> None:
    """Writes rows with `row` and what else is known of each; a number that is there already stays as it is."""
    empty = {"customer_id": None, "state": "waiting", "content": None, "errors": None}
    same = {"operation_id": operation_id, "municipality": municipality}
    told = [{"id": uuid7(), **empty, **same, **row} for row in rows]
    if told:
        once = insert(OPERATION_ROW).on_conflict_do_nothing(index_elements=["operation_id", "row"])
        await work.connection.execute(once, told)


async def set_off(work: Work, operation_id: UUID) -> None:
    """All rows are there: counts those to do and those rejected already, and lets the operation run."""
    states = select(OPERATION_ROW.c.state, func.count()).where(OPERATION_ROW.c.operation_id == operation_id)
    found = await work.connection.execute(states.group_by(OPERATION_ROW.c.state))
    counts = {row.state: row[1] for row in found}
    await work.connection.execute(
        update(OPERATION)
        .where(OPERATION.c.operation_id == operation_id)
        .values(total=sum(counts.values()), rejected=counts.get("rejected", 0), state="running")
    )


async def lock(work: Work, operation_id: UUID) -> Row[Any]:
    """The municipality's operation, which nobody else changes until the transaction ends; raises NotFound."""
    return await _one(work, operation_id, for_update=True)


async def get(work: Work, operation_id: UUID, after_row: int, limit: int) -> Operation:
    """The municipality's operation with a page of its rejected rows; raises NotFound."""
    known = await _one(work, operation_id)
    row = OPERATION_ROW.c
    outcome: ColumnElement[str] = row.outcome
    if known.kind == "outreach_import" and work.actor.withheld:
        # who is withheld is not known to the asker: told like anybody new
        outcome = case((is_withheld(work, row.customer_id), "made"), else_=outcome)
    outcomes = (
        select(outcome.label("came_to"), func.count())
        .where(row.operation_id == operation_id, row.state == "done", row.outcome.is_not(None))
        .group_by("came_to")
    )
    rejected = (
        select(row.row, row.errors)
        .where(row.operation_id == operation_id, row.state == "rejected", row.row > after_row)
        .order_by(row.row)
        .limit(limit + 1)
    )
    found = (await work.connection.execute(rejected)).all()
    return Operation.model_validate(
        dict(known._mapping)
        | {
            "outcomes": {row.came_to: row[1] for row in await work.connection.execute(outcomes)},
            "rejected_rows": [RejectedRow(row=each.row, errors=each.errors or ()) for each in found[:limit]],
            "next_row": found[limit - 1].row if len(found) > limit else None,
        }
    )


async def customers_told(work: Work, operation_id: UUID, most: int) -> list[UUID]:
    """Whom an import's counts tell to be customers; none when they are more than that, for then it tells of nobody."""
    row = OPERATION_ROW.c
    query = select(row.customer_id).where(row.operation_id == operation_id, row.outcome == "already_customer")
    if work.actor.withheld:
        query = query.where(not_(is_withheld(work, row.customer_id)))
    found = list(await work.connection.scalars(query.distinct().limit(most + 1)))
    return found if len(found) <= most else []


async def count_rows(work: Work, operation_id: UUID) -> tuple[int, int]:
    """How many rows there are, and the greatest number."""
    row = OPERATION_ROW.c
    counted = select(func.count(), func.coalesce(func.max(row.row), 0)).where(row.operation_id == operation_id)
    count, greatest = (await work.connection.execute(counted)).one()
    return count, greatest


async def undo(work: Work, operation_id: UUID) -> None:
    """Lets what was done be taken back, row by row."""
    await work.connection.execute(
        update(OPERATION).where(OPERATION.c.operation_id == operation_id).values(state="undoing", ended_at=None)
    )


async def unfinished(work: Work) -> Sequence[Row[Any]]:
    """The operations that are not over, the oldest first."""
    waiting = select(OPERATION).where(OPERATION.c.state.in_(OPEN_STATE)).order_by(OPERATION.c.started_at)
    return (await work.connection.execute(waiting)).all()


async def claim(work: Work, operation: Row[Any], limit: int) -> Sequence[Any]:
    """The next rows to settle, which no other replica claims until the transaction ends."""
    row = OPERATION_ROW.c
    following = (
        select(row.id, row.row, row.customer_id, row.content, row.made_id)
        .where(row.operation_id == operation.operation_id, row.state == OPEN_STATE[operation.state])
        .order_by(row.row)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await work.connection.execute(following)).all()


async def settle(work: Work, operation: Row[Any], settled: Sequence[Settled]) -> None:
    """Writes what came of rows, and how far the operation is by that."""
    columns = ("state", "outcome", "customer_id", "made_id", "errors")
    settling = (
        update(OPERATION_ROW)
        .where(OPERATION_ROW.c.id == bindparam("of_row"))
        .values({name: bindparam(f"now_{name}", type_=OPERATION_ROW.c[name].type) for name in columns} | _EMPTIED)
    )
    await work.connection.execute(
        settling,
        [
            {
                "of_row": each.id,
                "now_errors": [error.model_dump() for error in each.errors] or None,
                **{f"now_{name}": getattr(each, name) for name in columns[:-1]},
            }
            for each in settled
        ],
    )
    # last of all: until the commit it makes the other replicas wait
    counts = {
        name: OPERATION.c[name] + sum(each.state == name for each in settled)
        for name in ("done", "rejected", "undone", "stayed")
    }
    if operation.state == "undoing":
        del counts["done"]
    await work.connection.execute(
        update(OPERATION).where(OPERATION.c.operation_id == operation.operation_id).values(**counts)
    )


async def end_if_over(work: Work, operation: Row[Any]) -> None:
    """Ends an operation of which no row is left to settle: some may be gone with an erased customer."""
    row = OPERATION_ROW.c
    left = select(row.id).where(row.operation_id == operation.operation_id, row.state == OPEN_STATE[operation.state])
    await work.connection.execute(
        update(OPERATION)
        .where(
            OPERATION.c.operation_id == operation.operation_id,
            OPERATION.c.state == operation.state,
            not_(left.exists()),
        )
        .values(state=ENDED[operation.state], ended_at=work.now)
    )


_EMPTIED = {"content": None}


async def _one(work: Work, operation_id: UUID, *, for_update: bool = False) -> Row[Any]:
    known = select(OPERATION).where(
        OPERATION.c.operation_id == operation_id, OPERATION.c.municipality == work.actor.organisation
    )
    found = (await work.connection.execute(known.with_for_update() if for_update else known)).first()
    if found is None:
        raise NotFound("no such operation")
    return found
