"""Every way to ask: each request contract with the ways it can be put, and the operations of the HTTP API.

`test_coverage.py` compares this with the contracts and the OpenAPI document: what is missing here fails there.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
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
from contracts.assessment.cases import (
    ConcludeAssessment,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    StartAssessment,
)
from contracts.assessment.county_sections import (
    ContributeForPartner,
    Contribution,
    CountyWriting,
    GetCountySection,
    WriteCountySection,
)
from contracts.assessment.documents import GetAssessmentForDocument
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import CancelMeasure, MeasureReport, OrderMeasure, ReportMeasure
from contracts.assessment.measures_for_partners import GetMeasureForPartner, ReportMeasureForPartner
from contracts.assessment.participations import (
    AnswerParticipationForPartner,
    GetParticipation,
    GetParticipationForPartner,
    GoOnWithoutContribution,
    ListParticipations,
    ParticipationPreview,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.assessment.state import GetCustomerAssessments
from contracts.assessment.topics import GetTopicHistory, WriteTopic
from contracts.customer.background import (
    ChangeBackground,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
    Group,
)
from contracts.customer.contacts import GetContact, ListContacts, ReceiveContact, ResolveContact, SetReceivingParty
from contracts.customer.disclosures import GetPersonForPartner
from contracts.customer.duplicates import (
    DecideDuplicate,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    UndoMerge,
)
from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    FamilyRelationChanges,
    GetFamily,
    RecordFamilyRelation,
    Relative,
)
from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.operations import AssignCustomers, GetOperation, ListCustomers, UndoOperation
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachRow,
    ReceiveOutreachTargets,
    RecordOutreachAttempt,
)
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    GetNameForDocument,
    OpenCustomer,
    Person,
    PersonChanges,
)
from contracts.customer.search import FindForEmergency, FindOwnRecord, SearchCustomers
from contracts.customer.transfers import (
    AcceptTransfer,
    AnswerTransferForPartner,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    GetTransferForPartner,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    RequestTransferForPartner,
    TransferConsent,
    WithdrawTransfer,
)
from contracts.envelope import Request
from contracts.handshake import Responsible
from contracts.plan.documents import GetPlanForDocument
from contracts.plan.due_dates import (
    DueDateSettings,
    GetCustomerDueDates,
    GetDueDateSettings,
    ListDue,
    SetDueDateSettings,
)
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    ReviewPlan,
)
from contracts.plan.plans import (
    ApprovePlan,
    DraftPlan,
    DropPlan,
    EndPlan,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    GiveGuardianConsent,
    ListCustomerPlans,
    OfferPlan,
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
    ServiceContent,
    ServiceProvider,
)
from contracts.plan.referrals import (
    AnswerReferral,
    AnswerReferralForPartner,
    Completion,
    GetReferral,
    GetReferralForProvider,
    ListPlanReferrals,
    RecordCompletion,
    RecordCompletionForPartner,
    ReferralAnswer,
    ReferToService,
    WithdrawCompletion,
)
from contracts.records.documents import GetDocument, GetDocumentContent, ListDocuments
from contracts.types import PersonName
from tests.leaks.people import (
    AUTHORITY,
    DEPUTY,
    ELSEWHERE,
    HELD,
    HERE,
    HOLDS,
    LOOKS,
    OTHER_CONTENTS,
    OWN_COUNTY,
    PROVIDER,
    Planted,
    contact,
    unborn,
)
from tests.support import now

NOBODY = 30
"""The number of somebody who is on no record."""


@dataclass(frozen=True)
class Door:
    """One way to put a request that concerns one person."""

    name: str
    request: type[Request[Any]]
    ask: Callable[[Planted], Request[Any]]
    fields: tuple[str, ...] = ()
    """Fields of the person that are used besides what the contract says: what may not be seen may not be used."""
    exists_by: str = ""
    """The data group by which the person exists for the asker, where it is not the request's first."""
    names_code: bool = False
    """Whether a whole identity code is named: then it may be told that somebody has it."""
    refuses: bool = False
    """Whether even those who may are refused, for a reason of the domain's."""
    is_about_somebody_new: bool = False
    """Whether it makes a customer: one that no right names."""
    of_organisation: bool = False
    """Whether it is about an organisation's own affairs and not about one customer: relation `none`."""
    is_partial: bool = False
    """Whether what is asked for is less than what the reply's schema can hold."""
    data: tuple[str, ...] = ()
    """The data groups that it can tell of, where they are fewer than the contract's."""
    shows_others: bool = False
    """Whether others are shown beside the person: a code may be theirs."""

    @property
    def service(self) -> str:
        return self.request.owner()

    @property
    def operation(self) -> str:
        """The operation of the HTTP API that asks it, where there is one: it has the request's name."""
        return self.request.TYPE.split(".")[1]

    @property
    def of_background(self) -> bool:
        return "background" in self.operation

    @property
    def tells(self) -> Collection[str]:
        """The names of fields in the reply's schema."""
        return _told_by(self.request)

    def can_tell(self, groups: Collection[str]) -> bool:
        """Whether it is about all of these data groups, protected or not."""
        plain = {"protected_contact": "contact", "trafficking": "residence_permit"}
        return {plain.get(group, group) for group in groups} <= set(self.data or self.request.DATA)

    @property
    def tells_past(self) -> bool:
        """Whether the reply holds old values, in whatever shape they had."""
        return "previous" in self.tells


