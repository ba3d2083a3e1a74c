"""What may be written under a topic (869/2024 2 § 1-2 mom.), and which data it is."""

from collections.abc import Collection, Iterator
from datetime import date
from uuid import UUID

from contracts.assessment.topics import WriteTopic
from contracts.customer.background import DATA_OF_GROUP
from contracts.envelope import FieldError
from contracts.law import AssessmentLaw
from services.assessment.rules.base import broken, broken_by_code, broken_by_levels
from services.kit import code_lists

ASSESSMENT, COUNTY_SECTION = "assessment", "county_section"


def data_of(topic: str, law: AssessmentLaw) -> str:
    """The data group of the policy that a topic belongs to: the further ones are of the county's section."""
    return COUNTY_SECTION if any(each.code == topic for each in law.further_topics) else ASSESSMENT


def is_topic(topic: str, law: AssessmentLaw) -> bool:
    """Whether the law of the assessment knows the topic."""
    return any(each.code == topic for each in (*law.topics, *law.further_topics))


def broken_by_writing(
    message: WriteTopic, known_needs: Collection[UUID], on: date, *, data: str, county_takes_part: bool
) -> Iterator[FieldError]:
    """What writing under a topic of the data group breaks; `known_needs`: written under it before."""
    if data == COUNTY_SECTION and not county_takes_part:
        yield broken("/topic", "county_takes_no_part")
    yield from broken_by_levels("/content/levels", message.content.levels, on)
    for index, each in enumerate(message.content.needs):
        yield from broken_by_code(f"/content/needs/{index}/kind", each.kind, code_lists.INTEGRATION_NEEDS, on)
        others = [one.need_id for one in message.content.needs[:index]]
        if each.need_id and each.need_id in others:
            yield broken(f"/content/needs/{index}/need_id", "repeated")
        elif each.need_id and each.need_id not in known_needs:
            yield broken(f"/content/needs/{index}/need_id", "unknown_need")
    if message.facts and message.facts.group not in DATA_OF_GROUP:
        yield broken("/facts/group", "not_a_customer_fact")
