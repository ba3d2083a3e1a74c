"""People, client relationships, history, and the backbone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("personal_identity_code", sa.Text(), comment="encrypted; the row's id is the associated data"),
        sa.Column("personal_identity_code_hash", sa.LargeBinary(), comment="keyed hash to search by"),
        sa.Column("citizenships", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mother_tongue", sa.Text()),
        sa.Column("service_language", sa.Text()),
        sa.Column("interpreter", postgresql.JSONB()),
        sa.Column("contact", postgresql.JSONB()),
        sa.Column("first_residence_permit", postgresql.JSONB()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="customer_pkey"),
        sa.UniqueConstraint("personal_identity_code_hash", name="customer_personal_identity_code_hash_unique"),
        comment="People. The version grows by every change, of a client relationship too.",
    )
    op.create_table(
        "client_relationship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("arrival", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.Text()),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="client_relationship_customer_id_customer"
        ),
        sa.PrimaryKeyConstraint("id", name="client_relationship_pkey"),
        comment="Municipalities' relationships with people: at most one open for each of both.",
    )
    op.create_index("client_relationship_customer_id", "client_relationship", ["customer_id"])
    op.create_index(
        "client_relationship_open",
        "client_relationship",
        ["customer_id", "municipality"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_table(
        "customer_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("previous", postgresql.JSONB()),
        sa.Column("new", postgresql.JSONB()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name="customer_history_customer_id_customer"
        ),
        sa.PrimaryKeyConstraint("id", name="customer_history_pkey"),
        comment="Every change of every field. An identity code is encrypted with this row's id as the associated data.",
    )
    op.create_index("customer_history_customer_id", "customer_history", ["customer_id"])
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text()),
        sa.Column("traceparent", sa.Text()),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text()),
        sa.PrimaryKeyConstraint("position", name="outbox_pkey"),
        sa.UniqueConstraint("id", name="outbox_id_unique"),
        sa.UniqueConstraint("subject", "sequence", name="outbox_subject_unique"),
        comment="Events to publish; published rows stay: they are the service's event log.",
    )
    op.create_index("outbox_customers", "outbox", ["customer_ids"], postgresql_using="gin")
    op.create_index("outbox_pending", "outbox", ["position"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "fact_id", name="inbox_pkey"),
        comment="Facts that were acted on: each once.",
    )
    op.create_table(
        "parked",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True)),
        sa.Column("replayed_by", sa.Text()),
        sa.Column("drop_proposed_by", sa.Text()),
        sa.Column("drop_reason", sa.Text()),
        sa.Column("dropped_at", sa.DateTime(timezone=True)),
        sa.Column("dropped_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="parked_pkey"),
        comment="Messages that could not be handled, with the reason, until a person replays or drops them.",
    )
    op.create_index("parked_customers", "parked", ["customer_ids"], postgresql_using="gin")
    op.create_table(
        "tombstone",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="tombstone_pkey"),
        comment="Erased people: no late message brings them back.",
    )
    op.create_table(
        "subject_sequence",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="subject_sequence_pkey"),
        comment="The number of the last event of each subject.",
    )
    op.create_table(
        "request_outcome",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.JSON()),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "request_type", "key", name="request_outcome_pkey"),
        comment="Outcomes of changing requests by idempotency key: ids and versions only.",
    )
    op.create_index("request_outcome_age", "request_outcome", ["happened_at"])
