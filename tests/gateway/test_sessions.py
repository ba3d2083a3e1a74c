"""The session of a browser: what it may, how it is kept from other sites, and how it ends."""

import base64
import itertools
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.access.rights import NoteSignIn
from services.gateway import sessions, sign_in
from services.gateway.repository import remove_ended
from services.gateway.tables import METADATA
from services.kit.database import create_engine
from services.kit.migrate import drift
from tests.gateway.browser import SESSION, Browser
from tests.gateway.issuer import CLIENT_ID, FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Answer, Door, opening
from tests.support import TestDatabases, eventually, rows

pytestmark = pytest.mark.database
CUSTOMER = f"{API}/customers/{CUSTOMER_ID}"
CUSTOMERS = f"{API}/customers"
KEY = {"Idempotency-Key": "k1"}
RIGHT = {
    "grant_id": str(GRANT_ID),
    "organisation": "837",
    "role": "integration_expert",
    "task": "integration_services",
    "municipality": None,
    "ends_at": None,
}
LOGOUT_EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


@pytest_asyncio.fixture(scope="session")
async def store(databases: TestDatabases) -> str:
    """A session store that all tests share; users are of each test alone."""
    return await databases.new("gateway")


@pytest_asyncio.fixture(scope="module")
async def door_with_store(store: str) -> AsyncIterator[Door]:
    claims = '{"identity_code": "nin"}'
    async with FakeIssuer() as issuer, Door(issuer, database_url=store, oidc_claims=claims) as made:
        yield made


@pytest.fixture
def door(door_with_store: Door) -> Door:
    """A gateway with a session store, of which nothing has been asked yet."""
    door_with_store.forget()
    return door_with_store


@pytest.fixture
def issuer(door: Door) -> FakeIssuer:
    """Its issuer."""
    return door.issuer


