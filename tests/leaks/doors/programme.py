"""Ways to the programme of services, and to referrals to them."""

from datetime import date
from uuid import uuid4

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
    WithdrawReferral,
)
from tests.leaks.doors.door import THEIRS, Door
from tests.leaks.doors.plans import NOT_IN_FORCE, of_plan

_COURSE = ServiceContent(
    kind="language_course",
    name=NameInLanguages(fi="Suomen kielen kurssi"),
    provider=ServiceProvider(name="Esimerkkiopisto"),
    valid_from=date(2026, 1, 1),
)


_BEGUN = ReferralAnswer(answer="taken_up", on=date(2026, 1, 2))


_DONE = Completion(kind="service", outcome="completed", ends_on=date(2026, 1, 2))


DOORS = (
    Door(
        "refer",
        ReferToService,
        of_plan(ReferToService, line_id=uuid4(), provider=_COURSE.provider, referred_on=date(2026, 1, 2)),
        **NOT_IN_FORCE,
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
    Door(
        "withdraw a referral that was changed",
        WithdrawReferral,
        lambda it: WithdrawReferral(referral_id=it.referral_id, expected_version=2, why="Another course"),
        refuses=True,
    ),
    Door("referral", GetReferral, lambda it: GetReferral(referral_id=it.referral_id)),
    Door("referrals", ListPlanReferrals, of_plan(ListPlanReferrals)),
    Door(
        "referral for its provider",
        GetReferralForProvider,
        lambda _: GetReferralForProvider(partner="school", referral_id=uuid4()),
        refuses=True,
        **THEIRS,
    ),
    Door(
        "answer of a provider",
        AnswerReferralForPartner,
        lambda _: AnswerReferralForPartner(partner="school", referral_id=uuid4(), answer=_BEGUN),
        refuses=True,
        **THEIRS,
    ),
    Door(
        "completion told by a provider",
        RecordCompletionForPartner,
        lambda _: RecordCompletionForPartner(partner="school", referral_id=uuid4(), completion=_DONE),
        refuses=True,
        **THEIRS,
    ),
    Door("add a service", AddProgrammeService, lambda _: AddProgrammeService(service=_COURSE), **THEIRS),
    Door(
        "change a service",
        ChangeProgrammeService,
        lambda _: ChangeProgrammeService(service_id=uuid4(), expected_version=1, service=_COURSE),
        refuses=True,
        **THEIRS,
    ),
    Door("service", GetProgrammeService, lambda _: GetProgrammeService(service_id=uuid4()), refuses=True, **THEIRS),
    Door("programme", ListProgramme, lambda _: ListProgramme(), is_partial=True, **THEIRS),
    Door("import a programme", ImportProgramme, lambda _: ImportProgramme(rows=()), **THEIRS),
)
