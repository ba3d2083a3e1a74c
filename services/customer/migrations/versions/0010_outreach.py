"""Operations on many customers, and outreach."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operation",
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("undone", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stayed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "asked",
            postgresql.JSONB(),
            nullable=False,
            comment="what is done with each row: codes and numbers, of no customer",
        ),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("operation_id", name="operation_pkey"),
        comment="Acts on many rows, and how far each has come.",
    )
    op.create_index(
        "operation_unfinished", "operation", ["started_at"], postgresql_where=sa.text("state IN ('running', 'undoing')")
    )
    op.create_table(
        "outreach_target",
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), comment="a present or former customer who may be the same person"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("personal_identity_code", sa.Text(), comment="encrypted; the row's id is the associated data"),
        sa.Column("personal_identity_code_hash", sa.LargeBinary(), comment="keyed hash to find it by"),
        sa.Column("contact", postgresql.JSONB()),
        sa.Column("service_language", sa.Text()),
        sa.Column("first_permit_on", sa.Date()),
        sa.Column("permit_kind", sa.Text()),
        sa.Column("permit_ground", sa.Text()),
        sa.Column(
            "grounds",
            postgresql.JSONB(),
            nullable=False,
            comment="each with its source, its day, and the operation that told it",
        ),
        sa.Column("ground_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False, comment="whether one of the grounds is for few to know"),
        sa.Column(
            "three_years_end_on", sa.Date(), comment="681/2023 14 § 1 mom.; none where they do not run or are not known"
        ),
        sa.Column(
            "contact_by", sa.Date(), nullable=False, comment="the last day on which the person may be on the list"
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("target_id", name="outreach_target_pkey"),
        comment="People whom municipalities are to reach (681/2023 84 §), until that has come to an end.",
    )
    op.create_index("outreach_target_born", "outreach_target", ["municipality", "date_of_birth"])
    op.create_index(
        "outreach_target_code",
        "outreach_target",
        ["municipality", "personal_identity_code_hash"],
        unique=True,
        postgresql_where=sa.text("personal_identity_code_hash IS NOT NULL"),
    )
    op.create_index("outreach_target_customer_id_idx", "outreach_target", ["customer_id"])
    op.create_index("outreach_target_due", "outreach_target", ["municipality", "contact_by", "target_id"])
    op.create_index("outreach_target_over", "outreach_target", ["contact_by"])
    op.create_index("outreach_target_state", "outreach_target", ["municipality", "state", "contact_by", "target_id"])
    op.create_table(
        "operation_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), comment="whom it is about, where that is a customer"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), comment="what the list says, encrypted; emptied when the row is settled"),
        sa.Column("outcome", sa.Text()),
        sa.Column("errors", postgresql.JSONB()),
        sa.Column("made_id", sa.Uuid(), comment="what the row made or joined"),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operation.operation_id"], name="operation_row_operation_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="operation_row_pkey"),
        sa.UniqueConstraint("operation_id", "row", name="operation_row_operation_id_row_key"),
        comment="The rows of operations: each is settled once.",
    )
    op.create_index("operation_row_customer_id_idx", "operation_row", ["customer_id"])
    op.create_index("operation_row_state", "operation_row", ["operation_id", "state", "row"])
    op.create_table(
        "outreach_attempt",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.ForeignKeyConstraint(
            ["target_id"], ["outreach_target.target_id"], name="outreach_attempt_target_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("attempt_id", name="outreach_attempt_pkey"),
        comment="Attempts to contact people who are to be reached.",
    )
    op.create_index("outreach_attempt_target_id_idx", "outreach_attempt", ["target_id"])
    op.add_column(
        "client_relationship",
        sa.Column("responsible", sa.Uuid(), comment="the number of the user who is responsible for the customer"),
    )
    op.add_column(
        "client_relationship",
        sa.Column("listed_name", sa.Text(collation="fi-x-icu"), comment="the customer's names: derived, to list by"),
    )
    op.add_column(
        "client_relationship",
        sa.Column("listed_language", sa.Text(), comment="the customer's service language: derived, to list by"),
    )
    op.create_index(
        "client_relationship_by_arrival",
        "client_relationship",
        ["municipality", "arrival", "listed_name", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_arrival_and_day",
        "client_relationship",
        ["municipality", "arrival", "started_on", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_day",
        "client_relationship",
        ["municipality", "started_on", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_language",
        "client_relationship",
        ["municipality", "listed_language", "listed_name", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_language_and_day",
        "client_relationship",
        ["municipality", "listed_language", "started_on", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_name",
        "client_relationship",
        ["municipality", "listed_name", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_responsible",
        "client_relationship",
        ["municipality", "responsible", "listed_name", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "client_relationship_by_responsible_and_day",
        "client_relationship",
        ["municipality", "responsible", "started_on", "customer_id"],
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.execute(
        """
        UPDATE client_relationship
        SET listed_name = family_name || ' ' || given_name, listed_language = service_language
        FROM customer WHERE customer.customer_id = client_relationship.customer_id
        """
    )
    for table in "operation", "operation_row", "outreach_target", "outreach_attempt":
        for statement in border.draw(table, f"municipality = {HERE}"):
            op.execute(statement)
    for statement in border.draw("client_relationship", f"coalesce(municipality = {HERE}, false)"):
        op.execute(statement)
