"""The usage log: a chain of lines in months, and what of it has not come yet."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.access.tables.base import METADATA
from services.kit.tables import Moment

USAGE_LINE = Table(
    "usage_line",
    METADATA,
    Column("position", BigInteger, nullable=False, comment="in the chain, without gaps from 1"),
    Column("occurred_at", Moment, nullable=False),
    Column("sender", Text, nullable=False),
    Column("line", Uuid, nullable=False, comment="the sender's line, on which `number` has no gaps"),
    Column("number", BigInteger, nullable=False),
    Column("fact_id", Uuid, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("grant_id", Uuid),
    Column("granted_by", Text),
    Column("task", Text),
    Column("purpose", Text),
    Column("legal_basis", Text),
    Column("relation", Text),
    Column("customers", ARRAY(Uuid), nullable=False),
    Column("data", ARRAY(Text), nullable=False),
    Column("found", Integer),
    Column("sealed", Text),
    Column("words", ARRAY(BigInteger), nullable=False),
    Column("trace_id", Text),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 of the hash before and of this row"),
    PrimaryKeyConstraint("position", "occurred_at"),
    Index("usage_line_customers", "customers", postgresql_using="gin"),
    Index("usage_line_user", "user_id", "occurred_at"),
    Index("usage_line_searches", "words", postgresql_using="gin", postgresql_where=text("sealed IS NOT NULL")),
    postgresql_partition_by="RANGE (occurred_at)",
    info={
        "not_erased": "906/2019 17 §: who used the data must be known when they are gone; ids alone, the rest sealed",
        "append_only": True,
    },
    comment="Every use of customers' data. Rows are only added; whole days are removed by remove_usage_lines().",
)

USAGE_CHAIN = Table(
    "usage_chain",
    METADATA,
    Column("id", Integer, primary_key=True, server_default=text("1"), autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="usage_chain_id_check"),
    info={"not_erased": "a count and a hash"},
    comment="The end of the chain. Whoever adds to it holds this row's lock.",
)

USAGE_SENDER = Table(
    "usage_sender",
    METADATA,
    Column("line", Uuid, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    info={"not_erased": "counts"},
    comment="The greatest number that has come on each sender's line.",
)

USAGE_MISSING = Table(
    "usage_missing",
    METADATA,
    Column("line", Uuid, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("noticed_at", Moment, nullable=False),
    PrimaryKeyConstraint("line", "number"),
    info={"not_erased": "counts"},
    comment="Numbers below the last that have not come: late, parked or lost.",
)
