"""Documents are made of what was offered, once each, the same bytes however often; and each that can't be says why."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.plan.documents import GetPlanForDocument
from services.kit.work import Work
from services.records.handlers import making
from services.records.rules.matters import Matter
from tests.records.support import AWAY, OFFERED_AT, Archive, offered, plan_of, refusal
from tests.support import eventually

pytestmark = pytest.mark.database


async def test_an_offered_plan_has_a_document_in_its_language_and_a_copy_in_the_customer_s(
    archive: Archive, customer_id: UUID
) -> None:
    await archive.make(plan_of(customer_id))
    assert await archive.waits() == [("ar", None), ("fi", None)]
    pdfs = await archive.pdfs()
    assert {each[:5] for each in pdfs.values()} == {b"%PDF-"}
    told = await archive.rows("SELECT data FROM outbox WHERE type = 'records.document_kept.v1'")
    assert len(told) == 2
    kept = await archive.rows("SELECT sha256, language, size FROM document")
    assert {each["language"]: each["sha256"] for each in kept} == {
        language: hashlib.sha256(pdf).hexdigest() for language, pdf in pdfs.items()
    }


async def test_the_event_doubled_or_told_again_makes_nothing_more(archive: Archive, customer_id: UUID) -> None:
    plan = plan_of(customer_id)
    await archive.make(plan)
    await archive.hear(offered(plan))
    assert await archive.make_all() == 0
    assert len(await archive.rows("SELECT FROM outbox WHERE type = 'records.document_kept.v1'")) == 2


async def test_who_dies_between_making_and_committing_makes_the_same_bytes_again(
    archive: Archive, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    keep = making.keep

    async def die(_: Work, __: Matter, pdf: bytes, ___: object) -> None:
        made.append(pdf)
        raise SystemExit

    monkeypatch.setattr(making, "keep", die)
    await archive.offer(plan_of(customer_id, languages=("fi",)))
    with pytest.raises(SystemExit):
        await archive.make_all()
    assert await archive.waits() == [("fi", "waits")]
    assert await archive.make_all() == 0, "it is taken, until it has been so for too long"
    monkeypatch.setattr(making, "keep", keep)
    archive.later(making.TAKEN_FOR.total_seconds())
    assert await archive.make_all() == 1
    assert made == [(await archive.pdfs())["fi"]]


async def test_the_slower_of_two_that_made_one_keeps_nothing(
    archive: Archive, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = making.keep

    async def keep_later(*of: object) -> None:
        monkeypatch.setattr(making, "keep", keep)
        archive.later(making.TAKEN_FOR.total_seconds())
        assert await archive.make_all() == 1
        await keep(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "keep", keep_later)
    await archive.offer(plan_of(customer_id, languages=("fi",)))
    await archive.make_all()
    assert len(await archive.rows("SELECT FROM outbox WHERE type = 'records.document_kept.v1'")) == 1


async def test_an_owner_that_is_away_is_asked_again_after_growing_pauses(archive: Archive, customer_id: UUID) -> None:
    archive.owners.fail = lambda _: AWAY
    await archive.offer(plan_of(customer_id, languages=("fi",)))
    for pause in (2, 4, 8):
        assert await archive.make_all() == 1
        archive.later(pause - 1)
        assert await archive.make_all() == 0
        archive.later(1)
    archive.owners.fail = lambda _: None
    await archive.make_all()
    assert await archive.waits() == [("fi", None)]


async def test_an_edition_that_was_voided_has_no_document_and_it_is_said_why(
    archive: Archive, customer_id: UUID
) -> None:
    voided = refusal(404, "not-found")
    archive.owners.fail = lambda request: voided if isinstance(request, GetPlanForDocument) else None
    await archive.make(plan_of(customer_id, languages=("fi",)))
    archive.later(3600)
    assert await archive.make_all() == 0
    assert await archive.waits() == [("fi", "not-found")]
    assert await archive.pdfs() == {}


async def test_an_edition_offered_anew_has_documents_of_its_own(archive: Archive, customer_id: UUID) -> None:
    first = plan_of(customer_id, languages=("fi",))
    await archive.offer(first)
    again = first.model_copy(update={"offered_at": OFFERED_AT + timedelta(hours=1)})
    await archive.offer(again)
    await archive.make_all()
    assert sorted(await archive.waits(), key=str) == [("fi", "offered-anew"), ("fi", None)]


async def test_a_copy_in_a_language_of_which_there_are_no_words_is_not_made(
    archive: Archive, customer_id: UUID
) -> None:
    await archive.make(plan_of(customer_id, languages=("fi", "tpi")))
    assert await archive.waits() == [("fi", None), ("tpi", "no-words-in-language")]


async def test_who_is_erased_while_the_document_is_made_has_none(
    archive: Archive, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = making.keep

    async def keep_later(*of: object) -> None:
        await archive.erase(customer_id)
        await keep(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "keep", keep_later)
    await archive.make(plan_of(customer_id, languages=("fi",)))
    assert await archive.waits() == []
    assert await archive.pdfs() == {}
    assert await archive.rows("SELECT FROM outbox WHERE type = 'records.document_kept.v1'") == []


async def test_an_erasure_waits_for_what_is_being_kept_and_erases_it_with_its_event(
    archive: Archive, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, erasing = making.keep, list[asyncio.Task[None]]()

    async def waits() -> bool:
        return erasing[0].done() or bool(await archive.rows("SELECT FROM pg_locks WHERE NOT granted"))

    async def keep_slowly(*of: object) -> None:
        await keep(*of)  # type: ignore[arg-type]
        erasing.append(asyncio.create_task(archive.erase(customer_id)))
        await eventually(waits)

    monkeypatch.setattr(making, "keep", keep_slowly)
    await archive.make(plan_of(customer_id, languages=("fi",)))
    await erasing[0]
    assert await archive.pdfs() == {}
    assert await archive.rows("SELECT FROM outbox WHERE type = 'records.document_kept.v1'") == []


async def test_the_erasure_of_anybody_of_a_family_erases_its_document(archive: Archive, customer_id: UUID) -> None:
    spouse = uuid4()
    await archive.make(plan_of(customer_id, spouse))
    await archive.erase(spouse)
    assert await archive.rows("SELECT FROM document") == []
    assert await archive.rows("SELECT FROM document_wanted") == []


async def test_what_is_kept_can_t_be_read_from_the_database(archive: Archive, customer_id: UUID) -> None:
    await archive.make(plan_of(customer_id))
    for row in await archive.rows("SELECT content FROM document"):
        assert "JVBERi" not in row["content"]
