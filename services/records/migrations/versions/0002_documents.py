"""Documents, and those that are to be made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _of_matter() -> list[sa.Column[object]]:
    return [
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "customer_id", sa.Uuid(), nullable=False, comment="whose matter it is; the others are of the same family"
        ),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False, comment="of the plan or the assessment"),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("approved_in", sa.Text(), nullable=False, comment="another language: it is a copy for reading"),
    ]


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "document_wanted",
        *_of_matter(),
        sa.Column("dated_at", moment, nullable=False, comment="when the edition was offered: the document's own time"),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", moment, nullable=False),
        sa.Column("settled_at", moment),
        sa.Column("unmade_because", sa.Text(), comment="a code; null: it was made, or is still to be"),
        sa.PrimaryKeyConstraint("document_id", name="document_wanted_pkey"),
        comment="Documents that are to be made, and what became of it.",
    )
    op.create_index(
        "document_wanted_waiting",
        "document_wanted",
        ["next_attempt_at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "document",
        *_of_matter(),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes of the PDF"),
        sa.Column("kept_at", moment, nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="the PDF in base64, encrypted"),
        sa.PrimaryKeyConstraint("document_id", name="document_pkey"),
        comment="Documents as they were made; none is ever changed.",
    )
    for table in ("document_wanted", "document"):
        op.create_index(f"{table}_customers", table, ["customer_ids"], postgresql_using="gin")
        for statement in border.draw(table, f"municipality = {HERE}"):
            op.execute(statement)
