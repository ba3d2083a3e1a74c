"""Under which right a user acts, how fresh that is, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from contracts.access.rights import (
    RIGHTS_HEARTBEAT,
    EmergencyHold,
    GetUserRights,
    RightsHeartbeat,
    UserRights,
)
from contracts.customer.search import FindOwnRecord
from services.gateway.rights import _MOST_KNOWN, KeptRights
from services.kit.actor import Actor
from services.kit.clock import SystemClock
from tests.gateway.browser import SESSION, Browser
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Answer, Door, FakeRequests, grant
from tests.support import TestDatabases, eventually, rows

CUSTOMER = f"{API}/customers/{CUSTOMER_ID}"
OTHER, THIRD, CLIENT, COLLEAGUE = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
IDENTITY_CODE = "010594Y9032"


@pytest.fixture
def user() -> str:
    """A user of the test's own."""
    return str(uuid4())


class Bearer:
    """A program with one user's token, before a door."""

    def __init__(self, door: Door, user: str, **claims: Any) -> None:
        self.door = door
        self.token = door.issuer.token(sub=user, **claims)

    async def read(self, **headers: str) -> Answer:
        """Reads a customer."""
        return await self.door.send(
            "GET",
            CUSTOMER,
            token=self.token,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def acts_as(self, **headers: str) -> Actor:
        """Reads a customer, and tells as whom; fails when that is refused."""
        assert (await self.read(**headers)).status == 200
        actor: Actor = self.door.requests.asked[-1].actor
        return actor


@pytest.fixture
def bearer(door: Door, user: str) -> Bearer:
    return Bearer(door, user)


def fetches(door: Door) -> int:
    """How often the gateway has asked for rights."""
    return sum(isinstance(each.request, GetUserRights) for each in door.requests.asked_by_itself)


class TestTheRight:
    async def test_all_that_limits_it_travels_to_the_services(self, door: Door, bearer: Bearer, user: str) -> None:
        limited = grant(
            organisation="06",
            role="county_worker",
            task="participation",
            municipality="837",
            customers=(CLIENT,),
            data=("identity", "assessment"),
            powers=("personal_safety",),
            emergency=(
                EmergencyHold(customer_id=OTHER, ends_at=door.clock.now() + timedelta(hours=1)),
                EmergencyHold(customer_id=THIRD, ends_at=door.clock.now() - timedelta(seconds=1)),
            ),
        )
        door.requests.grants(user, limited, withheld=(COLLEAGUE,), own_record=CUSTOMER_ID)
        actor = await bearer.acts_as(Koto_Purpose="initial_assessment")
        assert actor == Actor(
            user=user,
            organisation="06",
            role="county_worker",
            task="participation",
            purpose="initial_assessment",
            grant=GRANT_ID,
            granted_by="837",
            customers=(CLIENT,),
            data=("identity", "assessment"),
            powers=("personal_safety",),
            withheld=(COLLEAGUE,),
            emergency=(OTHER,),
            own_record=CUSTOMER_ID,
            rights_as_of=actor.rights_as_of,
        )

    async def test_a_right_in_the_own_municipality_is_granted_by_nobody_else(self, bearer: Bearer) -> None:
        assert (await bearer.acts_as()).granted_by == ""

    async def test_the_first_is_taken_where_none_is_named(self, door: Door, bearer: Bearer, user: str) -> None:
        door.requests.grants(user, grant(OTHER, role="supervisor"), grant())
        assert (await bearer.acts_as()).grant == OTHER

    async def test_a_request_may_name_another(self, door: Door, bearer: Bearer, user: str) -> None:
        door.requests.grants(user, grant(OTHER, role="supervisor"), grant())
        assert (await bearer.acts_as(Koto_Grant=str(GRANT_ID))).role == "integration_expert"

    async def test_one_that_the_user_does_not_hold_is_refused(self, door: Door, bearer: Bearer) -> None:
        (await bearer.read(Koto_Grant=str(OTHER))).problem(403, "choose-right")
        assert not door.requests.asked

    async def test_one_that_has_not_begun_is_not_used(self, door: Door, bearer: Bearer, user: str) -> None:
        door.requests.grants(user, grant(starts_at=datetime.now(UTC) + timedelta(minutes=10)))
        (await bearer.read()).problem(403, "no-rights")
        door.clock.ahead += timedelta(minutes=10)
        assert (await bearer.read()).status == 200
        assert fetches(door) == 1

    async def test_one_that_has_ended_is_not_used_though_no_news_came(
        self, door: Door, bearer: Bearer, user: str
    ) -> None:
        door.requests.grants(user, grant(ends_at=datetime.now(UTC) + timedelta(minutes=1)))
        assert (await bearer.read()).status == 200
        door.clock.ahead += timedelta(minutes=1)
        (await bearer.read()).problem(403, "no-rights")
        assert fetches(door) == 1

    async def test_who_holds_none_is_told_whom_to_ask(self, door: Door, bearer: Bearer, user: str) -> None:
        door.requests.grants(user)
        problem = (await bearer.read()).problem(403, "no-rights")
        assert "grants rights" in problem["detail"]
        assert not door.requests.asked

    @pytest.mark.parametrize(
        ("header", "value"),
        [("Koto-Grant", "planted"), ("Koto-Grant", ""), ("Koto-Purpose", "to plant"), ("Koto-Purpose", "x" * 65)],
    )
    async def test_a_header_of_a_wrong_form_is_refused_by_name(
        self, door: Door, bearer: Bearer, header: str, value: str
    ) -> None:
        answer = await door.send("GET", CUSTOMER, token=bearer.token, headers={header: value})
        assert header in answer.problem(400, "malformed-request")["detail"]
        assert not value or value not in answer.text

    @pytest.mark.parametrize("purpose", ["curiosity", "log_investigation", "own_data", "emergency"])
    async def test_a_purpose_that_is_on_no_list_or_not_the_caller_s_to_state_is_refused(
        self, door: Door, bearer: Bearer, purpose: str
    ) -> None:
        problem = (await bearer.read(Koto_Purpose=purpose)).problem(400, "malformed-request")
        assert "Koto-Purpose" in problem["detail"]
        assert not door.requests.asked

    async def test_a_token_reads_which_rights_it_may_name(self, door: Door, bearer: Bearer, user: str) -> None:
        door.requests.grants(user, grant(OTHER, role="supervisor"), grant())
        told = (await door.send("GET", f"{API}/rights", token=bearer.token)).json["rights"]
        assert [(each["grant_id"], each["role"]) for each in told] == [
            (str(OTHER), "supervisor"),
            (str(GRANT_ID), "integration_expert"),
        ]
        assert "/api/v1/rights" in (await bearer.read(Koto_Grant=str(uuid4()))).problem(403, "choose-right")["detail"]

    async def test_code_lists_are_for_whoever_is_known(self, door: Door, bearer: Bearer, user: str) -> None:
        door.requests.grants(user)
        assert (await door.send("GET", f"{API}/code-lists", token=bearer.token)).status == 200

    def test_every_operation_that_asks_a_service_documents_both_headers(self, shared_door: Door) -> None:
        for path, operations in shared_door.document["paths"].items():
            for operation in operations.values():
                named = {each["name"]: each["required"] for each in operation.get("parameters", ())}
                expected = path.partition("/api/v1/")[2].split("/")[0] not in ("session", "code-lists", "law", "rights")
                assert ("Koto-Grant" in named, "Koto-Purpose" in named) == (expected, expected), path
                assert not named.get("Koto-Grant")


class TestKeeping:
    async def test_rights_are_asked_for_once(self, door: Door, bearer: Bearer) -> None:
        for _ in range(3):
            await bearer.read()
        assert fetches(door) == 1

    async def test_many_requests_at_once_ask_once(self, door: Door, bearer: Bearer) -> None:
        await asyncio.gather(*(bearer.read() for _ in range(10)))
        assert fetches(door) == 1

    async def test_news_of_a_user_s_rights_makes_them_asked_for_anew(
        self, door: Door, bearer: Bearer, user: str
    ) -> None:
        assert (await bearer.read()).status == 200
        door.requests.grants(user)
        door.rights_changed(user)
        (await bearer.read()).problem(403, "no-rights")

    async def test_news_of_another_user_costs_nothing(self, door: Door, bearer: Bearer) -> None:
        await bearer.read()
        door.rights_changed("another")
        await bearer.read()
        assert fetches(door) == 1

    async def test_what_was_asked_before_the_news_is_believed_by_nobody(self, door: Door, user: str) -> None:
        answering = asyncio.Event()

        class Slow(FakeRequests):
            async def _answer_the_gateway(self, request: Any) -> Any:
                reply = await super()._answer_the_gateway(request)  # as it is now
                if isinstance(request, GetUserRights):
                    await answering.wait()
                return reply

        async with Door(door.issuer, requests := Slow()) as slow:
            reading = asyncio.create_task(Bearer(slow, user).read())

            async def is_asked() -> bool:
                return fetches(slow) == 1

            await eventually(is_asked)
            requests.grants(user)
            slow.rights_changed(user)
            answering.set()
            (await reading).problem(403, "no-rights")

    async def test_when_news_was_missed_everything_is_asked_for_anew(self, door: Door, bearer: Bearer) -> None:
        await bearer.read()
        door.gateway.app.state.rights.begin()
        await bearer.read()
        assert fetches(door) == 2

    @pytest.mark.parametrize("key", ["access.rights_changed.v1", RIGHTS_HEARTBEAT])
    @pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"data": {"user": "planted"}}'])
    async def test_news_that_can_not_be_read_may_be_of_anybody(
        self, door: Door, bearer: Bearer, key: str, body: bytes, capfd: pytest.CaptureFixture[str]
    ) -> None:
        await bearer.read()
        door.gateway.app.state.rights.hear(SimpleNamespace(routing_key=key, body=body))
        await bearer.read()
        assert fetches(door) == 2
        said = "".join(capfd.readouterr())
        assert "rights.news_not_read" in said
        assert "planted" not in said

    async def test_of_users_who_are_not_there_no_more_than_so_many_are_remembered(self, user: str) -> None:
        kept = KeptRights(FakeRequests(), SystemClock())  # type: ignore[arg-type]
        kept._known = {str(number): UserRights(user=str(number), grants=()) for number in range(_MOST_KNOWN)}
        await kept.held(user, "")
        assert len(kept._known) == _MOST_KNOWN
        assert user in kept._known


