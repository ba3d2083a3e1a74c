"""Alembic's entry to the plan service's tables."""

from services.kit.migrate import run_migrations
from services.plan.tables import METADATA

run_migrations(METADATA)
