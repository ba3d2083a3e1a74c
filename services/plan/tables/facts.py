"""What other services tell of customers, and plans and due dates depend on."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kit.border import HERE
from services.kit.tables import Moment
from services.plan.tables.base import METADATA

INTEGRATION_CASE = Table(
    "integration_case",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column(
        "sequence", BigInteger, nullable=False, server_default=text("0"), comment="of the state that was heard last"
    ),
    Column("open_municipalities", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("responsible", JSONB, nullable=False, server_default=text("'{}'"), comment="users by their municipalities"),
    Column("first_permit_on", Date),
    Column("three_year_limit_applies", Boolean, nullable=False, server_default=text("true")),
    Column("education_goal_until", Date),
    Column("merged_into", Uuid, index=True),
    Column("circumstances_sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("unemployed_jobseeker", Boolean),
    Column("registered_jobseeker", Boolean, comment="unemployed or not"),
    Column("first_plan_on", Date, comment="when the first plan that came into force was drawn up, whoever's it was"),
    info={"border": f"{HERE} = ANY (open_municipalities)"},
    comment="What the law's times and duties of one customer are counted from.",
)

KNOWN_ASSESSMENT = Table(
    "known_assessment",
    METADATA,
    Column("assessment_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("municipality", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("result", Text),
    Column("ended_on", Date),
    Column("created_at", Moment, nullable=False),
    Column("county_takes_part", Boolean, nullable=False),
    Column("needs", JSONB, nullable=False),
    info={"border": f"municipality = {HERE}"},
    comment="Where assessments stand, and the needs that they found.",
)

ACCEPTED_TRANSFER = Table(
    "accepted_transfer",
    METADATA,
    Column("transfer_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("giver", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    info={"border": f"giver = {HERE} OR receiver = {HERE}"},
    comment="Transfers that moved a customer, for those that are heard of in another order than they happened.",
)
