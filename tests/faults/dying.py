"""A service which dies wherever a file says so: the relay between the broker's confirm and its mark, a merge when the
alias is written and nothing else, an operation when what was done to rows is written and not committed, a document that
is made and not committed, a due date that is noted and not told, or told and not committed.
"""

import importlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop

from services.kit import run
from services.kit.outbox import Relay

SERVICES = ("customer", "plan", "records")
PLACES = {
    "merge": ("services.customer.repository.duplicates", "merge"),
    "adding_rows": ("services.customer.repository.operations", "add_rows"),
    "settling_rows": ("services.customer.repository.operations", "settle"),
    "keeping_document": ("services.records.handlers.making", "keep"),
    "noting_due_date": ("services.plan.repository.due_dates", "is_first"),
    "telling_due_date": ("services.plan.handlers.due_dates", "_look_at"),
}
"""Functions after which it may be ordered to die: the file named after the place says how often they go well before."""
SOONER: dict[str, tuple[str, Any]] = {
    "services.plan.handlers.due_dates": ("EVERY_SECONDS", 0.5),
    "services.records.handlers.making": ("TAKEN_FOR", timedelta(seconds=3)),
}
"""What waits for minutes in a real house."""
_mark = Relay._mark


def service_of(module: str) -> str:
    """The service that a module belongs to."""
    return module.split(".")[1]


def _die_if_ordered(order: Path) -> None:
    if not order.exists():
        return
    left = int(order.read_text())
    order.unlink()
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    order.write_text(str(left - 1))


def _dying(order: Path, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def does_and_dies_when_ordered(*told: Any, **more: Any) -> Any:
        done = await function(*told, **more)
        _die_if_ordered(order)
        return done

    return does_and_dies_when_ordered


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Runs until killed."""
    service, orders = environment["KOTO_SERVICE"], Path(environment["KOTO_TEST_DIE"])

    async def die_when_ordered(self: Relay, connection: Any, positions: list[int]) -> None:
        if positions:
            _die_if_ordered(orders / f"{service}_relay")
        await _mark(self, connection, positions)

    Relay._mark = die_when_ordered  # type: ignore[method-assign]
    for place, (name, function) in PLACES.items():
        if service_of(name) == service:
            module = importlib.import_module(name)
            setattr(module, function, _dying(orders / place, getattr(module, function)))
    for name, (constant, value) in SOONER.items():
        if service_of(name) == service:
            setattr(importlib.import_module(name), constant, value)
    uvloop.run(run.main())


if __name__ == "__main__":
    main()
