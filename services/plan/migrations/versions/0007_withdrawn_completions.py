"""What a referral's state comes from, so that a completion can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    answer = "as it was given; null: none was, a completion may tell that the client has begun"
    op.add_column("referral", sa.Column("answer", sa.Text(), comment=answer))
    is_over = "nothing more of the service follows; null: as the referral tells by its end"
    op.add_column("completion", sa.Column("is_over", sa.Boolean(), comment=is_over))
    withdrawn = "by whom, when and why it was taken back; null: it counts"
    op.add_column("completion", sa.Column("withdrawn", postgresql.JSONB(), comment=withdrawn))
    # whether an answer came before the first completion was not kept: whoever had begun has begun
    op.execute(
        "UPDATE referral SET answer = CASE state WHEN 'declined' THEN 'declined' ELSE 'taken_up' END"
        " WHERE answered_on IS NOT NULL"
    )
