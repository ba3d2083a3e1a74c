"""What the customer service answers. It acts on no events."""

from typing import Any

from contracts.customer.background import ChangeBackground, GetBackground, GetBackgroundGroup, GetBackgroundHistory
from contracts.customer.contacts import (
    GetContact,
    ListContacts,
    ReceiveContact,
    ResolveContact,
    SetReceivingParty,
)
from contracts.customer.families import ChangeFamilyRelation, EndFamilyRelation, GetFamily, RecordFamilyRelation
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
from services.customer.handlers import background, contacts, families, people, search
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
}
INPUT: dict[type[Event], Handler] = {}
BACKGROUND: tuple[Background, ...] = (contacts.forget_contacts,)
