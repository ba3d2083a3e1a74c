"""The gateway on a port of its own, before it an HTTP client, behind it services and an issuer that tests command."""

import asyncio
import base64
import hashlib
import json
import re
import socket
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID, uuid4

import aiohttp
from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from multidict import CIMultiDictProxy
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
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
    GetUserRights,
    GiveGrant,
    Grant,
    GrantGround,
    Grants,
    GrantVersion,
    HeldGrant,
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
from contracts.assessment.cases import (
    AssessmentsOfCustomer,
    ConcludeAssessment,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    Responsibility,
    StartAssessment,
    WholeAssessment,
)
from contracts.assessment.county_sections import (
    ContributionVersion,
    CountySection,
    GetCountySection,
    WriteCountySection,
)
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import CancelMeasure, MeasureVersion, OrderMeasure, ReportMeasure
from contracts.assessment.participations import (
    GetParticipation,
    GoOnWithoutContribution,
    ListParticipations,
    Participation,
    ParticipationPreview,
    Participations,
    ParticipationVersion,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.assessment.topics import GetTopicHistory, TopicHistory, TopicVersion, WriteTopic
from contracts.assessment.versions import AssessmentVersion
from contracts.customer.background import (
    Background,
    BackgroundGroup,
    BackgroundHistory,
    BackgroundVersion,
    ChangeBackground,
    Education,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
)
from contracts.customer.contacts import (
    Contact,
    ContactReceived,
    Contacts,
    ContactVersion,
    GetContact,
    ListContacts,
    ReceiveContact,
    ReceivingPartySet,
    ResolveContact,
    SetReceivingParty,
)
from contracts.customer.duplicates import (
    DecideDuplicate,
    DuplicatesFound,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    Merged,
    PairDecided,
    SuspectedDuplicates,
    UndoMerge,
)
from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    Family,
    FamilyRelationVersion,
    GetFamily,
    RecordFamilyRelation,
)
from contracts.customer.open_matters import GetOpenMatters, OpenMatters
from contracts.customer.operations import (
    AssignCustomers,
    CustomerList,
    GetOperation,
    ListCustomers,
    Operation,
    OperationStarted,
    UndoOperation,
)
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachTarget,
    OutreachTargets,
    OutreachTargetState,
    RecordOutreachAttempt,
    RowsAdded,
)
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    Customer,
    CustomerCard,
    CustomerCards,
    CustomerHistory,
    CustomerVersion,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    OpenCustomer,
    Person,
)
from contracts.customer.search import CustomersFound, FindForEmergency, FindOwnRecord, OwnRecord, SearchCustomers
from contracts.customer.transfers import (
    AcceptTransfer,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    Transfer,
    Transfers,
    TransferVersion,
    WithdrawTransfer,
)
from contracts.envelope import Envelope, Message, Request, schema_urn
from contracts.plan.content import PlanContent
from contracts.plan.due_dates import (
    CustomerDueDates,
    DueDateSettingsVersion,
    GetCustomerDueDates,
    GetDueDateSettings,
    KeptDueDateSettings,
    ListDue,
    SetDueDateSettings,
    Worklist,
    WorklistItem,
)
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    Recorded,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    ReviewPlan,
)
from contracts.plan.plans import (
    ApprovePlan,
    DraftPlan,
    DropPlan,
    Edition,
    EndPlan,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    GiveGuardianConsent,
    ListCustomerPlans,
    OfferPlan,
    Plan,
    PlanCard,
    PlanDifferences,
    PlanHistory,
    Plans,
    PlanVersion,
    WithdrawGuardianConsent,
    WritePlan,
)
from contracts.plan.programme import (
    AddProgrammeService,
    ChangeProgrammeService,
    GetProgrammeService,
    ImportProgramme,
    ListProgramme,
    NameInLanguages,
    Programme,
    ProgrammeImported,
    ProgrammeService,
    ProgrammeServiceVersion,
    ServiceContent,
    ServiceProvider,
)
from contracts.plan.referrals import (
    AnswerReferral,
    GetReferral,
    ListPlanReferrals,
    PlanReferrals,
    RecordCompletion,
    Referral,
    ReferralVersion,
    ReferToService,
    WithdrawCompletion,
)
from contracts.types import PersonName
from services.gateway.main import Settings, build
from services.gateway.openapi import document
from services.kit.actor import Actor
from services.kit.errors import Unavailable
from services.kit.telemetry import Telemetry, current_traceparent
from tests.support import FIELD_KEYS, SEARCH_KEY

