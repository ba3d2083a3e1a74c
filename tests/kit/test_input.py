"""The input queue: each fact once, in any order, whatever comes."""

import asyncio
from typing import Any
from uuid import uuid4

import aio_pika
import pytest

from contracts.customer.state import CustomerChanged, CustomerErased
from contracts.topology import RETRY_STEPS
from services.kit.errors import Never, NotYet
from services.kit.telemetry import METRICS, current_traceparent
from tests.kit.conftest import StandIn, customer_changed, envelope_of, record_effect
from tests.support import eventually

pytestmark = [pytest.mark.broker, pytest.mark.database]


async def test_an_event_is_acted_on_once_however_often_it_comes(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    envelope, before = envelope_of(customer_changed()), doubles()
    await stand_in.send(envelope, envelope, envelope)
    await eventually(lambda: _doubles_seen(before + 2))
    assert len(await stand_in.effects()) == 1


async def test_two_replicas_act_on_a_doubled_event_once(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    await stand_in.start({CustomerChanged: record_effect})
    envelopes, before = [envelope_of(customer_changed()) for _ in range(30)], doubles()
    await stand_in.send(*(each for envelope in envelopes for each in (envelope, envelope)))
    await eventually(lambda: _doubles_seen(before + 30))
    assert len(await stand_in.effects()) == 30


async def test_two_contract_versions_of_one_fact_are_acted_on_once(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    event, before = customer_changed(), doubles()
    first = envelope_of(event)
    second = envelope_of(event, fact_id=first.factid)
    await stand_in.send(first, second)
    await eventually(lambda: _doubles_seen(before + 1))
    assert len(await stand_in.effects()) == 1


async def test_a_failing_event_climbs_the_whole_ladder_and_is_parked_with_its_reason(stand_in: StandIn) -> None:
    tries = []

    async def fail(event: Any, work: Any) -> None:
        tries.append(work.now)
        raise RuntimeError("Matti Meikäläinen")

    await stand_in.start({CustomerChanged: fail})
    await stand_in.send(envelope_of(customer_changed()))
    (parked,) = await eventually(stand_in.parked, within=30)
    assert len(tries) == 1 + len(RETRY_STEPS)
    assert (parked["reason"], parked["attempts"], parked["origin"]) == ("RuntimeError", len(RETRY_STEPS), "input")


async def test_an_event_that_came_too_early_is_tried_again(stand_in: StandIn) -> None:
    tries = []

    async def not_at_first(event: Any, work: Any) -> None:
        tries.append(event)
        if len(tries) < 3:
            raise NotYet
        await record_effect(event, work)

    await stand_in.start({CustomerChanged: not_at_first})
    await stand_in.send(envelope_of(customer_changed()))
    await eventually(stand_in.effects)
    assert not await stand_in.parked()


async def test_what_no_attempt_will_make_right_is_parked_at_once(stand_in: StandIn) -> None:
    tries = []

    async def refuse(event: Any, work: Any) -> None:
        tries.append(event)
        raise Never("the plan belongs to another customer")

    await stand_in.start({CustomerChanged: refuse})
    await stand_in.send(envelope_of(customer_changed()))
    (parked,) = await eventually(stand_in.parked)
    assert parked["reason"] == "the plan belongs to another customer"
    assert len(tries) == 1


async def test_a_failed_handler_leaves_nothing_behind(stand_in: StandIn) -> None:
    async def write_then_fail(event: Any, work: Any) -> None:
        await record_effect(event, work)
        await work.publish(event)
        raise Never("after writing")

    await stand_in.start({CustomerChanged: write_then_fail})
    await stand_in.send(envelope_of(customer_changed()))
    await eventually(stand_in.parked)
    assert not await stand_in.effects()
    assert not await stand_in.rows("SELECT 1 FROM outbox")
    assert not await stand_in.rows("SELECT 1 FROM inbox")


BAD_MESSAGES = pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "json_invalid"),
        (b"\xff\xfe\x00", "json_invalid"),
        (b"[]", "model_type"),
        (b'{"specversion": "1.0"}', "/id missing"),
        (b"x" * 900_000, "json_invalid"),
        (
            envelope_of(customer_changed()).model_dump_json().replace("customer.changed.v1", "customer.flown.v1"),
            "no event",
        ),
        (envelope_of(customer_changed()).model_dump_json().replace("837", "Ali"), "string_pattern_mismatch"),
        (
            envelope_of(customer_changed(), source="/koto/assessment").model_dump_json(),
            "does not come from its owner",
        ),
        (envelope_of(customer_changed(), subject=uuid4()).model_dump_json(), "subject"),
    ],
    ids=[
        "empty",
        "binary",
        "list",
        "fields missing",
        "huge",
        "unknown type",
        "shape",
        "forged source",
        "forged subject",
    ],
)
"""What anybody might put on a queue of events, and the rule it breaks."""


