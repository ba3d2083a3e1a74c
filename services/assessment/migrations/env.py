"""Runs the assessment service's migrations."""

from services.assessment.tables import METADATA
from services.kit.migrate import run_migrations

run_migrations(METADATA)
