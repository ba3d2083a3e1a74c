"""What is due, and the teams whose worklists are looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "due_date",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("law_version", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Uuid(), comment="the number of the user who is responsible for the customer"),
        sa.Column(
            "next_event_on", sa.Date(), comment="when it is next told that it is near or has passed; null: all is told"
        ),
        sa.PrimaryKeyConstraint("customer_id", "municipality", "kind", name="due_date_pkey"),
        comment="What is due, as counted from the facts known; made anew whenever one of them changes.",
    )
    op.create_index("due_date_list", "due_date", ["municipality", "due_on", "customer_id", "kind"])
    op.create_index(
        "due_date_responsible", "due_date", ["municipality", "responsible", "due_on", "customer_id", "kind"]
    )
    op.create_index("due_date_event", "due_date", ["next_event_on"])
    op.create_table(
        "due_case",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("computed_on", sa.Date(), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="due_case_pkey"),
        comment="When a customer's due dates were counted last, and whether they move from day to day.",
    )
    op.create_index("due_case_computed", "due_case", ["computed_on"])
    op.create_table(
        "deadline_told",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id", "municipality", "matter_id", "kind", "due_on", "event", name="deadline_told_pkey"
        ),
        comment="What was told of which due date: each once, whatever is restarted or counted anew.",
    )
    op.create_table(
        "due_date_settings",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("aims", postgresql.JSONB(), nullable=False, comment="days by the codes of aims"),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("municipality", name="due_date_settings_pkey"),
        comment="In how many days a municipality wants done what the law wants done without delay.",
    )
    op.create_table(
        "team_view",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("members", sa.ARRAY(sa.Uuid()), nullable=False, comment="the numbers of its users"),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", name="team_view_pkey"),
        comment="Projection of access's teams: whose worklists are looked at together.",
    )
    borders = dict.fromkeys(("due_date", "deadline_told", "due_date_settings"), f"municipality = {HERE}")
    for table, condition in (borders | {"team_view": f"organisation = {HERE}"}).items():
        for statement in border.draw(table, condition):
            op.execute(statement)
