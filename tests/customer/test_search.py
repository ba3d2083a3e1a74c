"""Looking for customers."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from contracts.customer.people import ChangeCustomer, EraseCustomer
from contracts.customer.search import CustomersFound, SearchCustomers
from services.customer.matching import skeleton, words_on_record
from services.kit.errors import InvalidInput
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, closed, opening
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database


async def named(customers: CustomerService, *names: str, actor: Any = EXPERT_TAMPERE) -> None:
    """Opens customers, each called "family, given"."""
    for family, given in (name.split(", ") for name in names):
        await customers.ask(opening(name={"family": family, "given": given}), actor)


async def found(customers: CustomerService, name: str, **more: Any) -> list[str]:
    """The family names of those found, in order."""
    reply = await customers.ask(SearchCustomers(name=name, **more))
    return [hit.name.family for hit in reply.hits]


@pytest.mark.parametrize(
    "asked",
    [
        "Mohamed Abdi",  # the other way round
        "abdi",
        "Abd Moh",  # beginnings
        "Muhammad Abdi",  # another transliteration
        "محمد",  # in the script of the passport
        "Ábdi",  # diacritics
        "Abdi Mohamef",  # a slip of the finger
        "Abdi, Mohamed",
    ],
)
async def test_a_customer_is_found_by_names_however_they_are_written(customers: CustomerService, asked: str) -> None:
    await named(customers, "Abdi, Mohamed", "Virtanen, Aino", "Nguyễn, Thị Hương")
    assert await found(customers, asked) == ["Abdi"]


async def test_diacritics_on_record_need_not_be_written(customers: CustomerService) -> None:
    await named(customers, "Nguyễn, Thị Hương", "Mäkinen, Åsa")
    assert await found(customers, "nguyen huong") == ["Nguyễn"]
    assert await found(customers, "makinen") == ["Mäkinen"]


async def test_every_word_asked_for_must_fit(customers: CustomerService) -> None:
    await named(customers, "Abdi, Mohamed", "Abdi, Ayaan")
    assert await found(customers, "Abdi Ayaan") == ["Abdi"]
    assert await found(customers, "Abdi Zarah") == []


async def test_the_name_itself_comes_before_what_begins_sounds_or_looks_like_it(customers: CustomerService) -> None:
    await named(customers, "Hasanov, A", "Haasan, B", "Hassan, C", "Hasan, D")
    assert await found(customers, "Hasan") == ["Hasan", "Hasanov", "Hassan", "Haasan"]


async def test_equals_come_newest_first(customers: CustomerService) -> None:
    await named(customers, "Ali, Eka", "Ali, Toka", "Ali, Kolmas")
    reply = await customers.ask(SearchCustomers(name="Ali"))
    assert [hit.name.given for hit in reply.hits] == ["Kolmas", "Toka", "Eka"]


async def test_a_short_word_means_itself_alone(customers: CustomerService) -> None:
    await named(customers, "Li, Wei", "Lindholm, Aino")
    assert await found(customers, "Li") == ["Li"]


async def test_a_former_name_finds_and_says_so_and_comes_after_the_same_name_borne_now(
    customers: CustomerService,
) -> None:
    await named(customers, "Esimerkki, Toinen")
    known = await customers.ask(opening())
    await customers.ask(changing(known, name={"family": "Virtanen", "given": "Aamu"}))
    reply = await customers.ask(SearchCustomers(name="Esimerkki"))
    assert [(hit.name.family, hit.matched_former_name) for hit in reply.hits] == [
        ("Esimerkki", False),
        ("Virtanen", True),
    ]
    [by_both] = (await customers.ask(SearchCustomers(name="Aamu Virtanen"))).hits
    assert not by_both.matched_former_name


async def test_pages_hold_each_hit_once_and_follow_on_whoever_comes_meanwhile(customers: CustomerService) -> None:
    await named(customers, *(f"Ali, Nimi{number}" for number in range(5)), "Aly, Nimi9")
    asked = SearchCustomers(name="Ali", limit=2)
    seen: list[str] = []
    page: CustomersFound = await customers.ask(asked)
    await named(customers, "Ali, Uusin")
    while page.next_cursor:
        seen += [hit.name.given for hit in page.hits]
        page = await customers.ask(asked.model_copy(update={"cursor": page.next_cursor}))
    seen += [hit.name.given for hit in page.hits]
    assert seen == ["Nimi4", "Nimi3", "Nimi2", "Nimi1", "Nimi0"]


async def test_date_of_birth_phone_and_code_find_alone_and_together_with_a_name(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE, contact={"phone": "040 123 4567"}))
    await named(customers, "Toinen, Ihminen")
    for criteria, hits in [
        ({"phone": "+358401234567"}, 1),
        ({"personal_identity_code": CODE}, 1),
        ({"date_of_birth": "1994-05-01"}, 2),
        ({"date_of_birth": "1994-05-01", "name": "Aamu"}, 1),
        ({"date_of_birth": "1994-05-02", "name": "Aamu"}, 0),
        ({"phone": "+358401234567", "name": "Toinen"}, 0),
        ({"personal_identity_code": OTHER_CODE}, 0),
    ]:
        reply = await customers.ask(SearchCustomers.model_validate(criteria))
        assert len(reply.hits) == hits, criteria
        assert not reply.known_elsewhere


async def test_only_the_own_municipalitys_open_relationships_are_searched(customers: CustomerService) -> None:
    await named(customers, "Abdi, Mohamed", actor=EXPERT_HELSINKI)
    ended = await customers.ask(opening(name={"family": "Abdi", "given": "Ayaan"}))
    await closed(customers, ended)
    assert await found(customers, "Abdi") == []
    reply = await customers.ask(SearchCustomers.model_validate({"date_of_birth": "1994-05-01"}))
    assert reply.hits == ()


async def test_a_customer_opened_again_is_found_again(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    await closed(customers, known)
    await customers.ask(opening(personal_identity_code=CODE, name={"family": "Virtanen", "given": "Aamu"}))
    assert await found(customers, "Virtanen") == ["Virtanen"]


async def test_a_code_known_elsewhere_tells_that_alone_and_who_learned_it_is_logged(
    customers: CustomerService,
) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    asked = SearchCustomers(personal_identity_code=CODE, name="Aamu", purpose="transfer")
    reply = await customers.ask(asked, EXPERT_HELSINKI)
    assert reply == CustomersFound(hits=(), known_elsewhere=True)
    [told, asked] = sorted((await customers.uses())[-2:], key=lambda line: line["relation"])
    assert (told["customers"], told["data"], told["relation"]) == ([str(opened.customer_id)], ["existence"], "foreign")
    assert (told["legal_basis"], told["purpose"]) == ("906/2019 23 §; 85 §", "transfer")
    assert (asked["user"], asked["purpose"], asked["found"]) == ("expert@helsinki", "transfer", 0)


@pytest.mark.parametrize("code", [CODE, OTHER_CODE])
async def test_without_a_purpose_nobody_looks_beyond_the_own_customers(customers: CustomerService, code: str) -> None:
    await customers.ask(opening(personal_identity_code=CODE))
    reply = await customers.ask(SearchCustomers(personal_identity_code=code), EXPERT_HELSINKI)
    assert reply == CustomersFound(hits=(), purpose_needed=True)


async def test_without_the_whole_code_nothing_is_told_of_others_customers(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE, contact={"phone": "040 123 4567"}))
    for criteria in ({"name": "Aamu Esimerkki"}, {"phone": "0401234567"}, {"date_of_birth": "1994-05-01"}):
        reply = await customers.ask(SearchCustomers.model_validate(criteria), EXPERT_HELSINKI)
        assert reply == CustomersFound(hits=()), criteria


async def test_an_own_customer_who_is_another_municipalitys_too_is_not_known_elsewhere(
    customers: CustomerService,
) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    await customers.rows(
        "INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on)"
        " VALUES ($1, $2, '091', 'moved', '2026-03-01')",
        uuid4(),
        known.customer_id,
    )
    asked = SearchCustomers(personal_identity_code=CODE, name="Joku muu", purpose="transfer")
    reply = await customers.ask(asked)
    assert reply == CustomersFound(hits=())


@pytest.mark.parametrize(
    ("criteria", "pointer", "rule"),
    [
        ({}, "", "nothing_asked"),
        ({"limit": 5}, "", "nothing_asked"),
        ({"name": "— ?"}, "/name", "no_word"),
        ({"name": "a b c d e f g h i j k"}, "/name", "too_many_words"),
        ({"name": "Abdi", "purpose": "curiosity"}, "/purpose", "code_list"),
        ({"personal_identity_code": "010594Y9033"}, "/personal_identity_code", "check_character"),
    ],
)
async def test_what_can_not_be_looked_for_is_refused_by_field_and_rule(
    customers: CustomerService, criteria: dict[str, Any], pointer: str, rule: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(SearchCustomers.model_validate(criteria))
    assert [(error.pointer, error.rule) for error in refused.value.errors] == [(pointer, rule)]


async def test_what_is_recorded_of_names_is_what_follows_from_customers_whatever_happened(
    customers: CustomerService,
) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    known = await customers.ask(changing(known, name={"family": "Virtanen", "given": "Aamu"}))
    known = await customers.ask(changing(known, name={"family": "Mäki-Virtanen", "given": "Aamu"}))
    await closed(customers, known)
    await customers.ask(opening(personal_identity_code=CODE))
    gone = await customers.ask(opening(name={"family": "Poistettu", "given": "Aamu"}))
    await customers.ask(EraseCustomer(customer_id=gone.customer_id), RECORDS_TAMPERE)
    await closed(customers, await customers.ask(opening(name={"family": "Lopettanut", "given": "Aamu"})))

    recorded = await customers.rows("SELECT word, municipality, customer_id, former FROM customer_name")
    names = [{"family": family, "given": "Aamu"} for family in ("Esimerkki", "Virtanen", "Mäki-Virtanen")]
    present, *former = [opening(name=name).person.name for name in names]
    expected = words_on_record(present, former)
    assert {row["word"]: row["former"] for row in recorded} == expected
    assert {(row["municipality"], row["customer_id"]) for row in recorded} == {("837", known.customer_id)}
    dictionary = await customers.rows("SELECT word, skeleton FROM name_word")
    assert {row["word"]: row["skeleton"] for row in dictionary} == {word: skeleton(word) for word in expected}


async def test_a_word_added_while_its_last_bearer_goes_stays_in_the_dictionary(customers: CustomerService) -> None:
    for _ in range(5):
        leaving = await customers.ask(opening(name={"family": "Harvinainen", "given": "Nimi"}))
        await asyncio.gather(
            closed(customers, leaving),
            *(customers.ask(opening(name={"family": "Harvinainen", "given": "Nimi"})) for _ in range(3)),
        )
    remaining = await found(customers, "Harvinaisen", limit=50)
    assert len(remaining) == 15


async def test_many_who_take_a_new_name_at_the_same_moment_come_one_after_the_other(customers: CustomerService) -> None:
    known = [await customers.ask(opening()) for _ in range(20)]
    renamed = [
        changing(each, name={"family": f"Virtanen{number}", "given": "Aamu"}) for number, each in enumerate(known)
    ]
    replies = await asyncio.gather(*(customers.ask(each) for each in renamed))
    assert {reply.version for reply in replies} == {2}
    assert len(await found(customers, "Virtanen", limit=50)) == 20


async def test_an_opening_waits_for_a_closing_that_clears_the_dictionary_and_the_other_way_round(
    customers: CustomerService,
) -> None:
    leaving = await customers.ask(opening(name={"family": "Harvinainen", "given": "Nimi"}))
    coming = opening(name={"family": "Harvinainen", "given": "Nimi"})
    closing = ChangeCustomer(
        customer_id=leaving.customer_id,
        expected_version=1,
        changes=changing(leaving, name={"family": "Toinen", "given": "Nimi"}).changes,
    )
    await customers.ask_while((coming, EXPERT_TAMPERE), (closing, EXPERT_TAMPERE))
    assert await found(customers, "Harvinaisen") == ["Harvinainen", "Toinen"]
