"""The composition root of the integration service."""

from services.integration.settings import IntegrationSettings as Settings
from services.integration.subscribers import BACKGROUND, INPUT, REQUESTS
from services.integration.tables import BACKBONE
from services.kit.clock import Clock
from services.kit.service import Service
from services.kit.telemetry import Telemetry

__all__ = ["Settings", "build"]


def build(settings: Settings, clock: Clock | None = None, telemetry: Telemetry | None = None) -> Service:
    """The integration service, not yet started."""
    return Service(
        settings,
        BACKBONE,
        requests=REQUESTS,
        input=INPUT,
        background=BACKGROUND,
        clock=clock,
        telemetry=telemetry,
    )
