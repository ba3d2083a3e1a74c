"""What was heard of customers: their ids, assessments and transfers."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, any_, func, select
from sqlalchemy.dialects.postgresql import insert

from services.kit.customer_view import record_id
from services.kit.work import Work
from services.plan.tables import CUSTOMER_VIEW
from services.plan.tables.facts import ACCEPTED_TRANSFER, INTEGRATION_CASE, KNOWN_ASSESSMENT


async def keep_newest(work: Work, table: Table, sequence: str = "sequence", **values: Any) -> bool:
    """Keeps what a state event tells, where its number is greater than the one kept; whether it was.

    Locks the row until the transaction ends.
    """
    row = insert(table).values(**values, **{sequence: work.sequence})
    keys = [each.name for each in table.primary_key]
    newer = row.on_conflict_do_update(
        index_elements=keys,
        set_={name: row.excluded[name] for name in (*values, sequence) if name not in keys},
        where=table.c[sequence] < row.excluded[sequence],
    )
    return bool((await work.connection.execute(newer)).rowcount)


async def lock_case(work: Work, customer_id: UUID) -> bool:
    """Locks what is known of a customer until the transaction ends; False where nothing was heard yet."""
    case = select(INTEGRATION_CASE.c.customer_id).where(INTEGRATION_CASE.c.customer_id == customer_id)
    return (await work.connection.execute(case.with_for_update())).first() is not None


async def ids_of(work: Work, customer_id: UUID) -> list[UUID]:
    """Every id of one person: of the record kept, and of those merged into it."""
    view = CUSTOMER_VIEW.c
    asked = select(record_id(CUSTOMER_VIEW)).where(CUSTOMER_VIEW.c.customer_id == customer_id)
    kept = (await work.connection.execute(asked)).scalar_one_or_none() or customer_id
    merged = select(view.customer_id).where(view.merged_into == kept)
    return [kept, *(await work.connection.execute(merged)).scalars()]


async def people_of(work: Work, plan: Row[Any]) -> list[UUID]:
    """Every id of everybody whom a plan is for."""
    return [each for customer_id in plan.customer_ids for each in await ids_of(work, customer_id)]


async def is_customer_of(work: Work, ids: Sequence[UUID], municipality: str) -> bool:
    """Whether the person with these ids has an open relationship with a municipality."""
    case = INTEGRATION_CASE.c
    open_there = case.customer_id.in_(ids) & (any_(case.open_municipalities) == municipality)
    return (await work.connection.execute(select(case.customer_id).where(open_there))).first() is not None


async def remember_first_plan(work: Work, customer_id: UUID, drawn_up_on: date) -> None:
    """Keeps when the customer's first plan was drawn up: the longest time is counted from it, whoever drew it up.

    It is kept whether or not anything was heard of the customer; the transaction stands beyond the border.
    """
    row = insert(INTEGRATION_CASE).values(customer_id=customer_id, first_plan_on=drawn_up_on)
    earliest = func.least(INTEGRATION_CASE.c.first_plan_on, row.excluded.first_plan_on)
    kept = row.on_conflict_do_update(index_elements=["customer_id"], set_={"first_plan_on": earliest})
    await work.connection.execute(kept)


async def assessment(work: Work, ids: Sequence[UUID], assessment_id: UUID | None) -> Row[Any] | None:
    """The municipality's newest concluded assessment of a person that found a need of a plan, or the one named.

    It stays as it is until the transaction ends: what is heard of it meanwhile finds the plan that was made from it.
    """
    known = KNOWN_ASSESSMENT.c
    needing = select(KNOWN_ASSESSMENT).where(
        known.customer_id.in_(ids),
        known.municipality == work.actor.municipality,
        known.status == "concluded",
        known.result == "plan_needed",
    )
    if assessment_id:
        needing = needing.where(known.assessment_id == assessment_id)
    newest = needing.order_by(known.ended_on.desc(), known.assessment_id.desc()).limit(1)
    return (await work.connection.execute(newest.with_for_update(read=True))).first()


async def needs(work: Work, assessment_id: UUID | None) -> frozenset[UUID]:
    """The ids of the needs that an assessment found, of another municipality's too once beyond the border."""
    found = select(KNOWN_ASSESSMENT.c.needs).where(KNOWN_ASSESSMENT.c.assessment_id == assessment_id)
    told = (await work.connection.execute(found)).scalar_one_or_none() or []
    return frozenset(UUID(each["need_id"]) for each in told)


async def note_transfer(work: Work, transfer_id: UUID, customer_id: UUID, giver: str, receiver: str) -> None:
    """Notes a transfer that was accepted."""
    row = {"transfer_id": transfer_id, "customer_id": customer_id, "giver": giver, "receiver": receiver}
    await work.connection.execute(insert(ACCEPTED_TRANSFER).on_conflict_do_nothing(), row)


async def transfers_after(work: Work, ids: Sequence[UUID], transfer_id: UUID) -> Sequence[Row[Any]]:
    """The accepted transfers of a person from that one on, in the order in which they were asked for."""
    known = ACCEPTED_TRANSFER.c
    later = select(ACCEPTED_TRANSFER).where(known.customer_id.in_(ids), known.transfer_id >= transfer_id)
    return (await work.connection.execute(later.order_by(known.transfer_id))).all()
