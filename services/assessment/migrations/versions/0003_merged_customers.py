"""Records merged into another: without duties of their own until the merge is undone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "assessment",
        sa.Column(
            "merged",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="withdrawn because the record was merged: stands again when the merge is undone",
        ),
    )
    op.add_column("customer_view", sa.Column("merged_into", sa.Uuid()))
    op.create_index(
        "customer_view_merged", "customer_view", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
