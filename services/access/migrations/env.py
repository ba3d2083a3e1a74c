"""Runs the access service's migrations."""

from services.access.tables import METADATA
from services.kit.migrate import run_migrations

run_migrations(METADATA)
