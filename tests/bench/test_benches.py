"""Each bench runs, with tiny numbers: what it finds is not looked at, only that it finds something.

`./koto test --long` runs them, one after the other: beside other tests each would be disturbed, and disturb.
"""

import asyncio
import importlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.program import ADMINISTRATORS
from tests.bench import BENCHES, page
from tests.bench.__main__ import measure, show
from tests.bench.house import House
from tests.bench.measured import Effort

TINY = Effort(rounds=1, seconds=0.3, share=0.005)


@pytest_asyncio.fixture(scope="module")
async def measured_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with servers of its own, as benches have it."""
    made = House(tmp_path_factory.mktemp("bench") / "house")
    with pytest.MonkeyPatch.context() as told:
        for name in ADMINISTRATORS:
            told.delenv(name, raising=False)
        try:
            await asyncio.to_thread(made.start)
            yield made
        finally:
            await asyncio.to_thread(made.stop)


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_can_be_begun(name: str) -> None:
    assert callable(importlib.import_module(f"tests.bench.{name}").measure)


@pytest.mark.broker
@pytest.mark.database
@pytest.mark.timeout(300)
@pytest.mark.skipif(not os.environ.get("KOTO_TEST_LONG"), reason="in ./koto test --long only")
@pytest.mark.parametrize("name", BENCHES)
async def test_a_bench_reports_its_figures(
    name: str, measured_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOTO_HOME", str(tmp_path))
    monkeypatch.setattr(page, "PAGE", tmp_path / "figures.md")

    report = await measure(name, measured_house, TINY)
    await page.keep(name, report, measured_house)
    page.write()
    show(report)

    assert report.figures
    assert report.tables
    assert all(len(row) == len(table.columns) for table in report.tables for row in table.rows)
    written = page.PAGE.read_text()
    assert all(figure.what in written for figure in report.figures)
