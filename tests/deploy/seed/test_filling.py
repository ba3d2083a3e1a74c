"""Filling a running house: once, whatever happens in between."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console
from sqlalchemy import Column, Integer, Table

from contracts.customer.families import GetFamily
from contracts.customer.people import CloseCustomer, GetCustomer, OpenCustomer, Person
from deploy.local.state import LocalError
from deploy.seed import background, bulk, command, handlers, ledger
from deploy.seed.people import Life, lives
from services.assessment.tables import METADATA as ASSESSMENT_TABLES
from services.kit.actor import Actor
from services.kit.parts import Parts
from tests.support import EXPERT_TAMPERE, House, eventually

pytestmark = [pytest.mark.broker, pytest.mark.database]


def display() -> command.Display:
    """Shows to nobody."""
    return command.Display(Console(file=io.StringIO()))


async def fill(house: House, count: int, *, seed: int = 1) -> None:
    """Fills the house as the command does."""
    customer, assessment = house.services["customer"].parts, house.services["assessment"].parts
    await command.fill(customer, assessment, lives(count, seed=seed), count, seed=seed, display=display())


async def begun(house: House, seed: int = 1) -> dict[int, ledger.Begun]:
    """Who of the seed is there."""
    async with ledger.opened(house.services["customer"].parts) as connection:
        return await ledger.begun(connection, seed)


async def count(house: House, service: str, table: str) -> int:
    """How many rows a table has."""
    [row] = await house.rows(service, f"SELECT count(*) FROM {table}")
    return int(row[0])


@pytest.fixture(params=["handlers", "bulk"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either path, however few the people."""
    monkeypatch.setattr(command, "BULK_FROM", 10**9 if request.param == "handlers" else 1)
    return str(request.param)


async def test_the_command_ends_when_the_other_services_know_everybody(house: House, path: str) -> None:
    await fill(house, 40)
    assert await count(house, "customer", "customer") == 40
    assert await count(house, "assessment", "customer_view") == 40
    assert await count(house, "assessment", "considered") == 40


async def test_those_of_one_household_are_a_family_whichever_the_path(house: House, path: str) -> None:
    await fill(house, 60)
    people = list(lives(60))
    goes_on = {life.number for life in people if life.goes_on}
    expected = sum(number in goes_on for life in people if life.goes_on for _, number in life.relatives)
    assert expected > 5
    assert await count(house, "customer", "family_relation") == expected
    await fill(house, 60)
    assert await count(house, "customer", "family_relation") == expected
    [child] = await house.rows("customer", "SELECT customer_id FROM family_relation WHERE kind = 'parent' LIMIT 1")
    [municipality] = await house.rows(
        "customer", "SELECT municipality FROM client_relationship WHERE customer_id = $1", child[0]
    )
    asked = GetFamily(customer_id=child[0])
    family = await house.ask(asked, Actor("e", municipality[0], "integration_expert"))
    assert family.household
    assert {each.kind for each in family.relations} >= {"parent"}


async def test_some_have_told_of_their_background_and_given_again_they_tell_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "SHARE", 1.0)
    told = 'SELECT customer_id, "group", version, content FROM background ORDER BY 1, 2'
    await fill(house, 12)
    first = await house.rows("customer", told)
    assert {"education", "language_skills", "goals"} <= {row["group"] for row in first}
    await fill(house, 12)
    assert await house.rows("customer", told) == first
    assert {row["version"] for row in first} == {1}


async def test_given_again_for_more_people_it_adds_those_who_are_not_there(house: House, path: str) -> None:
    await fill(house, 20)
    before = await begun(house)
    await fill(house, 20)
    assert await begun(house) == before
    await fill(house, 30)
    after = await begun(house)
    assert sorted(after) == list(range(30))
    assert {number: after[number] for number in before} == before
    assert await count(house, "customer", "customer") == 30


async def test_lives_that_broke_off_are_lived_to_their_ends(house: House, path: str) -> None:
    people = list(lives(40))
    only_opened = [replace(life, acts=life.acts[:1]) for life in people]
    await handlers.live(house.services["customer"].parts, only_opened, {}, seed=1)
    await fill(house, 40)
    assert {number: each.acts_done for number, each in (await begun(house)).items()} == {
        life.number: len(life.acts) for life in people
    }


