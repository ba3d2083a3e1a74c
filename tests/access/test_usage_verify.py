"""`./koto log verify` finds whatever somebody with the database's password did to the log."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from joserfc import jws
from joserfc.jwk import OKPKey

from services.access.chain import HASHED, next_hash
from services.access.checkpoints import Checkpoint
from services.access.handlers.usage_keeping import remove_expired
from services.kit.retry import Unreadable
from tests.access.usage import LINE, UsageLog, usage_log
from tests.support import TestDatabases

pytestmark = pytest.mark.database


@pytest_asyncio.fixture
async def log(databases: TestDatabases) -> AsyncIterator[UsageLog]:
    """A log of ten lines that the customer service told, with a checkpoint at its end."""
    async with usage_log(databases) as made:
        await made.fill(10)
        await made.checkpoint()
        yield made


def checkpoint_file(log: UsageLog) -> Path:
    """The file of the log's checkpoints."""
    return log.checkpoints.folder / "usage-log-2026-03.jws"


async def test_a_whole_log_is_whole(log: UsageLog) -> None:
    verified = await log.verified()
    assert (verified.found, verified.notes, verified.lines, verified.end) == ({}, [], 10, 10)


async def chain_anew(log: UsageLog, begin: int) -> None:
    """Computes every hash from a position on, as somebody who knows the code can."""
    (row,) = await log.sql("SELECT hash FROM usage_line WHERE position = $1", begin - 1)
    before = row["hash"]
    for each in await log.sql("SELECT * FROM usage_line WHERE position >= $1 ORDER BY position", begin):
        before = next_hash(before, each)
        await log.sql("UPDATE usage_line SET hash = $1 WHERE position = $2", before, each["position"])
    await log.sql("UPDATE usage_chain SET hash = $1, position = (SELECT max(position) FROM usage_line)", before)


async def alter(log: UsageLog) -> None:
    await log.sql("UPDATE usage_line SET user_id = 'somebody' WHERE position = 4")


async def alter_and_chain_anew(log: UsageLog) -> None:
    await alter(log)
    await chain_anew(log, 4)


async def delete(log: UsageLog) -> None:
    await log.sql("DELETE FROM usage_line WHERE position = 4")


async def delete_and_move_up(log: UsageLog) -> None:
    await delete(log)
    for position in range(5, 11):
        await log.sql("UPDATE usage_line SET position = $1 WHERE position = $2", position - 1, position)
    await chain_anew(log, 4)


COPY = f"""INSERT INTO usage_line ({", ".join(HASHED)}, hash)
    SELECT {", ".join("{position}" if name == "position" else name for name in HASHED)}, hash
    FROM usage_line WHERE position = 2"""


async def insert_in_the_middle(log: UsageLog) -> None:
    await log.sql("UPDATE usage_line SET occurred_at = occurred_at - interval '1 s' WHERE position = 4")
    await log.sql(COPY.format(position=4))


async def insert_at_the_end(log: UsageLog) -> None:
    await log.sql(COPY.format(position=11))


async def insert_before_the_first(log: UsageLog) -> None:
    await log.sql(COPY.format(position=0))


async def swap(log: UsageLog) -> None:
    for old, new in ((4, 99), (7, 4), (99, 7)):
        await log.sql("UPDATE usage_line SET position = $2 WHERE position = $1", old, new)


async def cut_the_tail(log: UsageLog) -> None:
    await log.sql("DELETE FROM usage_line WHERE position > 7")


async def cut_the_tail_and_move_the_end(log: UsageLog) -> None:
    await cut_the_tail(log)
    await log.sql("UPDATE usage_chain SET position = 7, hash = (SELECT hash FROM usage_line WHERE position = 7)")


async def empty_it(log: UsageLog) -> None:
    await log.sql("DELETE FROM usage_line")
    await log.sql("UPDATE usage_chain SET position = 0, hash = decode(repeat('00', 32), 'hex')")


