"""What the policy says of one request: which customers its actor may reach, and which of their data he or she may see.

The same decision serves single reads and lists: `reach` says it as a value, `within` as an SQL condition. Whom it does
not reach does not exist for the actor. Nobody reaches a customer who is withheld, whatever else is granted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    select,
)

from contracts.envelope import Request
from contracts.policy import Case, Ruling, policy
from services.kit.actor import RIGHTS_GOOD_FOR, Actor
from services.kit.errors import Forbidden, Refusal

MUNICIPALITY = bindparam("of_municipality", type_=Text)
"""Whose customers: the value comes from `Rights.values`."""
_NAMED = bindparam("granted_customers", type_=ARRAY(Uuid))
_CUSTOMERS, _WITHHELD, _EMERGENCY = (
    func.any(bindparam(f"{name}_customers", type_=ARRAY(Uuid))) for name in ("granted", "withheld", "emergency")
)
_RELATIONS = ("own", "participant", "former", "offered", "emergency", "own_record", "foreign", "none")


class RightsNotCurrent(Refusal):
    """The news of rights does not arrive: nothing is changed on rights that may have been taken away."""

    status, code, title = 503, "rights-not-current", "Rights can't be checked just now"

    def __init__(self) -> None:
        super().__init__("Nothing was done. Try again in a moment.", retry_after=5)


@dataclass(frozen=True)
class Reach:
    """The kinds of customers that an act reaches; SQL conditions are built once for each value."""

    related: bool
    """Those with an open relationship with the municipality."""
    former: bool
    """Those whose relationship with it has ended."""
    named_only: bool
    """Of both, those named in the right alone."""
    emergency: bool
    withheld: bool
    """Whether some are withheld."""
    offered: bool = False
    """Those of whom the organisation and another one agree: for rights that are not limited to certain customers."""


@dataclass(frozen=True)
class Rights:
    """The rights of one actor to do one act."""

    actor: Actor
    act: str
    current: bool = True
    """Whether the news of rights is fresh enough for protected data."""

    def ruling(self, data: str, relation: str) -> Ruling | None:
        """What the policy says to this actor; None when it denies."""
        actor, known = self.actor, policy()
        if actor.data is not None and data not in actor.data:
            return None
        ruling = known.ruling(Case(actor.role, self.act, data, relation), self._powers)
        if ruling and ruling.decision == "allow" and data in known.protected and not self.current:
            ruling = known.ruling(Case(actor.role, self.act, data, relation))  # as without any power of the right's own
            return ruling if ruling and ruling.decision == "mask" else None
        return ruling

    def allows(self, data: str, relation: str) -> bool:
        """Whether the data may be seen, changed or otherwise used, unmasked."""
        ruling = self.ruling(data, relation)
        return ruling is not None and ruling.decision == "allow"

    def relations(self, data: str) -> frozenset[str]:
        """The relations in which the actor may do the act with these data, masked or not."""
        other = "own" if self.actor.granted_by else "participant"  # in which this actor stands to nobody
        return frozenset(each for each in _RELATIONS if each != other and self.ruling(data, each))

    def relation(
        self, customer_id: UUID, *, related: bool, ever_related: bool = False, aliases: Iterable[UUID] = ()
    ) -> str:
        """How the actor stands to a customer: `related` and `ever_related` are of the municipality and the customer.

        A right to one of the customer's ids, `aliases` among them, is a right to the customer.
        """
        ids = {customer_id, *aliases}
        if self.actor.own_record in ids and self.actor.role == "customer":
            return "own_record"
        named = self.actor.customers is None or not ids.isdisjoint(self.actor.customers)
        if named and related:
            return self.related
        if not ids.isdisjoint(self.actor.emergency):
            return "emergency"
        return "former" if named and ever_related else "foreign"

    def reach(self, data: str) -> Reach:
        """Which customers the act reaches, as far as these data go."""
        relations = self.relations(data)
        return Reach(
            related=self.related in relations,
            former="former" in relations,
            named_only=self.actor.customers is not None,
            emergency="emergency" in relations and bool(self.actor.emergency),
            withheld=bool(self.actor.withheld),
            offered="offered" in relations and self.actor.customers is None and not self.actor.granted_by,
        )

    def refuse_in_emergency(self, customer_id: UUID, data: str) -> None:
        """Raises Forbidden when the actor opened the customer in an emergency, and the act is no part of the help.

        For those who are not reached: to anybody else such a customer does not exist.
        """
        opened = customer_id in self.actor.emergency and customer_id not in self.actor.withheld
        if opened and "emergency" not in self.relations(data):
            raise Forbidden("In an emergency what helping the person takes is seen, and nothing is done.")

    def refuse_people(self, *data: str) -> None:
        """Raises Forbidden unless the partners' service asks: it knows in whose name, and no person asks in any."""
        if not all(self.allows(each, "none") for each in data):
            raise Forbidden("Only the partners' service asks this.")

    @property
    def related(self) -> str:
        """How the actor stands to the customers that the right is for."""
        return "participant" if self.actor.granted_by else "own"

    @cached_property
    def _powers(self) -> tuple[str, ...]:
        """The powers of the actor's own that hold for the request: some need a purpose that the request states."""
        known = policy().text.powers
        needing = {power for power, term in known.items() if term.needs_purpose and not self.actor.purpose}
        return tuple(each for each in self.actor.powers if each not in needing)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The values of the conditions' parameters."""
        actor = self.actor
        return {
            MUNICIPALITY.key: actor.municipality,
            "granted_customers": list(actor.customers or ()),
            "withheld_customers": list(actor.withheld),
            "emergency_customers": list(actor.emergency),
        }


