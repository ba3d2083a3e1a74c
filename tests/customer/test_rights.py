"""Who may ask what, and of whom."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.customer.background import (
    ChangeBackground,
    Education,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
)
from contracts.customer.contacts import GetContact, ListContacts, ResolveContact, SetReceivingParty
from contracts.customer.disclosures import GetPersonForPartner
from contracts.customer.duplicates import (
    DecideDuplicate,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    UndoMerge,
)
from contracts.customer.families import ChangeFamilyRelation, EndFamilyRelation, FamilyRelationChanges, GetFamily
from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.operations import AssignCustomers, GetOperation, ListCustomers, UndoOperation
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachRow,
    ReceiveOutreachTargets,
    RecordOutreachAttempt,
)
from contracts.customer.people import (
    CloseCustomer,
    CustomerVersion,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    GetNameForDocument,
)
from contracts.customer.search import FindForEmergency, FindOwnRecord, SearchCustomers
from contracts.customer.transfers import (
    AskMoreOfTransfer,
    GetTransfer,
    GetTransferForPartner,
    ListTransfers,
    RejectTransfer,
    ReplyToTransfer,
    TransferVersion,
)
from contracts.envelope import Request
from services.customer.subscribers import REQUESTS
from services.kit.actor import Actor
from services.kit.errors import Forbidden, NotFound
from tests.customer.conftest import CODE, SISTER, CustomerService, changing, opening, person, relation, reporting
from tests.customer.transfers import AUTHORITY, accepting, asking, by_partner, handing_over, offering, withdrawing
from tests.support import EXPERT_HELSINKI, RECORDS_TAMPERE

pytestmark = pytest.mark.database

NOTHING_LEARNED = Education(group="education", studies=())


def requests_about(known: CustomerVersion) -> dict[type[Request[Any]], Request[Any]]:
    """One request of every type, about that customer."""
    transfer = TransferVersion(transfer_id=uuid4(), version=1)
    every: list[Request[Any]] = [
        opening(),
        GetCustomer(customer_id=known.customer_id),
        changing(known, mother_tongue="so"),
        CloseCustomer(customer_id=known.customer_id, expected_version=known.version, reason="moved_away"),
        GetCustomerHistory(customer_id=known.customer_id),
        GetCustomerCards(customer_ids=(known.customer_id,)),
        SearchCustomers(name="Esimerkki"),
        EraseCustomer(customer_id=known.customer_id),
        FindOwnRecord(personal_identity_code=CODE),
        GetFamily(customer_id=known.customer_id),
        relation(known, relative=SISTER),
        ChangeFamilyRelation(relation_id=uuid4(), expected_version=1, changes=FamilyRelationChanges()),
        EndFamilyRelation(relation_id=uuid4(), expected_version=1),
        FindDuplicates(name=person().name, date_of_birth=person().date_of_birth),
        ListSuspectedDuplicates(),
        DecideDuplicate(pair_id=uuid4(), decision="not_same_person", why="Two sisters"),
        MergeCustomers(
            customer_id=known.customer_id,
            expected_version=known.version,
            duplicate_id=uuid4(),
            duplicate_version=1,
            why="The same card",
        ),
        UndoMerge(merge_id=uuid4(), why="Two sisters"),
        FindForEmergency(personal_identity_code=CODE, reason="Found unconscious on the street"),
        reporting(),
        ListContacts(),
        GetContact(contact_id=known.customer_id),
        ResolveContact(contact_id=known.customer_id, expected_version=1, outcome="closed", reason="no_need"),
        SetReceivingParty(unit="Alkuneuvonta"),
        GetBackground(customer_id=known.customer_id),
        GetBackgroundGroup(customer_id=known.customer_id, group="education"),
        ChangeBackground(customer_id=known.customer_id, expected_version=0, content=NOTHING_LEARNED),
        GetBackgroundHistory(customer_id=known.customer_id, group="education"),
        GetOpenMatters(customer_id=known.customer_id),
        offering(known, "049"),
        asking(),
        ListTransfers(),
        GetTransfer(transfer_id=transfer.transfer_id),
        accepting(transfer),
        withdrawing(transfer),
        RejectTransfer(transfer_id=transfer.transfer_id, expected_version=1, reason="stays"),
        AskMoreOfTransfer(transfer_id=transfer.transfer_id, expected_version=1, text="?"),
        ReplyToTransfer(transfer_id=transfer.transfer_id, expected_version=1, text="!"),
        handing_over(),
        by_partner(transfer, "withdraw"),
        GetTransferForPartner(partner=AUTHORITY, transfer_id=transfer.transfer_id),
        GetPersonForPartner(partner="08", municipality="837", customer_id=known.customer_id),
        GetNameForDocument(customer_id=known.customer_id),
        ListCustomers(),
        AssignCustomers(customer_ids=(known.customer_id,), responsible=uuid4()),
        GetOperation(operation_id=uuid4()),
        UndoOperation(operation_id=uuid4()),
        BeginOutreachImport(source="benefit_institution"),
        AddOutreachRows(operation_id=uuid4(), first_row=1, rows=(OutreachRow(),)),
        FinishOutreachImport(operation_id=uuid4(), rows=1),
        ReceiveOutreachTargets(municipality="837", source="benefit_institution", rows=(OutreachRow(),)),
        ListOutreachTargets(),
        GetOutreachTarget(target_id=uuid4()),
        RecordOutreachAttempt(target_id=uuid4(), channel="phone", outcome="reached"),
        OpenFromOutreach(target_id=uuid4()),
    ]
    return {type(each): each for each in every}


NOBODY = CustomerVersion(customer_id=uuid4(), version=1)
OF_SERVICES = {GetNameForDocument, GetPersonForPartner}
"""Refused to any person, whatever the municipality."""
ABOUT_ONE = [
    each
    for each, fields in ((each, each.model_fields) for each in REQUESTS)
    if "customer_id" in fields and fields["customer_id"].is_required() and each not in OF_SERVICES
]


def test_there_is_a_request_of_every_type_here() -> None:
    assert requests_about(NOBODY).keys() == REQUESTS.keys()


@pytest.mark.parametrize("request_type", REQUESTS)
@pytest.mark.parametrize("role", ["", "customer", "service", "Integration_expert"])
async def test_a_role_without_the_right_is_refused_even_for_its_own_customer(
    customers: CustomerService, request_type: type[Request[Any]], role: str
) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(Forbidden):
        await customers.ask(requests_about(opened)[request_type], Actor("x@tampere", "837", role))


@pytest.mark.parametrize("request_type", [each for each in REQUESTS if each is not EraseCustomer])
async def test_a_records_manager_may_do_nothing_but_erase(
    customers: CustomerService, request_type: type[Request[Any]]
) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(Forbidden):
        await customers.ask(requests_about(opened)[request_type], RECORDS_TAMPERE)


@pytest.mark.parametrize("role", ["integration_expert", "supervisor"])
async def test_an_expert_may_not_erase(customers: CustomerService, role: str) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(Forbidden):
        await customers.ask(EraseCustomer(customer_id=opened.customer_id), Actor("x@tampere", "837", role))


@pytest.mark.parametrize("request_type", ABOUT_ONE)
async def test_for_another_municipality_the_customer_does_not_exist(
    customers: CustomerService, request_type: type[Request[Any]]
) -> None:
    opened = await customers.ask(opening())
    role = "records_manager" if request_type is EraseCustomer else "integration_expert"
    before = await customers.told(), await customers.everything(but=("outbox", "subject_sequence"))
    with pytest.raises(NotFound):
        await customers.ask(requests_about(opened)[request_type], Actor("x@helsinki", "091", role))
    assert (await customers.told(), await customers.everything(but=("outbox", "subject_sequence"))) == before


async def test_cards_of_others_customers_are_left_out(customers: CustomerService) -> None:
    own, others = await customers.ask(opening()), await customers.ask(opening(), EXPERT_HELSINKI)
    asked = GetCustomerCards(customer_ids=(others.customer_id, own.customer_id, uuid4()))
    [card] = (await customers.ask(asked)).cards
    assert (card.customer_id, card.name.family, card.date_of_birth.year) == (own.customer_id, "Esimerkki", 1994)


async def test_a_supervisor_works_with_the_municipalitys_customers(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    supervisor = Actor("supervisor@tampere", "837", "supervisor")
    assert (await customers.ask(changing(opened, mother_tongue="so"), supervisor)).version == 2


@pytest.mark.parametrize("organisation", ["koto", "999", "01"])
async def test_what_is_no_municipality_opens_no_relationship(customers: CustomerService, organisation: str) -> None:
    with pytest.raises(Forbidden):
        await customers.ask(opening(), Actor("x", organisation, "integration_expert"))


async def test_a_municipality_sees_its_own_relationships_only(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    await customers.rows(
        "INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on)"
        " VALUES ($1, $2, '091', 'moved', '2026-03-01')",
        uuid4(),
        opened.customer_id,
    )
    await customers.ask(
        CloseCustomer(customer_id=opened.customer_id, expected_version=1, reason="transferred"), EXPERT_HELSINKI
    )
    found = await customers.ask(GetCustomer(customer_id=opened.customer_id))
    history = await customers.ask(GetCustomerHistory(customer_id=opened.customer_id))
    assert [each.municipality for each in found.relationships] == ["837"]
    assert {entry.organisation for entry in history.entries} == {"837"}
