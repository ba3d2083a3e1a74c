"""Which records of customers are one person's."""

from sqlalchemy import BigInteger, Column, Index, Table, Uuid, text

from services.access.tables.base import METADATA

CUSTOMER_VIEW = Table(
    "customer_view",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("merged_into", Uuid),
    Index("customer_view_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    comment="Projection of customer's state events: which records were merged, and into which.",
)
