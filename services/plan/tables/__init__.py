"""The plan service's tables."""

from services.plan.tables import facts, plans  # noqa: F401 - importing declares them
from services.plan.tables.base import BACKBONE, CUSTOMER_VIEW, METADATA

__all__ = ["BACKBONE", "CUSTOMER_VIEW", "METADATA"]
