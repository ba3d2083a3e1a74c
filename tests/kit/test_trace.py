"""What comes again starts a trace of its own that links to the first."""

from typing import Any

import pytest

from contracts.customer.state import CustomerChanged
from services.kit.errors import Conflict, Never
from services.kit.telemetry import current_traceparent
from tests.kit.conftest import PROJECTION, StandIn, customer_changed, envelope_of, record_effect
from tests.support import eventually

pytestmark = [pytest.mark.broker, pytest.mark.database]


async def finished(stand_in: StandIn, name: str) -> list[Any]:
    for service in stand_in.services:
        await service.stop()
    stand_in.services.clear()
    return [each for each in stand_in.spans.get_finished_spans() if each.name.startswith(name)]


async def test_a_replay_links_to_the_first_trace_and_can_no_longer_be_dropped(stand_in: StandIn) -> None:
    mended = False

    async def broken_at_first(event: Any, work: Any) -> None:
        if not mended:
            raise Never("not mended yet")
        await record_effect(event, work)

    service = await stand_in.start({CustomerChanged: broken_at_first})
    with service.parts.telemetry.span("act") as act:
        await stand_in.send(envelope_of(customer_changed(), traceparent=current_traceparent()))
    (parked,) = await eventually(stand_in.parked)
    mended = True
    await service.parked.replay(parked["id"], by="operator")
    await eventually(stand_in.effects)
    with pytest.raises(Conflict):
        await service.parked.drop(parked["id"], by="operator", reason="too late")
    first, second = await finished(stand_in, "process")
    assert first.parent.span_id == act.get_span_context().span_id
    assert second.parent is None
    assert [link.context.span_id for link in second.links] == [act.get_span_context().span_id]


async def test_a_batch_links_to_the_trace_of_each_event_in_it(stand_in: StandIn) -> None:
    service = await stand_in.start({CustomerChanged: record_effect}, projection=PROJECTION)
    acts = set()
    for _ in range(5):
        with service.parts.telemetry.span("act") as act:
            await stand_in.send(envelope_of(customer_changed(), traceparent=current_traceparent()))
        acts.add(act.get_span_context().span_id)

    async def all_kept() -> bool:
        return len(await stand_in.rows("SELECT 1 FROM view")) == 5

    await eventually(all_kept)
    batches = await finished(stand_in, "keep")
    assert {link.context.span_id for batch in batches for link in batch.links} == acts
