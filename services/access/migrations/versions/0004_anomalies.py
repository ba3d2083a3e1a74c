"""What is odd in the usage log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "anomaly",
        sa.Column("anomaly_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Double()),
        sa.Column("customers", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("detected_at", moment, nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.Column("closed_at", moment),
        sa.Column("closed_by", sa.Text()),
        sa.PrimaryKeyConstraint("anomaly_id", name="anomaly_pkey"),
        sa.UniqueConstraint("user_id", "day", "organisation", "rule", name="anomaly_user_id_day_organisation_rule_key"),
        comment="Days of users that are odd by a rule, and what came of looking into them.",
    )
    op.create_index("anomaly_of_organisation", "anomaly", ["organisation", "detected_at", "anomaly_id"])
    op.create_table(
        "usage_day",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "day", "organisation", name="usage_day_pkey"),
        comment="How many customers a user handled on a day: the baseline of what is usual.",
    )
    op.create_index("usage_day_of_peers", "usage_day", ["organisation", "role", "day"])
    op.create_table(
        "watched_customer",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "municipality", name="watched_customer_pkey"),
        comment="Customers of public interest: every look at them is looked at.",
    )
    op.create_table(
        "ended_relationship",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("ended_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "municipality", name="ended_relationship_pkey"),
        comment="Whose relationship with a municipality has ended, and when.",
    )
    op.create_table(
        "anomaly_scan",
        sa.Column("only", sa.Integer(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name="anomaly_scan_pkey"),
        sa.CheckConstraint('"only" = 1', name="anomaly_scan_only_check"),
        comment="Up to where in the chain the usage log was looked at. Whoever looks holds this row's lock.",
    )
    op.execute("INSERT INTO anomaly_scan (position) VALUES (0)")
