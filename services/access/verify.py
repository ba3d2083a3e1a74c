"""Whether the usage log is whole: `./koto log verify`.

It walks the chain from the last removal, compares it with the signed checkpoints, and with what each sending service
says that it has told. In a cluster `python -m services.access.verify` runs beside the service, told by its environment;
other senders are not compared then.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from uuid import UUID

import typer
from rich.console import Console
from sqlalchemy import ARRAY, BigInteger, Uuid, bindparam, column, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.access.chain import Numbers, next_hash
from services.access.checkpoints import Checkpoint, Checkpoints
from services.access.law import kept_since
from services.access.repository import usage_log as repository
from services.access.settings import AccessSettings
from services.access.tables import BACKBONE
from services.kit.run import build
from services.kit.service import Service
from services.kit.usage import LINES, line

Environments = Callable[[], Mapping[str, Mapping[str, str]]]
"""The environments of the services to look at, by name; asked when the command runs."""
MOST_SAID = 20
PATIENCE_SECONDS = 10.0
"""How long a line that was told may be under way."""
SIGNED_WITHIN = timedelta(minutes=5)
"""How old a line may be that no checkpoint has signed: one is due each minute."""


@dataclass
class Sender:
    """What a service has told, by its own database: the last number on each line, and those not sent yet."""

    last: dict[UUID, int]
    waiting: set[tuple[UUID, int]]


@dataclass
class Verified:
    """What was found: sentences, the first broken position, and how many lines were looked at."""

    lines: int = 0
    end: int = 0
    first_broken: int | None = None
    found: dict[str, None] = field(default_factory=dict)
    """Each sentence once, in the order in which it was found."""
    notes: list[str] = field(default_factory=list)
    numbers: dict[UUID, Numbers] = field(default_factory=dict)

    def broken(self, position: int, sentence: str) -> None:
        """Notes something wrong at a position."""
        self.first_broken = position if self.first_broken is None else min(position, self.first_broken)
        self.say(f"Position {position}: {sentence}")

    def say(self, sentence: str) -> None:
        """Notes something wrong."""
        self.found[sentence] = None


async def verify(
    engine: AsyncEngine,
    checkpoints: Checkpoints,
    senders: Mapping[str, AsyncEngine],
    now: datetime,
    progress: Callable[[int, int], None] = lambda *_: None,
    patience: float = PATIENCE_SECONDS,
) -> Verified:
    """Looks at the whole log, while it is in use; changes nothing."""
    # first, for what a sender tells while we walk may or may not have come when we end
    told = {name: await _told_by(name, sender) for name, sender in senders.items()}
    walk = _Walk(engine, checkpoints, senders, now, progress)
    await walk.go_on()
    await _until_come(walk, told, patience)
    await walk.compare_checkpoints()
    parked = await _parked(engine)
    for name, sender in senders.items():
        parked -= _compare(name, told[name], await _told_by(name, sender), walk, parked)
    for waits, number in sorted(parked, key=str):
        _note_parked(waits, number, walk)
    return walk.verified


class _Walk:
    """A walk along the chain, which goes on where it ended."""

    def __init__(
        self,
        engine: AsyncEngine,
        checkpoints: Checkpoints,
        senders: Mapping[str, AsyncEngine],
        now: datetime,
        progress: Callable[[int, int], None],
    ) -> None:
        self.engine = engine
        self.verified = Verified()
        self._senders = senders
        self._now = now
        self._progress = progress
        self._kept = checkpoints.read()
        self._signed: dict[int, list[tuple[str, str]]] = {}
        """At each position the checkpoints, and the hashes that they signed."""
        for place, checkpoint, _ in self._kept:
            if checkpoint:
                self._signed.setdefault(checkpoint.position, []).append((place, checkpoint.hash))
        self._signed_through = max(self._signed, default=0)
        self._unsigned_since: datetime | None = None
        removed = checkpoints.removed()
        self.begin, self.position, self._hash = removed.position, removed.position, bytes.fromhex(removed.hash)
        self.verified.numbers = removed.numbers_of()
        self._compare_signed(self.position, self._hash)

    async def go_on(self) -> None:
        """Walks to the present end."""
        async with self.engine.connect() as connection:
            end, last = await repository.end_of_chain(connection)
        async for page in repository.walk(self.engine, self.position, end.position):
            for row in page:
                self._look_at(row)
            await self._compare_facts(page)
            self.verified.lines += len(page)
            self._progress(self.position, end.position)
        if self.position < end.position:
            self.verified.broken(
                self.position + 1, f"missing, and all after it to {end.position}, the end of the chain."
            )
            self.position = end.position
        elif end.position < self.begin:
            self.verified.broken(end.position + 1, f"the chain ends before {self.begin}, which was removed by law.")
        elif self._hash != end.hash:
            self.verified.broken(end.position, "the last line is not the one that the end of the chain names.")
        if last > end.position:
            self.verified.broken(end.position + 1, f"lines up to {last} stand after the end of the chain: inserted.")
        self._hash, self.verified.end = end.hash, end.position

    def _look_at(self, row: Any) -> None:
        if row.position == self.position:
            self.verified.broken(row.position, "there are two lines of this position: one was inserted.")
            return
        if row.position > self.position + 1:
            missing = row.position - self.position - 1
            self.verified.broken(self.position + 1, f"{missing} lines are missing before position {row.position}.")
        elif next_hash(self._hash, row._mapping) != row.hash:
            self.verified.broken(row.position, "does not follow from the line before: this or that one was altered.")
        self._compare_signed(row.position, row.hash)
        if row.position > self._signed_through:
            self._unsigned_since = min(row.occurred_at, self._unsigned_since or row.occurred_at)
        if not self.verified.numbers.setdefault(row.line, Numbers()).take(row.number):
            self.verified.broken(
                row.position, f"number {row.number} of its sender's line is there twice, or far beyond those before."
            )
        self.position, self._hash = row.position, row.hash

    def _compare_signed(self, position: int, line_hash: bytes) -> None:
        for place, signed in self._signed.pop(position, ()):
            if signed != line_hash.hex():
                self.verified.broken(
                    position, f"is not what the checkpoint {place} signed: the chain was written anew."
                )

    async def _compare_facts(self, page: Sequence[Any]) -> None:
        """Compares lines with what the senders' outboxes still hold of them."""
        for name, sender in self._senders.items():
            lines = {line(name, number) for number in range(LINES)}
            told = {(row.line, row.number): row for row in page if row.line in lines}
            asked = {"lines": [each for each, _ in told], "numbers": [number for _, number in told]}
            async with sender.connect() as connection:
                for kept in await connection.execute(_FACTS_TOLD, asked):
                    row = told[kept.subject, kept.sequence]
                    if row.fact_id != kept.fact_id:
                        self.verified.broken(row.position, f"is not the fact that {name} told: it was forged.")

    async def compare_checkpoints(self) -> None:
        """What of the checkpoints no line answers to, and what of the lines no checkpoint has signed."""
        for place, checkpoint, _ in self._kept:
            if checkpoint and checkpoint.position > self.verified.end:
                self.verified.broken(
                    self.verified.end + 1,
                    f"the chain ends before, but checkpoint {place} signed {checkpoint.position}: its tail was cut.",
                )
        self._compare_order()
        self._look_for_unsigned()
        async with self.engine.connect() as connection:
            left, kept = await repository.left_through(connection, self.begin, kept_since(self._now))
        if left and not self.begin:
            self.verified.broken(0, f"{left} lines stand before the first: inserted.")
        elif kept is not None:
            self.verified.broken(
                kept, f"stands where all up to {self.begin} was removed by law, and its time is not up: inserted."
            )
        elif left:
            self.verified.notes.append(f"{left} lines up to {self.begin} wait to be removed: their time is up.")

    def _compare_order(self) -> None:
        """Whether each checkpoint names the one before."""
        before: str | None = None
        are_chained = False  # the oldest name none
        damaged: list[str] = []
        for place, checkpoint, its_hash in self._kept:
            if checkpoint is None:
                damaged.append(place)
                continue
            if checkpoint.before != before and (checkpoint.before or are_chained):
                self.verified.say(f"Checkpoint {place}: does not follow from the one before: some were removed.")
            elif checkpoint.before == before:
                self.verified.notes += [f"Checkpoint {each}: torn; the next one passes over it." for each in damaged]
                damaged = []
            before, are_chained = its_hash, are_chained or checkpoint.before is not None
            self._say_damaged(damaged)
            damaged = []
        self._say_damaged(damaged)

    def _say_damaged(self, places: Sequence[str]) -> None:
        for place in places:
            self.verified.say(f"Checkpoint {place}: not signed by a key of ours, or damaged.")

    def _look_for_unsigned(self) -> None:
        """Whether the checkpoints keep up with the lines."""
        signed: list[Checkpoint] = [kept.checkpoint for kept in self._kept if kept.checkpoint]
        if not signed and self.verified.end:
            self.verified.say("There is no checkpoint: whether the chain was written anew can't be known.")
        elif self._unsigned_since and self._now - SIGNED_WITHIN > max(
            self._unsigned_since, *(each.at for each in signed)
        ):
            self.verified.say(
                f"The newest checkpoint signed position {self._signed_through}, and lines since {self._unsigned_since}"
                " are not signed: checkpoints are not written, or were removed."
            )


