"""Projections: batches, doubles, disorder and rebuilds all end in the same rows."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest

from contracts.customer.state import CustomerChanged, CustomerErased
from contracts.topology import CUSTOMER_STATES
from services.kit import rebuild as rebuild_module
from services.kit.actor import service_actor
from services.kit.projection import Projection
from services.kit.rebuild import rebuild
from services.kit.service import Service
from services.kit.work import Cause
from tests.kit.conftest import PROJECTION, VIEW, StandIn, customer_changed, envelope_of
from tests.kit.test_input import BAD_MESSAGES
from tests.support import eventually

pytestmark = [pytest.mark.broker, pytest.mark.database]


async def view(stand_in: StandIn) -> dict[Any, Any]:
    found = await stand_in.rows("SELECT customer_id, sequence, municipalities FROM view")
    return {row["customer_id"]: (row["sequence"], row["municipalities"]) for row in found}


async def parked_projecting(stand_in: StandIn) -> list[Any]:
    return await stand_in.rows("SELECT * FROM parked WHERE origin = 'projection'")


async def test_disorder_and_doubles_end_in_the_newest_state(stand_in: StandIn) -> None:
    await stand_in.start(projection=PROJECTION)
    customers = [uuid4() for _ in range(20)]
    history = [
        envelope_of(customer_changed(customer, f"{number:03}"), sequence=number)
        for customer in customers
        for number in range(1, 11)
    ]
    disordered = history + history[::3]
    random.Random(1).shuffle(disordered)
    await stand_in.send(*disordered)
    newest = {customer: (10, ["010"]) for customer in customers}
    await eventually(lambda: _equals(stand_in, newest))


async def _equals(stand_in: StandIn, expected: dict[Any, Any]) -> bool:
    return await view(stand_in) == expected


async def test_a_message_that_spoils_its_batch_is_parked_and_the_others_are_kept(stand_in: StandIn) -> None:
    def row_of(event: Any) -> dict[str, Any]:
        if event.relationships[0].municipality == "666":
            raise ValueError("Matti Meikäläinen")
        return {"municipalities": [each.municipality for each in event.relationships]}

    good = [envelope_of(customer_changed()) for _ in range(10)]
    bad = envelope_of(customer_changed(municipality="666"))
    await stand_in.send(*good[:5], bad, *good[5:])
    await stand_in.start(projection=Projection(VIEW, row_of, of=CUSTOMER_STATES))
    (parked,) = await eventually(lambda: parked_projecting(stand_in))
    assert parked["reason"] == "ValueError"
    await eventually(lambda: _equals(stand_in, {each.subject: (1, ["837"]) for each in good}))


@BAD_MESSAGES
async def test_a_message_that_is_not_of_its_contract_is_parked(
    stand_in: StandIn, body: bytes | str, reason: str
) -> None:
    await stand_in.start({CustomerChanged: ignore}, projection=PROJECTION)
    await stand_in.send_body(body.encode() if isinstance(body, str) else body, "customer.events", "customer.changed.v1")
    (parked,) = await eventually(lambda: parked_projecting(stand_in))
    assert reason in parked["reason"]
    good = envelope_of(customer_changed())
    await stand_in.send(good)
    await eventually(lambda: _equals(stand_in, {good.subject: (1, ["837"])}))


async def test_an_erased_customer_is_not_projected_again(stand_in: StandIn) -> None:
    await stand_in.start(input={}, projection=PROJECTION)
    first = envelope_of(customer_changed(), sequence=1)
    await stand_in.send(first)
    await eventually(lambda: _equals(stand_in, {first.subject: (1, ["837"])}))
    await stand_in.send(envelope_of(CustomerErased(erased_customer_id=first.subject), sequence=3))
    await eventually(lambda: _equals(stand_in, {}))
    other = envelope_of(customer_changed())
    await stand_in.send(envelope_of(customer_changed(first.subject), sequence=2), other)
    await eventually(lambda: _equals(stand_in, {other.subject: (1, ["837"])}))


async def commit_changes(owner: Service, customers: list[Any], count: int, *, until: asyncio.Event) -> None:
    """Commits state events like the customer service would: so many, and on until told to stop."""
    chosen = random.Random(1)
    done = 0
    while done < count or not until.is_set():
        async with owner.parts.unit_of_work.begin(service_actor("customer"), Cause("m", "c")) as work:
            await work.publish(customer_changed(chosen.choice(customers), f"{chosen.randrange(1000):03}"))
        done += 1


async def ignore(event: Any, work: Any) -> None:
    """The input's handler has nothing to do here."""


def leave_the_outbox(service: Service) -> None:
    """The stand-ins share one database: the reader's relay must leave the owner's outbox alone."""
    service.relay.run = asyncio.Event().wait  # type: ignore[assignment,method-assign]


async def owner_and_reader(stand_in: StandIn) -> tuple[Service, Service]:
    owner = await stand_in.start(name="customer")
    return owner, await stand_in.start({CustomerChanged: ignore}, projection=PROJECTION, change=leave_the_outbox)


