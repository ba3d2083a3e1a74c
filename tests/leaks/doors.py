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
from contracts.access.usage_log import FindSearches, FindUsageByUser, FindUsageOfCustomer, GetOwnUsage
from contracts.assessment import GetCustomerAssessments
from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    EraseCustomer,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
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
    Consent,
    GetTransfer,
    GetTransferForPartner,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    RequestTransferForPartner,
    WithdrawTransfer,
)
from contracts.envelope import Request
from contracts.handshake import Responsible
from tests.leaks.people import DEPUTY, ELSEWHERE, HERE, HOLDS, LOOKS, PARTY, Planted, unborn
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

    @property
    def service(self) -> str:
        return self.request.owner()

    @property
    def operation(self) -> str:
        """The operation of the HTTP API that asks it, where there is one: it has the request's name."""
        return self.request.TYPE.split(".")[1]

    @property
    def tells(self) -> Collection[str]:
        """The names of fields in the reply's schema."""
        return _told_by(self.request)

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


def _opening(code: Callable[[Planted], str | None]) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        person = {
            "name": {"family": "Esimerkki", "given": "Aamu"},
            "date_of_birth": planted.day if code(planted) else date(1990, 1, 1),
            "personal_identity_code": code(planted),
        }
        return OpenCustomer(person=Person.model_validate(person), arrival="moved")

    return ask


def _code(planted: Planted) -> str:
    return planted.code


def _emergency(planted: Planted) -> Request[Any]:
    return FindForEmergency.model_validate({"personal_identity_code": planted.code, "reason": "Found unconscious"})


def _provider(_: Planted) -> Request[Any]:
    return AddProvider(code="0245437-2", name="Palvelu", contract_ends_on=now().date() + timedelta(days=9))


def _giving(_: Planted) -> Request[Any]:
    ground = GrantGround(kind="employment")
    return GiveGrant(user=DEPUTY, role="advisor", task="guidance", ground=ground)


_CONSENT = Consent(given_on=date(2026, 1, 2), given_by="writing")
_THEIRS: dict[str, Any] = {"of_organisation": True}

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
        lambda it: GetTransferForPartner(partner=PARTY, transfer_id=it.transfer_id),
        **_THEIRS,
    ),
    Door(
        "answer a transfer, for a partner",
        AnswerTransferForPartner,
        lambda it: AnswerTransferForPartner(partner=PARTY, transfer_id=it.transfer_id, act="withdraw"),
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
    Door("find for an emergency", FindForEmergency, _emergency, names_code=True),
    Door(
        "find the own record",
        FindOwnRecord,
        lambda it: FindOwnRecord(personal_identity_code=it.code),
        names_code=True,
    ),
    Door("assessments", GetCustomerAssessments, lambda it: GetCustomerAssessments(customer_id=it.customer_id)),
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
