"""What the gateway is told from outside, beside what every service is told."""

from pydantic import SecretStr

from services.kit.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Where to listen, whose tokens to believe, and the limits."""

    service: str = "gateway"
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any free port."""
    oidc_issuer: str
    """The issuer exactly as its tokens and its discovery document name it."""
    oidc_audience: str
    actor_signing_key: SecretStr
    """Private JWK (Ed25519) that signs actor tokens; services know its public half as `actor_keys`."""
    max_body_bytes: int = 65_536
    rate_limit: str = "1200/minute"
    """Requests of one user, through one gateway process."""
