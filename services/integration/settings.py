"""What the integration service is told from outside, beside what every service is told."""

from functools import cached_property
from pathlib import Path

from pydantic import SecretStr

from contracts.partners import Partner, read_partners
from services.kit.settings import ServiceSettings


class IntegrationSettings(ServiceSettings):
    """The key by which it asks other services, and who the partners are."""

    actor_signing_key: SecretStr
    """Private JWK (Ed25519) whose id begins with `integration.`: it signs for this service alone."""
    partners_file: Path
    """TOML file with the partners: see contracts/partners."""

    @cached_property
    def partners(self) -> tuple[Partner, ...]:
        """The partners, as they were at the start."""
        return read_partners(self.partners_file)
