"""What the wellbeing services county contributes to an assessment that it takes part in (681/2023 86 § 4 mom.).

Several may write, and nothing that was written is changed: what is new is written beside it.
"""

from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.participations import Channel
from contracts.envelope import Request
from contracts.types import Code, Day, Name, Value, Words
from contracts.usage import Organisation

MOST_SECTIONS = 10
MOST_NEEDS = 20


class CountyWriting(Value):
    """What the county says of one topic."""

    topic: Code = Field(examples=["health_and_social_needs"], description="a further topic of the rule book")
    text: Words
    needs: tuple[Code, ...] = Field(
        (), max_length=MOST_NEEDS, examples=[["health_services"]], description="code list integration_needs"
    )


class Contribution(Value):
    """What somebody of the county has written, topic by topic."""

    sections: tuple[CountyWriting, ...] = Field(min_length=1, max_length=MOST_SECTIONS)
    written_by: Name = Field(examples=["Sanna Sosiaalityöntekijä"], description="who of the county")
    written_on: Day


class ContributionVersion(Value):
    """The outcome of contributing: how many of the county's writings the assessment now has."""

    assessment_id: UUID
    writings: int = Field(ge=1)


class KeptWriting(CountyWriting):
    """A writing of the county's as it is kept, and how it came (681/2023 73 § 2 mom.)."""

    writing_id: UUID
    written_by: Name
    written_on: Day
    channel: Code | None = Field(
        None, examples=["letter"], description="code list answer_channels, where another recorded it; null: the county"
    )
    recorded_at: AwareDatetime
    recorded_by: str = Field(examples=["worker@pirkanmaa"])
    organisation: Organisation = Field(examples=["08"], description="whose user or program recorded it")


class CountySection(Value):
    """The county's section of an assessment: all that it has written, newest first."""

    assessment_id: UUID
    writings: tuple[KeptWriting, ...]
    masked: bool = Field(False, description="there may be writings, and the asker may not see them")


class GetCountySection(
    Request[CountySection], type="assessment.get_county_section.v1", act="view", data=("county_section",)
):
    """What the county has contributed to an assessment."""

    assessment_id: UUID


class WriteCountySection(
    Request[ContributionVersion],
    type="assessment.write_county_section.v1",
    changes=True,
    act="change",
    data=("county_section",),
):
    """Write the county's contribution by hand: its own worker, or the expert who got it by phone or letter."""

    assessment_id: UUID
    contribution: Contribution
    channel: Channel | None = Field(None, description="obligatory but for the county's own worker: how it came")


class ContributeForPartner(
    Request[ContributionVersion],
    type="assessment.contribute_for_partner.v1",
    changes=True,
    act="change",
    data=("county_section",),
):
    """The contribution of a county that has accepted, as its program sends it."""

    partner: Organisation = Field(examples=["08"])
    participation_id: UUID
    contribution: Contribution
