"""The customer service, which dies whenever a file says so: the relay between the broker's confirm and its mark, or
a merge when the alias is written and nothing else.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from services.customer.repository import duplicates
from services.kit import run
from services.kit.outbox import Relay

ORDER = Path(os.environ["KOTO_TEST_DIE"])
ORDER_IN_MERGE = ORDER.with_name("die_in_merge")
_mark = Relay._mark
_merge = duplicates.merge


def _die_if_ordered(order: Path = ORDER) -> None:
    if order.exists():
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


async def _die_when_ordered(self: Relay, connection: Any, positions: list[int]) -> None:
    if positions:
        _die_if_ordered()
    await _mark(self, connection, positions)


async def _merge_and_die_when_ordered(*told: Any) -> Any:
    merge_id = await _merge(*told)
    _die_if_ordered(ORDER_IN_MERGE)
    return merge_id


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Runs until killed."""
    Relay._mark = _die_when_ordered  # type: ignore[method-assign]
    duplicates.merge = _merge_and_die_when_ordered
    uvloop.run(run.main())


if __name__ == "__main__":
    main()
