"""What the integration service is told from outside, beside what every service is told."""

from functools import cached_property
from pathlib import Path

from contracts.partners import Partner, read_partners
from services.kit.settings import AskingSettings


class IntegrationSettings(AskingSettings):
    """Who the partners are."""

    partners_file: Path
    """TOML file with the partners: see contracts/partners."""

    @cached_property
    def partners(self) -> tuple[Partner, ...]:
        """The partners, as they were at the start."""
        return read_partners(self.partners_file)
