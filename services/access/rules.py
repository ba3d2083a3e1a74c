"""What rights may be given, to whom, and for how long: pure functions, no I/O and no clock."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from stdnum.fi import ytunnus

from contracts.access.organisations import OrganisationEntry
from contracts.access.rights import AppointDeputy, ChangeGrantEnd, GiveGrant, Grant
from contracts.envelope import FieldError
from contracts.policy import policy
from services.kit.clock import helsinki_date
from services.kit.code_lists import is_valid_municipality, is_valid_task

ADMINISTRATOR, PROTECTION_OFFICER, SUPERVISOR = "access_administrator", "data_protection_officer", "supervisor"
ADMINISTRATION = frozenset({ADMINISTRATOR, PROTECTION_OFFICER})
ROLES_ON_GROUND: dict[str, frozenset[str]] = {
    "employment": ADMINISTRATION | {SUPERVISOR, "integration_expert", "advisor", "records_manager"},
    "participation": frozenset({"county_worker"}),
    "procurement": frozenset({"provider_worker"}),
}
"""Which roles a municipality gives on which ground (80 § 1 mom.)."""

MOST_WITHHELD, MOST_EMERGENCIES = 100, 20
"""So many customers a municipality withholds from one user, and as many from all; emergencies open for one user."""
MOST_WITHHELD_IN_ALL = 499
"""So many are withheld from one user by all municipalities together: with the own record, what a token carries."""

RULES = {
    "own_right": "nobody gives a right to himself or herself",
    "unknown_user": "nobody with this id has signed in",
    "repeated": "this may stand here once only",
    "no_right_here": "nobody with this id has a right in the organisation",
    "unknown_organisation": "there is no such organisation",
    "organisation_ended": "the organisation is not there on that day; successors: {successors}",
    "not_ours": "rights are given to own staff, to the staff of own providers, and to county staff who take part",
    "ground": "not a ground for a right of this organisation's staff",
    "role": "not a role that is given on this ground",
    "code_list": "the code is not on the list {list} on that day",
    "not_of_role": "the role does not have it",
    "missing": "a right to take part says in which matter, of which customers, and until when",
    "in_past": "the time is past",
    "before_start": "the right would end before it starts",
    "after_contract": "the provider's contract ends before",
    "after_deputised": "the right deputised ends before",
    "holder": "the user holds the right deputised",
    "deputy_of_deputy": "a deputy has no deputy",
    "no_holder": "the user holds no right that this organisation sees",
    "too_many": "more customers are withheld already than can be: ask the operator",
    "withheld_from_one": "the customer is withheld from one user alone",
    "business_id": "not a Finnish business id",
    "not_a_provider": "the code is that of another kind of organisation",
}
"""What each rule says to the person who broke it."""


@dataclass(frozen=True)
class Setting:
    """What is known beside the request: who gives, to whose staff, and the contract between the two, if any."""

    giver: OrganisationEntry
    organisation: OrganisationEntry | None
    user_is_known: bool
    contract_ends_on: date | None = None


def broken_by_giving(message: GiveGrant, giver: str, setting: Setting, now: datetime) -> list[FieldError]:
    """The rules that giving this right breaks; `giver` is the user who gives it."""
    organisation, starts_at = setting.organisation, message.starts_at or now
    errors = [*_broken_by_user(message.user, giver, setting.user_is_known)]
    if organisation is None:
        return [*errors, error("/organisation", "unknown_organisation")]
    if not _is_there(organisation, helsinki_date(starts_at)):
        successors = ", ".join(organisation.successors) or "none"
        errors.append(error("/organisation", "organisation_ended", successors=successors))
    grounds = grounds_between(setting)
    if not grounds:
        errors.append(error("/organisation", "not_ours"))
    elif message.ground.kind not in grounds:
        errors.append(error("/ground/kind", "ground"))
    elif message.role not in _roles_given(message.ground.kind, setting.giver):
        errors.append(error("/role", "role"))
    if message.ground.kind in ("participation", "procurement"):
        errors += [error("/customers", "missing")] if message.customers is None else []
    if message.ground.kind == "participation":
        errors += [error("/ground/id", "missing")] if message.ground.id is None else []
        errors += [error("/ends_at", "missing")] if message.ends_at is None else []
    if message.starts_at and helsinki_date(message.starts_at) < helsinki_date(now):
        errors.append(error("/starts_at", "in_past"))
    errors += broken_by_limits(message.role, message.task, message.data, message.powers, now)
    if setting.contract_ends_on and helsinki_date(starts_at) > setting.contract_ends_on:
        errors.append(error("/organisation", "after_contract"))
    errors += _broken_by_end(message.ends_at, starts_at, now, contract_ends_on=setting.contract_ends_on)
    return errors


def grounds_between(setting: Setting) -> frozenset[str]:
    """The grounds on which the giver gives rights to the organisation's staff (80 § 1 mom.)."""
    giver, organisation = setting.giver, setting.organisation
    assert organisation is not None
    found = {"employment"} if organisation.code == giver.code else set()
    if "municipality" in giver.kinds and "wellbeing_services_county" in organisation.kinds:
        found.add("participation")
    if setting.contract_ends_on is not None:
        found.add("procurement")
    return frozenset(found)


