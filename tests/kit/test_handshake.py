"""What an act makes of a handshake: given, when, expect."""

from datetime import date
from itertools import product
from typing import Any, get_args

import pytest

from contracts.handshake import HandshakeAct, HandshakeState
from services.kit.handshake import OPEN, Handshake, Refused, Side, decide

DUE = date(2026, 4, 1)
IN_TIME, LATE = DUE, date(2026, 4, 2)

EXPECTED: list[tuple[HandshakeState, HandshakeAct, Side | None, date, str]] = [
    # what is asked for can be answered, and taken back
    ("requested", "accept", "addressee", IN_TIME, "accepted"),
    ("requested", "reject", "addressee", IN_TIME, "rejected"),
    ("requested", "ask_more", "addressee", IN_TIME, "more_asked"),
    ("requested", "withdraw", "requester", IN_TIME, "withdrawn"),
    ("requested", "expire", None, LATE, "expired"),
    ("requested", "reply", "requester", IN_TIME, "not_asked"),
    # while more is asked, too
    ("more_asked", "reply", "requester", IN_TIME, "requested"),
    ("more_asked", "accept", "addressee", IN_TIME, "accepted"),
    ("more_asked", "reject", "addressee", IN_TIME, "rejected"),
    ("more_asked", "withdraw", "requester", IN_TIME, "withdrawn"),
    ("more_asked", "expire", None, LATE, "expired"),
    ("more_asked", "ask_more", "addressee", IN_TIME, "asked_already"),
    # late: the day has passed, and nothing has said so yet
    *((state, act, "addressee", LATE, "late") for state in OPEN for act in ("accept", "reject")),
    *((state, "withdraw", "requester", LATE, "late") for state in OPEN),
    ("requested", "ask_more", "addressee", LATE, "late"),
    ("more_asked", "reply", "requester", LATE, "late"),
    *((state, "expire", None, IN_TIME, "not_yet_late") for state in OPEN),
    # doubled: as it was, also when it comes late
    *(("accepted", "accept", "addressee", day, "accepted") for day in (IN_TIME, LATE)),
    *(("rejected", "reject", "addressee", day, "rejected") for day in (IN_TIME, LATE)),
    *(("withdrawn", "withdraw", "requester", day, "withdrawn") for day in (IN_TIME, LATE)),
    ("expired", "expire", None, LATE, "expired"),
    # crossing: the first to come has decided
    ("withdrawn", "accept", "addressee", IN_TIME, "decided"),
    ("withdrawn", "reject", "addressee", IN_TIME, "decided"),
    ("accepted", "withdraw", "requester", IN_TIME, "decided"),
    ("rejected", "withdraw", "requester", IN_TIME, "decided"),
    ("accepted", "expire", None, LATE, "decided"),
    ("expired", "accept", "addressee", LATE, "decided"),
    ("expired", "withdraw", "requester", LATE, "decided"),
    ("accepted", "reject", "addressee", IN_TIME, "decided"),
    ("rejected", "accept", "addressee", IN_TIME, "decided"),
    ("withdrawn", "ask_more", "addressee", IN_TIME, "decided"),
    ("rejected", "reply", "requester", IN_TIME, "decided"),
]


@pytest.mark.parametrize(("given", "act", "side", "today", "expected"), EXPECTED)
def test_what_an_act_makes_of_a_handshake(
    given: HandshakeState, act: HandshakeAct, side: Side | None, today: date, expected: str
) -> None:
    decided = decide(Handshake(given, DUE), act, side, today)
    assert (decided.rule if isinstance(decided, Refused) else decided.state) == expected
    assert decided.state == given if isinstance(decided, Refused) else decided.due_on == DUE


STATES: tuple[Any, ...] = get_args(HandshakeState)
ACTS: tuple[Any, ...] = tuple(act for act in get_args(HandshakeAct) if act != "request")
SIDES: tuple[Any, ...] = ("requester", "addressee", None)


def test_no_act_leads_out_of_what_was_decided() -> None:
    for state, act, side, today in product(STATES, ACTS, SIDES, (IN_TIME, LATE)):
        decided = decide(Handshake(state, DUE), act, side, today)
        assert state in OPEN or decided.state == state, (state, act, side)


def test_each_act_is_one_side_s_alone() -> None:
    for act in ACTS:
        doers = {
            side
            for state, side, today in product(STATES, SIDES, (IN_TIME, LATE))
            if not isinstance(decide(Handshake(state, DUE), act, side, today), Refused)
        }
        assert len(doers) == 1, act
