"""A browser, as far as signing in goes: it keeps cookies, follows redirects and fills in forms."""

from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp

from services.gateway.sessions import COOKIE
from tests.gateway.support import API, PUBLIC_URL, Answer, Door

SESSION = f"{API}/session"


@dataclass
class Page:
    """Where the browser is, and what it shows."""

    url: str
    answer: Answer


class Browser:
    """A browser before a door, which it reaches at PUBLIC_URL as through a proxy that ends TLS."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.cookies: dict[str, str] = {}
        self.set_cookies: dict[str, Morsel[str]] = {}
        self._outside = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._outside.close()

    async def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        """Sends to the gateway, with its cookies."""
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        more = {"token": None, "allow_redirects": False} | more
        answer = await self.door.send(method, path, headers=cookies | (headers or {}), **more)
        for each in answer.headers.getall("Set-Cookie", []):
            self._keep(SimpleCookie(each))
        return answer

    async def write(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        """Sends as a page of ours does: with the CSRF token, and what browsers add by themselves."""
        shown = {"X-CSRF-Token": await self.csrf_token(), "Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}
        return await self.send(method, path, headers=shown | (headers or {}), **more)

    async def session(self) -> Any:
        """The session; fails when there is none."""
        answer = await self.send("GET", SESSION)
        assert answer.status == 200, answer
        return answer.json

    async def csrf_token(self) -> str:
        """The session's."""
        return str((await self.session())["csrf_token"])

    async def is_signed_in(self) -> bool:
        """Whether the gateway knows the session that the browser's cookie names."""
        answer = await self.send("GET", SESSION)
        assert answer.status in (200, 401), answer
        return answer.status == 200

    async def begin(self, return_to: str = "/docs") -> dict[str, str]:
        """Begins to sign in, and returns what the issuer is asked."""
        answer = await self.send("GET", f"/sign-in?{urlencode({'return_to': return_to})}")
        assert answer.status == 303, answer
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    async def come_back(self, **query: str) -> Answer:
        """Comes back from the issuer."""
        return await self.send("GET", f"/sign-in/callback?{urlencode(query)}")

    async def sign_in(self, **claims: Any) -> Answer:
        """Signs in as a new user, at the issuer that tests command."""
        asked = await self.begin()
        answer = await self.come_back(state=asked["state"], code=self.door.issuer.code(asked, **claims))
        assert (answer.status, COOKIE in self.cookies) == (303, True), answer
        return answer

    async def visit(self, url: str) -> Page:
        """Goes to an address, and on wherever it is sent."""
        return await self._go("GET", urljoin(PUBLIC_URL, url))

    async def submit(self, page: Page, **fields: str) -> Page:
        """Fills in the first form of a page and sends it."""
        form = _Form(page.answer.text)
        return await self._go("POST", urljoin(page.url, form.action), form.fields | fields)

    async def _go(self, method: str, url: str, form: dict[str, str] | None = None) -> Page:
        for _ in range(10):
            if url.startswith(PUBLIC_URL):
                answer = await self.send(method, url.removeprefix(PUBLIC_URL))
            else:
                async with self._outside.request(method, url, data=form, allow_redirects=False) as response:
                    answer = Answer(response.status, response.headers, await response.read())
            if answer.status not in (302, 303):
                return Page(url, answer)
            method, url, form = "GET", urljoin(url, answer.headers["Location"]), None
        raise AssertionError("redirected without end")

    def _keep(self, given: SimpleCookie) -> None:
        for name, cookie in given.items():
            assert name.startswith("__Host-"), name
            assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), "a browser refuses it"
            self.set_cookies[name] = cookie
            self.cookies[name] = cookie.coded_value
            if cookie["max-age"] == "0":
                del self.cookies[name]


class _Form(HTMLParser):
    """The first form of a page that is sent by POST."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._state = "before"
        self.feed(page)
        assert self._state != "before", page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form" and self._state == "before" and (found.get("method") or "").lower() == "post":
            self.action, self._state = found.get("action") or "", "within"
        elif tag == "input" and self._state == "within" and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._state == "within":
            self._state = "after"
