"""Contacts from authorities."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OF_CONTACT_HERE = "(SELECT true FROM contact AS own WHERE own.contact_id = {}.contact_id LIMIT 1)"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), comment="that it led to, if it did"),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column(
            "name_words",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="sorted: who is the same person is known by them",
        ),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("personal_identity_code", sa.Text(), comment="encrypted; the row's id is the associated data"),
        sa.Column("personal_identity_code_hash", sa.LargeBinary(), comment="keyed hash to find the same person by"),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("ended_at", moment),
        sa.Column("ended_by", sa.Text()),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="contact_customer_id_fkey"),
        sa.PrimaryKeyConstraint("contact_id", name="contact_pkey"),
        comment="Contacts from other authorities (681/2023 9 §). The version grows by every report and decision.",
    )
    op.create_index("contact_customer_id_idx", "contact", ["customer_id"])
    op.create_index("contact_ended_at_idx", "contact", ["ended_at"])
    op.create_index("contact_inbox", "contact", ["municipality", "state", "contact_id"])
    op.create_index(
        "contact_open", "contact", ["municipality", "date_of_birth"], postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "contact_report",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), comment="the authority's own id of the report"),
        sa.Column("report", sa.Text(), nullable=False, comment="JSON, encrypted; the row's id is the associated data"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.contact_id"], name="contact_report_contact_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="contact_report_customer_id_fkey"),
        sa.PrimaryKeyConstraint("report_id", name="contact_report_pkey"),
        comment="Each report as it came.",
    )
    op.create_index("contact_report_contact_id_idx", "contact_report", ["contact_id"])
    op.create_index("contact_report_customer_id_idx", "contact_report", ["customer_id"])
    op.create_index("contact_report_reference", "contact_report", ["authority", "reference"], unique=True)
    op.create_table(
        "contact_passing",
        sa.Column("passing_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("municipality", sa.Text(), nullable=False, comment="which passed it on"),
        sa.Column("passed_at", moment, nullable=False),
        sa.Column("passed_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), comment="encrypted; the row's id is the associated data"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.contact_id"], name="contact_passing_contact_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="contact_passing_customer_id_fkey"),
        sa.PrimaryKeyConstraint("passing_id", name="contact_passing_pkey"),
        comment="Which municipality passed a contact on.",
    )
    op.create_index("contact_passing_contact_id_idx", "contact_passing", ["contact_id"])
    op.create_index("contact_passing_customer_id_idx", "contact_passing", ["customer_id"])
    op.create_table(
        "receiving_party",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("users", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("municipality", name="receiving_party_pkey"),
        comment="Who of each municipality takes up contacts.",
    )
    for table, condition in {
        "contact": f"municipality = {HERE}",
        "contact_report": _OF_CONTACT_HERE.format("contact_report"),
        "contact_passing": _OF_CONTACT_HERE.format("contact_passing"),
        "receiving_party": f"municipality = {HERE}",
    }.items():
        for statement in border.draw(table, condition):
            op.execute(statement)
