"""The backbone, assessments, and what decides who may read them."""

import sqlalchemy as sa
from alembic import op

from services.kit import backbone_revisions

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("law_version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", name="assessment_pkey"),
        comment="A municipality's assessments of a customer; at most one that is not withdrawn.",
    )
    op.create_index("assessment_customer_id_municipality_idx", "assessment", ["customer_id", "municipality"])
    op.create_index(
        "assessment_standing",
        "assessment",
        ["customer_id", "municipality"],
        unique=True,
        postgresql_where=sa.text("status <> 'withdrawn'"),
    )
    op.create_table(
        "considered",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="considered_pkey"),
        comment="The newest state event acted on, by customer: an older one that comes late changes nothing.",
    )
    op.create_table(
        "customer_view",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("open_municipalities", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="customer_view_pkey"),
        comment="Projection of customer's state events: what decides who may read.",
    )
    backbone_revisions.first()
