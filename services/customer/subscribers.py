"""What the customer service answers. It acts on no events."""

from typing import Any

from contracts.customer.duplicates import (
    DecideDuplicate,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    UndoMerge,
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
from services.customer.handlers import duplicates, people, search
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
    FindDuplicates: duplicates.find_duplicates,
    ListSuspectedDuplicates: duplicates.list_suspected_duplicates,
    DecideDuplicate: duplicates.decide_duplicate,
    MergeCustomers: duplicates.merge_customers,
    UndoMerge: duplicates.undo_merge,
}
INPUT: dict[type[Event], Handler] = {}
