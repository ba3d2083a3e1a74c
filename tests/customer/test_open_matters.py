"""What is open of a customer, and what closing does with it."""

from uuid import UUID

import pytest

from contracts.customer.open_matters import GetOpenMatters, OpenMatter
from contracts.customer.people import CloseCustomer, CustomerVersion, GetCustomer
from services.customer.handlers.people import MattersOpen
from services.kit.actor import Actor
from services.kit.errors import NotFound
from tests.customer.conftest import CODE, CustomerService, opening
from tests.customer.transfers import accepting, asking, hear_of_assessment, offering, withdrawing
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database


async def matters(
    customers: CustomerService, known: CustomerVersion, actor: Actor = EXPERT_TAMPERE
) -> tuple[OpenMatter, ...]:
    return (await customers.ask(GetOpenMatters(customer_id=known.customer_id), actor)).matters


def closing(known: CustomerVersion, *acknowledged: UUID) -> CloseCustomer:
    return CloseCustomer(
        customer_id=known.customer_id,
        expected_version=known.version,
        reason="services_ended",
        acknowledged=acknowledged,
    )


async def test_each_open_matter_is_shown_with_its_kind_and_since_when(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    offered = await customers.ask(offering(known))
    assessment = await hear_of_assessment(customers, known)
    await hear_of_assessment(customers, known, "withdrawn")
    await hear_of_assessment(customers, known, municipality="091")
    found = await matters(customers, known)
    assert [(each.kind, each.matter_id, each.may_be_acknowledged) for each in found] == [
        ("transfer", offered.transfer_id, False),
        ("assessment", assessment, True),
    ]
    assert {each.since for each in found} == {customers.clock.now()}


async def test_a_customer_with_an_open_matter_is_not_closed_and_the_matter_is_named(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    assessment = await hear_of_assessment(customers, known)
    with pytest.raises(MattersOpen) as refused:
        await customers.ask(closing(known))
    [error] = refused.value.errors
    assert (error.pointer, error.rule, error.detail[:36]) == ("/acknowledged", "assessment", str(assessment))
    assert await customers.ask(GetCustomer(customer_id=known.customer_id))


async def test_what_is_acknowledged_does_not_keep_the_relationship_open(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    assessment = await hear_of_assessment(customers, known)
    assert (await customers.ask(closing(known, assessment))).version == 2


async def test_a_transfer_can_not_be_acknowledged_away(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    offered = await customers.ask(offering(known))
    with pytest.raises(MattersOpen):
        await customers.ask(closing(known, offered.transfer_id))
    await customers.ask(withdrawing(offered))
    assert await customers.ask(closing(known))


async def test_a_question_of_another_municipality_is_answered_before_the_end(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    asked = await customers.ask(asking(), EXPERT_HELSINKI)
    with pytest.raises(MattersOpen) as refused:
        await customers.ask(closing(known))
    assert [error.rule for error in refused.value.errors] == ["transfer"]
    assert [each.matter_id for each in await matters(customers, known)] == [asked.transfer_id]


async def test_the_receiver_has_the_plan_to_review(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    offered = await customers.ask(offering(known))
    await customers.ask(accepting(offered), EXPERT_HELSINKI)
    moved = CustomerVersion(customer_id=known.customer_id, version=2)
    [review] = await matters(customers, moved, EXPERT_HELSINKI)
    assert (review.kind, review.matter_id, review.may_be_acknowledged) == ("plan_review", offered.transfer_id, True)
    with pytest.raises(MattersOpen):
        await customers.ask(closing(moved), EXPERT_HELSINKI)
    assert await customers.ask(closing(moved, review.matter_id), EXPERT_HELSINKI)


async def test_while_a_close_waits_an_offer_that_came_first_keeps_the_customer(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    _, refused = await customers.ask_while((offering(known), EXPERT_TAMPERE), (closing(known), EXPERT_TAMPERE))
    assert isinstance(refused, MattersOpen)


async def test_matters_of_others_customers_are_not_shown(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    await customers.ask(offering(known))
    with pytest.raises(NotFound):
        await matters(customers, known, EXPERT_HELSINKI)
