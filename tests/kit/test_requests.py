"""Requests: one question, one reply, and a clear answer whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
from sqlalchemy import literal, select

from contracts.assessment.state import Assessments, GetCustomerAssessments
from contracts.customer.people import ChangeCustomer, CustomerVersion, GetCustomer, PersonChanges
from contracts.topology import REQUEST_QUEUE_LENGTH
from services.kit.actor import ActorTokens
from services.kit.answering import ACTOR, DEADLINE, IDEMPOTENCY_KEY, milliseconds
from services.kit.clock import SystemClock
from services.kit.errors import Conflict, NotFound, ProblemReply, Unavailable
from services.kit.requests import Requests
from services.kit.telemetry import Telemetry
from services.kit.work import Work, canonical_json
from tests.kit.conftest import StandIn, record_effect
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE, SIGNING_KEY, eventually, now, settings_for

pytestmark = [pytest.mark.broker, pytest.mark.database]
TOKENS = ActorTokens(lambda: SIGNING_KEY)
QUESTION = GetCustomerAssessments(customer_id=uuid4())


async def answer(request: GetCustomerAssessments, work: Work) -> Assessments:
    return Assessments(assessments=())


async def change(request: ChangeCustomer, work: Work) -> CustomerVersion:
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    await record_effect(request, work)
    return CustomerVersion(customer_id=request.customer_id, version=request.expected_version + 1)


@pytest_asyncio.fixture
async def requests(stand_in: StandIn) -> AsyncIterator[Requests]:
    made = Requests("gateway", settings_for("gateway", stand_in.vhost), TOKENS, SystemClock(), Telemetry("gateway"))
    await made.start()
    yield made
    await made.stop()


def a_change(version: int = 1) -> ChangeCustomer:
    return ChangeCustomer(customer_id=uuid4(), expected_version=version, changes=PersonChanges(mother_tongue="so"))


async def problem(call: Any) -> str:
    with pytest.raises(ProblemReply) as raised:
        await call
    return raised.value.problem().type.rsplit(":", 1)[-1]


async def test_a_question_is_answered(stand_in: StandIn, requests: Requests) -> None:
    await stand_in.start(requests={GetCustomerAssessments: answer})
    assert await requests.ask(QUESTION, EXPERT_TAMPERE) == Assessments(assessments=())


async def test_many_questions_at_once_get_each_their_own_answer(stand_in: StandIn, requests: Requests) -> None:
    async def echo(request: ChangeCustomer, work: Work) -> CustomerVersion:
        await work.outcome_of_repeat(CustomerVersion)
        return CustomerVersion(customer_id=request.customer_id, version=request.expected_version)

    await stand_in.start(requests={ChangeCustomer: echo}, name="customer")
    asked = [a_change() for _ in range(200)]
    told = await asyncio.gather(*(requests.ask(each, EXPERT_TAMPERE, idempotency_key=str(uuid4())) for each in asked))
    assert [each.customer_id for each in told] == [each.customer_id for each in asked]


async def test_an_expected_failure_is_answered_as_a_problem(stand_in: StandIn, requests: Requests) -> None:
    async def refuse(request: GetCustomerAssessments, work: Work) -> Assessments:
        raise Conflict("it is closed")

    await stand_in.start(requests={GetCustomerAssessments: refuse})
    assert await problem(requests.ask(QUESTION, EXPERT_TAMPERE)) == "conflict"


async def test_a_defect_is_answered_without_a_word_of_what_was_in_it(stand_in: StandIn, requests: Requests) -> None:
    async def break_down(request: GetCustomerAssessments, work: Work) -> Assessments:
        raise RuntimeError("Matti Meikäläinen")

    await stand_in.start(requests={GetCustomerAssessments: break_down})
    with pytest.raises(ProblemReply) as raised:
        await requests.ask(QUESTION, EXPERT_TAMPERE)
    told = raised.value.problem()
    assert told.status == 500
    assert "Matti" not in told.model_dump_json()


async def test_a_changing_request_without_a_key_is_refused(stand_in: StandIn, requests: Requests) -> None:
    await stand_in.start(requests={ChangeCustomer: change}, name="customer")
    assert await problem(requests.ask(a_change(), EXPERT_TAMPERE)) == "invalid-input"


async def test_a_repeated_request_is_done_once_and_answered_the_same(stand_in: StandIn, requests: Requests) -> None:
    await stand_in.start(requests={ChangeCustomer: change}, name="customer")
    request = a_change()
    told = await asyncio.gather(*(requests.ask(request, EXPERT_TAMPERE, idempotency_key="k") for _ in range(5)))
    assert len({each.model_dump_json() for each in told}) == 1
    assert len(await stand_in.effects()) == 1


async def test_a_key_used_for_another_body_is_refused(stand_in: StandIn, requests: Requests) -> None:
    await stand_in.start(requests={ChangeCustomer: change}, name="customer")
    await requests.ask(a_change(), EXPERT_TAMPERE, idempotency_key="k")
    assert await problem(requests.ask(a_change(), EXPERT_TAMPERE, idempotency_key="k")) == "idempotency-key-reused"


async def test_the_same_key_of_another_user_is_another_key(stand_in: StandIn, requests: Requests) -> None:
    await stand_in.start(requests={ChangeCustomer: change}, name="customer")
    await requests.ask(a_change(), EXPERT_TAMPERE, idempotency_key="k")
    await requests.ask(a_change(), EXPERT_HELSINKI, idempotency_key="k")
    assert len(await stand_in.effects()) == 2


async def test_a_failed_request_leaves_its_key_free(stand_in: StandIn, requests: Requests) -> None:
    failing = True

    async def fail_once(request: ChangeCustomer, work: Work) -> CustomerVersion:
        outcome = await change(request, work)
        if failing:
            raise Conflict("not now")
        return outcome

    await stand_in.start(requests={ChangeCustomer: fail_once}, name="customer")
    request = a_change()
    assert await problem(requests.ask(request, EXPERT_TAMPERE, idempotency_key="k")) == "conflict"
    failing = False
    assert (await requests.ask(request, EXPERT_TAMPERE, idempotency_key="k")).version == 2
    assert len(await stand_in.effects()) == 1


async def test_a_handler_that_forgets_to_ask_for_the_outcome_of_a_repeat_changes_nothing(
    stand_in: StandIn, requests: Requests
) -> None:
    async def forgetful(request: ChangeCustomer, work: Work) -> CustomerVersion:
        await record_effect(request, work)
        return CustomerVersion(customer_id=request.customer_id, version=1)

    await stand_in.start(requests={ChangeCustomer: forgetful}, name="customer")
    assert await problem(requests.ask(a_change(), EXPERT_TAMPERE, idempotency_key="k")) == "internal-error"
    assert not await stand_in.effects()


async def test_nobody_there_to_answer_is_told_within_the_deadline(requests: Requests) -> None:
    with pytest.raises(Unavailable):
        await requests.ask(QUESTION, EXPERT_TAMPERE, within=timedelta(seconds=0.3))


async def test_a_drowning_service_is_told_of_at_once(stand_in: StandIn, requests: Requests) -> None:
    patient, filling = timedelta(seconds=100), list[asyncio.Task[Any]]()

    def fill(times: int) -> None:
        filling.extend(
            asyncio.create_task(requests.ask(QUESTION, EXPERT_TAMPERE, within=patient)) for _ in range(times)
        )

    async def refused() -> bool:
        fill(20)  # a quorum queue takes in what was under way when it was full
        return len([each for each in filling if each.done()]) >= 200

    fill(REQUEST_QUEUE_LENGTH)
    await eventually(refused, within=60, what="refusing what the queue can't hold")
    assert all(isinstance(each.exception(), Unavailable) for each in filling if each.done())
    assert len([each for each in filling if not each.done()]) >= REQUEST_QUEUE_LENGTH
    for each in filling:
        each.cancel()
    await asyncio.gather(*filling, return_exceptions=True)


async def test_a_lost_connection_fails_what_waits_at_once_and_then_all_is_well_again(
    stand_in: StandIn, requests: Requests
) -> None:
    waiting = asyncio.create_task(requests.ask(QUESTION, EXPERT_TAMPERE, within=timedelta(seconds=60)))
    connection = await eventually(lambda: _connection_of(stand_in, "koto-gateway-requests"), within=30)
    await stand_in.vhost.api("DELETE", f"connections/{connection}")
    with pytest.raises(Unavailable):
        async with asyncio.timeout(45):
            await waiting
    await stand_in.start(requests={GetCustomerAssessments: answer})
    await eventually(lambda: _answered(requests))


async def _answered(requests: Requests) -> bool:
    try:
        await requests.ask(QUESTION, EXPERT_TAMPERE, within=timedelta(seconds=2))
    except Unavailable:
        return False
    return True


async def _connection_of(stand_in: StandIn, name: str) -> str | None:
    for each in await stand_in.vhost.api("GET", f"vhosts/{stand_in.vhost.name}/connections") or []:
        if each.get("client_properties", {}).get("connection_name") == name:
            return quote(each["name"], safe="")
    return None


async def raw_call(stand_in: StandIn, body: bytes, **properties: Any) -> dict[str, Any]:
    """Asks by hand, as whoever can write to the broker could."""
    connection = await aio_pika.connect(stand_in.vhost.url())
    channel = await connection.channel()
    queue = await channel.declare_queue(f"replies.gateway.{uuid4()}", exclusive=True)
    await queue.bind("replies", queue.name)
    exchange = await channel.get_exchange("requests", ensure=False)
    message = aio_pika.Message(body, reply_to=queue.name, **properties)
    await exchange.publish(message, "assessment")
    reply = await queue.get(timeout=10, fail=False)
    async with asyncio.timeout(60):
        while reply is None:
            reply = await queue.get(timeout=10, fail=False)
    await connection.close()
    told: dict[str, Any] = json.loads(reply.body)
    return told


def signed(
    body: bytes, *, request_type: str = QUESTION.TYPE, key: str | None = None, age: float = 0, **more: Any
) -> dict[str, Any]:
    moment = now() - timedelta(seconds=age)
    token = TOKENS.sign(EXPERT_TAMPERE, request_type=request_type, key=key, body=body, now=moment)
    return {ACTOR: token, DEADLINE: milliseconds(now()) + 10_000, **more}


BODY = canonical_json(QUESTION)
NO_SUCH = "assessment.no_such_thing.v1"


@pytest.mark.parametrize(
    ("body", "headers", "type", "problem_type"),
    [
        (BODY, lambda: {}, QUESTION.TYPE, "not-authenticated"),
        (BODY, lambda: {ACTOR: "forged"}, QUESTION.TYPE, "not-authenticated"),
        (BODY, lambda: signed(b"another body"), QUESTION.TYPE, "not-authenticated"),
        (BODY, lambda: signed(BODY, request_type=GetCustomer.TYPE), QUESTION.TYPE, "not-authenticated"),
        (BODY, lambda: signed(BODY, age=60), QUESTION.TYPE, "not-authenticated"),
        (BODY, lambda: signed(BODY, key="one", **{IDEMPOTENCY_KEY: "two"}), QUESTION.TYPE, "not-authenticated"),
        (
            BODY,
            lambda: signed(BODY, request_type="assessment.no_such_thing.v1"),
            "assessment.no_such_thing.v1",
            "unknown-request",
        ),
        (BODY, lambda: signed(BODY, request_type=GetCustomer.TYPE), GetCustomer.TYPE, "unknown-request"),
        (b"", lambda: signed(b""), QUESTION.TYPE, "invalid-input"),
        (b"\xff\x00", lambda: signed(b"\xff\x00"), QUESTION.TYPE, "invalid-input"),
        (b"{}", lambda: signed(b"{}"), QUESTION.TYPE, "invalid-input"),
        (b"x" * 900_000, lambda: signed(b"x" * 900_000), QUESTION.TYPE, "invalid-input"),
    ],
    ids=[
        "no token",
        "forged token",
        "token of another body",
        "token for another request",
        "expired token",
        "token of another key",
        "unknown type",
        "another service's request",
        "empty",
        "binary",
        "fields missing",
        "huge",
    ],
)
async def test_a_request_that_does_not_hold_is_answered_with_a_problem(
    stand_in: StandIn, body: bytes, headers: Callable[[], dict[str, Any]], type: str, problem_type: str
) -> None:
    service = await stand_in.start(requests={GetCustomerAssessments: answer})
    told = await raw_call(stand_in, body, headers=headers(), type=type, correlation_id="c")
    assert told["type"] == f"urn:koto:problem:{problem_type}"
    assert await service.alive()
    assert await raw_call(stand_in, BODY, headers=signed(BODY), type=QUESTION.TYPE) == {"assessments": []}


async def test_a_request_past_its_deadline_is_not_done(stand_in: StandIn, requests: Requests) -> None:
    await stand_in.start(requests={ChangeCustomer: change}, name="customer")
    body = canonical_json(a_change())
    headers = signed(body, request_type=ChangeCustomer.TYPE, key="late", **{IDEMPOTENCY_KEY: "late"}) | {
        DEADLINE: milliseconds(now()) - 1000
    }
    await stand_in.send_body(
        body, "requests", "customer", headers=headers, type=ChangeCustomer.TYPE, reply_to="replies.gateway.gone"
    )
    await requests.ask(a_change(), EXPERT_TAMPERE, idempotency_key="in time")
    await eventually(stand_in.effects)
    assert len(await stand_in.effects()) == 1


async def test_a_request_that_nobody_waits_for_is_parked(stand_in: StandIn) -> None:
    await stand_in.start(requests={GetCustomerAssessments: answer})
    await stand_in.send_body(BODY, "requests", "assessment", headers=signed(BODY), type=QUESTION.TYPE)
    (parked,) = await eventually(stand_in.parked)
    assert (parked["reason"], parked["origin"]) == ("a request without a reply queue", "requests")


async def test_a_value_that_the_database_cannot_hold_is_the_asker_s_to_mend(
    stand_in: StandIn, requests: Requests
) -> None:
    async def store(request: GetCustomerAssessments, work: Work) -> Assessments:
        await work.connection.execute(select(literal("a\x00b")))
        return Assessments(assessments=())

    await stand_in.start(requests={GetCustomerAssessments: store})
    assert await problem(requests.ask(QUESTION, EXPERT_TAMPERE)) == "invalid-input"


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[]", b"{}", b'{"assessments": "many"}'])
async def test_an_answer_that_is_not_of_its_contract_is_no_answer(
    stand_in: StandIn, requests: Requests, body: bytes
) -> None:
    asked = asyncio.create_task(requests.ask(QUESTION, EXPERT_TAMPERE))
    (question,) = await eventually(lambda: stand_in.vhost.get("assessment.requests", requeue=False))
    reply_to, call = question["properties"]["reply_to"], question["properties"]["correlation_id"]
    await stand_in.send_body(body, "replies", reply_to, correlation_id="somebody else's", type="problem.v1")
    await stand_in.send_body(body, "replies", reply_to, correlation_id=call, type=f"{QUESTION.TYPE}.reply")
    with pytest.raises(Unavailable):
        await asked
    await stand_in.start(requests={GetCustomerAssessments: answer})
    assert await requests.ask(QUESTION, EXPERT_TAMPERE) == Assessments(assessments=())


async def test_an_answer_that_the_usage_log_is_not_told_of_is_an_error_and_leaves_nothing(
    stand_in: StandIn, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.kit.conftest.telling", lambda handler: handler)
    await stand_in.start(name="customer", requests={ChangeCustomer: change})
    assert await problem(requests.ask(a_change(), EXPERT_TAMPERE, idempotency_key="k")) == "internal-error"
    assert await stand_in.effects() == []


async def test_a_refusal_is_told_to_the_usage_log_though_the_act_leaves_nothing(
    stand_in: StandIn, requests: Requests
) -> None:
    async def refuse(request: GetCustomerAssessments, work: Work) -> Assessments:
        raise NotFound

    await stand_in.start(requests={GetCustomerAssessments: refuse})
    assert await problem(requests.ask(QUESTION, EXPERT_TAMPERE)) == "not-found"
    [line] = await stand_in.rows("SELECT data FROM outbox")
    told = json.loads(line["data"])
    assert (told["outcome"], told["customers"]) == ("denied", [str(QUESTION.customer_id)])


async def test_a_role_that_the_policy_gives_nothing_is_refused_before_the_handler_begins(
    stand_in: StandIn, requests: Requests
) -> None:
    async def never(request: GetCustomerAssessments, work: Work) -> Assessments:
        raise AssertionError

    await stand_in.start(requests={GetCustomerAssessments: never})
    assert await problem(requests.ask(QUESTION, RECORDS_TAMPERE)) == "forbidden"
    assert len(await stand_in.rows("SELECT FROM outbox")) == 1


async def test_on_old_news_of_rights_questions_are_answered_and_changes_are_not(
    stand_in: StandIn, requests: Requests
) -> None:
    await stand_in.start(requests={GetCustomerAssessments: answer})
    await stand_in.start(name="customer", requests={ChangeCustomer: change})
    stale = replace(EXPERT_TAMPERE, rights_as_of=now() - timedelta(seconds=11))
    assert await requests.ask(QUESTION, stale) == Assessments(assessments=())
    assert await problem(requests.ask(a_change(), stale, idempotency_key="k")) == "rights-not-current"
    assert await stand_in.effects() == []
