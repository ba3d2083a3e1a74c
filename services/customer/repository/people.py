"""People and relationships as they are now."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, aggregate_order_by, insert
from uuid_utils.compat import uuid7

from contracts.customer.people import ClientRelationship, Customer, CustomerCard, Person
from services.customer.matching import phone_number
from services.customer.repository import families
from services.customer.repository.reach import (
    IS_OPEN,
    REACHED_BY,
    card,
    execute,
    had_code,
    has_code,
    has_relationship,
    has_relationship_elsewhere,
    is_withheld,
    kept_of,
    reached,
)
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER
from services.kit.errors import NotFound
from services.kit.rights import Reach
from services.kit.work import Work


@cache
def _customer(reach: Reach | None) -> Select[Any]:
    # Built once: building it takes SQLAlchemy longer than running it takes PostgreSQL.
    found = record().where(CUSTOMER.c.customer_id == _KEPT)
    return found.where(reached(CUSTOMER.c.customer_id, reach)) if reach else found


def record() -> Select[Any]:
    """All that a `customer_of` needs, to be narrowed by conditions."""
    hidden = ("personal_identity_code_hash", "phone_number", "created_at", "merged_into")
    relationship = CLIENT_RELATIONSHIP.c
    one = func.jsonb_build_object(
        *(part for field in ClientRelationship.model_fields for part in (literal(field), relationship[field]))
    )
    all_of_them = (
        select(func.jsonb_agg(aggregate_order_by(one, relationship.id)))
        .where(relationship.customer_id == CUSTOMER.c.customer_id)
        .scalar_subquery()
    )
    alias = CUSTOMER.alias("alias")
    is_alias = alias.c.merged_into == CUSTOMER.c.customer_id
    merged = select(alias.c.customer_id).where(is_alias).order_by("customer_id")
    permit = alias.c.first_residence_permit
    first_permit = select(permit).where(is_alias, permit.is_not(None)).order_by(alias.c.customer_id).limit(1)
    return select(
        *(column for column in CUSTOMER.c if column.name not in hidden),
        all_of_them.label("relationships"),
        func.array(merged.scalar_subquery()).label("merged"),
        first_permit.scalar_subquery().label("first_permit_of_merged"),
    )


def listed_as(person: Person) -> dict[str, str | None]:
    """The columns of an open relationship that lists are ordered and narrowed by."""
    return {"listed_name": f"{person.name.family} {person.name.given}", "listed_language": person.service_language}


@cache
def _open_relationship() -> Insert:
    person = CUSTOMER.c.customer_id == bindparam("of")
    return insert(CLIENT_RELATIONSHIP).values(
        listed_name=select(CUSTOMER.c.family_name + " " + CUSTOMER.c.given_name).where(person).scalar_subquery(),
        listed_language=select(CUSTOMER.c.service_language).where(person).scalar_subquery(),
    )


_ASKED = CUSTOMER.alias("asked")
_KEPT = kept_of(_ASKED.c.customer_id == bindparam("customer_id"), of=_ASKED).scalar_subquery()
"""The record kept for the id asked for, which may be an alias."""


@cache
def _lock(reach: Reach) -> Select[Any]:
    return (
        select(CUSTOMER.c.customer_id)
        .where(CUSTOMER.c.customer_id == _KEPT, reached(CUSTOMER.c.customer_id, reach))
        .with_for_update()
    )


async def get(work: Work, customer_id: UUID, reach: Reach | None = None) -> Customer:
    """The customer with every municipality's relationships; NotFound when the asker does not reach any of that id.

    Forbidden, when the asker sees it in an emergency and the request does more. `reach`: what the request reaches,
    unless a rule of the domain says otherwise. An alias is answered with the record kept, whose id the answer has.
    """
    row = (await execute(work, _customer(reach or work.rights.reach(REACHED_BY)), customer_id=customer_id)).first()
    if row is None:
        work.rights.refuse_in_emergency(customer_id, REACHED_BY)
        raise NotFound("no such customer")
    return customer_of(work, row)


async def get_whole(work: Work, customer_id: UUID) -> Customer | None:
    """The customer, whoever's: for an act whose right is another row's, such as a transfer's, and beyond the border."""
    row = (await execute(work, _customer(None), customer_id=customer_id)).first()
    return customer_of(work, row) if row else None