@pytest.mark.parametrize(
    ("attack", "first_broken"),
    [
        (alter, 4),
        (alter_and_chain_anew, 10),
        (delete, 4),
        (delete_and_move_up, 10),
        (insert_in_the_middle, 4),
        (insert_at_the_end, 11),
        (insert_before_the_first, 0),
        (swap, 4),
        (cut_the_tail, 8),
        (cut_the_tail_and_move_the_end, 8),
        (empty_it, 1),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_an_attack_on_the_rows_is_found_with_the_first_broken_position(
    log: UsageLog, attack: Callable[[UsageLog], Awaitable[None]], first_broken: int
) -> None:
    await attack(log)
    verified = await log.verified(senders=())
    assert verified.found
    assert verified.first_broken == first_broken


@pytest.mark.parametrize("column", [name for name in HASHED if name != "position"])
async def test_no_column_can_be_altered_unseen(log: UsageLog, column: str) -> None:
    (of_column,) = await log.sql(
        "SELECT data_type, udt_name FROM information_schema.columns"
        " WHERE table_name = 'usage_line' AND column_name = $1",
        column,
    )
    altered = {
        "bigint": "7777",
        "integer": "7777",
        "text": "'altered'",
        "uuid": "gen_random_uuid()",
        "timestamp with time zone": "occurred_at + interval '1 microsecond'",
        "ARRAY": "'{}'" if column in ("customers", "data") else "'{7}'",
    }[of_column["data_type"]]
    await log.sql(f"UPDATE usage_line SET {column} = {altered} WHERE position = 4")
    assert (await log.verified(senders=())).first_broken == 4


async def test_a_line_dropped_before_the_chain_is_found(log: UsageLog) -> None:
    await log.tell(11)  # it was told, and is neither waiting nor here
    (said,) = (await log.verified()).found
    assert f"line {LINE}: number 11 was told and has not come" in said
    assert "dropped" in said


async def test_a_line_dropped_between_others_is_found(log: UsageLog) -> None:
    log.line()
    await log.keep(log.line())
    await log.tell(12)
    (said,) = (await log.verified()).found
    assert "number 11 was told and has not come" in said


async def test_a_line_that_waits_in_the_outbox_is_not_missed(log: UsageLog) -> None:
    await log.tell(11)
    await log.at_sender(
        "INSERT INTO outbox (id, fact_id, type, subject, sequence, occurred_at, correlation_id, causation_id, actor,"
        " data) SELECT gen_random_uuid(), gen_random_uuid(), 'customer.data_used.v1', $1, 11, now(), '', '', '', '{}'",
        LINE,
    )
    assert (await log.verified()).found == {}


async def test_a_parked_line_is_missed_with_the_place_where_it_is(log: UsageLog) -> None:
    envelope, _ = log.line()
    await log.tell(11)
    await log.sql(
        "INSERT INTO parked (id, type, origin, reason, attempts, headers, body, parked_at)"
        " VALUES (gen_random_uuid(), 'customer.data_used.v1', 'usage', '', 0, '{}', $1, now())",
        envelope.model_dump_json().encode(),
    )
    (said,) = (await log.verified()).found
    assert said.endswith("it is parked.")


async def test_a_line_that_nobody_told_is_found(log: UsageLog) -> None:
    await log.keep(log.line())
    await log.checkpoint()
    (said,) = (await log.verified()).found
    assert "number 11 is there, and the service told 10 at most: inserted" in said


async def test_a_forged_checkpoint_is_found(log: UsageLog) -> None:
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": "test"})
    forged = jws.serialize_compact(
        {"alg": "Ed25519", "kid": "test"},
        json.dumps({"at": "2026-03-02T10:00:00Z", "position": 3, "hash": "00" * 32}),
        stranger,
        algorithms=["Ed25519"],
    )
    with (log.checkpoints.folder / "usage-log-2026-03.jws").open("a") as file:
        file.write(f"{forged}\n")
    (said,) = (await log.verified()).found
    assert said == "Checkpoint usage-log-2026-03.jws:2: not signed by a key of ours, or damaged."


async def test_a_log_chained_anew_contradicts_a_checkpoint(log: UsageLog) -> None:
    await alter_and_chain_anew(log)
    assert list((await log.verified()).found) == [
        "Position 10: is not what the checkpoint usage-log-2026-03.jws:1 signed: the chain was written anew."
    ]


async def test_a_later_checkpoint_of_the_same_position_hides_nothing(log: UsageLog) -> None:
    await alter_and_chain_anew(log)
    (row,) = await log.sql("SELECT hash FROM usage_chain")
    log.checkpoints.append(Checkpoint(at=log.clock.now(), position=10, hash=row["hash"].hex()))
    (said,) = (await log.verified()).found
    assert "is not what the checkpoint usage-log-2026-03.jws:1 signed" in said


async def test_lines_without_any_checkpoint_are_not_whole(log: UsageLog) -> None:
    await alter_and_chain_anew(log)
    checkpoint_file(log).unlink()
    (said,) = (await log.verified()).found
    assert said.startswith("There is no checkpoint")


async def test_lines_that_no_checkpoint_signed_in_time_are_not_whole(log: UsageLog) -> None:
    log.clock.moment += timedelta(minutes=1)
    await log.fill(1)
    log.clock.moment += timedelta(minutes=4)
    assert (await log.verified()).found == {}
    log.clock.moment += timedelta(minutes=2)
    (said,) = (await log.verified()).found
    assert said.startswith("The newest checkpoint signed position 10, and lines since")


async def test_a_removed_checkpoint_is_found(log: UsageLog) -> None:
    for _ in range(2):
        await log.fill(1)
        await log.checkpoint()
    first, second, third = checkpoint_file(log).read_text().splitlines()
    checkpoint_file(log).write_text(f"{first}\n{third}\n")
    (said,) = (await log.verified()).found
    assert said == "Checkpoint usage-log-2026-03.jws:2: does not follow from the one before: some were removed."
    checkpoint_file(log).write_text(f"{second}\n{third}\n")
    (said,) = (await log.verified()).found
    assert said == "Checkpoint usage-log-2026-03.jws:1: does not follow from the one before: some were removed."


async def test_a_damaged_checkpoint_is_found_though_others_follow(log: UsageLog) -> None:
    for _ in range(2):
        await log.fill(1)
        await log.checkpoint()
    first, second, third = checkpoint_file(log).read_text().splitlines()
    checkpoint_file(log).write_text(f"{first}\n{second[:-20]}\n{third}\n")
    assert (
        "Checkpoint usage-log-2026-03.jws:2: not signed by a key of ours, or damaged." in (await log.verified()).found
    )


async def test_a_checkpoint_torn_by_a_crash_is_a_note_once_the_next_is_written(log: UsageLog) -> None:
    with checkpoint_file(log).open("a") as file:
        file.write("eyJhbGciOiJFZDI1")
    assert (await log.verified()).found
    await log.fill(1)
    await log.checkpoint()
    verified = await log.verified()
    assert verified.found == {}
    assert verified.notes == ["Checkpoint usage-log-2026-03.jws:2: torn; the next one passes over it."]


async def test_a_forged_line_that_took_a_number_is_named_by_the_true_one(log: UsageLog) -> None:
    await log.keep(log.line(user="forged"))
    true, event = log.line(number=11)
    with pytest.raises(Unreadable):
        await log.keep((true, event))
    await log.tell(11)
    await log.checkpoint()
    assert (await log.verified()).found == {}, "nothing tells yet which of the two is true"
    await log.sql(
        "INSERT INTO parked (id, type, origin, reason, attempts, headers, body, parked_at)"
        " VALUES (gen_random_uuid(), 'customer.data_used.v1', 'usage', '', 0, '{}', $1, now())",
        true.model_dump_json().encode(),
    )
    (said,) = (await log.verified()).found
    assert said == f"Line {LINE}: number 11 is parked: another line took its number, and may be forged."


async def test_a_line_that_is_another_fact_than_the_sender_told_is_found(log: UsageLog) -> None:
    await log.keep(log.line(user="forged"))
    await log.tell(11)
    await log.checkpoint()
    await log.at_sender(
        "INSERT INTO outbox (id, fact_id, type, subject, sequence, occurred_at, correlation_id, causation_id, actor,"
        " data, published_at) SELECT gen_random_uuid(), gen_random_uuid(), 'customer.data_used.v1', $1, 11, now(), '',"
        " '', '', '{}', now()",
        LINE,
    )
    assert list((await log.verified()).found) == ["Position 11: is not the fact that customer told: it was forged."]


async def test_a_line_inserted_where_the_law_removed_others_is_found(databases: TestDatabases) -> None:
    async with usage_log(databases) as log:
        await log.keep(*(log.line(at=datetime(2020, 1, 1, 10, tzinfo=UTC)) for _ in range(5)))
        await log.fill(3)
        while await remove_expired(log.parts):
            pass
        await log.checkpoint()
        assert (await log.verified()).found == {}
        await log.sql(COPY.replace("position = 2", "position = 7").format(position=3))
        (said,) = (await log.verified()).found
        assert said.startswith("Position 3: stands where all up to 5 was removed by law")
