"""Relations between people, and households."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CTE, BigInteger, Uuid, and_, case, cast, func, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.customer.families import Relative
from contracts.envelope import FieldChange
from services.customer.repository.reach import execute, reached
from services.customer.rules.families import Relation
from services.customer.rules.people import Difference
from services.customer.tables.families import FAMILY_RELATION, FAMILY_RELATION_HISTORY
from services.customer.tables.people import CUSTOMER
from services.kit.errors import NotFound
from services.kit.work import Work

REACHED_BY = "family"
"""The data group without which a relation does not exist for the asker."""
_LOCK = 0x66616D696C79  # "family"
_SAME = and_(
    FAMILY_RELATION.c.same_household, not_(FAMILY_RELATION.c.ended), FAMILY_RELATION.c.relative_id.is_not(None)
)
"""Joins two customers in one household."""


async def lock_all(work: Work) -> None:
    """Until the transaction ends nobody else changes a household: what joins two can't be known before it is locked."""
    await work.connection.execute(select(func.pg_advisory_xact_lock(cast(_LOCK, BigInteger))))


async def get(work: Work, relation_id: UUID) -> Relation:
    """The relation; NotFound when the asker reaches neither of its customers."""
    reach = work.rights.reach(REACHED_BY)
    relation = FAMILY_RELATION.c
    query = select(FAMILY_RELATION).where(
        relation.relation_id == relation_id,
        or_(reached(relation.customer_id, reach), reached(relation.relative_id, reach)),
    )
    row = (await execute(work, query)).first()
    if row is None:
        raise NotFound("no such relation")
    return _relation(row)


async def relations_of(work: Work, customer_ids: Collection[UUID]) -> list[Relation]:
    """The relations of these customers that were not ended. Whether they are reached is for the caller to know."""
    relation = FAMILY_RELATION.c
    query = select(FAMILY_RELATION).where(
        or_(relation.customer_id.in_(customer_ids), relation.relative_id.in_(customer_ids)), not_(relation.ended)
    )
    return [_relation(row) for row in await work.connection.execute(query.order_by(relation.relation_id))]


async def household(work: Work, customer_ids: Collection[UUID]) -> tuple[UUID, ...]:
    """Everybody in the households of these customers, they among them, as far as the border lets see; in one order."""
    start = select(func.unnest(literal(list(customer_ids), ARRAY(Uuid))).label("customer_id"))
    members = start.cte("household", recursive=True)
    members = members.union(_other_side(members, _SAME))
    return tuple((await work.connection.execute(select(members.c.customer_id).order_by("customer_id"))).scalars())


async def ancestors(work: Work, customer_id: UUID) -> set[UUID]:
    """The parents, grandparents and so on who are customers, and the customer."""
    start = select(literal(customer_id, Uuid).label("customer_id"))
    found = start.cte("ancestor", recursive=True)
    relation = FAMILY_RELATION.c
    is_parent = or_(
        and_(relation.kind == "parent", relation.customer_id == found.c.customer_id),
        and_(relation.kind == "child", relation.relative_id == found.c.customer_id),
    )
    found = found.union(_other_side(found, and_(is_parent, not_(relation.ended), relation.relative_id.is_not(None))))
    return set((await work.connection.execute(select(found.c.customer_id))).scalars())


async def lock_rows(work: Work, customer_ids: Iterable[UUID]) -> None:
    """Nobody else changes these customers until the transaction ends; in one order, so that two never deadlock."""
    rows = select(CUSTOMER.c.customer_id).where(CUSTOMER.c.customer_id.in_(customer_ids))
    await work.connection.execute(rows.order_by(CUSTOMER.c.customer_id).with_for_update())


async def non_disclosures(work: Work, customer_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Who of these has non-disclosure for personal safety, and who is protected by the household on record."""
    columns = (CUSTOMER.c.customer_id, CUSTOMER.c.safety_non_disclosure, CUSTOMER.c.household_non_disclosure)
    rows = (await work.connection.execute(select(*columns).where(CUSTOMER.c.customer_id.in_(customer_ids)))).all()
    return (
        {row.customer_id for row in rows if row.safety_non_disclosure},
        {row.customer_id for row in rows if row.household_non_disclosure},
    )


async def joined(work: Work, customer_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """The pairs of these customers that share a household."""
    relation = FAMILY_RELATION.c
    pairs = select(relation.customer_id, relation.relative_id).where(
        _SAME, relation.customer_id.in_(customer_ids), relation.relative_id.in_(customer_ids)
    )
    return [(row.customer_id, row.relative_id) for row in await work.connection.execute(pairs)]


async def turn_household_non_disclosure(work: Work, customer_ids: Iterable[UUID]) -> None:
    """Sets it where it is not set, and takes it away where it is."""
    flag = CUSTOMER.c.household_non_disclosure
    turned = update(CUSTOMER).where(CUSTOMER.c.customer_id.in_(customer_ids)).values({flag: not_(flag)})
    await work.connection.execute(turned)


async def add(work: Work, relation: Relation) -> None:
    """Writes a new relation."""
    await work.connection.execute(insert(FAMILY_RELATION), _columns(relation))


async def change(work: Work, relation: Relation) -> None:
    """Writes a relation as it is now."""
    known = FAMILY_RELATION.c.relation_id == relation.relation_id
    await work.connection.execute(update(FAMILY_RELATION).where(known).values(**_columns(relation)))


async def add_history(
    work: Work, relation: Relation, differences: Iterable[Difference], *, source: str, why: str | None
) -> None:
    """Writes who changed what of a relation, when, why, and who told it (73 § 2 mom.)."""
    same = {
        "relation_id": relation.relation_id,
        "customer_ids": list(relation.people),
        "version": relation.version,
        "changed_at": work.now,
        "changed_by": work.actor.user,
        "organisation": work.actor.organisation,
        "why": why,
        "source": source,
    }
    rows = [{"id": uuid7(), **each._asdict(), **same} for each in differences]
    await work.connection.execute(insert(FAMILY_RELATION_HISTORY), rows)


async def changes_after(work: Work, relation_id: UUID, version: int) -> list[tuple[str, FieldChange]]:
    """Which fields were changed after a version, by whom and when, each with that one's organisation."""
    history = FAMILY_RELATION_HISTORY.c
    rows = await work.connection.execute(
        select(history.organisation, *(history[field] for field in FieldChange.model_fields))
        .where(history.relation_id == relation_id, history.version > version)
        .order_by(history.version, history.id)
    )
    return [(row["organisation"], FieldChange.model_validate(row)) for row in rows.mappings()]


def _other_side(known: CTE, condition: Any) -> Any:
    """The customers whom a relation joins to those known."""
    relation, one = FAMILY_RELATION.c, known.c.customer_id
    other = case((relation.customer_id == one, relation.relative_id), else_=relation.customer_id)
    return select(other).where(or_(relation.customer_id == one, relation.relative_id == one), condition)


def _columns(relation: Relation) -> dict[str, Any]:
    relative = relation.relative and relation.relative.model_dump(mode="json", exclude_none=True)
    return {**vars(relation), "customer_ids": list(relation.people), "relative": relative}


def _relation(row: Any) -> Relation:
    known = Relation(**{name: getattr(row, name) for name in Relation.__dataclass_fields__})
    return replace(known, relative=row.relative and Relative.model_validate(row.relative))
