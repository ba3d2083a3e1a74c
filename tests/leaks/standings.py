"""How somebody may stand to a customer, and what the policy alone says of it.

Nothing here is taken from the code that decides: the relation of each standing is stated, and looked up in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.policy import Case, policy
from services.kit.actor import Actor
from tests.leaks.people import COUNTY, ELSEWHERE, HERE, PARTY
from tests.support import now

ROLES = tuple(policy().text.roles)
POWERS = tuple(policy().text.powers)
SOMEBODY_ELSE = uuid4()


@dataclass(frozen=True)
class Standing:
    """A right, and the relation to the customer that it brings; None where the customer must not exist at all."""

    name: str
    relation: str | None
    actor: Callable[[str, UUID], Actor]
    of_ended: bool = False
    """Whether it is to a customer whose relationship has ended."""
    is_stale: bool = False
    """Whether the news of rights is too old for changes and protected data."""

    def decision(self, role: str, act: str, data: str, relation: str | None = None) -> str | None:
        """What the policy says: allow, mask, or None where it denies. `relation` is another than the standing's own."""
        actor, relation = self.actor(role, SOMEBODY_ELSE), relation or self.relation
        if relation is None or (actor.data is not None and data not in actor.data):
            return None
        case, known = Case(role, act, data, relation), policy()
        if self.is_stale and data in known.protected:
            masked = known.ruling(case)
            return "mask" if masked and masked.decision == "mask" else None
        powers = actor.powers if actor.purpose else set(actor.powers) - {"personal_safety"}
        ruling = known.ruling(case, powers)
        return ruling.decision if ruling else None


def _acting(organisation: str, **limits: object) -> Callable[[str, UUID], Actor]:
    def actor(role: str, customer_id: UUID) -> Actor:
        given: dict[str, Any] = {
            name: value(customer_id) if callable(value) else value for name, value in limits.items()
        }
        return Actor(f"{role}@{organisation}", organisation, role, **given)

    return actor


def _this(customer_id: UUID) -> tuple[UUID, ...]:
    return (SOMEBODY_ELSE, customer_id)


def _another(_: UUID) -> tuple[UUID, ...]:
    return (SOMEBODY_ELSE,)


def _long_ago(_: UUID) -> object:
    return now() - timedelta(minutes=1)


_county = _acting(COUNTY, granted_by=HERE, customers=_this)

_POWERFUL: dict[str, Any] = {"powers": POWERS, "purpose": "placement"}
"""With every power, and the purpose that some need."""

STANDINGS = (
    Standing("own", "own", _acting(HERE)),
    Standing("own, with every power", "own", _acting(HERE, **_POWERFUL)),
    Standing("own, with every power, for no stated purpose", "own", _acting(HERE, powers=POWERS)),
    Standing("own, named in the right", "own", _acting(HERE, customers=_this)),
    Standing("own, not named in the right", "foreign", _acting(HERE, customers=_another)),
    Standing("own, for some data only", "own", _acting(HERE, data=("identity", "language"))),
    Standing(
        "own, on old rights",
        "own",
        _acting(HERE, **_POWERFUL, rights_as_of=_long_ago),
        is_stale=True,
    ),
    Standing("own, withheld", None, _acting(HERE, withheld=_this)),
    Standing("former", "former", _acting(HERE), of_ended=True),
    Standing("foreign", "foreign", _acting(ELSEWHERE)),
    Standing("foreign, with every power", "foreign", _acting(ELSEWHERE, **_POWERFUL)),
    Standing("party of a transfer", "offered", _acting(PARTY)),
    Standing("participant", "participant", _county),
    Standing(
        "participant, with every power",
        "participant",
        _acting(COUNTY, granted_by=HERE, customers=_this, **_POWERFUL),
    ),
    Standing("participant for another customer", "foreign", _acting(COUNTY, granted_by=HERE, customers=_another)),
    Standing("participant after the end", "former", _county, of_ended=True),
    Standing("emergency", "emergency", _acting(ELSEWHERE, emergency=_this)),
    Standing("emergency for another customer", "foreign", _acting(ELSEWHERE, emergency=_another)),
    Standing("emergency, withheld", None, _acting(ELSEWHERE, emergency=_this, withheld=_this)),
)
"""Those of everybody but the customer, who is `OWN_RECORD`."""
OF_ORGANISATION = {"own", "own, on old rights", "own, withheld", "foreign", "participant"}
"""The standings that can make a difference where nothing of one customer is asked."""
MAIN = {"own", "own, with every power", "foreign", "own record"}
"""The standings that are tried to a person of every kind, also where there is no time for everything."""
OWN_RECORD = (
    Standing(
        "own record", "own_record", lambda role, customer_id: Actor("c", "customer", role, own_record=customer_id)
    ),
    Standing("another's record", "foreign", lambda role, _: Actor("c", "customer", role, own_record=SOMEBODY_ELSE)),
)


def standings(role: str) -> tuple[Standing, ...]:
    """Every standing that is tried for a role."""
    return STANDINGS + (OWN_RECORD if role == "customer" else ())