API = "/api/v1"
AUDIENCE = "koto"
CLIENT_ID, CLIENT_SECRET = "koto-web", "s%cret: of the gateway"
PUBLIC_URL = "https://koto.example"
NOWHERE = "postgresql+asyncpg://koto@127.0.0.1:1/koto"
CUSTOMER_ID = UUID("50772023-f4b8-5862-9411-e6fe917f87f7")
ASSESSMENT_ID = UUID("0f0dd8a2-3c55-4c2a-8f5e-5f1d6f1f2a10")
TEAM_ID = UUID("5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c77")
TRANSFER_ID = UUID("2f1c7a52-6e0b-4d8e-8f5e-9a3b1c2d4e5f")
GRANT_ID = UUID("5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11")
SIGNING_KEY = json.dumps(OKPKey.generate_key("Ed25519", {"kid": "test"}).as_dict(private=True))

PLAN_ID = UUID("7d0c1a52-6e0b-4d8e-8f5e-9a3b1c2d4e5f")
_LAW: dict[str, Any] = {"law_version": "2025-01-01"}
_PLAN: dict[str, Any] = {
    "plan_id": PLAN_ID,
    "version": 2,
    "customer_id": CUSTOMER_ID,
    "municipality": "837",
    "kind": "individual",
    "status": "draft",
    "created_at": datetime(2026, 3, 2, tzinfo=UTC),
}
PARTICIPATION = Participation(
    participation_id=TRANSFER_ID,
    version=2,
    state="more_asked",
    municipality="837",
    county="08",
    way="in_writing",
    due_on=date(2026, 3, 16),
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
    changed_at=datetime(2026, 3, 2, tzinfo=UTC),
    assessment_id=ASSESSMENT_ID,
    customer_id=CUSTOMER_ID,
    legal_basis="681/2023 14 § 4 mom., 86 §",
    preview=ParticipationPreview(topics=("health_and_social_needs",)),
    turns=(),
)
REPLIES: dict[type[Request[Any]], BaseModel] = {
    OpenCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=1),
    GetCustomer: Customer(
        customer_id=CUSTOMER_ID,
        version=3,
        person=Person(name=PersonName(family="Esimerkki", given="Aamu"), date_of_birth=date(1994, 5, 1)),
        relationships=(),
    ),
    ChangeCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=4),
    CloseCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=5),
    GetCustomerHistory: CustomerHistory(customer_id=CUSTOMER_ID, entries=()),
    GetAssessmentsOfCustomer: AssessmentsOfCustomer(assessments=()),
    StartAssessment: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=1),
    GetAssessment: WholeAssessment(
        assessment_id=ASSESSMENT_ID,
        version=2,
        customer_id=CUSTOMER_ID,
        municipality="837",
        status="to_start",
        reasons=("integration_act_group",),
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        law_version="2025-01-01",
        responsible=Responsibility(
            authority="municipality", legal_basis="681/2023 3 § 1 mom.", transfer_proposed=False
        ),
        interviews=(),
        topics=(),
        duties=(),
        duties_left=(),
        measures=(),
    ),
    PlanInterview: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    RecordMissedInterview: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    BeginInterview: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    AcknowledgeDuties: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    WriteTopic: TopicVersion(assessment_id=ASSESSMENT_ID, topic="literacy", version=1),
    GetTopicHistory: TopicHistory(writings=()),
    OrderMeasure: MeasureVersion(measure_id=GRANT_ID),
    ReportMeasure: MeasureVersion(measure_id=GRANT_ID),
    CancelMeasure: MeasureVersion(measure_id=GRANT_ID),
    RequestParticipation: ParticipationVersion(participation_id=TRANSFER_ID, version=1),
    GetParticipation: PARTICIPATION,
    ListParticipations: Participations(participations=(PARTICIPATION,), next_cursor=None),
    ReplyToParticipation: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    WithdrawParticipation: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    RecordParticipationAnswer: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    GoOnWithoutContribution: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    GetCountySection: CountySection(assessment_id=ASSESSMENT_ID, writings=()),
    WriteCountySection: ContributionVersion(assessment_id=ASSESSMENT_ID, writings=1),
    ConcludeAssessment: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    DropAssessment: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    GetBackground: Background(
        customer_id=CUSTOMER_ID,
        groups=(BackgroundGroup(version=0, content=Education(group="education", studies=())),),
    ),
    GetBackgroundGroup: BackgroundGroup(version=3, content=Education(group="education", studies=())),
    ChangeBackground: BackgroundVersion(customer_id=CUSTOMER_ID, group="education", version=4),
    GetBackgroundHistory: BackgroundHistory(customer_id=CUSTOMER_ID, group="education", entries=()),
    SearchCustomers: CustomersFound(hits=()),
    GetFamily: Family(
        customer=CustomerCard(
            customer_id=CUSTOMER_ID, name=PersonName(family="Esimerkki", given="Aamu"), date_of_birth=date(1994, 5, 1)
        ),
        on=date(2026, 3, 2),
        non_disclosure=False,
        relations=(),
        household=(),
    ),
    RecordFamilyRelation: FamilyRelationVersion(relation_id=GRANT_ID, version=1),
    ChangeFamilyRelation: FamilyRelationVersion(relation_id=GRANT_ID, version=2),
    EndFamilyRelation: FamilyRelationVersion(relation_id=GRANT_ID, version=3),
    ReceiveContact: ContactReceived(contact_id=GRANT_ID),
    ListContacts: Contacts(receiving_party=None, contacts=()),
    GetContact: Contact(
        contact_id=GRANT_ID,
        version=2,
        state="open",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        days_since_received=1,
        reports=(),
    ),
    ResolveContact: ContactVersion(contact_id=GRANT_ID, version=3),
    SetReceivingParty: ReceivingPartySet(municipality="837"),
    GetOpenMatters: OpenMatters(matters=()),
    OfferTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=1),
    AskForTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=1),
    GetTransfer: Transfer(
        transfer_id=TRANSFER_ID,
        version=2,
        state="requested",
        direction="in",
        giver="837",
        receiver="091",
        reason="moved",
        due_on=date(2026, 4, 1),
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        legal_basis="681/2023 85 §",
        consent=None,
        turns=(),
    ),
    ListTransfers: Transfers(transfers=()),
    ListTeams: Teams(teams=()),
    AddTeam: TeamVersion(team_id=TEAM_ID, version=1),
    ChangeTeam: TeamVersion(team_id=TEAM_ID, version=2),
    GetCustomerCards: CustomerCards(
        cards=(
            CustomerCard(
                customer_id=CUSTOMER_ID,
                name=PersonName(family="Esimerkki", given="Aamu"),
                date_of_birth=date(1994, 5, 1),
            ),
        )
    ),
    ListDue: Worklist(
        items=(
            WorklistItem(
                customer_id=CUSTOMER_ID,
                matter_id=CUSTOMER_ID,
                kind="plan_latest",
                due_on=date(2028, 1, 15),
                statutory=True,
                passed=False,
            ),
        )
    ),
    GetCustomerDueDates: CustomerDueDates(due_dates=()),
    GetDueDateSettings: KeptDueDateSettings(version=0, notice_days=14, aims=()),
    SetDueDateSettings: DueDateSettingsVersion(version=1),
    AcceptTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    RejectTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    AskMoreOfTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    ReplyToTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    WithdrawTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    ListCustomers: CustomerList(customers=()),
    AssignCustomers: OperationStarted(operation_id=GRANT_ID),
    GetOperation: Operation(
        operation_id=GRANT_ID,
        kind="assign",
        state="running",
        total=2,
        done=1,
        rejected=0,
        started_by="u",
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    ),
    UndoOperation: OperationStarted(operation_id=GRANT_ID),
    BeginOutreachImport: OperationStarted(operation_id=GRANT_ID),
    AddOutreachRows: RowsAdded(operation_id=GRANT_ID, rows=1),
    FinishOutreachImport: OperationStarted(operation_id=GRANT_ID),
    ListOutreachTargets: OutreachTargets(targets=()),
    GetOutreachTarget: OutreachTarget(
        target_id=GRANT_ID,
        state="not_reached",
        name=PersonName(family="Esimerkki", given="Aamu"),
        date_of_birth=date(1994, 5, 1),
        grounds=(),
        contact_by=date(2027, 3, 1),
        days_left=364,
        attempts=0,
    ),
    RecordOutreachAttempt: OutreachTargetState(target_id=GRANT_ID, state="reached"),
    OpenFromOutreach: CustomerVersion(customer_id=CUSTOMER_ID, version=1),
    AddProgrammeService: ProgrammeServiceVersion(service_id=GRANT_ID, version=1),
    ChangeProgrammeService: ProgrammeServiceVersion(service_id=GRANT_ID, version=3),
    GetProgrammeService: ProgrammeService(
        service_id=GRANT_ID,
        version=1,
        municipality="837",
        service=ServiceContent(
            kind="language_course",
            name=NameInLanguages(fi="Suomen kielen kurssi"),
            provider=ServiceProvider(name="Esimerkkiopisto"),
            valid_from=date(2026, 1, 1),
        ),
        changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        changed_by="u",
        newest_version=2,
        places_taken=0,
    ),
    ListProgramme: Programme(services=()),
    ImportProgramme: ProgrammeImported(added=1, changed=0, unchanged=0, dry_run=False),
    ReferToService: ReferralVersion(referral_id=GRANT_ID, version=1),
    AnswerReferral: ReferralVersion(referral_id=GRANT_ID, version=2),
    RecordCompletion: ReferralVersion(referral_id=GRANT_ID, version=3),
    WithdrawCompletion: ReferralVersion(referral_id=GRANT_ID, version=3),
    GetReferral: Referral(
        referral_id=GRANT_ID,
        version=2,
        plan_id=GRANT_ID,
        line_id=GRANT_ID,
        customer_id=CUSTOMER_ID,
        municipality="837",
        provider=ServiceProvider(name="Esimerkkiopisto"),
        state="taken_up",
        referred_on=date(2026, 3, 2),
        completions=(),
    ),
    ListPlanReferrals: PlanReferrals(referrals=()),
    FindDuplicates: DuplicatesFound(candidates=()),
    ListSuspectedDuplicates: SuspectedDuplicates(pairs=()),
    DecideDuplicate: PairDecided(pair_id=GRANT_ID),
    MergeCustomers: Merged(customer_id=CUSTOMER_ID, version=4, merge_id=GRANT_ID),
    UndoMerge: CustomerVersion(customer_id=CUSTOMER_ID, version=5),
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
    FindForEmergency: OwnRecord(customer_id=CUSTOMER_ID),
    CloseAnomaly: AnomalyVersion(anomaly_id=GRANT_ID, version=2),
    **dict.fromkeys(
        (
            DraftPlan,
            WritePlan,
            OfferPlan,
            ApprovePlan,
            DropPlan,
            EndPlan,
            GiveGuardianConsent,
            WithdrawGuardianConsent,
        ),
        PlanVersion(plan_id=PLAN_ID, version=3, edition=1),
    ),
    **dict.fromkeys(
        (ReviewPlan, ExtendPlan, RecordHindrance, EndHindrance, RecordFollowUp, RecordNeglect),
        Recorded(plan_id=PLAN_ID, version=3, record_id=GRANT_ID),
    ),
    GetPlan: Plan(**_PLAN, is_statutory=True, assessment_id=None, county_takes_part=False, editions=(), **_LAW),
    GetPlanEdition: Edition(
        edition=1,
        stage="draft",
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        created_by="u",
        content=PlanContent(),
        **_LAW,
    ),
    GetPlanDifferences: PlanDifferences(before=1, after=2, differences=()),
    GetPlanHistory: PlanHistory(acts=()),
    ListCustomerPlans: Plans(plans=(PlanCard(**_PLAN),)),
    WatchCustomer: Watch(customer_id=CUSTOMER_ID, watched=True),
}


