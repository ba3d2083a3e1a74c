"""When a user's day in the usage log is odd: pure functions, no I/O and no clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, pstdev
from typing import NamedTuple
from uuid import UUID

from services.access.law.anomalies import AnomalyLaw, Baseline
from services.kit.clock import HELSINKI

MOST_CUSTOMERS = 100
_SATURDAY = 6


class Use(NamedTuple):
    """A line of the usage log, as far as the rules look."""

    occurred_at: datetime
    act: str
    denied: bool
    customers: frozenset[UUID]
    found: int | None
    words: frozenset[int]


@dataclass(frozen=True)
class UserDay:
    """What one user did on one day for one organisation, and what else the rules need to know."""

    uses: Sequence[Use]
    own_words: frozenset[int] = frozenset()
    """Keyed hashes of the words in the user's own name."""
    watched: frozenset[UUID] = frozenset()
    ended: Mapping[UUID, datetime] = field(default_factory=dict)
    """When the organisation's relationship with a customer ended."""
    own_days: Sequence[int] = ()
    """How many customers the user handled on each active day before."""
    peers_days: Sequence[int] = ()
    """The same of the others of the role in the organisation."""

    @property
    def handled(self) -> frozenset[UUID]:
        """The customers whose data the user opened or changed."""
        return frozenset().union(*(use.customers for use in self.uses if not use.denied and use.act != "search"))


class Finding(NamedTuple):
    """By which rule the day is odd."""

    rule: str
    observed: int
    customers: tuple[UUID, ...]
    usual: float | None = None


def findings(day: UserDay, law: AnomalyLaw) -> list[Finding]:
    """The rules by which the day is odd."""
    found = [
        Finding(rule, len(uses), _customers(uses))
        for rule, applies in _rules(day, law)
        if len(uses := [use for use in day.uses if applies(use)]) >= law.at_least(rule)
    ]
    handled, usual = day.handled, _most_usual(day, law.baseline)
    if usual is not None and len(handled) > usual and len(handled) >= law.at_least("unusual_number"):
        found.append(Finding("unusual_number", len(handled), tuple(sorted(handled))[:MOST_CUSTOMERS], usual))
    return found


def _rules(day: UserDay, law: AnomalyLaw) -> Iterator[tuple[str, Callable[[Use], bool]]]:
    """The rules that count uses, and which uses each counts."""
    handled = day.handled
    yield "searches_without_opening", lambda use: _is_search(use) and bool(use.found) and not use.customers & handled
    yield "watched_customer", lambda use: bool(use.customers & day.watched)
    yield "same_name", lambda use: bool(use.words & day.own_words)
    yield "out_of_hours", lambda use: _is_out_of_hours(use.occurred_at, law)
    # what is not denied is the work with a customer who came back
    yield "outside_own_area", lambda use: use.denied and bool(use.customers) and not _is_after_end(use, day)
    yield "after_the_relationship_ended", lambda use: use.denied and _is_after_end(use, day)


def _is_search(use: Use) -> bool:
    return use.act == "search" and not use.denied


def _is_after_end(use: Use, day: UserDay) -> bool:
    return any(use.occurred_at > day.ended[each] for each in use.customers & day.ended.keys())


def _is_out_of_hours(moment: datetime, law: AnomalyLaw) -> bool:
    local = moment.astimezone(HELSINKI)
    return local.isoweekday() >= _SATURDAY or not law.hours.first <= local.hour < law.hours.last


def _most_usual(day: UserDay, baseline: Baseline) -> float | None:
    """Up to how many customers a day is usual: by the user's own days, or else the others'; None when too few."""
    for known in (day.own_days, day.peers_days):
        if len(known) >= baseline.active_days:
            return round(fmean(known) + baseline.deviations * pstdev(known), 1)
    return None


def _customers(uses: Sequence[Use]) -> tuple[UUID, ...]:
    return tuple(sorted(frozenset().union(*(use.customers for use in uses))))[:MOST_CUSTOMERS]