@BAD_MESSAGES
async def test_a_message_that_is_not_of_its_contract_is_parked_with_the_rule_it_broke(
    stand_in: StandIn, body: bytes | str, reason: str
) -> None:
    service = await stand_in.start({CustomerChanged: record_effect})
    await stand_in.send_body(body.encode() if isinstance(body, str) else body, "customer.events", "customer.changed.v1")
    (parked,) = await eventually(stand_in.parked)
    assert reason in parked["reason"]
    assert "Ali" not in parked["reason"]
    assert await service.alive()
    await stand_in.send(envelope_of(customer_changed()))
    await eventually(stand_in.effects)


async def test_a_parked_message_is_replayed_with_its_own_id_and_acted_on_once(stand_in: StandIn) -> None:
    mended = asyncio.Event()

    async def broken_at_first(event: Any, work: Any) -> None:
        if not mended.is_set():
            raise Never("not mended yet")
        await record_effect(event, work)

    service = await stand_in.start({CustomerChanged: broken_at_first})
    envelope = envelope_of(customer_changed())
    await stand_in.send(envelope)
    (parked,) = await eventually(stand_in.parked)
    mended.set()
    before = doubles()
    await service.parked.replay(parked["id"], by="night-operator")
    await service.parked.replay(parked["id"], by="night-operator")
    await eventually(lambda: _doubles_seen(before + 1))
    assert len(await stand_in.effects()) == 1
    (parked,) = await stand_in.parked()
    assert parked["replayed_by"] == "night-operator"


async def test_dropping_a_parked_message_takes_a_reason_and_two_people(stand_in: StandIn) -> None:
    async def refuse(event: Any, work: Any) -> None:
        raise Never("never")

    service = await stand_in.start({CustomerChanged: refuse})
    await stand_in.send(envelope_of(customer_changed()))
    (parked,) = await eventually(stand_in.parked)
    with pytest.raises(Exception, match="conflict"):
        await service.parked.drop(parked["id"], by="anna")
    assert not await service.parked.drop(parked["id"], by="anna", reason="sent by mistake")
    with pytest.raises(Exception, match="forbidden"):
        await service.parked.drop(parked["id"], by="anna")
    assert await service.parked.drop(parked["id"], by="bertil")
    assert not await service.parked.waiting()


