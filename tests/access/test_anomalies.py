"""Odd days become cases, each once, and somebody else looks into them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import BaseModel

from contracts.access.anomalies import CloseAnomaly, FindAnomalies, GetAnomaly, WatchCustomer
from contracts.access.rights import NoteSignIn
from contracts.customer.state import CustomerClosed
from contracts.envelope import Request
from services.access.handlers.anomalies import look
from services.access.law import usage_log_law
from services.access.subscribers import INPUT, REQUESTS
from services.kit.actor import Actor, service_actor
from services.kit.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from services.kit.words import words
from services.kit.work import Cause, Repetition
from tests.access.usage import UsageLog, usage_log
from tests.support import TestDatabases

pytestmark = pytest.mark.database
ReplyT = TypeVar("ReplyT", bound=BaseModel)
OFFICER = Actor(user="dpo@tampere", organisation="837", role="data_protection_officer")
ELSEWHERE = Actor(user="dpo@helsinki", organisation="091", role="data_protection_officer")
CAUSE = Cause("test", "test")


@pytest_asyncio.fixture
async def log(databases: TestDatabases) -> AsyncIterator[UsageLog]:
    """An empty log."""
    async with usage_log(databases) as made:
        yield made


async def ask(log: UsageLog, request: Request[ReplyT], actor: Actor = OFFICER) -> ReplyT:
    """The handler's reply, its transaction committed."""
    repetition = Repetition(request.TYPE, str(uuid4()), [b""]) if request.CHANGES else None
    async with log.parts.unit_of_work.begin(actor, CAUSE, request=type(request), repetition=repetition) as work:
        reply: ReplyT = await REQUESTS[type(request)](request, work)
    return reply


async def cases(log: UsageLog, actor: Actor = OFFICER, **more: Any) -> Any:
    """What the work list holds once all that is new was looked at."""
    while await look(log.parts):
        pass
    return (await ask(log, FindAnomalies(**more), actor)).anomalies


async def watched(log: UsageLog) -> Any:
    """A customer at whom every look is looked at."""
    customer = uuid4()
    await ask(log, WatchCustomer(customer_id=customer))
    return customer


async def told(log: UsageLog) -> list[Any]:
    return await log.sql("SELECT data FROM outbox WHERE type = 'access.anomaly_detected.v1'")


async def test_a_look_at_a_watched_customer_is_a_case_and_an_event(log: UsageLog) -> None:
    customer = await watched(log)
    await log.keep(log.line(customers=[customer]), log.line())
    [case] = await cases(log)
    assert (case.rule, case.user, case.observed, case.customers) == (
        "watched_customer",
        "expert@tampere",
        1,
        (customer,),
    )
    [event] = await told(log)
    assert str(case.anomaly_id) in event["data"]
    assert str(customer) not in event["data"]


async def test_a_day_is_one_case_by_a_rule_which_grows_and_is_told_once(log: UsageLog) -> None:
    customer = await watched(log)
    await log.keep(log.line(customers=[customer]))
    await cases(log)
    await log.keep(log.line(customers=[customer]), log.line(customers=[customer]))
    [case] = await cases(log)
    assert case.observed == 3
    assert len(await told(log)) == 1


async def test_a_withheld_customer_is_not_there_to_be_watched(log: UsageLog) -> None:
    customer = uuid4()
    with pytest.raises(NotFound):
        await ask(log, WatchCustomer(customer_id=customer), replace(OFFICER, withheld=(customer,)))


async def test_who_is_no_longer_watched_is_no_case(log: UsageLog) -> None:
    customer = await watched(log)
    await ask(log, WatchCustomer(customer_id=customer, watched=False))
    await log.keep(log.line(customers=[customer]))
    assert await cases(log) == ()


async def test_somebody_of_the_users_own_name_is_a_case(log: UsageLog) -> None:
    await ask(log, NoteSignIn(user="expert@tampere", name="Aino Virtanen"), service_actor("gateway"))
    hashes = log.parts.unit_of_work.usage_keys.hashes(words("Virtanen"))
    await log.keep(log.line(words=hashes))
    assert [case.rule for case in await cases(log)] == ["same_name"]


async def test_tries_after_the_relationship_ended_are_a_case(log: UsageLog) -> None:
    customer = uuid4()
    closed = CustomerClosed(customer_id=customer, municipality="837", reason="moved_away", relationships=())
    async with log.parts.unit_of_work.begin(service_actor("access"), CAUSE) as work:
        await INPUT[CustomerClosed](closed, work)
    log.clock.moment += timedelta(hours=1)
    await log.keep(*(log.line(customers=[customer], outcome="denied") for _ in range(3)))
    assert [case.rule for case in await cases(log)] == ["after_the_relationship_ended"]


