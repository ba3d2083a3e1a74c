"""The composition root of the records service."""

from services.kit.clock import Clock
from services.kit.service import Service
from services.kit.settings import AskingSettings as Settings
from services.kit.telemetry import Telemetry
from services.records.subscribers import BACKGROUND, INPUT, PROJECTIONS, REQUESTS
from services.records.tables import BACKBONE

__all__ = ["Settings", "build"]


def build(settings: Settings, clock: Clock | None = None, telemetry: Telemetry | None = None) -> Service:
    """The records service, not yet started."""
    return Service(
        settings,
        BACKBONE,
        requests=REQUESTS,
        input=INPUT,
        projections=PROJECTIONS,
        background=BACKGROUND,
        clock=clock,
        telemetry=telemetry,
    )
