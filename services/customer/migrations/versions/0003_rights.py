"""Non-disclosure for personal safety: few may see the contact details of whoever has it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer", sa.Column("safety_non_disclosure", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
