"""What a bench says: figures with their aims, tables, and how sure it is."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any

MILLI = 1000
MICRO = 1_000_000


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds in which all sides take turns, seconds of each turn, and a share of the counts."""

    rounds: int = 5
    seconds: float = 3.0
    share: float = 1.0
    lines: int = 500_000
    """Of the usage log."""

    def of(self, count: int) -> int:
        """So many, or the share of it."""
        return max(10, round(count * self.share))


QUICK = Effort(rounds=2, seconds=0.5, share=0.02)


@dataclass(frozen=True)
class Figure:
    """One figure that an aim is set for."""

    what: str
    aim: str
    reached: str
    met: bool


@dataclass(frozen=True)
class Table:
    """Figures beside each other."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class Report:
    """What one bench found."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the results' file."""
        return asdict(self)


@dataclass(frozen=True)
class Spread:
    """A value in each round: the median, and how far the rounds lie apart."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.rounds)

    def __format__(self, form: str) -> str:
        return f"{self.median:{form}} ({min(self.rounds):{form}}-{max(self.rounds):{form}})"

    def over(self, other: "Spread") -> "Spread":
        """Round by round, this over the other: what disturbed a whole round disturbed both."""
        return Spread(tuple(one / two for one, two in zip(self.rounds, other.rounds, strict=True)))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent are not above."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


@dataclass(frozen=True)
class Answers:
    """What a load was answered."""

    statuses: dict[str, int]
    latencies: dict[str, list[float]]
    seconds: float
    answered: int
    """With those of the warming up."""

    @property
    def all(self) -> list[float]:
        """Every latency."""
        return [each for latencies in self.latencies.values() for each in latencies]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds


async def load(
    port: int, requests: list[dict[str, Any]], *, connections: int, seconds: float, warm_up: float = 0.3
) -> Answers:
    """Runs a load in a process of its own; raises when anything but success was answered."""
    told = {"port": port, "requests": requests, "connections": connections, "seconds": seconds, "warm_up": warm_up}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(told).encode())
    found = json.loads(output)
    if not found["statuses"] or any(not status.startswith("2") for status in found["statuses"]):
        raise RuntimeError(f"the load was answered {found['statuses']}")
    return Answers(found["statuses"], found["latencies"], seconds, found["answered"])
