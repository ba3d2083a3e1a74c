"""Making a user responsible for many customers, as one operation with progress; and the list of customers."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access.rights import user_number
from contracts.customer.operations import AssignCustomers, GetOperation, ListCustomers, UndoOperation
from contracts.customer.people import CustomerVersion, EraseCustomer, GetCustomer, GetCustomerHistory
from services.customer.handlers import working
from services.customer.handlers.working import work_once
from services.customer.repository import lists
from services.customer.subscribers import WORKERS
from services.kit.actor import Actor
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import CustomerService, changing, closed, opening
from tests.customer.test_duplicates import merging
from tests.customer.working import worked_off
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database

OTHER = user_number("other@tampere")


def named(family: str, **more: Any) -> Any:
    return opening(name={"family": family, "given": "Aamu"}, **more)


async def assigned(customers: CustomerService, *to: CustomerVersion, responsible: UUID | None = OTHER) -> Any:
    """The operation that makes a user responsible for these customers, worked off."""
    ids = tuple(each.customer_id for each in to)
    begun = await customers.ask(AssignCustomers(customer_ids=ids, responsible=responsible, why="A new area"))
    return await worked_off(customers, begun.operation_id)


async def families(customers: CustomerService, actor: Actor = EXPERT_TAMPERE, **asked: Any) -> list[str]:
    found = await customers.ask(ListCustomers(**asked), actor)
    return [each.name.family for each in found.customers]


async def test_a_user_is_made_responsible_for_customers_and_their_history_tells_it(customers: CustomerService) -> None:
    one, two = await customers.ask(opening()), await customers.ask(opening())
    done = await assigned(customers, one, two)
    assert (done.state, done.total, done.done, done.rejected, done.outcomes) == ("done", 2, 2, 0, {"assigned": 2})
    seen = await customers.ask(GetCustomer(customer_id=one.customer_id))
    assert (seen.version, seen.relationships[0].responsible) == (2, OTHER)
    last = (await customers.ask(GetCustomerHistory(customer_id=two.customer_id))).entries[-1]
    assert (last.field, last.version, last.why, last.changed_by) == ("relationship", 2, "A new area", "expert@tampere")
    assert isinstance(last.previous, dict)
    assert isinstance(last.new, dict)
    assert (last.previous["responsible"], last.new["responsible"]) == (None, str(OTHER))


async def test_all_customers_of_one_user_go_to_another(customers: CustomerService) -> None:
    mine, nobodys = await customers.ask(opening()), await customers.ask(opening())
    await assigned(customers, mine)
    successor = user_number("successor@tampere")
    begun = await customers.ask(AssignCustomers(all_of=OTHER, responsible=successor))
    assert (await worked_off(customers, begun.operation_id)).total == 1
    assert (await customers.ask(GetCustomer(customer_id=mine.customer_id))).relationships[0].responsible == successor
    assert (await customers.ask(GetCustomer(customer_id=nobodys.customer_id))).relationships[0].responsible is None


async def test_who_is_responsible_already_gets_no_new_version(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    await assigned(customers, known)
    assert (await assigned(customers, known)).outcomes == {"unchanged": 1}
    assert (await customers.ask(GetCustomer(customer_id=known.customer_id))).version == 2


async def test_whom_the_asker_does_not_reach_is_a_rejected_row_like_nobody(customers: CustomerService) -> None:
    own, others = await customers.ask(opening()), await customers.ask(opening(), EXPERT_HELSINKI)
    nobody = CustomerVersion(customer_id=uuid4(), version=1)
    done = await assigned(customers, own, others, nobody)
    assert (done.done, done.rejected) == (1, 2)
    told = [(each.row, error.pointer, error.rule) for each in done.rejected_rows for error in each.errors]
    assert told == [(2, "/customer_ids/1", "not_found"), (3, "/customer_ids/2", "not_found")]
    seen = await customers.ask(GetCustomer(customer_id=others.customer_id), EXPERT_HELSINKI)
    assert (seen.version, seen.relationships[0].responsible) == (1, None)


async def test_a_customer_closed_before_the_row_is_done_is_rejected(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    begun = await customers.ask(AssignCustomers(customer_ids=(known.customer_id,), responsible=OTHER))
    await closed(customers, known)
    done = await worked_off(customers, begun.operation_id)
    assert (done.state, done.done, done.rejected) == ("done", 0, 1)


async def test_an_operation_ends_though_a_customer_was_erased_meanwhile(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    begun = await customers.ask(AssignCustomers(customer_ids=(known.customer_id,), responsible=OTHER))
    await customers.ask(EraseCustomer(customer_id=known.customer_id), RECORDS_TAMPERE)
    assert (await worked_off(customers, begun.operation_id)).state == "done"


@pytest.mark.parametrize("when", ["before the request", "before the chunk"])
async def test_assigning_by_an_alias_changes_the_relationship_of_the_record_kept(
    customers: CustomerService, when: str
) -> None:
    kept, alias = await customers.ask(opening()), await customers.ask(opening())
    if when == "before the request":
        await customers.ask(merging(kept, alias))
    asked = AssignCustomers(customer_ids=(alias.customer_id, kept.customer_id), responsible=OTHER)
    begun = await customers.ask(asked)
    if when == "before the chunk":
        await customers.ask(merging(kept, alias))
    done = await worked_off(customers, begun.operation_id)
    assert (done.done, done.rejected) == (2, 0)
    assert [each.responsible for each in (await customers.ask(ListCustomers())).customers] == [OTHER]
    in_order = [{"customer_id": each.customer_id, "responsible": to} for each, to in ((kept, OTHER), (alias, None))]
    for each in in_order:
        told = await customers.rows(
            "SELECT customer_id, responsible FROM client_relationship WHERE customer_id = $1", each["customer_id"]
        )
        assert [dict(row) for row in told] == [each]


async def test_a_withheld_customer_is_not_assigned_by_an_alias(customers: CustomerService) -> None:
    kept, alias = await customers.ask(opening()), await customers.ask(opening())
    await customers.ask(merging(kept, alias))
    kin = Actor("kin@tampere", "837", "integration_expert", withheld=(kept.customer_id,))
    begun = await customers.ask(AssignCustomers(customer_ids=(alias.customer_id,), responsible=OTHER), kin)
    done = await worked_off(customers, begun.operation_id)
    assert (done.done, done.rejected) == (0, 1)


async def test_all_customers_of_a_user_are_the_records_kept_alone(customers: CustomerService) -> None:
    kept, alias = await customers.ask(opening()), await customers.ask(opening())
    await assigned(customers, kept, alias)
    kept, alias = (each.model_copy(update={"version": 2}) for each in (kept, alias))
    await customers.ask(merging(kept, alias))
    begun = await customers.ask(AssignCustomers(all_of=OTHER, responsible=None))
    assert (await worked_off(customers, begun.operation_id)).total == 1


async def test_two_replicas_share_the_rows_and_do_each_once(
    customers: CustomerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "CHUNK", 3)
    ids = tuple([(await customers.ask(opening())).customer_id for _ in range(20)])
    begun = await customers.ask(AssignCustomers(customer_ids=ids, responsible=OTHER))

    async def replica() -> None:
        while await work_once(customers.unit_of_work, WORKERS):
            pass

    await asyncio.gather(replica(), replica(), replica())
    done = await worked_off(customers, begun.operation_id)
    assert (done.state, done.done, done.outcomes) == ("done", 20, {"assigned": 20})
    assert await customers.rows("SELECT count(*), max(version) FROM customer") == [(20, 2)]
    assert await customers.rows("SELECT count(*) FROM customer_history WHERE version = 2") == [(20,)]


async def test_a_row_that_can_not_be_done_for_a_defect_stops_no_other(
    customers: CustomerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = await customers.ask(opening()), await customers.ask(opening())
    assign = lists.assign

    async def breaks(work: Any, municipality: str, ids: Any, responsible: Any) -> None:
        assert bad.customer_id not in ids
        await assign(work, municipality, ids, responsible)

    monkeypatch.setattr(lists, "assign", breaks)
    done = await assigned(customers, good, bad)
    assert (done.done, done.rejected) == (1, 1)
    assert [error.rule for each in done.rejected_rows for error in each.errors] == ["defect"]


async def test_the_same_request_again_begins_no_second_operation(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    asked = AssignCustomers(customer_ids=(known.customer_id,), responsible=OTHER)
    first, again = await customers.ask(asked, key="k"), await customers.ask(asked, key="k")
    assert first == again
    assert await customers.rows("SELECT count(*) FROM operation") == [(1,)]


@pytest.mark.parametrize("asked", [{}, {"customer_ids": (uuid4(),), "all_of": uuid4()}])
async def test_it_is_said_in_one_of_two_ways_whose_customers(customers: CustomerService, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(AssignCustomers(responsible=OTHER, **asked))
    assert [each.rule for each in refused.value.errors] == ["one_of_two"]


async def test_progress_is_for_the_own_municipality_and_assigning_is_not_undone(customers: CustomerService) -> None:
    begun = await customers.ask(
        AssignCustomers(customer_ids=((await customers.ask(opening())).customer_id,), responsible=OTHER)
    )
    await worked_off(customers, begun.operation_id)
    with pytest.raises(NotFound):
        await customers.ask(GetOperation(operation_id=begun.operation_id), EXPERT_HELSINKI)
    with pytest.raises(Conflict):
        await customers.ask(UndoOperation(operation_id=begun.operation_id))


async def test_rejected_rows_come_in_pages(customers: CustomerService) -> None:
    begun = await customers.ask(AssignCustomers(customer_ids=tuple(uuid4() for _ in range(5)), responsible=OTHER))
    first = await worked_off(customers, begun.operation_id, limit=3)
    assert ([each.row for each in first.rejected_rows], first.next_row) == ([1, 2, 3], 3)
    rest = await customers.ask(GetOperation(operation_id=begun.operation_id, after_row=3))
    assert ([each.row for each in rest.rejected_rows], rest.next_row) == ([4, 5], None)


async def test_every_customer_assigned_is_named_in_the_usage_log(customers: CustomerService) -> None:
    ids = [(await customers.ask(opening())).customer_id for _ in range(102)]
    await customers.ask(AssignCustomers(customer_ids=tuple(ids), responsible=OTHER))
    lines = [each for each in await customers.uses() if each["request"] == "customer.assign_customers.v1"]
    assert {each for line in lines for each in line["customers"]} == {str(each) for each in ids}
    assert {tuple(line["data"]) for line in lines} == {("relationship",)}


async def test_the_list_is_in_finnish_order_and_comes_in_pages(customers: CustomerService) -> None:
    for family in ("Öhman", "aalto", "Zetterberg", "Ahola", "Åberg", "Äijälä", "Virtanen"):
        await customers.ask(named(family))
    in_order = ["aalto", "Ahola", "Virtanen", "Zetterberg", "Åberg", "Äijälä", "Öhman"]
    found, cursor = [], None
    while True:
        page = await customers.ask(ListCustomers(limit=2, cursor=cursor))
        found += [each.name.family for each in page.customers]
        if not (cursor := page.next_cursor):
            break
    assert found == in_order
    assert await families(customers, sort="newest", limit=3) == ["Virtanen", "Äijälä", "Åberg"]


async def test_the_list_is_narrowed_by_who_is_responsible_language_and_arrival(customers: CustomerService) -> None:
    mine = await customers.ask(named("Mine", service_language="so"))
    await customers.ask(named("Nobodys", service_language="fi"))
    await customers.ask(named("Reached", arrival="outreach"))
    await assigned(customers, mine, responsible=user_number(EXPERT_TAMPERE.user))
    assert await families(customers, responsible="me") == ["Mine"]
    assert await families(customers, responsible=user_number(EXPERT_TAMPERE.user)) == ["Mine"]
    assert await families(customers, responsible="none") == ["Nobodys", "Reached"]
    assert await families(customers, language="fi") == ["Nobodys"]
    assert await families(customers, arrival="outreach") == ["Reached"]


async def test_the_list_knows_a_new_name_and_language_at_once_and_nobody_closed(
    customers: CustomerService,
) -> None:
    known = await customers.ask(named("Before"))
    other = await customers.ask(named("Closed"))
    await closed(customers, other)
    changed = changing(known, name={"family": "After", "given": "Aamu"}, service_language="so")
    await customers.ask(changed)
    assert await families(customers, language="so") == ["After"] == await families(customers)


async def test_the_list_shows_whom_the_right_reaches_alone(customers: CustomerService) -> None:
    one, two = await customers.ask(named("One")), await customers.ask(named("Two"))
    await customers.ask(named("Elsewhere"), EXPERT_HELSINKI)
    named_only = Actor("x@tampere", "837", "integration_expert", customers=(one.customer_id,))
    withheld = Actor("x@tampere", "837", "integration_expert", withheld=(two.customer_id,))
    assert await families(customers, named_only) == ["One"] == await families(customers, withheld)
    line = (await customers.uses())[-1]
    assert (line["customers"], line["found"]) == ([str(one.customer_id)], 1)


async def test_an_advisor_sees_names_and_languages_and_may_not_narrow_by_the_rest(customers: CustomerService) -> None:
    await customers.ask(named("One", service_language="so"))
    advisor = Actor("advisor@tampere", "837", "advisor")
    [shown] = (await customers.ask(ListCustomers(language="so"), advisor)).customers
    assert (shown.service_language, shown.arrival, shown.started_on) == ("so", None, None)
    for asked in ({"arrival": "moved"}, {"responsible": "me"}, {"sort": "newest"}):
        with pytest.raises(Forbidden):
            await customers.ask(ListCustomers.model_validate(asked), advisor)


async def test_a_cursor_of_somebody_who_is_gone_says_to_begin_anew(customers: CustomerService) -> None:
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(ListCustomers(cursor=uuid4()))
    assert [each.rule for each in refused.value.errors] == ["outdated"]


async def test_a_cursor_tells_nobody_whether_somebody_not_reached_is_a_customer(customers: CustomerService) -> None:
    one, alias, two, former = [await customers.ask(opening()) for _ in range(4)]
    await customers.ask(merging(one, alias))
    await closed(customers, former)
    withheld = Actor("kin@tampere", "837", "integration_expert", withheld=(one.customer_id,))
    named_only = Actor("x@tampere", "837", "integration_expert", customers=(two.customer_id,))
    for actor, known in ((withheld, one), (withheld, alias), (named_only, one), (EXPERT_TAMPERE, former)):
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(ListCustomers(cursor=known.customer_id), actor)
        assert [each.rule for each in refused.value.errors] == ["outdated"]
