"""Lives written straight into the services' databases, as their handlers would have left them. For many thousands.

The decisions stay the services' own: their rules are asked, and their inserts are recorded instead of executed, to be
written by COPY. A test compares every table and every event with what the handlers leave.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from uuid import UUID

import asyncpg
from sqlalchemy import Insert, Table
from sqlalchemy.dialects.postgresql import asyncpg as sqlalchemy_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine
from uuid_utils.compat import uuid7

from contracts import topology
from contracts.assessment.state import AssessmentChanged
from contracts.customer.people import ChangeCustomer, ClientRelationship, CloseCustomer, Customer, OpenCustomer
from contracts.customer.state import CustomerChanged, CustomerClosed, CustomerOpened, CustomerState
from contracts.law import laws
from contracts.types import PersonName
from deploy.seed import ledger
from deploy.seed.ledger import Begun
from deploy.seed.people import Act, Kin, Life
from services.assessment import tables as assessment_tables
from services.assessment.repository.facts import facts_of
from services.assessment.rules.grounds import reasons_to_assess
from services.assessment.subscribers import PROJECTIONS as HEARD
from services.customer import tables as customer_tables
from services.customer.matching import skeleton, words_on_record
from services.customer.repository import families, history, people
from services.customer.rules import families as family_rules
from services.customer.rules import people as rules
from services.customer.rules.families import Relation
from services.customer.subscribers import PROJECTIONS as SHOWN
from services.customer.tables.families import FAMILY_RELATION
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER, CUSTOMER_NAME
from services.kit.actor import Actor, service_actor
from services.kit.clock import helsinki_date
from services.kit.parts import Parts
from services.kit.tables import Backbone
from services.kit.work import Cause, Work

CHUNK = 500
_AT_ONCE = 2  # one chunk's rows are made while PostgreSQL takes in another's
_DIALECT = sqlalchemy_asyncpg.dialect()  # type: ignore[no-untyped-call]
_WRITTEN = {
    "customer": {
        "assessment_view",
        "client_relationship",
        "customer",
        "customer_history",
        "customer_name",
        "family_relation",
        "family_relation_history",
        "name_word",
        "outbox",
        "subject_sequence",
    },
    "assessment": {"assessment", "considered", "customer_view", "inbox", "outbox", "subject_sequence"},
}
_Told = tuple[CustomerState, dict[str, Any]]
"""An event, and its row in the outbox."""
_LEFT_EMPTY = {
    "customer": {
        "background",
        "contact",
        "contact_passing",
        "contact_report",
        "customer_merge",
        "inbox",
        "operation",
        "operation_row",
        "outreach_attempt",
        "outreach_target",
        "parked",
        "plan_view",
        "receiving_party",
        "request_outcome",
        "suspected_duplicate",
        "tombstone",
        "transfer",
    },
    "assessment": {
        "circumstances",
        "county_participation",
        "county_section",
        "interview",
        "measure",
        "parked",
        "request_outcome",
        "tombstone",
        "topic_writing",
    },
}


class UnknownTables(Exception):
    """A service has tables, or an event readers, that this module does not know: it would leave them out."""


def check_tables() -> None:
    """Raises UnknownTables, so that what a service gains is not silently missing here."""
    for backbone, service in ((customer_tables.BACKBONE, "customer"), (assessment_tables.BACKBONE, "assessment")):
        if unknown := backbone.metadata.tables.keys() ^ (_WRITTEN[service] | _LEFT_EMPTY[service]):
            raise UnknownTables(f"{service}: {', '.join(sorted(unknown))}")
    readers = {each.name for each in topology.SERVICES if each.input or each.projection}
    # access notes when a relationship ended, to judge later looks at the customer: at the invented nobody looks;
    # integration hears of erasures and of matters with others, plan and records keep who may read: of the invented none
    if readers != {"assessment", "customer", "plan", "records", "access", "integration"}:
        raise UnknownTables(f"readers of events: {', '.join(sorted(readers))}")


async def write(
    customer: Parts,
    assessment: Parts,
    lives: Iterable[Life],
    begun: Mapping[int, Begun],
    *,
    seed: int,
    now: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> None:
    """Writes the lives of those who are not there, some hundreds in a transaction of each database.

    `now` is when other services hear of it. Whoever is there already is left as they are. Raises UnknownTables.
    """
    check_tables()
    chunks = _chunks(life for life in lives if life.number not in begun)

    async def worker() -> None:
        async with ledger.opened(customer) as customers, ledger.opened(assessment) as assessments:
            for chunk in chunks:
                lives = await ledger.with_free_codes(customers, customer.unit_of_work.encryption, chunk, begun)
                written, heard = _Recorder(customer.backbone), _Recorder(assessment.backbone)
                for life in lives:
                    await _hear(assessment, heard, await _live(customer, written, life, seed, now), now)
                shown = _shown(customer, heard)
                await _copy(customers, written)
                await _copy(assessments, heard)  # if it ends before or after this, ledger.tell_again mends that
                await _copy(customers, shown)
                tell(len(chunk))

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(worker())
    for parts in (customer, assessment):
        async with ledger.opened(parts) as connection:
            for table in sorted(_WRITTEN[parts.name]):
                await connection.execute(f"VACUUM (ANALYZE) {table}")


async def join(customer: Parts, kin: Iterable[Kin], *, seed: int) -> int:
    """Writes who is related to whom of these people; returns how many relations were not there yet.

    All live in one household, and none is under non-disclosure.
    """
    recorder, known = _Recorder(customer.backbone), {each.number: each for each in kin}
    async with ledger.opened(customer) as connection:
        ids = {number: each.customer_id for number, each in (await ledger.begun(connection, seed)).items()}
        there = await ledger.joined(connection)
        for one in known.values():
            for kind, number in one.relatives:
                if number in known and (ids[one.number], ids[number]) not in there:
                    await _join(customer, recorder, (one, ids[one.number]), (known[number], ids[number]), kind)
        await _copy(connection, recorder)
    return sum(len(rows) for table, rows in recorder.tables().items() if table is FAMILY_RELATION)


def _chunks(lives: Iterable[Life]) -> Iterator[list[Life]]:
    rest = iter(lives)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class _Recorder:
    """Stands where the services' code expects a connection, and keeps the rows that it would have inserted."""

    def __init__(self, backbone: Backbone) -> None:
        self._numbered, self._outbox = backbone.subject_sequence, backbone.outbox
        self._numbers: Counter[UUID] = Counter()
        self._rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)

    async def execute(self, statement: Insert, values: Any) -> Any:
        """Keeps the values of an insert; a subject's next number is the only thing that is ever asked back."""
        if statement.table is self._outbox:
            self._numbers[values["subject"]] += 1
            values["sequence"] = sequence = self._numbers[values["subject"]]
            self.add(self._outbox, values)
            return SimpleNamespace(scalar_one=lambda: sequence)
        self.add(cast(Table, statement.table), *(values if isinstance(values, list) else [values]))
        return None

    def add(self, table: Table, *rows: dict[str, Any]) -> None:
        self._rows[table] += rows

    def last(self, table: Table) -> dict[str, Any]:
        """The row that was added last."""
        return self._rows[table][-1]

    def tables(self) -> dict[Table, list[dict[str, Any]]]:
        """All rows, by table, a table after those that it refers to."""
        numbers = [{"subject": subject, "last": last} for subject, last in self._numbers.items()]
        rows = self._rows | {self._numbered: numbers}
        return {table: rows[table] for table in self._numbered.metadata.sorted_tables if rows.get(table)}


