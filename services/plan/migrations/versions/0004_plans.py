"""Plans, their editions, approvals, documents, hindrances and acts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit import border
from services.kit.border import HERE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OF_PLAN = ("plan_edition", "plan_approval", "plan_document", "plan_hindrance", "plan_act")
_BORDERS = {"plan": f"municipality = {HERE}"} | {
    each: f"EXISTS (SELECT FROM plan WHERE plan.plan_id = {each}.plan_id)" for each in _OF_PLAN
}


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "customer_ids",
            sa.ARRAY(sa.Uuid()),
            nullable=False,
            comment="the customer and the members of a family's plan",
        ),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Uuid()),
        sa.Column("county_takes_part", sa.Boolean(), nullable=False),
        sa.Column("law_version", sa.Text(), nullable=False),
        sa.Column("earlier", postgresql.JSONB(), comment="the first plan, where it was drawn up elsewhere"),
        sa.Column("consents", postgresql.JSONB(), nullable=False, comment="of guardians, to a family's plan"),
        sa.Column("edition", sa.Integer(), comment="the one in force, or that was last"),
        sa.Column("drawn_up_on", sa.Date()),
        sa.Column("valid_until", sa.Date()),
        sa.Column("reviewed_on", sa.Date()),
        sa.Column("next_review_on", sa.Date()),
        sa.Column("review_awaited", sa.Text()),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.Text()),
        sa.Column("follow_on", postgresql.JSONB()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="plan_pkey"),
        comment="Plans as they stand.",
    )
    op.create_index("plan_customer_id_idx", "plan", ["customer_id"])
    op.create_index("plan_customers", "plan", ["customer_ids"], postgresql_using="gin")
    op.create_index(
        "plan_open",
        "plan",
        ["customer_id", "municipality"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('ended', 'dropped') AND kind <> 'family'"),
    )
    op.create_index(
        "plan_open_family",
        "plan",
        ["customer_id", "municipality"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('ended', 'dropped') AND kind = 'family'"),
    )
    op.create_table(
        "plan_edition",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("customer_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("law_version", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("content_sha256", sa.Text(), comment="of what was offered, as canonical JSON"),
        sa.Column("offered_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "edition", name="plan_edition_pkey"),
        comment="Every edition of each plan, with its content.",
    )
    op.create_index(
        "plan_edition_in_making",
        "plan_edition",
        ["plan_id"],
        unique=True,
        postgresql_where=sa.text("stage IN ('draft', 'offered')"),
    )
    op.create_table(
        "plan_approval",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("customer_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the document that was approved"),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "edition", "party", name="plan_approval_pkey"),
        comment="Who approved which edition, by which document.",
    )
    op.create_table(
        "plan_document",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("customer_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("is_copy", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="plan_document_pkey"),
        comment="Documents that the records service keeps of editions.",
    )
    op.create_index("plan_document_plan_id_idx", "plan_document", ["plan_id"])
    op.create_table(
        "plan_hindrance",
        sa.Column("hindrance_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), comment="null while it goes on"),
        sa.PrimaryKeyConstraint("hindrance_id", name="plan_hindrance_pkey"),
        comment="Times in which a plan could not be followed.",
    )
    op.create_index("plan_hindrance_plan_id_idx", "plan_hindrance", ["plan_id"])
    op.create_table(
        "plan_act",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="of the plan after it"),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("told", postgresql.JSONB(), nullable=False, comment="what was recorded by it"),
        sa.PrimaryKeyConstraint("act_id", name="plan_act_pkey"),
        comment="Everything that was done to plans, and what was recorded by it: reviews and extensions too.",
    )
    op.create_index("plan_act_of_plan", "plan_act", ["plan_id", "act_id"])

    for table, condition in _BORDERS.items():
        for statement in border.draw(table, condition):
            op.execute(statement)
