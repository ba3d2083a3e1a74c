"""Who saw this customer, what did this user see, who looked this person up; and what the customer is told of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from pydantic import BaseModel

from contracts.access.usage_log import FindSearches, FindUsageByUser, FindUsageOfCustomer, GetOwnUsage, UsageLines
from contracts.customer.people import OpenCustomer, Person
from contracts.customer.search import SearchCustomers
from contracts.customer.state import CustomerChanged
from contracts.envelope import Request
from contracts.policy import policy
from services.access.subscribers import PROJECTIONS, REQUESTS
from services.access.texts import LANGUAGES, texts_of
from services.kit.actor import Actor
from services.kit.code_lists import PURPOSES_OF_USE
from services.kit.errors import Forbidden, InvalidInput, NotFound
from services.kit.words import words_asked
from services.kit.work import Cause
from tests.access.usage import UsageLog, usage_log
from tests.support import EXPERT_TAMPERE, House, TestDatabases, eventually

pytestmark = pytest.mark.database
ReplyT = TypeVar("ReplyT", bound=BaseModel)
OFFICER = Actor(user="dpo@tampere", organisation="837", role="data_protection_officer")
ELSEWHERE = Actor(user="dpo@helsinki", organisation="091", role="data_protection_officer")
CUSTOMER = Actor(user="customer@tampere", organisation="837", role="customer", own_record=uuid4())


@pytest_asyncio.fixture
async def log(databases: TestDatabases) -> AsyncIterator[UsageLog]:
    """An empty log."""
    async with usage_log(databases) as made:
        yield made


async def ask(log: UsageLog, request: Request[ReplyT], actor: Actor = OFFICER) -> ReplyT:
    """The handler's reply, its transaction committed."""
    cause = Cause("test", "test")
    async with log.parts.unit_of_work.begin(actor, cause, request=type(request)) as work:
        reply: ReplyT = await REQUESTS[type(request)](request, work)
        assert work.used
    return reply


def positions(found: UsageLines) -> list[int]:
    return [each.position for each in found.lines]


async def test_who_saw_this_customer_and_why_newest_first(log: UsageLog) -> None:
    customer = uuid4()
    await log.keep(
        log.line(customers=[customer], purpose="assessment"),
        log.line(),
        log.line(customers=[uuid4(), customer], user="other", outcome="denied"),
    )
    found = await ask(log, FindUsageOfCustomer(customer_id=customer))
    assert [(each.user, each.outcome, each.purpose) for each in found.lines] == [
        ("other", "denied", None),
        ("expert@tampere", "done", "assessment"),
    ]


async def hear_of_merge(log: UsageLog, duplicate: UUID, kept: UUID | None, number: int = 1) -> None:
    """A state event tells that the one record was merged into the other, or into none any more."""
    event = CustomerChanged(customer_id=duplicate, relationships=(), merged_into=kept)
    envelope, _ = log.line()
    told = envelope.model_copy(update={"subject": duplicate, "subjectsequence": number, "type": event.TYPE})
    await PROJECTIONS[0].keep(log.parts, [(told, event)])


async def test_the_log_of_merged_records_is_one_by_either_id_until_the_undoing(log: UsageLog) -> None:
    kept, duplicate = uuid4(), uuid4()
    await log.keep(log.line(customers=[kept]), log.line(customers=[duplicate]))
    await hear_of_merge(log, duplicate, kept)
    for each in (kept, duplicate):
        assert positions(await ask(log, FindUsageOfCustomer(customer_id=each))) == [2, 1]
        assert len((await ask(log, GetOwnUsage(), replace(CUSTOMER, own_record=each))).lines) == 2
    await hear_of_merge(log, duplicate, None, number=2)
    assert positions(await ask(log, FindUsageOfCustomer(customer_id=kept))) == [1]


async def test_an_officer_does_not_investigate_somebody_withheld_under_any_id(log: UsageLog) -> None:
    kept, duplicate = uuid4(), uuid4()
    await log.keep(log.line(customers=[kept]), log.line(customers=[duplicate]))
    await hear_of_merge(log, duplicate, kept)
    for withheld in (kept, duplicate):
        officer = replace(OFFICER, withheld=(withheld,))
        assert not (await ask(log, FindUsageByUser(user="expert@tampere"), officer)).lines
        for each in (kept, duplicate):
            with pytest.raises(NotFound):
                await ask(log, FindUsageOfCustomer(customer_id=each), officer)


