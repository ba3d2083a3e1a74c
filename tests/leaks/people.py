"""The people whose data must not leak: each value of each is one that is found nowhere else."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

from contracts.access.rights import GiveGrant, GrantGround, NoteSignIn
from contracts.access.safeguards import WithholdCustomer
from contracts.assessment.cases import StartAssessment
from contracts.assessment.county_sections import ContributeForPartner, Contribution, CountyWriting
from contracts.assessment.interviews import BeginInterview, HeldInterview
from contracts.assessment.measures import MeasureOrder, MeasureReport, OrderMeasure, ReportMeasure
from contracts.assessment.participations import (
    AnswerParticipationForPartner,
    ParticipationPreview,
    ReplyToParticipation,
    RequestParticipation,
)
from contracts.assessment.topics import TopicContent, TopicNeed, WriteTopic
from contracts.customer.background import DATA_OF_GROUP, ChangeBackground, Group
from contracts.customer.contacts import ReceiveContact
from contracts.customer.families import RecordFamilyRelation, Relative
from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    ListedTarget,
    ListOutreachTargets,
    OutreachRow,
)
from contracts.customer.people import (
    FIELDS_OF_DATA,
    ChangeCustomer,
    CloseCustomer,
    CustomerVersion,
    GetCustomer,
    OpenCustomer,
    Person,
    PersonChanges,
)
from contracts.customer.transfers import AnswerTransferForPartner, OfferTransfer, RejectTransfer, TransferConsent
from contracts.handshake import Responsible
from contracts.plan.content import Goal, PlanContent
from contracts.plan.plans import DraftPlan, EarlierPlan, WritePlan
from contracts.types import PersonName
from services.kit.actor import Actor, service_actor
from services.kit.work import Cause
from services.records import repository
from services.records.handlers import making
from services.records.rules.matters import Matter
from tests.support import House, eventually, now

HERE, ELSEWHERE, COUNTY, PARTY, AUTHORITY = "837", "091", "06", "049", "area-049"
OWN_COUNTY, PROVIDER = "08", "0245437-2"
"""The county of HERE, and who does clarifying measures."""
Kind = Literal["ordinary", "protected", "sheltered", "trafficked"]
"""Sheltered: protected by somebody else in the household."""
KINDS: tuple[Kind, ...] = ("ordinary", "protected", "sheltered", "trafficked")
LOOKS, HOLDS, DEPUTY = "looks@tampere", "holds@tampere", "deputy@tampere"
"""Users: who looked at everybody, who holds a right, and who could."""
_POWERS = ("personal_safety", "trafficking")
_ENTERS = Actor("enters@tampere", HERE, "integration_expert", powers=_POWERS, purpose="placement")
_LOOKS = Actor(LOOKS, HERE, "integration_expert", purpose="placement")
_ADMINISTERS = Actor("administers@tampere", HERE, "access_administrator")
_ACTS_ON_PLANS = {"write_plan": "plan"}
"""What a refusal tells of a plan that was changed."""
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


DATA_OF_TOPIC = {"literacy": "assessment", "health_and_social_needs": "county_section"}
"""Topics of the assessment under which something is planted."""


class Plant(NamedTuple):
    """A value that is planted: whoever may not see all of its data groups must not get it."""

    field: str
    groups: tuple[str, ...]
    text: str
    past: bool = False
    """Told by the history alone."""
    of_background: bool = False
    """Told by the doors of the background alone."""

    @property
    def is_code(self) -> bool:
        """Whether it is a value of a list, which others may have too."""
        return len(self.text) < 6 or (self.text.isidentifier() and self.text.islower())

    def is_in(self, body: bytes) -> bool:
        """Whether an answer holds it: as a whole value where it is short, else anywhere."""
        if len(self.text) >= 6:
            return self.text in body.decode()
        return self.text in set(_scalars(json.loads(body)))


@dataclass
class Planted:
    """One person, and what is planted in the record."""

    kind: Kind
    number: int
    customer_id: UUID
    version: int = 1
    is_open: bool = True
    code: str = ""
    name: str = ""
    phone: str = ""
    day: date = date(1990, 1, 1)
    grant_id: UUID | None = None
    """Of the right that HOLDS was given by HERE."""
    relation_id: UUID = field(default_factory=uuid4)
    """Of the relation to a sister who is no customer."""
    contact_id: UUID | None = None
    """Of the contact that another authority made to HERE."""
    withheld_id: UUID | None = None
    """Of somebody whom HERE withholds."""
    background_versions: dict[Group, int] = field(default_factory=dict)
    transfer_id: UUID = field(default_factory=uuid4)
    """Of a transfer that HERE offered to PARTY, which rejected it; of none where the relationship has ended."""
    partner_transfer_id: UUID = field(default_factory=uuid4)
    """The same, of an offer to AUTHORITY."""
    assessment_id: UUID = field(default_factory=uuid4)
    """Of an assessment of HERE that is under way; withdrawn where the relationship has ended."""
    assessment_version: int = 1
    measure_id: UUID = field(default_factory=uuid4)
    """Of a clarifying measure in it that is ordered."""
    participation_id: UUID = field(default_factory=uuid4)
    """Of the county's participation in it, in its fourth version: the county has agreed."""
    plan_id: UUID = field(default_factory=uuid4)
    """Of a plan that HERE drafted."""
    plan_version: int = 1
    referral_id: UUID = field(default_factory=uuid4)
    """Of a referral of it that waits for an answer."""
    completion_id: UUID = field(default_factory=uuid4)
    """Of a result of it."""
    document_id: UUID = field(default_factory=uuid4)
    """Of a document of HERE."""
    open_matters: tuple[UUID, ...] = ()
    operation_id: UUID | None = None
    """Of a list that HERE imported."""
    target_id: UUID | None = None
    protected_target_id: UUID | None = None
    """Of people on it, the second of them on a ground for few to know."""
    plants: list[Plant] = field(default_factory=list)

    @property
    def contact(self) -> str:
        """The data group of this person's contact details."""
        return "protected_contact" if self.kind in ("protected", "sheltered") else "contact"

    @property
    def permit(self) -> str:
        """The data group of this person's residence permit."""
        return "trafficking" if self.kind == "trafficked" else "residence_permit"

    def group(self, field: str) -> str:
        """The data group of a field of the person, of a group of the background, of a topic, or of an act on a plan."""
        of_field = {each: data for data, fields in FIELDS_OF_DATA.items() for each in fields}
        group = {**of_field, **DATA_OF_GROUP, **DATA_OF_TOPIC}.get(field) or _ACTS_ON_PLANS[field]
        return {"contact": self.contact, "residence_permit": self.permit}.get(group, group)

    def groups(self, fields: Collection[str]) -> set[str]:
        """The data groups of what is handled with these fields: who lifts a protection handles what it protects."""
        lifted = {self.contact} if "safety_non_disclosure" in fields and self.kind == "protected" else set()
        return {self.group(field) for field in fields} | lifted

    def plant(self, group: str, past: bool = False, of_background: bool = False, **texts: str) -> None:
        self.plants += [Plant(each, (group,), text, past, of_background) for each, text in texts.items()]


