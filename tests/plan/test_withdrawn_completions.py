"""A completion that was recorded wrongly is taken back."""

import asyncio
from functools import partial
from uuid import uuid4

import pytest
from alembic import command

from contracts.plan.referrals import (
    GetReferral,
    RecordCompletionForPartner,
    ReferralVersion,
    WithdrawCompletion,
)
from services.kit.errors import ChangedMeanwhile, Conflict, NotFound
from services.kit.migrate import configuration
from tests.plan.agreed import (
    DECLINED,
    DONE,
    PARTNERS,
    TEST,
    Agreed,
    agreed,
    answering,
    completing,
    referring,
    states,
)
from tests.plan.support import TODAY, Desk
from tests.support import EXPERT_TAMPERE, TestDatabases, owner_url, rows

pytestmark = pytest.mark.database

_OF_BEFORE = """INSERT INTO referral (referral_id, plan_id, line_id, customer_id, municipality, provider, state,
    version, referred_on, answered_on, changed_at, changed_by)
    VALUES ($1, $1, $1, $1, '837', $5, $2, 1, $3, $4, now(), 'u')"""
"""A referral as it was kept before withdrawing came."""


async def withdrawing(desk: Desk, known: ReferralVersion, at: int = -1) -> WithdrawCompletion:
    """The request to take back what was recorded last, unless told otherwise."""
    found = await desk.ask(GetReferral(referral_id=known.referral_id))
    return WithdrawCompletion(
        referral_id=known.referral_id,
        expected_version=found.version,
        completion_id=found.completions[at].completion_id,
        why="Recorded of the wrong course",
    )


@pytest.fixture
async def plan(desk: Desk) -> Agreed:
    return await agreed(desk)


async def test_a_completion_that_is_withdrawn_stays_readable_and_the_referral_is_open_again(
    desk: Desk, plan: Agreed
) -> None:
    over = await desk.ask(completing(await desk.ask(answering(await desk.ask(referring(plan))))))
    asked = await withdrawing(desk, over)
    back = [await desk.ask(asked, key="k") for _ in range(2)][-1]
    found = await desk.ask(GetReferral(referral_id=over.referral_id))
    assert (back.version, found.version, found.state, found.answered_on) == (4, 4, "taken_up", TODAY)
    [withdrawn] = found.completions
    assert (withdrawn.hours, withdrawn.organisation) == (120, "837")
    assert withdrawn.withdrawn
    assert (withdrawn.withdrawn.why, withdrawn.withdrawn.withdrawn_by) == (asked.why, EXPERT_TAMPERE.user)
    with pytest.raises(Conflict):
        await desk.ask(await withdrawing(desk, over))
    await desk.ask(completing(back))
    assert await states(desk) == ["made", "taken_up", "completed", "taken_up", "completed"]
    told = await desk.rows("SELECT data FROM outbox WHERE type = 'plan.referral_changed.v1'")
    assert not any(asked.why in row["data"] for row in told)


async def test_what_was_over_before_it_was_kept_why_stays_over_and_is_withdrawn_too(desk: Desk, plan: Agreed) -> None:
    over = await desk.ask(completing(await desk.ask(answering(await desk.ask(referring(plan))))))
    await desk.rows("UPDATE completion SET is_over = NULL")
    await desk.ask(completing(over, TEST, is_over=False))
    assert (await desk.ask(GetReferral(referral_id=over.referral_id))).state == "completed"
    await desk.ask(await withdrawing(desk, over, at=1))
    await desk.ask(await withdrawing(desk, over, at=0))
    assert (await desk.ask(GetReferral(referral_id=over.referral_id))).state == "taken_up"


async def test_a_referral_of_before_has_the_answer_that_its_state_tells(databases: TestDatabases) -> None:
    url = await databases.empty("plan")
    upgrade = partial(asyncio.to_thread, command.upgrade, configuration("plan", owner_url(url)))
    await upgrade("0006")
    for number, state in enumerate(("made", "taken_up", "declined", "completed")):
        answered_on = TODAY if state != "made" else None
        await rows(url, _OF_BEFORE, uuid4(), state, TODAY, answered_on, f"school {number}")
    await upgrade("head")
    found = await rows(url, "SELECT answer FROM referral ORDER BY provider")
    assert [row["answer"] for row in found] == [None, "taken_up", "declined", "taken_up"]


async def test_without_the_completion_that_told_of_the_beginning_the_referral_waits_for_an_answer(
    desk: Desk, plan: Agreed
) -> None:
    over = await desk.ask(completing(await desk.ask(referring(plan))))
    back = await desk.ask(await withdrawing(desk, over))
    found = await desk.ask(GetReferral(referral_id=over.referral_id))
    assert (found.state, found.answered_on) == ("made", None)
    await desk.ask(answering(back, DECLINED))
    assert await states(desk) == ["made", "completed", "made", "declined"]


async def test_a_result_that_is_withdrawn_leaves_what_is_over_over(desk: Desk, plan: Agreed) -> None:
    over = await desk.ask(completing(await desk.ask(referring(plan))))
    await desk.ask(completing(over, TEST, is_over=False))
    await desk.ask(await withdrawing(desk, over))
    found = await desk.ask(GetReferral(referral_id=over.referral_id))
    assert (found.state, [bool(each.withdrawn) for each in found.completions]) == ("completed", [False, True])


async def test_a_completion_is_not_withdrawn_once_the_client_was_referred_anew(desk: Desk, plan: Agreed) -> None:
    over = await desk.ask(completing(await desk.ask(referring(plan))))
    await desk.ask(referring(plan))
    with pytest.raises(Conflict):
        await desk.ask(await withdrawing(desk, over))
    assert (await desk.ask(GetReferral(referral_id=over.referral_id))).completions[0].withdrawn is None


async def test_what_a_provider_told_is_not_withdrawn_and_what_is_not_there_neither(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    report = RecordCompletionForPartner(partner="school", referral_id=made.referral_id, completion=DONE)
    asked = await withdrawing(desk, await desk.ask(report, PARTNERS))
    with pytest.raises(Conflict):
        await desk.ask(asked)
    with pytest.raises(NotFound):
        await desk.ask(asked.model_copy(update={"completion_id": uuid4()}))
    with pytest.raises(ChangedMeanwhile):
        await desk.ask(asked.model_copy(update={"expected_version": 1}))


async def test_of_two_withdrawals_at_once_the_second_finds_the_first(desk: Desk, plan: Agreed) -> None:
    asked = await withdrawing(desk, await desk.ask(completing(await desk.ask(referring(plan)))))
    done, second = await desk.ask_while(asked, asked)
    assert isinstance(done, ReferralVersion)
    assert isinstance(second, ChangedMeanwhile)
