"""Importing lists: errors row by row, dry run, who is who, going on after a death, and taking it back."""

from typing import Any

import pytest

from contracts.customer.operations import UndoOperation
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    OpenFromOutreach,
    OutreachRow,
    RecordOutreachAttempt,
)
from contracts.customer.people import EraseCustomer
from services.customer.handlers import working
from services.customer.handlers.outreach import sweep
from services.customer.handlers.working import work_once
from services.customer.repository import operations as repository
from services.customer.subscribers import WORKERS
from services.kit.actor import Actor
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, closed, opening
from tests.customer.working import added, imported, listed, somebody, worked_off
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database

POWERFUL = Actor("powerful@tampere", "837", "integration_expert", powers=("trafficking",))


def people(count: int) -> list[OutreachRow]:
    """So many people with names of their own."""
    return [somebody(given_name="Given" + "".join(chr(97 + int(digit)) for digit in f"{n:05}")) for n in range(count)]


async def counted(customers: CustomerService) -> int:
    [(count,)] = await customers.rows("SELECT count(*) FROM outreach_target")
    return int(count)


BROKEN: list[tuple[dict[str, str], list[tuple[str, str]]]] = [
    ({"family_name": ""}, [("/family_name", "missing")]),
    ({"date_of_birth": "1.5.1994"}, [("/date_of_birth", "date_parsing")]),
    ({"date_of_birth": "2026-03-03"}, [("/date_of_birth", "in_future")]),
    ({"personal_identity_code": "010594-1234567"}, [("/personal_identity_code", "string_pattern_mismatch")]),
    ({"personal_identity_code": "010594Y9033"}, [("/personal_identity_code", "check_character")]),
    (
        {"personal_identity_code": CODE, "date_of_birth": "1994-05-02"},
        [("/personal_identity_code", "differs_from_date_of_birth")],
    ),
    ({"ground": "curiosity"}, [("/ground", "code_list")]),
    ({"ground": "integration_act_group"}, [("/ground", "not_of_source")]),
    ({"first_permit_on": "2026-03-03"}, [("/first_permit_on", "in_future")]),
    ({"first_permit_on": "9999-12-31"}, [("/first_permit_on", "in_future")]),
    ({"first_permit_on": "2023-03-01"}, [("/first_permit_on", "time_over")]),
    ({"permit_kind": "x", "permit_ground": "y"}, [("/permit_kind", "code_list"), ("/permit_ground", "code_list")]),
    ({"service_language": "qq"}, [("/service_language", "code_list")]),
    ({"email": "nobody"}, [("/email", "string_pattern_mismatch")]),
    ({"street": "Katu 1"}, [("/postal_code", "missing"), ("/city", "missing")]),
]


@pytest.mark.parametrize(("told", "errors"), BROKEN, ids=[str(sorted(told)) for told, _ in BROKEN])
async def test_a_broken_row_is_told_by_field_and_rule_and_stops_no_other(
    customers: CustomerService, told: dict[str, str], errors: list[tuple[str, str]]
) -> None:
    done = await imported(customers, somebody(**told), somebody(given_name="Ilta"))
    assert [(each.row, [(e.pointer, e.rule) for e in each.errors]) for each in done.rejected_rows] == [(1, errors)]
    assert (done.state, done.done, done.rejected, done.outcomes) == ("done", 1, 1, {"made": 1})
    assert [each.name.given for each in await listed(customers)] == ["Ilta"]


async def test_the_last_day_of_the_three_years_is_within_them(customers: CustomerService) -> None:
    done = await imported(customers, somebody(first_permit_on="2023-03-02"))
    assert done.done == 1
    assert (await listed(customers))[0].days_left == 0


async def test_a_protected_ground_is_for_those_with_the_right_to_it(customers: CustomerService) -> None:
    done = await imported(customers, somebody(ground="victim_of_trafficking"), source="immigration_service")
    assert [(e.pointer, e.rule) for each in done.rejected_rows for e in each.errors] == [("/ground", "protected")]


