"""Partners are told of matters of several kinds. What was told of transfers stays told.

A process of the version before fails at what it knows as `partner_transfer`: the retries outlast its replacement.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("partner_transfer", "partner_matter")
    op.alter_column("partner_matter", "transfer_id", new_column_name="matter_id")
    op.add_column("partner_matter", sa.Column("kind", sa.Text(), server_default="transfer", nullable=False))
    op.alter_column("partner_matter", "kind", server_default=None)
    op.execute("ALTER INDEX partner_transfer_customer_id_idx RENAME TO partner_matter_customer_id_idx")
    op.execute("ALTER INDEX partner_transfer_waiting RENAME TO partner_matter_waiting")
    op.execute("ALTER TABLE partner_matter RENAME CONSTRAINT partner_transfer_pkey TO partner_matter_pkey")
    op.create_table_comment(
        "partner_matter",
        "Which version of which matter each partner was told, and what it is still to be told; not its contents.",
        existing_comment="Which version of which transfer each partner was told, and what it is still to be told; "
        "not its contents.",
    )
