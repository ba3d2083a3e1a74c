"""How a county is asked to take part, answers and contributes, and what each side is shown: pure functions."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from contracts.assessment.county_sections import Contribution
from contracts.assessment.participations import (
    Participation,
    ParticipationCard,
    PartnerParticipation,
    RequestParticipation,
)
from contracts.envelope import FieldError
from contracts.handshake import HandshakeAct, HandshakeState
from contracts.law import laws
from services.assessment.rules.base import broken, broken_by_code, broken_by_language
from services.kit import code_lists
from services.kit.handshake import OPEN

STANDING: tuple[HandshakeState, ...] = (*OPEN, "accepted")
"""The states in which the county takes part, or may yet."""
OVER = ("withdrawn", "dropped")
"""The states of assessments in which nobody takes part any more."""
_NEEDED = {"accept": "responsible", "reject": "reason", "ask_more": "text"}


def county_of(municipality: str, on: date) -> str:
    """The county that a municipality belongs to; of Helsinki and Åland themselves (681/2023 100 §)."""
    return code_lists.municipality(municipality, on).wellbeing_services_county


def topics() -> set[str]:
    """What a county may be asked of and write of: further topics of every version of the act.

    The joint interview asks of them although 15 §, which once named them, was repealed.
    """
    return {topic.code for law in laws() if law.assessment for topic in law.assessment.further_topics}


def broken_by_request(
    message: RequestParticipation, municipality: str, now: datetime, on: date
) -> Iterator[FieldError]:
    """What a request to take part breaks."""
    if county_of(municipality, on) in _WITHOUT_COUNTY:
        yield broken("/county", "own_county")
    yield from broken_by_code("/way", message.way, code_lists.COUNTY_PARTICIPATION_WAYS, on)
    if message.way == "joint_interview" and message.proposed_at is None:
        yield broken("/proposed_at", "missing")
    yield from broken_by_time(message.proposed_at, now)
    yield from broken_by_language("/preview/service_language", message.preview.service_language)
    yield from _broken_by_topics("/preview/topics", message.preview.topics)


def broken_by_time(proposed_at: datetime | None, now: datetime) -> Iterator[FieldError]:
    """That a proposed time, where there is one, is over."""
    if proposed_at is not None and proposed_at < now:
        yield broken("/proposed_at", "in_past")


def broken_by_answer(act: HandshakeAct, told: dict[str, Any], on: date) -> Iterator[FieldError]:
    """What an answer breaks by what is told with it: `responsible`, `reason` and `text`."""
    needed = _NEEDED.get(act)
    if needed and told.get(needed) is None:
        yield broken(f"/{needed}", "missing")
    elif act == "accept" and not told["responsible"].get("phone"):
        yield broken("/responsible/phone", "missing")
    if act == "reject":
        yield from broken_by_code("/reason", told.get("reason"), code_lists.PARTICIPATION_REJECTION_REASONS, on)


def broken_by_channel(channel: str, answered_on: date, on: date) -> Iterator[FieldError]:
    """What is wrong with how and when an answer came that is written down by hand."""
    yield from broken_by_code("/channel", channel, code_lists.ANSWER_CHANNELS, on)
    if answered_on > on:
        yield broken("/answered_on", "in_future")


def broken_by_contribution(contribution: Contribution, on: date, *, within: str) -> Iterator[FieldError]:
    """What a contribution breaks."""
    known = topics()
    for index, each in enumerate(contribution.sections):
        at = f"{within}/sections/{index}"
        if each.topic not in known:
            yield broken(f"{at}/topic", "rule_book")
        for place, need in enumerate(each.needs):
            yield from broken_by_code(f"{at}/needs/{place}", need, code_lists.INTEGRATION_NEEDS, on)
    if contribution.written_on > on:
        yield broken(f"{within}/written_on", "in_future")


def keeps_open(participations: Sequence[Any], *, topic_written: bool) -> str | None:
    """The rule by which an assessment's participations keep it from being concluded (R-ASM-06); None: they don't.

    `topic_written`: the joint interview wrote under a further topic, which is the county's contribution too.
    """
    if any(each.state in OPEN for each in participations):
        return "county_answer_awaited"
    for each in participations:
        if each.state == "accepted" and not (each.contributed_at or each.without_contribution or topic_written):
            return "county_contribution_missing"
    return None


def shown(row: Any) -> Participation:
    """A participation as the municipality sees it."""
    return Participation.model_validate(_state(row) | {"customer_id": row.kept})


def card(row: Any) -> ParticipationCard:
    """What a list shows of it."""
    return ParticipationCard.model_validate(_state(row) | {"customer_id": row.kept})


def shown_to_partner(row: Any) -> PartnerParticipation:
    """A participation as the county may see it: whom it is about after it has accepted, while it takes part."""
    takes_part = row.state == "accepted" and is_live(row)
    told = {
        "customer_id": row.kept if takes_part else None,
        "preview": row.preview if row.state in STANDING else None,
    }
    return PartnerParticipation.model_validate(_state(row) | told)


def is_live(row: Any) -> bool:
    """Whether there is still an assessment, or a plan made of it, to take part in."""
    return row.is_customer and row.assessment_status not in OVER


def state_of(row: dict[str, Any]) -> dict[str, Any]:
    """What an event tells of a participation."""
    return row | {"county": row["addressee"], "contributed": row.get("contributed_at") is not None}


def _state(row: Any) -> dict[str, Any]:
    return {**row._asdict(), "county": row.addressee}


def _broken_by_topics(pointer: str, told: Sequence[str]) -> Iterator[FieldError]:
    known = topics()
    for index, topic in enumerate(told):
        if topic not in known:
            yield broken(f"{pointer}/{index}", "rule_book")


_WITHOUT_COUNTY = {"90", "91"}
"""The City of Helsinki is the county itself (681/2023 100 §); Åland has none."""
