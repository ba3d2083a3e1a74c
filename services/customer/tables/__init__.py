"""The customer service's tables: the backbone here, the rest by capability."""

from services.customer.tables import duplicates, people  # noqa: F401 - importing declares its tables
from services.customer.tables.base import BACKBONE, METADATA

__all__ = ["BACKBONE", "METADATA"]
