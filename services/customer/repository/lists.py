"""The list of a municipality's customers, and who is responsible for them."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Uuid, bindparam, func, literal, select, true, tuple_, update

from contracts.customer.operations import ListCustomers
from services.customer.repository.reach import IS_OPEN, REACHED_BY, execute, kept_of, reached
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER
from services.kit.customer_view import record_id
from services.kit.rights import MUNICIPALITY, Reach, named, within
from services.kit.work import Work

_RELATIONSHIP = CLIENT_RELATIONSHIP.c
_HERE = (_RELATIONSHIP.municipality == MUNICIPALITY, IS_OPEN)
_ASKED = CUSTOMER.alias("asked")


async def list_customers(
    work: Work, asked: ListCustomers, responsible: UUID | None
) -> tuple[Sequence[Row[Any]], UUID | None] | None:
    """A page of the customers whom the asker may see, and the next page's cursor; None when the cursor is of nobody.

    `responsible` is the number of the user asked for; `none` in the request asks for those whom nobody has.
    """
    key, is_rising = _KEYS[asked.sort]
    query = _page(work.rights.reach(REACHED_BY))
    if asked.responsible == "none":
        query = query.where(_RELATIONSHIP.responsible.is_(None))
    elif responsible:
        query = query.where(_RELATIONSHIP.responsible == responsible)
    if asked.arrival:
        query = query.where(_RELATIONSHIP.arrival == asked.arrival)
    if asked.language:
        query = query.where(_RELATIONSHIP.listed_language == asked.language)
    if asked.cursor:
        # looked up and not told in the cursor, which travels in addresses: a name must not
        last = (
            _page(work.rights.reach(REACHED_BY)).with_only_columns(key).where(_RELATIONSHIP.customer_id == asked.cursor)
        )
        found = (await execute(work, last)).first()
        if found is None:
            return None
        place, after = tuple_(key, _RELATIONSHIP.customer_id), (found[0], asked.cursor)
        query = query.where(place > after if is_rising else place < after)
    order = (key, _RELATIONSHIP.customer_id)
    query = query.order_by(*(order if is_rising else (each.desc() for each in order))).limit(asked.limit + 1)
    rows = (await execute(work, query)).all()
    page = rows[: asked.limit]
    return page, page[-1].customer_id if len(rows) > asked.limit else None


_KEYS: dict[str, tuple[ColumnElement[Any], bool]] = {
    "name": (_RELATIONSHIP.listed_name, True),
    "newest": (_RELATIONSHIP.started_on, False),
}


@cache
def _page(reach: Reach) -> Select[Any]:
    query = (
        select(
            CUSTOMER.c.customer_id,
            CUSTOMER.c.family_name,
            CUSTOMER.c.given_name,
            CUSTOMER.c.date_of_birth,
            CUSTOMER.c.service_language,
            _RELATIONSHIP.arrival,
            _RELATIONSHIP.started_on,
            _RELATIONSHIP.responsible,
        )
        .join(CUSTOMER, CUSTOMER.c.customer_id == _RELATIONSHIP.customer_id)
        .where(*_HERE, CUSTOMER.c.merged_into.is_(None))
    )
    if reach.named_only or reach.withheld:
        query = query.where(within(reach, _RELATIONSHIP.customer_id, true(), true(), CUSTOMER))
    if reach.named_only:
        query = query.where(_RELATIONSHIP.customer_id.in_(named(CUSTOMER)))
    return query


async def those_reached(work: Work, customer_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Those of these customers whom the act reaches, each with the id of the record kept."""
    reach = work.rights.reach("relationship")
    asked = _ASKED.c.customer_id == func.any(bindparam("asked_ids", type_=ARRAY(Uuid)))
    query = (
        select(_ASKED.c.customer_id.label("asked_id"), CUSTOMER.c.customer_id)
        .join(CUSTOMER, CUSTOMER.c.customer_id == record_id(_ASKED))
        .where(asked, reached(CUSTOMER.c.customer_id, reach))
    )
    return {row.asked_id: row.customer_id for row in await execute(work, query, asked_ids=list(customer_ids))}


async def all_of(work: Work, responsible: UUID) -> list[UUID]:
    """The customers whom the act reaches and a user is responsible for, in the order of the list."""
    reach = work.rights.reach("relationship")
    query = (
        select(_RELATIONSHIP.customer_id)
        .join(CUSTOMER, CUSTOMER.c.customer_id == _RELATIONSHIP.customer_id)
        .where(*_HERE, CUSTOMER.c.merged_into.is_(None), _RELATIONSHIP.responsible == responsible)
        .where(within(reach, _RELATIONSHIP.customer_id, true(), true(), CUSTOMER))
        .order_by(_RELATIONSHIP.listed_name, _RELATIONSHIP.customer_id)
    )
    return list((await execute(work, query)).scalars())


async def lock_relationships(work: Work, municipality: str, customer_ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """The municipality's open relationships with these customers, whom nobody else changes until the end.

    By the id asked for, which may be an alias: the relationship is that of the record kept.
    """
    of_asked = _ASKED.c.customer_id == func.any(literal(list(customer_ids), ARRAY(Uuid)))
    locked: set[UUID] = set()
    while not (kept := set(await work.connection.scalars(kept_of(of_asked, of=_ASKED)))) <= locked:
        theirs = CUSTOMER.c.customer_id == func.any(literal(sorted(kept), ARRAY(Uuid)))
        locking = select(CUSTOMER.c.customer_id).where(theirs).order_by(CUSTOMER.c.customer_id).with_for_update()
        locked |= set(await work.connection.scalars(locking))
    # looked at after the lock: what a statement that waited sees is from before it waited
    known = (
        select(_ASKED.c.customer_id.label("asked_id"), CLIENT_RELATIONSHIP, CUSTOMER.c.version)
        .join(CUSTOMER, CUSTOMER.c.customer_id == record_id(_ASKED))
        .join(CLIENT_RELATIONSHIP, _RELATIONSHIP.customer_id == CUSTOMER.c.customer_id)
        .where(of_asked, _RELATIONSHIP.municipality == municipality, IS_OPEN)
    )
    return {row.asked_id: row for row in await work.connection.execute(known)}


async def assign(work: Work, municipality: str, customer_ids: Collection[UUID], responsible: UUID | None) -> None:
    """Writes who is responsible for these customers, each of whom has a new version by it."""
    theirs = literal(list(customer_ids), ARRAY(Uuid))
    await work.connection.execute(
        update(CLIENT_RELATIONSHIP)
        .where(_RELATIONSHIP.customer_id == func.any(theirs), _RELATIONSHIP.municipality == municipality, IS_OPEN)
        .values(responsible=responsible)
    )
    await work.connection.execute(
        update(CUSTOMER)
        .where(CUSTOMER.c.customer_id == func.any(theirs))
        .values(version=CUSTOMER.c.version + 1, changed_at=work.now)
    )
