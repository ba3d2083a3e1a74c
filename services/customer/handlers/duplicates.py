"""Two records of one person: warned of, suspected, merged and parted."""

from collections.abc import Collection
from uuid import UUID

from contracts.customer.duplicates import (
    MOST_CANDIDATES,
    DecideDuplicate,
    DuplicateCandidate,
    DuplicatesFound,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    Merged,
    PairDecided,
    SuspectedDuplicates,
    SuspectedPair,
    UndoMerge,
)
from contracts.customer.people import Customer, CustomerVersion
from contracts.customer.state import CustomerChanged
from contracts.envelope import FieldError
from services.customer.handlers import households, records
from services.customer.repository import duplicates as repository
from services.customer.repository import families, history, people, search
from services.customer.rules import duplicates as rules
from services.customer.rules import people as people_rules
from services.customer.rules.people import MERGE, Difference
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kit.words import words_asked
from services.kit.work import Work


async def find_duplicates(message: FindDuplicates, work: Work) -> DuplicatesFound:
    """The own customers who may be the person, with what the asker may see of each, and by that alone."""
    if not work.rights.allows("identity", work.rights.related):
        raise Forbidden("The right does not cover looking for customers.")
    if (message.phone or message.email) and not work.rights.allows("contact", work.rights.related):
        raise Forbidden("The role does not allow looking for contact details.")
    told = rules.facts_told(message)
    known = [_shown(work, each) for each in await repository.candidates(work, told)]
    likely = [(rules.compare(told, rules.facts_of(each.person)), each) for each in known]
    likely = sorted((each for each in likely if each[0].likelihood), key=lambda each: -each[0].score)[:MOST_CANDIDATES]
    work.record_use(
        [each.customer_id for _, each in likely],
        _data_of(work, [each for _, each in likely]) | {"identity"},
        relation=work.rights.related,
        found=len(likely),
        sealed=message.model_dump(mode="json", exclude_none=True),
        words=words_asked(
            name=f"{message.name.family} {message.name.given}",
            date_of_birth=message.date_of_birth,
            personal_identity_code=message.personal_identity_code,
            phone=message.phone,
        ),
    )
    return DuplicatesFound(
        candidates=tuple(
            DuplicateCandidate.model_validate(
                {**_likeness(evidence), "customer": customer},
            )
            for evidence, customer in likely
        )
    )


async def list_suspected_duplicates(message: ListSuspectedDuplicates, work: Work) -> SuspectedDuplicates:
    """The pairs that nobody has decided, judged by what the asker may see of both."""
    found, more = await repository.undecided(work, message.cursor, message.limit)
    pairs = []
    for pair_id, *both in found:
        customers = tuple(_shown(work, each) for each in both)
        evidence = rules.compare(*(rules.facts_of(each.person) for each in customers))
        pairs.append(SuspectedPair.model_validate({**_likeness(evidence), "pair_id": pair_id, "customers": customers}))
    seen = [each for pair in pairs for each in pair.customers]
    work.record_use(
        {each.customer_id for each in seen}, _data_of(work, seen) | {"identity"}, relation=work.rights.related
    )
    return SuspectedDuplicates(pairs=tuple(pairs), next_cursor=more)


async def decide_duplicate(message: DecideDuplicate, work: Work) -> PairDecided:
    """Settles a suspected pair. It comes back only when data change so that both look more alike than today."""
    # before the row: a pair that is merged is none any more, and a repeat must be answered all the same
    if done := await work.outcome_of_repeat(PairDecided):
        return done
    is_merge = message.decision == "same_person"
    one, other = await _undecided(work, message.pair_id, lock=not is_merge)
    if is_merge:
        if message.kept_id not in (one, other):
            raise InvalidInput(errors=[_error("/kept_id", "not_of_pair")])
        if missing := [field for field in ("expected_version", "duplicate_version") if getattr(message, field) is None]:
            raise InvalidInput(errors=[_error(f"/{field}", "missing") for field in missing])
        duplicate_id = other if message.kept_id == one else one
        kept, duplicate = await _lock_both(work, message.kept_id, duplicate_id)
        await _undecided(work, message.pair_id, lock=True)  # after theirs, as whoever merges two without a pair
        merged = await _merge(
            work, kept, duplicate, message.expected_version or 0, message.duplicate_version or 0, message.why
        )
        return PairDecided(pair_id=message.pair_id, **dict(merged))
    await repository.decide(work, one, other, "not_same_person", message.why)
    work.record_use([one, other], ["identity"], relation=work.rights.related)
    return PairDecided(pair_id=message.pair_id)


