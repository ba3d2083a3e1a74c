"""A referral that was made wrongly is taken back."""

import json
from datetime import date
from typing import Any

import pytest

from contracts.plan.due_dates import ListDue
from contracts.plan.referrals import (
    AnswerReferralForPartner,
    GetReferral,
    GetReferralForProvider,
    RecordCompletionForPartner,
    ReferralVersion,
    WithdrawReferral,
)
from services.kit.errors import ChangedMeanwhile, Conflict, NotFound
from tests.plan.agreed import BEGUN, DECLINED, DONE, PARTNERS, TEST, Agreed, agreed, answering, completing, referring
from tests.plan.support import Desk
from tests.plan.test_withdrawn_completions import withdrawing as withdrawing_completion
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database

WHY = "Made of another customer"


def withdrawing(known: ReferralVersion) -> WithdrawReferral:
    """The request to take a referral back."""
    return WithdrawReferral(referral_id=known.referral_id, expected_version=known.version, why=WHY)


async def referral_due(desk: Desk) -> list[date]:
    """When clients are to be referred, by the worklist."""
    return [each.due_on for each in (await desk.ask(ListDue(kinds=("referral",)))).items]


async def told(desk: Desk) -> list[tuple[Any, Any]]:
    """States that were told, and whether the referral was withdrawn."""
    found = await desk.rows("SELECT data FROM outbox WHERE type = 'plan.referral_changed.v1' ORDER BY position")
    return [(data["state"], data["is_withdrawn"]) for data in (json.loads(row["data"]) for row in found)]


@pytest.fixture
async def plan(desk: Desk) -> Agreed:
    return await agreed(desk)


async def test_its_line_waits_for_a_referral_again_and_it_stays_readable(desk: Desk, plan: Agreed) -> None:
    [due_on] = await referral_due(desk)
    made = await desk.ask(referring(plan))
    await desk.ask(referring(plan, plan.other))
    assert await referral_due(desk) == []
    back = [await desk.ask(withdrawing(made), key="k") for _ in range(2)][-1]
    assert await referral_due(desk) == [due_on]
    found = await desk.ask(GetReferral(referral_id=made.referral_id))
    assert (found.state, found.version, back.version) == ("declined", 2, 2)
    assert found.withdrawn
    assert (found.withdrawn.why, found.withdrawn.withdrawn_by) == (WHY, EXPERT_TAMPERE.user)
    with pytest.raises(Conflict):
        await desk.ask(withdrawing(back))
    await desk.ask(referring(plan))
    assert await referral_due(desk) == []
    assert await told(desk) == [("made", False), ("made", False), ("declined", True), ("made", False)]


async def test_it_frees_the_place_that_it_took(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    taken = "SELECT count(*) AS taken FROM referral WHERE service_id = $1 AND state IN ('made', 'taken_up')"
    assert (await desk.rows(taken, plan.service_id))[0]["taken"] == 1
    await desk.ask(withdrawing(made))
    assert (await desk.rows(taken, plan.service_id))[0]["taken"] == 0


@pytest.mark.parametrize("answer", [BEGUN, DECLINED])
async def test_one_that_was_answered_is_withdrawn_too(desk: Desk, plan: Agreed, answer: Any) -> None:
    answered = await desk.ask(answering(await desk.ask(referring(plan)), answer))
    back = await desk.ask(withdrawing(answered))
    with pytest.raises(Conflict):
        await desk.ask(completing(back))
    with pytest.raises(Conflict):
        await desk.ask(answering(back))


async def test_one_of_which_something_was_completed_is_withdrawn_too_and_stays_so(desk: Desk, plan: Agreed) -> None:
    [due_on] = await referral_due(desk)
    made = await desk.ask(referring(plan))
    report = RecordCompletionForPartner(partner="school", referral_id=made.referral_id, completion=DONE)
    over = await desk.ask(report, PARTNERS)
    await desk.ask(referring(plan, plan.other))
    await desk.ask(withdrawing(over))
    assert await referral_due(desk) == [due_on]
    found = await desk.ask(GetReferral(referral_id=over.referral_id))
    assert (found.state, bool(found.withdrawn), len(found.completions)) == ("declined", True, 1)


async def test_nothing_more_is_recorded_of_it(desk: Desk, plan: Agreed) -> None:
    over = await desk.ask(completing(await desk.ask(referring(plan))))
    back = await desk.ask(withdrawing(over))
    for asked in (await withdrawing_completion(desk, over), answering(back), completing(back, TEST, is_over=False)):
        with pytest.raises(Conflict):
            await desk.ask(asked)
    assert (await desk.ask(GetReferral(referral_id=over.referral_id))).state == "declined"


async def test_its_provider_hears_that_it_was_wrong_and_nothing_more_of_the_client(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    asked = GetReferralForProvider(partner="school", referral_id=made.referral_id)
    before = await desk.ask(asked, PARTNERS)
    assert (before.is_withdrawn, before.customer_id) == (False, plan.customer_id)
    await desk.ask(withdrawing(made))
    found = await desk.ask(asked, PARTNERS)
    assert (found.is_withdrawn, found.state, found.customer_id) == (True, "declined", None)
    late = AnswerReferralForPartner(partner="school", referral_id=made.referral_id, answer=BEGUN)
    with pytest.raises(Conflict):
        await desk.ask(late, PARTNERS)


async def test_nobody_else_withdraws_it_nor_from_an_outdated_version(desk: Desk, plan: Agreed) -> None:
    made = await desk.ask(referring(plan))
    with pytest.raises(NotFound):
        await desk.ask(withdrawing(made), EXPERT_HELSINKI)
    answered = await desk.ask(answering(made))
    with pytest.raises(ChangedMeanwhile):
        await desk.ask(withdrawing(made))
    done, second = await desk.ask_while(withdrawing(answered), withdrawing(answered))
    assert isinstance(done, ReferralVersion)
    assert isinstance(second, ChangedMeanwhile)
