"""The customer service is killed half way through a merge: nothing of it is there, and the repeat does all of it."""

from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.faults.house import Faulty, Load
from tests.faults.test_faults import faulty  # noqa: F401 - a fixture
from tests.support import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
OPENING = {
    "person": {
        "name": {"family": "Warsame", "given": "Cali"},
        "date_of_birth": "1990-03-15",
        "first_residence_permit": {
            "kind": "continuous",
            "ground": "international_protection_asylum",
            "granted_on": "2026-03-02",
        },
    },
    "arrival": "moved",
}


async def test_a_merge_killed_half_way_is_not_there_and_its_repeat_is_done_once(faulty: Faulty) -> None:  # noqa: F811
    load = await faulty.prepare(Load)
    authorized = {"Authorization": f"Bearer {load.token}"}
    async with aiohttp.ClientSession(load.url, headers=authorized) as session:

        async def ask(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with session.request(method, f"/api/v1{path}", json=body, headers=named) as response:
                return response.status, await response.json()

        kept, duplicate = [
            (await ask("POST", "/customers", OPENING, Idempotency_Key=str(uuid4())))[1]["customer_id"] for _ in range(2)
        ]
        body = {"duplicate_id": duplicate, "duplicate_version": 1, "why": "The same card"}

        async def merge() -> tuple[int, Any]:
            return await ask("POST", f"/customers/{kept}/merge", body, Idempotency_Key="merge", If_Match='"1"')

        await faulty.die_in("merge")
        first = await merge()
        await faulty.came_back()
        # the broker may have given the request to the process that came back, within its deadline: then it is done
        assert first[0] in (200, 503)
        status, merged = await merge()
        assert (status, merged["version"]) == (200, 2)
        assert (await ask("GET", f"/customers/{duplicate}"))[1]["customer_id"] == kept

        assert len(await faulty.rows("customer", "SELECT FROM customer_merge WHERE undone_at IS NULL")) == 1
        told = "SELECT FROM outbox WHERE type = 'customer.changed.v1' AND data->>'merged_into' = $1"
        assert len(await faulty.rows("customer", told, kept)) == 1
        assert len(await faulty.rows("customer", "SELECT FROM customer_history WHERE field = 'merge'")) == 2

        async def is_withdrawn() -> bool:
            _, answer = await ask("GET", f"/customers/{kept}/assessments")
            return sorted(each["status"] for each in answer.get("assessments", ())) == ["to_start", "withdrawn"]

        await eventually(is_withdrawn, within=30)
