"""Documents of a plan move with it to another municipality."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("document_wanted", "document"):
        op.add_column(
            table,
            sa.Column(
                "sequence",
                sa.BigInteger(),
                nullable=False,
                server_default=sa.text("0"),
                comment="of the event that told the municipality last",
            ),
        )
        op.alter_column(table, "sequence", server_default=None)
        op.create_index(f"{table}_matter_id_idx", table, ["matter_id"])
    op.create_table_comment(
        "document", "Documents as they were made; with a plan that moves they become another municipality's."
    )
