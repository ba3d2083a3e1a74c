"""Whom municipalities are to reach, and the attempts to."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.customer.tables.base import METADATA, VersionedJson
from services.kit.border import HERE
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment

OUTREACH_TARGET = Table(
    "outreach_target",
    METADATA,
    Column("target_id", Uuid, primary_key=True),
    Column("municipality", Text, nullable=False),
    Column("customer_id", Uuid, index=True, comment="a present or former customer who may be the same person"),
    Column("state", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("date_of_birth", Date, nullable=False),
    Column("personal_identity_code", Text, comment="encrypted; the row's id is the associated data"),
    Column("personal_identity_code_hash", LargeBinary, comment="keyed hash to find it by"),
    Column("contact", VersionedJson),
    Column("service_language", Text),
    Column("first_permit_on", Date),
    Column("permit_kind", Text),
    Column("permit_ground", Text),
    Column("grounds", JSONB, nullable=False, comment="each with its source, its day, and the operation that told it"),
    Column("ground_codes", ARRAY(Text), nullable=False),
    Column("protected", Boolean, nullable=False, comment="whether one of the grounds is for few to know"),
    Column("three_years_end_on", Date, comment="681/2023 14 § 1 mom.; none where they do not run or are not known"),
    Column("contact_by", Date, nullable=False, comment="the last day on which the person may be on the list"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Index("outreach_target_due", "municipality", "contact_by", "target_id"),
    Index("outreach_target_state", "municipality", "state", "contact_by", "target_id"),
    Index(
        "outreach_target_code",
        "municipality",
        "personal_identity_code_hash",
        unique=True,
        postgresql_where=text("personal_identity_code_hash IS NOT NULL"),
    ),
    Index("outreach_target_born", "municipality", "date_of_birth"),
    Index("outreach_target_over", "contact_by"),
    info={
        "border": f"municipality = {HERE}",
        "encrypted": Encrypted(
            ("personal_identity_code",), "personal_identity_code IS NOT NULL", hashed="personal_identity_code_hash"
        ),
    },
    comment="People whom municipalities are to reach (681/2023 84 §), until that has come to an end.",
)

OUTREACH_ATTEMPT = Table(
    "outreach_attempt",
    METADATA,
    Column("attempt_id", Uuid, primary_key=True),
    Column(
        "target_id",
        Uuid,
        ForeignKey("outreach_target.target_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("municipality", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("note", Text),
    info={"border": f"municipality = {HERE}", "not_erased": "goes with the person to be reached, by its foreign key"},
    comment="Attempts to contact people who are to be reached.",
)