def _work(recorder: _Recorder, parts: Parts, actor: Actor, cause: Cause, now: datetime) -> Work:
    connection, unit = cast(AsyncConnection, recorder), parts.unit_of_work
    return Work(connection, parts.backbone, parts.settings, unit.encryption, unit.usage_keys, actor, cause, now, now)


class _Step(NamedTuple):
    """What an act leaves: the customer after it, what the history says of it, and the event, if anybody hears of it."""

    after: Customer
    differences: list[rules.Difference]
    source: str
    why: str | None
    event: CustomerState | None


def _open(act: Act, request: OpenCustomer) -> _Step:
    opened = ClientRelationship(
        municipality=act.municipality, arrival=request.arrival, started_on=helsinki_date(act.moment)
    )
    after = Customer(customer_id=uuid7(), version=1, person=request.person, relationships=(opened,))
    return _Step(
        after,
        [*rules.differences(None, after.person), rules.difference_of_relationship(None, opened)],
        rules.source_at_opening(request.arrival),
        None,
        CustomerOpened(**dict(rules.public_state(after)), municipality=act.municipality),
    )


def _change(before: Customer, request: ChangeCustomer) -> _Step:
    person = rules.changed(before.person, request.changes)
    after = before.model_copy(update={"version": before.version + 1, "person": person})
    state = rules.public_state(after)
    heard = state != rules.public_state(before)
    return _Step(
        after,
        rules.differences(before.person, person),
        request.source,
        request.why,
        CustomerChanged(**dict(state)) if heard else None,
    )


