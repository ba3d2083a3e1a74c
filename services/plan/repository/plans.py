"""Plans, their editions, approvals, documents and acts."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Table, Uuid, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.plan.content import PlanContent
from contracts.plan.implementation import Withdrawal
from contracts.plan.plans import MOST_ACTS
from services.kit.actor import Actor
from services.kit.customer_view import is_about, reaches_each
from services.kit.errors import Conflict, NotFound
from services.kit.rights import MUNICIPALITY, Reach
from services.kit.work import Work
from services.plan.repository.facts import people_of
from services.plan.tables import CUSTOMER_VIEW
from services.plan.tables.plans import PLAN, PLAN_ACT, PLAN_APPROVAL, PLAN_DOCUMENT, PLAN_EDITION, PLAN_HINDRANCE

IS_OPEN = PLAN.c.status.not_in(("ended", "dropped"))
IN_FORCE = PLAN.c.status.in_(("in_force", "interrupted"))
IN_MAKING = PLAN_EDITION.c.stage.in_(("draft", "offered"))
RECORDING = ("review_plan", "extend_plan", "record_hindrance", "record_follow_up", "record_neglect")
"""Acts by which something is recorded of a plan in force, and which can be taken back."""


async def get(work: Work, plan_id: UUID, *, lock: bool = False) -> Row[Any]:
    """A plan that the asker reaches; else NotFound. `lock`: nobody else changes it until the transaction ends."""
    query = _reached(work.rights.reach("plan")).where(PLAN.c.plan_id == plan_id)
    if lock:
        query = query.with_for_update(of=PLAN)
    row: Row[Any] | None = (await work.connection.execute(query, work.rights.values)).first()
    if row is None:
        raise NotFound("no such plan")
    return row


async def get_part(work: Work, part: Table, is_it: ColumnElement[bool], *, lock: bool = False) -> Row[Any] | None:
    """A row of another table that belongs to a plan that the asker reaches; `lock`: the plan is locked with it.

    In one statement: whether it is not there or not reached must not show.
    """
    query = _reached(work.rights.reach("plan")).join(part, part.c.plan_id == PLAN.c.plan_id).where(is_it)
    query = query.with_only_columns(*part.c, maintain_column_froms=True)
    if lock:
        query = query.with_for_update(of=PLAN)
    row: Row[Any] | None = (await work.connection.execute(query, work.rights.values)).first()
    return row


async def find(work: Work, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The plans of a person, of the family's too, that the asker reaches; the newest first."""
    query = _reached(work.rights.reach("plan")).where(_about(ids, MUNICIPALITY))
    newest_first = query.order_by(PLAN.c.created_at.desc(), PLAN.c.plan_id.desc())
    rows: Sequence[Row[Any]] = (await work.connection.execute(newest_first, work.rights.values)).all()
    return rows


def _about(ids: Sequence[UUID], municipality: ColumnElement[str]) -> ColumnElement[bool]:
    return is_about(PLAN, func.any(literal(list(ids), ARRAY(Uuid))), municipality)


async def lock_all(work: Work, ids: Sequence[UUID], plan_id: UUID) -> Sequence[Row[Any]]:
    """Locks a person's open plans, whoever has them, and one more, in the order in which `lock_of` does."""
    theirs = select(PLAN).where((PLAN.c.customer_id.in_(ids) & IS_OPEN) | (PLAN.c.plan_id == plan_id))
    return (await work.connection.execute(theirs.order_by(PLAN.c.plan_id).with_for_update())).all()


async def lock_of(work: Work, ids: Sequence[UUID], municipality: str) -> Sequence[Row[Any]]:
    """Locks the open plans that a municipality has of a person, of the family's too, whoever asks."""
    theirs = select(PLAN).where(_about(ids, literal(municipality)), IS_OPEN)
    return (await work.connection.execute(theirs.order_by(PLAN.c.plan_id).with_for_update())).all()


