"""Who is reached: the conditions that every query of customers holds."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CursorResult,
    FromClause,
    Select,
    Uuid,
    and_,
    func,
    literal,
    or_,
    select,
)

from contracts.types import PersonName
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER, CUSTOMER_HISTORY
from services.kit.customer_view import record_id
from services.kit.rights import MUNICIPALITY, Reach, within
from services.kit.work import Work

REACHED_BY = "identity"
"""The data group without which a customer does not exist for the asker."""

IS_OPEN = CLIENT_RELATIONSHIP.c.ended_on.is_(None)
"""Of a relationship: it has not ended."""


async def execute(work: Work, statement: Select[Any], **values: Any) -> CursorResult[Any]:
    """Executes a statement that holds a right: who asks is said here alone."""
    result: CursorResult[Any] = await work.connection.execute(statement, work.rights.values | values)
    return result


def has_code(work: Work, code: str, of: FromClause = CUSTOMER) -> ColumnElement[bool]:
    """The customer has this identity code, by whichever search key it was hashed."""
    return of.c.personal_identity_code_hash.in_(work.encryption.search_hashes(code))


def kept_of(*conditions: ColumnElement[bool], of: FromClause = CUSTOMER) -> Select[UUID]:
    """The ids of the records kept for those that meet the conditions on `of`: mostly themselves."""
    return select(record_id(of)).where(*conditions)


def found_first(ids: Select[Any]) -> ColumnElement[UUID]:
    """One of these ids, which are few: found before all else. As a join, PostgreSQL would begin with a municipality."""
    return func.any(func.array(ids.scalar_subquery(), type_=ARRAY(Uuid)))


def had_code(work: Work, code: str, of: FromClause = CUSTOMER) -> ColumnElement[bool]:
    """The customer had this identity code before another one, or before it was taken away."""
    history = CUSTOMER_HISTORY.c
    had = select(history.customer_id).where(history.former_code_hash.in_(work.encryption.search_hashes(code)))
    return of.c.customer_id.in_(had)


def is_withheld(work: Work, customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The customer is withheld from the actor, under this id or another of the same person's."""
    named = literal(list(work.actor.withheld), ARRAY(Uuid))
    one, other = CUSTOMER.alias("withheld"), CUSTOMER.alias("withheld_too")
    people = kept_of(one.c.customer_id == func.any(named), of=one)
    theirs = people.union_all(select(other.c.customer_id).where(other.c.merged_into.in_(people)))
    return or_(customer_id == func.any(named), customer_id.in_(theirs))


def reached(customer_id: ColumnElement[UUID], reach: Reach) -> ColumnElement[bool]:
    """The right: the customer is one of those whom the act reaches."""
    return within(
        reach, customer_id, has_relationship(customer_id), has_relationship(customer_id, also_ended=True), CUSTOMER
    )


def has_relationship(customer_id: ColumnElement[UUID], also_ended: bool = False) -> ColumnElement[bool]:
    """The municipality has an open relationship with the customer, or has ever had one."""
    here = CLIENT_RELATIONSHIP.c.municipality == MUNICIPALITY
    return _relationship_exists(customer_id, here if also_ended else and_(here, IS_OPEN))


def has_relationship_elsewhere(customer_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Another municipality has an open relationship with the customer."""
    return _relationship_exists(customer_id, CLIENT_RELATIONSHIP.c.municipality != MUNICIPALITY, IS_OPEN)


def _relationship_exists(customer_id: ColumnElement[UUID], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    # No EXISTS: for a list PostgreSQL would make it a join with all relationships of the municipality.
    relationship = CLIENT_RELATIONSHIP.c
    found = select(relationship.id).where(relationship.customer_id == customer_id, *conditions).limit(1)
    return found.scalar_subquery().is_not(None)


def card(row: Any) -> dict[str, Any]:
    """The fields of a CustomerCard from a row with the customer's columns."""
    return {
        "customer_id": row.customer_id,
        "name": PersonName(family=row.family_name, given=row.given_name),
        "date_of_birth": row.date_of_birth,
    }
