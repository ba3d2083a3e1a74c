"""The yardstick: trigrams of the joined name, as PostgreSQL's pg_trgm has them, and an equal date of birth."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tests.customer.labelled_pairs import Pair


class Quality(NamedTuple):
    """How good a threshold is."""

    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def best_trigrams(pairs: Sequence[Pair]) -> Quality:
    """At the threshold that is best on these very pairs."""
    found = [
        (_similarity(each) if each.one.date_of_birth == each.other.date_of_birth else 0, each.same) for each in pairs
    ]
    same = sum(each.same for each in pairs)
    tried = []
    for step in range(1, 100):
        said = [truth for similarity, truth in found if similarity >= step / 100]
        tried.append(Quality(step / 100, sum(said) / (len(said) or 1), max(sum(said), 1e-9) / same))
    return max(tried, key=lambda each: each.f1)


def _similarity(pair: Pair) -> float:
    one, other = (_trigrams(f"{each.name.given} {each.name.family}") for each in (pair.one, pair.other))
    return len(one & other) / len(one | other)


def _trigrams(text: str) -> set[str]:
    padded = (f"  {word} " for word in re.findall(r"\w+", text.lower()))
    return {word[at : at + 3] for word in padded for at in range(len(word) - 2)}
