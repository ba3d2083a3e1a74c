"""The committed page of figures: `python -m tests.bench.page` writes docs/figures.md from the newest results."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from deploy.local import state
from tests.bench import BENCHES
from tests.bench.house import House
from tests.bench.measured import Report

PAGE = state.CHECKOUT / "docs" / "figures.md"
PACKAGES = ("aio-pika", "asyncpg", "sqlalchemy", "faststream", "fastapi", "uvicorn", "uvloop", "pydantic", "joserfc")
HEAD = """\
# Figures

Measured, never asserted: `./koto bench` compares what we do with the same done by hand, in one run, in turns (ours, by
hand, ours, ...), so that what disturbs one disturbs the other. Each figure is the median of all rounds, in brackets the
lowest and the highest round: that is the noise. How to measure again: [how-to/measure.md](how-to/measure.md).
"""


FINDINGS = Path(__file__).with_name("findings.md")
"""What people say of the figures: to be written anew with them."""


def results() -> Path:
    """Where results are kept, a file for each bench."""
    return state.home() / "bench" / "results"


async def keep(name: str, report: Report, house: House) -> None:
    """Keeps what was found, with the day and the machine."""
    found = report.as_json() | {"measured_on": datetime.now(UTC).date().isoformat(), "machine": await _machine(house)}
    state.write(results() / f"{name}.json", found)


async def _machine(house: House) -> dict[str, str]:
    (database,) = await house.rows("customer", "SHOW server_version")
    broker = await _json(f"{house.stack.broker.management_url}/api/overview")
    memory = psutil.virtual_memory().total / 1e9
    return {
        "Machine": f"{psutil.cpu_count()} cores ({_processor()}), {memory:.0f} GB of memory, "
        f"{platform.system()} {platform.release()}; servers, services and clients share it",
        "PostgreSQL": f"{database[0].split()[0]}, fsync on",
        "RabbitMQ": f"{broker['rabbitmq_version']}, one node, quorum queues",
        "Python": platform.python_version(),
        "Packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in told if line.startswith("model name")), platform.machine())


async def _json(url: str) -> Any:
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(url) as answer:
        return await answer.json()


def write() -> None:
    """Writes the page."""
    kept = {name: state.read(results() / f"{name}.json") for name in BENCHES}
    PAGE.write_text("\n".join([HEAD, *_lines({name: found for name, found in kept.items() if found})]))


def _lines(kept: dict[str, dict[str, Any]]) -> Iterator[str]:
    aims = [
        [each["what"], each["aim"], each["reached"], "yes" if each["met"] else "**no**"]
        for found in kept.values()
        for each in found["figures"]
    ]
    yield from _table(["Figure", "Aim", "Reached", "Met"], aims)
    yield FINDINGS.read_text()
    for name, found in kept.items():
        yield from (f"## {found['title']}", "", f"`./koto bench {name}`, {found['measured_on']}.", "")
        for table in found["tables"]:
            yield from (f"{table['title']}:", "")
            yield from _table(table["columns"], table["rows"])
        yield from (f"- {note}" for note in found["notes"])
        yield from [""] if found["notes"] else []
    yield from ("## Where", "")
    for name, found in kept.items():
        others = next(iter(kept.values()))["machine"]
        if found["machine"] == others and name != next(iter(kept)):
            continue
        yield from _table(["", f"`{name}`" if found["machine"] != others else ""], found["machine"].items())


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    write()
