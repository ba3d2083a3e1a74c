"""What the customer service answers. It acts on no events."""

from typing import Any

from contracts.customer import (
    ChangeCustomer,
    CloseCustomer,
    EraseCustomer,
    FindForEmergency,
    FindOwnRecord,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    OpenCustomer,
    SearchCustomers,
)
from contracts.envelope import Event, Request
from services.customer import handlers
from services.kit.work import Handler

REQUESTS: dict[type[Request[Any]], Handler] = {
    OpenCustomer: handlers.open_customer,
    GetCustomer: handlers.get_customer,
    ChangeCustomer: handlers.change_customer,
    CloseCustomer: handlers.close_customer,
    EraseCustomer: handlers.erase_customer,
    FindOwnRecord: handlers.find_own_record,
    FindForEmergency: handlers.find_for_emergency,
    GetCustomerHistory: handlers.get_customer_history,
    GetCustomerCards: handlers.get_customer_cards,
    SearchCustomers: handlers.search_customers,
}
INPUT: dict[type[Event], Handler] = {}