def unborn(number: int) -> Planted:
    """Somebody of whom nothing is on record."""
    planted = Planted("ordinary", number, UUID(int=number))
    _describe(planted)
    return planted


def _describe(planted: Planted) -> dict[str, Any]:
    """What is told at the opening, and planted."""
    number = planted.number
    planted.day = date(1960 + number, 1 + number % 12, 1 + number % 28)
    digits = f"{planted.day:%d%m%y}{900 + number}"
    planted.code = f"{planted.day:%d%m%y}-{900 + number}{_CHECK_CHARACTERS[int(digits) % 31]}"
    word = "".join(chr(ord("a") + int(digit)) for digit in f"{number:02}")
    family, given = f"Xyzfamily{word}", f"Xyzgiven{word}"
    planted.name, planted.phone = f"{given} {family}", f"+35845{7000000 + number}"
    email, street = f"planted{number}@example.org", f"Plantedstreet {number}"
    granted, until = f"{1980 + number}-03-07", f"{2060 + number}-03-08"
    ground = "victim_of_trafficking" if planted.kind == "trafficked" else "subsidiary_protection"
    planted.plant(
        "identity",
        family=family,
        given=given,
        date_of_birth=planted.day.isoformat(),
        personal_identity_code=planted.code,
        citizenships="TUV",
    )
    planted.plant(planted.contact, phone=planted.phone, email=email, street=street)
    planted.plant("language", mother_tongue="kca", language="yrk")
    planted.plant(planted.permit, ground=ground, granted_on=granted, valid_until=until)
    planted.plant("relationship", arrival="directed")
    return {
        "name": {"family": family, "given": given},
        "date_of_birth": planted.day,
        "personal_identity_code": planted.code,
        "citizenships": ["TUV"],
        "mother_tongue": "kca",
        "interpreter": {"needed": True, "language": "yrk"},
        "contact": {
            "phone": planted.phone,
            "email": email,
            "address": {"street": street, "postal_code": "99999", "city": "Plantedcity"},
        },
        "first_residence_permit": {
            "kind": "continuous",
            "ground": ground,
            "granted_on": granted,
            "valid_until": until,
        },
        "safety_non_disclosure": planted.kind == "protected",
    }


