"""Referrals to agreed services, and what was completed of them."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.tables import Moment
from services.plan.tables.base import METADATA, within_plan

REFERRAL = Table(
    "referral",
    METADATA,
    Column("referral_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, nullable=False),
    Column("line_id", Uuid, nullable=False, comment="of the plan's planned services"),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("municipality", Text, nullable=False, comment="that made it"),
    Column("service_id", Uuid, index=True, comment="of the programme, in the version that was agreed on"),
    Column("service_version", Integer),
    Column("service_name", Text, comment="as the plan says"),
    Column("provider", Text, nullable=False),
    Column("partner", Text, comment="the provider's code, where its program is connected"),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("referred_on", Date, nullable=False),
    Column("answer", Text, comment="as it was given; null: none was, a completion may tell that the client has begun"),
    Column("answered_on", Date),
    Column("decline_reason", Text),
    Column("ended_on", Date),
    Column("withdrawn", JSONB(none_as_null=True), comment="by whom, when and why it was taken back; null: it counts"),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Index("referral_of_plan", "plan_id", "referral_id"),
    Index(
        "referral_open",
        "plan_id",
        "line_id",
        "customer_id",
        unique=True,
        postgresql_where=text("state IN ('made', 'taken_up')"),
    ),
    info=within_plan("referral"),
    comment="That clients were directed to agreed services (681/2023 20 § 5 mom.); one that is open for each line.",
)

COMPLETION = Table(
    "completion",
    METADATA,
    Column("completion_id", Uuid, primary_key=True),
    Column("referral_id", Uuid, ForeignKey("referral.referral_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("plan_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("starts_on", Date),
    Column("ends_on", Date, nullable=False),
    Column("is_over", Boolean, comment="nothing more of the service follows; null: as the referral tells by its end"),
    Column("hours", Integer),
    Column("language", Text, comment="that the levels are of"),
    Column("listening", Text),
    Column("reading", Text),
    Column("speaking", Text),
    Column("writing", Text),
    Column("reason", Text, comment="why it was interrupted"),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("withdrawn", JSONB(none_as_null=True), comment="by whom, when and why it was taken back; null: it counts"),
    info=within_plan("completion"),
    comment="What was completed or interrupted of services.",
)