async def test_a_list_comes_from_an_authority_that_names_people(customers: CustomerService) -> None:
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(BeginOutreachImport(source="customer"))
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/source", "no_source")]


async def test_a_dry_run_tells_the_same_and_makes_nothing(customers: CustomerService) -> None:
    rows = [somebody(), somebody(), somebody(family_name="")]
    dry = await imported(customers, *rows, dry_run=True)
    assert (dry.dry_run, dry.outcomes, dry.rejected) == (True, {"made": 1, "joined": 1}, 1)
    assert await counted(customers) == 0
    wet = await imported(customers, *rows)
    assert (wet.outcomes, wet.rejected, wet.rejected_rows) == (dry.outcomes, dry.rejected, dry.rejected_rows)
    with pytest.raises(Conflict):
        await customers.ask(UndoOperation(operation_id=dry.operation_id))


async def test_a_customer_already_by_identity_code_is_put_on_no_list(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE))
    done = await imported(customers, somebody(family_name="Other", personal_identity_code=CODE))
    assert done.outcomes == {"already_customer": 1}
    assert await counted(customers) == 0


@pytest.mark.parametrize("dry_run", [True, False])
async def test_the_counts_do_not_tell_who_is_on_a_protected_ground(customers: CustomerService, dry_run: bool) -> None:
    victim = somebody(ground="victim_of_trafficking", personal_identity_code=CODE)
    await imported(customers, victim, source="immigration_service", actor=POWERFUL)
    for actor, outcome in ((EXPERT_TAMPERE, "made"), (POWERFUL, "joined")):
        done = await imported(customers, somebody(personal_identity_code=CODE), actor=actor, dry_run=dry_run)
        assert done.outcomes == {outcome: 1}
    assert await counted(customers) == 1


async def test_the_counts_do_not_tell_that_somebody_withheld_is_a_customer_or_was_one(
    customers: CustomerService,
) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    kin = Actor("kin@tampere", "837", "integration_expert", withheld=(known.customer_id,))
    row = somebody(personal_identity_code=CODE)
    for actor, outcome in ((kin, "made"), (EXPERT_TAMPERE, "already_customer")):
        assert (await imported(customers, row, dry_run=True, actor=actor)).outcomes == {outcome: 1}
    await closed(customers, known)
    await imported(customers, row)
    for actor, outcome in ((kin, "made"), (EXPERT_TAMPERE, "joined")):
        assert (await imported(customers, row, dry_run=True, actor=actor)).outcomes == {outcome: 1}