async def merge_customers(message: MergeCustomers, work: Work) -> Merged:
    """Makes one record an alias of another, for whoever has the right to both."""
    kept, duplicate = await _lock_both(work, message.customer_id, message.duplicate_id)
    if done := await work.outcome_of_repeat(Merged):
        return done
    return await _merge(work, kept, duplicate, message.expected_version, message.duplicate_version, message.why)


async def undo_merge(message: UndoMerge, work: Work) -> CustomerVersion:
    """Takes an alias away; the answer is the version of the record that stands by itself again."""
    row = await repository.standing_merge(work, message.merge_id)
    if row is None:
        raise NotFound("no such merge")
    await people.get(work, row.merged_into)  # else who does not reach it would wait for locks
    household = await households.lock(work, row.merged_into, row.customer_id)
    kept = await people.lock(work, row.merged_into)
    if done := await work.outcome_of_repeat(CustomerVersion):
        return done
    row = await repository.standing_merge(work, message.merge_id)  # as it is now that nobody else changes it
    if row is None or row.undone_at:
        raise Conflict("The merge was undone before.")
    aliases = await repository.undo(work, row, message.why)
    parted = await people.get_record(work, row.customer_id)
    parted = parted.model_copy(update={"version": parted.version + 1})
    gone = {parted.customer_id, *aliases}
    after = kept.model_copy(
        update={"version": kept.version + 1, "merged": tuple(each for each in kept.merged if each not in gone)}
    )
    told = {"merge_id": str(row.merge_id), "customer_id": str(parted.customer_id), "merged_into": str(row.merged_into)}
    for record in (after, parted):
        await people.change(work, record)
        await history.add_history(work, record, [Difference(MERGE, told, None)], source="municipality", why=message.why)
        await search.record_names(work, record)
    score = rules.compare(rules.open_facts_of(after), rules.open_facts_of(parted)).score
    await repository.decide(work, row.merged_into, parted.customer_id, "not_same_person", message.why, score)
    for record in (after, parted):
        await suspect(work, record)
    await households.protect(work, household)
    _record_use(work, after, parted)
    for record in (after, parted):  # each protected by its own household alone
        state = people_rules.public_state(await people.get_record(work, record.customer_id))
        await work.publish(CustomerChanged(**dict(state)))
    await _tell_aliases(work, aliases, parted.customer_id)
    return CustomerVersion(customer_id=parted.customer_id, version=parted.version)


async def suspect(work: Work, customer: Customer) -> None:
    """Finds who else may be this person, for the work lists of the municipalities that have the customer."""
    facts = rules.open_facts_of(customer)
    for municipality in sorted({each.municipality for each in customer.relationships if not each.ended_on}):
        await repository.wait_for_others(work, municipality, customer.person.date_of_birth)
        known = await repository.candidates(work, facts, municipality)
        likely = {
            each.customer_id: evidence.score
            for each in known
            if each.customer_id != customer.customer_id
            and (evidence := rules.compare(facts, rules.open_facts_of(each))).likelihood
        }
        await repository.keep_pairs(work, municipality, customer.customer_id, likely)


async def told_apart(work: Work, customer_id: UUID, others: Collection[UUID]) -> None:
    """Keeps that a customer just opened is none of those looked at before."""
    reached = {each.customer_id for each in await people.get_cards(work, others)}
    if unknown := [f"/not_same_as/{at}" for at, each in enumerate(others) if each not in reached]:
        raise InvalidInput(errors=[_error(pointer, "unknown_customer") for pointer in unknown])
    for each in sorted(others):
        await repository.decide(work, customer_id, each, "not_same_person", None)


