"""The integration programme."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programme_service",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="the newest"),
        sa.Column("external_key", sa.Text(), comment="the municipality's own key, by which files name the service"),
        sa.PrimaryKeyConstraint("service_id", name="programme_service_pkey"),
        comment="Services of integration programmes (681/2023 13 §).",
    )
    op.create_index("programme_service_key", "programme_service", ["municipality", "external_key"], unique=True)
    op.create_table(
        "programme_service_version",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["programme_service.service_id"], name="programme_service_version_service_id_fkey"
        ),
        sa.PrimaryKeyConstraint("service_id", "version", name="programme_service_version_pkey"),
        comment="What a service told from one change to the next; plans name the version that they were made with.",
    )
    for table in ("programme_service", "programme_service_version"):
        for statement in border.draw(table, f"municipality = {HERE}"):
            op.execute(statement)
