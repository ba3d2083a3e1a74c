"""What becomes of assessments to start when events arrive in order, out of order, twice and at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.customer.state import CustomerClosed
from contracts.envelope import StateEvent
from tests.assessment.support import Desk, StoppedClock, changed, envelope, opened, relationships

pytestmark = pytest.mark.database

GROUP = ["integration_act_group"]


async def test_an_opened_customer_of_a_target_group_is_to_be_assessed(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id))

    assert await desk.assessments("customer_id, municipality, status, reasons, law_version, created_at") == [
        (customer_id, "837", "to_start", GROUP, "2025-01-01", desk.clock.now())
    ]
    assert await desk.published() == [("837", "to_start", GROUP)]


async def test_an_opened_customer_of_no_target_group_is_not(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id, integration_act_groups=()))

    assert await desk.assessments() == []
    assert await desk.published() == []


async def test_two_municipalities_at_once_have_an_item_each(desk: Desk, customer_id: UUID) -> None:
    both = relationships(_091="authority_contact", _837="moved")

    await desk.hear(opened(customer_id, relationships=both))

    assert await desk.assessments() == [("091", "to_start", [*GROUP, "need_not_assessed"]), ("837", "to_start", GROUP)]


async def test_changed_facts_change_the_reasons(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id, first_permit_on=None), 1)
    desk.clock.moment += timedelta(hours=1)
    await desk.hear(changed(customer_id), 2)

    assert await desk.assessments("reasons, changed_at - created_at") == [(GROUP, timedelta(hours=1))]
    assert await desk.published() == [
        ("837", "to_start", [*GROUP, "first_permit_unknown"]),
        ("837", "to_start", GROUP),
    ]


async def test_facts_that_change_no_reason_are_not_published(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id), 1)
    await desk.hear(changed(customer_id, service_language="so"), 2)

    assert len(await desk.published()) == 1


async def test_an_item_is_withdrawn_with_its_last_reasons_when_no_ground_is_left(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id), 1)
    await desk.hear(changed(customer_id, integration_act_groups=()), 2)

    assert await desk.assessments() == [("837", "withdrawn", GROUP)]
    assert await desk.published() == [("837", "to_start", GROUP), ("837", "withdrawn", GROUP)]


async def test_closing_one_relationship_withdraws_that_municipalitys_item_alone(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id, relationships=relationships(_091="moved", _837="moved")), 1)
    await desk.hear(
        CustomerClosed(
            customer_id=customer_id,
            municipality="837",
            reason="moved_away",
            relationships=relationships(ended=("837",), _091="moved"),
            first_permit_on="2026-01-15",
            integration_act_groups=("2.3.1",),
        ),
        2,
    )

    assert await desk.assessments() == [("091", "to_start", GROUP), ("837", "withdrawn", GROUP)]


async def test_facts_that_come_back_make_a_new_item_and_the_withdrawn_one_stays(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id), 1)
    await desk.hear(changed(customer_id, integration_act_groups=()), 2)
    desk.clock.moment += timedelta(days=30)
    await desk.hear(changed(customer_id), 3)

    assert await desk.assessments() == [("837", "withdrawn", GROUP), ("837", "to_start", GROUP)]


async def test_an_older_event_that_comes_late_changes_nothing(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(changed(customer_id, integration_act_groups=()), 2)
    await desk.hear(opened(customer_id), 1)

    assert await desk.assessments() == []
    assert await desk.published() == []


async def test_a_second_copy_of_an_event_changes_nothing(desk: Desk, customer_id: UUID) -> None:
    told = envelope(opened(customer_id))

    await desk.deliver(told)
    await desk.deliver(told)

    assert await desk.published() == [("837", "to_start", GROUP)]


async def test_two_copies_handled_at_once_make_one_item(desk: Desk, customer_id: UUID) -> None:
    told = envelope(opened(customer_id))

    await asyncio.gather(*(desk.deliver(told) for _ in range(6)))

    assert await desk.published() == [("837", "to_start", GROUP)]
    assert await desk.assessments() == [("837", "to_start", GROUP)]


async def test_events_of_one_customer_handled_at_once_end_as_the_newest_says(desk: Desk, customer_id: UUID) -> None:
    history: list[StateEvent] = [opened(customer_id)]
    history += [changed(customer_id, integration_act_groups=("2.3.1",) * (number % 2)) for number in range(2, 8)]

    await asyncio.gather(*(desk.hear(event, sequence) for sequence, event in enumerate(history, start=1)))

    standing = [row for row in await desk.assessments() if row[1] == "to_start"]
    assert standing == [("837", "to_start", GROUP)]
    assert await desk.rows("SELECT sequence FROM considered") == [(7,)]


@pytest.mark.parametrize(
    ("moment", "items"),
    [
        (datetime(2026, 6, 10, 20, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 6, 10, 21, 0, 0, tzinfo=UTC), 0),
        (datetime(2026, 12, 10, 21, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 12, 10, 22, 0, 0, tzinfo=UTC), 0),
    ],
)
async def test_the_last_day_ends_at_midnight_in_helsinki(
    desk: Desk, clock: StoppedClock, customer_id: UUID, moment: datetime, items: int
) -> None:
    clock.moment = moment

    await desk.hear(opened(customer_id, first_permit_on=f"2023-{moment.month:02}-10"))

    assert len(await desk.assessments()) == items


async def test_time_that_passes_withdraws_no_item(desk: Desk, clock: StoppedClock, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id), 1)
    clock.moment += timedelta(days=4 * 365)
    await desk.hear(changed(customer_id, service_language="so"), 2)

    assert await desk.assessments() == [("837", "to_start", GROUP)]


async def test_a_corrected_permit_date_withdraws_an_item_that_should_never_have_been(
    desk: Desk, customer_id: UUID
) -> None:
    await desk.hear(opened(customer_id), 1)
    await desk.hear(changed(customer_id, first_permit_on="2016-01-15"), 2)

    assert await desk.assessments() == [("837", "withdrawn", GROUP)]


async def test_a_merged_record_has_no_duties_until_the_merge_is_undone(
    desk: Desk, customer_id: UUID, clock: StoppedClock
) -> None:
    kept = uuid4()
    await desk.learn(opened(kept, integration_act_groups=()))
    await desk.learn(opened(customer_id), 1)
    await desk.learn(changed(customer_id, merged_into=kept), 2)
    assert await desk.assessments("customer_id, status") == [(customer_id, "withdrawn")]

    for asked in (kept, customer_id):
        [shown] = (await desk.ask(asked)).assessments
        assert (shown.customer_id, shown.status) == (customer_id, "withdrawn")

    clock.moment += timedelta(days=2000)  # long after the limit of 14 §: a duty that had begun ends by no mistake
    await desk.learn(changed(customer_id), 3)
    assert await desk.assessments("customer_id, status") == [(customer_id, "to_start")]
    assert (await desk.ask(kept)).assessments == ()
    told = "SELECT data->>'status' FROM outbox WHERE type = 'assessment.changed.v2' ORDER BY position"
    assert await desk.rows(told) == [("to_start",), ("withdrawn",), ("to_start",)]


async def test_facts_that_change_while_merged_bring_back_no_duty(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id), 1)
    await desk.hear(changed(customer_id, merged_into=uuid4()), 2)
    await desk.hear(changed(customer_id, merged_into=uuid4(), first_permit_on=None), 3)
    assert await desk.assessments("status") == [("withdrawn",)]
    await desk.hear(changed(customer_id, integration_act_groups=()), 4)
    assert await desk.assessments("status") == [("withdrawn",)]
