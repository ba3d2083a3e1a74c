"""One way to put a request that concerns one person."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from contracts.envelope import Request
from tests.leaks.people import Planted

NOBODY = 30
"""The number of somebody who is on no record."""


@dataclass(frozen=True)
class Door:
    """One way to put a request that concerns one person."""

    name: str
    request: type[Request[Any]]
    ask: Callable[[Planted], Request[Any]]
    fields: tuple[str, ...] = ()
    """Fields of the person that are used besides what the contract says: what may not be seen may not be used."""
    exists_by: str = ""
    """The data group by which the person exists for the asker, where it is not the request's first."""
    names_code: bool = False
    """Whether a whole identity code is named: then it may be told that somebody has it."""
    refuses: bool = False
    """Whether even those who may are refused, for a reason of the domain's."""
    is_about_somebody_new: bool = False
    """Whether it makes a customer: one that no right names."""
    of_organisation: bool = False
    """Whether it is about an organisation's own affairs and not about one customer: relation `none`."""
    is_partial: bool = False
    """Whether what is asked for is less than what the reply's schema can hold."""
    data: tuple[str, ...] = ()
    """The data groups that it can tell of, where they are fewer than the contract's."""
    shows_others: bool = False
    """Whether others are shown beside the person: a code may be theirs."""

    @property
    def service(self) -> str:
        return self.request.owner()

    @property
    def operation(self) -> str:
        """The operation of the HTTP API that asks it, where there is one: it has the request's name."""
        return self.request.TYPE.split(".")[1]

    @property
    def of_background(self) -> bool:
        return "background" in self.operation

    @property
    def tells(self) -> Collection[str]:
        """The names of fields in the reply's schema."""
        return _told_by(self.request)

    def can_tell(self, groups: Collection[str]) -> bool:
        """Whether it is about all of these data groups, protected or not."""
        plain = {"protected_contact": "contact", "trafficking": "residence_permit"}
        return {plain.get(group, group) for group in groups} <= set(self.data or self.request.DATA)

    @property
    def tells_past(self) -> bool:
        """Whether the reply holds old values, in whatever shape they had."""
        return "previous" in self.tells


@cache
def _told_by(request: type[Request[Any]]) -> frozenset[str]:
    return frozenset(_properties(request.REPLY.model_json_schema()))


def _properties(schema: Any) -> Iterator[str]:
    for key, value in schema.items() if isinstance(schema, dict) else ():
        if key == "properties":
            yield from value
        yield from _properties(value)


THEIRS: dict[str, Any] = {"of_organisation": True}
