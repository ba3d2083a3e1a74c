"""A list as a file, from the upload to a customer, through the running house."""

from datetime import timedelta
from typing import Any

import pytest

from tests.gateway.support import API
from tests.support import eventually, helsinki_today
from tests.system.conftest import ELSEWHERE, WholeHouse

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]
OUTREACH = f"{API}/outreach"


async def done(house: WholeHouse, address: str) -> Any:
    """The operation once it is over."""

    async def over() -> Any:
        told = (await house.send("GET", address)).json
        return told if told["state"] in ("done", "undone") else None

    return await eventually(over, within=60)


async def test_somebody_on_a_list_is_reached_and_becomes_a_customer_in_the_list_of_customers(
    whole_house: WholeHouse,
) -> None:
    first = helsinki_today() - timedelta(days=300)
    lines = [
        "family_name,given_name,date_of_birth,ground,first_permit_on",
        f"Tavoitettu,Aamu,1990-01-02,home_care_allowance,{first}",
        f"Tavoitettu,Ilta,2.1.1990,home_care_allowance,{first}",
    ]
    imported = await whole_house.send(
        "POST",
        f"{OUTREACH}/imports?source=benefit_institution",
        data="\n".join(lines),
        headers={"Content-Type": "text/csv"},
    )
    assert imported.status == 202
    told = await done(whole_house, imported.headers["Location"])
    assert (told["done"], told["rejected"]) == (1, 1)
    assert [(each["row"], each["errors"][0]["pointer"]) for each in told["rejected_rows"]] == [(2, "/date_of_birth")]
    assert (await whole_house.send("GET", f"{OUTREACH}/targets", user=ELSEWHERE)).json["targets"] == []

    [target] = (await whole_house.send("GET", f"{OUTREACH}/targets")).json["targets"]
    address = f"{OUTREACH}/targets/{target['target_id']}"
    attempt = {"channel": "phone", "outcome": "reached"}
    assert (await whole_house.send("POST", f"{address}/attempts", json=attempt)).json["state"] == "reached"
    opened = await whole_house.send("POST", f"{address}/open", json={"told": {"mother_tongue": "so"}})
    assert opened.status == 201
    assert (await whole_house.send("GET", address)).status == 404

    body = {"customer_ids": [opened.json["customer_id"]], "responsible": "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11"}
    assigned = await whole_house.send("POST", f"{API}/customers/assign", json=body)
    assert (await done(whole_house, assigned.headers["Location"]))["outcomes"] == {"assigned": 1}
    listed = (await whole_house.send("GET", f"{API}/customers?responsible={body['responsible']}")).json["customers"]
    assert [(each["name"]["given"], each["arrival"]) for each in listed] == [("Aamu", "outreach")]