def _close(before: Customer, act: Act, request: CloseCustomer) -> _Step:
    [opened] = before.relationships
    ended = opened.model_copy(update={"ended_on": helsinki_date(act.moment), "end_reason": request.reason})
    after = before.model_copy(update={"version": before.version + 1, "relationships": (ended,)})
    state = dict(rules.public_state(after))
    return _Step(
        after,
        [rules.difference_of_relationship(opened, ended)],
        "municipality",
        None,
        CustomerClosed(**state, municipality=act.municipality, reason=request.reason, by_hand=True),
    )


def _steps(life: Life) -> Iterator[tuple[Act, _Step]]:
    opening, *others = life.acts
    assert isinstance(opening.request, OpenCustomer)
    step = _open(opening, opening.request)
    yield opening, step
    for act in others:
        if isinstance(act.request, ChangeCustomer):
            step = _change(step.after, act.request)
        elif isinstance(act.request, CloseCustomer):
            step = _close(step.after, act, act.request)
        yield act, step


async def _live(customer: Parts, recorder: _Recorder, life: Life, seed: int, now: datetime) -> list[_Told]:
    """Records what the customer service's handlers leave of a life; returns what they tell."""
    told: list[_Told] = []
    former: list[PersonName] = []
    for act, step in _steps(life):
        after = step.after
        cause = ledger.cause(seed, life.number, after.version)
        work = _work(recorder, customer, ledger.actor(act.municipality), cause, act.moment)
        await history.add_history(work, after, step.differences, source=step.source, why=step.why)
        former += [
            PersonName.model_validate(each.previous)
            for each in step.differences
            if each.field == "name" and each.previous
        ]
        if step.event:
            await work.publish(step.event)
            row = recorder.last(customer.backbone.outbox)
            row["published_at"] = now
            told.append((step.event, row))
    await people.add(work, after)
    recorder.last(CUSTOMER)["created_at"] = life.acts[0].moment
    [relationship] = after.relationships
    await people.open_relationship(work, after.customer_id, relationship)
    listed = recorder.last(CLIENT_RELATIONSHIP)
    del listed["of"]
    listed |= people.listed_as(after.person)
    if not relationship.ended_on:
        for word, only_former in words_on_record(after.person.name, former).items():
            bearing = {"word": word, "customer_id": after.customer_id, "former": only_former}
            recorder.add(CUSTOMER_NAME, bearing | {"municipality": relationship.municipality})
    return told


async def _join(
    customer: Parts, recorder: _Recorder, one: tuple[Kin, UUID], other: tuple[Kin, UUID], kind: str
) -> None:
    """Records what the customer service's handler leaves of a relation: what the other is to the one."""
    moment = max(one[0].moment, other[0].moment)
    relation = Relation(
        relation_id=uuid7(),
        version=1,
        customer_id=one[1],
        relative_id=other[1],
        kind=kind,
        relative=None,
        same_household=True,
        valid_from=None,
        valid_until=None,
        ended=False,
        source="customer",
    )
    work = _work(recorder, customer, ledger.actor(one[0].municipality), Cause("seed", "seed"), moment)
    await families.add(work, relation)
    differences = family_rules.differences(None, relation)
    await families.add_history(work, relation, differences, source=relation.source, why=None)


