"""An OIDC issuer on a port of its own, and tokens right and wrong."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

AUDIENCE = "koto"
CLIENT_ID, CLIENT_SECRET = "koto-web", "s%cret: of the gateway"


def new_key(kind: str = "RSA") -> Key:
    """A private key with a kid of its own."""
    parameters = {"kid": str(uuid4()), "use": "sig"}
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


FIRST_KEY = new_key()


def compact(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, signed by nobody."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class FakeIssuer:
    """An OIDC issuer on a port of its own, whose keys and honesty tests command."""

    def __init__(self) -> None:
        self.keys: list[Key] = [FIRST_KEY]
        self.published_beside: list[dict[str, Any]] = []
        self.calls_itself: str | None = None
        self.metadata: dict[str, Any] = {}
        self.tokens_answer: tuple[int, Any] | None = None
        self.fetches = 0
        self.redeemed = 0
        self.url = ""
        self._codes: dict[str, tuple[dict[str, str], str]] = {}
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "FakeIssuer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens, at the same port as before if there was one."""
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self._discovery)
        application.router.add_get("/keys", self._keys)
        application.router.add_post("/token", self._token)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Goes away."""
        if self._runner:
            await self._runner.cleanup()

    def claims(self, **other: Any) -> dict[str, Any]:
        """Claims that hold, of a user of its own; None leaves a claim out."""
        now = int(datetime.now(UTC).timestamp())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": str(uuid4()),
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in {**usual, **other}.items() if value is not None}

    def token(self, *, key: Key | None = None, alg: str = "RS256", kid: str | None = None, **claims: Any) -> str:
        """A token of these claims, signed by the first key or the one given."""
        key = key or self.keys[0]
        body = json.dumps(self.claims(**claims))
        header = {"alg": alg, "kid": kid or key.kid, "x-odd": 1}
        return jws.serialize_compact(
            header, body, key, registry=jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        )

    def code(self, asked: dict[str, str], *, key: Key | None = None, **claims: Any) -> str:
        """A code for what a browser was sent here with: good once, for an ID token of these claims."""
        usual = {"aud": CLIENT_ID, "nonce": asked["nonce"], "name": "Aino Virkanen"}
        self._codes[code := str(uuid4())] = asked, self.token(key=key, **(usual | claims))
        return code

    async def _token(self, request: web.Request) -> web.Response:
        self.redeemed += 1
        if self.tokens_answer:
            return web.json_response(self.tokens_answer[1], status=self.tokens_answer[0])
        form = dict(await request.post())
        client = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if tuple(map(unquote_plus, client.split(":"))) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        asked, token = self._codes.pop(str(form["code"]), ({}, ""))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        right = {"redirect_uri": form["redirect_uri"], "code_challenge": challenge.decode().rstrip("=")}
        if not asked.items() >= right.items():
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"id_token": token, "access_token": "planted-access-token", "token_type": "Bearer"})

    async def _discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.calls_itself or self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                **self.metadata,
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        self.fetches += 1
        keys = [key.as_dict(private=False) for key in self.keys]
        return web.json_response({"keys": [*self.published_beside, *keys]})
