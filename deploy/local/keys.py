"""Rotating keys while the house runs: every process knows a new key before anybody uses it.

Services look once a second at the files that tell them their keys (services/kit/rotation.py).
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.local import environment, state
from deploy.local.environment import KeyKind, Secrets
from deploy.local.stack import Step
from services.kit.rotation import LOOK_SECONDS

STILL_USED = {"actor": timedelta(minutes=1), "fields": timedelta(minutes=10), "search": timedelta(hours=24)}
"""How long after a rotation something lives by the old key that can't be made anew: tokens of acts, sign-ins begun,
sessions and idempotency keys."""


def rotate(secrets: Secrets, kind: KeyKind, step: Step) -> None:
    """Puts a new key first. What the old ones signed, encrypted and hashed stays good."""
    with step("Telling every service the new key"):
        for service in _services_of(kind):
            secrets.add_key(kind, service)
        _tell(secrets)
    with step("Putting it first"):
        for service in _services_of(kind):
            secrets.put_newest_first(kind, service)
        _tell(secrets)
    state.write(_rotated(secrets, kind), {"at": datetime.now(UTC).isoformat()})


def retire(secrets: Secrets, kind: KeyKind, step: Step, *, at_once: bool) -> None:
    """Removes all keys but the first. Raises LocalError while something may live by them, unless told `at_once`."""
    rotated = state.read(_rotated(secrets, kind)).get("at")
    good_until = datetime.fromisoformat(rotated) + STILL_USED[kind] if rotated else datetime.now(UTC)
    if good_until > datetime.now(UTC) and not at_once:
        raise state.LocalError(f"the old keys are still in use until {good_until:%d.%m. %H:%M} UTC: see the runbook")
    with step("Removing the old keys"):
        for service in _services_of(kind):
            secrets.remove_older(kind, service)
        _tell(secrets)


def _services_of(kind: KeyKind) -> list[str]:
    """Who has a set of that kind of their own; that of actor tokens is one for all."""
    if kind == "actor":
        return [""]
    return [service for service in environment.services() if environment.has_database(service)]


def _tell(secrets: Secrets) -> None:
    """Returns when every running process has read its files anew."""
    for service in environment.services():
        secrets.key_files(service)
    time.sleep(2 * LOOK_SECONDS)


def _rotated(secrets: Secrets, kind: KeyKind) -> Path:
    return secrets.home / "secrets" / f"{kind}.json"
