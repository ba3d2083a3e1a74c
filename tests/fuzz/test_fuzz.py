"""The HTTP API is fuzzed by what its OpenAPI document says of it: schemathesis, in a process of its own."""

import asyncio
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import repeat
from pathlib import Path
from random import randrange
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from contracts.assessment.participations import AnswerParticipationForPartner
from contracts.topology import queue
from services.gateway.sessions import COOKIE
from services.kit.actor import service_actor
from services.kit.telemetry import METRICS
from tests.assessment.support import LAW
from tests.gateway.browser import Browser
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Door, FakeRequests, opening
from tests.support import House, TestDatabases, eventually, now

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(900)]
LONG = bool(os.environ.get("KOTO_TEST_LONG"))
SEED = int(os.environ.get("KOTO_FUZZ_SEED") or (randrange(2**32) if LONG else 1))
UNLIMITED = "1000000/second"
FOLDER = Path(__file__).parent
CODE, OTHER_CODE = "010594Y9032", "010594Y9021"
ROLES = {  # each with its task and municipality: the administrator, who ends rights at random, has another one
    "integration_expert": ("integration_services", "837"),
    "data_protection_officer": ("data_protection", "837"),
    "access_administrator": ("access_administration", "091"),
}
OF_EXAMPLES = "8f6f2c5e-7a7c-4a0b-9d3e-0c8b1a2d3e4f"
"""The user to whom the examples of the document give rights."""
_ODD_DAYS = """
INSERT INTO anomaly (anomaly_id, version, organisation, rule, user_id, day, observed, customers, detected_at)
SELECT gen_random_uuid(), 1, '837', 'same_name', 'user ' || n, '2026-03-02', 1, '{}', now()
FROM generate_series(1, 20) n
"""
"""Cases to look into, which nobody can make by asking."""
_HELD = {"interview": {"held_on": "2026-03-01", "place": "office", "language": "fi", "language_understood": True}}
_ORDER = {"order": {"measure": "literacy", "provider": "own", "due_on": "2100-01-01"}}
_OF_COUNTY = {"name": "Sanna Virkanen", "phone": "+358 00 000 0003"}
_PARTICIPATION = {"way": "in_writing", "preview": {"topics": ["health_and_social_needs"]}}
_CONTRIBUTION = {
    "contribution": {
        "sections": [{"topic": "health_and_social_needs", "text": "So."}],
        "written_by": "Sanna Virkanen",
        "written_on": "2026-03-01",
    },
    "channel": "letter",
}
_A_LIST = b"family_name,given_name,date_of_birth,ground\nEsimerkki,Aamu,1994-05-01,integration_act_group\n"
Appoint = Callable[..., Awaitable[UUID]]


@dataclass
class Fuzzed:
    """What came of it: whether a check failed, what the fuzzer told, and how often each operation gave which status."""

    failed: bool
    told: str
    answers: Counter[tuple[str, int]]


@dataclass
class Fuzzers:
    """Who is let in: tokens by role, and browsers' sessions, each its cookie, CSRF token and right."""

    tokens: dict[str, str]
    sessions: list[tuple[str, str, str]]
    kept: tuple[str, ...] = ()
    """Rights that must not end: the administrator's, and those that are reviewed."""
    customers: tuple[str, ...] = (str(CUSTOMER_ID),)
    """Customers of the expert's municipality: several, for some of these requests close one."""
    prepared: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Requests that can succeed once each, by operation: what they need is there."""


async def fuzz(door: Door, *options: str, who: Fuzzers) -> Fuzzed:
    """Fuzzes a gateway as these."""
    program = Path(sys.executable).with_name("st")
    document = f"http://127.0.0.1:{door.gateway.port}{API}/openapi.json"
    before = answers()
    fuzzer = await asyncio.create_subprocess_exec(
        *(program, "--config-file", FOLDER / "schemathesis.toml", "run", document),
        *("--no-color", "--seed", str(SEED), *options),
        cwd=FOLDER.parents[1],
        env=os.environ
        | {
            "KOTO_FUZZ_TOKENS": json.dumps(who.tokens),
            "KOTO_FUZZ_SESSIONS": json.dumps(who.sessions),
            "KOTO_FUZZ_KEPT": json.dumps(who.kept),
            "KOTO_FUZZ_CUSTOMERS": json.dumps(who.customers),
            "KOTO_FUZZ_PREPARED": json.dumps(who.prepared),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await fuzzer.communicate()
    finally:
        if fuzzer.returncode is None:
            fuzzer.kill()
    return Fuzzed(fuzzer.returncode != 0, told.decode(), answers() - before)


async def sign_in(door: Door, times: int, appoint: Appoint) -> Fuzzers:
    """So many customers, and browsers, each of a user of its own; a token for each role, and the first customer's."""
    tokens, sessions = dict[str, str](), []
    for role, (task, municipality) in ROLES.items():
        tokens[role] = door.issuer.token(sub=(user := str(uuid4())))
        administrator = await appoint(user, municipality, role, task)
    users = (OF_EXAMPLES, *(str(uuid4()) for _ in range(20)))
    grants = [await appoint(user, "091", "integration_expert") for user in users]
    reviewed = [str(each) for each in grants[:4]]
    reviews = [prepared(1, grant_id=each) for each in reviewed]
    for _ in range(times):
        grant_id = await appoint(user := str(uuid4()), "837", "integration_expert")
        async with Browser(door) as browser:
            await browser.sign_in(sub=user)
            sessions.append((browser.cookies[COOKIE], await browser.csrf_token(), str(grant_id)))
    opened = []
    for body in (opening(personal_identity_code=CODE), *repeat(opening(), times - 1)):
        headers = {"Idempotency-Key": str(uuid4())}
        opened.append(await door.open(body, headers=headers, token=tokens["integration_expert"]))
    assert {each.status for each in opened} == {201}
    async with Browser(door) as browser:
        await browser.sign_in(sub=(user := str(uuid4())), nin=CODE, acr="high")
    tokens["customer"] = door.issuer.token(sub=user, acr="high")
    customers = tuple(each.json["customer_id"] for each in opened)
    return Fuzzers(tokens, sessions, (str(administrator), *reviewed), customers, {"review_grant": reviews})


