"""The customer service, which dies wherever a file says so: the relay between the broker's confirm and its mark, a
merge when the alias is written and nothing else, an operation when what was done to rows is written and not committed.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

from services.customer.repository import duplicates, operations
from services.kit import run
from services.kit.outbox import Relay

ORDER = Path(os.environ["KOTO_TEST_DIE"])
PLACES: dict[str, tuple[Any, str]] = {
    "merge": (duplicates, "merge"),
    "adding_rows": (operations, "add_rows"),
    "settling_rows": (operations, "settle"),
}
"""Functions after which it may be ordered to die: the file named after the place says how often they go well before."""
_mark = Relay._mark


def _die_if_ordered(order: Path) -> None:
    if not order.exists():
        return
    left = int(order.read_text())
    order.unlink()
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    order.write_text(str(left - 1))


async def _die_when_ordered(self: Relay, connection: Any, positions: list[int]) -> None:
    if positions:
        _die_if_ordered(ORDER)
    await _mark(self, connection, positions)


def _dying(place: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    order = ORDER.with_name(place)

    async def does_and_dies_when_ordered(*told: Any, **more: Any) -> Any:
        done = await function(*told, **more)
        _die_if_ordered(order)
        return done

    return does_and_dies_when_ordered


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Runs until killed."""
    Relay._mark = _die_when_ordered  # type: ignore[method-assign]
    for place, (module, name) in PLACES.items():
        setattr(module, name, _dying(place, getattr(module, name)))
    uvloop.run(run.main())


if __name__ == "__main__":
    main()
