"""What the county contributes: by its program, by its own worker, or written down by the expert."""

from typing import Any

from sqlalchemy import Row

from contracts.assessment.county_sections import (
    ContributeForPartner,
    Contribution,
    ContributionVersion,
    CountySection,
    GetCountySection,
    WriteCountySection,
)
from services.assessment.handlers.participations import tell
from services.assessment.repository import county_sections, participations, reach
from services.assessment.rules import participations as rules
from services.assessment.rules.base import broken
from services.assessment.rules.topics import COUNTY_SECTION
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, check_input
from services.kit.work import Work

MOST_WRITINGS = 100


async def get_county_section(message: GetCountySection, work: Work) -> CountySection:
    """All that the county has written; masked where the policy masks it."""
    case = await reach.get(work, message.assessment_id, COUNTY_SECTION)
    if not work.rights.allows(COUNTY_SECTION, work.rights.related):
        work.record_use([case.kept], [], relation=work.rights.related)
        return CountySection(assessment_id=case.assessment_id, writings=(), masked=True)
    work.record_use([case.kept], [COUNTY_SECTION], relation=work.rights.related)
    writings = await county_sections.of_assessment(work, case.assessment_id)
    return CountySection(assessment_id=case.assessment_id, writings=writings)


async def write_county_section(message: WriteCountySection, work: Work) -> ContributionVersion:
    """Writes a contribution by hand."""
    case = await reach.lock(work, message.assessment_id, COUNTY_SECTION)
    if done := await work.outcome_of_repeat(ContributionVersion):
        return done
    row = await participations.standing(work, case.assessment_id)
    is_county = row is not None and work.actor.organisation == row.addressee
    today = helsinki_date(work.now)
    errors = [*rules.broken_by_contribution(message.contribution, today, within="/contribution")]
    if message.channel is None and not is_county:
        errors.append(broken("/channel", "missing"))
    if message.channel is not None:
        errors += rules.broken_by_channel(message.channel, message.contribution.written_on, today)
    work.record_use([case.kept], [COUNTY_SECTION], relation=work.rights.related)
    channel = None if is_county else message.channel
    return await _add(work, case, row, message.contribution, errors, channel, work.actor.organisation)


async def contribute_for_partner(message: ContributeForPartner, work: Work) -> ContributionVersion:
    """Keeps what the program of the county sends, which has accepted before."""
    work.rights.refuse_people(COUNTY_SECTION)
    if done := await work.outcome_of_repeat(ContributionVersion):
        return done
    case, row = await participations.lock(work, message.participation_id, message.partner)
    today = helsinki_date(work.now)
    errors = [*rules.broken_by_contribution(message.contribution, today, within="/contribution")]
    if row.state != "accepted" or not rules.is_live(row):
        errors.append(broken("/participation_id", "not_accepted"))
    work.record_use([row.kept], [COUNTY_SECTION], relation="none", organisation=message.partner)
    return await _add(work, case, row, message.contribution, errors, None, message.partner)


async def _add(
    work: Work,
    case: Row[Any],
    row: Row[Any] | None,
    contribution: Contribution,
    errors: list[Any],
    channel: str | None,
    organisation: str,
) -> ContributionVersion:
    check_input(errors)
    if row is None or row.state != "accepted":
        raise Conflict("The county has not agreed to take part.")
    if case.status in rules.OVER:
        raise Conflict(f"The assessment is {case.status}: nothing is added.")
    writings = await county_sections.count(work, case.assessment_id) + len(contribution.sections)
    if writings > MOST_WRITINGS:
        raise Conflict(f"At most {MOST_WRITINGS} writings of the county are kept with one assessment.")
    await county_sections.add(work, case, contribution, channel=channel, organisation=organisation)
    if row.contributed_at is None:
        await tell(work, await participations.change(work, row.participation_id, contributed_at=work.now))
    return ContributionVersion(assessment_id=case.assessment_id, writings=writings)