def prepared(version: int | None = None, body: Any = None, **path: str) -> dict[str, Any]:
    """A request that can succeed: what is left out is made up."""
    told = {"path": path, "headers": {} if version is None else {"If-Match": f'"{version}"'}}
    return told if body is None else told | {"body": body}


async def prepare(door: Door, house: House, here: str, there: str) -> dict[str, list[dict[str, Any]]]:
    """Requests of the expert's that need something to be there; and a customer elsewhere whose code is an example's."""
    consent = {"given_on": "2026-03-01", "given_by": "writing"}
    relation = {"kind": "child", "relative": {"name": {"family": "Esimerkki", "given": "Ilta"}}}
    described = door.document["paths"][f"{API}/contacts"]["post"]["requestBody"]["content"]["application/json"]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def act(token: str, path: str, body: Any, method: str = "POST", version: int = 1) -> Any:
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"'}
        sent = {"json": body}
        if isinstance(body, bytes):
            sent, headers["Content-Type"] = {"data": body}, "text/csv"
        answer = await door.send(method, f"{API}{path}", headers=headers, token=token, **sent)
        assert answer.status in (200, 201, 202), answer
        return answer.json

    async def opened(token: str) -> str:
        return str((await act(token, "/customers", opening()))["customer_id"])

    async def heard_of() -> str:
        customer = await opened(here)

        async def is_known() -> bool:
            return (await door.send("GET", f"{API}/customers/{customer}/assessments", token=here)).status == 200

        await eventually(is_known, what="the assessment service hearing of a customer")
        return customer

    async def started() -> str:
        body = {"asked_on": "2026-03-01", "why": "So."}
        return str((await act(here, f"/customers/{await heard_of()}/assessments", body))["assessment_id"])

    async def answered() -> str:
        assessment = await started()
        path, told = f"/assessments/{assessment}", {"told_on": "2026-03-01", "made_sure": "told_back"}
        await act(here, f"{path}/interview/held", _HELD)
        for each in LAW.topics:
            await act(here, f"{path}/topics/{each.code}", {"content": {"text": "So."}}, "PUT", 0)
        duties = [told | {"duty": each.code} for each in LAW.duties_to_inform]
        await act(here, f"{path}/duties", {"duties": duties}, version=2)
        return assessment

    async def ordered() -> str:
        return str((await act(here, f"/assessments/{await started()}/clarifying-measures", _ORDER))["measure_id"])

    async def asked_county(act_of_county: str | None = None, **told: Any) -> str:
        path = f"/assessments/{await started()}/participations"
        participation = str((await act(here, path, _PARTICIPATION))["participation_id"])
        if act_of_county:
            answer = {"partner": "08", "participation_id": participation, "act": act_of_county, **told}
            await house.ask(AnswerParticipationForPartner.model_validate(answer), service_actor("integration"))
        return participation

    async def offered(giver: str, receiver: str) -> str:
        body = {"receiver": receiver, "reason": "moved", "consent": consent}
        return str((await act(giver, f"/customers/{await opened(giver)}/transfers", body))["transfer_id"])

    def keep(operation: str, version: int | None = None, body: Any = None, **path: str) -> None:
        found[operation].append(prepared(version, body, **path))

    await act(there, "/customers", opening(personal_identity_code=OTHER_CODE))
    for day in range(1, 5):
        for turn in ("accept", "ask_more_of"):
            keep(f"{turn}_transfer", 1, transfer_id=await offered(there, "837"))
        keep("reject_transfer", 1, {"reason": "not_resident"}, transfer_id=await offered(there, "837"))
        keep("get_transfer", transfer_id=await offered(there, "837"))
        keep("withdraw_transfer", 1, transfer_id=await offered(here, "091"))
        asked = await offered(here, "091")
        await act(there, f"/transfers/{asked}/ask-more", {"text": "When?"})
        keep("reply_to_transfer", 2, transfer_id=asked)
        offer = {"receiver": "091", "reason": "moved", "consent": consent}
        keep("offer_transfer", body=offer, customer_id=await opened(here))
        kept, merging = await opened(here), {"duplicate_version": 1, "why": "The same card"}
        keep("merge_customers", 1, merging | {"duplicate_id": await opened(here)}, customer_id=await opened(here))
        merged = await act(here, f"/customers/{kept}/merge", merging | {"duplicate_id": await opened(here)})
        keep("undo_merge", merge_id=merged["merge_id"])
        assigned = await act(here, "/customers/assign", {"customer_ids": [kept], "responsible": str(uuid4())})
        keep("get_operation", operation_id=assigned["operation_id"])
        keep("record_family_relation", body=relation, customer_id=await opened(here))
        for operation, body in (("change", {"changes": {"same_household": True}}), ("end", {})):
            recorded = await act(here, f"/customers/{await opened(here)}/family", relation)
            keep(f"{operation}_family_relation", 1, body, relation_id=recorded["relation_id"])
        somebody = {"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": f"1990-01-0{day}"}
        report = described["example"]["report"] | {"person": somebody}
        reported = await act(here, "/contacts", described["example"] | {"report": report})
        keep("resolve_contact", 1, {"outcome": "closed", "reason": "no_need"}, contact_id=reported["contact_id"])
        missed = await started()
        appointment = {"starts_at": (now() + timedelta(seconds=5)).isoformat(), "place": "office", "language": "fi"}
        appointment |= {"interpreter": {"needed": False}}
        await act(here, f"/assessments/{missed}/interview", {"appointment": appointment})
        keep("record_missed_interview", 2, {}, assessment_id=missed)
        keep("start_assessment", body={"asked_on": "2026-03-01", "why": "So."}, customer_id=await heard_of())
        later = {"appointment": appointment | {"starts_at": "2100-01-01T09:00:00Z"}}
        told = {"duties": [{"duty": "personal_data", "told_on": "2026-03-01", "made_sure": "told_back"}]}
        for operation, body in (("plan_interview", later), ("begin_interview", _HELD), ("acknowledge_duties", told)):
            keep(operation, 1, body, assessment_id=await started())
        keep("drop_assessment", 1, {"drop": {"ground": "moved", "reason": "So."}}, assessment_id=await started())
        keep("conclude_assessment", 3, {"conclusion": {"result": "plan_needed"}}, assessment_id=await answered())
        keep("write_topic", 0, {"content": {"text": "So."}}, assessment_id=await started(), topic="literacy")
        keep("get_assessment", assessment_id=(assessment := await started()))
        keep("get_topic_history", assessment_id=assessment, topic="literacy")
        keep("order_measure", body=_ORDER, assessment_id=assessment)
        report = {"report": {"result": "A1.", "done_on": "2026-03-01", "done_by": "Kieli Kettunen"}}
        keep("report_measure", body=report, measure_id=await ordered())
        keep("cancel_measure", body={"reason": "So."}, measure_id=await ordered())
        keep("request_participation", body=_PARTICIPATION, assessment_id=await started())
        keep("get_participation", participation_id=await asked_county())
        keep("withdraw_participation", 1, participation_id=await asked_county())
        by_phone = {"act": "accept", "responsible": _OF_COUNTY, "channel": "phone", "answered_on": "2026-03-01"}
        keep("record_participation_answer", 1, by_phone, participation_id=await asked_county())
        keep("reply_to_participation", 2, {"text": "So."}, participation_id=await asked_county("ask_more", text="So?"))
        agreed = await asked_county("accept", responsible=_OF_COUNTY)
        keep("go_on_without_contribution", 2, {"reason": "So."}, participation_id=agreed)
        agreed = await asked_county("accept", responsible=_OF_COUNTY)
        assessment = (await door.send("GET", f"{API}/participations/{agreed}", token=here)).json["assessment_id"]
        keep("write_county_section", body=_CONTRIBUTION, assessment_id=assessment)
        keep("get_county_section", assessment_id=assessment)
        imported = await act(here, "/outreach/imports?source=immigration_service", _A_LIST)
        keep("undo_operation", operation_id=imported["operation_id"])
    return found