async def test_what_this_user_saw(log: UsageLog) -> None:
    await log.keep(log.line(user="a"), log.line(user="b"), log.line(user="a", outcome="denied"))
    assert positions(await ask(log, FindUsageByUser(user="a"))) == [3, 1]


async def test_who_searched_this_name_in_whatever_spelling_and_order(log: UsageLog) -> None:
    await log.keep(
        log.search("Šukri Esimerkki"), log.search("Šukri Muu"), log.line(words=log.search("esimerkki")[1].words)
    )
    found = await ask(log, FindSearches(name="esimerkki SUKRI"))
    assert [(each.position, each.told) for each in found.lines] == [(1, {"name": "Šukri Esimerkki"})]


@pytest.mark.parametrize(
    ("asked", "as_written"),
    [
        ({"date_of_birth": "1994-05-01"}, {}),
        ({"personal_identity_code": "010594Y9032"}, {}),
        ({"phone": "040 123 4567"}, {"phone": "+358 40 1234567"}),
    ],
    ids=["date of birth", "identity code", "phone"],
)
async def test_who_searched_this_date_of_birth_identity_code_or_phone(
    log: UsageLog, asked: dict[str, str], as_written: dict[str, str]
) -> None:
    sent = SearchCustomers.model_validate(asked | as_written)
    words = words_asked(
        name=None,
        date_of_birth=sent.date_of_birth,
        personal_identity_code=sent.personal_identity_code,
        phone=sent.phone,
    )
    hashes = log.parts.unit_of_work.usage_keys.hashes(words)
    await log.keep(log.search("Somebody else"), log.search("", words=hashes))
    assert positions(await ask(log, FindSearches.model_validate(asked))) == [2]


