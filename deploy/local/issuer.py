"""The test issuer: an OpenID Connect provider with ready-made users, for this machine only."""

import os
import secrets
import sys
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp

from deploy.local.state import LocalError

AUDIENCE = "koto"
IDENTITY_CODE = "urn:oid:1.2.246.21"
"""The claim that names the personal identity code, as Finland's trust network calls it."""
MUNICIPALITIES = {"tampere": "837", "helsinki": "091", "oulu": "564"}
ROLES = {  # the part of the user's name -> the role and task that ./koto up grants to the user
    "expert": ("integration_expert", "integration_services"),
    "supervisor": ("supervisor", "supervision"),
    "advisor": ("advisor", "guidance"),
    "records": ("records_manager", "records"),
    "admin": ("access_administrator", "access_administration"),
    "dpo": ("data_protection_officer", "data_protection"),
}
COUNTY_WORKER = "county@pirkanmaa"
"""An official of a wellbeing services county: a municipality grants what the county takes part in."""
CUSTOMER = "customer@tampere"
"""A customer: nobody grants the right to one's own data."""


def users() -> dict[str, dict[str, str]]:
    """The claims of each user by name, such as expert@tampere: who it is, and nothing of what the user may."""
    officials = [f"{person}@{place}" for place in MUNICIPALITIES for person in ROLES]
    claims = {
        user: {"name": user.replace("@", " ").title(), "locale": "fi", "acr": "substantial"}
        for user in (*officials, COUNTY_WORKER, CUSTOMER)
    }
    claims[CUSTOMER] |= {"name": "Aamu Esimerkki", IDENTITY_CODE: "010594Y9032"}
    return claims


async def token(issuer: str, user: str) -> str:
    """A signed ID token of the user, good for 12 h, through the authorization code flow. Raises LocalError."""
    if user not in users():
        raise LocalError(f"there is no user {user}; there are: {', '.join(users())}")
    client = {"client_id": AUDIENCE, "redirect_uri": f"{issuer}/"}
    asked = client | {"response_type": "code", "scope": "openid profile", "nonce": secrets.token_hex(8)}
    try:
        async with aiohttp.ClientSession(issuer, raise_for_status=True) as session:
            async with session.post(
                "/oauth2/authorize", params=asked, data={"sub": user}, allow_redirects=False
            ) as answer:
                code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
            granted = client | {"grant_type": "authorization_code", "code": code, "client_secret": "any"}
            async with session.post("/oauth2/token", data=granted) as answer:
                return str((await answer.json())["id_token"])
    except aiohttp.ClientError as problem:
        raise LocalError(f"the test issuer at {issuer} gives no token: {problem}") from None


def main() -> None:
    """Serves on 127.0.0.1, at the port given as the only argument, until a signal ends it."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP: nothing but this machine can reach it
    import oidc_provider_mock
    import uvicorn

    people = [oidc_provider_mock.User(sub=name, claims=dict(claims)) for name, claims in users().items()]
    provider = oidc_provider_mock.app(user_claims=people, access_token_max_age=timedelta(hours=12))
    uvicorn.run(provider, interface="wsgi", host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
