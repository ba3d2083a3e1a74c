"""The composition root of the plan service."""

from services.kit.clock import Clock
from services.kit.service import Service
from services.kit.settings import ServiceSettings
from services.kit.telemetry import Telemetry
from services.plan.subscribers import BACKGROUND, INPUT, PROJECTIONS, REQUESTS
from services.plan.tables import BACKBONE


def build(settings: ServiceSettings, clock: Clock | None = None, telemetry: Telemetry | None = None) -> Service:
    """The plan service, not yet started."""
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
