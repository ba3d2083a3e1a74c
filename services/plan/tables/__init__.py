"""The plan service's tables."""

from services.plan.tables.base import BACKBONE, CUSTOMER_VIEW, METADATA
from services.plan.tables.programme import PROGRAMME_SERVICE, PROGRAMME_SERVICE_VERSION

__all__ = ["BACKBONE", "CUSTOMER_VIEW", "METADATA", "PROGRAMME_SERVICE", "PROGRAMME_SERVICE_VERSION"]
