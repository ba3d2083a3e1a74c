"""Who may do what with which data: one table, `policy.toml`, that a lawyer can read and every door obeys.

A rule names roles, acts, data groups and relations to the customer, and says allow or mask, with its section of law.
What no rule names is denied. A mask shows that there is a field, and never what is in it.
"""

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

from contracts.types import Value

FILE = Path(__file__).with_name("policy.toml")
Decision = Literal["allow", "mask"]


class Term(Value):
    """A word of the table, and what it means to people."""

    fi: str
    en: str
    protected: bool = False
    """Of a data group: never told, and never masked less, on rights that may be out of date."""
    needs_purpose: bool = False
    """Of a power: it holds for a request that states what the data are used for."""


class RuleText(Value):
    """A rule as it stands in the file: each combination of its words is a case."""

    roles: tuple[str, ...]
    acts: tuple[str, ...]
    data: tuple[str, ...]
    relations: tuple[str, ...]
    decision: Decision
    power: str | None = None
    """A power that the grant itself must give."""
    legal_basis: str
    fi: str
    en: str


class PolicyText(Value):
    """The whole file."""

    roles: dict[str, Term]
    acts: dict[str, Term]
    data: dict[str, Term]
    relations: dict[str, Term]
    powers: dict[str, Term]
    rule: tuple[RuleText, ...]


class Case(NamedTuple):
    """What a decision is asked about."""

    role: str
    act: str
    data: str
    relation: str


@dataclass(frozen=True)
class Ruling:
    """The answer, and what it rests on."""

    decision: Decision
    legal_basis: str
    power: str | None = None


class PolicyBroken(ValueError):
    """The file uses a word that it does not explain, or rules the same case twice."""


class Policy:
    """The table, spread out for looking up."""

    def __init__(self, text: PolicyText) -> None:
        self.text = text
        self._rulings: dict[Case, tuple[Ruling, ...]] = {}
        for rule in text.rule:
            for case in cases_of(rule):
                self._add(case, Ruling(rule.decision, rule.legal_basis, rule.power))
        self.protected = frozenset(group for group, term in text.data.items() if term.protected)

    def ruling(self, case: Case, powers: Collection[str] = ()) -> Ruling | None:
        """What the table says of the case to somebody with these powers; None when it denies."""
        rulings = [each for each in self._rulings.get(case, ()) if each.power is None or each.power in powers]
        return min(rulings, key=lambda each: each.decision, default=None)  # allow comes before mask

    def cases(self) -> Iterator[Case]:
        """Every case that some rule names."""
        return iter(self._rulings)

    def _add(self, case: Case, ruling: Ruling) -> None:
        known = (self.text.roles, self.text.acts, self.text.data, self.text.relations)
        unknown = [word for word, words in zip(case, known, strict=True) if word not in words]
        if unknown or (ruling.power and ruling.power not in self.text.powers):
            raise PolicyBroken(f"{unknown or ruling.power}: a word without an explanation")
        present = self._rulings.get(case, ())
        if any(each.power == ruling.power for each in present):
            raise PolicyBroken(f"{' '.join(case)}: ruled twice")
        self._rulings[case] = (*present, ruling)


def cases_of(rule: RuleText) -> Iterator[Case]:
    """The combinations of a rule's words."""
    return (Case(*words) for words in product(rule.roles, rule.acts, rule.data, rule.relations))


def read(text: str) -> Policy:
    """The policy that a TOML text states; raises PolicyBroken or pydantic's ValidationError."""
    return Policy(PolicyText.model_validate(tomllib.loads(text)))


@cache
def policy() -> Policy:
    """The policy in force."""
    return read(FILE.read_text(encoding="utf-8"))
