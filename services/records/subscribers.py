"""The doors of the records service: what it answers, and what it hears."""

from collections.abc import Mapping
from typing import Any

from contracts.assessment.state import AssessmentChanged
from contracts.envelope import Event, Request
from contracts.plan.state import PlanChanged
from contracts.records.documents import GetDocument, GetDocumentContent, ListDocuments
from services.kit.customer_view import kept_in
from services.kit.service import Background
from services.kit.work import Handler
from services.records.background import make_documents
from services.records.handlers import reading, wanting
from services.records.tables import CUSTOMER_VIEW

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    ListDocuments: reading.list_documents,
    GetDocument: reading.get_document,
    GetDocumentContent: reading.get_document_content,
}
INPUT: Mapping[type[Event], Handler] = {
    PlanChanged: wanting.want_of_plan,
    AssessmentChanged: wanting.want_of_assessment,
}
BACKGROUND: tuple[Background, ...] = (make_documents,)
PROJECTIONS = (kept_in(CUSTOMER_VIEW),)
