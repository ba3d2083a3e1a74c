"""Organisations, users and what they hold."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    ForeignKey,
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

_STAFF = {"not_erased": "names users and organisations, no customer"}

ORGANISATION = Table(
    "organisation",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("name_fi", Text, nullable=False),
    Column("name_sv", Text, nullable=False),
    Column("name_en", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("successors", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="who took over its tasks"),
    Column("members", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="of an employment area"),
    info=_STAFF,
    comment="Authorities from the code lists; providers and employment areas that municipalities added.",
)

PROCUREMENT = Table(
    "procurement",
    METADATA,
    Column("procurement_id", Uuid, primary_key=True),
    Column("municipality", Text, nullable=False),
    Column("provider", Text, ForeignKey("organisation.code"), nullable=False),
    Column("ends_on", Date, nullable=False, comment="the contract's last day"),
    UniqueConstraint("municipality", "provider"),
    info=_STAFF,
    comment="Which provider serves which municipality, and until when.",
)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("user_number", Uuid, nullable=False, unique=True),
    Column("name", Text),
    Column("assurance", Text),
    Column("customer_id", Uuid, index=True, comment="the customer that the user is"),
    Column("first_seen_at", Moment, nullable=False),
    Column("signed_in_at", Moment),
    comment="Users: who signed in or was appointed. Erased with the customer, and made anew by a sign-in.",
)

ACCESS_GRANT = Table(
    "access_grant",
    METADATA,
    Column("grant_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("user_id", Text, nullable=False, index=True),
    Column("organisation", Text, ForeignKey("organisation.code"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("municipality", Text, index=True, comment="whose customers, where the right is to take part in its matters"),
    Column("named_only", Boolean, nullable=False, comment="whether it reaches the customers of grant_customer alone"),
    Column("data", ARRAY(Text), comment="these data groups alone; null: as the role"),
    Column("powers", ARRAY(Text), nullable=False),
    Column("ground", Text, nullable=False),
    Column("ground_id", Uuid, comment="what the ground is: an assessment, a contract, the grant deputised"),
    Column("given_by", Text, nullable=False),
    Column("given_by_organisation", Text, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Column("ended_at", Moment),
    Column("ended_by", Text),
    Column("end_reason", Text),
    Column("reviewed_at", Moment),
    Column("reviewed_by", Text),
    Column("review_due_at", Moment, nullable=False),
    Column("last_used_at", Moment, comment="noted once a day"),
    Index("access_grant_in_force", "ends_at", postgresql_where=text("ended_at IS NULL")),
    Index("access_grant_ground", "ground_id", postgresql_where=text("ended_at IS NULL")),
    info=_STAFF,
    comment="Who may do what, for whom, on which ground and how long. Ended grants stay: they are the evidence.",
)

GRANT_CUSTOMER = Table(
    "grant_customer",
    METADATA,
    Column("grant_id", Uuid, ForeignKey("access_grant.grant_id"), nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("ended_at", Moment),
    PrimaryKeyConstraint("grant_id", "customer_id"),
    comment="The customers that a grant names.",
)

WITHHELD_CUSTOMER = Table(
    "withheld_customer",
    METADATA,
    Column("withheld_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("municipality", Text, nullable=False, index=True),
    Column("ground", Text, nullable=False),
    Column("user_id", Text, index=True, comment="from this user alone; null: from all of the municipality"),
    Column("withheld_by", Text, nullable=False),
    Column("withheld_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", Text),
    comment="Whom users may not handle: their family, and colleagues who are customers.",
)

RELEASED_USER = Table(
    "released_user",
    METADATA,
    Column("withheld_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("user_id", Text, nullable=False),
    Column("released_by", Text, nullable=False),
    Column("released_at", Moment, nullable=False),
    PrimaryKeyConstraint("withheld_id", "user_id"),
    comment="Who handles a customer that is withheld from the rest of the municipality.",
)

EMERGENCY_ACCESS = Table(
    "emergency_access",
    METADATA,
    Column("emergency_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("grant_id", Uuid, ForeignKey("access_grant.grant_id"), nullable=False, index=True),
    Column("user_id", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Index("emergency_access_user", "user_id", "ends_at"),
    comment="Customers opened in an emergency. The reason is in the usage log, sealed.",
)

NOTICE = Table(
    "notice",
    METADATA,
    Column("notice_id", Uuid, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False, comment="whoever holds this role there"),
    Column("kind", Text, nullable=False),
    Column("about_id", Uuid, nullable=False, comment="the grant or the emergency access"),
    Column("due_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment),
    Column("seen_by", Text),
    UniqueConstraint("about_id", "kind", "role", "due_at"),
    Index("notice_unseen", "organisation", "role", postgresql_where=text("seen_at IS NULL")),
    info=_STAFF,
    comment="What somebody should look at: each thing once for each moment that it is due.",
)