async def get_anybody(work: Work, customer_id: UUID) -> Customer:
    """The same of a customer whom the asker need not reach: for what follows for others, and for nobody's eyes."""
    return customer_of(work, (await execute(work, _customer(None), customer_id=customer_id)).one())


async def lock(work: Work, customer_id: UUID, data: str = REACHED_BY) -> Customer:
    """`get`, and nobody else changes the customer until the transaction ends; `data`: what the act is about."""
    # A statement that waits for a lock sees the relationships as they were before it waited: so `get` looks again.
    reach = work.rights.reach(data)
    while True:  # for the record may have become another's alias while its lock was waited for
        locked = (await execute(work, _lock(reach), customer_id=customer_id)).scalar()
        await work.beyond_the_border("a change tells the whole state, with every municipality's relationship")
        customer = await get(work, customer_id, reach)
        if customer.customer_id == locked:
            return customer


async def get_record(work: Work, customer_id: UUID) -> Customer:
    """The record with this very id, be it an alias. Whether the asker reaches it is for the caller to know."""
    return customer_of(work, (await work.connection.execute(_RECORD, {"customer_id": customer_id})).one())


async def lock_code(work: Work, code: str) -> None:
    """Until the transaction ends nobody else looks for the code, or records it: two experts who record a new one at the
    same moment come one after the other. Comes before any lock on a customer (`households.lock`).
    """
    # while keys are rotated, every process knows the key that another one hashes by, and so takes its lock too
    for code_hash in sorted(work.encryption.search_hashes(code)):
        lock_number = int.from_bytes(code_hash[:8], signed=True)
        await work.connection.execute(select(func.pg_advisory_xact_lock(cast(lock_number, BigInteger))))


async def find_by_former_code(work: Work, code: str) -> list[UUID]:
    """Who had the code before; `find_by_identity_code` comes first, and its lock."""
    coded = CUSTOMER.alias("coded")
    return list(await work.connection.scalars(kept_of(had_code(work, code, coded), of=coded)))


async def find_by_identity_code(work: Work, code: str) -> Row[Any] | None:
    """Who has the code (`customer_id`); a customer here, now or ever, or elsewhere (`open_here`, `ever_here` ...)?

    `by_own_code` is false where it is that of a record merged into the one found.
    Until the transaction ends nobody else looks for the same code (`lock_code`).
    """
    await lock_code(work, code)
    coded = CUSTOMER.alias("coded")
    found = await execute(
        work,
        select(
            CUSTOMER.c.customer_id,
            has_code(work, code).label("by_own_code"),
            has_relationship(CUSTOMER.c.customer_id).label("open_here"),
            has_relationship(CUSTOMER.c.customer_id, also_ended=True).label("ever_here"),
            has_relationship_elsewhere(CUSTOMER.c.customer_id).label("open_elsewhere"),
            is_withheld(work, CUSTOMER.c.customer_id).label("withheld"),
        ).where(CUSTOMER.c.customer_id.in_(kept_of(has_code(work, code, coded), of=coded))),
    )
    return found.first()


