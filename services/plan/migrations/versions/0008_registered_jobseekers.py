"""Jobseekers who are not unemployed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integration_case", sa.Column("registered_jobseeker", sa.Boolean(), comment="unemployed or not"))
