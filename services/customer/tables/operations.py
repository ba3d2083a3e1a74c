"""Operations, and their rows: what is still to be done, and what came of each."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.customer.tables.base import METADATA, VersionedJson
from services.kit.border import HERE
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment

OPERATION = Table(
    "operation",
    METADATA,
    Column("operation_id", Uuid, primary_key=True),
    Column("municipality", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False, server_default=text("false")),
    Column("total", Integer, nullable=False, server_default=text("0")),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("rejected", Integer, nullable=False, server_default=text("0")),
    Column("undone", Integer, nullable=False, server_default=text("0")),
    Column("stayed", Integer, nullable=False, server_default=text("0")),
    Column("asked", JSONB, nullable=False, comment="what is done with each row: codes and numbers, of no customer"),
    Column("started_by", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("operation_unfinished", "started_at", postgresql_where=text("state IN ('running', 'undoing')")),
    info={"border": f"municipality = {HERE}", "not_erased": "counts and codes; the rows are erased"},
    comment="Acts on many rows, and how far each has come.",
)

OPERATION_ROW = Table(
    "operation_row",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("operation_id", Uuid, ForeignKey("operation.operation_id", ondelete="CASCADE"), nullable=False),
    Column("row", Integer, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("customer_id", Uuid, index=True, comment="whom it is about, where that is a customer"),
    Column("state", Text, nullable=False),
    Column("content", Text, comment="what the list says, encrypted; emptied when the row is settled"),
    Column("outcome", Text),
    Column("errors", VersionedJson),
    Column("made_id", Uuid, comment="what the row made or joined"),
    UniqueConstraint("operation_id", "row"),
    Index("operation_row_state", "operation_id", "state", "row"),
    info={
        "border": f"municipality = {HERE}",
        "encrypted": Encrypted(("content",), "content IS NOT NULL"),
    },
    comment="The rows of operations: each is settled once.",
)