async def has_no_withheld_code(work: Work, code_hash: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that a row, which may be of nobody known, has no code of anybody withheld from the actor."""
    hashes: list[bytes] = []
    if work.actor.withheld:
        coded, ids = CUSTOMER.c.personal_identity_code, await families.ids_of(work, work.actor.withheld)
        query = select(CUSTOMER.c.customer_id, coded).where(coded.is_not(None), CUSTOMER.c.customer_id.in_(ids))
        codes = [work.encryption.decrypt(code, whose) for whose, code in await work.connection.execute(query)]
        hashes = [each for code in codes for each in work.encryption.search_hashes(code)]
    # the same statement, however many there are
    return or_(code_hash.is_(None), code_hash != func.all(literal(hashes, ARRAY(LargeBinary))))


async def lock_by_identity_code(work: Work, code: str, *, with_household: bool = False) -> Row[Any] | None:
    """The same, and nobody else changes the customer found until the transaction ends.

    `with_household`: nor anybody in the household, whose lock was taken before (`families.lock_all`).
    """
    whoever = families.household if with_household else families.ids_of
    while known := await find_by_identity_code(work, code):
        await families.lock_rows(work, await whoever(work, [known.customer_id]))
        # again, for what a statement sees is from before it waited; and the record may have become another's alias
        found = await find_by_identity_code(work, code)
        if found and found.customer_id == known.customer_id:
            return found
    return None


async def get_cards(work: Work, customer_ids: Iterable[UUID]) -> tuple[CustomerCard, ...]:
    """The cards of those whom the asker may see; of a record merged the card of the one kept."""
    asked = CUSTOMER.alias("asked")
    rows = await execute(
        work,
        select(CUSTOMER.c.customer_id, CUSTOMER.c.family_name, CUSTOMER.c.given_name, CUSTOMER.c.date_of_birth).where(
            CUSTOMER.c.customer_id.in_(kept_of(asked.c.customer_id.in_(customer_ids), of=asked)),
            reached(CUSTOMER.c.customer_id, work.rights.reach(REACHED_BY)),
        ),
    )
    return tuple(CustomerCard(**card(row)) for row in rows)


async def add(work: Work, customer: Customer) -> None:
    """Writes a new customer; the relationships and the history are written on their own."""
    await work.connection.execute(insert(CUSTOMER), _columns(work, customer) | {"created_at": work.now})


async def change(work: Work, customer: Customer) -> None:
    """Writes the person and the version as they are now."""
    await work.connection.execute(
        update(CUSTOMER).where(CUSTOMER.c.customer_id == customer.customer_id).values(**_columns(work, customer))
    )
    relationship, listed = CLIENT_RELATIONSHIP.c, listed_as(customer.person)
    await work.connection.execute(
        update(CLIENT_RELATIONSHIP)
        .where(
            relationship.customer_id == customer.customer_id,
            IS_OPEN,
            or_(*(relationship[name].is_distinct_from(value) for name, value in listed.items())),
        )
        .values(**listed)
    )


async def open_relationship(work: Work, customer_id: UUID, opened: ClientRelationship) -> None:
    """Writes a new relationship with a customer who is written."""
    await work.connection.execute(
        _open_relationship(), {"id": uuid7(), "customer_id": customer_id, **dict(opened), "of": customer_id}
    )


async def end_relationship(work: Work, customer_id: UUID, ended: ClientRelationship) -> None:
    """Writes the end of the municipality's open relationship."""
    await work.connection.execute(
        update(CLIENT_RELATIONSHIP)
        .where(
            CLIENT_RELATIONSHIP.c.customer_id == customer_id,
            CLIENT_RELATIONSHIP.c.municipality == ended.municipality,
            IS_OPEN,
        )
        .values(ended_on=ended.ended_on, end_reason=ended.end_reason)
    )


def customer_of(work: Work, row: Row[Any]) -> Customer:
    """The customer that a row of `record` tells of."""
    return Customer(
        customer_id=row.customer_id,
        version=row.version,
        person=_person(work, row),
        relationships=tuple(ClientRelationship.model_validate(each) for each in row.relationships or ()),
        # none: in an emergency another municipality's customer is seen, and its relationship is not
        household_non_disclosure=row.household_non_disclosure,
        merged=tuple(row.merged),
        first_permit_of_merged=row.first_permit_of_merged,
    )


_RECORD = record().where(CUSTOMER.c.customer_id == bindparam("customer_id"))


def _columns(work: Work, customer: Customer) -> dict[str, Any]:
    person = customer.person
    code = person.personal_identity_code
    return {
        "customer_id": customer.customer_id,
        "version": customer.version,
        "family_name": person.name.family,
        "given_name": person.name.given,
        "date_of_birth": person.date_of_birth,
        "personal_identity_code": work.encryption.encrypt(code, customer.customer_id) if code else None,
        "personal_identity_code_hash": work.encryption.search_hash(code) if code else None,
        "citizenships": list(person.citizenships),
        "mother_tongue": person.mother_tongue,
        "service_language": person.service_language,
        "safety_non_disclosure": person.safety_non_disclosure,
        "phone_number": phone_number(person.contact.phone) if person.contact and person.contact.phone else None,
        **person.model_dump(mode="json", include={"interpreter", "contact", "first_residence_permit"}),
        "changed_at": work.now,
    }


def _person(work: Work, row: Row[Any]) -> Person:
    code = row.personal_identity_code
    return Person.model_validate(
        row._asdict()
        | {
            "name": {"family": row.family_name, "given": row.given_name},
            "personal_identity_code": code and work.encryption.decrypt(code, row.customer_id),
        }
    )