class TestFreshness:
    async def test_the_token_tells_up_to_when_the_news_is_known(self, door: Door, bearer: Bearer) -> None:
        door.hear(RightsHeartbeat(as_of=(as_of := door.clock.now())))
        assert (await bearer.acts_as()).rights_as_of == as_of
        door.clock.ahead += timedelta(minutes=5)
        assert (await bearer.acts_as()).rights_as_of == as_of

    async def test_an_older_heartbeat_takes_nothing_back(self, door: Door, bearer: Bearer) -> None:
        door.hear(RightsHeartbeat(as_of=(as_of := door.clock.now())))
        door.hear(RightsHeartbeat(as_of=as_of - timedelta(seconds=1)))
        assert (await bearer.acts_as()).rights_as_of == as_of

    async def test_a_heartbeat_from_the_future_is_of_now(self, issuer: FakeIssuer, user: str) -> None:
        async with Door(issuer) as door:
            door.hear(RightsHeartbeat(as_of=door.clock.now() + timedelta(days=1)))
            as_of = (await Bearer(door, user).acts_as()).rights_as_of
            assert as_of
            assert as_of <= datetime.now(UTC)

    async def test_before_any_heartbeat_rights_are_not_taken_for_fresh(self, issuer: FakeIssuer, user: str) -> None:
        async with Door(issuer) as door:
            door.gateway.app.state.rights._as_of = datetime.fromtimestamp(0, UTC)
            as_of = (await Bearer(door, user).acts_as()).rights_as_of
            assert as_of
            assert as_of.year == 1970

    async def test_while_the_access_service_is_away_known_users_go_on_and_others_come_again(
        self, door: Door, bearer: Bearer
    ) -> None:
        assert (await bearer.read()).status == 200
        door.requests.access_answers = False
        assert (await bearer.read()).status == 200
        answer = await door.send("GET", CUSTOMER)
        answer.problem(503, "unavailable")
        assert answer.headers["Retry-After"] == "2"

    async def test_who_could_not_be_asked_about_is_asked_about_again(self, door: Door, bearer: Bearer) -> None:
        door.requests.access_answers = False
        assert (await bearer.read()).status == 503
        door.requests.access_answers = True
        assert (await bearer.read()).status == 200