async def test_whom_the_counts_tell_to_be_a_customer_is_named_in_the_usage_log(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    await imported(customers, somebody(personal_identity_code=CODE), somebody(given_name="Yö"), dry_run=True)
    line = (await customers.uses())[-1]
    assert (line["request"], line["customers"]) == ("customer.get_operation.v1", [str(known.customer_id)])


async def test_a_list_tells_that_somebody_on_it_has_become_a_customer_meanwhile(customers: CustomerService) -> None:
    await imported(customers, somebody(personal_identity_code=CODE))
    known = await customers.ask(opening(personal_identity_code=CODE))
    kin = Actor("kin@tampere", "837", "integration_expert", withheld=(known.customer_id,))
    assert await listed(customers, kin) == []
    await closed(customers, known)
    await imported(customers, somebody(personal_identity_code=CODE))
    assert [each.customer_id for each in await listed(customers)] == [known.customer_id]
    await customers.ask(EraseCustomer(customer_id=known.customer_id), RECORDS_TAMPERE)
    assert await counted(customers) == 0


async def test_a_customer_of_the_same_names_and_birth_is_proposed_to_a_person(customers: CustomerService) -> None:
    known = await customers.ask(opening(name={"family": "Muhámmad", "given": "Ali"}))
    await customers.ask(changing(known, name={"family": "Esimerkki", "given": "Ali"}))
    await customers.ask(opening(name={"family": "Muhammad", "given": "Ali"}), EXPERT_HELSINKI)
    await imported(customers, somebody(family_name="Ali", given_name="muhammad"), somebody(given_name="Yö"))
    found = {each.name.given: each.customer_id for each in await listed(customers)}
    assert found == {"muhammad": known.customer_id, "Yö": None}


async def test_the_same_person_on_two_lists_is_one_with_both_grounds(customers: CustomerService) -> None:
    await imported(customers, somebody(phone="040 1234567"))
    two = await imported(
        customers,
        somebody(ground="integration_act_group", personal_identity_code=CODE, first_permit_on=""),
        source="immigration_service",
    )
    assert two.outcomes == {"joined": 1}
    [target] = await listed(customers)
    assert sorted(each.ground for each in target.grounds) == ["home_care_allowance", "integration_act_group"]
    assert target.contact is not None
    again = await imported(customers, somebody(family_name="New", personal_identity_code=CODE))
    assert again.outcomes == {"joined": 1}
    assert len((await listed(customers))[0].grounds) == 2


async def test_people_whom_codes_or_permits_tell_apart_are_two(customers: CustomerService) -> None:
    await imported(
        customers,
        somebody(personal_identity_code=CODE),
        somebody(personal_identity_code=OTHER_CODE),
        somebody(first_permit_on="2024-01-01"),
    )
    assert await counted(customers) == 3


async def test_the_same_list_again_puts_nobody_on_it_twice(customers: CustomerService) -> None:
    rows = people(30)
    await imported(customers, *rows)
    assert (await imported(customers, *rows)).outcomes == {"joined": 30}
    assert await counted(customers) == 30


async def test_rows_added_twice_are_there_once_and_missing_ones_are_told(customers: CustomerService) -> None:
    begun = await customers.ask(BeginOutreachImport(source="benefit_institution"))
    rows = tuple(people(3))
    for _ in range(2):
        await customers.ask(AddOutreachRows(operation_id=begun.operation_id, first_row=1, rows=rows))
    with pytest.raises(Conflict):
        await customers.ask(FinishOutreachImport(operation_id=begun.operation_id, rows=4))
    await customers.ask(FinishOutreachImport(operation_id=begun.operation_id, rows=3))
    with pytest.raises(Conflict):
        await customers.ask(AddOutreachRows(operation_id=begun.operation_id, first_row=4, rows=rows))
    assert (await worked_off(customers, begun.operation_id)).done == 3


async def test_killed_half_way_an_import_goes_on_and_no_row_is_lost_or_doubled(
    customers: CustomerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of its lines: before the claim, in the middle of a chunk, and after what came of it was written."""
    monkeypatch.setattr(working, "CHUNK", 10)
    operation_id = await added(customers, *people(100))
    for place in ("claim", "settle"):
        whole = getattr(repository, place)

        async def dies(*given: Any, of: Any = whole) -> Any:
            await of(*given)
            raise KeyboardInterrupt

        for _ in range(3):
            assert await work_once(customers.unit_of_work, WORKERS)
            monkeypatch.setattr(repository, place, dies)
            with pytest.raises(KeyboardInterrupt):
                await work_once(customers.unit_of_work, WORKERS)
            monkeypatch.setattr(repository, place, whole)
    done = await worked_off(customers, operation_id)
    assert (done.state, done.total, done.done, done.outcomes) == ("done", 100, 100, {"made": 100})
    assert await customers.rows("SELECT count(*), count(DISTINCT given_name) FROM outreach_target") == [(100, 100)]


async def test_what_a_list_says_is_encrypted_while_it_waits_and_gone_when_it_is_done(
    customers: CustomerService,
) -> None:
    row = somebody(family_name="Xyzfamily", personal_identity_code=CODE)
    operation_id = await added(customers, row, somebody(family_name="Xyzbroken", date_of_birth="x"))
    assert "Xyz" not in await customers.everything()
    await worked_off(customers, operation_id)
    assert await customers.rows("SELECT FROM operation_row WHERE content IS NOT NULL") == []
    assert CODE not in await customers.everything()
    assert "Xyzbroken" not in await customers.everything()


async def test_an_import_is_taken_back_but_for_those_whom_somebody_has_acted_on(customers: CustomerService) -> None:
    first = await imported(customers, somebody(given_name="Earlier"))
    rows = [somebody(given_name=name) for name in ("Earlier", "Alone", "Tried", "Opened", "Alone")]
    later = await imported(customers, *rows, somebody(family_name=""), source="benefit_institution")
    ids = {each.name.given: each.target_id for each in await listed(customers)}
    await customers.ask(RecordOutreachAttempt(target_id=ids["Tried"], channel="phone", outcome="no_answer"))
    await customers.ask(OpenFromOutreach(target_id=ids["Opened"]))
    await customers.ask(UndoOperation(operation_id=later.operation_id))
    undone = await worked_off(customers, later.operation_id)
    assert (undone.state, undone.undone, undone.stayed, undone.rejected) == ("undone", 3, 2, 1)
    assert sorted(each.name.given for each in await listed(customers)) == ["Earlier", "Tried"]
    await customers.ask(UndoOperation(operation_id=first.operation_id))
    await worked_off(customers, first.operation_id)
    assert [each.name.given for each in await listed(customers)] == ["Tried"]


async def test_taking_back_a_list_leaves_what_another_list_told(customers: CustomerService) -> None:
    await imported(customers, somebody())
    later = await imported(customers, somebody(ground="social_assistance"))
    await customers.ask(UndoOperation(operation_id=later.operation_id))
    await worked_off(customers, later.operation_id)
    [target] = await listed(customers)
    assert [each.ground for each in target.grounds] == ["home_care_allowance"]


async def test_an_undo_killed_half_way_goes_on(customers: CustomerService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "CHUNK", 7)
    done = await imported(customers, *people(20))
    await customers.ask(UndoOperation(operation_id=done.operation_id))
    assert await work_once(customers.unit_of_work, WORKERS)
    settle = repository.settle

    async def dies(*given: Any) -> None:
        await settle(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(repository, "settle", dies)
    with pytest.raises(KeyboardInterrupt):
        await work_once(customers.unit_of_work, WORKERS)
    monkeypatch.setattr(repository, "settle", settle)
    undone = await worked_off(customers, done.operation_id)
    assert (undone.state, undone.undone, undone.stayed) == ("undone", 20, 0)
    assert await counted(customers) == 0


async def test_an_import_that_nobody_finishes_is_forgotten_after_a_day(customers: CustomerService) -> None:
    begun = await customers.ask(BeginOutreachImport(source="benefit_institution"))
    await customers.ask(AddOutreachRows(operation_id=begun.operation_id, first_row=1, rows=tuple(people(2))))
    await sweep(customers.unit_of_work)
    assert await customers.rows("SELECT count(*) FROM operation_row") == [(2,)]
    customers.clock.moment = customers.clock.moment.replace(day=4)
    await sweep(customers.unit_of_work)
    assert await customers.rows("SELECT FROM operation UNION ALL SELECT FROM operation_row") == []


async def test_only_the_own_municipality_adds_to_an_import(customers: CustomerService) -> None:
    begun = await customers.ask(BeginOutreachImport(source="benefit_institution"))
    asked = AddOutreachRows(operation_id=begun.operation_id, first_row=1, rows=tuple(people(1)))
    with pytest.raises(NotFound):
        await customers.ask(asked, EXPERT_HELSINKI)


async def test_an_advisor_imports_nothing(customers: CustomerService) -> None:
    with pytest.raises(Forbidden):
        await customers.ask(BeginOutreachImport(source="benefit_institution"), Actor("a@tampere", "837", "advisor"))
