"""Whom municipalities are to reach: the list, the attempts, and who on it is who."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    LargeBinary,
    Row,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from contracts.customer.outreach import ListOutreachTargets
from services.customer.repository import people
from services.customer.repository.reach import IS_OPEN, has_relationship, is_withheld
from services.customer.tables.operations import OPERATION, OPERATION_ROW
from services.customer.tables.outreach import OUTREACH_ATTEMPT, OUTREACH_TARGET
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER, CUSTOMER_NAME
from services.kit.errors import NotFound
from services.kit.rights import MUNICIPALITY
from services.kit.work import Work

_TARGET = OUTREACH_TARGET.c
_FORGET = 1000
"""Targets forgotten in one statement."""


async def _reached(work: Work) -> ColumnElement[bool]:
    """Those of the own municipality; on a protected ground for those with the right to it, never the withheld."""
    conditions = [_TARGET.municipality == work.actor.organisation]
    if not work.rights.allows("trafficking", "none"):
        conditions.append(not_(_TARGET.protected))
    if work.actor.withheld:
        conditions.append(or_(_TARGET.customer_id.is_(None), not_(is_withheld(work, _TARGET.customer_id))))
        # also one whose list came before the person was a customer
        conditions.append(await people.has_no_withheld_code(work, _TARGET.personal_identity_code_hash))
    return and_(*conditions)


async def list_targets(work: Work, asked: ListOutreachTargets, on: date) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of those to be reached, the least time left first, and the next page's cursor."""
    query = select(OUTREACH_TARGET).where(await _reached(work), _TARGET.contact_by >= on)
    if asked.state:
        query = query.where(_TARGET.state == asked.state)
    if asked.ground:
        query = query.where(_TARGET.ground_codes.contains([asked.ground]))
    if asked.cursor:
        day, _, target_id = asked.cursor.partition(".")
        after = (date.fromordinal(int(day)), UUID(target_id))
        query = query.where(tuple_(_TARGET.contact_by, _TARGET.target_id) > after)
    query = query.order_by(_TARGET.contact_by, _TARGET.target_id).limit(asked.limit + 1)
    rows = (await work.connection.execute(query)).all()
    page = rows[: asked.limit]
    more = f"{page[-1].contact_by.toordinal()}.{page[-1].target_id}" if len(rows) > asked.limit else None
    return page, more


async def get(work: Work, target_id: UUID, on: date, *, for_update: bool = False) -> Row[Any]:
    """One of those to be reached; raises NotFound."""
    query = select(OUTREACH_TARGET).where(
        _TARGET.target_id == target_id, await _reached(work), _TARGET.contact_by >= on
    )
    found = (await work.connection.execute(query.with_for_update() if for_update else query)).first()
    if found is None:
        raise NotFound("nobody to be reached has this id")
    return found


def code_of(work: Work, row: Row[Any]) -> str | None:
    """The identity code, decrypted."""
    code = row.personal_identity_code
    return work.encryption.decrypt(code, row.target_id) if code else None


async def attempts(work: Work, target_id: UUID) -> Sequence[Row[Any]]:
    """The attempts made, oldest first."""
    attempt = OUTREACH_ATTEMPT.c
    made = select(OUTREACH_ATTEMPT).where(attempt.target_id == target_id).order_by(attempt.made_at, attempt.attempt_id)
    return (await work.connection.execute(made)).all()


async def add_attempt(work: Work, attempt: dict[str, Any], state: str, contact_by: date) -> None:
    """Writes an attempt, and where the contact stands after it."""
    await work.connection.execute(insert(OUTREACH_ATTEMPT), attempt)
    await work.connection.execute(
        update(OUTREACH_TARGET)
        .where(_TARGET.target_id == attempt["target_id"])
        .values(state=state, contact_by=contact_by, attempts=_TARGET.attempts + 1)
    )


async def forget(work: Work, target_ids: Iterable[UUID]) -> None:
    """Removes people from the list, and the attempts to contact them."""
    await work.connection.execute(delete(OUTREACH_TARGET).where(_TARGET.target_id.in_(list(target_ids))))


async def lock_list(work: Work, municipality: str) -> None:
    """Until the transaction ends nobody else adds to the municipality's list: nobody is put on it twice."""
    number = cast(func.hashtextextended(f"outreach {municipality}", 0), BigInteger)
    await work.connection.execute(select(func.pg_advisory_xact_lock(number)))


async def customers_by_code(work: Work, municipality: str, hashes: Collection[bytes]) -> dict[bytes, Row[Any]]:
    """Customers of the municipality, present or former, with one of the codes, by hash: `customer_id`, `open_here`."""
    query = select(
        CUSTOMER.c.customer_id,
        CUSTOMER.c.personal_identity_code_hash,
        has_relationship(CUSTOMER.c.customer_id).label("open_here"),
    ).where(
        CUSTOMER.c.personal_identity_code_hash == func.any(literal(list(hashes), ARRAY(LargeBinary))),
        has_relationship(CUSTOMER.c.customer_id, also_ended=True),
    )
    rows = await work.connection.execute(query, {MUNICIPALITY.key: municipality})
    return {row.personal_identity_code_hash: row for row in rows}