class TestOwnData:
    async def test_a_bearer_without_a_granted_right_acts_as_the_customer_that_the_user_is(
        self, door: Door, user: str
    ) -> None:
        door.requests.grants(user, withheld=(CLIENT,), own_record=CLIENT)
        actor = await Bearer(door, user, acr="substantial").acts_as()
        assert (actor.role, actor.organisation, actor.task) == ("customer", "customer", "own_matters")
        assert (actor.own_record, actor.grant, actor.withheld) == (CLIENT, None, ())

    @pytest.mark.parametrize("acr", [None, "low", "urn:password"])
    async def test_that_takes_strong_identification(self, door: Door, user: str, acr: str | None) -> None:
        door.requests.grants(user, own_record=CLIENT)
        (await Bearer(door, user, acr=acr).read()).problem(403, "no-rights")

    async def test_an_official_acts_under_the_granted_right(self, door: Door, user: str) -> None:
        door.requests.grants(user, grant(), own_record=CLIENT)
        actor = await Bearer(door, user, acr="high").acts_as()
        assert (actor.role, actor.own_record) == ("integration_expert", CLIENT)


@pytest_asyncio.fixture(scope="module")
async def door_with_store(databases: TestDatabases) -> AsyncIterator[Door]:
    """A gateway with a session store, whose issuer tells identity codes."""
    store, claims = await databases.new("gateway"), '{"identity_code": "nin"}'
    async with FakeIssuer() as issuer, Door(issuer, database_url=store, oidc_claims=claims) as made:
        yield made


