"""The gateway's table: sessions of browsers, and no data of the domain."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from services.kit.tables import Moment, service_metadata

METADATA = service_metadata()

session = Table(
    "session",
    METADATA,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("issuer_session", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("assurance", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Index(None, "user_id"),
    Index(None, "issuer_session"),
    Index(None, "ends_at"),
    info={"not_erased": "about officials at work, for some hours"},
    comment="Browsers that are signed in. Of the cookie only a keyed hash is here.",
)