async def plant(house: House, kind: Kind, number: int, *, ended: bool = False) -> Planted:
    """A customer of HERE with a past: each group of data was changed once, with a reason, and two of them together."""
    planted = Planted(kind, number, UUID(int=0))
    told = _describe(planted)
    later = {name: told.pop(name) for name in ("mother_tongue", "contact", "first_residence_permit")}
    known = await house.ask(OpenCustomer(person=Person.model_validate(told), arrival="directed"), _ENTERS)
    planted.customer_id = known.customer_id
    earlier = {
        "mother_tongue": "mns",
        "contact": {"phone": f"+35846{7000000 + number}", "email": f"former{number}@example.org"},
        "first_residence_permit": later["first_residence_permit"] | {"granted_on": f"{1980 + number}-04-09"},
    }
    planted.plant("language", past=True, mother_tongue="mns")
    planted.plant(planted.contact, past=True, phone=f"+35846{7000000 + number}", email=f"former{number}@example.org")
    planted.plant(planted.permit, past=True, granted_on=f"{1980 + number}-04-09")
    for name, value in earlier.items():
        known = await _change(house, planted, known, {name: value})
    known = await _change(house, planted, known, later)
    await _plant_family(house, planted)
    await _plant_document(house, planted)
    await _plant_background(house, planted, later["first_residence_permit"])
    await house.settle()
    await _plant_assessment(house, planted)
    await _plant_plan(house, planted)
    await house.settle()
    found = await house.ask(GetOpenMatters(customer_id=known.customer_id), _ENTERS)
    planted.open_matters = tuple(each.matter_id for each in found.matters)
    if ended:
        asked = CloseCustomer(
            customer_id=known.customer_id,
            expected_version=known.version,
            reason="own_wish",
            acknowledged=planted.open_matters,
        )
        known = await house.ask(asked, _ENTERS)
        planted.plant("relationship", end_reason="own_wish")
        planted.is_open = False
    else:
        await _plant_transfer(house, planted)
    planted.version = known.version
    planted.contact_id = (await house.ask(contact(HERE, number), service_actor("integration"))).contact_id
    planted.plant("contact_report", family=f"Contactfamily{number}", text=f"What is needed, {number}")
    planted.plant("contact_report", authority_name=f"Reporting authority {number}", phone=f"+35847{7000000 + number}")
    return planted


async def _plant_document(house: House, planted: Planted) -> None:
    """A document of HERE, known by its hash."""
    at, pdf = now(), f"%PDF-1.7 of {planted.customer_id}".encode()
    matter = Matter(planted.customer_id, (), HERE, "assessment", uuid4(), 1, "fi", "fi", at)
    begin = house.services["records"].parts.unit_of_work.begin
    async with begin(service_actor("records"), Cause("planted", "planted")) as work:
        await repository.want(work, matter)
        await making.keep(work, matter, pdf)
    planted.document_id = matter.document_id
    planted.plant("document", sha256=sha256(pdf).hexdigest())


async def _plant_family(house: House, planted: Planted) -> None:
    """A sister who is no customer; and who protects the household, where somebody does."""
    name, year = f"Xyzsister{planted.number}", 1940 + planted.number
    relative = Relative(name=PersonName(family=name, given="Sister"), year_of_birth=year, lives_in="NRU")
    sister = RecordFamilyRelation(customer_id=planted.customer_id, kind="sibling", relative=relative)
    planted.relation_id = (await house.ask(sister, _ENTERS)).relation_id
    groups = ("family",) if planted.contact == "contact" else ("family", planted.contact)
    told = {"relatives_name": name, "year_of_birth": str(year), "lives_in": "NRU"}
    planted.plants += [Plant(each, groups, text) for each, text in told.items()]
    if planted.kind == "sheltered":
        person = Person(
            name=PersonName(family="Esimerkki", given="Suojattu"),
            date_of_birth=date(1990, 1, 1),
            safety_non_disclosure=True,
        )
        other = await house.ask(OpenCustomer(person=person, arrival="moved"), _ENTERS)
        joined = {"kind": "sibling", "relative_id": other.customer_id, "same_household": True}
        await house.ask(RecordFamilyRelation.model_validate({"customer_id": planted.customer_id, **joined}), _ENTERS)


