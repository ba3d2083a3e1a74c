"""A service whose clock is as many days ahead of the machine's as a file says: months pass at once, for all at once."""

import importlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from services.kit import run
from services.kit.clock import SystemClock

AHEAD = Path(os.environ["KOTO_TEST_DAYS_AHEAD"])


def _now(_: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(days=int(AHEAD.read_text()))


def main() -> None:
    """Runs until killed."""
    SystemClock.now = _now  # type: ignore[method-assign]
    if os.environ["KOTO_SERVICE"] == "plan":  # else it would look once a minute what the new day brings
        importlib.import_module("services.plan.handlers.due_dates").EVERY_SECONDS = 0.5
    uvloop.run(run.main())


if __name__ == "__main__":
    main()
