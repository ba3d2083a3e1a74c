"""The doors of the customer service: what it answers, what it keeps of others' events, and what it does by itself."""

from collections.abc import Sequence
from typing import Any

from contracts.assessment.state import AssessmentChanged, AssessmentToStart
from contracts.customer.background import ChangeBackground, GetBackground, GetBackgroundGroup, GetBackgroundHistory
from contracts.customer.contacts import (
    GetContact,
    ListContacts,
    ReceiveContact,
    ResolveContact,
    SetReceivingParty,
)
from contracts.customer.disclosures import GetPersonForPartner
from contracts.customer.duplicates import (
    DecideDuplicate,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    UndoMerge,
)
from contracts.customer.families import ChangeFamilyRelation, EndFamilyRelation, GetFamily, RecordFamilyRelation
from contracts.customer.open_matters import GetOpenMatters
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
    GetNameForDocument,
    OpenCustomer,
)
from contracts.customer.search import FindForEmergency, FindOwnRecord, SearchCustomers
from contracts.customer.transfers import (
    AcceptTransfer,
    AnswerTransferForPartner,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    GetTransferForPartner,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    RequestTransferForPartner,
    WithdrawTransfer,
)
from contracts.envelope import Event, Request
from contracts.plan.state import PlanChanged
from contracts.topology import ASSESSMENT_STATES
from services.customer.handlers import (
    background,
    contacts,
    disclosures,
    duplicates,
    families,
    operations,
    outreach,
    outreach_import,
    people,
    search,
    transfers,
    transfers_for_partners,
    working,
)
from services.customer.tables.transfers import ASSESSMENT_VIEW, PLAN_VIEW
from services.kit.projection import Projection
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
    GetNameForDocument: people.get_name_for_document,
    SearchCustomers: search.search_customers,
    GetFamily: families.get_family,
    RecordFamilyRelation: families.record_family_relation,
    ChangeFamilyRelation: families.change_family_relation,
    EndFamilyRelation: families.end_family_relation,
    ReceiveContact: contacts.receive_contact,
    ListContacts: contacts.list_contacts,
    GetContact: contacts.get_contact,
    ResolveContact: contacts.resolve_contact,
    SetReceivingParty: contacts.set_receiving_party,
    GetBackground: background.get_background,
    GetBackgroundGroup: background.get_background_group,
    ChangeBackground: background.change_background,
    GetBackgroundHistory: background.get_background_history,
    GetOpenMatters: people.get_open_matters,
    OfferTransfer: transfers.offer_transfer,
    AskForTransfer: transfers.ask_for_transfer,
    GetTransfer: transfers.get_transfer,
    ListTransfers: transfers.list_transfers,
    AcceptTransfer: transfers.accept_transfer,
    RejectTransfer: transfers.reject_transfer,
    AskMoreOfTransfer: transfers.ask_more_of_transfer,
    ReplyToTransfer: transfers.reply_to_transfer,
    WithdrawTransfer: transfers.withdraw_transfer,
    RequestTransferForPartner: transfers_for_partners.request_transfer_for_partner,
    AnswerTransferForPartner: transfers_for_partners.answer_transfer_for_partner,
    GetTransferForPartner: transfers_for_partners.get_transfer_for_partner,
    GetPersonForPartner: disclosures.get_person_for_partner,
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
    FindDuplicates: duplicates.find_duplicates,
    ListSuspectedDuplicates: duplicates.list_suspected_duplicates,
    DecideDuplicate: duplicates.decide_duplicate,
    MergeCustomers: duplicates.merge_customers,
    UndoMerge: duplicates.undo_merge,
}
INPUT: dict[type[Event], Handler] = {}
WORKERS: dict[tuple[str, str], working.Worker] = {
    ("assign", "running"): working.assign_rows,
    (outreach.IMPORT, "running"): outreach_import.import_rows,
    (outreach.IMPORT, "undoing"): outreach_import.undo_rows,
}
"""Who does the rows of an operation, by its kind and state."""
BACKGROUND: Sequence[Background] = (
    contacts.forget_contacts,
    transfers.expire_transfers,
    working.work_off(WORKERS),
    outreach.forget_in_time,
)


def assessment_of(state: AssessmentToStart | AssessmentChanged) -> dict[str, Any]:
    """What `assessment_view` keeps of an assessment's state."""
    return state.model_dump(include={"customer_id", "municipality", "status", "created_at"})


def plan_of(state: PlanChanged) -> dict[str, Any]:
    """What `plan_view` keeps of a plan's state."""
    return state.model_dump(include={"customer_id", "municipality", "status", "created_at"})


PROJECTIONS = (
    Projection(ASSESSMENT_VIEW, assessment_of, of=ASSESSMENT_STATES),
    Projection(PLAN_VIEW, plan_of, of=(PlanChanged,)),
)