async def _told_by(name: str, engine: AsyncEngine) -> Sender:
    lines = {"lines": [line(name, number) for number in range(LINES)]}
    async with engine.connect() as connection:
        last = {row.subject: row.last for row in await connection.execute(_LAST_TOLD, lines)}
        return Sender(last, {(row.subject, row.sequence) for row in await connection.execute(_NOT_SENT, lines)})


async def _until_come(walk: _Walk, told: Mapping[str, Sender], patience: float) -> None:
    """Walks on until what was told has come, or has had its time."""
    deadline = asyncio.get_running_loop().time() + patience
    while any(_not_come(sender, walk) for sender in told.values()):
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.1)
        await walk.go_on()


def _not_come(sender: Sender, walk: _Walk) -> list[tuple[UUID, int]]:
    """What the sender has sent and the log has not."""
    numbers = walk.verified.numbers
    found = []
    for each, last in sender.last.items():
        come = numbers.get(each, Numbers())
        missing = {number for number in come.missing if number <= last} | set(range(come.last + 1, last + 1))
        found += [(each, number) for number in sorted(missing) if (each, number) not in sender.waiting]
    return found


_Parked = set[tuple[UUID | None, int]]
"""The lines and numbers of messages; None for one that can't be read."""


def _compare(name: str, told: Sender, told_since: Sender, walk: _Walk, parked: _Parked) -> _Parked:
    """Notes what the sender told and the log lacks, and what the log holds and the sender has not told.

    Returns what of it has not come.
    """
    say, not_come = walk.verified.say, _not_come(told, walk)
    for each, number in not_come:
        is_parked = (each, number) in parked
        why = "it is parked." if is_parked else "it was lost, or dropped from the outbox or the queue."
        say(f"{name}, line {each}: number {number} was told and has not come: {why}")
    for each in (line(name, number) for number in range(LINES)):
        come, last = walk.verified.numbers.get(each, Numbers()).last, told_since.last.get(each, 0)
        if come > last:
            say(f"{name}, line {each}: number {come} is there, and the service told {last} at most: inserted.")
    return set(not_come)