async def test_two_seeds_live_beside_each_other(house: House) -> None:
    await fill(house, 20, seed=1)
    await fill(house, 20, seed=2)
    assert await count(house, "customer", "customer") == 40
    assert len(await begun(house, 1)) == len(await begun(house, 2)) == 20


async def test_who_would_have_the_code_of_somebody_else_lives_without_one(house: House, path: str) -> None:
    person = next(person for life in lives(40) if (person := opened(life)).personal_identity_code)
    await house.ask(OpenCustomer(person=person, arrival="moved"), EXPERT_TAMPERE)
    await fill(house, 40)
    assert await count(house, "customer", "customer") == 41
    with_code = sum(1 for life in lives(40) if code_of(life))
    assert await count(house, "customer", "customer WHERE personal_identity_code IS NOT NULL") == with_code


def opened(life: Life) -> Person:
    """The person as first told."""
    request = life.acts[0].request
    assert isinstance(request, OpenCustomer)
    return request.person


def code_of(life: Life) -> str | None:
    """The identity code that the person has or gets."""
    later = [getattr(act.request, "changes", None) for act in life.acts]
    return opened(life).personal_identity_code or next(
        (each.personal_identity_code for each in later if each and each.personal_identity_code), None
    )


async def test_what_is_not_allowed_test_codes_is_not_filled(house: House) -> None:
    customer = house.services["customer"].parts
    real = replace(customer, settings=customer.settings.model_copy(update={"allow_test_identity_codes": False}))
    with pytest.raises(LocalError, match="test identity codes"):
        await command.fill(real, house.services["assessment"].parts, lives(3), 3, seed=1, display=display())
    assert await count(house, "customer", "customer") == 0


async def test_two_do_not_fill_one_house_at_once(house: House) -> None:
    customer = house.services["customer"].parts
    async with ledger.opened(customer) as connection:
        await ledger.begin(connection, customer)
        with pytest.raises(LocalError, match="another"):
            await fill(house, 3)


async def test_people_written_to_one_database_only_are_told_to_the_other(house: House) -> None:
    await write(house, 20)
    for table in ("considered", "customer_view", "inbox", "assessment", "outbox", "subject_sequence"):
        await house.rows("assessment", f"DELETE FROM {table}")
    await fill(house, 20)
    assert await count(house, "assessment", "customer_view") == 20
    assert await count(house, "assessment", "considered") == 20


async def write(house: House, people: int) -> None:
    """Writes so many in bulk."""
    parts: list[Parts] = [house.services[name].parts for name in ("customer", "assessment")]
    await bulk.write(*parts, lives(people), {}, seed=1, now=datetime.now(UTC))


async def test_who_was_written_in_bulk_is_served_like_anybody(house: House) -> None:
    await write(house, 200)
    [row] = await house.rows(
        "customer",
        "SELECT customer_id, version FROM client_relationship JOIN customer USING (customer_id) "
        "WHERE municipality = '837' AND ended_on IS NULL LIMIT 1",
    )
    customer_id = row["customer_id"]
    found = await house.ask(GetCustomer(customer_id=customer_id), EXPERT_TAMPERE)
    assert found.person.name.family
    await house.ask(
        CloseCustomer(customer_id=customer_id, expected_version=row["version"], reason="moved_away"), EXPERT_TAMPERE
    )

    async def heard() -> bool:
        [view] = await house.rows("assessment", "SELECT * FROM customer_view WHERE customer_id = $1", customer_id)
        return view["open_municipalities"] == []

    await eventually(heard)


async def test_a_table_that_the_bulk_path_does_not_know_stops_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Table("unheard_of", ASSESSMENT_TABLES, Column("id", Integer, primary_key=True))
    try:
        with pytest.raises(bulk.UnknownTables, match="unheard_of"):
            await write(house, 3)
    finally:
        ASSESSMENT_TABLES.remove(new)
    assert await count(house, "customer", "customer") == 0
