"""The customer service's tables: the backbone here, the rest by capability."""

from services.customer.tables import (  # noqa: F401 - importing declares its tables
    background,
    contacts,
    duplicates,
    families,
    operations,
    outreach,
    people,
    transfers,
)
from services.customer.tables.base import BACKBONE, METADATA

__all__ = ["BACKBONE", "METADATA"]
