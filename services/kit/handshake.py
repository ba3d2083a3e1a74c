"""The handshake by which one organisation asks another: it asks, and is answered, or it withdraws, or time passes.

No word of the domain: what is asked, and what acceptance does, is the owner's. The first commit wins: `decide` says
what an act makes of the state that it meets, and the owner holds the row's lock meanwhile.
"""

from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol

from contracts.handshake import HandshakeAct, HandshakeState, Turn

Side = Literal["requester", "addressee"]
OPEN: tuple[HandshakeState, ...] = ("requested", "more_asked")
"""The states in which an answer is awaited."""


class Handshake(NamedTuple):
    """A handshake as far as the protocol goes: `due_on` is the last day for an answer."""

    state: HandshakeState
    due_on: date


class Kept(Protocol):
    """A handshake's row, as far as an act changes it."""

    @property
    def version(self) -> int: ...
    @property
    def responsible(self) -> Any: ...
    @property
    def turns(self) -> list[Any]: ...


class Refused(NamedTuple):
    """Why an act makes nothing of a handshake."""

    rule: Literal["decided", "late", "asked_already", "not_asked", "not_this_side", "not_yet_late"]
    state: HandshakeState


_BY: dict[HandshakeAct, Side | None] = {
    "accept": "addressee",
    "reject": "addressee",
    "ask_more": "addressee",
    "reply": "requester",
    "withdraw": "requester",
    "expire": None,
}
_LEADS_TO: dict[HandshakeAct, HandshakeState] = {
    "accept": "accepted",
    "reject": "rejected",
    "ask_more": "more_asked",
    "reply": "requested",
    "withdraw": "withdrawn",
    "expire": "expired",
}


def decide(handshake: Handshake, act: HandshakeAct, side: Side | None, today: date) -> Handshake | Refused:
    """What the act of a side makes of the handshake, the same handshake when that is how it ended; no side: time."""
    state, due_on = handshake
    if side != _BY[act]:
        return Refused("not_this_side", state)
    if state == _LEADS_TO[act]:
        repeated: dict[HandshakeState, Refused] = {
            "requested": Refused("not_asked", state),
            "more_asked": Refused("asked_already", state),
        }
        return repeated.get(state, handshake)
    if state not in OPEN:
        return Refused("decided", state)
    if (today > due_on) != (act == "expire"):
        return Refused("not_yet_late" if act == "expire" else "late", state)
    return Handshake(_LEADS_TO[act], due_on)


def after_turn(
    row: Kept,
    act: HandshakeAct,
    decided: Handshake,
    organisation: str | None,
    at: datetime,
    *,
    responsible: Any = None,
    reason: str | None = None,
    text: str | None = None,
) -> dict[str, Any]:
    """What an act changes in the columns that the row of every handshake has; no organisation: time's own act."""
    version = row.version + 1
    turn = Turn(version=version, act=act, organisation=organisation, acted_at=at, reason=reason, text=text)
    return {
        "version": version,
        "state": decided.state,
        "responsible": responsible or row.responsible,
        "turns": [*row.turns, turn.model_dump(mode="json")],
        "changed_at": at,
    }
