"""What can be asked of customers withheld, of emergency access, and of notices."""

from contracts.access.safeguards import (
    EmergencyAccessOpened,
    EmergencyOpened,
    ListNotices,
    ListWithheld,
    MarkNoticeSeen,
    Notices,
    NoticeSeen,
    OpenEmergencyAccess,
    ReleaseCustomer,
    WithheldChanged,
    WithheldCustomers,
    WithholdCustomer,
)
from services.access import rules
from services.access.handlers.rights import (
    refuse_too_many_withheld,
    tell_changed,
    use_of_rights,
    withhold_in_turn,
)
from services.access.law.rights import rights_law
from services.access.repository import rights, safeguards
from services.kit.errors import Conflict, Forbidden, InvalidInput
from services.kit.work import Work


async def list_withheld(message: ListWithheld, work: Work) -> WithheldCustomers:
    """Whom the acting municipality withholds, and who was released to handle them."""
    found, more = await safeguards.page_of_withheld(work, message)
    use_of_rights(work, customers=[each.customer_id for each in found])
    return WithheldCustomers(withheld=found, next_cursor=more)


async def withhold_customer(message: WithholdCustomer, work: Work) -> WithheldChanged:
    """Keeps a customer from a user's sight, or from that of all of the municipality."""
    if done := await work.outcome_of_repeat(WithheldChanged):
        return done
    if message.user and not await rights.holds_any(work, message.user):
        raise InvalidInput(errors=[rules.error("/user", "no_holder")])
    await withhold_in_turn(work)
    if await safeguards.count_withheld(work, message.user) >= rules.MOST_WITHHELD:
        raise InvalidInput(errors=[rules.error("/customer_id", "too_many")])
    withheld_id = await safeguards.withhold(work, message)
    concerned = await _concerned(work, message.user)
    await refuse_too_many_withheld(work, concerned, "/customer_id")
    use_of_rights(work, customers=[message.customer_id])
    await tell_changed(work, concerned)
    return WithheldChanged(withheld_id=withheld_id)


async def release_customer(message: ReleaseCustomer, work: Work) -> WithheldChanged:
    """Lets a user handle a customer withheld from all, or ends the withholding; nobody releases himself or herself."""
    if done := await work.outcome_of_repeat(WithheldChanged):
        return done
    withheld = await safeguards.get_withheld(work, message.withheld_id)
    if work.actor.user in (message.user, withheld.user_id):
        raise Forbidden("Nobody decides on the own rights.")
    if message.user is None and withheld.customer_id in work.actor.withheld:
        raise Forbidden("The customer is withheld from you: somebody else ends that.")
    if message.user is None:
        await safeguards.withhold_no_more(work, withheld.withheld_id)
    elif withheld.user_id is None:
        await safeguards.release(work, withheld, message.user)
    else:
        raise InvalidInput(errors=[rules.error("/user", "withheld_from_one")])
    use_of_rights(work, customers=[withheld.customer_id])
    await tell_changed(work, await _concerned(work, message.user or withheld.user_id))
    return WithheldChanged(withheld_id=withheld.withheld_id)


async def open_emergency_access(message: OpenEmergencyAccess, work: Work) -> EmergencyOpened:
    """Lets the user view a customer for a few hours, and tells supervisor and data protection officer at once."""
    if done := await work.outcome_of_repeat(EmergencyOpened):
        return done
    actor = work.actor
    if actor.grant is None or message.customer_id in actor.withheld:
        raise Forbidden("Emergency access does not open this customer to you: call a colleague.")
    await rights.in_turn(work, f"emergency access of {actor.user}")
    if await safeguards.count_emergencies(work) >= rules.MOST_EMERGENCIES:
        raise Conflict("So many emergencies are not opened at once.")
    ends_at = work.now + rights_law().emergency_access.length
    emergency_id = await safeguards.open_emergency(work, message, ends_at)
    for role in (rules.SUPERVISOR, rules.PROTECTION_OFFICER):
        await safeguards.notify(work, actor.organisation, role, "emergency_access", emergency_id, ends_at)
    work.record_use(
        [message.customer_id], ["existence"], relation="foreign", sealed={"reason": message.reason}, purpose="emergency"
    )
    opened = EmergencyAccessOpened(
        emergency_id=emergency_id,
        customer_id=message.customer_id,
        organisation=actor.organisation,
        user=actor.user,
        ends_at=ends_at,
    )
    await work.publish(opened, legal_basis=rights_law().emergency_access.legal_basis)
    await tell_changed(work, [actor.user])
    return EmergencyOpened(emergency_id=emergency_id, ends_at=ends_at)


async def list_notices(message: ListNotices, work: Work) -> Notices:
    """What those of the acting role in the acting organisation should look at, the newest first."""
    found, more = await safeguards.page_of_notices(work, message)
    use_of_rights(work, customers=[each.customer_id for each in found if each.customer_id])
    return Notices(notices=found, next_cursor=more)


async def mark_notice_seen(message: MarkNoticeSeen, work: Work) -> NoticeSeen:
    """Notes that a notice was looked at; the first to look is kept, and nobody looks after himself or herself."""
    if done := await work.outcome_of_repeat(NoticeSeen):
        return done
    if await safeguards.is_of_own_emergency(work, message.notice_id):
        raise Forbidden("The notice is about you: somebody else looks at it.")
    await safeguards.mark_seen(work, message.notice_id)
    use_of_rights(work)
    return NoticeSeen(notice_id=message.notice_id)


async def _concerned(work: Work, user: str | None) -> set[str]:
    return {user} if user else await rights.holders(work, work.actor.organisation)
