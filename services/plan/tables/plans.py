"""Plans, their editions with approvals and documents, and what was done and recorded."""

from typing import Any

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kit.border import HERE
from services.kit.customer_view import about_several
from services.kit.tables import Moment, customer_ids_column
from services.plan.tables.base import METADATA, within_plan

_IS_OPEN = "status NOT IN ('ended', 'dropped')"


def _of_plan(name: str, *columns: Column[Any] | Index, comment: str) -> Table:
    """A table of what belongs to a plan and is about the same people."""
    return Table(name, METADATA, *columns, customer_ids_column(), info=within_plan(name), comment=comment)


PLAN = Table(
    "plan",
    METADATA,
    Column("plan_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("customer_ids", ARRAY(Uuid), nullable=False, comment="the customer and the members of a family's plan"),
    Column("municipality", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("assessment_id", Uuid),
    Column("county_takes_part", Boolean, nullable=False),
    Column("law_version", Text, nullable=False),
    Column("earlier", JSONB(none_as_null=True), comment="the first plan, where it was drawn up elsewhere"),
    Column("consents", JSONB, nullable=False, comment="of guardians, to a family's plan"),
    Column("edition", Integer, comment="the one in force, or that was last"),
    Column("drawn_up_on", Date),
    Column("valid_until", Date),
    Column("reviewed_on", Date),
    Column("next_review_on", Date),
    Column("review_awaited", Text),
    Column("ended_on", Date),
    Column("end_reason", Text),
    Column("follow_on", JSONB(none_as_null=True)),
    Column("created_at", Moment, nullable=False),
    Index(
        "plan_open",
        "customer_id",
        "municipality",
        unique=True,
        postgresql_where=text(f"{_IS_OPEN} AND kind <> 'family'"),
    ),
    Index(
        "plan_open_family",
        "customer_id",
        "municipality",
        unique=True,
        postgresql_where=text(f"{_IS_OPEN} AND kind = 'family'"),
    ),
    about_several("plan"),
    info={"border": f"municipality = {HERE}"},
    comment="Plans as they stand.",
)

PLAN_EDITION = _of_plan(
    "plan_edition",
    Column("plan_id", Uuid, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("law_version", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("content_sha256", Text, comment="of what was offered, as canonical JSON"),
    Column("offered_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Index("plan_edition_in_making", "plan_id", unique=True, postgresql_where=text("stage IN ('draft', 'offered')")),
    comment="Every edition of each plan, with its content.",
)

PLAN_APPROVAL = _of_plan(
    "plan_approval",
    Column("plan_id", Uuid, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("language", Text, nullable=False),
    Column("sha256", Text, nullable=False, comment="of the document that was approved"),
    Column("how", Text, nullable=False),
    Column("approved_on", Date, nullable=False),
    Column("approved_by", Text, comment="which guardian, or who of the county"),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    comment="Who approved which edition, by which document.",
)

PLAN_DOCUMENT = _of_plan(
    "plan_document",
    Column("document_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("edition", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("is_copy", Boolean, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("kept_at", Moment, nullable=False),
    comment="Documents that the records service keeps of editions.",
)

PLAN_HINDRANCE = _of_plan(
    "plan_hindrance",
    Column("hindrance_id", Uuid, primary_key=True, comment="of the act that recorded it"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("ground", Text, nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, comment="null while it goes on"),
    comment="Times in which a plan could not be followed.",
)

PLAN_ACT = _of_plan(
    "plan_act",
    Column("act_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, nullable=False),
    Column("act", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="of the plan after it"),
    Column("edition", Integer, nullable=False),
    Column("acted_at", Moment, nullable=False),
    Column("acted_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("told", JSONB, nullable=False, comment="what was recorded by it"),
    Column("withdrawn", JSONB(none_as_null=True), comment="by whom, when and why it was taken back; null: it counts"),
    Index("plan_act_of_plan", "plan_id", "act_id"),
    comment="Everything that was done to plans, and what was recorded by it: reviews and extensions too.",
)