async def test_an_erased_customer_s_delayed_message_brings_nobody_back(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    first = envelope_of(customer_changed())
    await stand_in.send(first)
    await eventually(stand_in.effects)
    await stand_in.send(envelope_of(CustomerErased(erased_customer_id=first.subject), sequence=3))
    await eventually(lambda: stand_in.rows("SELECT 1 FROM tombstone"))
    assert not await stand_in.effects()
    late = envelope_of(customer_changed(first.subject), sequence=2)
    await stand_in.send(late)
    await eventually(lambda: stand_in.rows("SELECT 1 FROM inbox WHERE fact_id = $1", late.factid))
    assert not await stand_in.effects()


async def test_a_parked_message_about_an_erased_customer_goes_with_the_customer(stand_in: StandIn) -> None:
    async def refuse(event: Any, work: Any) -> None:
        raise Never("never")

    await stand_in.start({CustomerChanged: refuse})
    envelope = envelope_of(customer_changed())
    await stand_in.send(envelope)
    await eventually(stand_in.parked)
    await stand_in.send(envelope_of(CustomerErased(erased_customer_id=envelope.subject), sequence=2))
    await eventually(lambda: stand_in.rows("SELECT 1 FROM tombstone"))
    assert not await stand_in.parked()


def doubles() -> float:
    """How many messages this process has found already acted on."""
    labels = {"service": "assessment", "type": CustomerChanged.TYPE, "outcome": "known"}
    return METRICS.get_sample_value("koto_event_seconds_count", labels) or 0


async def _doubles_seen(count: float) -> bool:
    return doubles() >= count


async def test_a_retry_starts_a_trace_of_its_own_that_links_to_the_first(stand_in: StandIn) -> None:
    tries = []

    async def not_at_first(event: Any, work: Any) -> None:
        tries.append(event)
        if len(tries) == 1:
            raise NotYet
        await record_effect(event, work)

    service = await stand_in.start({CustomerChanged: not_at_first})
    with service.parts.telemetry.span("act") as act:
        await stand_in.send(envelope_of(customer_changed(), traceparent=current_traceparent()))
    await eventually(stand_in.effects)
    await service.stop()
    stand_in.services.clear()
    first, second = (each for each in stand_in.spans.get_finished_spans() if each.name.startswith("process"))
    assert first.parent is not None
    assert first.parent.span_id == act.get_span_context().span_id
    assert second.parent is None
    assert [link.context.span_id for link in second.links] == [act.get_span_context().span_id]


async def test_a_message_with_nul_in_its_properties_is_parked_too(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    await stand_in.send_body(
        b"\x00", "customer.events", "customer.changed.v1", type="a\x00b", message_id="\x00", headers={"x": "\x00"}
    )
    (parked,) = await eventually(stand_in.parked)
    assert "json_invalid" in parked["reason"]


async def test_a_message_put_straight_on_the_dead_queue_is_parked(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    await stand_in.send_body(
        b"anything", "assessment.private", "dead", headers={"x-attempt": "many", "x-reason": "\x00"}
    )
    (parked,) = await eventually(stand_in.parked)
    assert (parked["origin"], parked["attempts"]) == ("unknown", 0)


@pytest.mark.parametrize("attempt", [-7, 2**40])
async def test_a_forged_attempt_count_keeps_no_slot_of_the_prefetch(stand_in: StandIn, attempt: int) -> None:
    async def fail_unless_good(event: Any, work: Any) -> None:
        if event.relationships[0].municipality == "666":
            raise RuntimeError
        await record_effect(event, work)

    await stand_in.start({CustomerChanged: fail_unless_good})
    for _ in range(3):
        await stand_in.send(envelope_of(customer_changed(municipality="666")), headers={"x-attempt": attempt})
    await stand_in.send_body(b"x", "assessment.private", "dead", headers={"x-attempt": attempt})
    await stand_in.send(envelope_of(customer_changed()))
    await eventually(stand_in.effects)
    await eventually(lambda: _parked(stand_in, 4), within=40)


async def _parked(stand_in: StandIn, count: int) -> bool:
    return len(await stand_in.parked()) == count


async def test_a_handler_that_fails_as_if_the_database_were_away_is_parked_all_the_same(stand_in: StandIn) -> None:
    async def miss_a_file(event: Any, work: Any) -> None:
        raise FileNotFoundError("template")

    await stand_in.start({CustomerChanged: miss_a_file})
    await stand_in.send(envelope_of(customer_changed()))
    (parked,) = await eventually(stand_in.parked, within=40)
    assert parked["reason"] == "StillFailing"


async def test_a_body_with_very_many_ids_is_parked_like_any_other(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    await stand_in.send_body(" ".join(str(uuid4()) for _ in range(20_000)).encode(), "assessment.private", "dead")
    await stand_in.send_body(b"and another", "assessment.private", "dead")
    await eventually(lambda: _parked(stand_in, 2))


async def test_a_parked_message_goes_with_the_customer_however_its_id_is_spelt(stand_in: StandIn) -> None:
    await stand_in.start({CustomerChanged: record_effect})
    customer = uuid4()
    await stand_in.send_body(str(customer).upper().encode(), "assessment.private", "dead")
    await eventually(stand_in.parked)
    await stand_in.send(envelope_of(CustomerErased(erased_customer_id=customer)))
    await eventually(lambda: stand_in.rows("SELECT 1 FROM tombstone"))
    assert not await stand_in.parked()


async def test_a_message_that_killed_its_consumer_after_a_retry_can_be_replayed(stand_in: StandIn) -> None:
    body = envelope_of(customer_changed()).model_dump_json().encode()
    await stand_in.send_body(body, "assessment.private", "retry.5s", headers={"x-attempt": 1})
    connection = await aio_pika.connect(stand_in.vhost.url())

    async def dead_lettered() -> bool:
        channel = await connection.channel()
        queue = await channel.get_queue("assessment.input", ensure=False)
        await queue.get(fail=False, no_ack=False)
        await channel.close()  # unacked: as if the consumer had died with it
        return bool(await stand_in.vhost.get("assessment.dead"))

    await eventually(dead_lettered)
    await connection.close()
    service = await stand_in.start({CustomerChanged: record_effect})
    (parked,) = await eventually(stand_in.parked)
    assert parked["origin"] == "input"
    await service.parked.replay(parked["id"], by="operator")
    await eventually(stand_in.effects)
