"""The assessment service, put together."""

from services.assessment.subscribers import BACKGROUND, INPUT, PROJECTIONS, REQUESTS
from services.assessment.tables import BACKBONE
from services.kit.clock import Clock
from services.kit.service import Service
from services.kit.settings import ServiceSettings
from services.kit.telemetry import Telemetry


def build(settings: ServiceSettings, clock: Clock | None = None, telemetry: Telemetry | None = None) -> Service:
    """The service, not yet started."""
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
