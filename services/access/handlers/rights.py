"""What can be asked of users and of what they hold."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.access.rights import (
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    GetUserRights,
    GiveGrant,
    Grant,
    Grants,
    GrantVersion,
    ListGrants,
    ListUsers,
    NoteSignIn,
    ReviewGrant,
    RightsChanged,
    RightsHeartbeat,
    SignInNoted,
    UserRights,
    Users,
    user_number,
)
from services.access import rules
from services.access.law.rights import rights_law
from services.access.repository import organisations, rights
from services.access.tables.rights import ACCESS_GRANT
from services.kit.errors import Conflict, Forbidden, InvalidInput, check_current, check_input
from services.kit.heartbeat import beat
from services.kit.parts import Parts
from services.kit.work import Work

MOST_IN_LINE = 100
"""How many customers a line of the usage log names."""


async def get_user_rights(message: GetUserRights, work: Work) -> UserRights:
    """All that decides what a user may do now; nothing for one who is not known."""
    use_of_rights(work)
    return await rights.rights_of(work, message.user)


async def note_sign_in(message: NoteSignIn, work: Work) -> SignInNoted:
    """Makes the user known, so that rights can be granted; who is a customer does not handle the own case."""
    if done := await work.outcome_of_repeat(SignInNoted):
        return done
    use_of_rights(work)
    if await rights.note_sign_in(work, message):
        await tell_changed(work, [message.user])
    return SignInNoted(user=message.user)


async def give_grant(message: GiveGrant, work: Work) -> GrantVersion:
    """Gives a user a right, as far as the acting organisation may (80 § 1 mom.)."""
    if done := await work.outcome_of_repeat(GrantVersion):
        return done
    code = message.organisation or work.actor.organisation
    organisation = await organisations.get(work, code)
    giver = await organisations.get(work, work.actor.organisation)
    if giver is None:
        raise Forbidden("The acting organisation gives no rights.")
    setting = rules.Setting(
        giver,
        organisation,
        user_is_known=await rights.is_known(work, message.user),
        contract_ends_on=organisation.contract_ends_on if organisation else None,
    )
    check_input(rules.broken_by_giving(message, work.actor.user, setting, work.now))
    use_of_rights(work, customers=message.customers or ())
    takes_part = message.ground.kind != "employment"
    return await _give(
        work,
        message.customers,
        user_id=message.user,
        organisation=code,
        role=message.role,
        task=message.task,
        municipality=work.actor.organisation if takes_part else None,
        data=message.data,
        powers=message.powers,
        ground=message.ground.kind,
        ground_id=message.ground.id,
        starts_at=message.starts_at or work.now,
        ends_at=message.ends_at,
    )


async def appoint_deputy(message: AppointDeputy, work: Work) -> GrantVersion:
    """Lets another user stand in under a right of their own, which ends with the one deputised."""
    if done := await work.outcome_of_repeat(GrantVersion):
        return done
    deputised = await _own_standing(work, message.grant_id)
    known = await rights.is_known(work, message.user)
    check_input(rules.broken_by_deputising(message, deputised, work.actor.user, known, work.now))
    use_of_rights(work, customers=deputised.customers or ())
    return await _give(
        work,
        deputised.customers,
        user_id=message.user,
        organisation=deputised.organisation,
        role=deputised.role,
        task=deputised.task,
        municipality=deputised.municipality,
        data=deputised.data,
        powers=deputised.powers,
        ground="deputy",
        ground_id=deputised.grant_id,
        starts_at=max(message.starts_at or work.now, deputised.starts_at),
        ends_at=message.ends_at,
    )


async def change_grant_end(message: ChangeGrantEnd, work: Work) -> GrantVersion:
    """Lets a right last longer or shorter; nobody prolongs the own one."""
    if done := await work.outcome_of_repeat(GrantVersion):
        return done
    grant = await _own_standing(work, message.grant_id, expected_version=message.expected_version)
    _refuse_own(work, grant)
    contract = await organisations.contract_ends_on(work, grant.organisation)
    deputised = await rights.find_grant(work, grant.ground.id) if grant.ground.kind == "deputy" else None
    of_contract = contract if grant.ground.kind == "procurement" else None
    check_input(rules.broken_by_new_end(message, grant, work.now, of_contract, deputised))
    use_of_rights(work, customers=grant.customers or ())
    version = await rights.change_grant(work, grant, ends_at=message.ends_at)
    users = {grant.user}
    if message.ends_at:
        users |= await rights.shorten_deputies(work, grant.grant_id, message.ends_at)
    await tell_changed(work, users)
    return GrantVersion(grant_id=grant.grant_id, version=version)


async def end_grant(message: EndGrant, work: Work) -> GrantVersion:
    """Ends a right, and those of its deputies, at once (81 §)."""
    if done := await work.outcome_of_repeat(GrantVersion):
        return done
    grant = await _standing(work, message.grant_id, message.expected_version)
    use_of_rights(work, customers=grant.customers or ())
    this = ACCESS_GRANT.c.grant_id == grant.grant_id
    await tell_changed(work, await rights.end_grants(work, this, message.reason, work.actor.user))
    return GrantVersion(grant_id=grant.grant_id, version=grant.version + 1)


async def review_grant(message: ReviewGrant, work: Work) -> GrantVersion:
    """Notes that somebody else's right is still needed; the next review is due in a year."""
    if done := await work.outcome_of_repeat(GrantVersion):
        return done
    grant = await _own_standing(work, message.grant_id, expected_version=message.expected_version)
    _refuse_own(work, grant)
    use_of_rights(work, customers=grant.customers or ())
    reviewed = {
        "reviewed_at": work.now,
        "reviewed_by": work.actor.user,
        "review_due_at": work.now + rights_law().until_review.length,
    }
    return GrantVersion(grant_id=grant.grant_id, version=await rights.change_grant(work, grant, **reviewed))


