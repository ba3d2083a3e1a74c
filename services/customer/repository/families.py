"""Relations between people, and households."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Uuid,
    and_,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.customer.families import Relative
from contracts.envelope import FieldChange
from services.customer.repository.reach import execute, reached
from services.customer.rules.families import Relation
from services.customer.rules.people import Difference
from services.customer.tables.families import FAMILY_RELATION, FAMILY_RELATION_HISTORY
from services.customer.tables.people import CUSTOMER
from services.kit.customer_view import record_id
from services.kit.errors import NotFound
from services.kit.work import Work

REACHED_BY = "family"
"""The data group without which a relation does not exist for the asker."""
_LOCK = 0x66616D696C79  # "family"
_SAME = and_(
    FAMILY_RELATION.c.same_household, not_(FAMILY_RELATION.c.ended), FAMILY_RELATION.c.relative_id.is_not(None)
)
"""Joins two customers in one household."""
_SIDES = (FAMILY_RELATION.c.customer_id, FAMILY_RELATION.c.relative_id)
_MERGED = (CUSTOMER.c.customer_id, CUSTOMER.c.merged_into)


async def lock_all(work: Work) -> None:
    """Until the transaction ends nobody else changes a household: what joins two can't be known before it is locked."""
    await work.connection.execute(select(func.pg_advisory_xact_lock(cast(_LOCK, BigInteger))))


async def get(work: Work, relation_id: UUID) -> Relation:
    """The relation; NotFound when the asker reaches neither of its customers."""
    reach = work.rights.reach(REACHED_BY)
    one, other = (CUSTOMER.alias(name) for name in ("one", "other"))
    query = (
        select(FAMILY_RELATION)
        .outerjoin(one, one.c.customer_id == _SIDES[0])
        .outerjoin(other, other.c.customer_id == _SIDES[1])
        .where(
            FAMILY_RELATION.c.relation_id == relation_id,
            or_(*(reached(record_id(side), reach) for side in (one, other))),
        )
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
    """Everybody in the households of these customers, they among them, as far as the border lets see; in one order.

    The records of one person are in one household.
    """
    edges = [(one, other, _SAME) for one, other in (_SIDES, _SIDES[::-1])]
    return tuple(sorted(await _led_to(work, customer_ids, edges)))


async def ancestors(work: Work, customer_id: UUID) -> set[UUID]:
    """The parents, grandparents and so on who are customers, and the customer: all records of each."""
    kind, holds = FAMILY_RELATION.c.kind, and_(not_(FAMILY_RELATION.c.ended), _SIDES[1].is_not(None))
    edges = [(*_SIDES, and_(kind == "parent", holds)), (*_SIDES[::-1], and_(kind == "child", holds))]
    return await _led_to(work, [customer_id], edges)


async def ids_of(work: Work, customer_ids: Collection[UUID]) -> set[UUID]:
    """All ids of these people: of the records given, those kept for them, and whatever else was merged into them."""
    return await _led_to(work, customer_ids, [])


async def merged_into(work: Work, customer_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Those of these that are aliases, and the record kept for each."""
    merged = select(*_MERGED).where(CUSTOMER.c.customer_id.in_(customer_ids), _MERGED[1].is_not(None))
    return {row.customer_id: row.merged_into for row in await work.connection.execute(merged)}


async def of_people(work: Work, relations: Iterable[Relation]) -> list[Relation]:
    """These relations between the records kept, as they are told; those of one person with himself or herself go."""
    known = list(relations)
    kept = await merged_into(work, {each for relation in known for each in relation.people})
    told = [
        replace(
            each,
            customer_id=kept.get(each.customer_id, each.customer_id),
            relative_id=each.relative_id and kept.get(each.relative_id, each.relative_id),
        )
        for each in known
    ]
    return [each for each in told if each.customer_id != each.relative_id]


async def lock_rows(work: Work, customer_ids: Iterable[UUID]) -> None:
    """Nobody else changes these customers until the transaction ends; in one order, so that two never deadlock."""
    rows = select(CUSTOMER.c.customer_id).where(CUSTOMER.c.customer_id.in_(customer_ids))
    await work.connection.execute(rows.order_by(CUSTOMER.c.customer_id).with_for_update())


async def non_disclosures(work: Work, customer_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Who of these has non-disclosure for personal safety, and who is protected by the household on record.

    A merged record has none of its own: it was taken over by the record kept, where it can be lifted.
    """
    columns = (CUSTOMER.c[name] for name in ("customer_id", "safety_non_disclosure", "household_non_disclosure"))
    query = select(*columns, CUSTOMER.c.merged_into).where(CUSTOMER.c.customer_id.in_(customer_ids))
    rows = (await work.connection.execute(query)).all()
    return (
        {row.customer_id for row in rows if row.safety_non_disclosure and row.merged_into is None},
        {row.customer_id for row in rows if row.household_non_disclosure},
    )


async def joined(work: Work, customer_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """The pairs of these customers that share a household; a merged record and the one kept are a pair."""
    pairs = [
        select(one, other).where(condition, one.in_(customer_ids), other.in_(customer_ids))
        for one, other, condition in ((*_SIDES, _SAME), (*_MERGED, _MERGED[1].is_not(None)))
    ]
    return [(row[0], row[1]) for row in await work.connection.execute(union_all(*pairs))]


async def turn_household_non_disclosure(work: Work, customer_ids: Iterable[UUID]) -> None:
    """Sets it where it is not set, and takes it away where it is."""
    flag = CUSTOMER.c.household_non_disclosure
    turned = update(CUSTOMER).where(CUSTOMER.c.customer_id.in_(customer_ids)).values({flag: not_(flag)})
    await work.connection.execute(turned)


async def add(work: Work, relation: Relation) -> None:
    """Writes a new relation."""
    await work.connection.execute(insert(FAMILY_RELATION), _columns(relation))


async def change(work: Work, relation: Relation) -> None:
    """Writes a relation as it is now, between the records that it was recorded of."""
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


async def _led_to(
    work: Work, customer_ids: Collection[UUID], edges: Iterable[tuple[Any, Any, ColumnElement[bool]]]
) -> set[UUID]:
    """Whoever is reached from these customers, from one column to the other wherever the condition holds.

    Each record leads to the one that it was merged into, and back.
    """
    is_merged = _MERGED[1].is_not(None)
    start = select(func.unnest(literal(list(customer_ids), ARRAY(Uuid))).label("customer_id"))
    found = start.cte("found", recursive=True)
    steps = union_all(
        *(
            select(other.label("other")).where(one == found.c.customer_id, condition).correlate(found)
            for one, other, condition in (*edges, (*_MERGED, is_merged), (*_MERGED[::-1], is_merged))
        )
    ).lateral()  # each looks up its own index; of a join the rows of all would be read
    found = found.union(select(steps.c.other).select_from(found.join(steps, true())))
    return set((await work.connection.execute(select(found.c.customer_id))).scalars())


def _columns(relation: Relation) -> dict[str, Any]:
    relative = relation.relative and relation.relative.model_dump(mode="json", exclude_none=True)
    return {**vars(relation), "customer_ids": list(relation.people), "relative": relative}


def _relation(row: Any) -> Relation:
    known = Relation(**{name: getattr(row, name) for name in Relation.__dataclass_fields__})
    return replace(known, relative=row.relative and Relative.model_validate(row.relative))
