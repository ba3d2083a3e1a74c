"""What must and what must not come out of a door: by the policy, and by the contracts' data groups and schemas."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from contracts.policy import policy
from services.kit.actor import Actor
from tests.leaks.asking import Heard
from tests.leaks.doors import Door
from tests.leaks.people import HERE, Plant, Planted
from tests.leaks.standings import Standing


def knows(role: str, door: Door) -> bool:
    """Whether the role may do the door's act at all, with whatever data."""
    return (role, door.request.ACT) in _known_acts()


def told_apart(roles: Iterable[str], door: Door) -> Collection[str]:
    """The roles without those of whom the policy says the same as of another, of the door's act and data."""
    data = {"existence", door.exists_by, *door.request.DATA}
    said = [each for each in _said() if each[1] == door.request.ACT and each[2] in data]
    return {frozenset(each[1:] for each in said if each[0] == role): role for role in roles}.values()


@cache
def _said() -> frozenset[tuple[str, str, str, str, str | None]]:
    known = policy()
    return frozenset(
        (*case, ruling.decision if ruling else None)
        for case in known.cases()
        for ruling in (known.ruling(case), known.ruling(case, tuple(known.text.powers)))
    )


@cache
def _known_acts() -> frozenset[tuple[str, str]]:
    return frozenset((case.role, case.act) for case in policy().cases())


@cache
def _ruled() -> frozenset[tuple[str, str, str]]:
    return frozenset((case.role, case.act, case.relation) for case in policy().cases())


@dataclass(frozen=True)
class Case:
    """One role, in one standing to one person, at one door."""

    door: Door
    role: str
    standing: Standing
    person: Planted

    def __str__(self) -> str:
        return f"{self.door.name}: {self.role}, {self.standing.name}, {self.person.kind}"

    @property
    def actor(self) -> Actor:
        return self.standing.actor(self.role, self.person.customer_id)

    def decision(self, group: str) -> str | None:
        """What the policy says of one data group: allow, mask or None."""
        act = self.door.request.ACT
        if self.door.of_organisation:
            is_withheld = self.standing.relation is None and "customer_id" in self.door.request.model_fields
            return (
                self.standing.decision(self.role, act, group, "none") if self._is_theirs and not is_withheld else None
            )
        return self.standing.decision(self.role, act, group)

    @property
    def _is_theirs(self) -> bool:
        """Whether the actor belongs to the organisation whose affairs were planted, or is the system."""
        return self.actor.organisation == HERE or self.actor.is_service

    @property
    def is_ruled(self) -> bool:
        """Whether the policy says anything of the act in this relation."""
        return (self.role, self.door.request.ACT, self.standing.relation) in _ruled()

    def allows(self, *groups: str) -> bool:
        return all(self.decision(group) == "allow" for group in groups)

    @property
    def is_reached(self) -> bool:
        """Whether the person exists for the asker: by the first of the request's data groups, or by the door's own."""
        return self.decision(self.door.exists_by or self.door.request.DATA[0]) is not None

    @property
    def is_allowed(self) -> bool:
        """Whether the person exists, and all that the door uses besides may be used."""
        is_late = self.standing.is_stale and self.door.request.CHANGES
        is_outside = self.door.is_about_somebody_new and self.actor.customers is not None
        may_use = self.allows(*self.person.groups(self.door.fields))
        return self.is_reached and not is_late and not is_outside and may_use

    @property
    def may_know_that_there_is_one(self) -> bool:
        """Whether it may be told that somebody has the identity code that was named."""
        act, relations = self.door.request.ACT, {self.standing.relation, "foreign", "none"}
        known = [self.standing.decision(self.role, act, "existence", each) for each in relations if each]
        return self.door.names_code and "allow" in known

    def complaints(self, heard: Heard) -> list[str]:
        """What came out that must not have, and what did not that must, in sentences."""
        found = [*self._came_out(heard), *self._did_not_come(heard), *self._in_events(heard), *self._unlogged(heard)]
        return [f"{self}: {each}" for each in found]

    def _came_out(self, heard: Heard) -> Iterator[str]:
        asked = self.door.ask(self.person).model_dump_json()
        for plant in self._seen(heard):
            if not self.allows(*plant.groups) and plant.text not in asked:
                yield f"{plant.field} of {' and '.join(plant.groups)} came out"
        is_one = not self.door.of_organisation
        if is_one and self._is_named(heard) and not self.is_allowed and not self.may_know_that_there_is_one:
            yield "it came out that there is such a person"
        for field in _fields_told(heard.json):
            if self.decision(self.person.group(field)) is None:
                yield f"it came out that {field} was changed"

    def _did_not_come(self, heard: Heard) -> Iterator[str]:
        if heard.is_problem and heard.json["status"] == 500:
            yield "the service broke"
        if not self.is_allowed or self.door.refuses or (self.actor.is_service and self.door.of_organisation):
            return
        if heard.is_problem:
            yield f"it was refused: {heard.body.decode()}"
        for plant in self.person.plants:
            in_history = self.door.tells_past and "family" not in plant.groups  # relations have one of their own
            told = in_history or (plant.field in self.door.tells and not plant.past)
            told = told and self.door.can_tell(plant.groups) and (self.door.of_background or not plant.of_background)
            if told and not self.door.is_partial and self.allows(*plant.groups) and not plant.is_in(heard.body):
                yield f"{plant.field} of {' and '.join(plant.groups)} did not come"

    def _in_events(self, heard: Heard) -> Iterator[str]:
        text = str(heard.events)
        for plant in self.person.plants:
            is_kept = plant.field not in _CONSEQUENCES and not _IDS_ALONE.issuperset(plant.groups)
            if len(plant.text) >= 6 and is_kept and plant.text in text:
                yield f"an event tells {plant.field}"

    def _unlogged(self, heard: Heard) -> Iterator[str]:
        seen = {group for plant in self._seen(heard) if len(plant.text) >= 6 for group in plant.groups}
        if not seen or self.actor.is_service:
            return
        told = {group for use in heard.uses for group in use["data"]}
        are_named = all(str(self.person.customer_id) in use["customers"] for use in heard.uses)
        if not (self.door.of_organisation or are_named) or not seen <= told:
            yield f"{' and '.join(sorted(seen))} came out, and the usage log was told {sorted(told)}"
        if "health" in told and not any(use["data"] == ["health"] for use in heard.uses):
            yield "health came out, and has no line of its own in the usage log"

    def _seen(self, heard: Heard) -> list[Plant]:
        own = [each for each in self.person.plants if not (each.is_code and self.door.shows_others)]
        return [plant for plant in own if plant.is_in(heard.body)]

    def _is_named(self, heard: Heard) -> bool:
        return str(self.person.customer_id) in heard.body.decode()


_CONSEQUENCES = {"granted_on", "arrival"}
"""What the state of a customer tells other services on purpose (ADR 0009)."""


_IDS_ALONE = {"rights", "usage_log"}
"""Groups of which events carry opaque ids, and nothing but ids was planted."""


def _fields_told(body: Any) -> Iterator[str]:
    """The fields of which an answer tells that they were changed: a history, or what was changed meanwhile."""
    for entry in (*body.get("entries", ()), *body.get("changes", ())):
        if "field" in entry:  # else all of them are of the one that was asked for
            yield entry["field"]
