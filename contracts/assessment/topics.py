"""What an assessment finds out, topic by topic (869/2024 2 § 1-2 mom.): several people write at once.

Each topic has a version of its own, 0 while nothing is written.
"""

from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.versions import MOST_LEVELS, Briefly, Level, Version
from contracts.envelope import Request
from contracts.types import Code, Value, Words

MOST_NEEDS = 20
MOST_WRITINGS = 20


class TopicNeed(Value):
    """A need that was found under a topic."""

    need_id: UUID | None = Field(
        None, examples=[None], description="of a need that was written before; null: a new one"
    )
    kind: Code = Field(description="code list integration_needs", examples=["language_learning"])
    text: Briefly | None = None


class TopicContent(Value):
    """What was found out: in words, by levels where that helps, and the needs."""

    text: Words
    levels: tuple[Level, ...] = Field((), max_length=MOST_LEVELS)
    needs: tuple[TopicNeed, ...] = Field((), max_length=MOST_NEEDS)


class PinnedFacts(Value):
    """Facts of the customer that the topic rests on: a group of the background, in the version that it then had."""

    group: Code = Field(examples=["education"])
    version: Version


class TopicVersion(Value):
    """The outcome of writing: the topic, and the version it now has; ids of its needs in the order they were given."""

    assessment_id: UUID
    topic: Code = Field(examples=["literacy"])
    version: int = Field(ge=1, description="the topic's own; the ETag")
    need_ids: tuple[UUID, ...] = ()


class Writing(Value):
    """A version of a topic."""

    version: int = Field(ge=1)
    content: TopicContent
    facts: PinnedFacts | None = None
    written_at: AwareDatetime
    written_by: str = Field(examples=["expert@tampere"])
    organisation: str = Field(examples=["837"])


class Topic(Value):
    """A topic of an assessment as it is now."""

    topic: Code = Field(examples=["literacy"])
    obligatory: bool
    legal_basis: str = Field(examples=["869/2024 2 § 1 mom. 1 k."])
    version: int = Field(ge=0, description="0: nothing is written")
    written: Writing | None = None
    masked: bool = Field(False, description="there is such a topic, and the asker may not see what is written there")


class TopicHistory(Value):
    """Every version of a topic, newest first, a page at a time."""

    writings: tuple[Writing, ...]
    next_cursor: int | None = None


class WriteTopic(
    Request[TopicVersion],
    type="assessment.write_topic.v1",
    changes=True,
    act="change",
    data=("assessment", "county_section"),
):
    """Replace what a topic holds. The further topics are of the county's section."""

    assessment_id: UUID
    topic: Code = Field(description="a topic of the rule book", examples=["literacy"])
    expected_version: int = Field(ge=0, le=999_999_999, description="the topic's own")
    content: TopicContent
    facts: PinnedFacts | None = None


class GetTopicHistory(
    Request[TopicHistory], type="assessment.get_topic_history.v1", act="view", data=("assessment", "county_section")
):
    """What was ever written under a topic."""

    assessment_id: UUID
    topic: Code = Field(examples=["literacy"])
    cursor: int | None = Field(
        None, ge=1, le=999_999_999, examples=[None], description="next_cursor of the page before"
    )
