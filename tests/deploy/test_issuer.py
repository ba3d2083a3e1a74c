"""The test issuer and its tokens."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local import issuer, state
from deploy.local.program import Program


@pytest.fixture(scope="module")
def issuer_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running test issuer."""
    home: Path = tmp_path_factory.mktemp("issuer")
    port = state.keep_ports(home / "ports.json", {"issuer": 9400})["issuer"]
    url = f"http://127.0.0.1:{port}"
    known = f"{url}/.well-known/openid-configuration"
    program = Program(home, "issuer", ["deploy.local.issuer", str(port)], [known])
    program.start()
    while not program.is_ready():
        assert program.pid, program.log.read_text()
        time.sleep(0.05)
    yield url
    program.stop()


def test_a_token_says_who_it_is_and_is_signed_by_the_issuers_published_key(issuer_url: str) -> None:
    token = asyncio.run(issuer.token(issuer_url, "expert@tampere"))

    with urllib.request.urlopen(f"{issuer_url}/jwks") as answer:
        keys = KeySet.import_key_set(json.load(answer))
    claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
    assert claims["iss"] == issuer_url
    assert claims["aud"] == [issuer.AUDIENCE]
    assert claims["sub"] == "expert@tampere"
    assert not [name for name in claims if "role" in name or "organisation" in name], "what a user may is not its own"
    assert claims["exp"] - claims["iat"] >= 3600


def test_a_user_that_does_not_exist_is_refused_with_the_names_of_those_that_do(issuer_url: str) -> None:
    with pytest.raises(state.LocalError, match="supervisor@oulu"):
        asyncio.run(issuer.token(issuer_url, "nobody@nowhere"))


def test_an_issuer_that_is_away_is_said_so() -> None:
    with pytest.raises(state.LocalError, match="gives no token"):
        asyncio.run(issuer.token("http://127.0.0.1:1", "expert@tampere"))
