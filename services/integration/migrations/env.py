"""Alembic's entry to the integration service's tables."""

from services.integration.tables import METADATA
from services.kit.migrate import run_migrations

run_migrations(METADATA)
