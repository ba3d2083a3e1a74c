"""A service's process as in production, from which one promise at a time is taken away while it runs.

    KOTO_SERVICE=gateway KOTO_BENCH_WITHOUT=<file> python -m tests.bench.without

The file names what is taken away; SIGUSR1 says that it was written anew. Here and nowhere else: no service has such
an option.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from limits.aio.strategies import FixedWindowRateLimiter
from opentelemetry.sdk.trace import Tracer
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import INVALID_SPAN
from prometheus_client.metrics import MetricWrapperBase

from contracts.customer.people import Customer
from contracts.policy import Ruling
from services.customer.repository import people
from services.gateway.issuer import Identity, Issuer
from services.kit import requests, telemetry
from services.kit import work as work_module
from services.kit.actor import ActorTokens, ActorVerifier
from services.kit.field_encryption import FieldEncryption
from services.kit.run import main
from services.kit.telemetry import Telemetry
from services.kit.work import Work
from tests.bench.house import CODE, EXPERT

FILE = "KOTO_BENCH_WITHOUT"
Patch = tuple[Any, str, Any]


class _Unmeasured:
    def observe(self, _: float) -> None: ...
    def inc(self, _: float = 1) -> None: ...
    def set(self, _: float) -> None: ...


class _Whichever:
    """Is whatever it is compared with."""

    def __ne__(self, _: object) -> bool:
        return False


class _Unchecked:
    """A reply handed on as it came."""

    version, customer_id = 1, _Whichever()

    def __init__(self, body: bytes) -> None:
        self.body = body

    def model_dump_json(self) -> bytes:
        return self.body


@contextmanager
def _no_span(*_: Any, **__: Any) -> Iterator[Any]:
    yield INVALID_SPAN


async def _expert(*_: Any) -> Any:
    return Identity(user=EXPERT.user)


async def _yes(*_: Any) -> bool:
    return True


class _Everything:
    """Rights of somebody who may see everything, without asking the policy."""

    actor, related, values = EXPERT, "own", {}

    def ruling(self, *_: Any) -> Ruling:
        return Ruling("allow", "none")

    def allows(self, *_: Any) -> bool:
        return True

    def relation(self, *_: Any, **__: Any) -> str:
        return "own"

    def reach(self, *_: Any) -> None: ...


async def _first_time(work: Work, _: Any) -> None:
    work.repetition_checked = True


async def _not_remembered(*_: Any) -> None: ...


_ANY_CUSTOMER = people._customer(None)
"""The statement of a read without the condition of the right."""


def _unlogged(work: Work, *_: Any, **__: Any) -> None:
    work.used = _Unwritten()


class _Unwritten(list[Any]):
    """Something to write, of which nothing is written."""

    def __bool__(self) -> bool:
        return True


PROMISES: dict[str, list[Patch]] = {
    "bearer token verified": [(Issuer, "user", _expert)],
    "rate limit": [(FixedWindowRateLimiter, "hit", _yes)],
    "actor token signed and verified": [
        (ActorTokens, "sign", lambda *_, **__: "unsigned"),
        (ActorVerifier, "verify", lambda *_, **__: EXPERT),
    ],
    "spans": [
        (Telemetry, "span", _no_span),
        (Tracer, "start_span", lambda *_, **__: INVALID_SPAN),
        (requests, "current_traceparent", lambda: None),
    ],
    "metrics": [(MetricWrapperBase, "labels", lambda *_: _Unmeasured())],
    "reply checked against its contract": [(Customer, "model_validate_json", _Unchecked)],
    "identity code encrypted": [(FieldEncryption, "decrypt", lambda *_: CODE)],
    "policy decided and conditions of SQL": [
        (work_module, "rights_of", lambda *_: _Everything()),
        (people, "_customer", lambda _: _ANY_CUSTOMER),
    ],
    "border": [(work_module, "has_border", lambda _: False)],
    "usage log": [(Work, "record_use", _unlogged)],
    "idempotency": [(Work, "outcome_of_repeat", _first_time), (Work, "remember_outcome", _not_remembered)],
}
ALL = "all of these"


def take_away(names: set[str]) -> None:
    """From now on these promises are not kept, and all others are."""
    for owner, name, value in _kept:
        if value is _inherited:
            if name in vars(owner):
                delattr(owner, name)
        else:
            setattr(owner, name, value)
    for promise, patches in PROMISES.items():
        if names & {promise, ALL}:
            for owner, name, value in patches:
                setattr(owner, name, value)


_inherited = object()
_kept = [
    (owner, name, vars(owner).get(name, _inherited)) for patches in PROMISES.values() for owner, name, _ in patches
]


if __name__ == "__main__":
    telemetry.ALWAYS_OFF = ALWAYS_ON  # spans are recorded, as with an exporter, and as the baselines' are
    file = Path(os.environ[FILE])
    signal.signal(signal.SIGUSR1, lambda *_: take_away({file.read_text()}))
    uvloop.run(main())
