"""Tables of teams."""

from sqlalchemy import ARRAY, Boolean, Column, Index, Integer, Table, Text, Uuid

from services.access.tables.base import METADATA
from services.kit.tables import Moment

TEAM = Table(
    "team",
    METADATA,
    Column("team_id", Uuid, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("members", ARRAY(Text), nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Index(None, "organisation", "name"),
    info={"not_erased": "names users, no customer"},
    comment="Whose customers are looked after together.",
)
