"""What the mechanics of one service share: its settings, clock, database, publisher and telemetry."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from services.kit.clock import Clock
from services.kit.database import DatabaseProbe, create_engine
from services.kit.field_encryption import FieldEncryption
from services.kit.publisher import Publisher
from services.kit.retry import Retry
from services.kit.settings import ServiceSettings
from services.kit.tables import Backbone
from services.kit.telemetry import Telemetry
from services.kit.usage import UsageKeys
from services.kit.work import UnitOfWork


@dataclass(frozen=True)
class Parts:
    """The shared parts of one service; its doors, its relay and its consumers are built from them."""

    name: str
    settings: ServiceSettings
    backbone: Backbone
    clock: Clock
    telemetry: Telemetry
    engine: AsyncEngine
    probe: DatabaseProbe
    publisher: Publisher
    retry: Retry
    committed: asyncio.Event
    """Set by each commit that published something: wakes the relay."""
    unit_of_work: UnitOfWork


def parts_of(settings: ServiceSettings, backbone: Backbone, clock: Clock, telemetry: Telemetry) -> Parts:
    """Builds the parts; nothing is connected yet."""
    engine = create_engine(settings)
    telemetry.trace_sql(engine)
    publisher = Publisher(settings.rabbitmq_url, f"koto-{settings.service}-publisher")
    committed = asyncio.Event()
    encryption = FieldEncryption(settings)
    return Parts(
        name=settings.service,
        settings=settings,
        backbone=backbone,
        clock=clock,
        telemetry=telemetry,
        engine=engine,
        probe=DatabaseProbe(engine),
        publisher=publisher,
        retry=Retry(settings.service, publisher),
        committed=committed,
        unit_of_work=UnitOfWork(engine, backbone, settings, encryption, clock, UsageKeys(settings), committed.set),
    )
