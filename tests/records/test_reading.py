"""Who sees documents: those who look after everybody in them, in the municipality whose they are."""

import base64
import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.envelope import Request
from contracts.records.documents import DocumentCard, GetDocument, GetDocumentContent, ListDocuments
from services.kit.actor import Actor
from services.kit.errors import Forbidden, NotFound
from services.records.handlers import making, reading
from tests.records.support import Archive, offered, plan_of
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database


def participant(*customers: UUID) -> Actor:
    """A worker of the wellbeing services county, with a right that Tampere gave."""
    return Actor(
        user="worker@pirkanmaa",
        organisation="hva-08",
        role="county_worker",
        granted_by="837",
        customers=customers,
    )


async def the_document(archive: Archive, customer_id: UUID, actor: Actor = EXPERT_TAMPERE) -> DocumentCard:
    """The one document about a customer."""
    [card] = (await archive.ask(ListDocuments(customer_id=customer_id), actor)).documents
    return await archive.ask(GetDocument(document_id=card.document_id), actor)


async def test_a_document_is_read_as_the_very_bytes_that_were_kept(archive: Archive, customer_id: UUID) -> None:
    await archive.make(plan_of(customer_id, languages=("fi",)))
    found = await the_document(archive, customer_id)
    assert (found.kind, found.edition, found.language, found.is_copy) == ("plan", 1, "fi", False)
    opened = await archive.ask(GetDocumentContent(document_id=found.document_id))
    assert base64.b64decode(opened.content) == (await archive.pdfs())["fi"]
    assert (opened.sha256, opened.size) == (found.sha256, len(base64.b64decode(opened.content)))


async def test_a_document_of_many_bytes_is_read_in_parts(
    archive: Archive, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10_000)
    await archive.make(plan_of(customer_id, languages=("fi",)))
    found = await the_document(archive, customer_id)
    parts = [
        await archive.ask(GetDocumentContent(document_id=found.document_id, offset=offset))
        for offset in range(0, found.size, 10_000)
    ]
    assert len(parts) > 1
    assert b"".join(base64.b64decode(each.content) for each in parts) == (await archive.pdfs())["fi"]


async def test_of_all_documents_the_copies_say_that_they_are(archive: Archive, customer_id: UUID) -> None:
    await archive.make(plan_of(customer_id))
    found = (await archive.ask(ListDocuments(customer_id=customer_id))).documents
    assert {(each.language, each.is_copy) for each in found} == {("fi", False), ("ar", True)}


async def test_another_municipality_s_expert_finds_none(archive: Archive, customer_id: UUID) -> None:
    await archive.make(plan_of(customer_id, languages=("fi",)))
    document = await the_document(archive, customer_id)
    requests: list[Request[Any]] = [
        ListDocuments(customer_id=customer_id),
        GetDocument(document_id=document.document_id),
        GetDocumentContent(document_id=document.document_id),
    ]
    for request in requests:
        with pytest.raises(NotFound):
            await archive.ask(request, EXPERT_HELSINKI)


async def test_a_municipality_to_which_the_customer_moved_sees_none_of_the_former_one_s(
    archive: Archive, customer_id: UUID
) -> None:
    await archive.make(plan_of(customer_id, languages=("fi",)))
    document = await the_document(archive, customer_id)
    await archive.open(customer_id, sequence=2, municipality="091")
    assert (await archive.ask(ListDocuments(customer_id=customer_id), EXPERT_HELSINKI)).documents == ()
    with pytest.raises(NotFound):
        await archive.ask(GetDocument(document_id=document.document_id), EXPERT_HELSINKI)


async def test_a_role_that_looks_after_nobody_is_refused(archive: Archive, customer_id: UUID) -> None:
    with pytest.raises(Forbidden):
        await archive.ask(ListDocuments(customer_id=customer_id), RECORDS_TAMPERE)


