"""An approval tells which guardian it is of, or who of the county."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plan_approval", sa.Column("approved_by", sa.Text(), comment="which guardian, or who of the county"))