async def nobody_appoints(*_: str) -> UUID:
    """Where the services behind the gateway are fakes, every user has the usual right."""
    return GRANT_ID


def answers() -> Counter[tuple[str, int]]:
    """How many answers the gateways of this process have counted, by operation and status."""
    samples = (sample for family in METRICS.collect() for sample in family.samples)
    counted = [(each.labels, each.value) for each in samples if each.name == "koto_http_seconds_count"]
    return Counter({(f"{said['method']} {said['route']}", int(said["status"])): int(n) for said, n in counted})


def operations(door: Door) -> Iterator[tuple[str, set[int]]]:
    """Every documented operation, and the statuses that it documents."""
    for path, methods in door.document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", {int(status) for status in operation["responses"] if status != "default"}


async def test_whatever_is_sent_every_answer_is_a_documented_one_and_nothing_breaks(
    house: House, databases: TestDatabases, capsys: pytest.CaptureFixture[str]
) -> None:
    if LONG:
        with capsys.disabled():
            print(f"\nto fuzz like this again: KOTO_FUZZ_SEED={SEED} ./koto test --long tests/fuzz")  # noqa: T201
    house.spans.shutdown()  # nobody looks at them, and they would fill the memory
    store = await databases.new("gateway")
    told = {"rabbitmq_url": house.vhost.url("gateway"), "oidc_claims": '{"identity_code": "nin"}'}
    async with (
        FakeIssuer() as issuer,
        Door(issuer, house.new_requests(), database_url=store, rate_limit=UNLIMITED, **told) as door,
    ):
        await eventually(door.gateway.ready)
        door.spans.shutdown()
        with capture_logs() as logged:
            who = await sign_in(door, 50, house.appoint)
            await house.rows("access", _ODD_DAYS)
            await house.appoint(elsewhere := str(uuid4()), "091", "integration_expert")
            there = door.issuer.token(sub=elsewhere)
            who.prepared |= await prepare(door, house, who.tokens["integration_expert"], there)
            fuzzed = await fuzz(door, *(["--max-time", "600"] if LONG else []), who=who)
            await house.settle(within=120)
    assert not fuzzed.failed, fuzzed.told
    succeeded = {operation for operation, status in fuzzed.answers if status < 300}
    failed = {operation for operation, _ in operations(door)} - succeeded
    assert not failed, {each: n for each, n in fuzzed.answers.items() if each[0] in failed}
    assert [each for each in logged if each["log_level"] in ("error", "critical")] == []
    for name, service in house.services.items():
        assert await service.alive()
        assert await house.rows(name, "SELECT reason FROM parked") == []
        for purpose in ("dead", "undecodable"):
            assert await house.vhost.get(queue(name, purpose)) == []


