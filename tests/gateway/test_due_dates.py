"""Routes of due dates, worklists and teams: what they ask, and in whose name."""

from uuid import UUID

from contracts.access.teams import AddTeam, ChangeTeam
from contracts.customer.people import GetCustomerCards
from contracts.plan.due_dates import DueDateSettings, GetCustomerDueDates, ListDue, SetDueDateSettings
from tests.gateway.replies.ids import CUSTOMER_ID, TEAM_ID
from tests.gateway.support import API, Door

KEY = {"Idempotency-Key": "act-1"}


async def test_a_worklist_shows_names_fetched_as_the_page_is_shown(door: Door) -> None:
    answer = await door.send("GET", f"{API}/worklist?responsible=me&kind=plan_latest&kind=plan_review&limit=5")
    assert answer.status == 200
    [item] = answer.json["items"]
    assert (item["kind"], item["due_on"], item["customer"]["customer_id"]) == (
        "plan_latest",
        "2028-01-15",
        str(CUSTOMER_ID),
    )
    assert [each.request for each in door.requests.asked] == [
        ListDue(responsible="me", kinds=("plan_latest", "plan_review"), limit=5),
        GetCustomerCards(customer_ids=(CUSTOMER_ID,)),
    ]


async def test_due_dates_of_a_customer_can_be_asked_by_another_version_of_the_law(door: Door) -> None:
    answer = await door.send("GET", f"{API}/customers/{CUSTOMER_ID}/due-dates?law_version=2023")
    assert (answer.status, answer.json) == (200, {"due_dates": []})
    [asked] = door.requests.asked
    assert asked.request == GetCustomerDueDates(customer_id=CUSTOMER_ID, law_version="2023")


async def test_aims_are_set_on_the_version_that_was_read(door: Door) -> None:
    read = await door.send("GET", f"{API}/due-date-settings")
    assert (read.status, read.headers["ETag"]) == (200, '"0"')
    body = {"notice_days": 21, "aims": [{"kind": "assessment_start", "days": 10}]}
    answer = await door.send(
        "PUT", f"{API}/due-date-settings", json=body, headers={"If-Match": read.headers["ETag"], **KEY}
    )
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    asked = door.requests.asked[-1]
    settings = DueDateSettings.model_validate(body)
    assert (asked.request, asked.key) == (SetDueDateSettings(expected_version=0, settings=settings), "act-1")


async def test_a_team_is_made_and_changed(door: Door) -> None:
    made = await door.send("POST", f"{API}/teams", json={"name": "Itä", "members": ["a"]}, headers=KEY)
    assert (made.status, made.headers["Location"], made.headers["ETag"]) == (201, f"{API}/teams/{TEAM_ID}", '"1"')
    body = {"name": "Länsi", "members": [], "ended": True}
    changed = await door.send("PUT", f"{API}/teams/{TEAM_ID}", json=body, headers={"If-Match": '"1"', **KEY})
    assert (changed.status, changed.headers["ETag"]) == (200, '"2"')
    assert [each.request for each in door.requests.asked] == [
        AddTeam(name="Itä", members=("a",)),
        ChangeTeam(team_id=UUID(str(TEAM_ID)), expected_version=1, name="Länsi", members=(), ended=True),
    ]