@pytest_asyncio.fixture
async def browser(door: Door) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in yet."""
    async with Browser(door) as made:
        yield made


def statements(door: Door) -> list[str]:
    """The SQL statements since the last look."""
    door.telemetry.flush()
    found = [dict(span.attributes or {}) for span in door.spans.get_finished_spans()]
    door.spans.clear()
    return [str(each["db.query.text"]) for each in found if "db.query.text" in each]


class TestSigningIn:
    async def test_the_person_lands_where_the_sign_in_began(self, browser: Browser, issuer: FakeIssuer) -> None:
        asked = await browser.begin("/docs?x=1#/session")
        answer = await browser.come_back(state=asked["state"], code=issuer.code(asked))
        assert (answer.status, answer.headers["Location"]) == (303, "/docs?x=1#/session")

    async def test_the_session_tells_who_is_signed_in_and_until_when(self, browser: Browser, door: Door) -> None:
        await browser.sign_in(sub="u-1")
        told = await browser.session()
        ends = {name: datetime.fromisoformat(told.pop(name)) for name in ("idle_ends_at", "ends_at")}
        assert len(told.pop("csrf_token")) == 43
        assert told == {
            "user": "u-1",
            "name": "Aino Virkanen",
            "acting": RIGHT,
            "rights": [RIGHT],
        }
        assert timedelta(minutes=29) < ends["idle_ends_at"] - door.clock.now() <= timedelta(minutes=30)
        assert timedelta(hours=9.9) < ends["ends_at"] - door.clock.now() <= timedelta(hours=10)

    async def test_the_user_acts_under_the_first_right_as_surely_known_as_the_issuer_says(
        self, browser: Browser, door: Door
    ) -> None:
        await browser.sign_in(sub="u-2", acr="high")
        assert (await browser.send("GET", CUSTOMER)).status == 200
        actor = door.requests.asked[0].actor
        assert (actor.user, actor.assurance, actor.organisation) == ("u-2", "high", "837")
        assert (actor.role, actor.task, actor.grant) == ("integration_expert", "integration_services", GRANT_ID)

    async def test_the_access_service_is_told_who_has_signed_in(self, browser: Browser, door: Door) -> None:
        await browser.sign_in(sub="u-3", acr="substantial")
        noted, _ = door.requests.asked_by_itself
        assert noted.request == NoteSignIn(user="u-3", name="Aino Virkanen", assurance="substantial")
        assert (noted.actor.role, bool(noted.key)) == ("service_gateway", True)

    async def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(self, browser: Browser) -> None:
        await browser.sign_in()
        cookie = browser.set_cookies[sessions.COOKIE]
        assert sessions.COOKIE.startswith("__Host-")
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "lax")
        assert (cookie["path"], cookie["domain"], cookie["max-age"], cookie["expires"]) == ("/", "", "", "")
        assert len(cookie.value) == 43

    async def test_each_sign_in_makes_a_new_session_and_ends_the_one_before(self, browser: Browser) -> None:
        await browser.sign_in()
        before = browser.cookies[sessions.COOKIE]
        await browser.sign_in()
        after = browser.cookies[sessions.COOKIE]
        assert after != before
        browser.cookies[sessions.COOKIE] = before
        assert not await browser.is_signed_in()

    async def test_a_cookie_planted_before_the_sign_in_is_worth_nothing_after_it(self, browser: Browser) -> None:
        browser.cookies[sessions.COOKIE] = planted = "A" * 43
        await browser.sign_in()
        browser.cookies[sessions.COOKIE] = planted
        assert not await browser.is_signed_in()

    async def test_a_callback_opened_again_signs_nobody_in(self, browser: Browser, issuer: FakeIssuer) -> None:
        asked = await browser.begin()
        answer = {"state": asked["state"], "code": issuer.code(asked)}
        attempt = dict(browser.cookies)
        assert (await browser.come_back(**answer)).status == 303
        assert sign_in.COOKIE not in browser.cookies
        assert (await browser.come_back(**answer)).status == 400
        browser.cookies = attempt
        assert (await browser.come_back(**answer)).status == 400  # the code is used up
        assert sessions.COOKIE not in browser.cookies

    async def test_a_sign_in_goes_on_at_another_gateway(self, browser: Browser, issuer: FakeIssuer, store: str) -> None:
        asked = await browser.begin()
        async with Door(issuer, database_url=store) as other:
            browser.door = other
            assert (await browser.come_back(state=asked["state"], code=issuer.code(asked))).status == 303
            assert await browser.is_signed_in()


class TestCookieOrBearer:
    async def test_with_both_the_bearer_counts(self, browser: Browser, door: Door, issuer: FakeIssuer) -> None:
        await browser.sign_in(sub="of-the-cookie")
        answer = await browser.send(
            "POST", CUSTOMERS, token=issuer.token(sub="of-the-token"), json=opening(), headers=KEY
        )
        assert answer.status == 201
        assert door.requests.asked[0].actor.user == "of-the-token"

    async def test_a_bearer_that_does_not_hold_is_not_made_good_by_the_cookie(self, browser: Browser) -> None:
        await browser.sign_in()
        (await browser.send("GET", CUSTOMER, token="x")).problem(401, "not-authenticated")

    @pytest.mark.parametrize("cookie", ["A" * 43, "x", "x" * 4000, "ä" * 43, "%00", "' OR 1=1"])
    async def test_a_cookie_that_names_no_session_is_refused(self, browser: Browser, cookie: str) -> None:
        browser.cookies[sessions.COOKIE] = cookie
        answer = await browser.send("GET", CUSTOMER)
        answer.problem(401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="koto"'

    async def test_a_bearer_has_no_session(self, browser: Browser, issuer: FakeIssuer) -> None:
        (await browser.send("GET", SESSION, token=issuer.token())).problem(401, "not-authenticated")

    async def test_requests_of_a_session_are_limited_like_those_of_a_bearer(
        self, issuer: FakeIssuer, store: str
    ) -> None:
        async with Door(issuer, database_url=store, rate_limit="3/hour") as door, Browser(door) as browser:
            await browser.sign_in()
            assert [(await browser.send("GET", CUSTOMER)).status for _ in range(3)] == [200, 200, 200]
            (await browser.send("GET", CUSTOMER)).problem(429, "too-many-requests")
            (await browser.send("GET", SESSION)).problem(429, "too-many-requests")


class TestOtherSites:
    async def open(self, browser: Browser, **headers: str) -> Answer:
        return await browser.send("POST", CUSTOMERS, json=opening(), headers=KEY | headers)

    async def test_a_page_of_ours_may_change_things(self, browser: Browser) -> None:
        await browser.sign_in()
        assert (await browser.write("POST", CUSTOMERS, json=opening(), headers=KEY)).status == 201

    async def test_a_change_without_the_csrf_token_is_refused(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        (await self.open(browser)).problem(403, "csrf")
        assert not door.requests.asked

    @pytest.mark.parametrize("token", ["", "x", "A" * 43, "ä"])
    async def test_a_change_with_a_wrong_csrf_token_is_refused(self, browser: Browser, door: Door, token: str) -> None:
        await browser.sign_in()
        (await self.open(browser, **{"X-CSRF-Token": token})).problem(403, "csrf")
        assert not door.requests.asked

    async def test_the_csrf_token_of_another_session_is_refused(self, browser: Browser, door: Door) -> None:
        async with Browser(door) as attacker:
            await attacker.sign_in()
            token = await attacker.csrf_token()
        await browser.sign_in()
        (await self.open(browser, **{"X-CSRF-Token": token})).problem(403, "csrf")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "https://koto.example.evil.example"},
            {"Origin": "http://koto.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
        ],
    )
    async def test_a_change_from_another_origin_is_refused_whatever_it_knows(
        self, browser: Browser, headers: dict[str, str]
    ) -> None:
        await browser.sign_in()
        (await browser.write("POST", CUSTOMERS, json=opening(), headers=KEY | headers)).problem(403, "csrf")

    async def test_a_program_that_sends_neither_origin_nor_site_needs_the_token_alone(self, browser: Browser) -> None:
        await browser.sign_in()
        assert (await self.open(browser, **{"X-CSRF-Token": await browser.csrf_token()})).status == 201

    @pytest.mark.parametrize("path", ["sign-out", "sign-out-everywhere"])
    async def test_another_site_can_sign_nobody_out(self, browser: Browser, path: str) -> None:
        await browser.sign_in()
        (await browser.send("POST", f"{SESSION}/{path}")).problem(403, "csrf")
        assert await browser.is_signed_in()

    async def test_a_refused_forgery_costs_no_statement(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        statements(door)
        await self.open(browser)
        assert statements(door) == []


class TestTime:
    async def test_a_session_in_which_nothing_is_done_ends(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        door.clock.ahead += timedelta(minutes=29, seconds=50)
        assert await browser.is_signed_in()
        door.clock.ahead += timedelta(seconds=15)
        assert not await browser.is_signed_in()
        (await browser.send("GET", CUSTOMER)).problem(401, "not-authenticated")

    async def test_use_prolongs_it(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        for _ in range(4):
            door.clock.ahead += timedelta(minutes=25)
            assert (await browser.send("GET", CUSTOMER)).status == 200

    async def test_looking_at_the_session_does_not_prolong_it(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        for _ in range(2):
            door.clock.ahead += timedelta(minutes=14)
            assert await browser.is_signed_in()
        door.clock.ahead += timedelta(minutes=3)
        assert not await browser.is_signed_in()

    async def test_it_ends_after_ten_hours_whatever_is_done(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        for _ in range(23):
            door.clock.ahead += timedelta(minutes=25)
            assert (await browser.send("GET", CUSTOMER)).status == 200
        assert datetime.fromisoformat((await browser.session())["idle_ends_at"]) <= datetime.fromisoformat(
            (await browser.session())["ends_at"]
        )
        door.clock.ahead += timedelta(minutes=26)
        (await browser.send("GET", CUSTOMER)).problem(401, "not-authenticated")

    async def test_a_request_costs_one_statement_and_writes_once_a_minute(self, browser: Browser, door: Door) -> None:
        await browser.sign_in()
        statements(door)
        for _ in range(3):
            await browser.send("GET", CUSTOMER)
        assert len(statements(door)) == 3
        assert await self.writes(browser, door) == [False, False]
        door.clock.ahead += timedelta(seconds=61)
        assert await self.writes(browser, door) == [True, False]

    async def writes(self, browser: Browser, door: Door) -> list[bool]:
        """Whether each of two requests wrote to the session's row."""
        user = (await browser.session())["user"]
        store = door.settings.database_url.get_secret_value()
        seen = "SELECT xmin::text FROM session WHERE user_id = $1"
        versions = [await rows(store, seen, user)]
        for _ in range(2):
            await browser.send("GET", CUSTOMER)
            versions.append(await rows(store, seen, user))
        return [before != after for before, after in itertools.pairwise(versions)]

    async def test_what_has_ended_is_forgotten(self, browser: Browser, door: Door, store: str) -> None:
        ended, idle, alive = uuid4().hex, uuid4().hex, uuid4().hex
        for user in (ended, idle, alive):
            await browser.sign_in(sub=user)
            browser.cookies.clear()
        await rows(store, "UPDATE session SET ends_at = now() - interval '1 s' WHERE user_id = $1", ended)
        await rows(store, "UPDATE session SET seen_at = now() - interval '31 min' WHERE user_id = $1", idle)
        engine = create_engine(door.settings)
        async with engine.begin() as connection:
            await remove_ended(connection, door.clock.now(), timedelta(minutes=30))
        await engine.dispose()
        left = await rows(store, "SELECT user_id FROM session WHERE user_id = ANY($1)", [ended, idle, alive])
        assert [row["user_id"] for row in left] == [alive]

    async def test_a_gateway_that_starts_tidies(self, browser: Browser, issuer: FakeIssuer, store: str) -> None:
        await browser.sign_in(sub=(user := uuid4().hex))
        await rows(store, "UPDATE session SET ends_at = now() - interval '1 s' WHERE user_id = $1", user)

        async def is_forgotten() -> bool:
            return not await rows(store, "SELECT FROM session WHERE user_id = $1", user)

        async with Door(issuer, database_url=store):
            await eventually(is_forgotten)


