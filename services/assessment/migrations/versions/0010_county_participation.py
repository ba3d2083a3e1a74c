"""The county's participation in assessments, and what it contributes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create(
        "county_participation",
        sa.Column("participation_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("proposed_at", _MOMENT, comment="when the interview is proposed to be held"),
        sa.Column("preview", _JSON, nullable=False, comment="what the county is told before it accepts"),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("recorded_answer", _JSON, comment="that the answer came past the interface, and how"),
        sa.Column("contributed_at", _MOMENT, comment="when the county's first contribution came"),
        sa.Column("without_contribution", _JSON, comment="why it is done without one"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("addressee", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("responsible", _JSON, comment="whom the addressee named"),
        sa.Column("turns", _JSON, nullable=False, comment="every act, the oldest first"),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        comment="Wellbeing services counties asked to take part: handshakes; at most one of an assessment stands.",
    )
    op.create_index(
        "county_participation_standing",
        "county_participation",
        ["assessment_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'more_asked', 'accepted')"),
    )
    op.create_index("county_participation_of_assessment", "county_participation", ["assessment_id"])
    op.create_index("county_participation_state", "county_participation", ["municipality", "state", "participation_id"])
    op.create_index("county_participation_due", "county_participation", ["state", "due_on"])
    _create(
        "county_section",
        sa.Column("writing_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False, comment="text and needs, encrypted with this row's id"),
        sa.Column("written_by", sa.Text(), nullable=False, comment="who of the county"),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), comment="how it came, where another than the county recorded it"),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False, comment="whose user or program recorded it"),
        comment="What counties contributed: nothing is changed, what is new is written beside it.",
    )
    op.create_index("county_section_of_assessment", "county_section", ["assessment_id", "writing_id"])


def _create(table: str, key: sa.Column[object], *columns: sa.schema.SchemaItem, comment: str) -> None:
    """A table of what belongs to an assessment, within the border of its municipality."""
    op.create_table(
        table,
        key,
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint(key.name, name=f"{table}_pkey"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.assessment_id"], name=f"{table}_assessment_id_fkey"),
        comment=comment,
    )
    op.create_index(f"{table}_customer_id_idx", table, ["customer_id"])
    for statement in border.draw(table, f"municipality = {HERE}"):
        op.execute(statement)
