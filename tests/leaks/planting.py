"""Plants the people in a running house: what each service holds of them, told as it is told."""

from datetime import date
from hashlib import sha256
from typing import Any
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
from contracts.customer.background import ChangeBackground, Group
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
from tests.leaks.people import (
    AUTHORITY,
    DATA_OF_TOPIC,
    DEPUTY,
    HELD,
    HERE,
    HOLDS,
    LOOKS,
    OWN_COUNTY,
    PARTY,
    PROVIDER,
    Kind,
    Plant,
    Planted,
    contact,
    describe,
)
from tests.support import House, eventually, helsinki_today, now

_POWERS = ("personal_safety", "trafficking")
_ENTERS = Actor("enters@tampere", HERE, "integration_expert", powers=_POWERS, purpose="placement")
_LOOKS = Actor(LOOKS, HERE, "integration_expert", purpose="placement")
_ADMINISTERS = Actor("administers@tampere", HERE, "access_administrator")


async def plant(house: House, kind: Kind, number: int, *, ended: bool = False) -> Planted:
    """A customer of HERE with a past: each group of data was changed once, with a reason, and two of them together."""
    planted = Planted(kind, number, UUID(int=0))
    told = describe(planted)
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
    number, today = planted.number, helsinki_today()
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
    contribution = Contribution(sections=(writing,), written_by="Aino Virkanen", written_on=helsinki_today())
    await house.ask(ContributeForPartner(**of_county, contribution=contribution), integration)
    planted.plant("participation", text=asked)


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