class TestSigningOut:
    async def test_it_ends_this_session_and_no_other(self, browser: Browser, door: Door) -> None:
        user = uuid4().hex
        async with Browser(door) as other:
            for each in (browser, other):
                await each.sign_in(sub=user)
            before = dict(browser.cookies)
            answer = await browser.write("POST", f"{SESSION}/sign-out")
            assert (answer.status, sessions.COOKIE in browser.cookies) == (200, False)
            browser.cookies = before
            assert not await browser.is_signed_in()
            assert await other.is_signed_in()

    async def test_everywhere_ends_all_sessions_of_the_user_at_every_gateway_at_once(
        self, browser: Browser, door: Door, issuer: FakeIssuer, store: str
    ) -> None:
        user = uuid4().hex
        async with (
            Door(issuer, database_url=store) as second,
            Browser(second) as other,
            Browser(second) as stranger,
        ):
            await browser.sign_in(sub=user)
            await other.sign_in(sub=user)
            await stranger.sign_in()
            assert (await other.send("GET", CUSTOMER)).status == 200
            assert (await browser.write("POST", f"{SESSION}/sign-out-everywhere")).status == 200
            (await other.send("GET", CUSTOMER)).problem(401, "not-authenticated")
            assert await stranger.is_signed_in()

    async def test_the_browser_is_sent_on_to_sign_out_at_the_issuer(self, store: str) -> None:
        async with FakeIssuer() as issuer, Door(issuer, database_url=store) as door, Browser(door) as browser:
            issuer.metadata = {"end_session_endpoint": f"{issuer.url}/end?x=1"}
            await browser.sign_in(sub="planted")
            answer = await browser.write("POST", f"{SESSION}/sign-out")
            query = f"client_id={CLIENT_ID}&post_logout_redirect_uri=https%3A%2F%2Fkoto.example%2Fsigned-out"
            assert answer.json == {"continue_at": f"{issuer.url}/end?x=1&{query}"}

    async def test_at_an_issuer_that_has_no_sign_out_the_browser_stays_here(self, browser: Browser) -> None:
        await browser.sign_in()
        answer = await browser.write("POST", f"{SESSION}/sign-out")
        assert answer.json == {"continue_at": "https://koto.example/signed-out"}


