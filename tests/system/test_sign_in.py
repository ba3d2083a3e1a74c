"""A person signs in to the whole house with a browser, works, and signs out."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from yarl import URL

from tests.gateway.support import API
from tests.system.conftest import EXPERT, WholeHouse

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]


async def test_a_person_signs_in_opens_a_customer_and_signs_out(
    whole_house: WholeHouse, person: dict[str, Any]
) -> None:
    gateway = whole_house.stack.gateway_url
    # as browsers do: this machine's own addresses count as secure, though they are plain HTTP
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=URL(gateway))
    async with aiohttp.ClientSession(gateway, cookie_jar=jar) as browser:
        async with browser.get("/sign-in") as form:
            assert str(form.url).startswith(whole_house.stack.issuer_url)
        async with browser.post(form.url, data={"sub": EXPERT}) as landed:
            assert (str(landed.url), landed.status) == (f"{gateway}/docs", HTTPStatus.OK)
        async with browser.get(f"{API}/session") as answer:
            token = {"X-CSRF-Token": (await answer.json())["csrf_token"]}

        key = {"Idempotency-Key": str(uuid4())}
        async with browser.post(
            f"{API}/customers", json={"person": person, "arrival": "moved"}, headers=token | key
        ) as opened:
            assert opened.status == HTTPStatus.CREATED
        found = await whole_house.send("GET", opened.headers["Location"])
        assert found.json["person"]["name"]["family"] == person["name"]["family"]

        async with browser.post(f"{API}/session/sign-out", headers=token) as left:
            assert (await left.json())["continue_at"].startswith(whole_house.stack.issuer_url)
        async with browser.get(opened.headers["Location"]) as refused:
            assert refused.status == HTTPStatus.UNAUTHORIZED