async def get_grant(message: GetGrant, work: Work) -> Grant:
    """One right that the acting organisation answers for, or that its staff holds."""
    grant = await rights.get_grant(work, message.grant_id)
    use_of_rights(work, customers=grant.customers or ())
    return grant


async def list_grants(message: ListGrants, work: Work) -> Grants:
    """The rights that the acting organisation answers for or its staff holds; with filters, the lists of work."""
    found, more = await rights.list_grants(work, message)
    use_of_rights(work, customers=[each for grant in found for each in grant.customers or ()], found=len(found))
    return Grants(grants=found, next_cursor=more)


async def list_users(message: ListUsers, work: Work) -> Users:
    """Those who hold or held such a right."""
    found, more = await rights.list_users(work, message)
    use_of_rights(work, found=len(found))
    return Users(users=found, next_cursor=more)


async def appoint(work: Work, user: str, organisation: str, role: str, task: str, powers: tuple[str, ...] = ()) -> UUID:
    """The operator's way to give a right, to those who then give rights themselves.

    Repeated, it changes nothing, or task and powers of the right that the operator gave before.
    Raises InvalidInput when organisation, role, task or powers are not what there is.
    """
    errors = rules.broken_by_limits(role, task, None, powers, work.now)
    if await organisations.get(work, organisation) is None:
        errors.append(rules.error("/organisation", "unknown_organisation"))
    check_input(errors)
    await rights.add_account(work, user)
    known = await rights.held(work, user, organisation, role)
    if known and (known.task, set(known.powers)) == (task, set(powers)):
        return known.grant_id
    work.record_use(data=["rights"], relation="none")
    if known:
        await rights.change_grant(work, known, task=task, powers=powers)
        await tell_changed(work, [user])
        return known.grant_id
    given = await _give(
        work,
        None,
        user_id=user,
        organisation=organisation,
        role=role,
        task=task,
        powers=powers,
        ground="employment",
        starts_at=work.now,
    )
    return given.grant_id


async def tell_that_news_arrives(parts: Parts) -> None:
    """Tells each second up to when all news of rights was told."""
    await beat(parts, RightsChanged, lambda as_of: RightsHeartbeat(as_of=as_of))


async def tell_changed(work: Work, users: Iterable[str]) -> None:
    """Tells whoever keeps these users' rights to ask anew."""
    for user in sorted(users):  # in one order everywhere: two that tell of the same users crosswise would deadlock
        await work.publish(RightsChanged(user=user, user_number=user_number(user)))


async def withhold_in_turn(work: Work) -> None:
    """Waits for whoever else withholds customers or gives rights: both add to what is withheld from users."""
    await rights.in_turn(work, "withholding")


async def refuse_too_many_withheld(work: Work, users: Collection[str], pointer: str) -> None:
    """Raises InvalidInput when more is withheld now from one of these users than tokens carry."""
    if await rights.most_withheld(work, users) > rules.MOST_WITHHELD_IN_ALL:
        raise InvalidInput(errors=[rules.error(pointer, "too_many")])


def use_of_rights(work: Work, *, customers: Iterable[UUID] = (), found: int | None = None) -> None:
    """Tells the usage log that a person used the data on rights, and which customers they name: in as many lines."""
    if work.actor.is_service:
        return
    named = list(dict.fromkeys(customers))
    for begin in range(0, max(len(named), 1), MOST_IN_LINE):
        work.record_use(named[begin : begin + MOST_IN_LINE], ["rights"], relation="none", found=found)


async def _give(work: Work, customers: tuple[UUID, ...] | None, **values: Any) -> GrantVersion:
    grant_id = uuid7()
    given = {
        "grant_id": grant_id,
        "given_by": work.actor.user,
        "given_by_organisation": work.actor.organisation,
        "review_due_at": work.now + rights_law().until_review.length,
    }
    await withhold_in_turn(work)
    await rights.add_grant(work, values | given, customers)
    await refuse_too_many_withheld(work, [values["user_id"]], "/user")
    await tell_changed(work, [values["user_id"]])
    return GrantVersion(grant_id=grant_id, version=1)


async def _standing(work: Work, grant_id: UUID, expected_version: int | None = None) -> Grant:
    grant = await rights.get_grant(work, grant_id, lock=True)
    if grant.ended_at or (grant.ends_at and grant.ends_at <= work.now):
        raise Conflict("The right has ended.")
    check_current(grant.version, expected_version)
    return grant


async def _own_standing(work: Work, grant_id: UUID, expected_version: int | None = None) -> Grant:
    """A standing right that the acting organisation answers for."""
    grant = await _standing(work, grant_id, expected_version)
    if (grant.municipality or grant.organisation) != work.actor.organisation:
        raise Forbidden("Only the municipality that gave the right changes it; you may end it.")
    return grant


def _refuse_own(work: Work, grant: Grant) -> None:
    if grant.user == work.actor.user:
        raise Forbidden("Nobody decides on the own rights.")
