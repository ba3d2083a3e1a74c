"""The customer service, whose relay dies between the broker's confirm and its mark whenever a file says so."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from services.kit import run
from services.kit.outbox import Relay

ORDER = Path(os.environ["KOTO_TEST_DIE"])
_mark = Relay._mark


def _die_if_ordered() -> None:
    if ORDER.exists():
        ORDER.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


async def _die_when_ordered(self: Relay, connection: Any, positions: list[int]) -> None:
    if positions:
        _die_if_ordered()
    await _mark(self, connection, positions)


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Runs until killed."""
    Relay._mark = _die_when_ordered  # type: ignore[method-assign]
    uvloop.run(run.main())


if __name__ == "__main__":
    main()
