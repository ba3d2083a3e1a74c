"""The routes of duplicates are one request each; and one person's way through the whole house."""

from uuid import uuid4

import pytest

from contracts.customer.duplicates import DecideDuplicate, MergeCustomers, UndoMerge
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Door, opening
from tests.support import House, TestDatabases, eventually

OTHER = str(GRANT_ID)


async def test_a_merge_names_both_versions(door: Door) -> None:
    body = {"duplicate_id": OTHER, "duplicate_version": 2, "why": "The same card"}
    headers = {"Idempotency-Key": "m", "If-Match": '"3"'}
    answer = await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/merge", json=body, headers=headers)
    assert (answer.status, answer.headers["ETag"]) == (200, '"4"')
    [asked] = door.requests.asked
    assert asked.request == MergeCustomers.model_validate({"customer_id": CUSTOMER_ID, "expected_version": 3, **body})


async def test_a_merge_without_a_reason_is_refused_by_name(door: Door) -> None:
    headers = {"Idempotency-Key": "m", "If-Match": '"3"'}
    body = {"duplicate_id": OTHER, "duplicate_version": 2, "why": ""}
    answer = await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/merge", json=body, headers=headers)
    assert answer.problem(422, "invalid-input")["errors"][0]["pointer"] == "/why"


async def test_a_pair_is_decided_and_a_merge_undone_under_their_ids(door: Door) -> None:
    decision = {"decision": "not_same_person", "why": "Two sisters"}
    headers = {"Idempotency-Key": "d"}
    await door.send("POST", f"{API}/duplicates/{OTHER}/decide", json=decision, headers=headers)
    await door.send("POST", f"{API}/merges/{OTHER}/undo", json={"why": "Two sisters"}, headers=headers)
    assert [each.request for each in door.requests.asked] == [
        DecideDuplicate.model_validate({"pair_id": OTHER, **decision}),
        UndoMerge.model_validate({"merge_id": OTHER, "why": "Two sisters"}),
    ]


@pytest.mark.broker
@pytest.mark.database
async def test_from_the_warning_to_the_undoing_through_the_whole_house(house: House, databases: TestDatabases) -> None:
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        user = str(uuid4())
        await house.appoint(user, "837", "integration_expert")
        token = issuer.token(sub=user)

        async def ask(method: str, path: str, body: object = None, **headers: str) -> dict[str, object]:
            sent = {"Idempotency-Key": str(uuid4())} | {name.replace("_", "-"): each for name, each in headers.items()}
            answer = await door.send(method, f"{API}{path}", json=body, headers=sent, token=token)
            assert answer.status < 300, answer
            return {**answer.json, "headers": answer.headers}

        permit = {"kind": "continuous", "ground": "international_protection_asylum", "granted_on": "2026-03-02"}
        first = opening(name={"family": "Warsame", "given": "Maxamed Cali"}, first_residence_permit=permit)
        kept = (await ask("POST", "/customers", first))["customer_id"]
        again = {"family": "Mohamed", "given": "Ali Warsame"}
        found = await ask("POST", "/customers/duplicates", {"name": again, "date_of_birth": "1994-05-01"})
        assert [each["customer"]["customer_id"] for each in found["candidates"]] == [kept]  # type: ignore[attr-defined]
        other = (await ask("POST", "/customers", opening(name=again, first_residence_permit=permit)))["customer_id"]
        [pair] = (await ask("GET", "/duplicates"))["pairs"]  # type: ignore[misc]
        assert {each["customer_id"] for each in pair["customers"]} == {kept, other}

        education = {"group": "education", "studies": [{"level": "6", "name": "Nursing", "completed": True}]}
        await ask("PUT", f"/customers/{other}/background/education", {"content": education}, If_Match='"0"')
        body = {"duplicate_id": other, "duplicate_version": 1, "why": "The same card"}
        merged = await ask("POST", f"/customers/{kept}/merge", body, If_Match='"1"')
        read = await ask("GET", f"/customers/{other}")
        assert read["headers"]["Content-Location"] == f"{API}/customers/{kept}"  # type: ignore[index]

        for each in (kept, other):
            told = await ask("GET", f"/customers/{each}/background/education")
            assert (told["told_of"], told["headers"]["ETag"]) == (other, '"0"')  # type: ignore[index]
            assert (await ask("GET", f"/customers/{each}/family"))["customer"]["customer_id"] == kept  # type: ignore[index]
        officer = str(uuid4())
        await house.appoint(officer, "837", "data_protection_officer")
        of_officer = issuer.token(sub=officer)

        async def is_one_log() -> bool:
            answer = await door.send("GET", f"{API}/customers/{kept}/usage", token=of_officer)
            return {kept, other} <= {id for line in answer.json.get("lines", ()) for id in line["customers"]}

        await eventually(is_one_log, within=30)

        async def are(*statuses: str) -> bool:
            answer = await door.send("GET", f"{API}/customers/{other}/assessments", token=token)
            told = [each["status"] for each in answer.json.get("assessments", ())]
            return sorted(told) == sorted(statuses)

        await eventually(lambda: are("to_start", "withdrawn"))
        await ask("POST", f"/merges/{merged['merge_id']}/undo", {"why": "Two cousins"})
        assert (await ask("GET", f"/customers/{other}"))["customer_id"] == other
        assert (await ask("GET", f"/customers/{kept}/background/education"))["told_of"] is None
        await eventually(lambda: are("to_start"))
        await house.settle()
