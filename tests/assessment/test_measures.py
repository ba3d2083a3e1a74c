"""Clarifying measures: ordered, reported and cancelled (869/2024 3 §)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.assessment.measures import CancelMeasure
from services.kit.errors import Conflict, InvalidInput, NotFound
from tests.assessment.support import TODAY, Desk, broken, ordering, reporting
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database


async def test_an_ordered_measure_is_reported_with_who_found_it_out(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    ordered = await desk.act(ordering(known, provider="third_party", name="Kielikoulu"))
    await desk.act(reporting(ordered, levels=[{"scale": "cefr", "level": "A1", "kind": "speaking", "language": "fi"}]))
    [measure] = (await desk.whole(known)).measures
    assert (measure.state, measure.order.name, measure.settled_by) == ("reported", "Kielikoulu", "expert@tampere")
    assert measure.report
    assert (measure.report.done_by, measure.report.found_out_by) == ("Kieli Kettunen", "expert_assessment")


async def test_what_was_reported_or_cancelled_stays(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    ordered = await desk.act(ordering(known))
    cancel = CancelMeasure(measure_id=ordered.measure_id, reason="The interview told it.")
    await desk.act(cancel)
    for request in (cancel, reporting(ordered)):
        with pytest.raises(Conflict):
            await desk.act(request)
    [measure] = (await desk.whole(known)).measures
    assert (measure.state, measure.cancel_reason) == ("cancelled", "The interview told it.")


async def test_a_repeated_report_is_answered_as_at_first(desk: Desk, customer_id: UUID) -> None:
    ordered = await desk.act(ordering(await desk.under_way(customer_id)))
    first = await desk.act(reporting(ordered), key="one act")
    assert await desk.act(reporting(ordered), key="one act") == first


async def test_all_that_an_order_breaks_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(ordering(known, measure="palmistry", provider="third_party", due_on=TODAY - timedelta(days=1)))
    assert broken(refusal) == [
        ("/order/measure", "rule_book"),
        ("/order/name", "missing"),
        ("/order/due_on", "in_past"),
    ]


async def test_all_that_a_report_breaks_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    ordered = await desk.act(ordering(await desk.under_way(customer_id)))
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(reporting(ordered, done_on=TODAY + timedelta(days=1), found_out_by="rumour"))
    assert broken(refusal) == [("/report/found_out_by", "code_list"), ("/report/done_on", "in_future")]


async def test_another_municipality_finds_no_such_measure(desk: Desk, customer_id: UUID) -> None:
    ordered = await desk.act(ordering(await desk.under_way(customer_id)))
    for request, actor in (
        (reporting(ordered), EXPERT_HELSINKI),
        (reporting(ordered.model_copy(update={"measure_id": uuid4()})), None),
    ):
        with pytest.raises(NotFound):
            await desk.act(request, *([actor] if actor else []))
