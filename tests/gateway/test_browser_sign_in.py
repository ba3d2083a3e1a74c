"""Signing in with a browser: what the gateway asks of the issuer, and what it believes of the answer."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import pytest_asyncio

from contracts.access.rights import NoteSignIn
from services.gateway import sessions, sign_in
from tests.gateway.browser import Browser
from tests.gateway.issuer import CLIENT_ID, FakeIssuer, new_key
from tests.gateway.support import PUBLIC_URL, Answer, Door


@pytest.fixture
def issuer(door: Door) -> FakeIssuer:
    """The shared gateway's issuer."""
    return door.issuer


@pytest_asyncio.fixture
async def browser(door: Door) -> AsyncIterator[Browser]:
    """A browser before a gateway whose session store is away: a refused sign-in does not get as far as that."""
    async with Browser(door) as made:
        yield made


def explained(answer: Answer, status: int, heading: str) -> None:
    """The answer is a page that says this, and signs nobody in."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8"), answer
    assert f"<h1>{heading}" in answer.text, answer
    assert not [each for each in answer.headers.getall("Set-Cookie", []) if sessions.COOKIE in each]


ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}
STALE, REFUSED, AWAY = "This sign-in is too old", "The sign-in failed", "Signing in is not possible now"


async def come_back(browser: Browser, **query: str) -> Answer:
    return await browser.send("GET", f"/sign-in/callback?{urlencode(query)}", headers=ENGLISH)


async def test_the_browser_is_sent_to_the_issuer_with_a_challenge_and_random_values(
    browser: Browser, issuer: FakeIssuer
) -> None:
    answer = await browser.send("GET", "/sign-in")
    assert answer.headers["Location"].startswith(f"{issuer.url}/authorize?")
    asked = {name: value for name, [value] in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    random = {asked.pop(name) for name in ("state", "nonce", "code_challenge")}
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{PUBLIC_URL}/sign-in/callback",
        "scope": "openid profile",
        "code_challenge_method": "S256",
    }
    again = await browser.begin()
    assert not random & set(again.values())


async def test_the_cookie_of_an_attempt_tells_nothing_and_ends_soon(browser: Browser) -> None:
    asked = await browser.begin("/planted")
    cookie = browser.set_cookies[sign_in.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "lax", "600")
    assert not [each for each in (asked["state"], asked["nonce"], "planted", "verifier") if each in cookie.value]


@pytest.mark.parametrize(
    "return_to",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "/ä",
        "",
        f"/{'x' * 1000}",
    ],
)
async def test_only_a_path_of_this_origin_may_be_returned_to(browser: Browser, return_to: str) -> None:
    answer = await browser.send("GET", f"/sign-in?{urlencode({'return_to': return_to})}", headers=ENGLISH)
    explained(answer, 400, "The address is wrong")
    assert "evil" not in answer.text
    assert not browser.cookies


async def test_a_state_that_was_never_given_out_is_refused(browser: Browser, issuer: FakeIssuer) -> None:
    asked = await browser.begin()
    for state in ("7b0a2cbe-22a0-4f04-b0f5-6a2f4ad8a0f7", "planted", ""):
        explained(await come_back(browser, state=state, code=issuer.code(asked)), 400, STALE)
    assert issuer.redeemed == 0


async def test_a_code_that_another_browser_was_given_is_refused(
    browser: Browser, door: Door, issuer: FakeIssuer
) -> None:
    async with Browser(door) as attacker:
        theirs = await attacker.begin()
    code = issuer.code(theirs)
    explained(await come_back(browser, state=theirs["state"], code=code), 400, STALE)
    await browser.begin()
    explained(await come_back(browser, state=theirs["state"], code=code), 400, STALE)
    assert issuer.redeemed == 0


async def test_an_attempt_that_took_too_long_is_refused(browser: Browser, door: Door, issuer: FakeIssuer) -> None:
    asked = await browser.begin()
    door.clock.ahead += timedelta(minutes=10, seconds=1)
    explained(await come_back(browser, state=asked["state"], code=issuer.code(asked)), 400, STALE)
    assert issuer.redeemed == 0


async def test_a_code_is_good_once(browser: Browser, issuer: FakeIssuer) -> None:
    asked = await browser.begin()
    answer = {"state": asked["state"], "code": issuer.code(asked)}
    explained(await come_back(browser, **answer), 503, AWAY)  # the store is away, the code is used up
    explained(await come_back(browser, **answer), 400, STALE)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"nonce": "another"}, id="another nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"aud": "another"}, id="for another audience"),
        pytest.param({"aud": [CLIENT_ID, "another"], "azp": "another"}, id="given to another"),
        pytest.param({"iss": "https://issuer.example"}, id="of another issuer"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"key": new_key()}, id="signed by a stranger"),
    ],
)
async def test_an_id_token_that_does_not_hold_signs_nobody_in(
    browser: Browser, issuer: FakeIssuer, claims: dict[str, Any]
) -> None:
    asked = await browser.begin()
    explained(await come_back(browser, state=asked["state"], code=issuer.code(asked, **claims)), 502, REFUSED)


async def test_who_holds_no_right_is_known_from_then_on_and_told_whom_to_ask(
    browser: Browser, door: Door, issuer: FakeIssuer
) -> None:
    door.requests.grants("nobody-yet")
    asked = await browser.begin()
    answer = await come_back(browser, state=asked["state"], code=issuer.code(asked, sub="nobody-yet"))
    explained(answer, 403, "Your account has no rights in Koto")
    assert NoteSignIn in {type(each.request) for each in door.requests.asked_by_itself}


async def test_an_id_token_that_names_no_user_signs_nobody_in(browser: Browser, issuer: FakeIssuer) -> None:
    asked = await browser.begin()
    answer = await come_back(browser, state=asked["state"], code=issuer.code(asked, sub=None))
    explained(answer, 403, "Your account has no rights in Koto")


async def test_while_the_rights_can_not_be_asked_for_the_person_is_told_to_try_again(
    browser: Browser, door: Door, issuer: FakeIssuer
) -> None:
    door.requests.access_answers = False
    asked = await browser.begin()
    explained(await come_back(browser, state=asked["state"], code=issuer.code(asked)), 503, AWAY)


async def test_who_stops_the_sign_in_at_the_issuer_is_told_how_to_go_on(browser: Browser) -> None:
    asked = await browser.begin("/customers?page=2")
    answer = await come_back(browser, state=asked["state"], error="access_denied", error_description="<b>planted")
    explained(answer, 403, "You are not signed in")
    assert 'href="/sign-in?return_to=%2Fcustomers%3Fpage%3D2"' in answer.text
    assert "planted" not in answer.text


async def test_an_answer_that_names_another_issuer_is_refused(browser: Browser, issuer: FakeIssuer) -> None:
    asked = await browser.begin()
    answer = {"state": asked["state"], "code": issuer.code(asked), "iss": "https://issuer.example"}
    explained(await come_back(browser, **answer), 502, REFUSED)
    assert issuer.redeemed == 0


async def test_an_issuer_that_says_it_names_itself_must_do_so() -> None:
    async with FakeIssuer() as issuer, Door(issuer) as door, Browser(door) as browser:
        issuer.metadata = {"authorization_response_iss_parameter_supported": True}
        asked = await browser.begin()
        answer = {"state": asked["state"], "code": issuer.code(asked)}
        explained(await come_back(browser, **answer), 502, REFUSED)
        explained(await come_back(browser, **answer, iss=issuer.url), 503, AWAY)  # as far as the store


@pytest.mark.parametrize(
    ("status", "body", "shown", "heading"),
    [
        (401, {"error": "invalid_client"}, 502, REFUSED),
        (400, {"error": "planted"}, 502, REFUSED),
        (200, {"access_token": "x"}, 502, REFUSED),
        (200, ["odd"], 502, REFUSED),
        (200, {"id_token": "planted"}, 502, REFUSED),
        (302, {}, 502, REFUSED),
        (500, {}, 503, AWAY),
    ],
)
async def test_an_issuer_that_gives_no_token_signs_nobody_in(
    browser: Browser, issuer: FakeIssuer, status: int, body: Any, shown: int, heading: str
) -> None:
    asked = await browser.begin()
    issuer.tokens_answer = (status, body)
    explained(await come_back(browser, state=asked["state"], code="any"), shown, heading)


async def test_while_the_issuer_is_away_the_person_is_told_to_try_again() -> None:
    async with FakeIssuer() as issuer, Door(issuer) as door, Browser(door) as browser:
        await issuer.stop()
        answer = await browser.send("GET", "/sign-in", headers=ENGLISH)
        explained(answer, 503, AWAY)
        assert answer.headers["Retry-After"] == "5"


async def test_an_issuer_that_goes_away_amid_a_sign_in_signs_nobody_in() -> None:
    async with FakeIssuer() as issuer, Door(issuer) as door, Browser(door) as browser:
        asked = await browser.begin()
        await issuer.stop()
        explained(await come_back(browser, state=asked["state"], code="any"), 503, AWAY)


async def test_while_the_store_is_away_the_person_is_told_to_try_again(browser: Browser, issuer: FakeIssuer) -> None:
    asked = await browser.begin()
    answer = await come_back(browser, state=asked["state"], code=issuer.code(asked))
    explained(answer, 503, AWAY)
    assert answer.headers["Retry-After"] == "5"


async def test_too_many_sign_ins_are_put_off(issuer: FakeIssuer) -> None:
    async with Door(issuer, sign_in_rate_limit="2/hour") as door, Browser(door) as browser:
        for _ in range(2):
            await browser.begin()
        answer = await browser.send("GET", "/sign-in", headers=ENGLISH)
        explained(answer, 429, "Too many sign-ins")
        assert 3500 < int(answer.headers["Retry-After"]) <= 3600
        assert (await browser.send("GET", "/healthz")).status == 200


async def test_a_defect_is_told_by_a_page_too(browser: Browser, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.gateway.app.state.sign_in, "_issuer", None)
    answer = await browser.send("GET", "/sign-in", headers=ENGLISH)
    explained(answer, 500, REFUSED)
    assert answer.headers["Trace-Id"] in answer.text


@pytest.mark.parametrize(
    ("accepted", "language", "heading"),
    [
        ("", "fi", "Kirjautuminen on vanhentunut"),
        ("so, ar;q=0.5", "fi", "Kirjautuminen on vanhentunut"),
        ("sv-FI,sv;q=0.9,fi;q=0.8", "sv", "Inloggningen är för gammal"),
        ("en;q=0.5, fi;q=0.9", "fi", "Kirjautuminen on vanhentunut"),
        ("de, en;q=0.1, fi;q=0, sv;q=odd", "en", STALE),
    ],
)
async def test_pages_speak_the_language_that_the_browser_asks_for(
    browser: Browser, accepted: str, language: str, heading: str
) -> None:
    answer = await browser.send("GET", "/sign-in/callback", headers={"Accept-Language": accepted})
    explained(answer, 400, heading)
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Content-Language"] == language


async def test_a_page_needs_no_script_and_nothing_from_elsewhere(browser: Browser) -> None:
    answer = await browser.send("GET", "/signed-out", headers=ENGLISH)
    explained(answer, 200, "You are signed out")
    assert "<script" not in answer.text
    assert set(re.findall(r'(?:src|href)="([^"]*)"', answer.text)) == {"/sign-in", "data:,"}
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
