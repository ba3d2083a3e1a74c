"""What other services hear of a document: that it is kept, and the hash by which it is recognised."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.envelope import ActEvent
from contracts.types import CustomerId, LanguageCode, MunicipalityCode
from contracts.usage import DataUsed

COPY_LANGUAGES = ("ar", "en", "fi", "sv")
"""In which there are words for documents, and so copies for reading."""
DocumentKind = Literal["plan", "assessment"]
Sha256 = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(examples=["0000000000000000000000000000000000000000000000000000000000000000"]),
]


class DocumentKept(ActEvent, type="records.document_kept.v1", data=("document",)):
    """A document was made and is kept: the same bytes for ever, known by their hash."""

    SUBJECT = "document_id"

    document_id: UUID
    customer_id: CustomerId
    members: tuple[CustomerId, ...] = ()
    municipality: MunicipalityCode
    kind: DocumentKind
    matter_id: UUID = Field(description="of the plan or the assessment")
    edition: int = Field(ge=1)
    language: LanguageCode
    is_copy: bool = Field(description="for reading beside the document that is approved")
    sha256: Sha256
    size: int = Field(ge=1, description="bytes")
    kept_at: AwareDatetime

    def about_customers(self) -> frozenset[UUID]:
        """The customer and the family members."""
        return frozenset({self.customer_id, *self.members})


class RecordsDataUsed(DataUsed, type="records.data_used.v1", data=("usage_log",)):
    """Somebody used data of the records service, or was refused."""
