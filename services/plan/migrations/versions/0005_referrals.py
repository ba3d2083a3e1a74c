"""Referrals to agreed services, and what was completed of them."""

import sqlalchemy as sa
from alembic import op

from services.kit import border

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False, comment="of the plan's planned services"),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False, comment="that made it"),
        sa.Column("service_id", sa.Uuid(), comment="of the programme, in the version that was agreed on"),
        sa.Column("service_version", sa.Integer()),
        sa.Column("service_name", sa.Text(), comment="as the plan says"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), comment="the provider's code, where its program is connected"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("referred_on", sa.Date(), nullable=False),
        sa.Column("answered_on", sa.Date()),
        sa.Column("decline_reason", sa.Text()),
        sa.Column("ended_on", sa.Date()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("referral_id", name="referral_pkey"),
        comment="That clients were directed to agreed services (681/2023 20 § 5 mom.); one that is open for each line.",
    )
    op.create_index("referral_customer_id_idx", "referral", ["customer_id"])
    op.create_index("referral_service_id_idx", "referral", ["service_id"])
    op.create_index("referral_of_plan", "referral", ["plan_id", "referral_id"])
    op.create_index(
        "referral_open",
        "referral",
        ["plan_id", "line_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('made', 'taken_up')"),
    )
    op.create_table(
        "completion",
        sa.Column("completion_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Integer()),
        sa.Column("language", sa.Text(), comment="that the levels are of"),
        sa.Column("listening", sa.Text()),
        sa.Column("reading", sa.Text()),
        sa.Column("speaking", sa.Text()),
        sa.Column("writing", sa.Text()),
        sa.Column("reason", sa.Text(), comment="why it was interrupted"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.referral_id"], name="completion_referral_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("completion_id", name="completion_pkey"),
        comment="What was completed or interrupted of services.",
    )
    op.create_index("completion_customer_id_idx", "completion", ["customer_id"])
    op.create_index("completion_referral_id_idx", "completion", ["referral_id"])
    for table in ("referral", "completion"):
        for statement in border.draw(table, f"EXISTS (SELECT FROM plan WHERE plan.plan_id = {table}.plan_id)"):
            op.execute(statement)
