"""The access service's tables: the backbone here, the rest by capability."""

from services.access.tables import anomalies, merges, rights, usage_log  # noqa: F401 - importing declares their tables
from services.access.tables.base import BACKBONE, METADATA

__all__ = ["BACKBONE", "METADATA"]