def contact(municipality: str, number: int) -> ReceiveContact:
    """Another authority's contact about somebody who is nobody's customer."""
    return ReceiveContact.model_validate(
        {
            "municipality": municipality,
            "authority": "school",
            "authority_name": f"Reporting authority {number}",
            "channel": "letter",
            "report": {
                "reporter": {"name": "Somebody"},
                "person": {
                    "name": {"family": f"Contactfamily{number}", "given": "Somebody"},
                    "date_of_birth": date(1960 + number, 7, 30),
                    "contact": {"phone": f"+35847{7000000 + number}"},
                },
                "needs": ["other"],
                "text": f"What is needed, {number}",
                "consent": {"not_needed": "other_act"},
            },
        }
    )


async def _plant_background(house: House, planted: Planted, first: dict[str, Any]) -> None:
    """Each data group of the background was told once and then changed, each time with a reason."""
    number = planted.number
    permit = {"kind": "temporary", "ground": "study", "granted_on": f"{1980 + number}-06-01"}

    def contents(when: str, day: int) -> dict[Group, dict[str, Any]]:
        until, since = f"{2070 + number}-05-{day:02}", f"{1990 + number}-07-{day:02}"
        degree, goal, illness = (f"Planted {what} {when} of {number}" for what in ("degree", "goal", "illness"))
        is_past = when == "before"
        planted.plant(planted.permit, of_background=True, past=is_past, valid_until=until)
        planted.plant("competence", of_background=True, past=is_past, name=degree)
        planted.plant("life_situation", of_background=True, past=is_past, description=goal)
        planted.plant("benefits", of_background=True, past=is_past, since=since)
        planted.plant("health", of_background=True, past=is_past, description=illness)
        return {
            "residence_permits": {"permits": [first | {"first": True}, permit | {"valid_until": until}]},
            "education": {"studies": [{"level": "6", "name": degree, "completed": True}]},
            "goals": {"goals": [{"kind": "employment", "description": goal}]},
            "benefits": {"benefits": [{"kind": "social_assistance", "received": True, "since": since}]},
            "health": {"facts": [{"effect": "working", "description": illness}]},
        }

    versions: dict[Group, int] = {"residence_permits": 2}  # the person's permit was told, and changed
    for told in contents("before", 3), contents("now", 4):
        for group, content in told.items():
            why = f"because {number} of {group} {versions.get(group)}"
            planted.plant(planted.group(group), of_background=True, past=True, why=why)
            asked = {
                "customer_id": planted.customer_id,
                "expected_version": versions.get(group, 0),
                "content": {"group": group, **content},
                "why": why,
            }
            versions[group] = (await house.ask(ChangeBackground.model_validate(asked), _ENTERS)).version
    planted.background_versions = versions


async def _plant_assessment(house: House, planted: Planted) -> None:
    """An assessment under way: the customer was told a duty, and two topics and a measure tell something."""
    number, today = planted.number, now().date()
    why, missed, result = (f"Planted {what} of {number}" for what in ("need", "illness of the child", "result"))
    start = StartAssessment(customer_id=planted.customer_id, asked_on=today, why=why, despite_time_limit="A wish")
    known = await house.ask(start, _ENTERS)
    planted.assessment_id = known.assessment_id
    held = HeldInterview.model_validate(HELD | {"participants": [{"role": "other", "name": missed}]})
    begin = BeginInterview(assessment_id=known.assessment_id, expected_version=known.version, interview=held)
    planted.assessment_version = (await house.ask(begin, _ENTERS)).version
    await _plant_participation(house, planted)
    for topic, group in DATA_OF_TOPIC.items():
        text = planted_under(topic, planted)
        content = TopicContent(text=text, needs=(TopicNeed(kind="other", text=f"{text}, needed"),))
        write = WriteTopic(assessment_id=known.assessment_id, topic=topic, expected_version=0, content=content)
        await house.ask(write, _ENTERS)
        planted.plant(group, text=text)
    for is_reported in (True, False):
        of_whom = {"provider": "own", "instructions": result}
        if not is_reported:
            of_whom = {"provider": "third_party", "organisation": PROVIDER}
        order = MeasureOrder.model_validate({"measure": "language_level", "due_on": today, **of_whom})
        ordered = await house.ask(OrderMeasure(assessment_id=known.assessment_id, order=order), _ENTERS)
        if is_reported:
            report = MeasureReport(result=result, done_on=today, done_by="Somebody")
            await house.ask(ReportMeasure(measure_id=ordered.measure_id, report=report), _ENTERS)
        planted.measure_id = ordered.measure_id
    planted.plant("assessment", why=why, name=missed, instructions=result)


