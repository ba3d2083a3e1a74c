"""The plan service's tables."""

from services.plan.tables.base import BACKBONE, CUSTOMER_VIEW, METADATA

__all__ = ["BACKBONE", "CUSTOMER_VIEW", "METADATA"]
