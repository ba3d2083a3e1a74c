"""Ways to the rights of users, to the usage log and to what is odd in it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from contracts.access.anomalies import CloseAnomaly, FindAnomalies, GetAnomaly, WatchCustomer
from contracts.access.organisations import AddEmploymentArea, AddProvider, ListOrganisations
from contracts.access.rights import (
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    GetUserRights,
    GiveGrant,
    GrantGround,
    ListGrants,
    ListUsers,
    NoteSignIn,
    ReviewGrant,
)
from contracts.access.safeguards import (
    ListNotices,
    ListWithheld,
    MarkNoticeSeen,
    OpenEmergencyAccess,
    ReleaseCustomer,
    WithholdCustomer,
)
from contracts.access.teams import AddTeam, ChangeTeam, ListTeams
from contracts.access.usage_log import FindSearches, FindUsageByUser, FindUsageOfCustomer, GetOwnUsage
from contracts.envelope import Request
from tests.leaks.doors.door import THEIRS, Door
from tests.leaks.people import DEPUTY, HOLDS, LOOKS, Planted
from tests.support import helsinki_today, now


def _provider(_: Planted) -> Request[Any]:
    return AddProvider(code="0245437-2", name="Palvelu", contract_ends_on=helsinki_today() + timedelta(days=9))


def _giving(_: Planted) -> Request[Any]:
    ground = GrantGround(kind="employment")
    return GiveGrant(user=DEPUTY, role="advisor", task="guidance", ground=ground)


DOORS = (
    Door(
        "log of a customer", FindUsageOfCustomer, lambda it: FindUsageOfCustomer(customer_id=it.customer_id), **THEIRS
    ),
    Door("log of a user", FindUsageByUser, lambda _: FindUsageByUser(user=LOOKS), **THEIRS),
    Door("log of searches", FindSearches, lambda it: FindSearches(name=it.name), is_partial=True, **THEIRS),
    Door("own log", GetOwnUsage, lambda _: GetOwnUsage()),
    Door("anomaly", GetAnomaly, lambda _: GetAnomaly(anomaly_id=uuid4()), refuses=True, **THEIRS),
    Door("anomalies", FindAnomalies, lambda _: FindAnomalies(), is_partial=True, **THEIRS),
    Door(
        "close an anomaly",
        CloseAnomaly,
        lambda _: CloseAnomaly(anomaly_id=uuid4(), expected_version=1, outcome="justified", why="Asked the user"),
        refuses=True,
        **THEIRS,
    ),
    Door("watch", WatchCustomer, lambda it: WatchCustomer(customer_id=it.customer_id, watched=True), **THEIRS),
    Door("organisations", ListOrganisations, lambda _: ListOrganisations(), is_partial=True, **THEIRS),
    Door("add a provider", AddProvider, _provider, **THEIRS),
    Door(
        "add an area",
        AddEmploymentArea,
        lambda _: AddEmploymentArea(name_fi="Alue", name_sv="Område", members=("837",)),
        **THEIRS,
    ),
    Door("teams", ListTeams, lambda _: ListTeams(), **THEIRS),
    Door("add a team", AddTeam, lambda _: AddTeam(name="Itä", members=()), **THEIRS),
    Door(
        "change a team",
        ChangeTeam,
        lambda _: ChangeTeam(team_id=uuid4(), expected_version=1, name="Itä", members=()),
        refuses=True,
        **THEIRS,
    ),
    Door("users", ListUsers, lambda _: ListUsers(), **THEIRS),
    Door("grants", ListGrants, lambda _: ListGrants(), **THEIRS),
    Door("grant", GetGrant, lambda it: GetGrant(grant_id=it.grant_id), **THEIRS),
    Door("rights of a user", GetUserRights, lambda _: GetUserRights(user=HOLDS), **THEIRS),
    Door("note a sign-in", NoteSignIn, lambda _: NoteSignIn(user=HOLDS), **THEIRS),
    Door("give a right", GiveGrant, _giving, **THEIRS),
    Door(
        "appoint a deputy",
        AppointDeputy,
        lambda it: AppointDeputy(grant_id=it.grant_id, user=DEPUTY, ends_at=now() + timedelta(days=2)),
        **THEIRS,
    ),
    Door(
        "prolong a right",
        ChangeGrantEnd,
        lambda it: ChangeGrantEnd(grant_id=it.grant_id, expected_version=1, ends_at=now() + timedelta(days=2)),
        **THEIRS,
    ),
    Door(
        "end a right",
        EndGrant,
        lambda it: EndGrant(grant_id=it.grant_id, expected_version=1, reason="task_over"),
        **THEIRS,
    ),
    Door("review a right", ReviewGrant, lambda it: ReviewGrant(grant_id=it.grant_id, expected_version=1), **THEIRS),
    Door("withheld", ListWithheld, lambda _: ListWithheld(), **THEIRS),
    Door(
        "withhold",
        WithholdCustomer,
        lambda it: WithholdCustomer(customer_id=it.customer_id, ground="family"),
        **THEIRS,
    ),
    Door("withhold no more", ReleaseCustomer, lambda it: ReleaseCustomer(withheld_id=it.withheld_id), **THEIRS),
    Door("notices", ListNotices, lambda _: ListNotices(), is_partial=True, **THEIRS),
    Door("see a notice", MarkNoticeSeen, lambda _: MarkNoticeSeen(notice_id=uuid4()), refuses=True, **THEIRS),
    Door(
        "open in an emergency",
        OpenEmergencyAccess,
        lambda it: OpenEmergencyAccess(customer_id=it.customer_id, reason="Found unconscious"),
        refuses=True,  # without a grant of one's own
    ),
)