def planted_under(topic: str, planted: Planted) -> str:
    """What the interview wrote under a topic; the county contributes the same of its own."""
    return f"Planted {topic} of {planted.number}"


async def _plant_participation(house: House, planted: Planted) -> None:
    """The county asked something, was replied to, has agreed to take part and contributed."""
    preview = ParticipationPreview(topics=("health_and_social_needs",))
    request = RequestParticipation(assessment_id=planted.assessment_id, way="in_writing", preview=preview)
    known = planted.participation_id = (await house.ask(request, _ENTERS)).participation_id
    asked = f"Planted question of {planted.number}"
    of_county: dict[str, Any] = {"partner": OWN_COUNTY, "participation_id": known}
    integration = service_actor("integration")
    await house.ask(AnswerParticipationForPartner(**of_county, act="ask_more", text=asked), integration)
    await house.ask(ReplyToParticipation(participation_id=known, expected_version=2, text=asked), _ENTERS)
    somebody = Responsible(name="Aino Virkanen", phone="+358 00 000 0000")
    await house.ask(AnswerParticipationForPartner(**of_county, act="accept", responsible=somebody), integration)
    planted.assessment_version += 1
    [topic] = (topic for topic, group in DATA_OF_TOPIC.items() if group == "county_section")
    writing = CountyWriting(topic=topic, text=planted_under(topic, planted))
    contribution = Contribution(sections=(writing,), written_by="Aino Virkanen", written_on=now().date())
    await house.ask(ContributeForPartner(**of_county, contribution=contribution), integration)
    planted.plant("participation", text=asked)


HELD = {"held_on": str(now().date()), "place": "office", "language": "fi", "language_understood": True}
OTHER_CONTENTS: dict[Group, dict[str, Any]] = {
    "residence_permits": {"group": "residence_permits", "permits": []},
    "education": {"group": "education", "studies": []},
    "goals": {"group": "goals", "goals": []},
    "benefits": {"group": "benefits", "benefits": []},
    "health": {"group": "health", "facts": []},
}
"""What a change puts in the place of what was planted."""


async def _plant_plan(house: House, planted: Planted) -> None:
    """A draft that goes on from an earlier plan."""
    earlier = EarlierPlan(drawn_up_on=date(2025, 9, 1))
    plan = await house.ask(DraftPlan(customer_id=planted.customer_id, earlier=earlier), _ENTERS)
    text, follow_up = f"Planted goal of plan {planted.number}", f"Planted follow-up of plan {planted.number}"
    content = PlanContent(goals=(Goal(goal_id=uuid4(), kind="employment", text=text),), follow_up=follow_up)
    writing = WritePlan(plan_id=plan.plan_id, expected_version=plan.version, content=content)
    planted.plan_id, planted.plan_version = plan.plan_id, (await house.ask(writing, _ENTERS)).version
    planted.plant("plan", text=text, follow_up=follow_up)
    service, provider = f"Planted service of {planted.number}", f"Planted provider of {planted.number}"
    await house.rows(
        "plan",
        _A_REFERRAL,
        planted.referral_id,
        planted.plan_id,
        planted.customer_id,
        service,
        provider,
    )
    await house.rows(
        "plan", _A_COMPLETION, planted.completion_id, planted.referral_id, planted.plan_id, planted.customer_id
    )
    planted.plant("plan", service_name=service, provider=provider)


_A_REFERRAL = f"""INSERT INTO referral (referral_id, plan_id, line_id, customer_id, municipality, service_name,
    provider, state, version, referred_on, changed_at, changed_by)
    VALUES ($1, $2, $1, $3, '{HERE}', $4, $5, 'made', 1, '2026-01-02', now(), 'somebody')"""
"""No draft can be referred from: it is written as if the plan had been in force."""
_A_COMPLETION = f"""INSERT INTO completion (completion_id, referral_id, plan_id, customer_id, kind, outcome, ends_on,
    is_over, recorded_at, recorded_by, organisation)
    VALUES ($1, $2, $3, $4, 'service', 'completed', '2026-01-02', false, now(), 'somebody', '{HERE}')"""


