"""Keeping the usage log: lines into the chain, checkpoints out of the database, whole days removed when time is up."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from prometheus_client import Gauge

from contracts.envelope import Envelope
from contracts.usage import DataUsed
from services.access.chain import Numbers, next_hash
from services.access.checkpoints import Checkpoint, Checkpoints
from services.access.law import kept_since
from services.access.repository import usage_log as repository
from services.access.repository.rights import note_used
from services.access.repository.usage_log import End
from services.access.settings import AccessSettings
from services.kit.batches import Told
from services.kit.clock import helsinki_date
from services.kit.parts import Parts
from services.kit.retry import Unreadable
from services.kit.telemetry import METRICS, describe_error, log
from services.kit.usage import LINES, line

CHECK_SECONDS = 60
LATE = timedelta(minutes=1)
"""How long a number may be missing before it is counted."""
REMOVED_AT_ONCE = 50_000
_TRACE_ID = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-")
_MISSING = Gauge("koto_usage_lines_missing", "Lines of the usage log that have not come", registry=METRICS)


async def keep_usage(parts: Parts, told: Sequence[Told]) -> None:
    """Adds lines to the chain, each number of a sender's line once; raises Unreadable for what is no such line.

    Replicas take turns by the lock on the chain's end. A number that has come before is the same message again, or
    somebody pretends: then it is parked, as is one far beyond the last.
    """
    arrived = [_row(envelope, event) for envelope, event in told]
    senders: dict[UUID, str] = {row["line"]: row["sender"] for row in arrived}
    async with parts.engine.begin() as connection:
        end = await repository.lock_chain(connection)
        numbers = await repository.numbers_on(connection, senders)
        missing = repository.missing_of(numbers)
        new: list[dict[str, Any]] = []
        again: list[dict[str, Any]] = []
        for row in arrived:
            (new if numbers[row["line"]].take(row["number"]) else again).append(row)
        if again:
            known = {row["fact_id"] for row in new} | await repository.facts_kept(connection, again)
            if any(row["fact_id"] not in known for row in again):
                raise Unreadable("its number on the sender's line is that of another fact, or far beyond the last")
        if new:
            for row in new:
                row["position"] = end.position + 1
                row["hash"] = next_hash(end.hash, row)
                end = End(row["position"], row["hash"])
            await repository.add(connection, new, end, numbers, missing, senders, parts.clock.now())
    used = {row["grant_id"]: row["occurred_at"] for row in arrived if row["grant_id"]}
    async with parts.engine.begin() as connection:  # beside the chain, whose lock waits for nobody's rights
        await note_used(connection, used)


def _row(envelope: Envelope, event: object) -> dict[str, Any]:
    sender = envelope.type.partition(".")[0]
    if not isinstance(event, DataUsed) or event.line not in _lines(sender):
        raise Unreadable("not on a line of its sender")
    told = event.model_dump(exclude={"user", "grant"})
    trace = _TRACE_ID.match(envelope.traceparent or "")
    return told | {
        "occurred_at": envelope.time,
        "sender": sender,
        "number": envelope.subjectsequence,
        "fact_id": envelope.factid,
        "user_id": event.user,
        "grant_id": event.grant,
        "trace_id": trace and trace[1],
    }


@cache
def _lines(sender: str) -> frozenset[UUID]:
    return frozenset(line(sender, number) for number in range(LINES))


async def look_after_usage_log(parts: Parts) -> None:
    """Writes checkpoints, removes what is kept no longer, and counts what is missing, for as long as it runs."""
    written: Checkpoint | None = None
    while True:
        try:
            written = await write_checkpoint(parts, written)
            while await remove_expired(parts):
                pass
            async with parts.engine.connect() as connection:
                _MISSING.set(await repository.count_missing(connection, parts.clock.now() - LATE))
        except Exception as error:
            log.error("usage_log.waits", service=parts.name, **describe_error(error))
        await asyncio.sleep(CHECK_SECONDS)


async def write_checkpoint(parts: Parts, before: Checkpoint | None = None) -> Checkpoint | None:
    """Signs the end of the chain, if it has moved or a day has ended in Helsinki since the checkpoint before.

    What was signed otherwise before is not signed: somebody has altered it.
    """
    now, kept = parts.clock.now(), checkpoints(parts)
    async with parts.engine.begin() as connection:
        end = await repository.lock_chain(connection)
        if before and before.position == end.position and helsinki_date(before.at) == helsinki_date(now):
            return before
        checkpoint = Checkpoint(at=now, position=end.position, hash=end.hash.hex())
        if await asyncio.to_thread(kept.contradicts, end.position, checkpoint.hash):
            log.error("usage_log.altered", service=parts.name, position=end.position)
            return None
        await asyncio.to_thread(kept.append, checkpoint)
    return checkpoint


async def remove_expired(parts: Parts) -> int:
    """Removes lines of days that are kept no longer, in whole days; returns how many, and 0 when all are gone.

    A signed checkpoint comes first. Dying between the two leaves lines that the next removal takes.
    """
    now = parts.clock.now()
    before = kept_since(now)
    async with parts.engine.begin() as connection:
        await repository.lock_chain(connection)
        through = await repository.expired(connection, before, REMOVED_AT_ONCE)
        if through is None:
            return 0
        kept = await asyncio.to_thread(checkpoints(parts).removed)
        numbers, last_hash = kept.numbers_of(), bytes.fromhex(kept.hash)
        async for page in repository.walk(parts.engine, kept.position, through):
            for row in page:
                numbers.setdefault(row.line, Numbers()).take(row.number)
                last_hash = row.hash
        checkpoint = Checkpoint(
            kind="retention",
            at=now,
            position=through,
            hash=last_hash.hex(),
            numbers={line: (each.last, tuple(sorted(each.missing))) for line, each in numbers.items()},
        )
        if through > kept.position:
            await asyncio.to_thread(checkpoints(parts).append, checkpoint)
        removed = await repository.remove(connection, through, before)
    log.info("usage_log.removed", service=parts.name, lines=removed, through=through)
    return removed


def checkpoints(parts: Parts) -> Checkpoints:
    """Where the service keeps its checkpoints."""
    assert isinstance(parts.settings, AccessSettings)
    return Checkpoints(parts.settings)
