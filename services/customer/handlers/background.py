"""Reading and changing the groups of a customer's background, and their history."""

from collections.abc import Iterable
from typing import get_args

from contracts.customer.background import (
    DATA_OF_GROUP,
    Background,
    BackgroundGroup,
    BackgroundHistory,
    BackgroundVersion,
    ChangeBackground,
    Content,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
    Group,
    ResidencePermits,
)
from contracts.customer.people import Customer
from services.customer.handlers.people import record_change
from services.customer.handlers.records import relation_to
from services.customer.repository import background, people
from services.customer.rules import background as rules
from services.customer.rules.people import broken_by_source, shown_changes
from services.kit.clock import helsinki_date
from services.kit.errors import ChangedMeanwhile, Forbidden, NotFound, check_input
from services.kit.words import words
from services.kit.work import Work

GROUPS: tuple[Group, ...] = get_args(Group)


async def get_background(message: GetBackground, work: Work) -> Background:
    """Every group that the asker may see, empty ones too; what the policy masks is named."""
    customer = await people.get(work, message.customer_id)
    relation = relation_to(work, customer)
    known = [group for group in GROUPS if work.rights.ruling(DATA_OF_GROUP[group], relation)]
    found = await background.get(work, customer, known)
    data = {group: rules.data_of_all(each) for group, each in found.items()}
    shown = [group for group in known if work.rights.allows(data[group], relation)]
    _record_use(work, customer, {data[group] for group in shown})
    return Background(
        customer_id=customer.customer_id,
        groups=tuple(
            rules.briefly(_with_time_limit(work, rules.shown(found[group], customer, work.rights, relation)))
            for group in shown
        ),
        masked=tuple(group for group in known if group not in shown and work.rights.ruling(data[group], relation)),
    )


async def get_background_group(message: GetBackgroundGroup, work: Work) -> BackgroundGroup:
    """One group; NotFound where the policy denies it, Forbidden where it masks it."""
    customer = await people.get(work, message.customer_id)
    return _with_time_limit(work, await _get_permitted(work, customer, message.group))


async def change_background(message: ChangeBackground, work: Work) -> BackgroundVersion:
    """Replaces what a group holds. A change that changes nothing makes no version."""
    customer = await people.lock(work, message.customer_id)
    if done := await work.outcome_of_repeat(BackgroundVersion):
        return done
    group = message.content.group
    before = await _get_permitted(work, customer, group)
    if before.version != message.expected_version:
        changes = await background.changes_after(work, customer.customer_id, group, message.expected_version)
        told = shown_changes(changes, customer, work.rights, relation_to(work, customer))
        raise ChangedMeanwhile(current_version=before.version, changes=told)
    today = helsinki_date(work.now)
    check_input(broken_by_source(message.source, today) + rules.broken_rules(message.content, today))

    own = (await background.get_recorded(work, customer, [group]))[group]
    version, previous, content, why = own.version, own.content, message.content, message.why
    if isinstance(content, ResidencePermits) and isinstance(previous, ResidencePermits):
        (content, first), (previous, first_before) = rules.without_first(content), rules.without_first(previous)
        if first != first_before:
            of_first, why = rules.reasons(why, (first_before, first), (previous, content))
            person = customer.person.model_copy(update={rules.FIRST_PERMIT: first})
            await record_change(work, customer, person, source=message.source, why=of_first)
            version += 1
    if content != previous or before.told_of:  # what a merged record told is shown until the record kept is told
        version += 1
        await background.add(work, customer.customer_id, content, source=message.source, why=why)
    if group in rules.CIRCUMSTANCES:
        await _tell_circumstances(work, customer, before.content, message.content)
    return BackgroundVersion(customer_id=customer.customer_id, group=group, version=version)


async def get_background_history(message: GetBackgroundHistory, work: Work) -> BackgroundHistory:
    """Every change of one group, whoever made it."""
    customer = await people.get(work, message.customer_id)
    await _get_permitted(work, customer, message.group)
    entries, more = await background.get_history(work, customer, message.group, message.cursor)
    return BackgroundHistory(
        customer_id=customer.customer_id,
        group=message.group,
        entries=rules.shown_history(entries, customer, work.rights, relation_to(work, customer)),
        next_cursor=more,
    )


async def _tell_circumstances(work: Work, customer: Customer, previous: Content, new: Content) -> None:
    """Tells what the duty to assess and the responsible authority depend on, when it has changed."""
    others = set(rules.CIRCUMSTANCES) - {new.group}
    known = [each.content for each in (await background.get(work, customer, others)).values()]
    before, after = (rules.circumstances(customer.customer_id, (*known, each)) for each in (previous, new))
    if after != before:
        await work.publish(after, legal_basis="681/2023 3 § 1 mom., 14 § 1 mom.")


async def _get_permitted(work: Work, customer: Customer, group: Group) -> BackgroundGroup:
    """The group, if the asker may do the act with it; its use is recorded.

    Forbidden where he or she may know that there is one, and NotFound where not.
    """
    relation = relation_to(work, customer)
    found = (await background.get(work, customer, [group]))[group]
    data = rules.data_of_all(found)
    if not work.rights.allows(data, relation):
        if work.rights.ruling(DATA_OF_GROUP[group], relation):
            raise Forbidden("The group is protected.")
        raise NotFound("no such group")
    _record_use(work, customer, {data})
    return rules.shown(found, customer, work.rights, relation)


def _with_time_limit(work: Work, group: BackgroundGroup) -> BackgroundGroup:
    return group.model_copy(update={"time_limit": rules.time_limit(group.content, helsinki_date(work.now))})


def _record_use(work: Work, customer: Customer, data: Iterable[str]) -> None:
    """Tells the usage log; health on a line of its own, never together with other data."""
    used = set(data)
    for line in [each for each in (used - {rules.HEALTH}, used & {rules.HEALTH}) if each] or [used]:
        work.record_use(
            [customer.customer_id],
            line,
            relation=relation_to(work, customer),
            words=words(customer.person.name.family),
        )