async def _hear(assessment: Parts, recorder: _Recorder, told: list[_Told], now: datetime) -> None:
    """Records what the assessment service's handler and its projection leave of what they are told of a customer."""
    today = helsinki_date(now)
    law = laws().on(today)
    standing: dict[str, dict[str, Any]] = {}
    for event, row in told:
        cause = Cause(str(row["id"]), row["correlation_id"])
        work = _work(recorder, assessment, service_actor("assessment"), cause, now)
        claimed = {"consumer": "assessment.input", "fact_id": row["fact_id"], "claimed_at": now}
        recorder.add(assessment.backbone.inbox, claimed)
        arrivals = {each.municipality: each.arrival for each in event.relationships if each.state == "open"}
        for municipality in sorted(arrivals.keys() | standing.keys()):
            present = standing.pop(municipality, None)
            reasons: tuple[str, ...] = ()
            if arrival := arrivals.get(municipality):
                reasons = reasons_to_assess(event, arrival, today, law)
            if present and reasons:
                standing[municipality] = present
            if reasons == (present["reasons"] if present else ()):
                continue
            if present is None:
                present = standing[municipality] = {
                    "assessment_id": uuid7(),
                    "customer_id": event.customer_id,
                    "municipality": municipality,
                    "law_version": law.version,
                    "created_at": now,
                    "changed_at": now,
                }
                recorder.add(assessment_tables.assessment, present)
            present["status"] = "to_start" if reasons else "withdrawn"
            present["reasons"] = reasons or present["reasons"]
            await work.publish(AssessmentChanged.model_validate(present))
            recorder.last(assessment.backbone.outbox)["published_at"] = now
    newest, row = told[-1]
    number = {"customer_id": newest.customer_id, "sequence": row["sequence"]}
    recorder.add(assessment_tables.considered, number | {"facts": facts_of(newest)})
    [view] = HEARD
    recorder.add(view.table, number | view.row_of(newest))


def _shown(customer: Parts, assessments: _Recorder) -> _Recorder:
    """What the customer service's projection keeps of the assessments' states."""
    recorder, assessments_shown = _Recorder(customer.backbone), SHOWN[0]
    outbox = assessments.tables().get(assessment_tables.BACKBONE.outbox, [])
    newest = {row["subject"]: row for row in outbox}
    for row in newest.values():
        state = AssessmentChanged.model_validate(row["data"])
        shown = {assessments_shown.key: row["subject"], "sequence": row["sequence"]}
        recorder.add(assessments_shown.table, shown | assessments_shown.row_of(state))
    return recorder


async def _copy(connection: asyncpg.Connection, recorder: _Recorder) -> None:
    """Writes recorded rows in one transaction."""
    async with connection.transaction():
        for table, rows in recorder.tables().items():
            columns = list(rows[0])
            for column in columns:
                if bind := _bind(table.c[column].type):
                    for row in rows:
                        row[column] = bind(row[column])
            records = map(itemgetter(*columns), rows)
            await connection.copy_records_to_table(table.name, columns=columns, records=records)
        if bearing := recorder.tables().get(CUSTOMER_NAME):
            # at the end and in one order: it waits for others who add the same words
            words = sorted({row["word"] for row in bearing})
            await connection.execute(
                """
                INSERT INTO name_word (word, skeleton) SELECT * FROM unnest($1::text[], $2::text[])
                ON CONFLICT DO NOTHING
                """,
                words,
                [skeleton(word) for word in words],
            )


@cache
def _bind(type_: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What SQLAlchemy does to a value of the type before it hands it to asyncpg, if it does anything."""
    return type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)
