"""The emergency accesses of a user are found by an index: they are looked up whenever rights are."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("emergency_access_user", "emergency_access", ["user_id", "ends_at"])
