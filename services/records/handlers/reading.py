"""Reading documents: for whom the policy lets see them, and who reaches everybody whom they are about."""

import base64
from typing import Any

from sqlalchemy import Row

from contracts.records.documents import (
    MOST_BYTES,
    DocumentCard,
    DocumentContent,
    Documents,
    GetDocument,
    GetDocumentContent,
    ListDocuments,
)
from services.kit.errors import NotFound
from services.kit.work import Work
from services.records import repository


async def list_documents(message: ListDocuments, work: Work) -> Documents:
    """The acting municipality's documents about its customer; NotFound until this service has heard of the opening."""
    customer_id = await repository.kept_id(work, message.customer_id)
    rows = await repository.of_customer(work, customer_id)
    people = {customer_id, *(each for row in rows for each in row.customer_ids)}
    work.record_use(sorted(people), message.DATA, relation=work.rights.related, found=len(rows))
    return Documents(documents=tuple(DocumentCard.model_validate(_card(row)) for row in rows))


async def get_document(message: GetDocument, work: Work) -> DocumentCard:
    """What is known of one document; NotFound for whom there is none."""
    return DocumentCard.model_validate(_card(await _found(message, work)))


async def get_document_content(message: GetDocumentContent, work: Work) -> DocumentContent:
    """A part of the bytes of one document, mostly all; NotFound for whom there is none."""
    row = await _found(message, work)
    pdf = base64.b64decode(work.encryption.decrypt(row.content, row.document_id))
    part = pdf[message.offset : message.offset + MOST_BYTES]
    return DocumentContent(
        document_id=row.document_id,
        sha256=row.sha256,
        size=row.size,
        offset=message.offset,
        content=base64.b64encode(part).decode(),
    )


async def _found(message: GetDocument | GetDocumentContent, work: Work) -> Row[Any]:
    row = await repository.get(work, message.document_id)
    if row is None:
        raise NotFound("No such document.")
    work.record_use(row.customer_ids, message.DATA, relation=work.rights.related)
    return row


def _card(row: Row[Any]) -> dict[str, Any]:
    members = tuple(each for each in row.customer_ids if each != row.customer_id)
    return {**row._mapping, "members": members, "is_copy": row.language != row.approved_in}
