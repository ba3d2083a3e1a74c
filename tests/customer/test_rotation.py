"""Keys of fields and searches rotated while customers are opened, changed, read and found by their codes."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from functools import partial
from os import urandom
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from contracts.customer.background import ChangeBackground, GetBackgroundHistory
from contracts.customer.people import CustomerVersion, GetCustomer, GetCustomerHistory
from contracts.customer.search import SearchCustomers
from services.customer.main import build
from services.kit import rotation
from services.kit.errors import Conflict, KeyReused
from services.kit.reencryption import reencrypt
from services.kit.service import Service
from services.kit.settings import ServiceSettings
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, HeldClock, changing, opening
from tests.support import ACTOR_KEYS, SEARCH_KEY, USAGE_KEYS, TestDatabases, eventually

pytestmark = pytest.mark.database


class Replicas:
    """Two processes of the service on one database, which read the same files of keys."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self.keys = [b64encode(urandom(32)).decode() for _ in range(2)]
        self.tell(0)
        self.services = [self._build(database_url) for _ in range(2)]
        self.first, self.second = (CustomerService(each.parts.unit_of_work, HeldClock()) for each in self.services)

    def tell(self, *numbers: int) -> None:
        """Both sets hold these keys now, the present one first."""
        for name in ("field_keys", "search_keys"):
            new = self._folder / "new"
            new.write_text(json.dumps({str(number): self.keys[number] for number in numbers}))
            new.replace(self._folder / f"koto_{name}")

    async def reencrypt(self) -> int:
        return await reencrypt(self.services[1].parts)

    def _build(self, database_url: str) -> Service:
        return build(
            ServiceSettings(
                _env_file=None,
                service="customer",
                rabbitmq_url=SecretStr("amqp://nowhere"),
                database_url=SecretStr(database_url),
                secrets_dir=self._folder,
                actor_keys=SecretStr(ACTOR_KEYS),
                usage_keys=SecretStr(USAGE_KEYS),
                usage_hash_key=SecretStr(SEARCH_KEY),
                allow_test_identity_codes=True,
            ),
            HeldClock(),
        )


@pytest_asyncio.fixture
async def replicas(
    databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Replicas]:
    monkeypatch.setattr(rotation, "LOOK_SECONDS", 0.0)
    made = Replicas(tmp_path, await databases.new("customer"))
    yield made
    await asyncio.gather(*(each.parts.engine.dispose() for each in made.services))


async def found_by_code(customers: CustomerService, code: str = CODE) -> list[Any]:
    found = await customers.ask(SearchCustomers(personal_identity_code=code))
    return [hit.customer_id for hit in found.hits]


async def test_a_customer_is_found_and_read_before_during_and_after_each_step(replicas: Replicas) -> None:
    known = await replicas.first.ask(opening(personal_identity_code=OTHER_CODE))
    known = await replicas.first.ask(changing(known, personal_identity_code=CODE))
    for step in ((0, 1), (1, 0), None, (1,)):
        replicas.tell(*step) if step else await replicas.reencrypt()
        for customers in (replicas.first, replicas.second):
            assert await found_by_code(customers) == [known.customer_id]
            assert await found_by_code(customers, OTHER_CODE) == [known.customer_id], "the former one"
            read = await customers.ask(GetCustomer(customer_id=known.customer_id))
            assert read.person.personal_identity_code == CODE
            history = await customers.ask(GetCustomerHistory(customer_id=known.customer_id))
            assert {OTHER_CODE, CODE} <= {entry.new for entry in history.entries if isinstance(entry.new, str)}


async def test_rows_are_brought_to_the_present_keys_once(replicas: Replicas) -> None:
    await replicas.first.ask(opening(personal_identity_code=CODE))
    await replicas.first.ask(opening())
    replicas.tell(1, 0)
    assert await replicas.reencrypt() == 2, "the person and the line of history"
    assert await replicas.reencrypt() == 0