async def test_while_everything_beneath_is_away_every_operation_that_needs_it_says_when_to_come_back() -> None:
    async with FakeIssuer() as issuer, Door(issuer, FakeRequests(connected=False), rate_limit=UNLIMITED) as door:
        session = "0" * 43
        sessions = [(session, door.gateway.app.state.sessions.csrf_token(session), str(GRANT_ID))]
        who = Fuzzers(dict.fromkeys([*ROLES, "customer"], door.issuer.token()), sessions)
        fuzzed = await fuzz(door, "--phases", "examples,fuzzing", "--max-examples", "10", who=who)
    assert not fuzzed.failed, fuzzed.told
    for operation, statuses in operations(door):
        assert bool(fuzzed.answers[operation, 503]) == (503 in statuses), (operation, fuzzed.told)


async def test_who_asks_too_often_is_told_by_every_operation_when_to_go_on(databases: TestDatabases) -> None:
    store = await databases.new("gateway")
    async with FakeIssuer() as issuer, Door(issuer, database_url=store, rate_limit="1/hour") as door:
        who = await sign_in(door, 1, nobody_appoints)
        fuzzed = await fuzz(door, "--phases", "examples,fuzzing", "--max-examples", "10", who=who)
    assert not fuzzed.failed, fuzzed.told
    for operation, _ in operations(door):
        assert fuzzed.answers[operation, 429], (operation, fuzzed.told)
