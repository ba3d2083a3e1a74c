"""Alembic's entry to the gateway's table."""

from services.gateway.tables import METADATA
from services.kit.migrate import run_migrations

run_migrations(METADATA)
