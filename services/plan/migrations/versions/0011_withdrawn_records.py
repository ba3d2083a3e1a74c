"""What was recorded wrongly of a plan can be taken back, and so can a referral; a hindrance's act has its id."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SAME_ID = """
WITH acts AS (
    SELECT act_id, plan_id, told->'hindrance'->>'ground' AS ground, told->'hindrance'->>'first' AS first,
        row_number() OVER (
            PARTITION BY plan_id, told->'hindrance'->>'ground', told->'hindrance'->>'first' ORDER BY act_id
        ) AS number
    FROM plan_act WHERE act = 'record_hindrance'
), kept AS (
    SELECT hindrance_id, plan_id, ground, first,
        row_number() OVER (PARTITION BY plan_id, ground, first ORDER BY hindrance_id) AS number
    FROM plan_hindrance
)
UPDATE plan_act SET act_id = kept.hindrance_id
FROM kept JOIN acts ON (acts.plan_id, acts.ground, acts.first, acts.number)
    = (kept.plan_id, kept.ground, kept.first::text, kept.number)
WHERE plan_act.act_id = acts.act_id
"""


def upgrade() -> None:
    for table in ("plan_act", "referral"):
        told = "by whom, when and why it was taken back; null: it counts"
        op.add_column(table, sa.Column("withdrawn", JSONB(), comment=told))
    op.alter_column("plan_hindrance", "hindrance_id", comment="of the act that recorded it")
    op.execute(_SAME_ID)
