"""The backbone's tables as migrations: a service's own migration calls the revision that it goes up to.

A released revision never changes; a change of the backbone is a further function, which every service's next migration
calls. A test finds services whose tables differ from tables.py.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def first() -> None:
    """Creates outbox, inbox, parked, tombstone, subject_sequence and request_outcome."""
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
        sa.UniqueConstraint("id", name="outbox_id_key"),
        sa.UniqueConstraint("subject", "sequence", name="outbox_subject_sequence_key"),
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
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "request_type", "key", name="request_outcome_pkey"),
        comment="Outcomes of changing requests by idempotency key: ids and versions only.",
    )
    op.create_index("request_outcome_age", "request_outcome", ["happened_at"])
