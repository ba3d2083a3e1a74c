"""The metadata of the access service, and the backbone's tables in it."""

from services.kit.tables import backbone, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)
