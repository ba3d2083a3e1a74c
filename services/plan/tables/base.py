"""What all tables of the plan service share, and what decides who may read."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.kit.border import HERE
from services.kit.tables import backbone, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)

CUSTOMER_VIEW = Table(
    "customer_view",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("open_municipalities", ARRAY(Text), nullable=False),
    Column("merged_into", Uuid),
    Index("customer_view_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    info={"border": f"{HERE} = ANY (open_municipalities)"},
    comment="Projection of customer's state events: what decides who may read.",
)
