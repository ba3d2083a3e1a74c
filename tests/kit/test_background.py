"""What a service does by itself goes on whatever happens to a step."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from services.kit.background import work_off

PARTS: Any = SimpleNamespace(name="plan", settings=SimpleNamespace(poll_seconds=60.0))


class Steps:
    """Steps with these outcomes; once they are taken, `done` is set and there is nothing more to do."""

    def __init__(self, *outcomes: bool | Exception | None) -> None:
        self.waiting, self.done = list(outcomes), asyncio.Event()

    async def __call__(self) -> bool | None:
        if not self.waiting:
            self.done.set()
            return None
        outcome = self.waiting.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def worked_off(steps: Steps, **how: Any) -> None:
    """Works until all steps were taken; fails where that takes long."""
    working = asyncio.create_task(work_off(PARTS, steps, waits="test.wait", **how))
    try:
        async with asyncio.timeout(30):
            await steps.done.wait()
    finally:
        working.cancel()


async def test_steps_are_taken_without_a_wait_for_as_long_as_there_is_one() -> None:
    await worked_off(Steps(True, True))


@pytest.mark.parametrize("outcome", [False, None, RuntimeError("the database is away")])
async def test_after_nothing_to_do_or_a_failure_it_looks_again_in_the_time_it_was_told(outcome: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await worked_off(Steps(outcome))
    await worked_off(Steps(outcome), every=0.01)


async def test_it_looks_at_once_when_it_is_told_that_there_is_more() -> None:
    more = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, more.set)
    await worked_off(Steps(False), more=more)
