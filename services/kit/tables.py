"""The backbone's tables, the same in every service's database: outbox, inbox, parked, tombstones and their kin.

A table with personal data has a column `customer_id` or `customer_ids`, so that it can be erased with the person; a
table without says why in `info={"not_erased": "<reason>"}`. A test finds tables that do neither.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

Moment = DateTime(timezone=True)


@dataclass(frozen=True)
class Backbone:
    """The backbone's tables in one service's metadata."""

    metadata: MetaData
    outbox: Table
    inbox: Table
    parked: Table
    tombstone: Table
    subject_sequence: Table
    request_outcome: Table


def service_metadata() -> MetaData:
    """The metadata of one service. Constraints and indexes are named as PostgreSQL itself would name them."""
    return MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )


def customer_ids_column() -> Column[list[object]]:
    """The people a row is about."""
    return Column("customer_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'"))


def handshake_columns() -> list[Column[Any]]:
    """What each table of handshakes has (services/kit/handshake.py); the version grows by every act and is the ETag."""
    return [
        Column("version", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("requester", Text, nullable=False),
        Column("addressee", Text, nullable=False),
        Column("due_on", Date, nullable=False),
        Column("responsible", JSONB(none_as_null=True), comment="whom the addressee named"),
        Column("turns", JSONB, nullable=False, comment="every act, the oldest first"),
        Column("created_at", Moment, nullable=False),
        Column("changed_at", Moment, nullable=False),
    ]


def backbone(metadata: MetaData) -> Backbone:
    """Declares the backbone's tables in a service's metadata."""
    outbox = Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("id", Uuid, nullable=False, unique=True),
        Column("fact_id", Uuid, nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Uuid, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        customer_ids_column(),
        Column("occurred_at", Moment, nullable=False),
        Column("correlation_id", Text, nullable=False),
        Column("causation_id", Text, nullable=False),
        Column("actor", Text, nullable=False),
        Column("legal_basis", Text),
        Column("traceparent", Text),
        Column("data", JSON, nullable=False),
        Column("published_at", Moment),
        Column("failure", Text),
        UniqueConstraint("subject", "sequence"),
        Index("outbox_pending", "position", postgresql_where=text("published_at IS NULL")),
        Index("outbox_customers", "customer_ids", postgresql_using="gin"),
        comment="Events to publish; published rows stay: they are the service's event log.",
    )
    inbox = Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("fact_id", Uuid, primary_key=True),
        Column("claimed_at", Moment, nullable=False),
        info={"not_erased": "ids of facts only", "append_only": True},
        comment="Facts that were acted on: each once.",
    )
    parked = Table(
        "parked",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("message_id", Text),
        Column("type", Text),
        Column("origin", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("headers", JSON, nullable=False),
        Column("body", LargeBinary, nullable=False),
        customer_ids_column(),
        Column("parked_at", Moment, nullable=False),
        Column("replayed_at", Moment),
        Column("replayed_by", Text),
        Column("drop_proposed_by", Text),
        Column("drop_reason", Text),
        Column("dropped_at", Moment),
        Column("dropped_by", Text),
        Index("parked_customers", "customer_ids", postgresql_using="gin"),
        comment="Messages that could not be handled, with the reason, until a person replays or drops them.",
    )
    tombstone = Table(
        "tombstone",
        metadata,
        Column("customer_id", Uuid, primary_key=True),
        Column("erased_at", Moment, nullable=False),
        info={"not_erased": "keeps what was erased from coming back", "append_only": True},
        comment="Erased people: no late message brings them back.",
    )
    subject_sequence = Table(
        "subject_sequence",
        metadata,
        Column("subject", Uuid, primary_key=True),
        Column("last", BigInteger, nullable=False),
        info={"not_erased": "an opaque id and a count; readers order the erasure itself by it"},
        comment="The number of the last event of each subject.",
    )
    request_outcome = Table(
        "request_outcome",
        metadata,
        Column("actor", Text, primary_key=True),
        Column("request_type", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("body_hash", LargeBinary, nullable=False),
        Column("outcome", JSON),
        Column("happened_at", Moment, nullable=False),
        Index("request_outcome_age", "happened_at"),
        info={"not_erased": "ids and a keyed hash, for a day: a late repeat must not bring the person back"},
        comment="Outcomes of changing requests by idempotency key: ids and versions only.",
    )
    return Backbone(metadata, outbox, inbox, parked, tombstone, subject_sequence, request_outcome)