@cache
def _told_by(request: type[Request[Any]]) -> frozenset[str]:
    return frozenset(_properties(request.REPLY.model_json_schema()))


def _properties(schema: Any) -> Iterator[str]:
    for key, value in schema.items() if isinstance(schema, dict) else ():
        if key == "properties":
            yield from value
        yield from _properties(value)


def _change(to: Callable[[Planted], dict[str, Any]], *, outdated: bool = False) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        return ChangeCustomer(
            customer_id=planted.customer_id,
            expected_version=1 if outdated else planted.version,
            changes=PersonChanges.model_validate(to(planted)),
        )

    return ask


def _search(**by: Callable[[Planted], Any]) -> Callable[[Planted], Request[Any]]:
    return lambda planted: SearchCustomers.model_validate({name: of(planted) for name, of in by.items()})


def _stranger(**more: Any) -> Request[Any]:
    name = {"family": "Esimerkki", "given": "Aamu"}
    return FindDuplicates.model_validate({"name": name, "date_of_birth": date(1900, 3, 4), **more})


def _duplicates(more: Callable[[Planted], dict[str, Any]]) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        given, family = planted.name.split()
        told = {"name": {"family": family, "given": given}, "date_of_birth": planted.day} | more(planted)
        return FindDuplicates.model_validate(told)

    return ask


def _opening(code: Callable[[Planted], str | None]) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        person = {
            "name": {"family": "Esimerkki", "given": "Aamu"},
            "date_of_birth": planted.day if code(planted) else date(1990, 1, 1),
            "personal_identity_code": code(planted),
        }
        return OpenCustomer(person=Person.model_validate(person), arrival="moved")

    return ask


