"""Suspected duplicates, and aliases of merged records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer",
        sa.Column("merged_into", sa.Uuid(), comment="the record kept, through all merges that stand; derived"),
    )
    op.create_foreign_key("customer_merged_into_fkey", "customer", "customer", ["merged_into"], ["customer_id"])
    op.create_index("customer_merged", "customer", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL"))
    op.create_table(
        "suspected_duplicate",
        sa.Column("pair_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), comment="not_same_person or same_person; null while nobody has decided"),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("pair_id", name="suspected_duplicate_pkey"),
        sa.UniqueConstraint("municipality", "customer_ids", name="suspected_duplicate_municipality_customer_ids_key"),
        comment="Pairs of a municipality's customers who may be one person, the smaller id first. The score is the"
        " present one while nobody has decided, and the one decided on from then.",
    )
    op.create_index(
        "suspected_duplicate_undecided",
        "suspected_duplicate",
        ["municipality", "score", "pair_id"],
        postgresql_where=sa.text("decision IS NULL"),
    )
    op.create_index("suspected_duplicate_customers", "suspected_duplicate", ["customer_ids"], postgresql_using="gin")
    op.create_table(
        "customer_merge",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False, comment="the duplicate"),
        sa.Column("merged_into", sa.Uuid(), nullable=False, comment="the one kept"),
        sa.Column("customer_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.Column("undone_by", sa.Text()),
        sa.Column("undone_why", sa.Text()),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="customer_merge_customer_id_fkey"),
        sa.ForeignKeyConstraint(["merged_into"], ["customer.customer_id"], name="customer_merge_merged_into_fkey"),
        sa.PrimaryKeyConstraint("merge_id", name="customer_merge_pkey"),
        comment="Who made which record an alias of which, and who undid it. What stands is derived:"
        " customer.merged_into.",
    )
    op.create_index(
        "customer_merge_standing",
        "customer_merge",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index("customer_merge_customers", "customer_merge", ["customer_ids"], postgresql_using="gin")
    for table in ("suspected_duplicate", "customer_merge"):
        for statement in border.draw(table, f"municipality = {HERE}"):
            op.execute(statement)
