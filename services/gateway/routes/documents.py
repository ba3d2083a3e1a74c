"""Documents of plans and assessments: the list of a customer's, and the bytes as they were kept."""

import base64
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from contracts.records.documents import DocumentCard, Documents, GetDocument, GetDocumentContent, ListDocuments
from contracts.types import CustomerId
from services.gateway.bodies import answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX

routes = APIRouter(prefix=PREFIX, tags=["documents"])

PDF = "application/pdf"
_READ = problems(401, 403, 404, 429, 500, 503)
_LISTED = {"document_id": "$response.body#/documents/0/document_id"}
_SAME = {"document_id": "$request.path.document_id"}


@routes.get(
    "/customers/{customer_id:uuid}/documents",
    response_model=Documents,
    responses={200: with_links(get_document=_LISTED, get_document_content=_LISTED), **_READ},
)
async def list_documents(caller: SignedIn, customer_id: CustomerId) -> Response:
    """The documents about a customer that the acting municipality keeps, newest first."""
    documents = await caller.ask(ListDocuments(customer_id=customer_id))
    return answer(documents)


@routes.get(
    "/documents/{document_id:uuid}",
    response_model=DocumentCard,
    responses={200: with_links(get_document_content=_SAME), **_READ},
)
async def get_document(caller: SignedIn, document_id: UUID) -> Response:
    """What is known of one document; an approval names it by its hash."""
    document = await caller.ask(GetDocument(document_id=document_id))
    return answer(document)


@routes.get(
    "/documents/{document_id:uuid}/content",
    response_class=Response,
    responses={
        200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}, **with_headers("ETag")},
        **_READ,
    },
)
async def get_document_content(caller: SignedIn, document_id: UUID) -> Response:
    """The PDF, the very bytes that were kept; the ETag is their SHA-256."""
    document = await caller.ask(GetDocumentContent(document_id=document_id))
    content = base64.b64decode(document.content)
    while len(content) < document.size:
        more = await caller.ask(GetDocumentContent(document_id=document_id, offset=len(content)))
        content += base64.b64decode(more.content)
    headers = {
        "ETag": f'"{document.sha256}"',
        "Content-Disposition": f'inline; filename="{document.document_id}.pdf"',
    }
    return Response(content, headers=headers, media_type=PDF)
