"""What acts on plans have in common: finding the plan, looking at versions, and telling where it stands."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import FieldChange
from contracts.plan.content import PlanContent
from contracts.plan.implementation import Withdrawal
from contracts.plan.state import OfferedEdition, PlanChanged
from services.kit.errors import ChangedMeanwhile, Conflict
from services.kit.work import Work
from services.plan.handlers.due_dates import facts_changed
from services.plan.repository import plans as repository

IN_FORCE = ("in_force", "interrupted")


async def lock(work: Work, plan_id: UUID) -> Row[Any]:
    """The plan, which nobody else changes until the transaction ends; its use is recorded."""
    plan = await repository.get(work, plan_id, lock=True)
    record_use(work, plan)
    return plan


def record_use(work: Work, *plans: Row[Any]) -> None:
    """Tells the usage log of whom plans are read or changed."""
    people = {each for plan in plans for each in plan.customer_ids}
    work.record_use(sorted(people), ["plan"], relation=work.rights.related)


async def check_version(work: Work, plan: Row[Any], expected: int) -> None:
    """Raises ChangedMeanwhile with who did what since."""
    if plan.version == expected:
        return
    changes = [
        FieldChange(field=each.act, version=each.version, changed_at=each.acted_at, changed_by=each.acted_by)
        for each in await repository.acts_after(work, plan.plan_id, expected)
    ]
    raise ChangedMeanwhile(current_version=plan.version, changes=changes)


def check_in_force(plan: Row[Any]) -> None:
    """Raises Conflict."""
    if plan.status not in IN_FORCE:
        raise Conflict("The plan is not in force.")


def withdrawal(work: Work, why: str) -> Withdrawal:
    """What is kept of taking back what was recorded wrongly."""
    actor = work.actor
    return Withdrawal(why=why, withdrawn_at=work.now, withdrawn_by=actor.user, organisation=actor.organisation)


async def tell(work: Work, *plans: Row[Any]) -> None:
    """Publishes where plans stand that are locked and changed.

    Their due dates are counted first: that lock comes before the event's number here as in the tick.
    """
    await facts_changed(work, *(each for plan in plans for each in plan.customer_ids))
    for plan in plans:
        await _publish(work, plan)


async def _publish(work: Work, plan: Row[Any]) -> None:
    made = await repository.in_making(work, plan.plan_id)
    offered = None
    if made and made.stage == "offered":
        languages = languages_of(PlanContent.model_validate(made.content))
        offered = OfferedEdition(edition=made.edition, offered_at=made.offered_at, languages=tuple(languages))
    same = plan._mapping
    await work.publish(
        PlanChanged.model_validate(
            {
                **{name: same[name] for name in PlanChanged.model_fields if name in same},
                "members": members_of(plan),
                "offered": offered,
            }
        ),
        legal_basis="681/2023 16 §, 22 §",
    )


def members_of(plan: Row[Any]) -> tuple[UUID, ...]:
    """Whom a family's plan is for beside the customer."""
    return tuple(each for each in plan.customer_ids if each != plan.customer_id)


def languages_of(content: PlanContent) -> Sequence[str]:
    """First the language that an offered content is approved in, then that of its copy."""
    return list(dict.fromkeys(each for each in (content.language, content.copy_language) if each))
