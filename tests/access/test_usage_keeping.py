"""Lines come into the chain once each, whatever the broker does, and leave it in whole days when their time is up."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from uuid_utils.compat import uuid7

from contracts.customer.state import CustomerChanged
from services.access.chain import BEGINNING, next_hash
from services.access.handlers.usage_keeping import remove_expired, write_checkpoint
from services.kit.retry import Unreadable
from services.kit.usage import line
from tests.access.usage import DAY, LINE, UsageLog, usage_log
from tests.support import TestDatabases

pytestmark = pytest.mark.database


@pytest_asyncio.fixture
async def log(databases: TestDatabases) -> AsyncIterator[UsageLog]:
    """An empty log."""
    async with usage_log(databases) as made:
        yield made


async def test_a_line_tells_who_used_what_when_and_why(log: UsageLog) -> None:
    customer, grant = uuid4(), uuid4()
    await log.keep(
        log.line(
            customers=[customer], purpose="assessment", task="integration_services", grant=grant, legal_basis="73 §"
        )
    )
    (row,) = await log.lines()
    told = {name: row[name] for name in ("user_id", "organisation", "role", "act", "purpose", "task", "legal_basis")}
    assert told == {
        "user_id": "expert@tampere",
        "organisation": "837",
        "role": "integration_expert",
        "act": "view",
        "purpose": "assessment",
        "task": "integration_services",
        "legal_basis": "73 §",
    }
    assert (row["customers"], row["data"], row["grant_id"]) == ([customer], ["identity"], grant)
    assert (row["occurred_at"], row["sender"], row["trace_id"]) == (log.clock.now(), "customer", "ab" * 16)


async def test_each_line_is_hashed_with_the_hash_before_it(log: UsageLog) -> None:
    await log.keep(log.line(), log.line())
    await log.keep(log.line())
    before = BEGINNING
    for number, row in enumerate(await log.lines(), 1):
        assert row["position"] == number
        assert row["hash"] == next_hash(before, row)
        before = row["hash"]
    assert [tuple(row) for row in await log.sql("SELECT position, hash FROM usage_chain")] == [(3, before)]


async def test_doubled_and_disordered_lines_end_in_one_row_each(log: UsageLog) -> None:
    lines = [log.line(of=line("customer", each)) for _ in range(10) for each in range(3)]
    sent = [*lines, *lines]
    random.Random(1).shuffle(sent)
    for begin in range(0, len(sent), 7):
        await log.keep(*sent[begin : begin + 7])
    assert sorted(row["fact_id"] for row in await log.lines()) == sorted(envelope.factid for envelope, _ in lines)
    assert await log.sql("SELECT * FROM usage_missing") == []
    await log.checkpoint()
    assert (await log.verified(senders=())).found == {}


async def test_replicas_take_turns_and_leave_no_gap(log: UsageLog) -> None:
    lines = [log.line() for _ in range(40)]
    await asyncio.gather(*(log.keep(*lines[begin : begin + 4]) for begin in range(0, 40, 4)))
    assert [row["position"] for row in await log.lines()] == list(range(1, 41))
    await log.checkpoint()
    assert (await log.verified(senders=())).found == {}


async def test_a_number_that_has_not_come_is_missed_until_it_comes(log: UsageLog) -> None:
    first, late, last = log.line(), log.line(), log.line()
    await log.keep(first, last)
    assert [(row["line"], row["number"]) for row in await log.sql("SELECT * FROM usage_missing")] == [(LINE, 2)]
    await log.keep(late)
    assert await log.sql("SELECT * FROM usage_missing") == []


async def test_another_fact_with_a_number_that_has_come_is_refused(log: UsageLog) -> None:
    await log.fill(3)
    with pytest.raises(Unreadable, match="another fact"):
        await log.keep(log.line(number=2))


async def test_a_number_far_beyond_the_last_is_refused(log: UsageLog) -> None:
    await log.fill(3)
    with pytest.raises(Unreadable, match="far beyond the last"):
        await log.keep(log.line(number=10**9))
    assert await log.sql("SELECT * FROM usage_missing") == []


async def test_a_line_of_another_service_is_refused(log: UsageLog) -> None:
    with pytest.raises(Unreadable, match="not on a line of its sender"):
        await log.keep(log.line(of=line("assessment", 0)))


async def test_what_is_no_line_is_refused(log: UsageLog) -> None:
    envelope, _ = log.line()
    with pytest.raises(Unreadable):
        await log.keep((envelope, CustomerChanged(customer_id=uuid7(), relationships=())))


async def test_the_service_itself_can_neither_change_nor_delete_a_line(log: UsageLog) -> None:
    await log.fill(1)
    for statement in ("UPDATE usage_line SET found = 1", "DELETE FROM usage_line", "DELETE FROM usage_line_2026_03"):
        with pytest.raises(Exception, match="permission denied"):
            async with log.parts.engine.begin() as connection:
                await connection.exec_driver_sql(statement)


async def test_lines_go_into_the_month_of_their_act(log: UsageLog) -> None:
    await log.keep(log.line(), log.line(at=datetime(2026, 2, 28, 22, 30, tzinfo=UTC)))
    months = await log.sql("SELECT tableoid::regclass::text AS month, position FROM usage_line ORDER BY position")
    assert [tuple(row) for row in months] == [("usage_line_2026_03", 1), ("usage_line_2026_02", 2)]


async def test_a_checkpoint_is_written_when_there_is_news_or_a_day_has_ended(log: UsageLog) -> None:
    await log.fill(2)
    first = await write_checkpoint(log.parts)
    assert await write_checkpoint(log.parts, first) is first
    await log.fill(1)
    second = await write_checkpoint(log.parts, first)
    log.clock.moment += DAY
    await write_checkpoint(log.parts, second)
    kept = [each.checkpoint for each in log.checkpoints.read()]
    assert [each and (each.position, each.at) for each in kept] == [
        (2, log.clock.moment - DAY),
        (3, log.clock.moment - DAY),
        (3, log.clock.moment),
    ]


async def test_what_was_signed_otherwise_is_not_signed(log: UsageLog) -> None:
    await log.fill(2)
    await log.checkpoint()
    await log.sql("UPDATE usage_chain SET hash = decode(repeat('11', 32), 'hex')")
    assert await write_checkpoint(log.parts) is None
    assert len(log.checkpoints.read()) == 1


async def expired_days(log: UsageLog) -> None:
    """Three lines of a day that is kept no longer, one of the next day, an old one that came late, and a new one."""
    old = datetime(2019, 3, 1, 21, 59, tzinfo=UTC)
    await log.keep(*(log.line(at=old) for _ in range(3)), log.line(at=old + DAY / 720))
    await log.keep(log.line(at=old), log.line())
    log.clock.moment = datetime(2024, 3, 2, 12, 0, tzinfo=UTC)


async def test_whole_days_are_removed_and_the_rest_still_verifies(log: UsageLog) -> None:
    await expired_days(log)
    assert await remove_expired(log.parts) == 3
    assert await remove_expired(log.parts) == 0
    assert [row["position"] for row in await log.lines()] == [4, 5, 6], "an old line behind a newer one waits for it"
    await log.tell(6)
    verified = await log.verified()
    assert (verified.found, verified.lines) == ({}, 3)


async def test_dying_between_the_retention_checkpoint_and_the_removal_is_made_good(
    log: UsageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await expired_days(log)
    await log.tell(6)

    async def dies(*_: Any) -> int:
        raise ConnectionError

    with monkeypatch.context() as dying:
        dying.setattr("services.access.repository.usage_log.remove", dies)
        with pytest.raises(ConnectionError):
            await remove_expired(log.parts)
    verified = await log.verified()
    assert verified.found == {}
    assert verified.notes == ["3 lines up to 3 wait to be removed: their time is up."]
    assert await remove_expired(log.parts) == 3
    assert (await log.verified()).notes == []


async def test_the_last_two_years_can_not_be_removed(log: UsageLog) -> None:
    await log.fill(1)
    with pytest.raises(Exception, match="never removed"):
        async with log.parts.engine.begin() as connection:
            await connection.exec_driver_sql("SELECT remove_usage_lines(1, now() - interval '1 year')")
    assert len(await log.lines()) == 1
