"""The routes of the programme are one request each; and a programme's way through the whole house."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.plan.programme import (
    AddProgrammeService,
    ChangeProgrammeService,
    GetProgrammeService,
    ImportProgramme,
    ListProgramme,
)
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import GRANT_ID
from tests.gateway.support import API, Answer, Door
from tests.plan.programmes import row
from tests.support import House, TestDatabases, eventually

SERVICES, IMPORTS = f"{API}/programme/services", f"{API}/programme/imports"
COURSE: dict[str, Any] = {
    "kind": "language_course",
    "name": {"fi": "Suomen kielen kurssi"},
    "provider": {"name": "Esimerkkiopisto"},
    "places": 20,
    "valid_from": "2026-01-01",
}


async def send(door: Door, body: Any, **query: str) -> Answer:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "k"}
    return await door.send("POST", IMPORTS, data=body, headers=headers, params=query)


async def test_a_service_is_added_changed_and_read_by_version(door: Door) -> None:
    added = await door.send("POST", SERVICES, json={"service": COURSE}, headers={"Idempotency-Key": "k"})
    assert (added.status, added.headers["ETag"], added.headers["Location"]) == (201, '"1"', f"{SERVICES}/{GRANT_ID}")
    headers = {"Idempotency-Key": "k", "If-Match": '"2"'}
    changed = await door.send("PUT", added.headers["Location"], json={"service": COURSE}, headers=headers)
    assert (changed.status, changed.headers["ETag"]) == (200, '"3"')
    read = await door.send("GET", f"{added.headers['Location']}?version=1")
    assert (read.status, read.json["version"], read.headers["ETag"]) == (200, 1, '"2"')
    assert [each.request for each in door.requests.asked] == [
        AddProgrammeService.model_validate({"service": COURSE}),
        ChangeProgrammeService.model_validate({"service_id": GRANT_ID, "expected_version": 2, "service": COURSE}),
        GetProgrammeService(service_id=GRANT_ID, version=1),
    ]


async def test_a_change_without_the_version_that_was_read_is_refused(door: Door) -> None:
    answer = await door.send(
        "PUT", f"{SERVICES}/{GRANT_ID}", json={"service": COURSE}, headers={"Idempotency-Key": "k"}
    )
    answer.problem(428, "precondition-required")


async def test_the_programme_is_listed_by_what_is_asked(door: Door) -> None:
    query = "words=suomi%20kurssi&kind=language_course&language=so&target_group=family&on=2026-03-02&with_room=true"
    assert (await door.send("GET", f"{SERVICES}?{query}&limit=5")).status == 200
    told = {"words": "suomi kurssi", "kind": "language_course", "language": "so", "target_group": "family"}
    [asked] = door.requests.asked
    assert asked.request == ListProgramme.model_validate(told | {"on": "2026-03-02", "with_room": True, "limit": 5})
    assert (await door.send("GET", f"{SERVICES}?on=0")).status == 400


async def test_a_file_is_one_request(door: Door) -> None:
    text = "external_key;kind;name_fi;provider_name;valid_from\na;language_course;Suomi;Opisto;2026-01-01\n"
    answer = await send(door, text, dry_run="true")
    assert (answer.status, answer.json["added"]) == (200, 1)
    [asked] = door.requests.asked
    told = row("a", name_fi="Suomi", provider_name="Opisto")
    assert (asked.request, asked.key) == (ImportProgramme(rows=(told,), dry_run=True), "k")


async def test_a_long_description_comes_whole_and_one_that_is_too_long_is_not_made_to_fit(door: Door) -> None:
    await send(door, f"external_key,description_fi,description_sv\na,{'x' * 2000},{'y' * 5000}\n")
    [asked] = door.requests.asked
    assert isinstance(asked.request, ImportProgramme)
    [told] = asked.request.rows
    assert len(told.description_fi) == 2000
    assert len(told.description_sv) > 2000


async def test_a_file_too_large_for_one_message_is_refused_whole(door: Door) -> None:
    text = "external_key\n" + "".join(f"{number}\n" for number in range(1001))
    (await send(door, text)).problem(413, "body-too-large")
    (await send(door, "external_key,nickname\na,b\n")).problem(422, "invalid-input")
    assert door.requests.asked == []


@pytest.mark.broker
@pytest.mark.database
async def test_a_programme_is_kept_and_found_through_the_whole_house(house: House, databases: TestDatabases) -> None:
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        tokens = {}
        for role, organisation in (
            ("supervisor", "837"),
            ("integration_expert", "837"),
            ("integration_expert", "091"),
        ):
            user = str(uuid4())
            await house.appoint(user, organisation, role)
            tokens[role, organisation] = issuer.token(sub=user)
        keeper, expert, elsewhere = tokens.values()

        async def ask(method: str, path: str, token: str, status: int = 200, **more: Any) -> Answer:
            headers = {"Idempotency-Key": str(uuid4())} | more.pop("headers", {})
            answer = await door.send(method, path, token=token, headers=headers, **more)
            assert answer.status == status, answer
            return answer

        body = {"service": COURSE | {"external_key": "a"}}
        place = (await ask("POST", SERVICES, keeper, 201, json=body)).headers["Location"]
        await ask("POST", SERVICES, expert, 403, json=body)
        changed = {"service": body["service"] | {"places": 0}}
        await ask("PUT", place, keeper, json=changed, headers={"If-Match": '"1"'})
        await ask("PUT", place, keeper, 412, json=changed, headers={"If-Match": '"1"'})
        assert (await ask("GET", f"{place}?version=1", expert)).json["service"]["places"] == 20
        await ask("GET", place, elsewhere, 404)

        lines = "external_key,kind,name_fi,provider_name,valid_from\n{}"
        csv = {"headers": {"Content-Type": "text/csv"}}
        wrong = lines.format("b,language_course,Toinen,Opisto,2026-01-01\nc,knitting,,Opisto,1.1.2026\n")
        refused = await ask("POST", IMPORTS, keeper, 422, data=wrong, **csv)
        assert [each["pointer"] for each in refused.json["errors"]] == ["/2/valid_from"]
        right = lines.format("a,language_course,Ensimmäinen,Opisto,2026-01-01\nb,guidance,Toinen,Opisto,2026-01-01\n")
        imported = await ask("POST", IMPORTS, keeper, data=right, headers={"Content-Type": "text/csv"})
        assert imported.json == {"added": 1, "changed": 1, "unchanged": 0, "dry_run": False}
        listed = (await ask("GET", f"{SERVICES}?words=opisto", expert)).json["services"]
        assert [(each["service"]["name"]["fi"], each["version"]) for each in listed] == [
            ("Ensimmäinen", 3),
            ("Toinen", 1),
        ]
