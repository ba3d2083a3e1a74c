"""Families, and former identity codes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import OPENED

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer",
        sa.Column(
            "household_non_disclosure",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether somebody else in the household has it: derived",
        ),
    )
    # of codes that were changed before, encrypting anew makes the hash: a migration has no keys
    op.add_column(
        "customer_history",
        sa.Column("former_code_hash", sa.LargeBinary(), comment="keyed hash of a previous identity code, to search by"),
    )
    op.create_index("customer_history_former_code_hash_idx", "customer_history", ["former_code_hash"])
    op.create_table(
        "family_relation",
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("relative_id", sa.Uuid()),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="what the relative is to the customer"),
        sa.Column("relative", postgresql.JSONB(), comment="who is no customer"),
        sa.Column("same_household", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_until", sa.Date()),
        sa.Column("ended", sa.Boolean(), nullable=False, comment="by somebody: a day that passes ends no household"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="family_relation_customer_id_fkey"),
        sa.ForeignKeyConstraint(["relative_id"], ["customer.customer_id"], name="family_relation_relative_id_fkey"),
        sa.PrimaryKeyConstraint("relation_id", name="family_relation_pkey"),
        comment="Family relations, guardians and representatives: one row for both sides.",
    )
    op.create_index("family_relation_customer_id_idx", "family_relation", ["customer_id"])
    op.create_index("family_relation_relative_id_idx", "family_relation", ["relative_id"])
    op.create_table(
        "family_relation_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("previous", postgresql.JSONB()),
        sa.Column("new", postgresql.JSONB()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="family_relation_history_pkey"),
        comment="Every change of every field of a family relation; it goes with the first of both customers who is"
        " erased.",
    )
    op.create_index("family_relation_history_relation_id_idx", "family_relation_history", ["relation_id"])
    for table in ("family_relation", "family_relation_history"):
        related = f"own.customer_id = ANY ({table}.customer_ids)"
        own = f"(SELECT true FROM client_relationship AS own WHERE {related} LIMIT 1)"
        for statement in border.draw(table, f"{own} OR customer_ids && {OPENED}"):
            op.execute(statement)
