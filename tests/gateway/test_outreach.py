"""Lists as files: read as they come, and handed on in messages that the broker takes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.customer.outreach import AddOutreachRows, BeginOutreachImport, FinishOutreachImport, OutreachRow
from services.gateway.problems import NoRights
from tests.gateway.replies.ids import GRANT_ID
from tests.gateway.support import API, Answer, Door

IMPORTS = f"{API}/outreach/imports"
HEADER = "family_name,given_name,date_of_birth,ground"


async def send(door: Door, body: Any, *, kind: str = "text/csv", key: str = "k", **query: str) -> Answer:
    headers = {"Content-Type": kind, "Idempotency-Key": key}
    params = {"source": "benefit_institution"} | query
    return await door.send("POST", IMPORTS, data=body, headers=headers, params=params)


def told(door: Door) -> list[OutreachRow]:
    """The rows that were handed on."""
    asked = [each.request for each in door.requests.asked]
    return [row for each in asked if isinstance(each, AddOutreachRows) for row in each.rows]


async def test_a_file_is_begun_its_rows_are_added_and_it_is_finished(door: Door) -> None:
    answer = await send(door, f"{HEADER}\nEsimerkki,Aamu,1994-05-01,home_care_allowance\n", dry_run="true")
    assert (answer.status, answer.headers["Location"]) == (202, f"{API}/operations/{GRANT_ID}")
    row = OutreachRow(
        family_name="Esimerkki", given_name="Aamu", date_of_birth="1994-05-01", ground="home_care_allowance"
    )
    assert [(each.request, each.key) for each in door.requests.asked] == [
        (BeginOutreachImport(source="benefit_institution", dry_run=True), "k"),
        (AddOutreachRows(operation_id=GRANT_ID, first_row=1, rows=(row,)), "k/1"),
        (FinishOutreachImport(operation_id=GRANT_ID, rows=1), "k/finish"),
    ]


async def test_a_long_file_is_handed_on_in_pieces_that_come_under_the_same_keys_again(door: Door) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield f"{HEADER}\n".encode()
        for number in range(2500):
            yield f"Esimerkki,Given{number},1994-05-01,home_care_allowance\n".encode()

    for _ in range(2):
        assert (await send(door, body())).status == 202
    half = len(door.requests.asked) // 2
    first, again = (
        [(e.key, e.request) for e in part] for part in (door.requests.asked[:half], door.requests.asked[half:])
    )
    assert first == again
    assert [row.given_name for row in told(door)[:2500]] == [f"Given{number}" for number in range(2500)]


async def test_semicolons_a_byte_order_mark_quotes_and_blank_lines_are_read(door: Door) -> None:
    text = '\ufeffgiven_name;family_name\r\n"Aamu; ""Ilta""";"Esi\nmerkki"\r\n\r\nYö;Äijälä'
    assert (await send(door, text.encode())).status == 202
    assert [(row.given_name, row.family_name) for row in told(door)] == [
        ('Aamu; "Ilta"', "Esi\nmerkki"),
        ("Yö", "Äijälä"),
    ]


@pytest.mark.parametrize("header", ["", "family_name,nickname", "family_name,family_name"])
async def test_columns_that_are_not_known_are_refused_before_anything_is_begun(door: Door, header: str) -> None:
    (await send(door, f"{header}\na,b\n")).problem(422, "invalid-input")
    assert door.requests.asked == []


async def test_what_is_no_utf_8_no_csv_or_too_long_is_refused(door: Door) -> None:
    (await send(door, HEADER.encode() + b"\n\xff\xfe,a,b,c\n")).problem(400, "malformed-request")
    (await send(door, f'{HEADER}\n"{"a" * 30_000}')).problem(400, "malformed-request")
    (await send(door, b"{}", kind="application/json")).problem(415, "unsupported-media-type")
    assert door.requests.asked == []


@pytest.mark.parametrize("row", ["A\rB,C,1994-05-01,x", "A,B,1994-05-01,x,y"])
async def test_a_row_that_can_not_be_read_whole_is_refused_by_its_number(door: Door, row: str) -> None:
    answer = await send(door, f"{HEADER}\nA,B,1994-05-01,x\n{row}\n")
    answer.problem(400, "malformed-request")
    assert answer.json["detail"].startswith("Row 3 ")
    assert (await send(door, f"{HEADER}\nA,B,1994-05-01,x,,\n", key="k2")).status == 202  # as spreadsheets end rows


async def test_a_field_too_long_for_a_message_is_cut_and_stops_no_other(door: Door) -> None:
    assert (await send(door, f"{HEADER}\n{'a' * 1000},A,1994-05-01,x\nB,B,1994-05-01,x\n")).status == 202
    assert [len(row.family_name) for row in told(door)] == [400, 1]


async def test_each_piece_of_a_file_goes_on_under_the_rights_of_that_moment(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights are known for ten seconds, and a file may take longer; one that ends amid it ends the import."""
    callers, asked = door.gateway.app.state.callers, 0
    acting = callers.acting

    async def ends(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise NoRights
        return await acting(*given)

    monkeypatch.setattr(callers, "acting", ends)
    answer = await send(door, "\n".join([HEADER, *["A,B,1994-05-01,x"] * 2500]))
    answer.problem(403, "no-rights")
    assert len(told(door)) == 1000