async def lock_made_from(work: Work, ids: Sequence[UUID], assessment_id: UUID) -> Sequence[Row[Any]]:
    """Locks a person's plans that are made from an assessment and were never in force."""
    theirs = select(PLAN).where(PLAN.c.customer_id.in_(ids), PLAN.c.status.in_(("draft", "offered")))
    theirs = theirs.where(PLAN.c.assessment_id == assessment_id)
    return (await work.connection.execute(theirs.order_by(PLAN.c.plan_id).with_for_update())).all()


async def has_open(work: Work, ids: Sequence[UUID], municipality: str, *, family: bool) -> bool:
    """Whether the municipality has an open plan of the person's own, or one of a family with any of these people."""
    own = PLAN.c.customer_id.in_(ids) & (PLAN.c.municipality == municipality) & (PLAN.c.kind != "family")
    of_family = _about(ids, literal(municipality)) & (PLAN.c.kind == "family")
    found = select(PLAN.c.plan_id).where(of_family if family else own, IS_OPEN)
    return (await work.connection.execute(found)).first() is not None


async def members_until(work: Work, plan: Row[Any]) -> date | None:
    """Until when the last of the family members' own plans is in force, as far as the municipality has them."""
    own = select(func.max(PLAN.c.valid_until)).where(
        PLAN.c.customer_id.in_(await people_of(work, plan)),
        PLAN.c.kind != "family",
        PLAN.c.municipality == plan.municipality,
        IN_FORCE,
    )
    last: date | None = (await work.connection.execute(own)).scalar_one()
    return last


async def whole(work: Work, plan_id: UUID) -> Row[Any] | None:
    """A plan, whoever's: for what a service asks and what time or another service does."""
    return (await work.connection.execute(select(PLAN).where(PLAN.c.plan_id == plan_id))).first()


async def add(work: Work, **values: Any) -> Row[Any] | None:
    """Writes a new plan; None where there is an open one, as a transfer may have brought it at the same moment."""
    added = insert(PLAN).values(**values).on_conflict_do_nothing().returning(PLAN)
    row: Row[Any] | None = (await work.connection.execute(added)).first()
    return row


async def change(work: Work, plan_id: UUID, **values: Any) -> Row[Any]:
    """Writes what an act made of a plan that is locked, under the next version."""
    changed = update(PLAN).where(PLAN.c.plan_id == plan_id).values(version=PLAN.c.version + 1, **values)
    row: Row[Any] = (await work.connection.execute(changed.returning(PLAN))).one()
    return row


async def stand(work: Work, plan: Row[Any], **values: Any) -> Row[Any]:
    """Writes where a plan that is locked stands after an act, under the act's version."""
    if not values:
        return plan
    stands = update(PLAN).where(PLAN.c.plan_id == plan.plan_id).values(**values)
    row: Row[Any] = (await work.connection.execute(stands.returning(PLAN))).one()
    return row


# Editions


async def editions(work: Work, plan_id: UUID) -> Sequence[Row[Any]]:
    """Every edition but for its content, the oldest first."""
    columns = [each for each in PLAN_EDITION.c if each.name != "content"]
    of_plan = select(*columns).where(PLAN_EDITION.c.plan_id == plan_id).order_by(PLAN_EDITION.c.edition)
    return (await work.connection.execute(of_plan)).all()


async def edition(work: Work, plan_id: UUID, number: int | None) -> Row[Any] | None:
    """One edition whole."""
    table = PLAN_EDITION.c
    one = select(PLAN_EDITION).where(table.plan_id == plan_id, table.edition == number)
    return (await work.connection.execute(one)).first()


async def agreed(work: Work, plan: Row[Any]) -> PlanContent:
    """What is agreed in the edition in force, or that was last, of a plan that was in force."""
    found = await edition(work, plan.plan_id, plan.edition)
    assert found
    return PlanContent.model_validate(found.content)


async def in_making(work: Work, plan_id: UUID) -> Row[Any] | None:
    """The draft, or what was offered and awaits approvals."""
    one = select(PLAN_EDITION).where(PLAN_EDITION.c.plan_id == plan_id, IN_MAKING)
    return (await work.connection.execute(one)).first()


