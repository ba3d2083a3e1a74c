"""Tables of what is due."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.border import HERE
from services.kit.tables import Moment
from services.plan.tables.base import METADATA

DUE_DATE = Table(
    "due_date",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("municipality", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("matter_id", Uuid, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("statutory", Boolean, nullable=False),
    Column("law_version", Text, nullable=False),
    Column("responsible", Uuid, comment="the number of the user who is responsible for the customer"),
    Column("next_event_on", Date, comment="when it is next told that it is near or has passed; null: all is told"),
    Index("due_date_list", "municipality", "due_on", "customer_id", "kind"),
    Index("due_date_responsible", "municipality", "responsible", "due_on", "customer_id", "kind"),
    Index("due_date_event", "next_event_on"),
    info={"border": f"municipality = {HERE}"},
    comment="What is due, as counted from the facts known; made anew whenever one of them changes.",
)

DUE_CASE = Table(
    "due_case",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("computed_on", Date, nullable=False),
    Column("is_suspended", Boolean, nullable=False),
    Index("due_case_computed", "computed_on"),
    comment="When a customer's due dates were counted last, and whether they move from day to day.",
)

DEADLINE_TOLD = Table(
    "deadline_told",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("municipality", Text, primary_key=True),
    Column("matter_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_on", Date, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("told_at", Moment, nullable=False),
    info={"border": f"municipality = {HERE}"},
    comment="What was told of which due date: each once, whatever is restarted or counted anew.",
)

DUE_DATE_SETTINGS = Table(
    "due_date_settings",
    METADATA,
    Column("municipality", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("notice_days", Integer, nullable=False),
    Column("aims", JSONB, nullable=False, comment="days by the codes of aims"),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    info={"border": f"municipality = {HERE}", "not_erased": "of a municipality, and of nobody"},
    comment="In how many days a municipality wants done what the law wants done without delay.",
)
