"""The records service's tables."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, Uuid, text

from services.kit.border import HERE
from services.kit.customer_view import about_several, customer_view_table
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment, backbone, customer_ids_column, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)

CUSTOMER_VIEW = customer_view_table(METADATA)


def _of_matter() -> list[Column[object]]:
    """What a document is of, and whom it is about; `customer_ids` are all of them."""
    return [
        Column("document_id", Uuid, primary_key=True),
        customer_ids_column(),
        Column("customer_id", Uuid, nullable=False, comment="whose matter it is; the others are of the same family"),
        Column("municipality", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False, comment="of the event that told the municipality last"),
        Column("kind", Text, nullable=False),
        Column("matter_id", Uuid, nullable=False, index=True, comment="of the plan or the assessment"),
        Column("edition", Integer, nullable=False),
        Column("language", Text, nullable=False),
        Column("approved_in", Text, nullable=False, comment="another language: it is a copy for reading"),
    ]


DOCUMENT_WANTED = Table(
    "document_wanted",
    METADATA,
    *_of_matter(),
    Column("dated_at", Moment, nullable=False, comment="when the edition was offered: the document's own time"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("unmade_because", Text, comment="a code; null: it was made, or is still to be"),
    Index("document_wanted_waiting", "next_attempt_at", postgresql_where=text("settled_at IS NULL")),
    info={"border": f"municipality = {HERE}"},
    comment="Documents that are to be made, and what became of it.",
)

DOCUMENT = Table(
    "document",
    METADATA,
    *_of_matter(),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False, comment="bytes of the PDF"),
    Column("kept_at", Moment, nullable=False),
    Column("content", Text, nullable=False, comment="the PDF in base64, encrypted"),
    Index("document_of_customer", "customer_id"),
    about_several("document"),
    info={"border": f"municipality = {HERE}", "encrypted": Encrypted(("content",), "true")},
    comment="Documents as they were made; with a plan that moves they become another municipality's.",
)
