"""The access service's tables: the backbone here, the rest by capability."""

from services.access.tables import (  # noqa: F401 - importing declares their tables
    anomalies,
    merges,
    rights,
    teams,
    usage_log,
)
from services.access.tables.base import BACKBONE, METADATA

__all__ = ["BACKBONE", "METADATA"]