async def _undecided(work: Work, pair_id: UUID, *, lock: bool) -> tuple[UUID, UUID]:
    row = await repository.pair(work, pair_id, lock=lock)
    if row is None:
        raise NotFound("no such pair")
    if row.decision:
        raise Conflict("Somebody has decided this pair.")
    one, other = row.customer_ids
    return one, other


async def _lock_both(work: Work, kept_id: UUID, duplicate_id: UUID) -> tuple[Customer, Customer]:
    for each in (kept_id, duplicate_id):
        await people.get(work, each)  # else who is not reached would wait for locks
    await households.lock(work, kept_id, duplicate_id)
    # in one order everywhere: two merges of the same records crosswise would deadlock
    locked = {each: await people.lock(work, each) for each in sorted({kept_id, duplicate_id})}
    return locked[kept_id], locked[duplicate_id]


async def _merge(
    work: Work, before: Customer, duplicate: Customer, expected_version: int, duplicate_version: int, why: str
) -> Merged:
    if hindrance := rules.hinders_merge(before, duplicate, work.actor.municipality):
        raise Conflict(hindrance)
    await records.check_version(work, before, expected_version)
    await records.check_version(work, duplicate, duplicate_version)
    kept = rules.with_protection_of(before, duplicate)
    duplicate = duplicate.model_copy(update={"version": duplicate.version + 1})
    merge_id = await repository.merge(work, kept.customer_id, duplicate, why)
    told = {
        "merge_id": str(merge_id),
        "customer_id": str(duplicate.customer_id),
        "merged_into": str(kept.customer_id),
    }
    for record, differences in (
        (kept, people_rules.differences(before.person, kept.person)),
        (duplicate, []),
    ):
        await people.change(work, record)
        await history.add_history(
            work, record, [*differences, Difference(MERGE, None, told)], source="municipality", why=why
        )
    await search.forget(work, duplicate.customer_id)
    await search.record_names(work, kept)
    await repository.decide(work, kept.customer_id, duplicate.customer_id, "same_person", why)
    await suspect(work, kept)
    await households.protect(work, await families.household(work, [kept.customer_id]))
    _record_use(work, kept, duplicate)
    kept = await people.get_record(work, kept.customer_id)  # protected by the duplicate's household, it may be
    if (state := people_rules.public_state(kept)) != people_rules.public_state(before):
        await work.publish(CustomerChanged(**dict(state)))
    await work.publish(CustomerChanged(**dict(people_rules.public_state(duplicate, kept.customer_id))))
    await _tell_aliases(work, duplicate.merged, kept.customer_id)
    return Merged(customer_id=kept.customer_id, version=kept.version, merge_id=merge_id)


async def _tell_aliases(work: Work, aliases: Collection[UUID], merged_into: UUID) -> None:
    for each in sorted(aliases):
        alias = await people.get_record(work, each)
        await work.publish(CustomerChanged(**dict(people_rules.public_state(alias, merged_into))))


def _shown(work: Work, customer: Customer) -> Customer:
    return people_rules.shown(customer, work.rights, records.relation_to(work, customer))


def _data_of(work: Work, customers: Collection[Customer]) -> set[str]:
    """The data groups that are seen of customers as they are shown."""
    return {
        data
        for each in customers
        for data in people_rules.shown_data(
            each,
            [field for field, value in each.person if value] + ([people_rules.RELATIONSHIP] * bool(each.relationships)),
            work.rights,
            records.relation_to(work, each),
        )
    }


def _record_use(work: Work, *both: Customer) -> None:
    work.record_use(
        [each.customer_id for each in both], ["identity", "relationship"], relation=records.relation_to(work, both[0])
    )


def _likeness(evidence: rules.Evidence) -> dict[str, object]:
    return {
        "likelihood": evidence.likelihood or "possible",
        "reasons": evidence.reasons,
        "against": evidence.against,
    }


def _error(pointer: str, rule: str) -> FieldError:
    return FieldError(pointer=pointer, rule=rule, detail=rules.RULES[rule])
