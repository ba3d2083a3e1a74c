"""Writing under topics, several people at once, and reading what was written."""

from uuid_utils.compat import uuid7

from contracts.assessment.topics import GetTopicHistory, TopicHistory, TopicVersion, WriteTopic
from services.assessment.handlers.base import check_open
from services.assessment.repository import reach, topics
from services.assessment.rules.base import assessment_law
from services.assessment.rules.topics import COUNTY_SECTION, broken_by_writing, data_of, is_topic
from services.kit.clock import helsinki_date
from services.kit.errors import ChangedMeanwhile, Forbidden, NotFound, check_input
from services.kit.work import Work


async def write_topic(message: WriteTopic, work: Work) -> TopicVersion:
    """Replaces what a topic holds; the version of the assessment stays, so that others go on writing."""
    row = await reach.of_topic(work, message.assessment_id, message.topic, lock=True)
    law = assessment_law(row.law_version)
    data = data_of(message.topic, law)
    if done := await work.outcome_of_repeat(TopicVersion):
        return done
    if not is_topic(message.topic, law):
        raise NotFound("The law of this assessment knows no such topic.")
    check_open(row)
    before, _ = await topics.history(work, row.assessment_id, message.topic, limit=None)
    version = before[0].version if before else 0
    if version != message.expected_version:
        changes = await topics.changes_after(work, row.assessment_id, message.topic, message.expected_version)
        raise ChangedMeanwhile(current_version=version, changes=changes)
    known = {need.need_id for each in before for need in each.content.needs if need.need_id}
    today = helsinki_date(work.now)
    check_input(broken_by_writing(message, known, today, data=data, county_takes_part=row.county_takes_part))
    needs = tuple(each.model_copy(update={"need_id": each.need_id or uuid7()}) for each in message.content.needs)
    await topics.add(
        work,
        row,
        message.topic,
        version + 1,
        message.content.model_copy(update={"needs": needs}),
        facts=message.facts,
        is_sealed=data == COUNTY_SECTION,
    )
    work.record_use([row.kept], [data], relation=work.rights.related)
    return TopicVersion(
        assessment_id=row.assessment_id,
        topic=message.topic,
        version=version + 1,
        need_ids=tuple(each.need_id for each in needs if each.need_id),
    )


async def get_topic_history(message: GetTopicHistory, work: Work) -> TopicHistory:
    """Every version of a topic; Forbidden where the policy masks it."""
    row = await reach.of_topic(work, message.assessment_id, message.topic)
    law = assessment_law(row.law_version)
    data = data_of(message.topic, law)
    if not is_topic(message.topic, law):
        raise NotFound("The law of this assessment knows no such topic.")
    if not work.rights.allows(data, work.rights.related):
        raise Forbidden("The topic is protected.")
    writings, more = await topics.history(work, row.assessment_id, message.topic, message.cursor)
    work.record_use([row.kept], [data], relation=work.rights.related)
    return TopicHistory(writings=writings, next_cursor=more)
