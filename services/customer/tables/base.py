"""What all tables of the customer service share."""

from typing import Any

from sqlalchemy import Dialect, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.tables import backbone, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)


class VersionedJson(TypeDecorator[Any]):
    """A JSON value stored as `{"schema": n, "value": ...}`, so that a later shape can tell which one it reads."""

    impl = JSONB(none_as_null=True)
    cache_ok = True
    SCHEMA = 1

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else {"schema": self.SCHEMA, "value": value}

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else value["value"]
