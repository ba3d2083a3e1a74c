"""What is odd in the usage log."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.access.tables.base import METADATA
from services.kit.tables import Moment

ANOMALY = Table(
    "anomaly",
    METADATA,
    Column("anomaly_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("observed", Integer, nullable=False),
    Column("usual", Double),
    Column("customers", ARRAY(Uuid), nullable=False),
    Column("detected_at", Moment, nullable=False),
    Column("outcome", Text),
    Column("why", Text),
    Column("closed_at", Moment),
    Column("closed_by", Text),
    UniqueConstraint("user_id", "day", "organisation", "rule"),
    Index("anomaly_of_organisation", "organisation", "detected_at", "anomaly_id"),
    info={"not_erased": "what was done about a misuse must be known as long as the log; opaque ids alone"},
    comment="Days of users that are odd by a rule, and what came of looking into them.",
)

USAGE_DAY = Table(
    "usage_day",
    METADATA,
    Column("user_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("customers", Integer, nullable=False),
    PrimaryKeyConstraint("user_id", "day", "organisation"),
    Index("usage_day_of_peers", "organisation", "role", "day"),
    info={"not_erased": "counts"},
    comment="How many customers a user handled on a day: the baseline of what is usual.",
)

WATCHED_CUSTOMER = Table(
    "watched_customer",
    METADATA,
    Column("customer_id", Uuid, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("since", Moment, nullable=False),
    PrimaryKeyConstraint("customer_id", "municipality"),
    comment="Customers of public interest: every look at them is looked at.",
)

ENDED_RELATIONSHIP = Table(
    "ended_relationship",
    METADATA,
    Column("customer_id", Uuid, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("ended_at", Moment, nullable=False),
    PrimaryKeyConstraint("customer_id", "municipality"),
    comment="Whose relationship with a municipality has ended, and when.",
)

ANOMALY_SCAN = Table(
    "anomaly_scan",
    METADATA,
    Column("only", Integer, primary_key=True, server_default=text("1"), autoincrement=False),
    Column("position", BigInteger, nullable=False),
    CheckConstraint('"only" = 1', name="anomaly_scan_only_check"),
    info={"not_erased": "a count"},
    comment="Up to where in the chain the usage log was looked at. Whoever looks holds this row's lock.",
)
