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
    Column("settings_version", Integer, nullable=False, comment="of the municipality's aims and notice; 0: the common"),
    Index("due_date_list", "municipality", "due_on", "customer_id", "kind"),
    Index("due_date_responsible", "municipality", "responsible", "due_on", "customer_id", "kind"),
    Index("due_date_settings_version", "municipality", "settings_version"),
    info={"border": f"municipality = {HERE}"},
    comment="What is due, as counted from the facts known; made anew whenever one of them changes.",
)

DUE_CASE = Table(
    "due_case",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("computed_on", Date, nullable=False),
    Column("look_on", Date, comment="when something is next to be told, or moves by itself; null: nothing is"),
    Column("retry_at", Moment, comment="when it is tried again, where counting or telling failed"),
    Index("due_case_computed", "computed_on"),
    Index("due_case_look", "look_on"),
    comment="When a customer's due dates were counted last, and when they are next looked at. Its lock comes first.",
)

DEADLINE_TOLD = Table(
    "deadline_told",
    METADATA,
    Column("customer_id", Uuid, nullable=False, index=True, comment="whose it was then: a record may be merged"),
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
