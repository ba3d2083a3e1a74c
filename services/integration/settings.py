"""What the integration service is told from outside, beside what every service is told."""

from pathlib import Path

from pydantic import SecretStr

from services.kit.settings import ServiceSettings


class IntegrationSettings(ServiceSettings):
    """The key by which it asks other services, and who the partners are."""

    actor_signing_key: SecretStr
    """Private JWK (Ed25519) whose id begins with `integration.`: it signs for this service alone."""
    partners_file: Path
    """TOML file with the partners: see contracts/partners."""
