"""Relations between customers, and to people who are none; and every change of them."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, Table, Text, Uuid

from services.customer.tables.base import METADATA, VersionedJson
from services.kit.border import OPENED
from services.kit.tables import Moment, customer_ids_column

_BORDER = (
    "(SELECT true FROM client_relationship AS own WHERE own.customer_id = ANY ({0}.customer_ids) LIMIT 1)"
    f" OR customer_ids && {OPENED}"
)
"""With either of both: a relation is one row, seen from both sides."""

FAMILY_RELATION = Table(
    "family_relation",
    METADATA,
    Column("relation_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), nullable=False, index=True),
    Column("relative_id", Uuid, ForeignKey("customer.customer_id"), index=True),
    customer_ids_column(),
    Column("kind", Text, nullable=False, comment="what the relative is to the customer"),
    Column("relative", VersionedJson, comment="who is no customer"),
    Column("same_household", Boolean, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("ended", Boolean, nullable=False, comment="by somebody: a day that passes ends no household"),
    Column("source", Text, nullable=False),
    info={"border": _BORDER.format("family_relation")},
    comment="Family relations, guardians and representatives: one row for both sides.",
)

FAMILY_RELATION_HISTORY = Table(
    "family_relation_history",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("relation_id", Uuid, nullable=False, index=True),
    customer_ids_column(),
    Column("version", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("previous", VersionedJson),
    Column("new", VersionedJson),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("why", Text),
    Column("source", Text, nullable=False),
    info={"border": _BORDER.format("family_relation_history")},
    comment="Every change of every field of a family relation; it goes with the first of both customers who is erased.",
)
