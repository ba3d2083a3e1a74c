"""Ways to documents."""

from contracts.records.documents import GetDocument, GetDocumentContent, ListDocuments
from tests.leaks.doors.door import Door

DOORS = (
    Door("documents", ListDocuments, lambda it: ListDocuments(customer_id=it.customer_id)),
    Door("document", GetDocument, lambda it: GetDocument(document_id=it.document_id)),
    Door("document's bytes", GetDocumentContent, lambda it: GetDocumentContent(document_id=it.document_id)),
)