class TestBackChannelLogout:
    async def tell(self, door: Door, token: str) -> Answer:
        return await door.send("POST", "/back-channel-logout", token=None, data={"logout_token": token})

    def logout_token(self, issuer: FakeIssuer, **claims: Any) -> str:
        usual = {"aud": CLIENT_ID, "sub": None, "events": LOGOUT_EVENT}
        return issuer.token(**(usual | claims))

    async def test_the_issuer_ends_all_sessions_of_a_user(
        self, browser: Browser, door: Door, issuer: FakeIssuer
    ) -> None:
        async with Browser(door) as other:
            await browser.sign_in(sub=(user := uuid4().hex))
            await other.sign_in()
            assert (await self.tell(door, self.logout_token(issuer, sub=user))).status == 200
            assert not await browser.is_signed_in()
            assert await other.is_signed_in()

    @pytest.mark.parametrize("with_user", [True, False])
    async def test_the_issuer_ends_one_session(
        self, browser: Browser, door: Door, issuer: FakeIssuer, with_user: bool
    ) -> None:
        user, ended, other_id = uuid4().hex, uuid4().hex, uuid4().hex
        async with Browser(door) as other:
            await browser.sign_in(sub=user, sid=ended)
            await other.sign_in(sub=user, sid=other_id)
            token = self.logout_token(issuer, sid=ended, sub=user if with_user else None)
            assert (await self.tell(door, token)).status == 200
            assert not await browser.is_signed_in()
            assert await other.is_signed_in()

    async def test_a_session_that_the_issuer_did_not_name_ends_with_any_of_its_user(
        self, browser: Browser, door: Door, issuer: FakeIssuer
    ) -> None:
        await browser.sign_in(sub=(user := uuid4().hex))
        await self.tell(door, self.logout_token(issuer, sub=user, sid="any"))
        assert not await browser.is_signed_in()

    @pytest.mark.parametrize(
        "claims",
        [
            pytest.param({"events": None}, id="without the event"),
            pytest.param({"events": {"other": {}}}, id="of another event"),
            pytest.param({"events": [*LOGOUT_EVENT]}, id="an event of a wrong kind"),
            pytest.param({"nonce": "x"}, id="an ID token"),
            pytest.param({"sub": None}, id="of nobody"),
            pytest.param({"aud": "another"}, id="for another"),
            pytest.param({"exp": 1}, id="expired"),
            pytest.param({"iss": "https://issuer.example"}, id="of another issuer"),
        ],
    )
    async def test_a_logout_token_that_does_not_hold_ends_nothing(
        self, browser: Browser, door: Door, issuer: FakeIssuer, claims: dict[str, Any]
    ) -> None:
        await browser.sign_in(sub=(user := uuid4().hex))
        answer = await self.tell(door, self.logout_token(issuer, **({"sub": user} | claims)))
        assert (answer.status, answer.json) == (400, {"error": "invalid_request"})
        assert await browser.is_signed_in()

    @pytest.mark.parametrize("body", [b"", b"logout_token=x", b"\xff", b"{"])
    async def test_what_is_no_logout_token_is_refused(self, door: Door, body: bytes) -> None:
        answer = await door.send("POST", "/back-channel-logout", token=None, data=body)
        assert answer.status == 400


