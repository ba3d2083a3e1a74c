"""The doors of the records service: what it answers, and what it hears."""

from collections.abc import Mapping
from typing import Any

from contracts.assessment.state import AssessmentChanged
from contracts.customer.state import CustomerState
from contracts.envelope import Event, Request
from contracts.plan.state import PlanChanged
from contracts.records.documents import GetDocument, GetDocumentContent, ListDocuments
from contracts.topology import CUSTOMER_STATES
from services.kit.projection import Projection
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


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {
        "open_municipalities": state.open_municipalities,
        "merged_into": state.merged_into,
    }


PROJECTIONS = (Projection(CUSTOMER_VIEW, view_of, of=CUSTOMER_STATES),)
