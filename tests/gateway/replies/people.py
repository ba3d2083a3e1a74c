"""Replies of customers."""

from datetime import date
from typing import Any

from pydantic import BaseModel

from contracts.customer.background import (
    Background,
    BackgroundGroup,
    BackgroundHistory,
    BackgroundVersion,
    ChangeBackground,
    Education,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
)
from contracts.customer.duplicates import (
    DecideDuplicate,
    DuplicatesFound,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    Merged,
    PairDecided,
    SuspectedDuplicates,
    UndoMerge,
)
from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    Family,
    FamilyRelationVersion,
    GetFamily,
    RecordFamilyRelation,
)
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    Customer,
    CustomerCard,
    CustomerCards,
    CustomerHistory,
    CustomerVersion,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    OpenCustomer,
    Person,
)
from contracts.customer.search import CustomersFound, FindForEmergency, OwnRecord, SearchCustomers
from contracts.envelope import Request
from contracts.types import PersonName
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID

REPLIES: dict[type[Request[Any]], BaseModel] = {
    OpenCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=1),
    GetCustomer: Customer(
        customer_id=CUSTOMER_ID,
        version=3,
        person=Person(name=PersonName(family="Esimerkki", given="Aamu"), date_of_birth=date(1994, 5, 1)),
        relationships=(),
    ),
    ChangeCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=4),
    CloseCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=5),
    GetCustomerHistory: CustomerHistory(customer_id=CUSTOMER_ID, entries=()),
    GetBackground: Background(
        customer_id=CUSTOMER_ID,
        groups=(BackgroundGroup(version=0, content=Education(group="education", studies=())),),
    ),
    GetBackgroundGroup: BackgroundGroup(version=3, content=Education(group="education", studies=())),
    ChangeBackground: BackgroundVersion(customer_id=CUSTOMER_ID, group="education", version=4),
    GetBackgroundHistory: BackgroundHistory(customer_id=CUSTOMER_ID, group="education", entries=()),
    SearchCustomers: CustomersFound(hits=()),
    GetFamily: Family(
        customer=CustomerCard(
            customer_id=CUSTOMER_ID, name=PersonName(family="Esimerkki", given="Aamu"), date_of_birth=date(1994, 5, 1)
        ),
        on=date(2026, 3, 2),
        non_disclosure=False,
        relations=(),
        household=(),
    ),
    RecordFamilyRelation: FamilyRelationVersion(relation_id=GRANT_ID, version=1),
    ChangeFamilyRelation: FamilyRelationVersion(relation_id=GRANT_ID, version=2),
    EndFamilyRelation: FamilyRelationVersion(relation_id=GRANT_ID, version=3),
    GetCustomerCards: CustomerCards(
        cards=(
            CustomerCard(
                customer_id=CUSTOMER_ID,
                name=PersonName(family="Esimerkki", given="Aamu"),
                date_of_birth=date(1994, 5, 1),
            ),
        )
    ),
    FindDuplicates: DuplicatesFound(candidates=()),
    ListSuspectedDuplicates: SuspectedDuplicates(pairs=()),
    DecideDuplicate: PairDecided(pair_id=GRANT_ID),
    MergeCustomers: Merged(customer_id=CUSTOMER_ID, version=4, merge_id=GRANT_ID),
    UndoMerge: CustomerVersion(customer_id=CUSTOMER_ID, version=5),
    FindForEmergency: OwnRecord(customer_id=CUSTOMER_ID),
}
