"""A customer's due dates are looked at as a whole; what was told of a due date is known by its matter."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = ["municipality", "matter_id", "kind", "due_on", "event"]


def upgrade() -> None:
    op.add_column(
        "due_case",
        sa.Column(
            "look_on", sa.Date(), comment="when something is next to be told, or moves by itself; null: nothing is"
        ),
    )
    op.add_column(
        "due_case",
        sa.Column(
            "retry_at",
            sa.DateTime(timezone=True),
            comment="when it is tried again, where counting or telling failed",
        ),
    )
    op.drop_column("due_case", "is_suspended")
    op.create_index("due_case_look", "due_case", ["look_on"])
    op.create_table_comment(
        "due_case",
        "When a customer's due dates were counted last, and when they are next looked at. Its lock comes first.",
    )
    op.execute("UPDATE due_case SET look_on = computed_on")  # the rules have changed: all are counted anew
    op.drop_column("due_date", "next_event_on")
    op.add_column(
        "due_date",
        sa.Column(
            "settings_version",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="of the municipality's aims and notice; 0: the common",
        ),
    )
    op.alter_column("due_date", "settings_version", server_default=None)
    op.create_index("due_date_settings_version", "due_date", ["municipality", "settings_version"])
    same = " AND ".join(f"older.{column} = deadline_told.{column}" for column in _KEY)
    op.execute(
        f"DELETE FROM deadline_told USING deadline_told AS older WHERE {same}"
        " AND (older.told_at, older.customer_id) < (deadline_told.told_at, deadline_told.customer_id)"
    )
    op.drop_constraint("deadline_told_pkey", "deadline_told")
    op.create_primary_key("deadline_told_pkey", "deadline_told", _KEY)
    op.alter_column("deadline_told", "customer_id", comment="whose it was then: a record may be merged")
    op.create_index("deadline_told_customer_id_idx", "deadline_told", ["customer_id"])
