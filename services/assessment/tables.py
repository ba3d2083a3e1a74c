"""The assessment service's tables."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.kit.border import HERE
from services.kit.tables import Moment, backbone, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)

assessment = Table(
    "assessment",
    METADATA,
    Column("assessment_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("law_version", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column(
        "merged",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="withdrawn because the record was merged: stands again when the merge is undone",
    ),
    Index(None, "customer_id", "municipality"),
    Index(
        "assessment_standing",
        "customer_id",
        "municipality",
        unique=True,
        postgresql_where=text("status <> 'withdrawn'"),
    ),
    info={"border": f"municipality = {HERE}"},
    comment="A municipality's assessments of a customer; at most one that is not withdrawn.",
)

considered = Table(
    "considered",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    comment="The newest state event acted on, by customer: an older one that comes late changes nothing.",
)

customer_view = Table(
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