def grant(grant_id: UUID = GRANT_ID, **other: Any) -> HeldGrant:
    """A right in force: of an integration expert of Tampere, unless told otherwise."""
    usual = {
        "organisation": "837",
        "role": "integration_expert",
        "task": "integration_services",
        "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return HeldGrant(grant_id=grant_id, **(usual | other))


def new_key(kind: str = "RSA") -> Key:
    """A private key with a kid of its own."""
    parameters = {"kid": str(uuid4()), "use": "sig"}
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


FIRST_KEY = new_key()


def compact(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, signed by nobody."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class FakeIssuer:
    """An OIDC issuer on a port of its own, whose keys and honesty tests command."""

    def __init__(self) -> None:
        self.keys: list[Key] = [FIRST_KEY]
        self.published_beside: list[dict[str, Any]] = []
        self.calls_itself: str | None = None
        self.metadata: dict[str, Any] = {}
        self.tokens_answer: tuple[int, Any] | None = None
        self.fetches = 0
        self.redeemed = 0
        self.url = ""
        self._codes: dict[str, tuple[dict[str, str], str]] = {}
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "FakeIssuer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens, at the same port as before if there was one."""
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self._discovery)
        application.router.add_get("/keys", self._keys)
        application.router.add_post("/token", self._token)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Goes away."""
        if self._runner:
            await self._runner.cleanup()

    def claims(self, **other: Any) -> dict[str, Any]:
        """Claims that hold, of a user of its own; None leaves a claim out."""
        now = int(datetime.now(UTC).timestamp())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": str(uuid4()),
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in {**usual, **other}.items() if value is not None}

    def token(self, *, key: Key | None = None, alg: str = "RS256", kid: str | None = None, **claims: Any) -> str:
        """A token of these claims, signed by the first key or the one given."""
        key = key or self.keys[0]
        body = json.dumps(self.claims(**claims))
        header = {"alg": alg, "kid": kid or key.kid, "x-odd": 1}
        return jws.serialize_compact(
            header, body, key, registry=jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        )

    def code(self, asked: dict[str, str], *, key: Key | None = None, **claims: Any) -> str:
        """A code for what a browser was sent here with: good once, for an ID token of these claims."""
        usual = {"aud": CLIENT_ID, "nonce": asked["nonce"], "name": "Aino Virkanen"}
        self._codes[code := str(uuid4())] = asked, self.token(key=key, **(usual | claims))
        return code

    async def _token(self, request: web.Request) -> web.Response:
        self.redeemed += 1
        if self.tokens_answer:
            return web.json_response(self.tokens_answer[1], status=self.tokens_answer[0])
        form = dict(await request.post())
        client = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if tuple(map(unquote_plus, client.split(":"))) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        asked, token = self._codes.pop(str(form["code"]), ({}, ""))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        right = {"redirect_uri": form["redirect_uri"], "code_challenge": challenge.decode().rstrip("=")}
        if not asked.items() >= right.items():
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"id_token": token, "access_token": "planted-access-token", "token_type": "Bearer"})

    async def _discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.calls_itself or self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                **self.metadata,
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        self.fetches += 1
        keys = [key.as_dict(private=False) for key in self.keys]
        return web.json_response({"keys": [*self.published_beside, *keys]})


@dataclass
class Asked:
    """One request as a service would have got it."""

    request: Request[Any]
    actor: Actor
    key: str | None
    traceparent: str | None


@dataclass
class FakeRequests:
    """Services that answer what they are told to. A user has the usual right, unless told otherwise."""

    connected: bool = True
    access_answers: bool = True
    asked: list[Asked] = field(default_factory=list)
    """By users."""
    asked_by_itself: list[Asked] = field(default_factory=list)
    """By the gateway, in its own name."""
    rights: dict[str, UserRights] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    """By identity code."""
    fails_by: Exception | None = None
    delay: float = 0

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.connected = False

    async def ask(self, request: Request[Any], actor: Actor, *, idempotency_key: str | None = None) -> BaseModel:
        asked = Asked(request, actor, idempotency_key, current_traceparent())
        if actor.is_service:
            self.asked_by_itself.append(asked)
            return await self._answer_the_gateway(request)
        self.asked.append(asked)
        await asyncio.sleep(self.delay)
        if not self.connected:
            raise Unavailable
        if self.fails_by:
            raise self.fails_by
        return REPLIES[type(request)]

    def grants(self, user: str, *grants: HeldGrant, **more: Any) -> None:
        """From now on these are all the rights of the user, as soon as the gateway asks."""
        self.rights[user] = UserRights(user=user, grants=grants, **more)

    async def _answer_the_gateway(self, request: Request[Any]) -> BaseModel:
        if not (self.connected and self.access_answers):
            raise Unavailable
        if isinstance(request, FindOwnRecord):
            return OwnRecord(customer_id=self.customers.get(request.personal_identity_code))
        assert isinstance(request, GetUserRights | NoteSignIn)
        usual = UserRights(user=request.user, grants=(grant(),))
        known = self.rights.get(request.user, usual)
        if isinstance(request, GetUserRights):
            return known
        if request.own_record:
            self.rights[request.user] = known.model_copy(update={"own_record": request.own_record})
        return SignInNoted(user=request.user)


@dataclass
class SettableClock:
    """The machine's clock, moved on by tests."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Answer:
    """An answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def problem(self, status: int, code: str) -> Any:
        """The problem that it is; fails when it is another or none."""
        assert (self.status, self.headers["Content-Type"]) == (status, "application/problem+json"), self
        assert self.json["type"] == f"urn:koto:problem:{code}", self
        assert self.json["status"] == status
        assert self.json["title"]
        return self.json


class Door:
    """A running gateway with a client before it. Every answer of the API must be one that OpenAPI documents."""

    def __init__(self, issuer: FakeIssuer, requests: Any = None, **settings: Any) -> None:
        told = {
            "rabbitmq_url": "amqp://127.0.0.1:1/",
            "database_url": NOWHERE,
            "field_keys": FIELD_KEYS,
            "search_key": SEARCH_KEY,
            "port": 0,
            "public_url": PUBLIC_URL,
            "oidc_issuer": issuer.url,
            "oidc_audience": AUDIENCE,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "actor_signing_key": SIGNING_KEY,
        }
        self.issuer = issuer
        self.requests = requests or FakeRequests()
        self.clock = SettableClock()
        self.spans = InMemorySpanExporter()
        self.telemetry = Telemetry("gateway", exporter=self.spans)
        self.settings = Settings(_env_file=None, **(told | settings))
        self.gateway = build(self.settings, self.clock, self.telemetry, self.requests)
        self.document = document(self.gateway.app)

    async def __aenter__(self) -> "Door":
        await self.gateway.start()
        if isinstance(self.requests, FakeRequests):
            self.hear(RightsHeartbeat(as_of=self.clock.now()))
        self.client = aiohttp.ClientSession(f"http://127.0.0.1:{self.gateway.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.gateway.stop()

    def hear(self, news: Message) -> None:
        """Tells the gateway news of rights, as its queue would."""
        body = news.model_dump_json()
        if isinstance(news, RightsChanged):
            body = Envelope(
                id=(id := uuid4()),
                source="/koto/access",
                type=news.TYPE,
                subject=news.user_number,
                time=self.clock.now(),
                dataschema=schema_urn(news.TYPE),
                subjectsequence=1,
                factid=id,
                correlationid="c",
                causationid="c",
                actor="koto/access",
                data=json.loads(body),
            ).model_dump_json()
        self.gateway.app.state.rights.hear(SimpleNamespace(routing_key=news.TYPE, body=body.encode()))

    def rights_changed(self, user: str) -> None:
        """Tells the gateway that the user's rights are not what they were."""
        self.hear(RightsChanged(user_number=uuid4(), user=user))

    def forget(self) -> None:
        """Makes it as if nothing had been asked yet."""
        self.requests.asked.clear()
        self.requests.asked_by_itself.clear()
        self.requests.access_answers = True
        self.requests.fails_by = None
        self.clock.ahead = timedelta()
        self.issuer.tokens_answer = None
        self.issuer.redeemed = 0
        self.telemetry.flush()
        self.spans.clear()

    async def send(
        self, method: str, path: str, *, token: str | None = "", headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """Sends as a new user with a good token, unless told otherwise; fails when the status is not documented."""
        given = {} if token is None else {"Authorization": f"Bearer {token or self.issuer.token()}"}
        async with self.client.request(method, path, headers=given | (headers or {}), **more) as response:
            answer = Answer(response.status, response.headers, await response.read())
        if operation := self._operation(method, path):
            assert str(answer.status) in operation["responses"], f"{answer.status} of {method} {path} is undocumented"
        return answer

    async def open(self, body: Any = None, **more: Any) -> Answer:
        """Opens a customer: with everything right unless told otherwise."""
        headers = {"Idempotency-Key": "k1"} | more.pop("headers", {})
        return await self.send("POST", f"{API}/customers", json=body or opening(), headers=headers, **more)

    async def change(self, body: Any = None, *, headers: dict[str, str | None] | None = None, **more: Any) -> Answer:
        """Changes the customer: with everything right unless told otherwise; a header of None is left out."""
        usual: dict[str, str | None] = {"Idempotency-Key": "k1", "If-Match": '"3"'}
        sent = {name: value for name, value in (usual | (headers or {})).items() if value is not None}
        body = {"changes": {"service_language": "en"}} if body is None else body
        return await self.send("PATCH", f"{API}/customers/{CUSTOMER_ID}", json=body, headers=sent, **more)

    def _operation(self, method: str, path: str) -> Any:
        path = path.partition("?")[0]
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"{(group|edition)}", r"\\w+", re.sub(r"{\w+_id}", "[0-9a-f-]{36}", template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return operations[method.lower()]
        return None


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def opening(**person: Any) -> dict[str, Any]:
    """A body that opens a customer."""
    name = {"family": "Esimerkki", "given": "Aamu"}
    return {"person": {"name": name, "date_of_birth": "1994-05-01", **person}, "arrival": "moved"}
