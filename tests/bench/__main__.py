"""`python -m tests.bench [name ...]`, which `./koto bench` runs."""

import asyncio
import importlib
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from deploy.local import state
from tests.bench import BENCHES, page
from tests.bench.house import House
from tests.bench.measured import QUICK, Effort, Report

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(BENCHES))] = None,
    quick: Annotated[bool, typer.Option("--quick", help="To see that they run; keeps no results.")] = False,
    lines: Annotated[int, typer.Option(help="How many lines of the usage log.")] = Effort.lines,
    write: Annotated[bool, typer.Option("--write", help="Then write docs/figures.md from the newest results.")] = False,
) -> None:
    """Measure all benches, or those named."""
    if unknown := set(names or ()) - set(BENCHES):
        raise typer.BadParameter(f"there is no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    folder = state.home() / "bench"
    with state.locked(folder / "lock", refusal="./koto bench already runs in this checkout"):
        house = House(folder / "house")
        try:
            console.print("Starting the house ...")
            house.start()
            for name in names or BENCHES:
                console.print(f"Measuring: {name} ...")
                report = uvloop.run(measure(name, house, QUICK if quick else Effort(lines=lines)))
                show(report)
                if not quick:
                    asyncio.run(page.keep(name, report, house))
        finally:
            house.stop()
    if write:
        page.write()


async def measure(name: str, house: House, effort: Effort) -> Report:
    """What one bench finds."""
    report: Report = await importlib.import_module(f"tests.bench.{name}").measure(house, effort)
    return report


def show(report: Report) -> None:
    """Prints it."""
    console.rule(report.title)
    for figure in report.figures:
        console.print(f"{'met   ' if figure.met else 'MISSED'}  {figure.what}: {figure.reached} (aim: {figure.aim})")
    for each in report.tables:
        console.print(f"\n{each.title}:")
        table = Table(*each.columns, box=None)
        for row in each.rows:
            table.add_row(*row)
        console.print(table)
    console.print("\n", *(f"- {note}\n" for note in report.notes))


if __name__ == "__main__":
    app()