async def customers_born(
    work: Work, municipality: str, days: Collection[date]
) -> dict[date, list[tuple[UUID, frozenset[str]]]]:
    """The municipality's customers born on these days, by the day, with the words of their names, former ones too."""
    query = (
        select(CUSTOMER.c.customer_id, CUSTOMER.c.date_of_birth, func.array_agg(CUSTOMER_NAME.c.word).label("words"))
        .join(CUSTOMER_NAME, CUSTOMER_NAME.c.customer_id == CUSTOMER.c.customer_id)
        .where(
            CUSTOMER.c.date_of_birth == func.any(literal(list(days), ARRAY(Date))),
            CUSTOMER_NAME.c.municipality == municipality,
        )
        .group_by(CUSTOMER.c.customer_id, CUSTOMER.c.date_of_birth)
    )
    found: dict[date, list[tuple[UUID, frozenset[str]]]] = {}
    for row in await work.connection.execute(query):
        found.setdefault(row.date_of_birth, []).append((row.customer_id, frozenset(row.words)))
    return found


async def targets_like(
    work: Work, municipality: str, hashes: Collection[bytes], days: Collection[date]
) -> Sequence[Row[Any]]:
    """Those on the municipality's list with one of the codes, or born on one of the days, locked."""
    query = (
        select(OUTREACH_TARGET)
        .where(
            _TARGET.municipality == municipality,
            or_(
                _TARGET.personal_identity_code_hash == func.any(literal(list(hashes), ARRAY(LargeBinary))),
                _TARGET.date_of_birth == func.any(literal(list(days), ARRAY(Date))),
            ),
        )
        .order_by(_TARGET.target_id)
        .with_for_update()
    )
    return (await work.connection.execute(query)).all()


async def write_targets(work: Work, new: Sequence[dict[str, Any]], changed: Sequence[dict[str, Any]]) -> None:
    """Writes those who are new to the list, and those of whom a list told more."""
    if new:
        await work.connection.execute(insert(OUTREACH_TARGET), list(new))
    if changed:
        columns = [name for name in changed[0] if name != "target_id"]
        statement = (
            update(OUTREACH_TARGET)
            .where(_TARGET.target_id == bindparam("of_target"))
            .values({name: bindparam(f"now_{name}", type_=_TARGET[name].type) for name in columns})
        )
        rows = [{f"now_{name}": each[name] for name in columns} | {"of_target": each["target_id"]} for each in changed]
        await work.connection.execute(statement, rows)


async def lock_targets(work: Work, target_ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Those of these who are on a list still, locked."""
    theirs = _TARGET.target_id == func.any(literal(list(target_ids), ARRAY(Uuid)))
    query = select(OUTREACH_TARGET).where(theirs).order_by(_TARGET.target_id).with_for_update()
    return {row.target_id: row for row in await work.connection.execute(query)}


async def undone_by(work: Work, operation_id: UUID, target_ids: Collection[UUID]) -> set[UUID]:
    """Those of these whom another row of the operation has taken off the list already."""
    row = OPERATION_ROW.c
    query = select(row.made_id).where(
        row.operation_id == operation_id,
        row.state == "undone",
        row.made_id == func.any(literal(list(target_ids), ARRAY(Uuid))),
    )
    return set((await work.connection.execute(query)).scalars())


async def forget_what_is_over(work: Work, on: date) -> int:
    """Removes some of those whose time is over, and returns how many."""
    over = select(_TARGET.target_id).where(_TARGET.contact_by < on).limit(_FORGET)
    return (await work.connection.execute(delete(OUTREACH_TARGET).where(_TARGET.target_id.in_(over)))).rowcount


async def forget_customers(work: Work) -> int:
    """Removes some of those who became customers by another way, and returns how many."""
    relationship = CLIENT_RELATIONSHIP.c
    known = (
        select(_TARGET.target_id)
        .join(CUSTOMER, CUSTOMER.c.personal_identity_code_hash == _TARGET.personal_identity_code_hash)
        .join(CLIENT_RELATIONSHIP, relationship.customer_id == CUSTOMER.c.customer_id)
        .where(relationship.municipality == _TARGET.municipality, IS_OPEN)
        .limit(_FORGET)
    )
    return (await work.connection.execute(delete(OUTREACH_TARGET).where(_TARGET.target_id.in_(known)))).rowcount


async def forget_unfinished(work: Work, before: Any) -> int:
    """Removes imports that were begun before then and never finished, with their rows; returns how many."""
    left = delete(OPERATION).where(OPERATION.c.state == "receiving", OPERATION.c.started_at < before)
    return (await work.connection.execute(left)).rowcount