@pytest.mark.parametrize("asked", [{}, {"name": "..."}])
async def test_a_question_for_nobody_is_refused(log: UsageLog, asked: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        await ask(log, FindSearches.model_validate(asked))
    assert refused.value.errors[0].rule == "no_word"


async def test_an_officer_sees_what_users_of_the_own_organisation_did_and_what_was_done_under_its_grants(
    log: UsageLog,
) -> None:
    customer = uuid4()
    await log.keep(
        log.line(customers=[customer]),
        log.line(customers=[customer], organisation="091"),
        log.line(customers=[customer], organisation="06", role="county_worker", granted_by="837"),
    )
    assert positions(await ask(log, FindUsageOfCustomer(customer_id=customer))) == [3, 1]
    assert positions(await ask(log, FindUsageOfCustomer(customer_id=customer), ELSEWHERE)) == [2]


async def test_an_officer_does_not_investigate_the_own_family(log: UsageLog) -> None:
    customer = uuid4()
    await log.keep(log.line(customers=[customer]), log.line(customers=[customer, uuid4()]), log.line())
    officer = Actor(user="dpo@tampere", organisation="837", role=OFFICER.role, withheld=(customer,))
    with pytest.raises(NotFound):
        await ask(log, FindUsageOfCustomer(customer_id=customer), officer)
    assert positions(await ask(log, FindUsageByUser(user="expert@tampere"), officer)) == [3]


async def test_an_expert_asks_the_log_nothing(log: UsageLog) -> None:
    with pytest.raises(Forbidden):
        await ask(log, FindUsageByUser(user="a"), EXPERT_TAMPERE)


async def test_pages_join_without_gap_or_double_while_lines_come(log: UsageLog) -> None:
    await log.keep(*(log.line(user="a") for _ in range(5)))
    first = await ask(log, FindUsageByUser(user="a", limit=2))
    await log.keep(log.line(user="a", at=log.clock.now() + timedelta(minutes=1)))
    second = await ask(log, FindUsageByUser(user="a", limit=2, cursor=first.next_cursor))
    third = await ask(log, FindUsageByUser(user="a", limit=2, cursor=second.next_cursor))
    assert [positions(page) for page in (first, second, third)] == [[5, 4], [3, 2], [1]]
    assert third.next_cursor is None


@pytest.mark.parametrize("cursor", ["0.0", "9" * 16 + "." + "9" * 18])
async def test_any_cursor_of_the_right_shape_is_answered(log: UsageLog, cursor: str) -> None:
    await ask(log, FindUsageByUser(user="a", cursor=cursor))


async def test_a_reason_sealed_by_a_key_that_is_gone_hides_no_line(log: UsageLog) -> None:
    await log.keep(log.search("Esimerkki", sealed="not.to.be.opened.any-more"))
    found = await ask(log, FindSearches(name="Esimerkki"))
    assert found.lines[0].told == "sealed by a key that is gone"


async def test_a_question_is_itself_logged_with_what_was_asked(log: UsageLog) -> None:
    await ask(log, FindSearches(name="Esimerkki"))
    (row,) = await log.sql("SELECT data FROM outbox WHERE type = 'access.data_used.v1'")
    told = json.loads(row["data"])
    assert (told["act"], told["user"], told["found"]) == ("investigate", "dpo@tampere", 0)
    assert told["words"] == list(log.parts.unit_of_work.usage_keys.hashes(["esimerkki"]))
    assert "Esimerkki" not in row["data"]


async def test_the_customer_sees_who_used_the_own_data_when_and_for_what(log: UsageLog) -> None:
    own = CUSTOMER.own_record
    await log.keep(
        log.line(customers=[own], purpose="assessment", data=["identity", "contact"]),
        log.line(),
        log.line(customers=[own], outcome="denied"),
        log.line(customers=[own], role="customer", user="customer@tampere"),
    )
    usage = await ask(log, GetOwnUsage(languages=("et", "en", "fi")), CUSTOMER)
    (line,) = usage.lines
    assert (usage.language, usage.verified, line.occurred_at) == ("en", True, log.clock.now())
    assert (line.role.name, line.act.name) == ("integration expert", "view")
    assert {each.name for each in line.data} == {
        "contact details",
        "name, date of birth, identity code, citizenship",
    }
    assert line.purpose
    assert line.purpose.name == "assessment of skills and integration service needs"
    assert "expert@tampere" not in usage.model_dump_json()


async def test_the_customer_s_view_does_not_tell_what_is_protected_over_the_shoulder(log: UsageLog) -> None:
    await log.keep(log.line(customers=[CUSTOMER.own_record], data=["protected_contact", "trafficking"]))
    usage = await ask(log, GetOwnUsage(), CUSTOMER)
    assert [each.code for each in usage.lines[0].data] == ["contact", "residence_permit"]


async def test_an_investigation_is_told_to_the_customer_when_its_time_has_come(log: UsageLog) -> None:
    own = [CUSTOMER.own_record]
    await log.keep(log.line(customers=own, act="investigate", purpose="log_investigation"), log.line(customers=own))
    assert len((await ask(log, GetOwnUsage(), CUSTOMER)).lines) == 1
    log.clock.moment += timedelta(days=31)
    assert len((await ask(log, GetOwnUsage(), CUSTOMER)).lines) == 2


async def test_only_an_investigation_is_held_back_whatever_a_purpose_says(log: UsageLog) -> None:
    own = [CUSTOMER.own_record]
    await log.keep(log.line(customers=own, purpose="log_investigation"), log.line(customers=own, act="investigate"))
    assert [each.act.code for each in (await ask(log, GetOwnUsage(), CUSTOMER)).lines] == ["view"]


async def test_who_is_nobody_s_customer_has_no_own_view(log: UsageLog) -> None:
    with pytest.raises(NotFound):
        await ask(log, GetOwnUsage(), Actor(user="somebody", organisation="837", role="customer"))


HIDDEN = {
    "roles": {"customer"},
    "acts": {"hear", "disclose"},
    "data": {"trafficking", "protected_contact", "receipt", "receiving_party"},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_a_word_for_whatever_the_customer_may_be_told(language: str) -> None:
    texts, known = texts_of(language), policy().text
    for kind, terms in (("roles", known.roles), ("acts", known.acts), ("data", known.data)):
        told = {code for code in terms if code not in HIDDEN[kind] and not code.startswith("service_")}
        assert told - set(getattr(texts, kind)) == set(), kind
    assert {entry.code for entry in PURPOSES_OF_USE.entries} <= set(texts.purposes)


@pytest.mark.broker
async def test_a_look_at_a_customer_can_be_asked_about_once_it_has_come_through_the_broker(house: House) -> None:
    person = Person.model_validate({"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": "1994-05-01"})
    opened = await house.ask(OpenCustomer(person=person, arrival="moved"))
    await house.ask(SearchCustomers(name="Aamu Esimerkki"))

    async def found() -> Any:
        lines = (await house.ask(FindUsageOfCustomer(customer_id=opened.customer_id), OFFICER)).lines
        return len(lines) >= 2 and lines

    acts = {each.act: each for each in await eventually(found)}
    assert {"open", "search"} <= set(acts)
    assert acts["search"].told["name"] == "Aamu Esimerkki"
    searched = await house.ask(FindSearches(name="esimerkki"), OFFICER)
    assert [each.user for each in searched.lines] == [EXPERT_TAMPERE.user]
