"""Replies of contacts, people to be reached and operations."""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.customer.contacts import (
    Contact,
    ContactReceived,
    Contacts,
    ContactVersion,
    GetContact,
    ListContacts,
    ReceiveContact,
    ReceivingPartySet,
    ResolveContact,
    SetReceivingParty,
)
from contracts.customer.operations import (
    AssignCustomers,
    CustomerList,
    GetOperation,
    ListCustomers,
    Operation,
    OperationStarted,
    UndoOperation,
)
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachTarget,
    OutreachTargets,
    OutreachTargetState,
    RecordOutreachAttempt,
    RowsAdded,
)
from contracts.customer.people import CustomerVersion
from contracts.envelope import Request
from contracts.types import PersonName
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID

REPLIES: dict[type[Request[Any]], BaseModel] = {
    ReceiveContact: ContactReceived(contact_id=GRANT_ID),
    ListContacts: Contacts(receiving_party=None, contacts=()),
    GetContact: Contact(
        contact_id=GRANT_ID,
        version=2,
        state="open",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        days_since_received=1,
        reports=(),
    ),
    ResolveContact: ContactVersion(contact_id=GRANT_ID, version=3),
    SetReceivingParty: ReceivingPartySet(municipality="837"),
    ListCustomers: CustomerList(customers=()),
    AssignCustomers: OperationStarted(operation_id=GRANT_ID),
    GetOperation: Operation(
        operation_id=GRANT_ID,
        kind="assign",
        state="running",
        total=2,
        done=1,
        rejected=0,
        started_by="u",
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    ),
    UndoOperation: OperationStarted(operation_id=GRANT_ID),
    BeginOutreachImport: OperationStarted(operation_id=GRANT_ID),
    AddOutreachRows: RowsAdded(operation_id=GRANT_ID, rows=1),
    FinishOutreachImport: OperationStarted(operation_id=GRANT_ID),
    ListOutreachTargets: OutreachTargets(targets=()),
    GetOutreachTarget: OutreachTarget(
        target_id=GRANT_ID,
        state="not_reached",
        name=PersonName(family="Esimerkki", given="Aamu"),
        date_of_birth=date(1994, 5, 1),
        grounds=(),
        contact_by=date(2027, 3, 1),
        days_left=364,
        attempts=0,
    ),
    RecordOutreachAttempt: OutreachTargetState(target_id=GRANT_ID, state="reached"),
    OpenFromOutreach: CustomerVersion(customer_id=CUSTOMER_ID, version=1),
}
