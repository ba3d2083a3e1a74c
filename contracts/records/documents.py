"""Documents as they were made and kept: the list of a customer's, and the bytes of one."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request
from contracts.records.state import DocumentKind, Sha256
from contracts.types import CustomerId, LanguageCode, MunicipalityCode, Value


class DocumentCard(Value):
    """What is known of a document without opening it."""

    document_id: UUID
    customer_id: CustomerId
    members: tuple[CustomerId, ...] = Field((), description="of a family's plan: whom else it is about")
    municipality: MunicipalityCode
    kind: DocumentKind
    matter_id: UUID = Field(description="of the plan or the assessment")
    edition: int = Field(ge=1)
    language: LanguageCode
    is_copy: bool = Field(description="for reading beside the document that is approved")
    sha256: Sha256
    size: int = Field(ge=1, description="bytes")
    kept_at: AwareDatetime


class Documents(Value):
    """The acting municipality's documents about one customer, newest first."""

    documents: tuple[DocumentCard, ...]


MOST_BYTES = 600_000
"""In one part: in base64 within what the broker takes in a message."""


class DocumentContent(Value):
    """The bytes of a document, PDF/A-2a and PDF/UA-1, or a part of them where they are many."""

    document_id: UUID
    sha256: Sha256 = Field(description="of all of them")
    size: int = Field(ge=1, description="bytes in all")
    offset: int = Field(ge=0, description="how many bytes come before this part")
    content: str = Field(
        pattern=r"^[A-Za-z0-9+/]*={0,2}$",
        description="the part in base64, 600 000 bytes at most; the last one ends at `size`",
        examples=["JVBERi0xLjc="],
        json_schema_extra={"contentEncoding": "base64", "contentMediaType": "application/pdf"},
    )


class ListDocuments(Request[Documents], type="records.list_documents.v1", act="view", data=("document",)):
    """The acting municipality's documents about one of its customers."""

    customer_id: CustomerId


class GetDocument(Request[DocumentCard], type="records.get_document.v1", act="view", data=("document",)):
    """What is known of one document."""

    document_id: UUID


class GetDocumentContent(
    Request[DocumentContent], type="records.get_document_content.v1", act="view", data=("document",)
):
    """The very bytes that were kept, or the part of them that begins at `offset`."""

    document_id: UUID
    offset: int = Field(0, ge=0, le=999_999_999, description="bytes before the part that is asked for")
