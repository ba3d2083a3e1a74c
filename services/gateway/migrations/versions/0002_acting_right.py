"""Sessions name the right that the user acts under; what the sign-in told of it before is no longer written."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("grant_id", sa.Uuid(), nullable=True))
    for name in ("organisation", "role", "task", "purpose"):  # gateways of the release before still read them
        op.alter_column("session", name, server_default="")
