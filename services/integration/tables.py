"""The integration service's tables."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment, backbone, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)

PARTNER_MESSAGE = Table(
    "partner_message",
    METADATA,
    Column("number", Uuid, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("content_hash", LargeBinary, nullable=False, comment="keyed hash of type and data"),
    Column("data", Text, comment="JSON, encrypted, until it was brought to who answers for it"),
    Column("received_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("told", JSONB(none_as_null=True), comment="what its receipt tells beside that it was received"),
    UniqueConstraint("partner", "message_id"),
    Index("partner_message_waiting", "next_attempt_at", postgresql_where=text("settled_at IS NULL")),
    info={
        "not_erased": "ids and a keyed hash; what it says goes as soon as it was brought to its owner",
        "encrypted": Encrypted(("data",), "data IS NOT NULL"),
    },
    comment="Messages of partners: those that wait to be brought to their owner, and the ids of those that were.",
)

PARTNER_MATTER = Table(
    "partner_matter",
    METADATA,
    Column("partner", Text, primary_key=True),
    Column("matter_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("told_version", BigInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Moment, comment="when it is told; null when nothing is new"),
    Index("partner_matter_waiting", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    comment="Which version of which matter each partner was told, and what it is still to be told; not its contents.",
)
