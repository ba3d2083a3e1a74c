"""Counties' participation in assessments: asking, the turns of the handshake, and what acceptance does."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.assessment.participations import (
    AnswerParticipationForPartner,
    GetParticipation,
    GetParticipationForPartner,
    GoOnWithoutContribution,
    ListParticipations,
    MissingContribution,
    Participation,
    ParticipationChanged,
    Participations,
    ParticipationVersion,
    PartnerParticipation,
    RecordedAnswer,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.handshake import HandshakeAct, Turn
from services.assessment.handlers.base import change as change_assessment
from services.assessment.handlers.base import needs_of
from services.assessment.law.participations import participation_law
from services.assessment.repository import participations as repository
from services.assessment.repository import reach
from services.assessment.rules import participations as rules
from services.kit.actor import service_actor
from services.kit.background import work_off
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, NotNow, check_current, check_input
from services.kit.handshake import OPEN, Handshake, Refused, Side, after_turn, decide
from services.kit.parts import Parts
from services.kit.work import Cause, UnitOfWork, Work

EVERY_SECONDS = 60.0
MOST_AT_ONCE = 500
PARTICIPATION = "participation"


async def request_participation(message: RequestParticipation, work: Work) -> ParticipationVersion:
    """Asks the county of the municipality: it sees a preview that identifies nobody."""
    case = await reach.lock(work, message.assessment_id, PARTICIPATION)
    if done := await work.outcome_of_repeat(ParticipationVersion):
        return done
    if case.status in rules.OVER:
        raise Conflict(f"The assessment is {case.status}: there is nothing to take part in.")
    today = helsinki_date(work.now)
    check_input(rules.broken_by_request(message, case.municipality, work.now, today))
    if await repository.standing(work, case.assessment_id):
        raise Conflict("The county was asked already: it takes part, or its answer is awaited.")
    law = participation_law()
    turn = Turn(version=1, act="request", organisation=case.municipality, acted_at=work.now)
    row = await repository.add(
        work,
        participation_id=uuid7(),
        assessment_id=case.assessment_id,
        customer_id=case.customer_id,
        municipality=case.municipality,
        way=message.way,
        proposed_at=message.proposed_at,
        preview=message.preview.model_dump(mode="json"),
        legal_basis=law.participation.legal_basis,
        version=1,
        state="requested",
        requester=case.municipality,
        addressee=rules.county_of(case.municipality, today),
        due_on=law.time_to_answer.last_day(today),
        turns=[turn.model_dump(mode="json")],
        created_at=work.now,
        changed_at=work.now,
    )
    work.record_use([case.kept], [PARTICIPATION], relation=work.rights.related)
    return await tell(work, row)


async def get_participation(message: GetParticipation, work: Work) -> Participation:
    """One participation as the municipality sees it."""
    row = await repository.get(work, message.participation_id)
    _record_use(work, row)
    return rules.shown(row)


async def list_participations(message: ListParticipations, work: Work) -> Participations:
    """Participations that the municipality asked for, a page at a time."""
    rows, more = await repository.find(work, message)
    customers = [row.kept for row in rows]
    data = [PARTICIPATION] if rows else []
    work.record_use(customers, data, relation=work.rights.related, found=len(rows))
    return Participations(participations=tuple(map(rules.card, rows)), next_cursor=more)


async def reply_to_participation(message: ReplyToParticipation, work: Work) -> ParticipationVersion:
    """Gives the turn back to the county."""
    case, row = await repository.lock(work, message.participation_id)
    if done := await work.outcome_of_repeat(ParticipationVersion):
        return done
    _record_use(work, row)
    check_input(rules.broken_by_time(message.proposed_at, work.now))
    proposed = {"proposed_at": message.proposed_at} if message.proposed_at else {}
    return await _act(
        work,
        case,
        row,
        "reply",
        "requester",
        {"text": message.text},
        expected=message.expected_version,
        **proposed,
    )


async def withdraw_participation(message: WithdrawParticipation, work: Work) -> ParticipationVersion:
    """Ends what was not answered."""
    case, row = await repository.lock(work, message.participation_id)
    if done := await work.outcome_of_repeat(ParticipationVersion):
        return done
    _record_use(work, row)
    return await _act(work, case, row, "withdraw", "requester", {}, expected=message.expected_version)


async def record_participation_answer(message: RecordParticipationAnswer, work: Work) -> ParticipationVersion:
    """Writes down what the county answered past the interface; who wrote it down is kept."""
    case, row = await repository.lock(work, message.participation_id)
    if done := await work.outcome_of_repeat(ParticipationVersion):
        return done
    _record_use(work, row)
    check_input(rules.broken_by_channel(message.channel, message.answered_on, helsinki_date(work.now)))
    recorded = RecordedAnswer(
        channel=message.channel, answered_on=message.answered_on, recorded_by=work.actor.user
    ).model_dump(mode="json")
    told = message.model_dump(mode="json", include={"responsible", "reason", "text"})
    return await _act(
        work, case, row, message.act, "addressee", told, expected=message.expected_version, recorded_answer=recorded
    )


async def go_on_without_contribution(message: GoOnWithoutContribution, work: Work) -> ParticipationVersion:
    """Records why no contribution is waited for."""
    _, row = await repository.lock(work, message.participation_id)
    if done := await work.outcome_of_repeat(ParticipationVersion):
        return done
    _record_use(work, row)
    check_current(row.version, message.expected_version)
    if row.state != "accepted":
        raise Conflict("The county has not agreed to take part: no contribution is waited for.")
    missing = MissingContribution(reason=message.reason, recorded_at=work.now, recorded_by=work.actor.user)
    told = {"without_contribution": missing.model_dump(mode="json"), "version": row.version + 1}
    return await tell(work, await repository.change(work, row.participation_id, changed_at=work.now, **told))


async def answer_participation_for_partner(message: AnswerParticipationForPartner, work: Work) -> ParticipationVersion:
    """What the county does in a participation that it was asked for."""
    work.rights.refuse_people(PARTICIPATION)
    if done := await work.outcome_of_repeat(ParticipationVersion):
        return done
    case, row = await repository.lock(work, message.participation_id, message.partner)
    work.record_use([row.kept], [PARTICIPATION], relation="none", organisation=message.partner)
    told = message.model_dump(mode="json", include={"responsible", "reason", "text"})
    return await _act(work, case, row, message.act, "addressee", told)


async def get_participation_for_partner(message: GetParticipationForPartner, work: Work) -> PartnerParticipation:
    """A participation of the county's; whom it is about while it takes part."""
    work.rights.refuse_people(PARTICIPATION)
    row = await repository.get(work, message.participation_id, message.partner)
    work.record_use([row.kept], [PARTICIPATION], relation="none", organisation=message.partner)
    return rules.shown_to_partner(row)


