"""A right that is taken away is gone at every door at once; where the news can't arrive, nothing is changed on it."""

from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from contracts.access.rights import EndGrant, GetGrant
from services.kit.actor import Actor
from tests.gateway.browser import Browser
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import API, Answer, Door, opening
from tests.support import House, TestDatabases, eventually

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]
SOON = 1.0
"""Seconds within which a right is gone while queues are empty."""


@pytest.fixture
def user() -> str:
    """A user of the test's own."""
    return str(uuid4())


@pytest_asyncio.fixture
async def door(house: House, databases: TestDatabases) -> AsyncIterator[Door]:
    """A gateway that hears the real news, and asks the real services."""
    store, broker = await databases.new("gateway"), house.vhost.url("gateway")
    async with (
        FakeIssuer() as issuer,
        Door(issuer, house.new_requests(), database_url=store, rabbitmq_url=broker) as it,
    ):
        await eventually(it.gateway.ready)
        yield it


async def end(house: House, grant_id: UUID) -> None:
    """Ends a right, as an access administrator does."""
    administrator = Actor(
        user=str(uuid4()), organisation="837", role="access_administrator", task="access_administration"
    )
    grant = await house.ask(GetGrant(grant_id=grant_id), administrator)
    await house.ask(EndGrant(grant_id=grant_id, expected_version=grant.version, reason="left"), administrator)


async def opened(door: Door, token: str) -> str:
    """The address of a customer just opened."""
    answer = await door.open(opening(name={"family": str(uuid4()), "given": "Aamu"}), token=token, headers=key())
    assert answer.status == 201, answer
    return answer.headers["Location"]


def key() -> dict[str, str]:
    """A key for a new act."""
    return {"Idempotency-Key": str(uuid4())}


async def test_a_session_and_a_bearer_under_way_lose_an_ended_right_within_a_second(
    house: House, door: Door, user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    grant_id = await house.appoint(user, "837", "integration_expert")
    token = door.issuer.token(sub=user)
    customer = await opened(door, token)
    async with Browser(door) as browser:
        await browser.sign_in(sub=user)
        assert (await browser.send("GET", customer)).status == 200
        assert (await door.send("GET", customer, token=token)).status == 200

        await end(house, grant_id)
        ended = perf_counter()

        async def both_are_refused() -> bool:
            answers = [await browser.send("GET", customer), await door.send("GET", customer, token=token)]
            return [each.status for each in answers] == [403, 403]

        await eventually(both_are_refused, within=SOON, what="the end of the right")
        with capsys.disabled():
            print(f"\nan ended right was gone after {(perf_counter() - ended) * 1000:.0f} ms")  # noqa: T201
        (await browser.send("GET", customer)).problem(403, "no-rights")


async def test_while_the_news_of_rights_can_not_arrive_reading_goes_on_and_changing_does_not(
    house: House, door: Door, user: str
) -> None:
    await house.appoint(user, "837", "integration_expert")
    token = door.issuer.token(sub=user)
    customer = await opened(door, token)
    access = house.services["access"]
    await access.stop()

    async def change() -> Answer:
        body: Any = {"changes": {"service_language": "en"}}
        return await door.send("PATCH", customer, json=body, token=token, headers=key() | {"If-Match": '"1"'})

    async def is_refused() -> bool:
        return (await change()).status == 503

    assert (await change()).status == 200, "the news of a moment ago is good enough"
    await eventually(is_refused, within=15, what="refusing changes")
    refused = await change()
    refused.problem(503, "rights-not-current")
    assert refused.headers["Retry-After"] == "5"
    assert (await door.send("GET", customer, token=token)).status == 200

    await house.start("access", access.parts.settings.database_url.get_secret_value())

    async def is_looked_at() -> bool:
        return (await change()).status == 412  # somebody changed it meanwhile: we did

    await eventually(is_looked_at, within=15, what="changing again")


async def test_a_right_that_was_given_a_moment_ago_is_there_at_once(house: House, door: Door, user: str) -> None:
    token = door.issuer.token(sub=user)
    (await door.send("GET", f"{API}/customers/{uuid4()}", token=token)).problem(403, "no-rights")
    await house.appoint(user, "837", "integration_expert")

    async def is_let_in() -> bool:
        return (await door.send("GET", f"{API}/customers/{uuid4()}", token=token)).status == 404

    await eventually(is_let_in, within=SOON, what="the new right")