async def test_a_day_far_beyond_the_usual_is_a_case_by_the_baseline(log: UsageLog) -> None:
    for _ in range(10):
        await log.keep(*(log.line() for _ in range(5)))
        log.clock.moment += timedelta(days=1 if log.clock.moment.isoweekday() < 5 else 3)
    assert await cases(log) == ()
    await log.keep(*(log.line() for _ in range(40)))
    [case] = await cases(log)
    assert (case.rule, case.observed, case.usual) == ("unusual_number", 40, 5.0)


async def test_another_organisation_sees_no_case_of_ours(log: UsageLog) -> None:
    customer = await watched(log)
    await log.keep(log.line(customers=[customer]))
    [case] = await cases(log)
    assert await cases(log, ELSEWHERE) == ()
    with pytest.raises(NotFound):
        await ask(log, closing(case), ELSEWHERE)


async def test_who_gave_the_right_looks_into_what_was_done_with_it(log: UsageLog) -> None:
    customer = uuid4()
    await ask(log, WatchCustomer(customer_id=customer))
    await log.keep(log.line(customers=[customer], organisation="06", granted_by="837", user="w@06"))
    assert [case.user for case in await cases(log)] == ["w@06"]


def closing(case: Any, **other: Any) -> CloseAnomaly:
    return CloseAnomaly(
        **{
            "anomaly_id": case.anomaly_id,
            "expected_version": case.version,
            "outcome": "justified",
            "why": "The family came to a meeting.",
            **other,
        }
    )


class TestClosing:
    @pytest_asyncio.fixture
    async def case(self, log: UsageLog) -> Any:
        """A case to look into."""
        await log.keep(log.line(customers=[await watched(log)]))
        [found] = await cases(log)
        return found

    async def test_a_case_is_read_by_its_organisation_alone(self, log: UsageLog, case: Any) -> None:
        assert await ask(log, GetAnomaly(anomaly_id=case.anomaly_id)) == case
        with pytest.raises(NotFound):
            await ask(log, GetAnomaly(anomaly_id=case.anomaly_id), ELSEWHERE)

    async def test_the_outcome_is_recorded_and_the_case_leaves_the_list(self, log: UsageLog, case: Any) -> None:
        await ask(log, closing(case))
        assert await cases(log) == ()
        [closed] = await cases(log, also_closed=True)
        assert (closed.outcome, closed.closed_by, closed.version) == ("justified", "dpo@tampere", case.version + 1)

    async def test_a_case_about_somebody_who_was_erased_since_is_closed_all_the_same(
        self, log: UsageLog, case: Any
    ) -> None:
        await log.sql("INSERT INTO tombstone VALUES ($1, now())", *case.customers)
        await ask(log, closing(case))
        assert await cases(log) == ()

    async def test_a_closed_case_is_not_opened_by_a_further_look(self, log: UsageLog, case: Any) -> None:
        await ask(log, closing(case))
        await log.keep(log.line(customers=list(case.customers)))
        assert await cases(log) == ()

    async def test_a_case_about_the_own_use_or_about_a_withheld_customer_does_not_exist(
        self, log: UsageLog, case: Any
    ) -> None:
        for actor in (replace(OFFICER, user=case.user), replace(OFFICER, withheld=(uuid4(), *case.customers))):
            assert await cases(log, actor) == ()
            for request in (GetAnomaly(anomaly_id=case.anomaly_id), closing(case)):
                with pytest.raises(NotFound):
                    await ask(log, request, actor)

    async def test_looking_into_a_case_is_an_investigation_held_back_from_the_customer(
        self, log: UsageLog, case: Any
    ) -> None:
        await ask(log, GetAnomaly(anomaly_id=case.anomaly_id))
        await ask(log, closing(case))
        told = await log.sql("SELECT data::json->>'act' AS act FROM outbox WHERE type = 'access.data_used.v1'")
        assert {row["act"] for row in told} == {"investigate"} == {*usage_log_law().held_back[0].acts}

    async def test_an_old_version_is_refused(self, log: UsageLog, case: Any) -> None:
        await log.keep(log.line(customers=list(case.customers)))
        await cases(log)
        with pytest.raises(ChangedMeanwhile):
            await ask(log, closing(case))

    async def test_an_outcome_that_is_not_on_the_list_is_refused(self, log: UsageLog, case: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            await ask(log, closing(case, outcome="shrug"))
        assert [error.pointer for error in refused.value.errors] == ["/outcome"]

    async def test_a_case_is_closed_once(self, log: UsageLog, case: Any) -> None:
        await ask(log, closing(case))
        with pytest.raises(Conflict):
            await ask(log, closing(case, expected_version=case.version + 1))