async def newest_in_the_log(stand_in: StandIn) -> dict[Any, Any]:
    """The read model as the owner's log has it."""
    return {
        row["subject"]: (row["sequence"], row["municipalities"])
        for row in await stand_in.rows(
            "SELECT DISTINCT ON (subject) subject, sequence, "
            "array[data->'relationships'->0->>'municipality'] AS municipalities "
            "FROM outbox ORDER BY subject, sequence DESC"
        )
    }


async def test_a_rebuild_under_load_ends_equal_to_the_live_projection(stand_in: StandIn) -> None:
    owner, reader = await owner_and_reader(stand_in)
    customers, stop = [uuid4() for _ in range(50)], asyncio.Event()
    stop.set()
    await commit_changes(owner, customers, 300, until=stop)
    stop.clear()
    load = asyncio.create_task(commit_changes(owner, customers, 100, until=stop))
    await stand_in.rows("DELETE FROM view WHERE customer_id = ANY($1)", customers[:10])
    await stand_in.rows("UPDATE view SET municipalities = '{999}'")
    done = await rebuild(reader, PROJECTION, [owner], stand_in.vhost.management_url, stand_in.vhost.name)
    stop.set()
    await load
    newest = await newest_in_the_log(stand_in)
    await eventually(lambda: _equals(stand_in, newest))
    assert done.replayed >= 300
    indexes = await stand_in.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'view'")
    assert [row["indexname"] for row in indexes] == ["view_pkey"]


async def test_a_read_model_that_was_emptied_is_whole_again(stand_in: StandIn) -> None:
    owner, reader = await owner_and_reader(stand_in)
    over = asyncio.Event()
    over.set()
    await commit_changes(owner, [uuid4() for _ in range(50)], 200, until=over)
    newest = await newest_in_the_log(stand_in)
    await eventually(lambda: _equals(stand_in, newest))
    await stand_in.rows("DELETE FROM view")
    done = await rebuild(reader, PROJECTION, [owner], stand_in.vhost.management_url, stand_in.vhost.name)
    assert (await view(stand_in), done.replayed) == (newest, 200)


async def test_a_rebuild_s_own_queue_and_table_are_gone_afterwards(stand_in: StandIn) -> None:
    owner, reader = await owner_and_reader(stand_in)
    await rebuild(reader, PROJECTION, [owner], stand_in.vhost.management_url, stand_in.vhost.name)

    async def no_queue_is_left() -> bool:  # the list that the broker shows is a moment old
        queues = await stand_in.vhost.api("GET", f"queues/{stand_in.vhost.name}")
        return not [queue["name"] for queue in queues if "@" in queue["name"]]

    await eventually(no_queue_is_left, within=60)
    assert not await stand_in.rows("SELECT 1 FROM pg_tables WHERE tablename = 'view_rebuilt'")


async def test_a_rebuild_does_not_bring_an_erased_person_back(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, reader = await owner_and_reader(stand_in)
    erased, kept = uuid4(), uuid4()
    async with owner.parts.unit_of_work.begin(service_actor("customer"), Cause("m", "c")) as work:
        for customer in (erased, kept):
            await work.publish(customer_changed(customer))
    await eventually(lambda: _equals(stand_in, {erased: (1, ["837"]), kept: (1, ["837"])}))
    caught_up = rebuild_module._caught_up

    async def erase_before_the_switch(*of: Any) -> None:
        await caught_up(*of)
        await stand_in.send(envelope_of(CustomerErased(erased_customer_id=erased), sequence=2))
        await eventually(lambda: stand_in.rows("SELECT 1 FROM tombstone"))

    monkeypatch.setattr(rebuild_module, "_caught_up", erase_before_the_switch)
    await rebuild(reader, PROJECTION, [owner], stand_in.vhost.management_url, stand_in.vhost.name)
    assert await view(stand_in) == {kept: (1, ["837"])}


async def test_a_rebuild_that_comes_to_no_end_leaves_the_live_table_as_it_was(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild_module, "PATIENCE_CHECKS", 3)
    owner, reader = await owner_and_reader(stand_in)
    unknown_to_the_log = envelope_of(customer_changed())
    await stand_in.send(unknown_to_the_log)
    await eventually(lambda: _equals(stand_in, {unknown_to_the_log.subject: (1, ["837"])}))
    with pytest.raises(rebuild_module.RebuildStuck):
        await rebuild(reader, PROJECTION, [owner], stand_in.vhost.management_url, stand_in.vhost.name)
    assert await view(stand_in) == {unknown_to_the_log.subject: (1, ["837"])}


async def test_a_projection_whose_half_ends_is_not_alive(stand_in: StandIn) -> None:
    service = await stand_in.start(projection=PROJECTION)
    await eventually(service.alive)

    async def cancelled(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    service.parts.retry.fail = cancelled  # type: ignore[assignment,method-assign]
    await stand_in.send_body(b"{", "customer.events", "customer.changed.v1")

    async def is_dead() -> bool:
        return not await service.alive()

    await eventually(is_dead)
