"""Records that may be of one person, and records merged."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, Uuid, text

from services.customer.tables.base import METADATA
from services.kit.border import HERE
from services.kit.tables import Moment, customer_ids_column

SUSPECTED_DUPLICATE = Table(
    "suspected_duplicate",
    METADATA,
    Column("pair_id", Uuid, primary_key=True),
    Column("municipality", Text, nullable=False),
    customer_ids_column(),
    Column("score", Integer, nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("decision", Text, comment="not_same_person or same_person; null while nobody has decided"),
    Column("decided_at", Moment),
    Column("decided_by", Text),
    Column("why", Text),
    UniqueConstraint("municipality", "customer_ids"),
    Index(
        "suspected_duplicate_undecided", "municipality", "score", "pair_id", postgresql_where=text("decision IS NULL")
    ),
    Index("suspected_duplicate_customers", "customer_ids", postgresql_using="gin"),
    info={"border": f"municipality = {HERE}"},
    comment="Pairs of a municipality's customers who may be one person, the smaller id first. The score is the"
    " present one while nobody has decided, and the one decided on from then.",
)

CUSTOMER_MERGE = Table(
    "customer_merge",
    METADATA,
    Column("merge_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), nullable=False, comment="the duplicate"),
    Column("merged_into", Uuid, ForeignKey("customer.customer_id"), nullable=False, comment="the one kept"),
    customer_ids_column(),
    Column("municipality", Text, nullable=False),
    Column("merged_at", Moment, nullable=False),
    Column("merged_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("undone_at", Moment),
    Column("undone_by", Text),
    Column("undone_why", Text),
    Index("customer_merge_standing", "customer_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    Index("customer_merge_customers", "customer_ids", postgresql_using="gin"),
    info={"border": f"municipality = {HERE}"},
    comment="Who made which record an alias of which, and who undid it. What stands is derived: customer.merged_into.",
)