async def test_former_codes_from_before_they_were_hashed_are_found_once_rows_are_encrypted_anew(
    replicas: Replicas,
) -> None:
    known = await replicas.first.ask(opening(personal_identity_code=OTHER_CODE))
    await replicas.first.ask(changing(known, personal_identity_code=CODE))
    await replicas.first.rows("UPDATE customer_history SET former_code_hash = NULL")
    assert await replicas.reencrypt() == 1
    assert await found_by_code(replicas.first, OTHER_CODE) == [known.customer_id]


async def test_health_is_read_before_during_and_after_each_step_and_brought_to_the_present_keys_once(
    replicas: Replicas,
) -> None:
    known = await replicas.first.ask(opening())
    for version, description in enumerate(("Poor sight", "Blind")):
        content = {"group": "health", "facts": [{"effect": "working", "description": description}]}
        told = {"customer_id": known.customer_id, "expected_version": version, "content": content, "why": "Told"}
        await replicas.first.ask(ChangeBackground.model_validate(told))
    for step in ((0, 1), (1, 0), None, (1,)):
        if step:
            replicas.tell(*step)
        else:
            assert [await replicas.reencrypt() for _ in range(2)] == [2, 0]
        for customers in (replicas.first, replicas.second):
            asked = GetBackgroundHistory(customer_id=known.customer_id, group="health")
            first, second = (await customers.ask(asked)).entries
            assert (first.new, first.why, second.why) == (second.previous, "Told", "Told")
            assert "Poor sight" in first.model_dump_json()
            assert "Blind" in second.model_dump_json()


async def test_a_code_hashed_by_the_old_key_is_given_to_nobody_else(replicas: Replicas) -> None:
    await replicas.first.ask(opening(personal_identity_code=CODE))
    replicas.tell(1, 0)
    with pytest.raises(Conflict):
        await replicas.second.ask(opening(personal_identity_code=CODE))


@pytest.mark.parametrize("steps", [((0,), (0, 1)), ((0, 1), (1, 0)), ((1, 0), (1,))])
async def test_two_who_record_one_code_while_one_knows_the_next_keys_already_get_one_person(
    replicas: Replicas, steps: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    before, after = steps
    replicas.tell(*before)
    early = replicas.second.unit_of_work.encryption
    assert early.search_hashes(CODE)
    early._search_keys._file = None  # this one has not looked yet
    early._ciphers._file = None
    replicas.tell(*after)
    told = await asyncio.gather(
        *(
            customers.ask(opening(personal_identity_code=CODE))
            for _ in range(3)
            for customers in (replicas.first, replicas.second)
        ),
        return_exceptions=True,
    )
    assert len([each for each in told if isinstance(each, CustomerVersion)]) == 1
    assert len([each for each in told if isinstance(each, Conflict)]) == 5


async def _has(opened: list[CustomerVersion], enough: int) -> bool:
    return len(opened) >= enough


async def test_no_request_fails_while_keys_are_rotated_and_rows_reencrypted(replicas: Replicas) -> None:
    rotated = asyncio.Event()
    opened: list[CustomerVersion] = []

    async def work(customers: CustomerService) -> None:
        while not rotated.is_set():
            known = await customers.ask(opening())
            opened.append(known)
            if len(opened) == 1:
                known = await customers.ask(changing(known, personal_identity_code=CODE))
            await customers.ask(GetCustomer(customer_id=known.customer_id))
            await found_by_code(customers)

    working = [asyncio.create_task(work(customers)) for customers in (replicas.first, replicas.second)]
    for step in ((0, 1), (1, 0)):
        replicas.tell(*step)
        await eventually(partial(_has, opened, len(opened) + 4))
    await replicas.reencrypt()
    replicas.tell(1)
    rotated.set()
    await asyncio.gather(*working)
    assert await found_by_code(replicas.first) == [opened[0].customer_id]


async def test_a_request_repeated_after_a_rotation_is_answered_as_before(replicas: Replicas) -> None:
    request = opening(personal_identity_code=CODE)
    first = await replicas.first.ask(request, key="k")
    replicas.tell(1, 0)
    assert await replicas.first.ask(request, key="k") == first
    with pytest.raises(KeyReused):
        await replicas.first.ask(opening(), key="k")