NO_RIGHTS = Rights(Actor(user="", organisation="", role=""), "")
"""Of an event's handler: it acts for nobody who asks."""


def rights_of(actor: Actor, request: type[Request[Any]], now: datetime) -> Rights:
    """The rights to a request; raises Forbidden when the policy gives the role none, and RightsNotCurrent."""
    current = actor.rights_as_of is None or now - actor.rights_as_of <= RIGHTS_GOOD_FOR
    rights = Rights(actor, request.ACT, current)
    if not any(rights.relations(data) for data in request.DATA):
        raise Forbidden("The role does not allow this.")
    if request.CHANGES and not current:
        raise RightsNotCurrent
    return rights


def named(records: Table) -> CompoundSelect[tuple[UUID]]:
    """The ids named in the right, and of the records that they are merged into.

    Lists begin there when a right is to certain customers, and not with the whole municipality; then comes `within`.
    """
    kept = select(records.c.merged_into).where(records.c.customer_id == _CUSTOMERS, records.c.merged_into.is_not(None))
    return select(func.unnest(_NAMED)).union_all(kept)


def within(
    reach: Reach,
    customer_id: ColumnElement[UUID],
    related: ColumnElement[bool],
    ever_related: ColumnElement[bool],
    records: Table,
    offered: ColumnElement[bool] | None = None,
) -> ColumnElement[bool]:
    """The condition that a customer is reached; `related` and `ever_related` are of MUNICIPALITY and the customer.

    `records` tells by its column `merged_into` which ids are aliases of the customer: what holds for one holds for all.
    `offered`: that the row is of a matter between MUNICIPALITY and another organisation.
    """

    def is_one(ids: ColumnElement[UUID]) -> ColumnElement[bool]:
        alias = records.alias("alias_of_reached")
        merged = select(alias.c.customer_id).where(alias.c.merged_into == customer_id, alias.c.customer_id == ids)
        return or_(customer_id == ids, merged.exists())

    of_municipality = [
        each for each, holds in ((related, reach.related), (and_(ever_related, not_(related)), reach.former)) if holds
    ]
    reached = [and_(each, is_one(_CUSTOMERS)) if reach.named_only else each for each in of_municipality]
    if reach.offered and offered is not None:
        reached.append(and_(offered, not_(related)))
    if reach.emergency:
        reached.append(is_one(_EMERGENCY))
    condition = or_(*reached) if reached else false()
    return and_(condition, not_(is_one(_WITHHELD))) if reach.withheld else condition
