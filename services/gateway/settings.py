"""What the gateway is told from outside, beside what every service is told."""

from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr

from services.kit.settings import ServiceSettings


class ClaimNames(BaseModel):
    """Which claim of the issuer's tokens says what; as OpenID Connect has it, where nothing else is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = "sub"
    """An opaque id that is the same in all tokens of a user, and never a personal identity code."""
    name: str = "name"
    assurance: str = "acr"
    session: str = "sid"
    identity_code: str | None = None
    """The Finnish personal identity code. The standard has no claim for it."""


class GatewaySettings(ServiceSettings):
    """Where to listen, whose tokens to believe, how browsers sign in, and the limits."""

    service: str = "gateway"
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any free port."""
    public_url: str = Field(pattern=r"^https?://[^/?#]+$")
    """The origin at which browsers reach the gateway, as they write it: `https://koto.example.fi`."""
    oidc_issuer: str
    """The issuer exactly as its tokens and its discovery document name it."""
    oidc_audience: str
    """Whom bearer tokens must be for."""
    oidc_client_id: str
    """Whom the ID tokens of browsers' sign-ins must be for: the gateway, as it is registered at the issuer."""
    oidc_client_secret: SecretStr
    oidc_claims: Json[ClaimNames] = Field(ClaimNames(), validate_default=False)
    """JSON object; what it leaves out is as in the standard: `{"identity_code": "nin"}`."""
    oidc_scope: str = "openid profile"
    """What a browser's sign-in asks the issuer for: many give the identity code for a scope of its own only."""
    database_url: SecretStr
    field_keys: SecretStr
    actor_signing_key: SecretStr
    """Private JWK (Ed25519) that signs actor tokens; services know its public half as `actor_keys`."""
    max_body_bytes: int = 65_536
    max_list_bytes: int = 67_108_864
    """Of a list that is imported as a file."""
    rate_limit: str = "1200/minute"
    """Requests of one user, through one gateway process."""
    sign_in_rate_limit: str = "600/minute"
    """Sign-ins begun, and sign-ins ended, by all browsers through one gateway process."""
    session_idle_minutes: float = Field(30, ge=2)
    """How long a session lasts in which nothing is done; use is noted once a minute, so up to a minute less."""
    session_hours: float = Field(10, gt=0)
    """How long a session lasts at most."""
