"""Topics: written by several people at once, every version kept, the county's section for few."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.assessment.topics import GetTopicHistory, PinnedFacts, TopicHistory, TopicVersion
from contracts.assessment.versions import AssessmentVersion
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from services.kit.reencryption import reencrypt
from tests.assessment.support import SUPERVISOR, Desk, broken, dropping, writing
from tests.support import EXPERT_TAMPERE

pytestmark = pytest.mark.database

COLLEAGUE = Actor(user="colleague@tampere", organisation="837", role="integration_expert")
HEALTH = "health_and_social_needs"


def history(desk: Desk, known: AssessmentVersion, topic: str, actor: Actor = EXPERT_TAMPERE) -> Awaitable[TopicHistory]:
    return desk.act(GetTopicHistory(assessment_id=known.assessment_id, topic=topic), actor)


async def with_the_county(desk: Desk, customer_id: UUID) -> AssessmentVersion:
    """An assessment under way in which the county takes part."""
    known = await desk.under_way(customer_id)
    await desk.rows("UPDATE assessment SET county_takes_part = true RETURNING 1")
    return known


async def test_every_version_of_a_topic_is_kept_with_who_wrote_it(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await desk.act(writing(known, text="Reads."))
    await desk.act(writing(known, version=1, text="Reads and writes."), COLLEAGUE)
    found = await history(desk, known, "literacy")
    assert [(each.version, each.content.text, each.written_by) for each in found.writings] == [
        (2, "Reads and writes.", "colleague@tampere"),
        (1, "Reads.", "expert@tampere"),
    ]


async def test_a_long_history_comes_a_page_at_a_time(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    for version in range(22):
        await desk.act(writing(known, version=version))
    first = await history(desk, known, "literacy")
    rest = await desk.act(
        GetTopicHistory(assessment_id=known.assessment_id, topic="literacy", cursor=first.next_cursor)
    )
    assert [each.version for each in (*first.writings, *rest.writings)] == list(range(22, 0, -1))
    assert rest.next_cursor is None


async def test_two_who_write_different_topics_at_once_both_do(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await asyncio.gather(desk.act(writing(known, "literacy")), desk.act(writing(known, "life_situation"), COLLEAGUE))
    whole = await desk.whole(known)
    assert [each.topic for each in whole.topics if each.version] == ["literacy", "life_situation"]
    assert whole.version == known.version


async def test_of_many_who_write_one_topic_at_once_one_does_and_the_others_learn_who(
    desk: Desk, customer_id: UUID
) -> None:
    known = await desk.under_way(customer_id)
    outcomes = await asyncio.gather(
        *(desk.act(writing(known, text=f"Mine, {number}."), COLLEAGUE) for number in range(5)), return_exceptions=True
    )
    assert len([each for each in outcomes if isinstance(each, TopicVersion)]) == 1
    refused = [each for each in outcomes if isinstance(each, ChangedMeanwhile)]
    assert len(refused) == 4
    [change] = refused[0].problem().changes
    assert (change.field, change.version, change.changed_by) == ("literacy", 1, "colleague@tampere")


async def test_a_repeat_writes_no_second_version(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    first = await desk.act(writing(known, needs=[{"kind": "housing"}]), key="one act")
    assert await desk.act(writing(known, needs=[{"kind": "housing"}]), key="one act") == first
    assert len((await history(desk, known, "literacy")).writings) == 1


async def test_a_need_keeps_its_id_over_the_versions(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    [need_id] = (await desk.act(writing(known, needs=[{"kind": "housing"}]))).need_ids
    needs: list[Any] = [{"kind": "guidance"}, {"kind": "housing", "need_id": need_id}]
    assert (await desk.act(writing(known, version=1, needs=needs))).need_ids[1] == need_id


async def test_all_that_writing_breaks_is_told_at_once(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    request = writing(
        known,
        levels=[{"scale": "cefr", "level": "A9"}, {"scale": "feeling", "level": "A1", "language": "xx"}],
        needs=[{"kind": "a_car"}, {"kind": "housing", "need_id": uuid4()}],
    ).model_copy(update={"facts": PinnedFacts(group="dreams", version=1)})
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(request)
    assert broken(refusal) == [
        ("/content/levels/0/level", "code_list"),
        ("/content/levels/1/language", "code_list"),
        ("/content/levels/1/scale", "code_list"),
        ("/content/needs/0/kind", "code_list"),
        ("/content/needs/1/need_id", "unknown_need"),
        ("/facts/group", "not_a_customer_fact"),
    ]


async def test_a_topic_that_the_law_does_not_know_is_not_found(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    with pytest.raises(NotFound):
        await desk.act(writing(known, "shoe_size"))


async def test_nobody_writes_in_an_assessment_that_has_ended(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    await desk.act(dropping(known))
    with pytest.raises(Conflict):
        await desk.act(writing(known))


async def test_health_and_social_needs_are_written_where_the_county_takes_part(desk: Desk, customer_id: UUID) -> None:
    known = await desk.under_way(customer_id)
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(writing(known, HEALTH))
    assert broken(refusal) == [("/topic", "county_takes_no_part")]


async def test_the_county_s_section_is_seen_by_the_expert_and_masked_for_the_supervisor(
    desk: Desk, customer_id: UUID
) -> None:
    known = await with_the_county(desk, customer_id)
    await desk.act(writing(known, HEALTH, text="Sleeps badly."))

    mine, theirs = await desk.whole(known), await desk.whole(known, SUPERVISOR)

    assert mine.topics[-1].written
    assert mine.topics[-1].written.content.text == "Sleeps badly."
    assert (theirs.topics[-1].topic, theirs.topics[-1].written, theirs.topics[-1].masked) == (HEALTH, None, True)
    with pytest.raises(Forbidden):
        await history(desk, known, HEALTH, SUPERVISOR)
    with pytest.raises(NotFound):
        await desk.act(writing(known, HEALTH, 1), SUPERVISOR)
    used = "SELECT data->>'data' FROM outbox WHERE type = 'assessment.data_used.v1' ORDER BY position"
    assert ('["county_section"]',) in await desk.rows(used)


async def test_the_county_s_section_is_kept_encrypted(desk: Desk, customer_id: UUID) -> None:
    known = await with_the_county(desk, customer_id)
    await desk.act(writing(known, HEALTH, text="Sleeps badly."))
    await reencrypt(desk.service.parts)
    assert "Sleeps" not in str(await desk.rows("SELECT * FROM topic_writing"))
    assert (await history(desk, known, HEALTH)).writings[0].content.text == "Sleeps badly."