def _note_parked(waits: UUID | None, number: int, walk: _Walk) -> None:
    """Notes a message that waits and that no sender's comparison has named."""
    if waits is None:
        walk.verified.say("A message for the log is parked, and can't be read.")
        return
    come = walk.verified.numbers.get(waits, Numbers())
    has_come = number <= come.last and number not in come.missing
    why = "another line took its number, and may be forged." if has_come else "it has not come."
    walk.verified.say(f"Line {waits}: number {number} is parked: {why}")


async def _parked(engine: AsyncEngine) -> _Parked:
    """The messages for the log that wait for a person."""
    table = BACKBONE.parked.c
    waiting = select(table.body).where(table.origin == "usage", table.replayed_at.is_(None), table.dropped_at.is_(None))
    async with engine.connect() as connection:
        return {_numbered(body) for body in (await connection.execute(waiting)).scalars()}


def _numbered(body: bytes) -> tuple[UUID | None, int]:
    try:
        told = json.loads(body)
        return UUID(told["subject"]), int(told["subjectsequence"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, 0


_LINES = bindparam("lines", type_=ARRAY(Uuid))
_LAST_TOLD = select(BACKBONE.subject_sequence).where(BACKBONE.subject_sequence.c.subject == func.any(_LINES))
_ASKED = (
    func.unnest(_LINES, bindparam("numbers", type_=ARRAY(BigInteger)))
    .table_valued(column("line", Uuid), column("number", BigInteger), name="asked")
    .render_derived()
)
_FACTS_TOLD = select(BACKBONE.outbox.c.subject, BACKBONE.outbox.c.sequence, BACKBONE.outbox.c.fact_id).join_from(
    _ASKED,
    BACKBONE.outbox,
    (BACKBONE.outbox.c.subject == _ASKED.c.line) & (BACKBONE.outbox.c.sequence == _ASKED.c.number),
)
_NOT_SENT = select(BACKBONE.outbox.c.subject, BACKBONE.outbox.c.sequence).where(
    BACKBONE.outbox.c.published_at.is_(None), BACKBONE.outbox.c.subject == func.any(_LINES)
)


def log_app(environments: Environments) -> typer.Typer:
    """The operator's commands on the usage log."""
    app = typer.Typer(no_args_is_help=True, help="The usage log.")

    @app.callback()
    def _() -> None:
        """The usage log."""

    @app.command("verify")
    def verify_(
        patience: Annotated[float, typer.Option(help="Seconds that a line may be under way.")] = PATIENCE_SECONDS,
    ) -> None:
        """Find altered, missing, inserted and moved lines; exit code 1 when there is any."""
        verified = asyncio.run(_verify(environments(), patience))
        for note in verified.notes:
            typer.echo(note)
        for sentence in list(verified.found)[:MOST_SAID]:
            typer.echo(sentence)
        if len(verified.found) > MOST_SAID:
            typer.echo(f"And {len(verified.found) - MOST_SAID} more.")
        if verified.first_broken is not None:
            typer.echo(f"The chain is whole up to position {max(verified.first_broken - 1, 0)}.")
        seen = f"{verified.lines} lines, up to position {verified.end}"
        typer.echo(f"NOT whole: {seen}." if verified.found else f"Whole: {seen}.")
        raise typer.Exit(1 if verified.found else 0)

    return app


async def _verify(environments: Mapping[str, Mapping[str, str]], patience: float) -> Verified:
    async with _opened(environments) as services:
        access = services["access"].parts
        assert isinstance(access.settings, AccessSettings)
        with Console(stderr=True).status("Walking ...") as status:
            return await verify(
                access.engine,
                Checkpoints(access.settings),
                {name: service.parts.engine for name, service in services.items()},
                access.clock.now(),
                lambda at, end: status.update(f"Walking: {at} of {end}"),
                patience,
            )


@asynccontextmanager
async def _opened(environments: Mapping[str, Mapping[str, str]]) -> AsyncIterator[dict[str, Service]]:
    """The services with their databases; nothing of them is started."""
    services = {name: cast(Service, build(environment)) for name, environment in environments.items()}
    try:
        yield services
    finally:
        for service in services.values():
            await service.parts.engine.dispose()


if __name__ == "__main__":
    log_app(lambda: {os.environ["KOTO_SERVICE"]: dict(os.environ)})(["verify"], prog_name="koto-log")
