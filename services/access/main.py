"""The composition root of the access service."""

from services.access.settings import AccessSettings as Settings
from services.access.subscribers import BACKGROUND, INPUT, PROJECTIONS, REQUESTS, USAGE
from services.access.tables import BACKBONE
from services.kit.clock import Clock
from services.kit.service import Service
from services.kit.telemetry import Telemetry

__all__ = ["Settings", "build"]


def build(settings: Settings, clock: Clock | None = None, telemetry: Telemetry | None = None) -> Service:
    """The access service, not yet started."""
    return Service(
        settings,
        BACKBONE,
        requests=REQUESTS,
        input=INPUT,
        projections=PROJECTIONS,
        usage=USAGE,
        background=BACKGROUND,
        clock=clock,
        telemetry=telemetry,
    )
