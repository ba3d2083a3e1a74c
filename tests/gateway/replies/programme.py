"""Replies of the programme and of referrals."""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.envelope import Request
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
    WithdrawReferral,
)
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID

REPLIES: dict[type[Request[Any]], BaseModel] = {
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
    WithdrawReferral: ReferralVersion(referral_id=GRANT_ID, version=3),
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
}