async def add_edition(work: Work, plan: Row[Any], content: PlanContent, actor: Actor | None = None) -> int:
    """Begins the next edition of a plan that is locked, in the asker's name unless told otherwise."""
    last = select(func.max(PLAN_EDITION.c.edition)).where(PLAN_EDITION.c.plan_id == plan.plan_id)
    number = ((await work.connection.execute(last)).scalar_one() or 0) + 1
    row = {
        "plan_id": plan.plan_id,
        "edition": number,
        "customer_ids": plan.customer_ids,
        "stage": "draft",
        "law_version": plan.law_version,
        "content": content.model_dump(mode="json"),
        "created_at": work.now,
        "created_by": (actor or work.actor).user,
    }
    await work.connection.execute(insert(PLAN_EDITION), row)
    return number


async def change_edition(work: Work, plan_id: UUID, number: int, **values: Any) -> None:
    """Writes what an act made of an edition of a plan that is locked."""
    table = PLAN_EDITION.c
    changed = update(PLAN_EDITION).where(table.plan_id == plan_id, table.edition == number).values(**values)
    await work.connection.execute(changed)


async def begin_again(work: Work, plan: Row[Any], content: PlanContent, actor: Actor | None = None) -> int:
    """The next edition, in place of the one that was offered: it is kept as it was, and its approvals are void."""
    await void(work, plan)
    return await add_edition(work, plan, content, actor)


async def void(work: Work, plan: Row[Any]) -> None:
    """Voids the edition in the making of a plan that is locked, with its approvals; it stays readable."""
    table = PLAN_EDITION.c
    made = update(PLAN_EDITION).where(table.plan_id == plan.plan_id, IN_MAKING)
    await work.connection.execute(made.values(stage="voided"))


async def approvals(work: Work, plan_id: UUID, number: int) -> Sequence[Row[Any]]:
    """The approvals of an edition, the oldest first."""
    table = PLAN_APPROVAL.c
    of_edition = select(PLAN_APPROVAL).where(table.plan_id == plan_id, table.edition == number)
    return (await work.connection.execute(of_edition.order_by(table.recorded_at, table.party))).all()


async def approve(work: Work, plan: Row[Any], number: int, **values: Any) -> None:
    """Writes an approval of an edition of a plan that is locked."""
    row = {
        "plan_id": plan.plan_id,
        "edition": number,
        "customer_ids": plan.customer_ids,
        "recorded_at": work.now,
        "recorded_by": work.actor.user,
        "organisation": work.actor.organisation,
        **values,
    }
    await work.connection.execute(insert(PLAN_APPROVAL), row)


async def documents(work: Work, plan_id: UUID, number: int) -> Sequence[Row[Any]]:
    """The documents that are kept of an edition."""
    table = PLAN_DOCUMENT.c
    of_edition = select(PLAN_DOCUMENT).where(table.plan_id == plan_id, table.edition == number)
    return (await work.connection.execute(of_edition.order_by(table.is_copy, table.kept_at))).all()


async def add_document(work: Work, **values: Any) -> None:
    """Keeps that a document is kept; a second time it changes nothing."""
    await work.connection.execute(insert(PLAN_DOCUMENT).on_conflict_do_nothing(), values)


# What was done and recorded


async def add_act(
    work: Work,
    plan: Row[Any],
    act: str,
    number: int,
    *,
    actor: Actor | None = None,
    **told: Any,
) -> UUID:
    """Writes what was done to a plan that is locked, by the asker unless told otherwise; returns the act's id.

    `told` is what was recorded by it.
    """
    act_id, actor = uuid7(), actor or work.actor
    row = {
        "act_id": act_id,
        "plan_id": plan.plan_id,
        "customer_ids": plan.customer_ids,
        "act": act,
        "version": plan.version,
        "edition": number,
        "acted_at": work.happened_at,
        "acted_by": actor.user,
        "organisation": actor.organisation,
        "told": told,
    }
    await work.connection.execute(insert(PLAN_ACT), row)
    return act_id


