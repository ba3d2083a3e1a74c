"""What other services tell of customers, assessments and transfers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BORDERS = {
    "integration_case": f"{HERE} = ANY (open_municipalities)",
    "known_assessment": f"municipality = {HERE}",
    "accepted_transfer": f"giver = {HERE} OR receiver = {HERE}",
}


def upgrade() -> None:
    op.create_table(
        "integration_case",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "sequence",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="of the state that was heard last",
        ),
        sa.Column("open_municipalities", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "responsible",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="users by their municipalities",
        ),
        sa.Column("first_permit_on", sa.Date()),
        sa.Column("three_year_limit_applies", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("education_goal_until", sa.Date()),
        sa.Column("merged_into", sa.Uuid()),
        sa.Column("circumstances_sequence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unemployed_jobseeker", sa.Boolean()),
        sa.Column(
            "first_plan_on",
            sa.Date(),
            comment="when the first plan that came into force was drawn up, whoever's it was",
        ),
        sa.PrimaryKeyConstraint("customer_id", name="integration_case_pkey"),
        comment="What the law's times and duties of one customer are counted from.",
    )
    op.create_index("integration_case_merged_into_idx", "integration_case", ["merged_into"])
    op.create_table(
        "known_assessment",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("ended_on", sa.Date()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("county_takes_part", sa.Boolean(), nullable=False),
        sa.Column("needs", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", name="known_assessment_pkey"),
        comment="Where assessments stand, and the needs that they found.",
    )
    op.create_index("known_assessment_customer_id_idx", "known_assessment", ["customer_id"])
    op.create_table(
        "accepted_transfer",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", name="accepted_transfer_pkey"),
        comment="Transfers that moved a customer, for those that are heard of in another order than they happened.",
    )
    op.create_index("accepted_transfer_customer_id_idx", "accepted_transfer", ["customer_id"])

    for table, condition in _BORDERS.items():
        for statement in border.draw(table, condition):
            op.execute(statement)
