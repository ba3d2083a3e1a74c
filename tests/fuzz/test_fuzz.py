"""The HTTP API is fuzzed by what its OpenAPI document says of it: schemathesis, in a process of its own."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import randrange

import pytest
from structlog.testing import capture_logs

from contracts.topology import queue
from services.gateway.sessions import COOKIE
from services.kit.telemetry import METRICS
from tests.gateway.browser import Browser
from tests.gateway.support import API, Door, FakeIssuer, FakeRequests
from tests.support import House, TestDatabases

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(900)]
LONG = bool(os.environ.get("KOTO_TEST_LONG"))
SEED = int(os.environ.get("KOTO_FUZZ_SEED") or (randrange(2**32) if LONG else 1))
UNLIMITED = "1000000/second"
FOLDER = Path(__file__).parent


@dataclass
class Fuzzed:
    """What came of it: whether a check failed, what the fuzzer told, and how often each operation gave which status."""

    failed: bool
    told: str
    answers: Counter[tuple[str, int]]


async def fuzz(door: Door, *options: str, sessions: list[tuple[str, str]]) -> Fuzzed:
    """Fuzzes a gateway as an expert with a token, and as browsers with these cookies and CSRF tokens."""
    program = Path(sys.executable).with_name("st")
    document = f"http://127.0.0.1:{door.gateway.port}{API}/openapi.json"
    before = answers()
    fuzzer = await asyncio.create_subprocess_exec(
        *(program, "--config-file", FOLDER / "schemathesis.toml", "run", document),
        *("--no-color", "--seed", str(SEED), *options),
        cwd=FOLDER.parents[1],
        env=os.environ | {"KOTO_FUZZ_TOKEN": door.issuer.token(), "KOTO_FUZZ_SESSIONS": json.dumps(sessions)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await fuzzer.communicate()
    finally:
        if fuzzer.returncode is None:
            fuzzer.kill()
    return Fuzzed(fuzzer.returncode != 0, told.decode(), answers() - before)


async def sign_in(door: Door, times: int) -> list[tuple[str, str]]:
    """The cookies and CSRF tokens of so many browsers, each of a user of its own."""
    signed_in = []
    for _ in range(times):
        async with Browser(door) as browser:
            await browser.sign_in()
            signed_in.append((browser.cookies[COOKIE], await browser.csrf_token()))
    return signed_in


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
    async with (
        FakeIssuer() as issuer,
        Door(issuer, house.new_requests(), database_url=store, rate_limit=UNLIMITED) as door,
    ):
        door.spans.shutdown()
        with capture_logs() as logged:
            sessions = await sign_in(door, 50)
            fuzzed = await fuzz(door, *(["--max-time", "600"] if LONG else []), sessions=sessions)
            await house.settle(within=120)
    assert not fuzzed.failed, fuzzed.told
    for operation, statuses in operations(door):
        assert any(fuzzed.answers[operation, status] for status in statuses if status < 300), (operation, fuzzed.told)
    assert [each for each in logged if each["log_level"] in ("error", "critical")] == []
    for name, service in house.services.items():
        assert await service.alive()
        assert await house.rows(name, "SELECT reason FROM parked") == []
        for purpose in ("dead", "undecodable"):
            assert await house.vhost.get(queue(name, purpose)) == []


async def test_while_everything_beneath_is_away_every_operation_that_needs_it_says_when_to_come_back() -> None:
    async with FakeIssuer() as issuer, Door(issuer, FakeRequests(connected=False), rate_limit=UNLIMITED) as door:
        session = "0" * 43
        sessions = [(session, door.gateway.app.state.sessions.csrf_token(session))]
        fuzzed = await fuzz(door, "--phases", "examples,fuzzing", "--max-examples", "10", sessions=sessions)
    assert not fuzzed.failed, fuzzed.told
    for operation, statuses in operations(door):
        assert bool(fuzzed.answers[operation, 503]) == (503 in statuses), (operation, fuzzed.told)


async def test_who_asks_too_often_is_told_by_every_operation_when_to_go_on(databases: TestDatabases) -> None:
    store = await databases.new("gateway")
    async with FakeIssuer() as issuer, Door(issuer, database_url=store, rate_limit="1/hour") as door:
        sessions = await sign_in(door, 1)
        fuzzed = await fuzz(door, "--phases", "examples,fuzzing", "--max-examples", "10", sessions=sessions)
    assert not fuzzed.failed, fuzzed.told
    for operation, _ in operations(door):
        assert fuzzed.answers[operation, 429], (operation, fuzzed.told)
