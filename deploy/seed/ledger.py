"""What of a seed's lives is done already: the event log tells, so the same command may be given again after any end.

The acts of person 7 of seed 1 have the correlation id `seed-1-7`. Each makes one version of the customer, and so the
version tells how many are done.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from contracts.customer.people import ChangeCustomer, OpenCustomer
from contracts.customer.state import CustomerCircumstances
from contracts.envelope import Event
from contracts.topology import CUSTOMER_STATES
from deploy.local.state import LocalError
from deploy.seed.people import Act, Life
from services.kit.actor import Actor
from services.kit.field_encryption import FieldEncryption
from services.kit.parts import Parts
from services.kit.work import Cause

_KEPT: dict[str, tuple[type[Event], ...]] = {
    "considered": CUSTOMER_STATES,
    "customer_view": CUSTOMER_STATES,
    "circumstances": (CustomerCircumstances,),
}
"""By table of the assessment service the events of which it keeps the newest."""
_LOCK = 0x73656564  # "seed": one seeding at a time in one database


@dataclass(frozen=True, slots=True)
class Begun:
    """A customer who is there, and how many of the acts are done."""

    customer_id: UUID
    acts_done: int


def cause(seed: int, number: int, version: int) -> Cause:
    """What the act is known by that makes the version."""
    return Cause(f"seed-{seed}-{number}-{version}", f"seed-{seed}-{number}")


def actor(municipality: str) -> Actor:
    """Who does all acts in a municipality."""
    return Actor(user="seed", organisation=municipality, role="integration_expert")


@asynccontextmanager
async def opened(parts: Parts) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a service's database as its owner, without SQLAlchemy's time limits: for COPY and counting."""
    connection = await asyncpg.connect(parts.settings.database_owner_url.get_secret_value().replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def begin(connection: asyncpg.Connection, customer: Parts) -> None:
    """Makes sure that synthetic people may be made here, and that nobody else makes them now. Raises LocalError."""
    if not customer.settings.allow_test_identity_codes:
        raise LocalError("synthetic people have test identity codes, and these are not allowed here")
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        raise LocalError("another ./koto seed is at work here")


async def begun(connection: asyncpg.Connection, seed: int) -> dict[int, Begun]:
    """The people of the seed who are there, by number."""
    rows = await connection.fetch(
        """
        SELECT correlation_id, customer_id, version FROM outbox JOIN customer ON customer_id = subject
        WHERE sequence = 1 AND correlation_id LIKE $1
        """,
        f"seed-{seed}-%",
    )
    return {int(row[0].rpartition("-")[2]): Begun(row[1], row[2]) for row in rows}


async def joined(connection: asyncpg.Connection) -> set[tuple[UUID, UUID]]:
    """The customers who are on record as relatives, in the order in which they were recorded."""
    rows = await connection.fetch("SELECT customer_id, relative_id FROM family_relation WHERE relative_id IS NOT NULL")
    return {(row[0], row[1]) for row in rows}


async def with_free_codes(
    connection: asyncpg.Connection, encryption: FieldEncryption, lives: Iterable[Life], begun: Mapping[int, Begun]
) -> list[Life]:
    """The lives; who would have the identity code of another customer who is there lives without one."""
    hashes = {life.number: encryption.search_hash(code) for life in lives if (code := _identity_code(life))}
    rows = await connection.fetch(
        "SELECT personal_identity_code_hash, customer_id FROM customer WHERE personal_identity_code_hash = ANY($1)",
        list(hashes.values()),
    )
    holders = {row[0]: row[1] for row in rows}
    taken = {
        number
        for number, code_hash in hashes.items()
        if code_hash in holders and not (number in begun and begun[number].customer_id == holders[code_hash])
    }
    return [_without_code(life) if life.number in taken else life for life in lives]


async def behind(customer: asyncpg.Connection, assessment: asyncpg.Connection, ids: Collection[UUID]) -> list[UUID]:
    """Those of whom the assessment service has not yet heard the newest, to act on it and to show it."""
    late: set[UUID] = set()
    for table, events in _KEPT.items():
        query = "SELECT subject, max(sequence) FROM outbox WHERE subject = ANY($1) AND type = ANY($2) GROUP BY subject"
        told = dict(await customer.fetch(query, ids, [each.TYPE for each in events]))
        kept = dict(
            await assessment.fetch(f"SELECT customer_id, sequence FROM {table} WHERE customer_id = ANY($1)", ids)
        )
        late |= {each for each, last in told.items() if kept.get(each, 0) < last}
    return [each for each in ids if each in late]


async def tell_again(customer: asyncpg.Connection, assessment: asyncpg.Connection, ids: Collection[UUID]) -> None:
    """Has the relay publish all of those who are behind: so nobody stays whom a seeding told to one database alone.

    Some may be on their way already; their readers know a fact that they have heard before.
    """
    missing = await behind(customer, assessment, ids)
    await customer.execute("UPDATE outbox SET published_at = NULL WHERE subject = ANY($1)", missing)
    shown = await customer.fetch("SELECT assessment_id FROM assessment_view WHERE customer_id = ANY($1)", ids)
    await assessment.execute(
        """
        UPDATE outbox SET published_at = NULL WHERE subject IN (
            SELECT assessment_id FROM assessment WHERE customer_id = ANY($1) AND assessment_id <> ALL($2)
        )
        """,
        ids,
        [row[0] for row in shown],
    )


def _identity_code(life: Life) -> str | None:
    for act in life.acts:
        person = act.request.person if isinstance(act.request, OpenCustomer) else None
        told = person or (act.request.changes if isinstance(act.request, ChangeCustomer) else None)
        if told and told.personal_identity_code:
            return told.personal_identity_code
    return None


def _without_code(life: Life) -> Life:
    acts: list[Act] = []
    for act in life.acts:
        request = act.request
        if isinstance(request, OpenCustomer):
            person = request.person.model_copy(update={"personal_identity_code": None})
            request = request.model_copy(update={"person": person})
        elif isinstance(request, ChangeCustomer) and request.changes.personal_identity_code:
            continue
        else:
            request = request.model_copy(update={"expected_version": len(acts)})
        acts.append(replace(act, request=request))
    return replace(life, acts=tuple(acts))
