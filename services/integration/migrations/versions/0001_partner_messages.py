"""The backbone, and messages of partners."""

import sqlalchemy as sa
from alembic import op

from services.kit import backbone_revisions

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "partner_message",
        sa.Column("number", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False, comment="keyed hash of type and data"),
        sa.Column("data", sa.Text(), comment="JSON, encrypted, until it was brought to who answers for it"),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", moment, nullable=False),
        sa.Column("settled_at", moment),
        sa.PrimaryKeyConstraint("number", name="partner_message_pkey"),
        sa.UniqueConstraint("partner", "message_id", name="partner_message_partner_message_id_key"),
        comment="Messages of partners: those that wait to be brought to their owner, and the ids of those that were.",
    )
    op.create_index(
        "partner_message_waiting",
        "partner_message",
        ["next_attempt_at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    backbone_revisions.first()
