"""The whole life of an assessment: interviews, topics, measures, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column(
            "version",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="grows by every act of a person",
        ),
        sa.Column("status_before", sa.Text(), comment="withdrawn because the record was merged: where it stood"),
        sa.Column(
            "settles",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="concluded or dropped: facts start no other one until the relationship has ended",
        ),
        sa.Column("responsible_authority", sa.Text(), server_default=sa.text("'municipality'"), nullable=False),
        sa.Column("county_takes_part", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("started_by_hand", _JSON),
        sa.Column("interview_at", _MOMENT, comment="when the interview is planned, or was held"),
        sa.Column("begun_on", sa.Date(), comment="the day of the first interview held"),
        sa.Column(
            "duties", _JSON, server_default=sa.text("'[]'"), nullable=False, comment="what the customer was told"
        ),
        sa.Column("conclusion", _JSON),
        sa.Column("dropped", _JSON),
        sa.Column("ended_on", sa.Date()),
    ):
        op.add_column("assessment", column)
    op.create_table_comment("assessment", "A municipality's assessments of a customer; at most one that is open.")
    op.drop_index("assessment_standing", table_name="assessment")
    op.create_index(
        "assessment_standing",
        "assessment",
        ["customer_id", "municipality"],
        unique=True,
        postgresql_where=sa.text("status IN ('to_start', 'planned', 'under_way')"),
    )
    _create(
        "interview",
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts_at", _MOMENT, comment="when it is planned, or was"),
        sa.Column("appointment", _JSON),
        sa.Column("held", _JSON),
        sa.Column("missed_on", sa.Date()),
        sa.Column("explanation", sa.Text()),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        comment="Appointments and what became of them; at most one of an assessment is planned.",
    )
    op.create_index(
        "interview_planned",
        "interview",
        ["assessment_id"],
        unique=True,
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index("interview_of_assessment", "interview", ["assessment_id", "interview_id"])
    _create(
        "topic_writing",
        sa.Column("writing_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", _JSON),
        sa.Column("sealed", sa.Text(), comment="the content of a further topic, encrypted with this row's id"),
        sa.Column("facts", _JSON, comment="the group of the background that it rests on, and its version"),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.UniqueConstraint("assessment_id", "topic", "version", name="topic_writing_assessment_id_topic_version_key"),
        comment="Every version of what was written under a topic.",
    )
    _create(
        "measure",
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ordered", _JSON, nullable=False),
        sa.Column("ordered_at", _MOMENT, nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("report", _JSON),
        sa.Column("cancel_reason", sa.Text()),
        sa.Column("settled_at", _MOMENT),
        sa.Column("settled_by", sa.Text()),
        sa.Column("organisation", sa.Text(), comment="whose user reported or cancelled it"),
        comment="Clarifying measures that were ordered, and what they found out.",
    )
    op.create_index("measure_of_assessment", "measure", ["assessment_id", "measure_id"])
    op.add_column(
        "considered",
        sa.Column("facts", _JSON, comment="what the duty to assess depends on, of the newest state event"),
    )
    op.create_table(
        "circumstances",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("unemployed_jobseeker", sa.Boolean()),
        sa.Column("child_home_care_allowance", sa.Boolean()),
        sa.Column("social_assistance", sa.Boolean()),
        sa.PrimaryKeyConstraint("customer_id", name="circumstances_pkey"),
        comment="What else the duty to assess depends on, of the newest event that told it.",
    )


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
