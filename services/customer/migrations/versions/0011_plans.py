"""Which plans are open."""

import sqlalchemy as sa
from alembic import op

from services.kit import border
from services.kit.border import HERE

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan_view",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="plan_view_pkey"),
        comment="Projection of plan's state events: which are open.",
    )
    op.create_index("plan_view_customer_id_idx", "plan_view", ["customer_id"])
    for statement in border.draw("plan_view", f"municipality = {HERE}"):
        op.execute(statement)
