"""Alembic's entry to the customer service's tables."""

from services.customer.tables import METADATA
from services.kit.migrate import run_migrations

run_migrations(METADATA)
