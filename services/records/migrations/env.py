"""Alembic's entry to the records service's tables."""

from services.kit.migrate import run_migrations
from services.records.tables import METADATA

run_migrations(METADATA)
