"""What the gateway is told from outside, beside what every service is told."""

from pydantic import Field, SecretStr

from services.kit.settings import ServiceSettings


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
    database_url: SecretStr
    field_keys: SecretStr
    search_key: SecretStr
    actor_signing_key: SecretStr
    """Private JWK (Ed25519) that signs actor tokens; services know its public half as `actor_keys`."""
    max_body_bytes: int = 65_536
    rate_limit: str = "1200/minute"
    """Requests of one user, through one gateway process."""
    sign_in_rate_limit: str = "600/minute"
    """Sign-ins begun, and sign-ins ended, by all browsers through one gateway process."""
    session_idle_minutes: float = Field(30, ge=2)
    """How long a session lasts in which nothing is done; use is noted once a minute, so up to a minute less."""
    session_hours: float = Field(10, gt=0)
    """How long a session lasts at most."""
