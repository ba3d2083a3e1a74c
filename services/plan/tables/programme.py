"""The integration programme: a municipality's services, and what each of their versions tells."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.border import HERE
from services.kit.tables import Moment
from services.plan.tables.base import METADATA

PROGRAMME_SERVICE = Table(
    "programme_service",
    METADATA,
    Column("service_id", Uuid, primary_key=True),
    Column("municipality", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="the newest"),
    Column("external_key", Text, comment="the municipality's own key, by which files name the service"),
    Index("programme_service_key", "municipality", "external_key", unique=True),
    info={"border": f"municipality = {HERE}", "not_erased": "services that are offered, nobody's data"},
    comment="Services of integration programmes (681/2023 13 §).",
)

PROGRAMME_SERVICE_VERSION = Table(
    "programme_service_version",
    METADATA,
    Column("service_id", Uuid, ForeignKey("programme_service.service_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("municipality", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    info={"border": f"municipality = {HERE}", "not_erased": "services that are offered, nobody's data"},
    comment="What a service told from one change to the next; plans name the version that they were made with.",
)