@pytest.mark.database
class TestSessions:
    @pytest.fixture
    def door(self, door_with_store: Door) -> Door:
        door_with_store.forget()
        return door_with_store

    @pytest_asyncio.fixture
    async def browser(self, door: Door) -> AsyncIterator[Browser]:
        async with Browser(door) as made:
            yield made

    async def act(self, browser: Browser, grant_id: UUID | None, **more: Any) -> Answer:
        body = {"grant_id": grant_id and str(grant_id)}
        return await browser.write("POST", f"{SESSION}/act", json=body, **more)

    async def acts_as(self, browser: Browser, **headers: str) -> Actor:
        answer = await browser.send("GET", CUSTOMER, headers=headers)
        assert answer.status == 200, answer
        actor: Actor = browser.door.requests.asked[-1].actor
        return actor

    async def test_the_session_tells_all_rights_in_force_and_the_one_acted_under(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        ends_at = datetime(2100, 1, 1, tzinfo=UTC)
        later = grant(THIRD, starts_at=ends_at)
        door.requests.grants(user, grant(OTHER, role="supervisor", ends_at=ends_at), later, grant(organisation="091"))
        await browser.sign_in(sub=user)
        told = await browser.session()
        assert [each["grant_id"] for each in told["rights"]] == [str(OTHER), str(GRANT_ID)]
        assert told["acting"] == told["rights"][0]
        assert (told["acting"]["role"], told["acting"]["ends_at"]) == ("supervisor", "2100-01-01T00:00:00Z")

    async def test_the_user_changes_to_another_right_and_stays_with_it(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        door.requests.grants(user, grant(), grant(OTHER, role="supervisor"))
        await browser.sign_in(sub=user)
        assert (await self.acts_as(browser)).role == "integration_expert"
        answer = await self.act(browser, OTHER)
        assert (answer.status, answer.json["acting"]["role"]) == (200, "supervisor")
        assert (await self.acts_as(browser)).role == "supervisor"
        assert (await browser.session())["acting"]["grant_id"] == str(OTHER)

    async def test_another_browser_of_the_user_acts_on_as_before(self, browser: Browser, door: Door, user: str) -> None:
        door.requests.grants(user, grant(), grant(OTHER, role="supervisor"))
        async with Browser(door) as elsewhere:
            await elsewhere.sign_in(sub=user)
            await browser.sign_in(sub=user)
            await self.act(browser, OTHER)
            assert (await self.acts_as(elsewhere)).role == "integration_expert"

    async def test_a_request_of_a_session_may_name_another_right_too(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        door.requests.grants(user, grant(), grant(OTHER, role="supervisor"))
        await browser.sign_in(sub=user)
        assert (await self.acts_as(browser, **{"Koto-Grant": str(OTHER)})).role == "supervisor"
        assert (await self.acts_as(browser)).role == "integration_expert"

    @pytest.mark.parametrize("grant_id", [OTHER, None])
    async def test_a_right_that_is_not_in_force_can_not_be_chosen(
        self, browser: Browser, door: Door, user: str, grant_id: UUID | None
    ) -> None:
        await browser.sign_in(sub=user)
        problem = (await self.act(browser, grant_id)).problem(422, "invalid-input")
        assert [(each["pointer"], each["rule"]) for each in problem["errors"]] == [("/grant_id", "not_in_force")]
        assert (await self.acts_as(browser)).grant == GRANT_ID

    @pytest.mark.parametrize("body", [{}, {"grant_id": "planted"}, {"grant_id": str(GRANT_ID), "role": "supervisor"}])
    async def test_a_choice_of_a_wrong_form_is_refused_by_field(self, browser: Browser, user: str, body: Any) -> None:
        await browser.sign_in(sub=user)
        answer = await browser.write("POST", f"{SESSION}/act", json=body)
        assert answer.problem(422, "invalid-input")["errors"]
        assert "planted" not in answer.text

    async def test_another_site_can_change_nobody_s_right(self, browser: Browser, door: Door, user: str) -> None:
        door.requests.grants(user, grant(), grant(OTHER, role="supervisor"))
        await browser.sign_in(sub=user)
        (await self.act(browser, OTHER, headers={"X-CSRF-Token": "x"})).problem(403, "csrf")
        (await self.act(browser, OTHER, headers={"Origin": "https://evil.example"})).problem(403, "csrf")
        assert (await self.acts_as(browser)).grant == GRANT_ID

    async def test_when_the_right_has_ended_the_only_one_left_is_taken(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        door.requests.grants(user, grant(), grant(OTHER, role="supervisor"))
        await browser.sign_in(sub=user)
        door.requests.grants(user, grant(OTHER, role="supervisor"))
        door.rights_changed(user)
        assert (await self.acts_as(browser)).role == "supervisor"
        assert (await browser.session())["acting"]["role"] == "supervisor"

    async def test_when_the_right_has_ended_and_several_are_left_the_user_chooses(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        door.requests.grants(user, grant(), grant(OTHER, role="supervisor"), grant(THIRD, organisation="091"))
        await browser.sign_in(sub=user)
        door.requests.grants(user, grant(OTHER, role="supervisor"), grant(THIRD, organisation="091"))
        door.rights_changed(user)
        (await browser.send("GET", CUSTOMER)).problem(403, "choose-right")
        assert (await browser.session())["acting"] is None
        assert (await self.act(browser, THIRD)).status == 200
        assert (await self.acts_as(browser)).organisation == "091"

    async def test_when_all_rights_have_ended_the_session_says_so_and_can_still_be_left(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        await browser.sign_in(sub=user)
        door.requests.grants(user)
        door.rights_changed(user)
        (await browser.send("GET", CUSTOMER)).problem(403, "no-rights")
        told = await browser.session()
        assert (told["acting"], told["rights"]) == (None, [])
        assert (await browser.write("POST", f"{SESSION}/sign-out")).status == 200

    async def test_a_session_opened_before_rights_were_chosen_takes_the_only_one(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        await browser.sign_in(sub=user)
        store = door.settings.database_url.get_secret_value()
        await rows(store, "UPDATE session SET grant_id = NULL WHERE user_id = $1", user)
        assert (await self.acts_as(browser)).grant == GRANT_ID

    async def test_a_customer_who_signs_in_acts_as_himself(self, browser: Browser, door: Door, user: str) -> None:
        door.requests.grants(user)
        door.requests.customers[IDENTITY_CODE] = CLIENT
        await browser.sign_in(sub=user, nin=IDENTITY_CODE, acr="http://ftn.ficora.fi/2017/loa2")
        actor = await self.acts_as(browser)
        assert (actor.role, actor.own_record, actor.assurance) == ("customer", CLIENT, "substantial")
        told = await browser.session()
        assert told["rights"] == [told["acting"]]
        assert (told["acting"]["grant_id"], told["acting"]["role"]) == (None, "customer")

    async def test_whom_a_sign_in_shows_to_be_a_customer_is_that_at_every_door_at_once(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        program = Bearer(door, user)
        assert (await program.acts_as()).own_record is None
        door.requests.customers[IDENTITY_CODE] = CLIENT
        await browser.sign_in(sub=user, nin=IDENTITY_CODE)
        assert (await program.acts_as()).own_record == CLIENT

    async def test_an_official_who_is_a_customer_may_choose_to_be_that(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        door.requests.customers[IDENTITY_CODE] = CLIENT
        await browser.sign_in(sub=user, nin=IDENTITY_CODE, acr="high")
        official = await self.acts_as(browser)
        assert (official.role, official.own_record) == ("integration_expert", CLIENT)
        assert (await self.act(browser, None)).json["acting"]["role"] == "customer"
        assert (await self.acts_as(browser)).role == "customer"

    async def test_whose_granted_rights_have_all_ended_is_not_made_a_customer_unasked(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        door.requests.customers[IDENTITY_CODE] = CLIENT
        await browser.sign_in(sub=user, nin=IDENTITY_CODE, acr="high")
        door.requests.grants(user, own_record=CLIENT)
        door.rights_changed(user)
        (await browser.send("GET", CUSTOMER)).problem(403, "choose-right")

    async def test_the_identity_code_is_asked_about_and_kept_nowhere(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        await browser.sign_in(sub=user, nin=IDENTITY_CODE)
        found, noted, _ = door.requests.asked_by_itself
        assert found.request == FindOwnRecord(personal_identity_code=IDENTITY_CODE)
        assert IDENTITY_CODE not in repr(noted.request)
        store = door.settings.database_url.get_secret_value()
        [row] = await rows(store, "SELECT t::text AS whole FROM session t WHERE user_id = $1", user)
        assert IDENTITY_CODE not in row["whole"]

    async def test_another_country_s_identity_code_is_nobody_s_here(
        self, browser: Browser, door: Door, user: str
    ) -> None:
        await browser.sign_in(sub=user, nin="SE/FI/197010632391")
        assert FindOwnRecord not in {type(each.request) for each in door.requests.asked_by_itself}
        assert (await self.acts_as(browser)).own_record is None
