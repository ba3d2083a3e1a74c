"""The doors of the access service: which message goes to which handler."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.access.anomalies import CloseAnomaly, FindAnomalies, GetAnomaly, WatchCustomer
from contracts.access.organisations import AddEmploymentArea, AddProvider, ListOrganisations
from contracts.access.rights import (
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    GetUserRights,
    GiveGrant,
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
from contracts.customer.state import CustomerClosed, CustomerState
from contracts.envelope import Event, Request
from contracts.topology import CUSTOMER_STATES
from services.access.handlers import anomalies, organisations, rights, safeguards, teams, time, usage_keeping, usage_log
from services.access.tables.merges import CUSTOMER_VIEW
from services.kit.batches import Keep
from services.kit.projection import Projection
from services.kit.service import Background
from services.kit.work import Handler

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    GetUserRights: rights.get_user_rights,
    NoteSignIn: rights.note_sign_in,
    GiveGrant: rights.give_grant,
    AppointDeputy: rights.appoint_deputy,
    ChangeGrantEnd: rights.change_grant_end,
    EndGrant: rights.end_grant,
    ReviewGrant: rights.review_grant,
    GetGrant: rights.get_grant,
    ListGrants: rights.list_grants,
    ListUsers: rights.list_users,
    ListOrganisations: organisations.list_organisations,
    AddProvider: organisations.add_provider,
    AddEmploymentArea: organisations.add_employment_area,
    ListTeams: teams.list_teams,
    AddTeam: teams.add_team,
    ChangeTeam: teams.change_team,
    ListWithheld: safeguards.list_withheld,
    WithholdCustomer: safeguards.withhold_customer,
    ReleaseCustomer: safeguards.release_customer,
    OpenEmergencyAccess: safeguards.open_emergency_access,
    ListNotices: safeguards.list_notices,
    MarkNoticeSeen: safeguards.mark_notice_seen,
    FindUsageOfCustomer: usage_log.find_usage_of_customer,
    FindUsageByUser: usage_log.find_usage_by_user,
    FindSearches: usage_log.find_searches,
    GetOwnUsage: usage_log.get_own_usage,
    FindAnomalies: anomalies.find_anomalies,
    GetAnomaly: anomalies.get_anomaly,
    CloseAnomaly: anomalies.close_anomaly,
    WatchCustomer: anomalies.watch_customer,
}
INPUT: Mapping[type[Event], Handler] = {CustomerClosed: time.customer_closed}


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {"merged_into": state.merged_into}


PROJECTIONS = (Projection(CUSTOMER_VIEW, view_of, of=CUSTOMER_STATES),)
USAGE: Keep = usage_keeping.keep_usage
BACKGROUND: Sequence[Background] = (
    rights.tell_that_news_arrives,
    time.keep_time,
    usage_keeping.look_after_usage_log,
    anomalies.watch_usage_log,
)
