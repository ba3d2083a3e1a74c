"""People, client relationships, history, and the backbone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import backbone_revisions

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
        sa.UniqueConstraint("personal_identity_code_hash", name="customer_personal_identity_code_hash_key"),
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
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="client_relationship_customer_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="client_relationship_pkey"),
        comment="Municipalities' relationships with people: at most one open for each of both.",
    )
    op.create_index("client_relationship_customer_id_idx", "client_relationship", ["customer_id"])
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
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="customer_history_customer_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="customer_history_pkey"),
        comment="Every change of every field. An identity code is encrypted with this row's id as the associated data.",
    )
    op.create_index("customer_history_customer_id_idx", "customer_history", ["customer_id"])
    backbone_revisions.first()