async def _plant_transfer(house: House, planted: Planted) -> None:
    """An offer that was rejected: it keeps nobody from closing, and both sides read what was written."""
    consent = TransferConsent(given_on=date(2026, 1, 2), given_by="writing")
    offering = OfferTransfer(customer_id=planted.customer_id, receiver=PARTY, reason="moved", consent=consent)
    planted.transfer_id = (await house.ask(offering, _ENTERS)).transfer_id
    text = f"planted words {planted.number}"
    rejecting = RejectTransfer(transfer_id=planted.transfer_id, expected_version=1, reason="not_resident", text=text)
    await house.ask(rejecting, Actor("rejects@espoo", PARTY, "integration_expert"))
    to_authority = offering.model_copy(update={"receiver": AUTHORITY})
    planted.partner_transfer_id = (await house.ask(to_authority, _ENTERS)).transfer_id
    answer = AnswerTransferForPartner(
        partner=AUTHORITY, transfer_id=planted.partner_transfer_id, act="reject", reason="not_resident", text=text
    )
    await house.ask(answer, service_actor("integration"))
    planted.plant("transfer", text=text)


async def plant_rights(house: House, people: list[Planted]) -> None:
    """A right that HERE gave, a customer whom it withholds, and the log of who looked at the people."""
    for user in (HOLDS, DEPUTY):
        await house.ask(NoteSignIn(user=user), service_actor("gateway"))
    ground = GrantGround(kind="employment")
    giving = GiveGrant(user=HOLDS, role="advisor", task="guidance", ground=ground)
    given = await house.ask(giving, _ADMINISTERS)
    somebody = uuid4()
    withheld = await house.ask(WithholdCustomer(customer_id=somebody, ground="colleague"), _ADMINISTERS)
    for each in people:
        if each.is_open:
            await house.ask(GetCustomer(customer_id=each.customer_id), _LOOKS)
        each.grant_id, each.withheld_id = given.grant_id, withheld.withheld_id
        each.plants += [
            Plant("user_number", ("rights",), HOLDS),
            Plant("user", ("usage_log",), LOOKS),
            Plant("code", ("usage_log",), "placement"),
            Plant("withheld", ("rights",), str(somebody)),
        ]


async def plant_outreach(house: House, people: list[Planted]) -> None:
    """Two people whom HERE is to reach, one of them on a ground for few to know."""
    rows = [
        OutreachRow(
            family_name=f"Xyztarget{each}",
            given_name="Aamu",
            date_of_birth=f"198{number}-03-04",
            ground=each,
            phone=f"+35848700000{number}",
        )
        for number, each in enumerate(("integration_act_group", "victim_of_trafficking"))
    ]
    begun = await house.ask(BeginOutreachImport(source="immigration_service"), _ENTERS)
    operation_id = begun.operation_id
    await house.ask(AddOutreachRows(operation_id=operation_id, first_row=1, rows=tuple(rows)), _ENTERS)
    await house.ask(FinishOutreachImport(operation_id=operation_id, rows=len(rows)), _ENTERS)

    async def listed() -> list[ListedTarget]:
        targets = (await house.ask(ListOutreachTargets(), _ENTERS)).targets
        return sorted(targets, key=lambda each: each.grounds[0].ground) if len(targets) == len(rows) else []

    usual, protected = await eventually(listed, what="the list")
    for each in people:
        each.operation_id, each.target_id, each.protected_target_id = (
            operation_id,
            usual.target_id,
            protected.target_id,
        )
        each.plants += [
            Plant(field, groups, text)
            for row, groups in zip(rows, (("outreach",), ("outreach", "trafficking")), strict=True)
            for field, text in (("family", row.family_name), ("phone", row.phone), ("date_of_birth", row.date_of_birth))
        ]


async def _change(house: House, planted: Planted, known: CustomerVersion, to: dict[str, Any]) -> CustomerVersion:
    """Changes fields with one reason: it is of all their data groups at once."""
    groups = tuple(sorted(planted.groups(to)))
    why = f"because {planted.number} of {' and '.join(to)}"
    planted.plants.append(Plant("why", groups, why, past=True))
    return await house.ask(
        ChangeCustomer(
            customer_id=known.customer_id,
            expected_version=known.version,
            changes=PersonChanges.model_validate(to),
            why=why,
        ),
        _ENTERS,
    )


def _scalars(body: Any) -> Iterator[str]:
    if isinstance(body, dict | list):
        for each in body.values() if isinstance(body, dict) else body:
            yield from _scalars(each)
    else:
        yield str(body)
