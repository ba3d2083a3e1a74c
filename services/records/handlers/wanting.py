"""What an event does: it notes which documents are to be made. Making them is no part of its transaction."""

from contracts.assessment.state import AssessmentChanged
from contracts.plan.state import PlanChanged
from services.kit.work import Work
from services.records import repository
from services.records.rules import matters


async def want_of_plan(message: PlanChanged, work: Work) -> None:
    """Notes the documents of an edition that is offered, and whose all of the plan are now.

    Late or doubled, the event notes nothing more.
    """
    await repository.move(work, message.plan_id, message.municipality)
    for matter in matters.of_plan(message):
        await repository.want(work, matter)


async def want_of_assessment(message: AssessmentChanged, work: Work) -> None:
    """Notes the document of an assessment that is concluded."""
    for matter in matters.of_assessment(message):
        await repository.want(work, matter)
