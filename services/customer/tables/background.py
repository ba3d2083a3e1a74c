"""What is known of people beside who they are: each row is one version of one group."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, UniqueConstraint, Uuid

from services.customer.tables.base import METADATA, VersionedJson
from services.kit.border import OPENED
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment

BACKGROUND = Table(
    "background",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), nullable=False),
    Column("group", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", VersionedJson, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("why", Text),
    Column("source", Text, nullable=False),
    UniqueConstraint("customer_id", "group", "version"),
    info={
        # not EXISTS: see tables/people.py
        "border": "(SELECT true FROM client_relationship AS own WHERE own.customer_id = background.customer_id LIMIT 1)"
        f" OR customer_id = ANY ({OPENED})",
        "encrypted": Encrypted(("content", "why"), "\"group\" = 'health'"),
    },
    comment="Groups of the background, every version. Health is encrypted with this row's id as the associated data.",
)
