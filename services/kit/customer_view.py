"""The projection of customers by which a service decides who may read what it holds of them.

It says where a customer's relationships are open and, since records are merged, which record is kept of the person:
what is held of an alias is the kept record's. Each service has the table in its own database; all else of it is here.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Join,
    MetaData,
    ScalarSelect,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    false,
    func,
    literal,
    literal_column,
    not_,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from contracts.customer.state import CustomerState
from contracts.topology import CUSTOMER_STATES
from services.kit.border import HERE
from services.kit.errors import NotFound
from services.kit.projection import Projection
from services.kit.rights import MUNICIPALITY, Reach, within
from services.kit.work import Work

_ASKED = bindparam("asked_customer", type_=Uuid)


def customer_view_table(metadata: MetaData) -> Table:
    """Declares the table in a service's metadata; its first migration makes it."""
    return Table(
        "customer_view",
        metadata,
        Column("customer_id", Uuid, primary_key=True),
        Column("sequence", BigInteger, nullable=False),
        Column("open_municipalities", ARRAY(Text), nullable=False),
        Column("merged_into", Uuid),
        Index("customer_view_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        info={"border": f"{HERE} = ANY (open_municipalities)"},
        comment="Projection of customer's state events: what decides who may read.",
    )


def kept_in(view: Table) -> Projection:
    """The projection that keeps the table."""
    return Projection(view, _row_of, of=CUSTOMER_STATES)


def _row_of(state: CustomerState) -> dict[str, Any]:
    return {"open_municipalities": state.open_municipalities, "merged_into": state.merged_into}


def is_open(view: Table, municipality: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a relationship with the municipality is open."""
    return any_(view.c.open_municipalities) == municipality


def is_reached(view: Table, reach: Reach) -> ColumnElement[bool]:
    """The condition that the customer of a row is reached; a relationship that has ended gives no right here."""
    return within(reach, view.c.customer_id, is_open(view, MUNICIPALITY), false(), view)


def record_id(of: FromClause) -> ColumnElement[UUID]:
    """The id of the record kept for each row: its own but for an alias.

    Not `coalesce`, which PostgreSQL does not know to keep secrets: behind a border it would look that up in no index,
    and read the rows of all.
    """
    return case((of.c.merged_into.is_(None), of.c.customer_id), else_=of.c.merged_into)


def ids_of(view: Table, customer_id: UUID) -> ColumnElement[UUID]:
    """Any id of the person of whom this is the record kept: what a column is compared with."""
    merged = select(view.c.customer_id).where(view.c.merged_into == customer_id)
    ids = merged.union_all(select(literal(customer_id, Uuid))).scalar_subquery()
    return func.any(func.array(ids, type_=ARRAY(Uuid)))


def is_about(table: Table, ids: ColumnElement[UUID], municipality: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a municipality's row is about somebody, alone or with others: `ids` is `any` of the person's.

    Whose it is, is found by `customer_id`, and who is one of several by the index `about_several`: behind a border
    PostgreSQL looks up `&&` in no index.
    """
    theirs, (key,) = table.alias("theirs"), table.primary_key
    person = func.unnest(theirs.c.customer_ids).column_valued("person")
    among = select(person).where(person == ids).correlate(theirs).exists()
    of_several = and_(theirs.c.municipality == municipality, func.cardinality(theirs.c.customer_ids) > 1, among)
    found = union_all(*(select(theirs.c[key.name]).where(each) for each in (theirs.c.customer_id == ids, of_several)))
    return and_(
        key == func.any(func.array(found.scalar_subquery(), type_=ARRAY(Uuid))), table.c.municipality == municipality
    )


def about_several(table: str) -> Index:
    """The index of a table by which a municipality's rows about several people are found."""
    return Index(f"{table}_about_several", "municipality", postgresql_where=text("cardinality(customer_ids) > 1"))


def record_kept(view: Table, customer_id: ColumnElement[UUID]) -> ScalarSelect[UUID]:
    """The id of the record kept of a customer, which is the same one's but for an alias; null: nobody known here."""
    asked = view.alias("asked")
    return select(record_id(asked)).where(asked.c.customer_id == customer_id).scalar_subquery()


def record_reached(view: Table, reach: Reach, customer_id: ColumnElement[UUID]) -> Select[UUID]:
    """Selects the same where the asker reaches the customer; else nothing."""
    record = view.c.customer_id == record_kept(view, customer_id)
    return select(view.c.customer_id).where(record, is_reached(view, reach))


def reaches_each(view: Table, reach: Reach, people: Column[Any]) -> ColumnElement[bool]:
    """The condition that the asker reaches each of the people in an array: a matter of several is for nobody else."""
    person = func.unnest(people).column_valued("person")
    its_record = record_reached(view, reach, literal_column("person", Uuid)).scalar_subquery()
    return not_(select(person).where(its_record.is_(None)).correlate(people.table).exists())


def join_record(view: Table, source: FromClause, customer_id: ColumnElement[UUID]) -> Join:
    """Joins what is held of customers with the rows of the records kept of them: what `is_reached` is about."""
    asked = view.alias("asked")
    return source.join(asked, asked.c.customer_id == customer_id).join(view, view.c.customer_id == record_id(asked))


async def kept_id_of(view: Table, work: Work, customer_id: UUID, data: str) -> UUID:
    """The id of the record kept of a customer whom the asker reaches by these data; else NotFound."""
    query, values = _kept(view, work.rights.reach(data)), work.rights.values | {_ASKED.key: customer_id}
    found: UUID | None = (await work.connection.execute(query, values)).scalar()
    if found is None:
        work.rights.refuse_in_emergency(customer_id, data)
        raise NotFound("No such customer of this organisation is known here; a new one is known in a moment.")
    return found


@cache
def _kept(view: Table, reach: Reach) -> Select[UUID]:
    return record_reached(view, reach, _ASKED)
