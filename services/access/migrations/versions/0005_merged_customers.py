"""Which records of customers are one person's."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_view",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", sa.Uuid()),
        sa.PrimaryKeyConstraint("customer_id", name="customer_view_pkey"),
        comment="Projection of customer's state events: which records were merged, and into which.",
    )
    op.create_index(
        "customer_view_merged", "customer_view", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
