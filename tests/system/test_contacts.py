"""A contact from a foreign program's connection to a customer, seen through the gateway of the running house."""

import asyncio
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from contracts.partners import read_partners
from deploy.local.environment import VHOST, partners_file
from tests.gateway.support import API
from tests.integration.conftest import receipts
from tests.integration.partner import Foreigner, event, report
from tests.support import eventually
from tests.system.conftest import ELSEWHERE, WholeHouse

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]


async def test_a_reported_person_becomes_a_customer_whose_assessment_is_to_start(whole_house: WholeHouse) -> None:
    user = "partner.school"
    broker = urlsplit(whole_house.broker.amqp_url)
    url = f"amqp://{broker.hostname}:{broker.port}/{VHOST}"
    assert "school" in [each.code for each in read_partners(partners_file())]
    school = await asyncio.to_thread(Foreigner, url, "school", whole_house.stack.secrets.broker_password(user))
    family = f"Esimerkki {uuid4()}"
    person = report()["person"] | {"name": {"family": family, "given": "Aamu"}}
    school.send(event("m-1", report(person=person)))
    [receipt] = await receipts(school)
    school.close()
    assert receipt["outcome"] == "received"

    async def inbox(user: str) -> list[dict[str, Any]]:
        answer = await whole_house.send("GET", f"{API}/contacts?limit=50", user=user)
        return [each for each in answer.json["contacts"] if each["name"]["family"] == family]

    [card] = await eventually(lambda: inbox("expert@tampere"))
    assert await inbox(ELSEWHERE) == []
    address = f"{API}/contacts/{card['contact_id']}"
    assert (await whole_house.send("GET", address, user=ELSEWHERE)).status == 404
    read = await whole_house.send("GET", address)
    known = {
        "name": person["name"],
        "date_of_birth": "1994-05-01",
        "first_residence_permit": {
            "kind": "continuous",
            "ground": "international_protection_asylum",
            "granted_on": f"{int(receipt['received_at'][:4]) - 1}-03-01",
        },
    }
    resolved = await whole_house.send(
        "POST",
        f"{address}/resolve",
        json={"outcome": "opened", "person": known},
        headers={"If-Match": read.headers["ETag"]},
    )
    assert resolved.status == 200, resolved
    customer_id = resolved.json["customer_id"]
    assert await eventually(lambda: whole_house.assessments(customer_id)) == ["to_start"]
