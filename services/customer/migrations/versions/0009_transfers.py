"""Transfers between organisations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_IS_OPEN = sa.text("state IN ('requested', 'more_asked')")


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("consent", postgresql.JSONB()),
        sa.Column("preview", postgresql.JSONB(), comment="what the receiver was told, as it was at the request"),
        sa.Column(
            "protected",
            sa.Boolean(),
            comment="an offer: whether the customer was under non-disclosure, and given all the same",
        ),
        sa.Column(
            "person",
            sa.Text(),
            comment="as a partner told it, encrypted with the row's id; until the transfer is over",
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("addressee", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("responsible", postgresql.JSONB(), comment="whom the addressee named"),
        sa.Column("turns", postgresql.JSONB(), nullable=False, comment="every act, the oldest first"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", name="transfer_pkey"),
        comment="Customers offered and asked for: handshakes, whose acceptance moves the responsibility.",
    )
    op.create_index("transfer_customer_id_idx", "transfer", ["customer_id"])
    op.create_index("transfer_addressee", "transfer", ["addressee", "transfer_id"])
    op.create_index("transfer_requester", "transfer", ["requester", "transfer_id"])
    op.create_index("transfer_addressee_state", "transfer", ["addressee", "state", "transfer_id"])
    op.create_index("transfer_requester_state", "transfer", ["requester", "state", "transfer_id"])
    op.create_index("transfer_open", "transfer", ["customer_id", "requester"], unique=True, postgresql_where=_IS_OPEN)
    op.create_index("transfer_due", "transfer", ["state", "due_on"])
    op.create_table(
        "assessment_view",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("assessment_id", name="assessment_view_pkey"),
        comment="Projection of assessment's state events: which are open.",
    )
    op.create_index("assessment_view_customer_id_idx", "assessment_view", ["customer_id"])
    for table, condition in {
        "transfer": f"requester = {HERE} OR addressee = {HERE}",
        "assessment_view": f"municipality = {HERE}",
    }.items():
        for statement in border.draw(table, condition):
            op.execute(statement)