def _resolving(**how: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        return ResolveContact.model_validate({"contact_id": planted.contact_id, "expected_version": 1, **how})

    return ask


def _somebody(code: str, day: date) -> dict[str, Any]:
    name = {"family": "Esimerkki", "given": "Aamu"}
    return {"name": name, "date_of_birth": day, "personal_identity_code": code}


def _code(planted: Planted) -> str:
    return planted.code


def _background(group: Group, data: str) -> tuple[Door, ...]:
    """The doors to one group: reading it, its history, and changing what was planted there."""
    of_group: dict[str, Any] = {"fields": (group,), "data": (data,)}

    def change(planted: Planted, version: int) -> Request[Any]:
        told = {"customer_id": planted.customer_id, "expected_version": version, "content": OTHER_CONTENTS[group]}
        return ChangeBackground.model_validate(told)

    return (
        Door(
            f"{group} of the background",
            GetBackgroundGroup,
            lambda it: GetBackgroundGroup(customer_id=it.customer_id, group=group),
            **of_group,
        ),
        Door(
            f"history of {group}",
            GetBackgroundHistory,
            lambda it: GetBackgroundHistory(customer_id=it.customer_id, group=group),
            **of_group,
        ),
        Door(
            f"change {group}", ChangeBackground, lambda it: change(it, it.background_versions.get(group, 0)), **of_group
        ),
        Door(
            f"change {group}, which was changed", ChangeBackground, lambda it: change(it, 0), refuses=True, **of_group
        ),
    )


def _emergency(planted: Planted) -> Request[Any]:
    return FindForEmergency.model_validate({"personal_identity_code": planted.code, "reason": "Found unconscious"})


def _provider(_: Planted) -> Request[Any]:
    return AddProvider(code="0245437-2", name="Palvelu", contract_ends_on=now().date() + timedelta(days=9))


def _giving(_: Planted) -> Request[Any]:
    ground = GrantGround(kind="employment")
    return GiveGrant(user=DEPUTY, role="advisor", task="guidance", ground=ground)


def _change_relation(to: dict[str, Any]) -> Callable[[Planted], Request[Any]]:
    changes = FamilyRelationChanges.model_validate(to)
    return lambda it: ChangeFamilyRelation(relation_id=it.relation_id, expected_version=1, changes=changes)


_SOMEBODY = Relative(name=PersonName(family="Esimerkki", given="Ilta"))


_CONSENT = TransferConsent(given_on=date(2026, 1, 2), given_by="writing")
_THEIRS: dict[str, Any] = {"of_organisation": True}

_LIST: dict[str, Any] = {"of_organisation": True, "refuses": True}
"""What a file as a whole goes through: the request alone finds no import that takes rows."""


_COURSE = ServiceContent(
    kind="language_course",
    name=NameInLanguages(fi="Suomen kielen kurssi"),
    provider=ServiceProvider(name="Esimerkkiopisto"),
    valid_from=date(2026, 1, 1),
)

_BEGUN = ReferralAnswer(answer="taken_up", on=date(2026, 1, 2))
_DONE = Completion(kind="service", outcome="completed", ends_on=date(2026, 1, 2))


def _of_target(request: type[Request[Any]], protected: bool = False, **more: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        target_id = planted.protected_target_id if protected else planted.target_id
        return request.model_validate({"target_id": target_id or uuid4(), **more})

    return ask


def _customers_assessments(request: type[Request[Any]]) -> Callable[[Planted], Request[Any]]:
    return lambda it: request.model_validate({"customer_id": it.customer_id})


def _of_assessment(request: type[Request[Any]], **more: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        version = {"expected_version": planted.assessment_version}
        return request.model_validate({"assessment_id": planted.assessment_id, **version, **more})

    return ask


def _of_participation(request: type[Request[Any]], **more: Any) -> Callable[[Planted], Request[Any]]:
    told = {"expected_version": 4, **more}
    return lambda it: request.model_validate({"participation_id": it.participation_id, **told})


def _of_plan(request: type[Request[Any]], *, versioned: bool = False, **more: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        version = {"expected_version": planted.plan_version} if versioned else {}
        return request.model_validate({"plan_id": planted.plan_id, **version, **more})

    return ask


def _topic(topic: str, data: str) -> tuple[Door, ...]:
    """The doors to one topic of an assessment: its history, and writing it anew or too late."""

    def write(version: int) -> Callable[[Planted], Request[Any]]:
        told = {"topic": topic, "expected_version": version, "content": {"text": "Otherwise."}}
        return lambda it: WriteTopic.model_validate({"assessment_id": it.assessment_id, **told})

    of_topic: dict[str, Any] = {"exists_by": data, "data": (data,), "fields": (topic,)}
    return (
        Door(
            f"history of the topic {topic}",
            GetTopicHistory,
            lambda it: GetTopicHistory(assessment_id=it.assessment_id, topic=topic),
            **of_topic,
        ),
        Door(f"write the topic {topic}", WriteTopic, write(1), **of_topic),
        Door(f"write the topic {topic}, which was written", WriteTopic, write(0), refuses=True, **of_topic),
    )


_CONTRIBUTION = Contribution(
    sections=(CountyWriting(topic="health_and_social_needs", text="So."),),
    written_by="Aino Virkanen",
    written_on=date(2026, 1, 2),
)
_REVIEW = {
    "reason": "half_year",
    "reviewed_on": date(2026, 1, 2),
    "participation": "x",
    "progress": "x",
    "next_review_on": date(2026, 6, 2),
}
_EXTENSION = {"ground": "home_care_part_time", "months": 6, "reason": "x"}
_APPROVAL = {
    "party": "customer",
    "language": "fi",
    "sha256": "a" * 64,
    "how": "in_person",
    "approved_on": date(2026, 1, 2),
}
_ENDING = {"reason": "employed", "ended_on": date(2026, 1, 2), "follow_on": {"plan": "none"}}
_NOT_IN_FORCE: dict[str, Any] = {"refuses": True}
"""What was planted is a draft."""


DOORS = (
    Door("read", GetCustomer, lambda it: GetCustomer(customer_id=it.customer_id)),
    Door("history", GetCustomerHistory, lambda it: GetCustomerHistory(customer_id=it.customer_id)),
    Door(
        "history, a page of it",
        GetCustomerHistory,
        lambda it: GetCustomerHistory(customer_id=it.customer_id, limit=1),
        is_partial=True,
    ),
    Door("cards", GetCustomerCards, lambda it: GetCustomerCards(customer_ids=(it.customer_id, uuid4()))),
    Door("change a language", ChangeCustomer, _change(lambda _: {"mother_tongue": "so"}), ("mother_tongue",)),
    Door("change contact details", ChangeCustomer, _change(lambda _: {"contact": None}), ("contact",)),
    Door(
        "change a permit",
        ChangeCustomer,
        _change(lambda _: {"first_residence_permit": None}),
        ("first_residence_permit",),
    ),
    Door(
        "change to what it is",
        ChangeCustomer,
        _change(lambda it: {"contact": {"phone": it.phone}}),
        ("contact",),
    ),
    Door(
        "change what was changed",
        ChangeCustomer,
        _change(lambda _: {"mother_tongue": "so"}, outdated=True),
        ("mother_tongue",),
        refuses=True,
    ),
    Door(
        "lift the non-disclosure",
        ChangeCustomer,
        _change(lambda _: {"safety_non_disclosure": False}),
        ("safety_non_disclosure",),
    ),
    Door(
        "take another's code",
        ChangeCustomer,
        _change(lambda _: {"personal_identity_code": unborn(NOBODY).code}),
        ("personal_identity_code",),
        refuses=True,  # it states another date of birth
    ),
    Door(
        "close",
        CloseCustomer,
        lambda it: CloseCustomer(
            customer_id=it.customer_id,
            expected_version=it.version,
            reason="moved_away",
            acknowledged=it.open_matters,
        ),
    ),
    Door("open matters", GetOpenMatters, lambda it: GetOpenMatters(customer_id=it.customer_id)),
    Door(
        "transfer",
        GetTransfer,
        lambda it: GetTransfer(transfer_id=it.transfer_id),
        is_partial=True,  # no preview any more, and nobody was named as responsible
    ),
    Door("transfers", ListTransfers, lambda _: ListTransfers(), is_partial=True),
    Door(
        "offer a transfer",
        OfferTransfer,
        lambda it: OfferTransfer(customer_id=it.customer_id, receiver=ELSEWHERE, reason="moved", consent=_CONSENT),
        refuses=True,  # of somebody under non-disclosure, without the power
    ),
    Door(
        "ask for a transfer",
        AskForTransfer,
        lambda it: AskForTransfer(personal_identity_code=it.code, reason="moved", consent=_CONSENT),
        names_code=True,
        refuses=True,  # of the own customers
    ),
    Door(
        "accept a transfer",
        AcceptTransfer,
        lambda it: AcceptTransfer(
            transfer_id=it.transfer_id, expected_version=2, responsible=Responsible(name="Aino Virkanen")
        ),
        refuses=True,  # it was rejected, and so is all that follows
    ),
    Door(
        "reject a transfer",
        RejectTransfer,
        lambda it: RejectTransfer(transfer_id=it.transfer_id, expected_version=2, reason="not_resident"),
        refuses=True,
    ),
    Door(
        "ask more of a transfer",
        AskMoreOfTransfer,
        lambda it: AskMoreOfTransfer(transfer_id=it.transfer_id, expected_version=2, text="Why?"),
        refuses=True,
    ),
    Door(
        "reply to a transfer",
        ReplyToTransfer,
        lambda it: ReplyToTransfer(transfer_id=it.transfer_id, expected_version=2, text="So."),
        refuses=True,
    ),
    Door(
        "withdraw a transfer",
        WithdrawTransfer,
        lambda it: WithdrawTransfer(transfer_id=it.transfer_id, expected_version=2),
        refuses=True,
    ),
    Door(
        "transfer, for a partner",
        GetTransferForPartner,
        lambda it: GetTransferForPartner(partner=AUTHORITY, transfer_id=it.partner_transfer_id),
        **_THEIRS,
    ),
    Door(
        "answer a transfer, for a partner",
        AnswerTransferForPartner,
        lambda it: AnswerTransferForPartner(partner=AUTHORITY, transfer_id=it.partner_transfer_id, act="withdraw"),
        refuses=True,
        **_THEIRS,
    ),
    Door(
        "request a transfer, for a partner",
        RequestTransferForPartner,
        lambda it: RequestTransferForPartner(
            partner="area-837",
            municipality=HERE,
            reason="jobsearch_ended",
            person=Person.model_validate({"name": {"family": "E", "given": "A"}, "date_of_birth": it.day}),
        ),
        **_THEIRS,
    ),
    Door("erase", EraseCustomer, lambda it: EraseCustomer(customer_id=it.customer_id)),
    Door("search by name", SearchCustomers, _search(name=lambda it: it.name)),
    Door("search by part of a name", SearchCustomers, _search(name=lambda it: it.name[:8])),
    Door("search by day of birth", SearchCustomers, _search(date_of_birth=lambda it: it.day)),
    Door("search by phone", SearchCustomers, _search(phone=lambda it: it.phone), ("contact",)),
    Door("search by code", SearchCustomers, _search(personal_identity_code=_code)),
    Door(
        "search by code for a purpose",
        SearchCustomers,
        _search(personal_identity_code=_code, purpose=lambda _: "initial_assessment"),
        names_code=True,
    ),
    Door(
        "open somebody",
        OpenCustomer,
        _opening(lambda _: None),
        fields=("relationship",),
        is_about_somebody_new=True,
    ),
    Door("open by code", OpenCustomer, _opening(_code), names_code=True, refuses=True),
    Door("background", GetBackground, lambda it: GetBackground(customer_id=it.customer_id)),
    *_background("residence_permits", "residence_permit"),
    *_background("education", "competence"),
    *_background("goals", "life_situation"),
    *_background("benefits", "benefits"),
    *_background("health", "health"),
    Door("find duplicates by name", FindDuplicates, _duplicates(lambda _: {})),
    Door(
        "find duplicates by phone",
        FindDuplicates,
        lambda it: _stranger(phone=it.phone),
        ("contact",),
        is_partial=True,  # a number alone makes nobody a candidate
    ),
    Door("find duplicates by code", FindDuplicates, _duplicates(lambda it: {"personal_identity_code": it.code})),
    Door("suspected duplicates", ListSuspectedDuplicates, lambda _: ListSuspectedDuplicates(), is_partial=True),
    Door(
        "decide a pair",
        DecideDuplicate,
        lambda _: DecideDuplicate(pair_id=uuid4(), decision="not_same_person", why="Two sisters"),
        refuses=True,  # there is no such pair
    ),
    Door(
        "merge",
        MergeCustomers,
        lambda it: MergeCustomers(
            customer_id=it.customer_id,
            expected_version=it.version,
            duplicate_id=it.customer_id,
            duplicate_version=it.version,
            why="The same card",
        ),
        refuses=True,  # it is one record already
    ),
    Door(
        "undo a merge",
        UndoMerge,
        lambda _: UndoMerge(merge_id=uuid4(), why="Two sisters"),
        refuses=True,  # there is no such merge
    ),
    Door("find for an emergency", FindForEmergency, _emergency, names_code=True),
    Door(
        "find the own record",
        FindOwnRecord,
        lambda it: FindOwnRecord(personal_identity_code=it.code),
        names_code=True,
    ),
    Door(
        "family",
        GetFamily,
        lambda it: GetFamily(customer_id=it.customer_id),
        is_partial=True,  # its valid_until is a relation's, and no permit's
    ),
    Door(
        "record a relative",
        RecordFamilyRelation,
        lambda it: RecordFamilyRelation(customer_id=it.customer_id, kind="other", relative=_SOMEBODY),
    ),
    Door(
        "join a household",
        RecordFamilyRelation,
        lambda it: RecordFamilyRelation(customer_id=uuid4(), kind="other", relative_id=it.customer_id),
        refuses=True,  # of nobody who is there
    ),
    Door("change a relation", ChangeFamilyRelation, _change_relation({"same_household": True})),
    Door(
        "change who a relative is",
        ChangeFamilyRelation,
        _change_relation({"relative": _SOMEBODY}),
        fields=("contact",),  # protected as they are
    ),
    Door(
        "end a relation",
        EndFamilyRelation,
        lambda it: EndFamilyRelation(relation_id=it.relation_id, expected_version=1),
    ),
    Door("take up a contact", ReceiveContact, lambda _: contact(HERE, NOBODY), **_THEIRS),
    Door("contacts", ListContacts, lambda _: ListContacts(), is_partial=True, **_THEIRS),
    Door("contact", GetContact, lambda it: GetContact(contact_id=it.contact_id), **_THEIRS),
    Door("close a contact", ResolveContact, _resolving(outcome="closed", reason="no_need"), **_THEIRS),
    Door("pass a contact on", ResolveContact, _resolving(outcome="passed_on", municipality="091"), **_THEIRS),
    Door("open a contact", ResolveContact, _resolving(outcome="opened"), **_THEIRS),
    Door(
        "open a contact as somebody known",
        ResolveContact,
        lambda it: _resolving(outcome="opened", person=_somebody(it.code, it.day))(it),
        exists_by="identity",
        names_code=True,
        refuses=True,
    ),
    Door(
        "attach a contact",
        ResolveContact,
        lambda it: _resolving(outcome="attached", customer_id=it.customer_id)(it),
        exists_by="identity",
        refuses=True,  # where the right is for certain customers: it covers no contacts
    ),
    Door("name a receiving party", SetReceivingParty, lambda _: SetReceivingParty(unit="Alkuneuvonta"), **_THEIRS),
    Door("list", ListCustomers, lambda _: ListCustomers(), is_partial=True, shows_others=True),
    Door("assign", AssignCustomers, lambda it: AssignCustomers(customer_ids=(it.customer_id,), responsible=uuid4())),
    Door(
        "progress of an operation",
        GetOperation,
        lambda it: GetOperation(operation_id=it.operation_id or uuid4()),
        is_partial=True,
        **_THEIRS,
    ),
    Door("undo an import", UndoOperation, lambda it: UndoOperation(operation_id=it.operation_id or uuid4()), **_THEIRS),
    Door("import a list", BeginOutreachImport, lambda _: BeginOutreachImport(source="benefit_institution"), **_LIST),
    Door(
        "add to a list",
        AddOutreachRows,
        lambda it: AddOutreachRows(operation_id=it.operation_id or uuid4(), first_row=1, rows=(OutreachRow(),)),
        **_LIST,
    ),
    Door(
        "finish a list",
        FinishOutreachImport,
        lambda it: FinishOutreachImport(operation_id=it.operation_id or uuid4(), rows=1),
        **_LIST,
    ),
    Door(
        "send a list",
        ReceiveOutreachTargets,
        lambda _: ReceiveOutreachTargets(municipality="837", source="benefit_institution", rows=(OutreachRow(),)),
        **_LIST,
    ),
    Door("people to be reached", ListOutreachTargets, lambda _: ListOutreachTargets(), is_partial=True, **_THEIRS),
    Door("somebody to be reached", GetOutreachTarget, _of_target(GetOutreachTarget), is_partial=True, **_THEIRS),
    Door(
        "somebody to be reached, on a protected ground",
        GetOutreachTarget,
        _of_target(GetOutreachTarget, protected=True),
        refuses=True,  # those without the power
        **_THEIRS,
    ),
    Door(
        "record an attempt",
        RecordOutreachAttempt,
        _of_target(RecordOutreachAttempt, channel="phone", outcome="reached"),
        **_THEIRS,
    ),
    Door("open from outreach", OpenFromOutreach, _of_target(OpenFromOutreach), **_THEIRS),
    Door(
        "assessment, for a document",
        GetAssessmentForDocument,
        lambda it: GetAssessmentForDocument(assessment_id=it.assessment_id),
        refuses=True,  # it is not concluded
        **_THEIRS,
    ),
    Door(
        "name for a document",
        GetNameForDocument,
        lambda it: GetNameForDocument(customer_id=it.customer_id),
        **_THEIRS,
    ),
    Door("documents", ListDocuments, lambda it: ListDocuments(customer_id=it.customer_id)),
    Door("document", GetDocument, lambda it: GetDocument(document_id=it.document_id)),
    Door("document's bytes", GetDocumentContent, lambda it: GetDocumentContent(document_id=it.document_id)),
    Door("assessments, as once told", GetCustomerAssessments, _customers_assessments(GetCustomerAssessments)),
    Door("assessments", GetAssessmentsOfCustomer, _customers_assessments(GetAssessmentsOfCustomer)),
    Door("assessment", GetAssessment, lambda it: GetAssessment(assessment_id=it.assessment_id)),
    Door(
        "start an assessment",
        StartAssessment,
        lambda it: StartAssessment(customer_id=it.customer_id, asked_on=date(2026, 1, 2), why="Asks for it"),
        refuses=True,  # one is open
    ),
    Door(
        "plan an interview",
        PlanInterview,
        _of_assessment(
            PlanInterview,
            appointment={
                "starts_at": "2100-01-01T09:00:00Z",
                "place": "office",
                "language": "fi",
                "interpreter": {"needed": False},
            },
        ),
    ),
    Door(
        "miss an interview",
        RecordMissedInterview,
        _of_assessment(RecordMissedInterview),
        refuses=True,  # none is planned
    ),
    Door("hold an interview", BeginInterview, _of_assessment(BeginInterview, interview=HELD)),
    Door(
        "acknowledge duties",
        AcknowledgeDuties,
        _of_assessment(
            AcknowledgeDuties,
            duties=[{"duty": "personal_data", "told_on": date(2026, 1, 2), "made_sure": "told_back"}],
        ),
    ),
    Door(
        "conclude an assessment",
        ConcludeAssessment,
        _of_assessment(ConcludeAssessment, conclusion={"result": "plan_needed"}),
        refuses=True,  # topics are left
    ),
    Door(
        "drop an assessment",
        DropAssessment,
        _of_assessment(DropAssessment, drop={"ground": "other", "reason": "A mistake"}),
    ),
    *_topic("literacy", "assessment"),
    *_topic("health_and_social_needs", "county_section"),
    Door(
        "order a measure",
        OrderMeasure,
        lambda it: OrderMeasure.model_validate(
            {
                "assessment_id": it.assessment_id,
                "order": {"measure": "literacy", "provider": "own", "due_on": date(2100, 1, 1)},
            }
        ),
    ),
    Door(
        "report a measure",
        ReportMeasure,
        lambda it: ReportMeasure(
            measure_id=it.measure_id,
            report=MeasureReport(result="A1", done_on=date(2026, 1, 2), done_by="Somebody"),
        ),
    ),
    Door("cancel a measure", CancelMeasure, lambda it: CancelMeasure(measure_id=it.measure_id, reason="Not needed")),
    Door(
        "measure, for a partner",
        GetMeasureForPartner,
        lambda it: GetMeasureForPartner(partner=PROVIDER, measure_id=it.measure_id),
        **_THEIRS,
    ),
    Door(
        "report a measure, for a partner",
        ReportMeasureForPartner,
        lambda it: ReportMeasureForPartner(
            partner=PROVIDER,
            measure_id=it.measure_id,
            report=MeasureReport(result="A1", done_on=date(2026, 1, 2), done_by="Somebody"),
        ),
        **_THEIRS,
    ),
    Door("participation", GetParticipation, lambda it: GetParticipation(participation_id=it.participation_id)),
    Door("participations", ListParticipations, lambda _: ListParticipations(), is_partial=True),
    Door(
        "request a participation",
        RequestParticipation,
        lambda it: RequestParticipation(
            assessment_id=it.assessment_id,
            way="in_writing",
            preview=ParticipationPreview(topics=("health_and_social_needs",)),
        ),
        refuses=True,  # the county takes part already, and so is all that follows
    ),
    Door(
        "reply to a participation",
        ReplyToParticipation,
        _of_participation(ReplyToParticipation, text="So."),
        refuses=True,
    ),
    Door("withdraw a participation", WithdrawParticipation, _of_participation(WithdrawParticipation), refuses=True),
    Door(
        "record the answer of a county",
        RecordParticipationAnswer,
        _of_participation(
            RecordParticipationAnswer, act="reject", reason="later", channel="phone", answered_on=date(2026, 1, 2)
        ),
        refuses=True,
    ),
    Door(
        "go on without a contribution",
        GoOnWithoutContribution,
        _of_participation(GoOnWithoutContribution, reason="Nothing was found."),
    ),
    Door(
        "participation, for a partner",
        GetParticipationForPartner,
        lambda it: GetParticipationForPartner(partner=OWN_COUNTY, participation_id=it.participation_id),
        **_THEIRS,
    ),
    Door(
        "answer a participation, for a partner",
        AnswerParticipationForPartner,
        lambda it: AnswerParticipationForPartner(
            partner=OWN_COUNTY, participation_id=it.participation_id, act="reject", reason="later"
        ),
        refuses=True,
        **_THEIRS,
    ),
    Door("county's section", GetCountySection, lambda it: GetCountySection(assessment_id=it.assessment_id)),
    Door(
        "write the county's section",
        WriteCountySection,
        lambda it: WriteCountySection(assessment_id=it.assessment_id, contribution=_CONTRIBUTION, channel="letter"),
    ),
    Door(
        "contribute, for a partner",
        ContributeForPartner,
        lambda it: ContributeForPartner(
            partner=OWN_COUNTY, participation_id=it.participation_id, contribution=_CONTRIBUTION
        ),
        **_THEIRS,
    ),
    Door(
        "person, for a partner",
        GetPersonForPartner,
        lambda it: GetPersonForPartner(partner=OWN_COUNTY, municipality=HERE, customer_id=it.customer_id),
        **_THEIRS,
    ),
    Door(
        "refer",
        ReferToService,
        _of_plan(ReferToService, line_id=uuid4(), provider=_COURSE.provider, referred_on=date(2026, 1, 2)),
        **_NOT_IN_FORCE,
    ),
    Door(
        "answer a referral",
        AnswerReferral,
        lambda it: AnswerReferral(referral_id=it.referral_id, expected_version=1, answer=_BEGUN),
    ),
    Door(
        "answer a referral that was changed",
        AnswerReferral,
        lambda it: AnswerReferral(referral_id=it.referral_id, expected_version=2, answer=_BEGUN),
        refuses=True,
    ),
    Door(
        "record a completion",
        RecordCompletion,
        lambda it: RecordCompletion(referral_id=it.referral_id, expected_version=1, completion=_DONE),
    ),
    Door(
        "withdraw a completion",
        WithdrawCompletion,
        lambda it: WithdrawCompletion(
            referral_id=it.referral_id, expected_version=1, completion_id=it.completion_id, why="Another course"
        ),
    ),
    Door("referral", GetReferral, lambda it: GetReferral(referral_id=it.referral_id)),
    Door("referrals", ListPlanReferrals, _of_plan(ListPlanReferrals)),
    Door(
        "referral for its provider",
        GetReferralForProvider,
        lambda _: GetReferralForProvider(partner="school", referral_id=uuid4()),
        refuses=True,
        **_THEIRS,
    ),
    Door(
        "answer of a provider",
        AnswerReferralForPartner,
        lambda _: AnswerReferralForPartner(partner="school", referral_id=uuid4(), answer=_BEGUN),
        refuses=True,
        **_THEIRS,
    ),
    Door(
        "completion told by a provider",
        RecordCompletionForPartner,
        lambda _: RecordCompletionForPartner(partner="school", referral_id=uuid4(), completion=_DONE),
        refuses=True,
        **_THEIRS,
    ),
    Door("add a service", AddProgrammeService, lambda _: AddProgrammeService(service=_COURSE), **_THEIRS),
    Door(
        "change a service",
        ChangeProgrammeService,
        lambda _: ChangeProgrammeService(service_id=uuid4(), expected_version=1, service=_COURSE),
        refuses=True,
        **_THEIRS,
    ),
    Door("service", GetProgrammeService, lambda _: GetProgrammeService(service_id=uuid4()), refuses=True, **_THEIRS),
    Door("programme", ListProgramme, lambda _: ListProgramme(), is_partial=True, **_THEIRS),
    Door("import a programme", ImportProgramme, lambda _: ImportProgramme(rows=()), **_THEIRS),
    Door("plan", GetPlan, _of_plan(GetPlan)),
    Door("edition of a plan", GetPlanEdition, _of_plan(GetPlanEdition, edition=1)),
    Door("history of a plan", GetPlanHistory, _of_plan(GetPlanHistory), is_partial=True),  # of the draft's acts alone
    Door(
        "differences of a plan",
        GetPlanDifferences,
        _of_plan(GetPlanDifferences, before=1, after=1),
        is_partial=True,  # none
    ),
    Door("plans", ListCustomerPlans, lambda it: ListCustomerPlans(customer_id=it.customer_id)),
    Door(
        "draft a plan",
        DraftPlan,
        lambda it: DraftPlan(customer_id=it.customer_id),
        refuses=True,  # there is one already
    ),
    Door("write a plan", WritePlan, _of_plan(WritePlan, versioned=True, content={"follow_up": "Weekly"})),
    Door("write a plan that was changed", WritePlan, _of_plan(WritePlan, expected_version=1, content={}), refuses=True),
    Door(
        "offer a plan",
        OfferPlan,
        _of_plan(OfferPlan, versioned=True),
        refuses=True,  # it lacks much
    ),
    Door("approve a plan", ApprovePlan, _of_plan(ApprovePlan, edition=1, approval=_APPROVAL), refuses=True),
    Door("drop a plan", DropPlan, _of_plan(DropPlan, versioned=True, why="Moved")),
    Door("end a plan", EndPlan, _of_plan(EndPlan, versioned=True, **_ENDING), **_NOT_IN_FORCE),
    Door(
        "give a consent",
        GiveGuardianConsent,
        _of_plan(GiveGuardianConsent, versioned=True, consent={"given_on": date(2026, 1, 2), "given_by": "Aamu"}),
        refuses=True,  # it is no family's plan
    ),
    Door(
        "withdraw a consent",
        WithdrawGuardianConsent,
        _of_plan(WithdrawGuardianConsent, versioned=True, consent_id=uuid4(), withdrawn_on=date(2026, 1, 2)),
        refuses=True,  # it is no family's plan
    ),
    Door("review a plan", ReviewPlan, _of_plan(ReviewPlan, versioned=True, review=_REVIEW), **_NOT_IN_FORCE),
    Door("extend a plan", ExtendPlan, _of_plan(ExtendPlan, versioned=True, extension=_EXTENSION), **_NOT_IN_FORCE),
    Door(
        "record a hindrance",
        RecordHindrance,
        _of_plan(RecordHindrance, hindrance={"ground": "illness", "first": date(2026, 1, 2)}),
        **_NOT_IN_FORCE,
    ),
    Door(
        "end a hindrance",
        EndHindrance,
        _of_plan(EndHindrance, hindrance_id=uuid4(), last=date(2026, 1, 2)),
        **_NOT_IN_FORCE,
    ),
    Door(
        "follow a goal",
        RecordFollowUp,
        _of_plan(
            RecordFollowUp, follow_up={"goal_id": uuid4(), "followed_on": date(2026, 1, 2), "progress": "reached"}
        ),
        **_NOT_IN_FORCE,
    ),
    Door(
        "record a neglect",
        RecordNeglect,
        _of_plan(RecordNeglect, neglect={"happened_on": date(2026, 1, 2), "fact": "Was absent"}),
        **_NOT_IN_FORCE,
    ),
    Door(
        "plan for a document",
        GetPlanForDocument,
        _of_plan(GetPlanForDocument, edition=1),
        refuses=True,  # it was not offered
        **_THEIRS,
    ),
    Door(
        "log of a customer", FindUsageOfCustomer, lambda it: FindUsageOfCustomer(customer_id=it.customer_id), **_THEIRS
    ),
    Door("log of a user", FindUsageByUser, lambda _: FindUsageByUser(user=LOOKS), **_THEIRS),
    Door("log of searches", FindSearches, lambda it: FindSearches(name=it.name), is_partial=True, **_THEIRS),
    Door("own log", GetOwnUsage, lambda _: GetOwnUsage()),
    Door("anomaly", GetAnomaly, lambda _: GetAnomaly(anomaly_id=uuid4()), refuses=True, **_THEIRS),
    Door("anomalies", FindAnomalies, lambda _: FindAnomalies(), is_partial=True, **_THEIRS),
    Door(
        "close an anomaly",
        CloseAnomaly,
        lambda _: CloseAnomaly(anomaly_id=uuid4(), expected_version=1, outcome="justified", why="Asked the user"),
        refuses=True,
        **_THEIRS,
    ),
    Door("watch", WatchCustomer, lambda it: WatchCustomer(customer_id=it.customer_id, watched=True), **_THEIRS),
    Door("organisations", ListOrganisations, lambda _: ListOrganisations(), is_partial=True, **_THEIRS),
    Door("add a provider", AddProvider, _provider, **_THEIRS),
    Door(
        "add an area",
        AddEmploymentArea,
        lambda _: AddEmploymentArea(name_fi="Alue", name_sv="Område", members=("837",)),
        **_THEIRS,
    ),
    Door("teams", ListTeams, lambda _: ListTeams(), **_THEIRS),
    Door("add a team", AddTeam, lambda _: AddTeam(name="Itä", members=()), **_THEIRS),
    Door(
        "change a team",
        ChangeTeam,
        lambda _: ChangeTeam(team_id=uuid4(), expected_version=1, name="Itä", members=()),
        refuses=True,
        **_THEIRS,
    ),
    Door("due dates", GetCustomerDueDates, lambda it: GetCustomerDueDates(customer_id=it.customer_id)),
    Door("worklist", ListDue, lambda _: ListDue(), is_partial=True),
    Door("aims", GetDueDateSettings, lambda _: GetDueDateSettings(), **_THEIRS),
    Door(
        "set aims",
        SetDueDateSettings,
        lambda _: SetDueDateSettings(expected_version=0, settings=DueDateSettings(notice_days=9, aims=())),
        **_THEIRS,
    ),
    Door("users", ListUsers, lambda _: ListUsers(), **_THEIRS),
    Door("grants", ListGrants, lambda _: ListGrants(), **_THEIRS),
    Door("grant", GetGrant, lambda it: GetGrant(grant_id=it.grant_id), **_THEIRS),
    Door("rights of a user", GetUserRights, lambda _: GetUserRights(user=HOLDS), **_THEIRS),
    Door("note a sign-in", NoteSignIn, lambda _: NoteSignIn(user=HOLDS), **_THEIRS),
    Door("give a right", GiveGrant, _giving, **_THEIRS),
    Door(
        "appoint a deputy",
        AppointDeputy,
        lambda it: AppointDeputy(grant_id=it.grant_id, user=DEPUTY, ends_at=now() + timedelta(days=2)),
        **_THEIRS,
    ),
    Door(
        "prolong a right",
        ChangeGrantEnd,
        lambda it: ChangeGrantEnd(grant_id=it.grant_id, expected_version=1, ends_at=now() + timedelta(days=2)),
        **_THEIRS,
    ),
    Door(
        "end a right",
        EndGrant,
        lambda it: EndGrant(grant_id=it.grant_id, expected_version=1, reason="task_over"),
        **_THEIRS,
    ),
    Door("review a right", ReviewGrant, lambda it: ReviewGrant(grant_id=it.grant_id, expected_version=1), **_THEIRS),
    Door("withheld", ListWithheld, lambda _: ListWithheld(), **_THEIRS),
    Door(
        "withhold",
        WithholdCustomer,
        lambda it: WithholdCustomer(customer_id=it.customer_id, ground="family"),
        **_THEIRS,
    ),
    Door("withhold no more", ReleaseCustomer, lambda it: ReleaseCustomer(withheld_id=it.withheld_id), **_THEIRS),
    Door("notices", ListNotices, lambda _: ListNotices(), is_partial=True, **_THEIRS),
    Door("see a notice", MarkNoticeSeen, lambda _: MarkNoticeSeen(notice_id=uuid4()), refuses=True, **_THEIRS),
    Door(
        "open in an emergency",
        OpenEmergencyAccess,
        lambda it: OpenEmergencyAccess(customer_id=it.customer_id, reason="Found unconscious"),
        refuses=True,  # without a grant of one's own
    ),
)
"""Every door that there is."""

WITHOUT_CUSTOMERS = {
    "get_code_lists",
    "get_code_list",
    "get_session",
    "act",
    "sign_out",
    "sign_out_everywhere",
}
"""Operations of the HTTP API that ask no service anything of a customer: of codes, and of the user's own session."""