async def acts(work: Work, plan_id: UUID, cursor: UUID | None) -> tuple[Sequence[Row[Any]], UUID | None]:
    """A page of what was done, the newest first, and the next page's cursor."""
    table = PLAN_ACT.c
    query = select(PLAN_ACT).where(table.plan_id == plan_id).order_by(table.act_id.desc()).limit(MOST_ACTS + 1)
    if cursor:
        query = query.where(table.act_id < cursor)
    rows = (await work.connection.execute(query)).all()
    page = rows[:MOST_ACTS]
    return page, page[-1].act_id if len(rows) > MOST_ACTS else None


async def acts_after(work: Work, plan_id: UUID, version: int) -> Sequence[Row[Any]]:
    """What was done after a version, the oldest first, as far as a page shows."""
    table = PLAN_ACT.c
    later = select(PLAN_ACT).where(table.plan_id == plan_id, table.version > version)
    return (await work.connection.execute(later.order_by(table.act_id).limit(MOST_ACTS))).all()


async def counting(work: Work, plan_id: UUID, *acts: str) -> Sequence[Row[Any]]:
    """The acts of these kinds that count, the oldest first."""
    table = PLAN_ACT.c
    found = select(PLAN_ACT).where(table.plan_id == plan_id, table.act.in_(acts), table.withdrawn.is_(None))
    return (await work.connection.execute(found.order_by(table.act_id))).all()


async def recorded(work: Work, plan_id: UUID, record_id: UUID) -> Row[Any] | None:
    """The act by which something was recorded of a plan."""
    table = PLAN_ACT.c
    one = select(PLAN_ACT).where(table.plan_id == plan_id, table.act_id == record_id, table.act.in_(RECORDING))
    return (await work.connection.execute(one)).first()


async def withdraw(work: Work, record: Row[Any], told: Withdrawal) -> None:
    """Writes that what was recorded of a plan that is locked counts no more; of a hindrance only its act stays.

    Raises Conflict where the program of before `0011` recorded a hindrance beside this one: its act tells not which.
    """
    one = update(PLAN_ACT).where(PLAN_ACT.c.act_id == record.act_id)
    await work.connection.execute(one.values(withdrawn=told.model_dump(mode="json")))
    if record.act == "record_hindrance":
        its = delete(PLAN_HINDRANCE).where(PLAN_HINDRANCE.c.hindrance_id == record.act_id)
        if not (await work.connection.execute(its)).rowcount:
            raise Conflict("The hindrance was recorded while the program was renewed: its act tells not which it is.")


async def hindrances(work: Work, plan_id: UUID) -> Sequence[Row[Any]]:
    """The hindrances of a plan, the oldest first."""
    table = PLAN_HINDRANCE.c
    of_plan = select(PLAN_HINDRANCE).where(table.plan_id == plan_id).order_by(table.first, table.hindrance_id)
    return (await work.connection.execute(of_plan)).all()


async def add_hindrance(work: Work, plan: Row[Any], **values: Any) -> None:
    """Writes a hindrance of a plan that is locked."""
    row = {"plan_id": plan.plan_id, "customer_ids": plan.customer_ids, **values}
    await work.connection.execute(insert(PLAN_HINDRANCE), row)


async def end_hindrance(work: Work, hindrance_id: UUID, last: date) -> None:
    """Writes the last day of a hindrance."""
    ended = update(PLAN_HINDRANCE).where(PLAN_HINDRANCE.c.hindrance_id == hindrance_id).values(last=last)
    await work.connection.execute(ended)


async def end_hindrances(work: Work, plan_id: UUID, on: date) -> None:
    """Ends with a plan the hindrances that go on."""
    table = PLAN_HINDRANCE.c
    ended = update(PLAN_HINDRANCE).where(table.plan_id == plan_id, table.last.is_(None))
    await work.connection.execute(ended.values(last=func.greatest(table.first, on)))


@cache
def _reached(reach: Reach) -> Select[Any]:
    """Plans of the municipality about people each of whom the asker reaches."""
    each = reaches_each(CUSTOMER_VIEW, reach, PLAN.c.customer_ids)
    return select(PLAN).where(PLAN.c.municipality == MUNICIPALITY, each)
