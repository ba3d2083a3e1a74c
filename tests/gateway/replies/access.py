"""Replies of rights and the usage log."""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.access.anomalies import (
    Anomalies,
    Anomaly,
    AnomalyVersion,
    CloseAnomaly,
    FindAnomalies,
    GetAnomaly,
    Watch,
    WatchCustomer,
)
from contracts.access.organisations import (
    AddEmploymentArea,
    AddProvider,
    ListOrganisations,
    OrganisationAdded,
    Organisations,
)
from contracts.access.rights import (
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    GiveGrant,
    Grant,
    GrantGround,
    Grants,
    GrantVersion,
    ListGrants,
    ListUsers,
    ReviewGrant,
    Users,
    user_number,
)
from contracts.access.safeguards import (
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
from contracts.access.teams import AddTeam, ChangeTeam, ListTeams, Teams, TeamVersion
from contracts.access.usage_log import (
    FindSearches,
    FindUsageByUser,
    FindUsageOfCustomer,
    GetOwnUsage,
    OwnUsage,
    UsageLines,
)
from contracts.envelope import Request
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID, TEAM_ID

REPLIES: dict[type[Request[Any]], BaseModel] = {
    ListTeams: Teams(teams=()),
    AddTeam: TeamVersion(team_id=TEAM_ID, version=1),
    ChangeTeam: TeamVersion(team_id=TEAM_ID, version=2),
    FindUsageOfCustomer: UsageLines(lines=()),
    FindUsageByUser: UsageLines(lines=()),
    FindSearches: UsageLines(lines=()),
    GetOwnUsage: OwnUsage(language="fi", verified=True, lines=()),
    ListOrganisations: Organisations(organisations=()),
    AddProvider: OrganisationAdded(code="1234567-1"),
    AddEmploymentArea: OrganisationAdded(code="area-837"),
    GiveGrant: GrantVersion(grant_id=GRANT_ID, version=1),
    AppointDeputy: GrantVersion(grant_id=GRANT_ID, version=1),
    ChangeGrantEnd: GrantVersion(grant_id=GRANT_ID, version=2),
    EndGrant: GrantVersion(grant_id=GRANT_ID, version=2),
    ReviewGrant: GrantVersion(grant_id=GRANT_ID, version=2),
    ListGrants: Grants(grants=()),
    GetGrant: Grant(
        grant_id=GRANT_ID,
        version=3,
        user="expert@tampere",
        user_number=user_number("expert@tampere"),
        organisation="837",
        role="integration_expert",
        task="integration_services",
        ground=GrantGround(kind="employment"),
        given_by="admin@tampere",
        given_by_organisation="837",
        given_at=datetime(2026, 1, 1, tzinfo=UTC),
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        review_due_at=datetime(2027, 1, 1, tzinfo=UTC),
    ),
    ListUsers: Users(users=()),
    ListWithheld: WithheldCustomers(withheld=()),
    WithholdCustomer: WithheldChanged(withheld_id=GRANT_ID),
    ReleaseCustomer: WithheldChanged(withheld_id=GRANT_ID),
    OpenEmergencyAccess: EmergencyOpened(emergency_id=GRANT_ID, ends_at=datetime(2026, 1, 1, 3, tzinfo=UTC)),
    ListNotices: Notices(notices=()),
    MarkNoticeSeen: NoticeSeen(notice_id=GRANT_ID),
    FindAnomalies: Anomalies(anomalies=()),
    GetAnomaly: Anomaly(
        anomaly_id=GRANT_ID,
        version=2,
        organisation="837",
        rule="same_name",
        user="u",
        day=date(2026, 3, 2),
        observed=1,
        detected_at=datetime(2026, 3, 2, tzinfo=UTC),
    ),
    CloseAnomaly: AnomalyVersion(anomaly_id=GRANT_ID, version=2),
    WatchCustomer: Watch(customer_id=CUSTOMER_ID, watched=True),
}