async def end_participations(parts: Parts) -> None:
    """Ends once a minute what was not answered in time, or needs no answer any more; several replicas do no harm."""
    await work_off(parts, lambda: tick(parts.unit_of_work), waits="participations.time_waits", every=EVERY_SECONDS)


async def tick(unit_of_work: UnitOfWork) -> None:
    """Lets overdue participations expire, and withdraws those in what has ended, each in a transaction of its own."""
    cause, actor = str(uuid4()), service_actor("assessment")
    async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
        found = await repository.to_end(work, helsinki_date(work.now), MOST_AT_ONCE)
    for participation_id in found:
        async with unit_of_work.begin(actor, Cause(cause, cause)) as work:
            locked = await repository.lock_any(work, participation_id)
            if locked is None:
                continue
            case, row = locked
            act: HandshakeAct = "expire" if rules.is_live(row) else "withdraw"
            side: Side | None = None if act == "expire" else "requester"
            decided = decide(Handshake(row.state, row.due_on), act, side, helsinki_date(work.now))
            if isinstance(decided, Refused) and decided.rule == "late":
                decided, act = Handshake("expired", row.due_on), "expire"
            if not isinstance(decided, Refused) and decided.state != row.state:
                await _write(work, case, row, act, decided, None, {})


async def tell(work: Work, row: Row[Any]) -> ParticipationVersion:
    """Tells other services how a participation stands, whose row is locked."""
    told = ParticipationChanged.model_validate(rules.state_of(row._asdict()))
    await work.publish(told, legal_basis=row.legal_basis)
    return ParticipationVersion(participation_id=row.participation_id, version=row.version)


async def _act(
    work: Work,
    case: Row[Any],
    row: Row[Any],
    act: HandshakeAct,
    side: Side,
    told: dict[str, Any],
    *,
    expected: int | None = None,
    **more: Any,
) -> ParticipationVersion:
    """Does what one side does: the first to come decides, the others are told the state."""
    today = helsinki_date(work.now)
    if row.state in OPEN and not rules.is_live(row):
        raise NotNow(Refused("decided", "withdrawn"), row.version)  # the next minute's look says so
    decided = decide(Handshake(row.state, row.due_on), act, side, today)
    if isinstance(decided, Refused):
        raise NotNow(decided, row.version)
    if decided.state == row.state:
        return ParticipationVersion(participation_id=row.participation_id, version=row.version)
    check_current(row.version, expected)
    check_input(rules.broken_by_answer(act, told, today))
    organisation = row.requester if side == "requester" else row.addressee
    return await _write(work, case, row, act, decided, organisation, told, **more)


async def _write(
    work: Work,
    case: Row[Any],
    row: Row[Any],
    act: HandshakeAct,
    decided: Handshake,
    organisation: str | None,
    told: dict[str, Any],
    **more: Any,
) -> ParticipationVersion:
    changes = after_turn(row, act, decided, organisation, work.now, **told)
    changed = await repository.change(work, row.participation_id, **changes, **more)
    if decided.state == "accepted" and not case.county_takes_part:
        needs = await needs_of(work, case)
        await change_assessment(work, case.assessment_id, needs, county_takes_part=True)
    return await tell(work, changed)


def _record_use(work: Work, row: Row[Any]) -> None:
    work.record_use([row.kept], [PARTICIPATION], relation=work.rights.related)