async def test_who_takes_part_sees_the_document_of_the_customer_named_and_no_other(
    archive: Archive, customer_id: UUID
) -> None:
    other = uuid4()
    await archive.make(plan_of(customer_id, languages=("fi",)))
    await archive.make(plan_of(other, languages=("fi",)))
    document = await the_document(archive, other)
    assert (await the_document(archive, customer_id, participant(customer_id))).customer_id == customer_id
    with pytest.raises(NotFound):
        await archive.ask(GetDocument(document_id=document.document_id), participant(customer_id))


async def test_a_family_s_document_is_seen_by_who_reaches_everybody_in_it(archive: Archive, customer_id: UUID) -> None:
    spouse = uuid4()
    await archive.make(plan_of(customer_id, spouse, languages=("fi",)))
    document = await the_document(archive, spouse)
    assert (document.customer_id, document.members) == (customer_id, (spouse,))
    assert await the_document(archive, customer_id, participant(customer_id, spouse)) == document
    asked = ListDocuments(customer_id=customer_id)
    assert (await archive.ask(asked, participant(customer_id))).documents == ()
    with pytest.raises(NotFound):
        await archive.ask(GetDocument(document_id=document.document_id), participant(customer_id))


async def test_who_has_withheld_a_member_does_not_see_the_family_s_document(
    archive: Archive, customer_id: UUID
) -> None:
    spouse = uuid4()
    await archive.make(plan_of(customer_id, spouse, languages=("fi",)))
    document = await the_document(archive, customer_id)
    related = replace(EXPERT_TAMPERE, withheld=(spouse,))
    assert (await archive.ask(ListDocuments(customer_id=customer_id), related)).documents == ()
    with pytest.raises(NotFound):
        await archive.ask(GetDocument(document_id=document.document_id), related)


async def test_documents_of_a_record_merged_are_read_by_the_one_kept_and_by_the_alias(
    archive: Archive, customer_id: UUID
) -> None:
    kept = uuid4()
    await archive.make(plan_of(customer_id, languages=("fi",)))
    await archive.open(kept)
    await archive.open(customer_id, sequence=2, merged_into=kept)
    assert await the_document(archive, kept) == await the_document(archive, customer_id)


async def test_every_reading_is_told_to_the_usage_log(archive: Archive, customer_id: UUID) -> None:
    spouse = uuid4()
    await archive.make(plan_of(customer_id, spouse, languages=("fi",)))
    await the_document(archive, customer_id)
    lines = await archive.rows("SELECT data->'customers' AS customers FROM outbox WHERE type = 'records.data_used.v1'")
    assert [set(map(UUID, json.loads(each["customers"]))) for each in lines] == [{customer_id, spouse}] * 2


async def test_the_documents_of_a_plan_go_with_it_to_the_municipality_that_has_it(
    archive: Archive, customer_id: UUID
) -> None:
    plan = plan_of(customer_id, languages=("fi",))
    await archive.make(plan)
    moved = offered(plan).model_copy(update={"municipality": "091", "status": "in_force", "offered": None})
    await archive.hear(moved, sequence=3)
    await archive.hear(offered(plan), sequence=2)  # late
    await archive.open(customer_id, sequence=2, municipality="091")
    assert (await the_document(archive, customer_id, EXPERT_HELSINKI)).municipality == "091"
    with pytest.raises(NotFound):
        await archive.ask(ListDocuments(customer_id=customer_id))


async def test_a_document_whose_plan_moves_while_it_is_made_is_the_receiver_s(
    archive: Archive, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(customer_id, languages=("fi",))
    keep = making.keep

    async def keep_later(*of: object) -> None:
        await archive.hear(offered(plan).model_copy(update={"municipality": "091"}), sequence=2)
        await keep(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "keep", keep_later)
    await archive.make(plan)
    await archive.open(customer_id, sequence=2, municipality="091")
    assert (await the_document(archive, customer_id, EXPERT_HELSINKI)).edition == 1
    [told] = await archive.rows("SELECT data ->> 'municipality' AS of FROM outbox WHERE type LIKE '%document_kept%'")
    assert told["of"] == "091"
