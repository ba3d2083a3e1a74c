"""Contacts from other authorities: one open contact for each person and municipality, with every report of it."""

from sqlalchemy import ARRAY, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text

from services.customer.tables.base import METADATA
from services.kit.border import HERE
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment

_OF_CONTACT_HERE = "(SELECT true FROM contact AS own WHERE own.contact_id = {}.contact_id LIMIT 1)"

CONTACT = Table(
    "contact",
    METADATA,
    Column("contact_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), index=True, comment="that it led to, if it did"),
    Column("municipality", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("name_words", ARRAY(Text), nullable=False, comment="sorted: who is the same person is known by them"),
    Column("date_of_birth", Date, nullable=False),
    Column("personal_identity_code", Text, comment="encrypted; the row's id is the associated data"),
    Column("personal_identity_code_hash", LargeBinary, comment="keyed hash to find the same person by"),
    Column("received_at", Moment, nullable=False),
    Column("reason", Text),
    Column("ended_at", Moment, index=True),
    Column("ended_by", Text),
    Index("contact_inbox", "municipality", "state", "contact_id"),
    Index("contact_open", "municipality", "date_of_birth", postgresql_where=text("state = 'open'")),
    info={
        "border": f"municipality = {HERE}",
        "encrypted": Encrypted(
            ("personal_identity_code",), "personal_identity_code IS NOT NULL", hashed="personal_identity_code_hash"
        ),
    },
    comment="Contacts from other authorities (681/2023 9 §). The version grows by every report and decision.",
)

CONTACT_REPORT = Table(
    "contact_report",
    METADATA,
    Column("report_id", Uuid, primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contact.contact_id"), nullable=False, index=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), index=True),
    Column("received_at", Moment, nullable=False),
    Column("received_by", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("authority_name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("reference", Text, comment="the authority's own id of the report"),
    Column("report", Text, nullable=False, comment="JSON, encrypted; the row's id is the associated data"),
    Index("contact_report_reference", "authority", "reference", unique=True),
    info={"border": _OF_CONTACT_HERE.format("contact_report"), "encrypted": Encrypted(("report",), "true")},
    comment="Each report as it came.",
)

CONTACT_PASSING = Table(
    "contact_passing",
    METADATA,
    Column("passing_id", Uuid, primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contact.contact_id"), nullable=False, index=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), index=True),
    Column("municipality", Text, nullable=False, comment="which passed it on"),
    Column("passed_at", Moment, nullable=False),
    Column("passed_by", Text, nullable=False),
    Column("why", Text, comment="encrypted; the row's id is the associated data"),
    info={
        "border": _OF_CONTACT_HERE.format("contact_passing"),
        "encrypted": Encrypted(("why",), "why IS NOT NULL"),
    },
    comment="Which municipality passed a contact on.",
)

RECEIVING_PARTY = Table(
    "receiving_party",
    METADATA,
    Column("municipality", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("users", ARRAY(Text), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    info={"border": f"municipality = {HERE}", "not_erased": "officials and their unit: nobody who is served"},
    comment="Who of each municipality takes up contacts.",
)
