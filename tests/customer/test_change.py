"""Changing what is known of a person."""

import asyncio
import json
from datetime import date, timedelta
from uuid import uuid4

import pytest

from contracts.customer.people import CloseCustomer, CustomerVersion, GetCustomer, GetCustomerHistory
from services.kit.errors import ChangedMeanwhile, Conflict, InvalidInput, KeyReused, NotFound
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, opening
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database


async def test_a_field_left_out_stays_and_null_empties_it(customers: CustomerService) -> None:
    opened = await customers.ask(opening(mother_tongue="so", service_language="fi", citizenships=("SOM",)))
    changed = await customers.ask(changing(opened, mother_tongue=None, citizenships=None))
    found = await customers.ask(GetCustomer(customer_id=opened.customer_id))
    assert found.version == changed.version == 2
    assert (found.person.mother_tongue, found.person.citizenships, found.person.service_language) == (None, (), "fi")


async def test_what_a_person_cannot_be_without_is_not_emptied(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(changing(opened, name=None, date_of_birth=None, mother_tongue=None))
    assert [(error.pointer, error.rule) for error in refused.value.errors] == [
        ("/changes/date_of_birth", "missing"),
        ("/changes/name", "missing"),
    ]


async def test_a_change_that_breaks_a_rule_is_refused(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(changing(opened, date_of_birth=date(1994, 5, 2)))
    assert [(error.pointer, error.rule) for error in refused.value.errors] == [
        ("/changes/date_of_birth", "differs_from_identity_code")
    ]


async def test_a_change_that_changes_nothing_makes_no_version_and_no_event(customers: CustomerService) -> None:
    opened = await customers.ask(opening(mother_tongue="so"))
    assert await customers.ask(changing(opened, mother_tongue="so", service_language=None)) == opened
    assert await customers.events() == ["customer.opened.v1"]


async def test_only_a_change_that_others_need_is_published(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    changed = await customers.ask(changing(opened, name={"family": "Uusi", "given": "Aamu"}, mother_tongue="so"))
    assert await customers.events() == ["customer.opened.v1"]
    await customers.ask(changing(changed, service_language="so"))
    [_, event] = await customers.told()
    assert (event["type"], event["sequence"]) == ("customer.changed.v1", 2)
    assert json.loads(event["data"])["service_language"] == "so"


async def test_a_change_is_kept_with_who_when_why_and_source(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    customers.clock.moment += timedelta(days=1)
    await customers.ask(
        changing(opened, personal_identity_code=OTHER_CODE, why="corrected", source="population_information_system")
    )
    history = await customers.ask(GetCustomerHistory(customer_id=opened.customer_id))
    entry = history.entries[-1]
    assert entry.model_dump() == {
        "customer_id": opened.customer_id,
        "field": "personal_identity_code",
        "version": 2,
        "changed_at": customers.clock.moment,
        "changed_by": "expert@tampere",
        "organisation": "837",
        "previous": CODE,
        "new": OTHER_CODE,
        "why": "corrected",
        "source": "population_information_system",
        "masked": False,
    }


async def test_a_change_of_an_old_version_is_refused_and_told_what_changed(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    await customers.ask(changing(opened, mother_tongue="so"))
    with pytest.raises(ChangedMeanwhile) as refused:
        await customers.ask(changing(opened, service_language="fi"))
    problem = refused.value.problem()
    assert (problem.status, problem.current_version) == (412, 2)
    assert [(each.field, each.version, each.changed_by) for each in problem.changes] == [
        ("mother_tongue", 2, "expert@tampere")
    ]


async def test_of_two_changes_at_once_one_learns_what_the_other_changed(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    answers = await asyncio.gather(
        customers.ask(changing(opened, mother_tongue="so")),
        customers.ask(changing(opened, service_language="fi")),
        return_exceptions=True,
    )
    [refused] = [answer for answer in answers if isinstance(answer, ChangedMeanwhile)]
    [done] = [answer for answer in answers if isinstance(answer, CustomerVersion)]
    assert done.version == 2
    assert len(refused.problem().changes) == 1


async def test_a_change_that_waited_for_the_closing_finds_no_customer(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    closing = CloseCustomer(customer_id=opened.customer_id, expected_version=1, reason="moved_away")
    [_, change] = await customers.ask_while(
        (closing, EXPERT_TAMPERE), (changing(opened, mother_tongue="so"), EXPERT_TAMPERE)
    )
    assert isinstance(change, NotFound)


async def test_a_repeated_change_has_the_same_outcome_and_writes_nothing(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    changed = await customers.ask(changing(opened, mother_tongue="so"), key="k")
    await customers.ask(changing(changed, mother_tongue="fi"))
    before = await customers.everything()
    assert await customers.ask(changing(opened, mother_tongue="so"), key="k") == changed
    assert await customers.everything() == before


async def test_a_key_used_for_another_change_is_refused(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    await customers.ask(changing(opened, mother_tongue="so"), key="k")
    with pytest.raises(KeyReused):
        await customers.ask(changing(opened, mother_tongue="fi"), key="k")


async def test_an_identity_code_of_another_own_customer_is_refused(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE))
    opened = await customers.ask(opening())
    with pytest.raises(Conflict) as refused:
        await customers.ask(changing(opened, personal_identity_code=CODE))
    assert refused.value.code == "conflict"


async def test_an_identity_code_of_another_municipalitys_customer_is_known_elsewhere(
    customers: CustomerService,
) -> None:
    await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
    opened = await customers.ask(opening())
    with pytest.raises(Conflict) as refused:
        await customers.ask(changing(opened, personal_identity_code=CODE))
    assert refused.value.code == "known-elsewhere"


async def test_of_two_who_record_the_same_identity_code_at_once_one_is_told_so(customers: CustomerService) -> None:
    one, other = await customers.ask(opening()), await customers.ask(opening())
    answers = await asyncio.gather(
        *(customers.ask(changing(known, personal_identity_code=CODE)) for known in (one, other)),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "CustomerVersion"]


async def test_nobody_changes_a_customer_that_does_not_exist(customers: CustomerService) -> None:
    with pytest.raises(NotFound):
        await customers.ask(changing(CustomerVersion(customer_id=uuid4(), version=1), mother_tongue="so"))


async def test_a_source_that_is_no_code_of_the_list_is_refused(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(changing(opened, mother_tongue="so", source="Meikalainen"))
    assert [(error.pointer, error.rule) for error in refused.value.errors] == [("/source", "code_list")]


async def test_a_long_history_is_read_page_by_page(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    for language in ("so", "ar", "fa", "uk", "ru"):
        known = await customers.ask(changing(known, mother_tongue=language))
    whole = await customers.ask(GetCustomerHistory(customer_id=known.customer_id))
    assert whole.next_cursor is None
    pages, cursor = [], None
    while True:
        page = await customers.ask(GetCustomerHistory(customer_id=known.customer_id, cursor=cursor, limit=2))
        pages.append(page.entries)
        if (cursor := page.next_cursor) is None:
            break
    assert tuple(entry for page in pages for entry in page) == whole.entries
    assert {len(page) for page in pages[:-1]} == {2}