class TestStore:
    async def test_the_cookie_is_not_in_the_store(self, browser: Browser, store: str) -> None:
        await browser.sign_in(sub=(user := uuid4().hex))
        [row] = await rows(store, "SELECT t::text AS whole, id_hash FROM session t WHERE user_id = $1", user)
        cookie, csrf_token = browser.cookies[sessions.COOKIE], await browser.csrf_token()
        for secret in (cookie, csrf_token):
            assert secret not in row["whole"]
            assert secret.encode().hex() not in row["whole"]
        assert len(row["id_hash"]) == 32
        assert base64.urlsafe_b64decode(f"{csrf_token}=") != row["id_hash"], "who reads the store could change things"

    async def test_the_migrated_database_is_what_the_tables_say(self, door: Door) -> None:
        engine = create_engine(door.settings)
        async with engine.connect() as connection:
            assert await connection.run_sync(drift, METADATA) == []
        await engine.dispose()

    async def test_while_it_is_away_sessions_wait_and_bearers_go_on(self, browser: Browser, issuer: FakeIssuer) -> None:
        await browser.sign_in()
        async with Door(issuer) as without_store:
            browser.door = without_store
            answer = await browser.send("GET", CUSTOMER)
            answer.problem(503, "unavailable")
            assert answer.headers["Retry-After"] == "2"
            assert (await browser.send("GET", CUSTOMER, token=issuer.token())).status == 200
            assert (await without_store.send("GET", "/readyz", token=None)).status == 200


class TestPrivacy:
    async def test_nothing_personal_and_no_secret_is_in_any_span_metric_or_log_line(
        self, browser: Browser, door: Door, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        asked = await browser.begin("/planted-path")
        claims = {"sub": "planted-user", "name": "Planted Name", "sid": "planted-sid", "nin": "010594Y9032"}
        code, secrets = door.issuer.code(asked, **claims), [*asked.values()][3:]
        secrets += [code, browser.cookies[sign_in.COOKIE]]
        assert (await browser.come_back(state=asked["state"], code=code)).status == 303
        secrets += [browser.cookies[sessions.COOKIE], await browser.csrf_token()]
        await browser.send("GET", CUSTOMER)
        await browser.send("POST", CUSTOMERS, headers={"X-CSRF-Token": "planted-token", "Origin": "planted-origin"})
        await browser.send("GET", "/sign-in?return_to=planted")
        await browser.come_back(state=asked["state"], code=code, error="planted")
        await browser.send("POST", "/back-channel-logout", data={"logout_token": "planted"})
        asked = await browser.begin()
        await browser.come_back(state=asked["state"], code=door.issuer.code(asked, **claims | {"sub": None}))
        asked = await browser.begin()
        door.issuer.tokens_answer = (400, {"error": "planted"})
        await browser.come_back(state=asked["state"], code="planted")
        await browser.write("POST", f"{SESSION}/sign-out")
        metrics = (await browser.send("GET", "/metrics")).text

        door.telemetry.flush()
        spans = [span.to_json() for span in door.spans.get_finished_spans()]
        written = "".join(capfd.readouterr()) + caplog.text
        assert len(spans) > 15
        assert "sign_in.failed" in written
        for secret in (*secrets, "planted", "Planted", "010594Y9032"):
            assert not [span for span in spans if secret in span], secret
            assert secret not in written
            assert secret not in metrics
