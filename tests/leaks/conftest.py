"""One house for all tests here: the people are planted once, and whatever is asked is undone."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.leaks.asking import World
from tests.leaks.doors import Door
from tests.leaks.expected import Case, knows
from tests.leaks.people import KINDS, Kind, Planted
from tests.leaks.planting import plant, plant_outreach, plant_rights
from tests.leaks.standings import MAIN, OF_ORGANISATION, standings
from tests.support import TIME_SCALE, House, TestDatabases, Vhost, environment, eventually

LONG = bool(os.environ.get("KOTO_TEST_LONG"))


@dataclass
class Leaky:
    """A running house with the people in it."""

    house: House
    people: list[Planted]

    def cases(self, door: Door, role: str, *kinds: Kind, main_only: bool = False) -> Iterator[Case]:
        """Every standing, the main ones to a person of every kind, the others to one: which kind, takes turns.

        Fewer where the policy says nothing, or does not look at them; `./koto test --long` tries all.
        """
        tried = standings(role)
        if not knows(role, door):
            tried = tried[:1]
        elif door.of_organisation:
            tried = tuple(each for each in tried if each.name in OF_ORGANISATION)
        if main_only and not LONG:
            tried = tuple(each for each in tried if each.name in MAIN)
        for standing in tried:
            asked = [each for each in self.people if each.kind in (kinds or KINDS)]
            there = [each for each in asked if each.is_open != standing.of_ended]
            if not (LONG or standing.name in MAIN):
                there = [there[len(f"{door.name}{role}{standing.name}") % len(there)]]
            cases = [Case(door, role, standing, person) for person in there]
            yield from cases if cases[0].is_ruled and not door.of_organisation else cases[:1]


@pytest_asyncio.fixture(scope="session")
async def planted(databases: TestDatabases) -> AsyncIterator[Leaky]:
    """Of each kind one customer whose relationship is open, and one whose relationship has ended."""
    vhost = await Vhost.create(
        environment("KOTO_TEST_MANAGEMENT_URL"), environment("KOTO_TEST_RABBITMQ_URL"), TIME_SCALE
    )
    async with House(vhost, databases) as house:
        each = [(kind, ended) for kind in KINDS for ended in (False, True)]
        people = [await plant(house, kind, number, ended=ended) for number, (kind, ended) in enumerate(each)]
        await plant_rights(house, people)
        await plant_outreach(house, people)
        await house.settle()
        await eventually(lambda: _is_logged(house), what="the usage log")
        yield Leaky(house, people)
    await vhost.remove()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells how much was tried: the count of cases."""
    if World.asked:
        terminalreporter.write_line(f"leaks: {World.asked} requests were asked and looked through")


async def _is_logged(house: House) -> bool:
    """Whether every use that was told has been written to the usage log."""
    told = 0
    for service in house.services:
        [(count,)] = await house.rows(service, "SELECT count(*) FROM outbox WHERE type LIKE '%.data_used.v1'")
        told += count
    return [told] == [count for (count,) in await house.rows("access", "SELECT count(*) FROM usage_line")]
