"""What `./koto seed` does: fills the running house with synthetic people, and shows how far it is."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uvloop
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from deploy.local.state import LocalError
from deploy.seed import background, bulk, handlers, ledger
from deploy.seed.people import Kin, Life, lives
from services.kit import code_lists
from services.kit.clock import helsinki_date
from services.kit.parts import Parts
from services.kit.run import build
from services.kit.service import Service

BULK_FROM = 20_000
"""From so many people on they are written in bulk; fewer live through the handlers."""
PATIENCE = 60.0
"""How long nothing may move before waiting is given up, in seconds."""
_LINE_EVERY = 5.0


class Display:
    """Shows what is done and how long it will take: a bar in a terminal, else a line every five seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Prints it as it is."""
        self._console.print(text, markup=False)

    @contextmanager
    def counting(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        """Yields what is to be told how many more are done."""
        began, done, shown = time.monotonic(), 0, time.monotonic()

        def rate() -> float:
            return done / max(time.monotonic() - began, 0.001)

        def tell(more: int) -> None:
            nonlocal done, shown
            done += more
            progress.update(task, completed=done, description=f"{title}, {rate():.0f} a second")
            if not self._console.is_terminal and time.monotonic() - shown > _LINE_EVERY:
                shown = time.monotonic()
                left = (total - done) / max(rate(), 0.001)
                self.say(f"{title}: {done} of {total}, {rate():.0f} a second, {left:.0f} s left")

        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        ) as progress:
            task = progress.add_task(title, total=total)
            yield tell
        self.say(f"{title}: {done} in {time.monotonic() - began:.0f} s, {rate():.0f} a second")


def run(
    environments: Mapping[str, Mapping[str, str]],
    console: Console,
    *,
    customers: int,
    municipalities: int | None,
    seed: int,
) -> None:
    """Fills the house of these environments. Raises LocalError when that is refused or does not come to its end."""
    uvloop.run(_run(environments, Display(console), customers, municipalities, seed))


async def _run(
    environments: Mapping[str, Mapping[str, str]],
    display: Display,
    customers: int,
    municipalities: int | None,
    seed: int,
) -> None:
    customer, assessment = [_parts(environments[name]) for name in ("customer", "assessment")]
    people = lives(customers, municipalities=municipalities, seed=seed)
    try:
        await fill(customer, assessment, people, customers, seed=seed, display=display)
        await _summarise(customer, display)
    finally:
        for parts in (customer, assessment):
            await parts.engine.dispose()


async def fill(
    customer: Parts, assessment: Parts, people: Iterator[Life], count: int, *, seed: int, display: Display
) -> None:
    """Makes those of the people who are not there, and returns when the other services have heard of all.

    It may be given again after any end: nobody is made twice. Raises LocalError when it is refused.
    """
    kin: list[Kin] = []
    people = _noting(people, kin)
    async with ledger.opened(customer) as customers, ledger.opened(assessment) as assessments:
        await ledger.begin(customers, customer)
        begun = await ledger.begun(customers, seed)
        ids = [each.customer_id for each in begun.values()]
        await ledger.tell_again(customers, assessments, ids)
        if count < BULK_FROM:
            few = list(people)
            with display.counting("People", count) as tell:
                ids = await handlers.live(customer, few, begun, seed=seed, tell=tell)
            await background.tell(customer, few, await ledger.begun(customers, seed), seed=seed)
        else:
            unfinished: list[Life] = []
            with display.counting("People", max(0, count - len(begun))) as tell:
                new = _new(people, begun, unfinished)
                await bulk.write(customer, assessment, new, begun, seed=seed, now=datetime.now(UTC), tell=tell)
            await handlers.live(customer, unfinished, begun, seed=seed)
        await _until_heard(customers, assessments, ids, display)
        joined = await bulk.join(customer, kin, seed=seed)
        display.say(f"Family relations: {joined}")


def _noting(people: Iterator[Life], kin: list[Kin]) -> Iterator[Life]:
    """The people; as they pass, those are noted whose relationships go on."""
    for life in people:
        if life.goes_on:
            kin.append(life.kin)
        yield life


def _new(people: Iterator[Life], begun: Mapping[int, ledger.Begun], unfinished: list[Life]) -> Iterator[Life]:
    """Those who are not there; those whose lives broke off are put aside."""
    for life in people:
        if life.number not in begun:
            yield life
        elif begun[life.number].acts_done < len(life.acts):
            unfinished.append(life)


async def _until_heard(
    customers: asyncpg.Connection, assessments: asyncpg.Connection, ids: list[UUID], display: Display
) -> None:
    behind = await ledger.behind(customers, assessments, ids)
    if not behind:
        return
    with display.counting("Heard of by the assessment service", len(behind)) as tell:
        moved = time.monotonic()
        while behind:
            await asyncio.sleep(0.2)
            still = await ledger.behind(customers, assessments, behind)
            if len(still) < len(behind):
                moved = time.monotonic()
            elif time.monotonic() - moved > PATIENCE:
                raise LocalError(
                    f"the assessment service has not heard of {len(still)} people: see ./koto parked list, ./koto logs"
                )
            tell(len(behind) - len(still))
            behind = still


async def _summarise(customer: Parts, display: Display) -> None:
    async with ledger.opened(customer) as connection:
        rows = await connection.fetch(
            """
            SELECT municipality, count(*), (array_agg(customer_id ORDER BY id DESC))[1]
            FROM client_relationship WHERE ended_on IS NULL GROUP BY municipality ORDER BY 2 DESC
            """
        )
        everybody = await connection.fetchval("SELECT count(*) FROM customer")
    today = helsinki_date(datetime.now(UTC))
    largest = ", ".join(f"{code_lists.municipality(code, today).name_fi} {count}" for code, count, _ in rows[:5])
    display.say(f"\n{everybody} customers are there now; most with an open relationship: {largest}.")
    for code, _, customer_id in rows:
        if code == "837":
            display.say(
                f"Try, as an expert of Tampere:\n"
                f'  curl $API/customers/{customer_id} -H "Authorization: Bearer $(./koto token --as expert@tampere)"'
            )


def _parts(environment: Mapping[str, str]) -> Parts:
    service = build(environment)
    assert isinstance(service, Service)
    return service.parts
