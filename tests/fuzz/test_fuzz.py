"""The HTTP API is fuzzed by what its OpenAPI document says of it: schemathesis, in a process of its own."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from random import randrange
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from contracts.topology import queue
from services.gateway.sessions import COOKIE
from services.kit.telemetry import METRICS
from tests.fuzz.prepared import Preparation, Prepared, prepared
from tests.gateway.browser import Browser
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Door, FakeRequests, opening
from tests.support import House, TestDatabases, eventually

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(900)]
LONG = bool(os.environ.get("KOTO_TEST_LONG"))
SEED = int(os.environ.get("KOTO_FUZZ_SEED") or (randrange(2**32) if LONG else 1))
UNLIMITED = "1000000/second"
FOLDER = Path(__file__).parent
CODE = "010594Y9032"
ROLES = {  # each with its task and municipality: the administrator, who ends rights at random, has another one
    "integration_expert": ("integration_services", "837"),
    "supervisor": ("integration_services", "837"),
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
    prepared: Prepared = field(default_factory=dict)
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
            experts = who.tokens["integration_expert"], there
            preparation = Preparation(door, house, *experts, who.tokens["supervisor"])
            who.prepared |= await preparation.all()
            fuzzed = await fuzz(
                door, *(["--max-time", "600"] if LONG else ["--phases", "examples,coverage,stateful"]), who=who
            )
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
        fuzzed = await fuzz(door, "--phases", "examples,fuzzing", "--max-examples", "1", who=who)
    assert not fuzzed.failed, fuzzed.told
    for operation, statuses in operations(door):
        assert bool(fuzzed.answers[operation, 503]) == (503 in statuses), (operation, fuzzed.told)


async def test_who_asks_too_often_is_told_by_every_operation_when_to_go_on(databases: TestDatabases) -> None:
    store = await databases.new("gateway")
    async with FakeIssuer() as issuer, Door(issuer, database_url=store, rate_limit="1/hour") as door:
        who = await sign_in(door, 1, nobody_appoints)
        fuzzed = await fuzz(door, "--phases", "examples,fuzzing", "--max-examples", "1", who=who)
    assert not fuzzed.failed, fuzzed.told
    for operation, _ in operations(door):
        assert fuzzed.answers[operation, 429], (operation, fuzzed.told)
