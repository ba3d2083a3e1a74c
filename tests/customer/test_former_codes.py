"""Identity codes that were somebody's before: they find, they are told of at an opening, and they hold nobody up."""

from dataclasses import replace

import pytest

from contracts.customer.people import CustomerVersion, EraseCustomer, GetCustomer, OpenCustomer
from contracts.customer.search import FindOwnRecord, SearchCustomers
from services.customer.handlers.people import FormerCode
from services.kit.actor import service_actor
from services.kit.errors import Conflict
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, closed, opening
from tests.support import EXPERT_HELSINKI, RECORDS_TAMPERE

pytestmark = pytest.mark.database


async def changed(customers: CustomerService) -> CustomerVersion:
    """A customer who had CODE and has OTHER_CODE."""
    known = await customers.ask(opening(personal_identity_code=CODE))
    return await customers.ask(changing(known, personal_identity_code=OTHER_CODE))


async def found(customers: CustomerService, code: str) -> list[tuple[object, bool]]:
    hits = (await customers.ask(SearchCustomers(personal_identity_code=code))).hits
    return [(each.customer_id, each.matched_former_code) for each in hits]


def truly(code: str) -> OpenCustomer:
    """The request to open somebody with the code, by an expert who has made sure that it is nobody else."""
    return opening(personal_identity_code=code).model_copy(update={"code_was_of_another": True})


async def test_both_codes_find_and_the_hit_tells_which_it_was(customers: CustomerService) -> None:
    known = await changed(customers)
    assert await found(customers, OTHER_CODE) == [(known.customer_id, False)]
    assert await found(customers, CODE) == [(known.customer_id, True)]


async def test_a_code_that_was_taken_away_still_finds(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    await customers.ask(changing(known, personal_identity_code=None))
    assert await found(customers, CODE) == [(known.customer_id, True)]


async def test_a_code_that_came_back_is_not_a_former_one(customers: CustomerService) -> None:
    known = await changed(customers)
    await customers.ask(changing(known, personal_identity_code=CODE))
    assert await found(customers, CODE) == [(known.customer_id, False)]


async def test_another_municipality_hears_that_somebody_had_it_and_no_more(customers: CustomerService) -> None:
    await changed(customers)
    asked = SearchCustomers(personal_identity_code=CODE, purpose="assessment")
    heard = await customers.ask(asked, EXPERT_HELSINKI)
    assert (heard.hits, heard.known_elsewhere) == ((), True)


async def test_somebody_s_former_code_opens_nobody_unseen(customers: CustomerService) -> None:
    known = await changed(customers)
    for actor in (None, EXPERT_HELSINKI):
        with pytest.raises(FormerCode) as refused:
            await customers.ask(opening(personal_identity_code=CODE), *([actor] if actor else []))
        assert refused.value.problem().type == "urn:koto:problem:former-identity-code"
        assert str(known.customer_id) not in refused.value.problem().model_dump_json()
        use = (await customers.uses())[-1]
        assert (use["outcome"], use["customers"], use["data"]) == ("done", [str(known.customer_id)], ["existence"])


async def test_the_true_owner_of_a_code_that_was_mistyped_is_opened(customers: CustomerService) -> None:
    mistyped = await changed(customers)
    owner = await customers.ask(truly(CODE))
    assert owner.customer_id != mistyped.customer_id
    assert sorted(await found(customers, CODE), key=str) == sorted(
        [(owner.customer_id, False), (mistyped.customer_id, True)], key=str
    )


async def test_saying_that_it_is_another_opens_nobody_beside_who_has_the_code_now(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE))
    with pytest.raises(Conflict):
        await customers.ask(truly(CODE))


async def test_a_code_that_arrives_later_may_be_one_that_was_another_s_by_mistake(customers: CustomerService) -> None:
    await changed(customers)
    without = await customers.ask(opening())
    assert (await customers.ask(changing(without, personal_identity_code=CODE))).version == 2
    with pytest.raises(Conflict):
        await customers.ask(changing(await customers.ask(opening()), personal_identity_code=CODE))


async def test_a_former_customer_is_found_by_the_present_code_alone_when_coming_back(
    customers: CustomerService,
) -> None:
    known = await closed(customers, await changed(customers))
    assert (await customers.ask(opening(personal_identity_code=OTHER_CODE))).customer_id == known.customer_id


async def test_nobody_signs_in_to_another_s_record_by_a_code_that_once_was_there(customers: CustomerService) -> None:
    await changed(customers)
    asked = FindOwnRecord(personal_identity_code=CODE)
    assert (await customers.ask(asked, service_actor("gateway"))).customer_id is None


async def test_former_codes_go_with_the_person(customers: CustomerService) -> None:
    known = await changed(customers)
    await customers.ask(EraseCustomer(customer_id=known.customer_id), RECORDS_TAMPERE)
    assert (await customers.ask(opening(personal_identity_code=CODE))).version == 1


async def test_a_withheld_customer_is_not_found_by_it(customers: CustomerService) -> None:
    known = await changed(customers)
    actor = replace(EXPERT_HELSINKI, organisation="837", withheld=(known.customer_id,))
    assert (await customers.ask(SearchCustomers(personal_identity_code=CODE), actor)).hits == ()
    assert (await customers.ask(GetCustomer(customer_id=known.customer_id))).version == 2
