"""The gateway begins, is watched, and ends."""

import asyncio
import json
import signal

import aiohttp
import pytest

from contracts.access.rights import RightsHeartbeat
from services.gateway.main import Gateway, Settings, build
from services.kit import run
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import API, NOWHERE, SIGNING_KEY, Door
from tests.support import FIELD_KEYS, SEARCH_KEY

CUSTOMER = f"{API}/customers/{CUSTOMER_ID}"


def told(issuer: FakeIssuer) -> dict[str, str]:
    """What the gateway is told, with a broker that is not there."""
    return {
        "KOTO_SERVICE": "gateway",
        "KOTO_RABBITMQ_URL": "amqp://127.0.0.1:1/",
        "KOTO_PORT": "0",
        "KOTO_OIDC_ISSUER": issuer.url,
        "KOTO_OIDC_AUDIENCE": "koto",
        "KOTO_OIDC_CLIENT_ID": "koto",
        "KOTO_OIDC_CLIENT_SECRET": "secret",
        "KOTO_PUBLIC_URL": "https://koto.example",
        "KOTO_DATABASE_URL": NOWHERE,
        "KOTO_FIELD_KEYS": FIELD_KEYS,
        "KOTO_SEARCH_KEY": SEARCH_KEY,
        "KOTO_ACTOR_SIGNING_KEY": SIGNING_KEY,
    }


async def test_it_is_alive_and_ready_once_started(issuer: FakeIssuer) -> None:
    door = Door(issuer)
    assert not await door.gateway.alive()
    async with door:
        assert await door.gateway.alive()
        assert await door.gateway.ready()
        assert (await door.send("GET", "/healthz", token=None)).status == 200
        assert (await door.send("GET", "/readyz", token=None)).status == 200
    assert not await door.gateway.alive()


async def test_it_is_alive_but_not_ready_while_no_reply_can_arrive(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        door.requests.connected = False
        (await door.send("GET", "/readyz", token=None)).problem(503, "unavailable")
        assert (await door.send("GET", "/healthz", token=None)).status == 200


async def test_it_is_ready_only_once_it_has_heard_news_of_rights(issuer: FakeIssuer) -> None:
    door = Door(issuer)
    await door.gateway.start()
    assert not await door.gateway.ready()
    door.hear(RightsHeartbeat(as_of=door.clock.now()))
    assert await door.gateway.ready()
    await door.gateway.stop()


async def test_a_port_in_use_is_named(issuer: FakeIssuer) -> None:
    async with Door(issuer) as first:
        second = Door(issuer)
        second.gateway._settings = first.settings.model_copy(update={"port": first.gateway.port})
        with pytest.raises(OSError, match=f"127.0.0.1 port {first.gateway.port}: Address already in use"):
            await second.gateway.start()
        await second.gateway.stop()


async def test_signals_stay_the_process_s_own(issuer: FakeIssuer) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with Door(issuer) as door:
        await door.send("GET", "/healthz", token=None)
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


async def test_what_is_under_way_is_answered_before_it_ends(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        door.requests.delay = 0.5
        under_way = asyncio.create_task(door.send("GET", CUSTOMER))
        await asyncio.sleep(0.2)
        await door.gateway.stop()
        assert (await under_way).status == 200


async def test_the_runner_builds_it_from_variables(issuer: FakeIssuer) -> None:
    gateway = run.build(told(issuer) | {"KOTO_MAX_BODY_BYTES": "1000", "KOTO_OIDC_CLAIMS": '{"identity_code": "nin"}'})
    assert isinstance(gateway, Gateway)
    assert gateway.app.state.max_body_bytes == 1000
    assert dict(gateway._settings.oidc_claims) == {
        "user": "sub",
        "name": "name",
        "assurance": "acr",
        "session": "sid",
        "identity_code": "nin",
    }


async def test_while_the_broker_is_away_it_listens_and_answers_so(issuer: FakeIssuer) -> None:
    values = {name.removeprefix("KOTO_").lower(): value for name, value in told(issuer).items()}
    gateway = build(Settings(_env_file=None, **values))  # type: ignore[arg-type]
    starting = asyncio.create_task(gateway.start())
    await asyncio.sleep(0.2)
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as client:
        async with client.get(CUSTOMER, headers=headers) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        async with client.get("/readyz") as answer:
            assert answer.status == 503
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await gateway.stop()


def test_the_signing_key_is_not_shown(issuer: FakeIssuer) -> None:
    secret = json.loads(SIGNING_KEY)["d"]
    assert secret not in repr(Door(issuer).settings)


def test_a_rate_that_is_none_is_told_at_once(issuer: FakeIssuer) -> None:
    with pytest.raises(ValueError, match="often"):
        Door(issuer, rate_limit="often")


@pytest.mark.parametrize(
    "public_url", ["koto.example", "https://koto.example/", "https://koto.example/docs", "ftp://x"]
)
def test_a_public_url_that_is_no_origin_is_told_at_once(issuer: FakeIssuer, public_url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        Door(issuer, public_url=public_url)
