"""What a referral's state comes from, so that a completion can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "referral",
        sa.Column(
            "answer",
            sa.Text(),
            comment="as it was given; null: none was, a completion may tell that the client has begun",
        ),
    )
    op.add_column(
        "completion",
        sa.Column(
            "is_over",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="nothing more of the service follows",
        ),
    )
    op.alter_column("completion", "is_over", server_default=None)
    op.add_column(
        "completion",
        sa.Column(
            "withdrawn",
            postgresql.JSONB(),
            comment="by whom, when and why it was taken back; null: it counts",
        ),
    )
    # of what was over, the last completion of that day and outcome ended it; who had begun stays begun
    op.execute(
        "UPDATE completion SET is_over = true FROM (SELECT DISTINCT ON (referral_id) completion_id FROM completion"
        " JOIN referral USING (referral_id) WHERE outcome = state AND ends_on = ended_on"
        " ORDER BY referral_id, completion_id DESC) AS last WHERE last.completion_id = completion.completion_id"
    )
    op.execute(
        "UPDATE referral SET answer = CASE state WHEN 'declined' THEN 'declined' ELSE 'taken_up' END"
        " WHERE answered_on IS NOT NULL"
    )
