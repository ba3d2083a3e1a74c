"""What the customer service answers, and does by itself. It acts on no events."""

from collections.abc import Sequence
from typing import Any

from contracts.customer.operations import AssignCustomers, GetOperation, ListCustomers, UndoOperation
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    ReceiveOutreachTargets,
    RecordOutreachAttempt,
)
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    OpenCustomer,
)
from contracts.customer.search import FindForEmergency, FindOwnRecord, SearchCustomers
from contracts.envelope import Event, Request
from services.customer.handlers import operations, outreach, outreach_import, people, search, working
from services.kit.service import Background
from services.kit.work import Handler

REQUESTS: dict[type[Request[Any]], Handler] = {
    OpenCustomer: people.open_customer,
    GetCustomer: people.get_customer,
    ChangeCustomer: people.change_customer,
    CloseCustomer: people.close_customer,
    EraseCustomer: people.erase_customer,
    FindOwnRecord: search.find_own_record,
    FindForEmergency: search.find_for_emergency,
    GetCustomerHistory: people.get_customer_history,
    GetCustomerCards: people.get_customer_cards,
    SearchCustomers: search.search_customers,
    ListCustomers: operations.list_customers,
    AssignCustomers: operations.assign_customers,
    GetOperation: operations.get_operation,
    UndoOperation: operations.undo_operation,
    BeginOutreachImport: outreach.begin_outreach_import,
    AddOutreachRows: outreach.add_outreach_rows,
    FinishOutreachImport: outreach.finish_outreach_import,
    ReceiveOutreachTargets: outreach.receive_outreach_targets,
    ListOutreachTargets: outreach.list_outreach_targets,
    GetOutreachTarget: outreach.get_outreach_target,
    RecordOutreachAttempt: outreach.record_outreach_attempt,
    OpenFromOutreach: outreach.open_from_outreach,
}
INPUT: dict[type[Event], Handler] = {}
WORKERS: dict[tuple[str, str], working.Worker] = {
    ("assign", "running"): working.assign_rows,
    (outreach.IMPORT, "running"): outreach_import.import_rows,
    (outreach.IMPORT, "undoing"): outreach_import.undo_rows,
}
"""Who does the rows of an operation, by its kind and state."""
BACKGROUND: Sequence[Background] = (working.work_off(WORKERS), outreach.forget_in_time)
