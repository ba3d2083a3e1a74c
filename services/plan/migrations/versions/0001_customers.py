"""The backbone, and what decides who may read."""

import sqlalchemy as sa
from alembic import op

from services.kit import backbone_revisions, border
from services.kit.border import HERE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_view",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("open_municipalities", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("merged_into", sa.Uuid()),
        sa.PrimaryKeyConstraint("customer_id", name="customer_view_pkey"),
        comment="Projection of customer's state events: what decides who may read.",
    )
    op.create_index(
        "customer_view_merged", "customer_view", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    for statement in border.draw("customer_view", f"{HERE} = ANY (open_municipalities)"):
        op.execute(statement)
    backbone_revisions.first()
