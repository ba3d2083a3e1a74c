"""The read model that decides rights: whatever the order, the same row."""

from itertools import permutations
from uuid import UUID

import pytest

from contracts.customer.state import CustomerState
from tests.assessment.support import Desk, changed, opened, relationships

pytestmark = pytest.mark.database


def history(customer_id: UUID) -> list[tuple[CustomerState, int]]:
    return [
        (opened(customer_id), 1),
        (changed(customer_id, relationships=relationships(_837="moved", _091="moved")), 2),
        (changed(customer_id, relationships=relationships(ended=("837",), _091="moved")), 3),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_order_ends_in_the_row_of_the_newest(desk: Desk, customer_id: UUID, order: tuple[int, ...]) -> None:
    told = history(customer_id)

    for index in order:
        await desk.project(told[index])

    assert await desk.rows("SELECT * FROM customer_view") == [(customer_id, 3, ["091"], None)]


async def test_doubles_end_in_the_same_row(desk: Desk, customer_id: UUID) -> None:
    for told in [*history(customer_id), *history(customer_id)]:
        await desk.project(told)

    assert await desk.rows("SELECT * FROM customer_view") == [(customer_id, 3, ["091"], None)]


async def test_a_municipality_that_came_back_is_open_once(desk: Desk, customer_id: UUID) -> None:
    back = changed(customer_id, relationships=relationships(ended=("837",), _837="moved"))

    await desk.project((back, 1))

    assert await desk.rows("SELECT open_municipalities FROM customer_view") == [(["837"],)]
