"""What receipts told, and what partners are told of their transfers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = "what its receipt tells beside that it was received"
    op.add_column("partner_message", sa.Column("told", postgresql.JSONB(), comment=told))
    op.create_table(
        "partner_transfer",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("told_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            comment="when it is told; null when nothing is new",
        ),
        sa.PrimaryKeyConstraint("partner", "transfer_id", name="partner_transfer_pkey"),
        comment="Which version of which transfer each partner was told, and what it is still to be told; "
        "not its contents.",
    )
    op.create_index("partner_transfer_customer_id_idx", "partner_transfer", ["customer_id"])
    op.create_index(
        "partner_transfer_waiting",
        "partner_transfer",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