def broken_by_limits(
    role: str, task: str, data: Sequence[str] | None, powers: Sequence[str], now: datetime
) -> list[FieldError]:
    """The rules that task, data groups and powers break: a right gives nothing that its role does not have."""
    text = policy().text
    if role not in text.roles or role.startswith("service_"):
        return [error("/role", "role")]
    errors = [] if is_valid_task(task, helsinki_date(now)) else [error("/task", "code_list", list="tasks")]
    of_role = [rule for rule in text.rule if role in rule.roles]
    groups = {group for rule in of_role for group in rule.data}
    errors += [error(f"/data/{index}", "not_of_role") for index, each in enumerate(data or ()) if each not in groups]
    known = {rule.power for rule in of_role}
    return errors + [error(f"/powers/{index}", "not_of_role") for index, each in enumerate(powers) if each not in known]


def broken_by_deputising(
    message: AppointDeputy, deputised: Grant, giver: str, user_is_known: bool, now: datetime
) -> list[FieldError]:
    """The rules that letting this user stand in breaks."""
    errors = [*_broken_by_user(message.user, giver, user_is_known)]
    if message.user == deputised.user:
        errors.append(error("/user", "holder"))
    if deputised.ground.kind == "deputy":
        errors.append(error("/grant_id", "deputy_of_deputy"))
    if message.starts_at and helsinki_date(message.starts_at) < helsinki_date(now):
        errors.append(error("/starts_at", "in_past"))
    starts_at = max(message.starts_at or now, deputised.starts_at)
    return [*errors, *_broken_by_end(message.ends_at, starts_at, now, deputised_ends_at=deputised.ends_at)]


def broken_by_new_end(
    message: ChangeGrantEnd, grant: Grant, now: datetime, contract_ends_on: date | None, deputised: Grant | None
) -> list[FieldError]:
    """The rules that moving the end of this right breaks."""
    if message.ends_at is None and grant.ground.kind in ("participation", "deputy"):
        return [error("/ends_at", "missing")]
    return [
        *_broken_by_end(
            message.ends_at,
            grant.starts_at,
            now,
            contract_ends_on=contract_ends_on,
            deputised_ends_at=deputised.ends_at if deputised else None,
        )
    ]


def broken_by_provider(code: str, kinds: Collection[str], contract_ends_on: date, today: date) -> list[FieldError]:
    """The rules that adding this provider breaks; `kinds` are those of the organisation known by the code, if any."""
    if kinds and "service_provider" not in kinds:
        errors = [error("/code", "not_a_provider")]
    else:
        errors = [] if _is_business_id(code) else [error("/code", "business_id")]
    return errors + ([error("/contract_ends_on", "in_past")] if contract_ends_on < today else [])


def broken_by_members(members: Sequence[str], today: date) -> list[FieldError]:
    """The rules that these members of an employment area break."""
    return [
        error(f"/members/{index}", "code_list", list="municipalities")
        for index, each in enumerate(members)
        if not is_valid_municipality(each, today)
    ]


def error(pointer: str, rule: str, **words: str) -> FieldError:
    """One field and the rule that it broke."""
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(**words))


def _broken_by_user(user: str, giver: str, is_known: bool) -> Iterator[FieldError]:
    if user == giver:
        yield error("/user", "own_right")
    elif not is_known:
        yield error("/user", "unknown_user")


def _broken_by_end(
    ends_at: datetime | None,
    starts_at: datetime,
    now: datetime,
    *,
    contract_ends_on: date | None = None,
    deputised_ends_at: datetime | None = None,
) -> Iterator[FieldError]:
    if ends_at is None:
        return
    if ends_at <= now:
        yield error("/ends_at", "in_past")
    elif ends_at <= starts_at:
        yield error("/ends_at", "before_start")
    if contract_ends_on and helsinki_date(ends_at) > contract_ends_on:
        yield error("/ends_at", "after_contract")
    if deputised_ends_at and ends_at > deputised_ends_at:
        yield error("/ends_at", "after_deputised")


def _roles_given(ground: str, giver: OrganisationEntry) -> frozenset[str]:
    """An organisation that is no municipality has nobody's customers: it names those who administer its rights."""
    return ROLES_ON_GROUND[ground] if "municipality" in giver.kinds else ADMINISTRATION


def _is_business_id(code: str) -> bool:
    return ytunnus.is_valid(code) and ytunnus.format(code) == code  # in one way of writing, or a provider would be two


def _is_there(organisation: OrganisationEntry, on: date) -> bool:
    return (organisation.valid_from or on) <= on <= (organisation.valid_to or on)
