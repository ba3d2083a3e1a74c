"""The outbox: what committed is published, in order, though relays die and brokers refuse."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.assessment.state import AssessmentChanged, AssessmentDataUsed
from contracts.topology import DATA_USED
from services.kit.actor import service_actor
from services.kit.outbox import BATCH, forget_told
from services.kit.publisher import TooLarge
from services.kit.service import Service
from services.kit.work import Cause
from tests.kit.conftest import Frozen, StandIn
from tests.support import eventually, now

pytestmark = [pytest.mark.broker, pytest.mark.database]


def assessment_changed(assessment_id: UUID, reason: str = "r") -> AssessmentChanged:
    return AssessmentChanged(
        assessment_id=assessment_id,
        customer_id=uuid4(),
        municipality="837",
        status="to_start",
        reasons=(reason,),
        created_at=now(),
        law_version="2025-01-01",
    )


async def publish(service: Service, *events: AssessmentChanged, fail: bool = False) -> None:
    """Commits events like a handler would."""
    unit_of_work = service.parts.unit_of_work
    async with unit_of_work.begin(service_actor("assessment"), Cause("m", "c")) as work:
        for event in events:
            await work.publish(event)
        if fail:
            raise RuntimeError


async def listen(stand_in: StandIn) -> str:
    """A queue that hears every event of the stand-in."""
    vhost = stand_in.vhost
    name = f"listener-{uuid4()}"
    await vhost.api("PUT", f"queues/{vhost.name}/{name}", {"durable": False, "auto_delete": False})
    await vhost.api("POST", f"bindings/{vhost.name}/e/assessment.events/q/{name}", {"routing_key": "#"})
    return name


async def pending(stand_in: StandIn) -> list[Any]:
    return await stand_in.rows("SELECT * FROM outbox WHERE published_at IS NULL ORDER BY position")


async def all_published(stand_in: StandIn) -> bool:
    return not await pending(stand_in)


async def test_a_commit_is_published_at_once_and_stays_in_the_log(stand_in: StandIn) -> None:
    service = await stand_in.start()
    queue = await listen(stand_in)
    await publish(service, assessment_changed(uuid4()))
    await eventually(lambda: all_published(stand_in))
    (message,) = await stand_in.vhost.get(queue)
    (logged,) = await stand_in.rows("SELECT * FROM outbox")
    assert message["properties"]["message_id"] == str(logged["id"])
    assert message["properties"]["delivery_mode"] == 2
    assert message["properties"]["content_type"] == "application/cloudevents+json"


async def test_what_rolls_back_is_never_published(stand_in: StandIn) -> None:
    service = await stand_in.start()
    queue = await listen(stand_in)
    with pytest.raises(RuntimeError):
        await publish(service, assessment_changed(uuid4()), fail=True)
    await publish(service, assessment_changed(uuid4()))
    await eventually(lambda: all_published(stand_in))
    assert len(await stand_in.vhost.get(queue)) == 1


async def test_events_of_a_subject_are_numbered_without_gaps_and_published_in_order(stand_in: StandIn) -> None:
    first, second = await stand_in.start(), await stand_in.start()
    queue = await listen(stand_in)
    subject = uuid4()
    await asyncio.gather(
        *(publish(service, assessment_changed(subject)) for service in (first, second) for _ in range(40))
    )
    await eventually(lambda: all_published(stand_in))
    numbers = [json.loads(each["payload"])["subjectsequence"] for each in await stand_in.vhost.get(queue)]
    assert numbers == list(range(1, 81))


async def test_a_relay_that_dies_between_confirm_and_mark_publishes_again_with_the_same_id(stand_in: StandIn) -> None:
    died = asyncio.Event()

    def dies_before_marking(service: Service) -> None:
        mark = service.relay._mark

        async def die_once(*arguments: Any) -> None:
            if not died.is_set():
                died.set()
                raise ConnectionResetError("the process is gone")
            await mark(*arguments)

        service.relay._mark = die_once  # type: ignore[method-assign]

    service = await stand_in.start(change=dies_before_marking)
    queue = await listen(stand_in)
    await publish(service, assessment_changed(uuid4()))
    await died.wait()
    await eventually(lambda: all_published(stand_in))
    first, second = await stand_in.vhost.get(queue)
    assert first["properties"]["message_id"] == second["properties"]["message_id"]


async def test_a_row_that_cannot_be_published_stops_its_subject_and_nobody_else(stand_in: StandIn) -> None:
    service = await stand_in.start()
    queue = await listen(stand_in)
    stuck, free = uuid4(), uuid4()
    await publish(service, assessment_changed(stuck), *(assessment_changed(free) for _ in range(3)))
    await eventually(lambda: all_published(stand_in))
    await stand_in.rows(
        "UPDATE outbox SET published_at = NULL, data = json_build_object('pad', repeat('x', 2000000)) "
        "WHERE subject = $1",
        stuck,
    )
    await publish(service, assessment_changed(stuck), assessment_changed(free))
    await eventually(lambda: _published_of(stand_in, free, 4))
    waiting = await eventually(lambda: stand_in.rows("SELECT * FROM outbox WHERE failure IS NOT NULL"))
    assert [row["failure"] for row in waiting] == ["TooLarge"]
    assert {row["subject"] for row in await pending(stand_in)} == {stuck}
    assert len(await pending(stand_in)) == 2
    assert len(await stand_in.vhost.get(queue)) == 5


async def _published_of(stand_in: StandIn, subject: UUID, count: int) -> bool:
    rows = await stand_in.rows("SELECT 1 FROM outbox WHERE subject = $1 AND published_at IS NOT NULL", subject)
    return len(rows) == count


async def test_what_waited_while_the_relay_was_away_is_published_by_the_next(stand_in: StandIn) -> None:
    service = await stand_in.start()
    await service.stop()
    stand_in.services.remove(service)
    idle = await stand_in.start(change=lambda service: setattr(service.relay, "run", _never))
    queue = await listen(stand_in)
    await publish(idle, *(assessment_changed(uuid4()) for _ in range(1200)))
    assert len(await pending(stand_in)) == 1200
    await stand_in.start()
    await eventually(lambda: all_published(stand_in))
    assert len(await stand_in.vhost.get(queue)) == 1000  # the management API shows no more at once


async def _never() -> None:
    await asyncio.Event().wait()


async def test_a_work_tells_the_trace_it_was_committed_in(stand_in: StandIn) -> None:
    service = await stand_in.start()
    with service.parts.telemetry.span("act") as span:
        await publish(service, assessment_changed(uuid4()))
    (row,) = await stand_in.rows("SELECT traceparent FROM outbox")
    assert format(span.get_span_context().trace_id, "032x") in row["traceparent"]


async def test_a_stopped_subject_with_a_long_tail_stops_nobody_else(stand_in: StandIn) -> None:
    service = await stand_in.start()
    stuck, publish_really = uuid4(), service.parts.publisher.publish

    async def refuse_stuck(exchange: str, key: str, message: Any, **more: Any) -> None:
        if str(stuck).encode() in message.body:
            raise TooLarge
        await publish_really(exchange, key, message, **more)

    service.parts.publisher.publish = refuse_stuck  # type: ignore[method-assign]
    await publish(service, *(assessment_changed(stuck) for _ in range(BATCH + 1)))
    free = uuid4()
    await publish(service, assessment_changed(free))
    await eventually(lambda: _published_of(stand_in, free, 1))
    assert len(await pending(stand_in)) == BATCH + 1


async def test_a_connection_that_is_stuck_is_found_and_opened_anew(stand_in: StandIn, frozen: Frozen) -> None:
    service = await stand_in.start(change=frozen.go_through)
    await publish(service, assessment_changed(uuid4()))
    await eventually(lambda: all_published(stand_in))
    frozen.freeze()
    await publish(service, assessment_changed(uuid4()))
    await eventually(lambda: all_published(stand_in), within=30)
    assert await service.alive()


async def test_told_lines_of_the_usage_log_are_forgotten_by_their_age_and_other_events_never(stand_in: StandIn) -> None:
    service = await stand_in.start()
    used = AssessmentDataUsed(
        line=uuid4(), outcome="done", act="view", request="r", user="u", organisation="837", role="advisor"
    )
    await publish(service, assessment_changed(uuid4()), used, used)
    await eventually(lambda: all_published(stand_in))
    before = service.parts.clock.now()
    await publish(service, used)
    await eventually(lambda: all_published(stand_in))

    last = await forget_told(service.parts, DATA_USED, before, after=0)
    left = [row["type"] for row in await stand_in.rows("SELECT type FROM outbox ORDER BY position")]
    assert left == ["assessment.changed.v2", "assessment.data_used.v1"]
    assert await forget_told(service.parts, DATA_USED, before, after=last) == last
