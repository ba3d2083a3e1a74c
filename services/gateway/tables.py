"""The gateway's table: sessions of browsers, and no data of the domain."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, Uuid

from services.kit.tables import Moment, service_metadata

METADATA = service_metadata()

session = Table(
    "session",
    METADATA,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("issuer_session", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("assurance", Text, nullable=False),
    Column("grant_id", Uuid),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    # read by gateways of the release before alone: the next release drops them
    *(Column(name, Text, server_default="", nullable=False) for name in ("organisation", "role", "task", "purpose")),
    Index(None, "user_id"),
    Index(None, "issuer_session"),
    Index(None, "ends_at"),
    info={"not_erased": "about officials at work, for some hours"},
    comment="Browsers that are signed in. Of the cookie only a keyed hash is here.",
)
