"""The assessment service's tables."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kit.border import HERE
from services.kit.customer_view import customer_view_table
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment, backbone, handshake_columns, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)

assessment = Table(
    "assessment",
    METADATA,
    Column("assessment_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1"), comment="grows by every act of a person"),
    Column("status", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("law_version", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column(
        "merged",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="withdrawn because the record was merged: stands again when the merge is undone",
    ),
    Column("status_before", Text, comment="withdrawn because the record was merged: where it stood"),
    Column(
        "settles",
        Boolean,
        nullable=False,
        server_default=text("true"),
        comment="concluded or dropped: facts start no other one until the relationship has ended",
    ),
    Column("responsible_authority", Text, nullable=False, server_default=text("'municipality'")),
    Column("county_takes_part", Boolean, nullable=False, server_default=text("false")),
    Column("started_by_hand", JSONB(none_as_null=True)),
    Column("interview_at", Moment, comment="when the interview is planned, or was held"),
    Column("begun_on", Date, comment="the day of the first interview held"),
    Column("duties", JSONB, nullable=False, server_default=text("'[]'"), comment="what the customer was told"),
    Column("conclusion", JSONB(none_as_null=True)),
    Column("dropped", JSONB(none_as_null=True)),
    Column("ended_on", Date),
    Index(None, "customer_id", "municipality"),
    Index(
        "assessment_standing",
        "customer_id",
        "municipality",
        unique=True,
        postgresql_where=text("status IN ('to_start', 'planned', 'under_way')"),
    ),
    info={"border": f"municipality = {HERE}"},
    comment="A municipality's assessments of a customer; at most one that is open.",
)


def _of_assessment() -> list[Column[Any]]:
    """Whose a row is: the border and the erasure look at the row alone."""
    return [
        Column("assessment_id", Uuid, ForeignKey("assessment.assessment_id"), nullable=False),
        Column("customer_id", Uuid, nullable=False, index=True),
        Column("municipality", Text, nullable=False),
    ]


interview = Table(
    "interview",
    METADATA,
    Column("interview_id", Uuid, primary_key=True),
    *_of_assessment(),
    Column("state", Text, nullable=False),
    Column("starts_at", Moment, comment="when it is planned, or was"),
    Column("appointment", JSONB(none_as_null=True)),
    Column("held", JSONB(none_as_null=True)),
    Column("missed_on", Date),
    Column("explanation", Text),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index("interview_planned", "assessment_id", unique=True, postgresql_where=text("state = 'planned'")),
    Index("interview_of_assessment", "assessment_id", "interview_id"),
    info={"border": f"municipality = {HERE}"},
    comment="Appointments and what became of them; at most one of an assessment is planned.",
)

topic_writing = Table(
    "topic_writing",
    METADATA,
    Column("writing_id", Uuid, primary_key=True),
    *_of_assessment(),
    Column("topic", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", JSONB(none_as_null=True)),
    Column("sealed", Text, comment="the content of a further topic, encrypted with this row's id"),
    Column("facts", JSONB(none_as_null=True), comment="the group of the background that it rests on, and its version"),
    Column("written_at", Moment, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    UniqueConstraint("assessment_id", "topic", "version"),
    info={"border": f"municipality = {HERE}", "encrypted": Encrypted(("sealed",), "sealed IS NOT NULL")},
    comment="Every version of what was written under a topic.",
)

measure = Table(
    "measure",
    METADATA,
    Column("measure_id", Uuid, primary_key=True),
    *_of_assessment(),
    Column("state", Text, nullable=False),
    Column("ordered", JSONB, nullable=False),
    Column("ordered_at", Moment, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("report", JSONB(none_as_null=True)),
    Column("cancel_reason", Text),
    Column("settled_at", Moment),
    Column("settled_by", Text),
    Column("organisation", Text, comment="whose user reported or cancelled it"),
    Index("measure_of_assessment", "assessment_id", "measure_id"),
    info={"border": f"municipality = {HERE}"},
    comment="Clarifying measures that were ordered, and what they found out.",
)

county_participation = Table(
    "county_participation",
    METADATA,
    Column("participation_id", Uuid, primary_key=True),
    *_of_assessment(),
    Column("way", Text, nullable=False),
    Column("proposed_at", Moment, comment="when the interview is proposed to be held"),
    Column("preview", JSONB, nullable=False, comment="what the county is told before it accepts"),
    Column("legal_basis", Text, nullable=False),
    Column("recorded_answer", JSONB(none_as_null=True), comment="that the answer came past the interface, and how"),
    Column("contributed_at", Moment, comment="when the county's first contribution came"),
    Column("without_contribution", JSONB(none_as_null=True), comment="why it is done without one"),
    *handshake_columns(),
    Index(
        "county_participation_standing",
        "assessment_id",
        unique=True,
        postgresql_where=text("state IN ('requested', 'more_asked', 'accepted')"),
    ),
    Index("county_participation_of_assessment", "assessment_id"),
    Index("county_participation_state", "municipality", "state", "participation_id"),
    Index("county_participation_due", "state", "due_on"),
    info={"border": f"municipality = {HERE}"},
    comment="Wellbeing services counties asked to take part: handshakes; at most one of an assessment stands.",
)

county_section = Table(
    "county_section",
    METADATA,
    Column("writing_id", Uuid, primary_key=True),
    *_of_assessment(),
    Column("topic", Text, nullable=False),
    Column("sealed", Text, nullable=False, comment="text and needs, encrypted with this row's id"),
    Column("written_by", Text, nullable=False, comment="who of the county"),
    Column("written_on", Date, nullable=False),
    Column("channel", Text, comment="how it came, where another than the county recorded it"),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("organisation", Text, nullable=False, comment="whose user or program recorded it"),
    Index("county_section_of_assessment", "assessment_id", "writing_id"),
    info={"border": f"municipality = {HERE}", "encrypted": Encrypted(("sealed",), "sealed IS NOT NULL")},
    comment="What counties contributed: nothing is changed, what is new is written beside it.",
)

considered = Table(
    "considered",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("facts", JSONB(none_as_null=True), comment="what the duty to assess depends on, of the newest state event"),
    comment="The newest state event acted on, by customer: an older one that comes late changes nothing.",
)

circumstances = Table(
    "circumstances",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("unemployed_jobseeker", Boolean),
    Column("registered_jobseeker", Boolean, comment="unemployed or not"),
    Column("child_home_care_allowance", Boolean),
    Column("social_assistance", Boolean),
    comment="What else the duty to assess depends on, of the newest event that told it.",
)

customer_view = customer_view_table(METADATA)
