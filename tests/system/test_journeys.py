"""Three people from their arrival to the plan that follows, as the experts who help them see it, months passing.

They are the three segments of the national reference architecture: who moves on his or her own, who is directed to a
municipality, and who comes by the refugee quota. All is done through the gateway, each service in a process of its own.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from pypdf import PdfReader

from contracts.law import laws
from contracts.topology import SERVICES
from deploy.local import issuer
from deploy.local.program import Program
from services.kit.clock import helsinki_date
from tests import paths
from tests.gateway.support import API, Answer
from tests.support import eventually, now
from tests.system.conftest import EXPERT, WholeHouse, started
from tests.system.planted import FAMILY, GIVEN, PLANTED, WHY, WITHOUT_CODE, leaks
from tests.system.test_privacy import logs

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]
OFFICER, SUPERVISOR = "dpo@tampere", "supervisor@tampere"
SOMEBODY = {"name": "Sanna Sosiaalityöntekijä", "phone": "+358 00 000 0003"}
"""Who answers for the county."""
FAR_AWAY = 4_000_000_000
"""When the test users' tokens expire, however far the clock goes."""


@dataclass
class Later:
    """A house whose clock goes ahead of the machine's."""

    house: WholeHouse
    ahead: Path

    @property
    def today(self) -> date:
        """The day in the house."""
        return helsinki_date(now() + timedelta(days=int(self.ahead.read_text())))

    def pass_until(self, day: date) -> None:
        """Lets the days until then go by."""
        told = self.ahead.with_suffix(".new")
        told.write_text(str(int(self.ahead.read_text()) + (day - self.today).days))
        os.replace(told, self.ahead)


@pytest_asyncio.fixture(scope="module")
async def later(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Later]:
    """The house of all journeys, one after the other."""
    home = tmp_path_factory.mktemp("journeys")
    ahead = home / "days-ahead"
    ahead.write_text("0")

    def alter(program: Program) -> Program:
        told = {"KOTO_TEST_DAYS_AHEAD": str(ahead), "KOTO_RATE_LIMIT": "1000000/minute"}
        return replace(program, module=["tests.system.moved_clock"], environment=program.environment | told)

    async with started(home / "house", alter) as house:
        async with aiohttp.ClientSession(house.stack.issuer_url, raise_for_status=True) as session:
            for user in (EXPERT, OFFICER, SUPERVISOR):
                await session.put(f"/users/{user}", json=issuer.users()[user] | {"exp": FAR_AWAY})
        yield Later(house, ahead)


@dataclass
class Journey:
    """One customer's way, gone by an expert."""

    later: Later
    parties: tuple[str, ...] = paths.PARTIES
    customer: str = ""
    assessment: str = ""
    plan: str = ""
    _needs: list[str] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.later.today

    async def act(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        answer = await self.tried(method, path, body, version)
        assert answer.status < 300, (path, answer)
        return answer.json

    async def tried(self, method: str, path: str, body: Any = None, version: int | None = None) -> Answer:
        """What an act is answered; it is sent again with its key while rights are not known to be current."""
        headers = {"Idempotency-Key": str(uuid4())} | ({"If-Match": f'"{version}"'} if version is not None else {})
        more = {"json": body} if body is not None else {}

        async def answered() -> Answer | None:
            answer = await self.later.house.send(method, f"{API}{path}", headers=headers, **more)
            return None if answer.status == 503 else answer

        answer: Answer = await eventually(answered, what=path)
        return answer

    async def read(self, path: str) -> Any:
        answer = await self.later.house.send("GET", f"{API}{path}")
        assert answer.status in (200, 404), (path, answer)
        return answer.json if answer.status == 200 else None

    async def arrive(self, arrival: str, ground: str) -> None:
        """The customer is opened."""
        permit = {"kind": "continuous", "ground": ground, "granted_on": str(self.today)}
        self.customer = await paths.opened(self, WITHOUT_CODE | {"first_residence_permit": permit}, arrival)

    async def to_start(self, *reasons: str) -> None:
        """The assessment is to be started, and the worklist says so with the name."""
        card = await paths.to_start(self, self.customer)
        assert (card["status"], card["reasons"]) == ("to_start", list(reasons))
        self.assessment = card["assessment_id"]
        [start] = await self.on_worklist("assessment_start")
        assert start["customer"]["name"]["family"] == FAMILY
        assert (start["due_on"], start["statutory"]) == (str(self.today + timedelta(days=14)), False)
        latest = (await paths.due(self, self.customer, "assessment_latest"))["assessment_latest"]
        assert latest["due_on"] == str(by_law("assessment_latest", self.today))
        assert (latest["statutory"], latest["counted_from"]) == (True, str(self.today))
        for language in ("fi", "sv", "en"):
            assert f"{self.today:%-d.%-m.%Y}" in latest["explanation"][language], latest

    async def on_worklist(self, *kinds: str) -> list[Any]:
        """What the worklist says of the customer, once it says something of these kinds."""

        async def listed() -> list[Any]:
            items = (await self.read(f"/worklist?{'&'.join(f'kind={each}' for each in kinds)}"))["items"]
            return [each for each in items if each["customer_id"] == self.customer]

        found: list[Any] = await eventually(listed, what=f"{kinds} on the worklist")
        return found

    async def whole(self) -> Any:
        """The assessment as it stands."""
        return await self.read(f"/assessments/{self.assessment}")

    async def interviewed(self, *, missed: int = 0) -> None:
        """The interview is planned for two days later, and held the day after; so often the customer is ill before."""
        for turn in range(missed + 1):
            appointment = {
                "starts_at": f"{self.today + timedelta(days=2)}T09:00:00Z",
                "place": "office",
                "language": "fi",
                "interpreter": {"needed": True, "language": "ar"},
            }
            version = (await self.whole())["version"]
            body = {"appointment": appointment}
            version = (await self.act("POST", f"/assessments/{self.assessment}/interview", body, version))["version"]
            assert (await self.whole())["status"] == "planned"
            self.later.pass_until(self.today + timedelta(days=3))
            if turn < missed:
                ill = {"explanation": WHY}
                await self.act("POST", f"/assessments/{self.assessment}/interview/missed", ill, version)
        interview = {"interview": paths.held(self.today)}
        await self.act("POST", f"/assessments/{self.assessment}/interview/held", interview, version)
        found = await self.whole()
        assert (found["status"], found["missed"]) == ("under_way", missed)

    async def county_heard(self) -> None:
        """The county's program is asked, accepts and writes its section: only then does it hear whom it is about."""
        preview = {"service_language": "ar", "interpreter_needed": True, "topics": ["health_and_social_needs"]}
        with self.later.house.partner("county") as county:
            asked = await self.act(
                "POST", f"/assessments/{self.assessment}/participations", {"way": "in_writing", "preview": preview}
            )
            requested = await county.matter("participation_id", "requested", asked["participation_id"])
            assert (requested["preview"], requested["person"]) == (preview, None)
            matter = {"participation_id": asked["participation_id"]}
            answer = matter | {"act": "accept", "responsible": SOMEBODY}
            assert await county.outcome("authority.participation_answer.v1", answer) == ("received", [])
            accepted = await county.matter("participation_id", "accepted", asked["participation_id"])
            assert accepted["person"]["name"]["family"] == FAMILY
            section = {"topic": "health_and_social_needs", "text": WHY, "needs": ["health_services"]}
            written = {"sections": [section], "written_by": SOMEBODY["name"], "written_on": str(self.today)}
            assert await county.outcome("authority.county_contribution.v1", matter | written) == ("received", [])
        [writing] = (await self.read(f"/assessments/{self.assessment}/county-section"))["writings"]
        assert (writing["organisation"], writing["text"]) == ("08", WHY)
        assert (await self.whole())["county_takes_part"]

    async def family_planned(self, spouse: str) -> str:
        """The family's plan: for as long as a member's own lasts, with the guardian's consent; each finds it."""
        consent = {"given_on": str(self.today), "given_by": GIVEN}
        begun = {"kind": "family", "members": [spouse], "consents": [consent]}
        plan = await self.family_drafted(spouse, begun)
        own = (await self.read(f"/plans/{self.plan}"))["valid_until"]
        content = paths.agreed((await self.read(f"/plans/{plan}"))["in_making"]["content"], self.today, WHY)
        goal = {"goal_id": str(uuid4()), "kind": "everyday_life", "term": "plan", "text": WHY}
        line = {"line_id": str(uuid4()), "name": "Perhekerho", "goal_ids": [goal["goal_id"]]}
        line |= {"responsible_party": "Esimerkkiyhdistys", "justification": WHY}
        content |= {"goals": [goal], "services": [line]}
        longer = content | {"ends_on": str(date.fromisoformat(own) + timedelta(days=1))}
        version = (await self.act("PUT", f"/plans/{plan}/content", longer, 1))["version"]
        refused = await self.tried("POST", f"/plans/{plan}/offer", None, version)
        assert [each["rule"] for each in refused.problem(422, "invalid-input")["errors"]] == ["members_plans"]
        version = (await self.act("PUT", f"/plans/{plan}/content", content | {"ends_on": own}, version))["version"]
        await self.act("POST", f"/plans/{plan}/offer", None, version)
        original = await paths.documented(self, plan)
        for party in paths.PARTIES:
            approval = paths.approval(party, original, self.today)
            await self.act("POST", f"/plans/{plan}/editions/1/approvals", approval)
        found = await self.read(f"/plans/{plan}")
        assert (found["status"], found["valid_until"], found["is_statutory"]) == ("in_force", own, False)
        for person in (self.customer, spouse):
            listed = (await self.read(f"/customers/{person}/plans"))["plans"]
            assert plan in [each["plan_id"] for each in listed]
        return plan

    async def family_drafted(self, spouse: str, begun: Any) -> str:
        """The plan's id, as soon as its service has heard of the spouse, by each of the queues that tell of one."""

        async def drafted() -> Any:
            answer = await self.tried("POST", f"/customers/{self.customer}/plans", begun)
            assert answer.status in (201, 404), answer
            return answer.status == 201 and answer.json["plan_id"]

        await eventually(lambda: self.read(f"/customers/{spouse}/plans"), what="the spouse's plans")
        return str(await eventually(drafted, what="the family's plan"))

    async def assessed(self) -> None:
        """Every topic is written, one with facts; duties are told, a measure is reported; a plan is needed."""
        case = f"/assessments/{self.assessment}"
        facts = {"group": "education", "studies": [{"level": "3", "name": WHY, "completed": True}]}
        for topic in paths.topics(self.today):
            body: dict[str, Any] = {"content": paths.written(topic, WHY)}
            if topic == "education_and_work_experience":
                body |= {"facts": {"content": facts, "expected_version": 0}}
            await self.act("PUT", f"{case}/topics/{topic}", body, 0)
        education = await self.read(f"/customers/{self.customer}/background/education")
        assert education["content"]["studies"][0]["name"] == WHY
        version = (await self.whole())["version"]
        version = (await self.act("POST", f"{case}/duties", {"duties": paths.duties(self.today)}, version))["version"]
        order = {"measure": "language_level", "provider": "own", "due_on": str(self.today + timedelta(days=7))}
        measure = (await self.act("POST", f"{case}/clarifying-measures", {"order": order}))["measure_id"]
        conclusion = {"conclusion": {"result": "plan_needed"}}
        refused = await self.tried("POST", f"{case}/conclude", conclusion, version)
        assert [each["rule"] for each in refused.problem(422, "invalid-input")["errors"]] == ["measure_open"]
        self.later.pass_until(self.today + timedelta(days=5))
        report = {"result": WHY, "done_on": str(self.today), "done_by": "Kieli Kettunen"}
        await self.act("POST", f"/clarifying-measures/{measure}/report", {"report": report})
        await self.act("POST", f"{case}/conclude", conclusion, version)
        found = await self.whole()
        assert (found["status"], found["result"], found["duties_left"]) == ("concluded", "plan_needed", [])
        [self._needs] = [
            [need["need_id"] for need in each["written"]["content"]["needs"]]
            for each in found["topics"]
            if each["written"] and each["written"]["content"]["needs"]
        ]
        await self.papers("assessment", self.assessment)

    async def planned(self, kind: str) -> None:
        """The plan is drafted from the need, written, offered, approved against its document, and in force."""
        due = await paths.due(self, self.customer, "plan_start", "plan_latest")
        assert (due["plan_start"]["statutory"], due["plan_latest"]["statutory"]) == (False, True)
        self.plan = (await self.act("POST", f"/customers/{self.customer}/plans", {"kind": kind}))["plan_id"]
        drafted = (await self.read(f"/plans/{self.plan}"))["in_making"]["content"]
        assert [each["need_id"] for each in drafted["services"]] == self._needs
        lacking = await self.tried("POST", f"/plans/{self.plan}/offer", None, 1)
        assert "/content/services/0/justification" in {
            each["pointer"] for each in lacking.problem(422, "invalid-input")["errors"]
        }
        await paths.offered(self, self.plan, self.today, WHY)
        await self.approved(1)
        due = await paths.due(self, self.customer, "referral", "plan_review", "plan_maximum")
        for code in ("referral", "plan_review", "plan_maximum"):
            assert due[code]["due_on"] == str(by_law(code, self.today)), code
        assert due.keys() == {"referral", "plan_review", "plan_maximum"}
        open_matters = (await self.read(f"/customers/{self.customer}/open-matters"))["matters"]
        assert self.plan in [each["matter_id"] for each in open_matters]

    async def approved(self, edition: int) -> None:
        """All parties approve the very document of an edition, which is in force with the last of them."""
        original = await paths.documented(self, self.plan)
        content = (await self.papers("plan", self.plan, edition))[original["document_id"]]
        assert hashlib.sha256(content).hexdigest() == original["sha256"]
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
        assert all(each in text for each in (FAMILY, GIVEN, "Suomen kielen kurssi", "Gruemainen"))
        approvals = f"/plans/{self.plan}/editions/{edition}/approvals"
        other = paths.approval("customer", original | {"sha256": "a" * 64}, self.today)
        assert [
            each["rule"]
            for each in (await self.tried("POST", approvals, other)).problem(422, "invalid-input")["errors"]
        ] == ["document"]
        for party in self.parties:
            before = await self.read(f"/plans/{self.plan}")
            assert (before["in_making"] or {}).get("edition") == edition, party
            await self.act("POST", approvals, paths.approval(party, original, self.today))
        found = await self.read(f"/plans/{self.plan}")
        assert (found["status"], found["in_force"]["edition"], found["in_making"]) == ("in_force", edition, None)

    async def papers(self, kind: str, matter: str, edition: int | None = None) -> dict[str, bytes]:
        """The customer's two documents of something, once they are made: the original, and the copy in Arabic."""

        async def listed() -> list[Any]:
            documents = (await self.read(f"/customers/{self.customer}/documents"))["documents"]
            of_matter = [each for each in documents if (each["kind"], each["matter_id"]) == (kind, matter)]
            found = [each for each in of_matter if edition in (None, each["edition"])]
            return found if len(found) > 1 else []

        made = await eventually(listed, what=f"documents of the {kind}", within=paths.PATIENCE)
        assert {(each["language"], each["is_copy"]) for each in made} == {("fi", False), ("ar", True)}
        contents = {}
        for each in made:
            answer = await self.later.house.send("GET", f"{API}/documents/{each['document_id']}/content")
            assert answer.headers["Content-Type"] == "application/pdf"
            contents[each["document_id"]] = answer.body
        return contents

    async def referred(self) -> None:
        """The customer is directed to the service, by mistake too, and begins: the referral's due date is settled."""
        [line] = (await self.read(f"/plans/{self.plan}"))["in_force"]["content"]["services"]
        self.later.pass_until(self.today + timedelta(days=7))
        body = {"line_id": line["line_id"], "provider": {"name": "Esimerkkiopisto"}, "referred_on": str(self.today)}
        wrong = await self.act("POST", f"/plans/{self.plan}/referrals", body)
        await self.act("POST", f"/referrals/{wrong['referral_id']}/withdraw", {"why": WHY}, wrong["version"])
        assert "referral" in await paths.due(self, self.customer, "plan_review")
        made = await self.act("POST", f"/plans/{self.plan}/referrals", body)
        assert "referral" not in await paths.due(self, self.customer, "plan_review")
        self.later.pass_until(self.today + timedelta(days=7))
        begins = {"answer": {"answer": "taken_up", "on": str(self.today)}}
        taken = await self.act("POST", f"/referrals/{made['referral_id']}/answer", begins, made["version"])
        self.later.pass_until(self.today + timedelta(days=90))
        completion = {"kind": "service", "outcome": "completed", "ends_on": str(self.today), "hours": 200}
        done = {"completion": completion, "is_over": True}
        await self.act("POST", f"/referrals/{made['referral_id']}/completions", done, taken["version"])
        told = (await self.read(f"/plans/{self.plan}/referrals"))["referrals"]
        found = [(each["state"], bool(each["withdrawn"]), len(each["completions"])) for each in told]
        assert found == [("declined", True, 0), ("completed", False, 1)]

    async def reviewed(self) -> None:
        """As the half year comes to its end the review is on the worklist; it is made, and the next one agreed."""
        due_on = date.fromisoformat((await paths.due(self, self.customer, "plan_review"))["plan_review"]["due_on"])
        self.later.pass_until(due_on - timedelta(days=10))
        await eventually(lambda: self.told("approaching", "plan_review", due_on), what="the review's event")
        [item] = await self.on_worklist("plan_review")
        assert (item["due_on"], item["passed"], item["matter_id"]) == (str(due_on), False, self.plan)
        review = {
            "reason": "half_year",
            "reviewed_on": str(self.today),
            "participation": WHY,
            "progress": WHY,
            "next_review_on": str(self.today + timedelta(days=120)),
            "county_took_part": "county" in self.parties,
        }
        version = (await self.read(f"/plans/{self.plan}"))["version"]
        await self.act("POST", f"/plans/{self.plan}/reviews", review, version)
        due = await paths.due(self, self.customer, "plan_review")
        assert due["plan_review"]["due_on"] == str(by_law("plan_review", self.today))

    async def extended(self) -> None:
        """The plan's time is made longer for little education; the edition with the new end is approved by all."""
        before = await self.read(f"/plans/{self.plan}")
        latest = before["latest_end"]
        extension = {"ground": "little_education_or_many_services", "months": 6, "reason": WHY}
        version = (await self.act("POST", f"/plans/{self.plan}/extensions", extension, before["version"]))["version"]
        found = await self.read(f"/plans/{self.plan}")
        assert found["status"] == "in_force"
        assert found["latest_end"] > latest
        assert found["in_making"]["content"]["ends_on"] > before["valid_until"]
        maximum = (await paths.due(self, self.customer, "plan_maximum"))["plan_maximum"]
        assert maximum["due_on"] == found["latest_end"]
        content = found["in_making"]["content"] | {"next_review_on": str(self.today + timedelta(days=120))}
        version = (await self.act("PUT", f"/plans/{self.plan}/content", content, version))["version"]
        await self.act("POST", f"/plans/{self.plan}/offer", None, version)
        await self.approved(2)
        told = (await self.read(f"/plans/{self.plan}/differences?before=1&after=2"))["differences"]
        assert {each["field"] for line in told for each in line["fields"]} == {"ends_on", "next_review_on"}

    async def hindered(self) -> None:
        """Thirty days of illness interrupt the plan, and move its end."""
        before = await self.read(f"/plans/{self.plan}")
        body = {"ground": "illness", "first": str(self.today)}
        begun = await self.act("POST", f"/plans/{self.plan}/hindrances", body)
        assert (await self.read(f"/plans/{self.plan}"))["status"] == "interrupted"
        assert (await paths.due(self, self.customer, "plan_maximum"))["plan_maximum"]["is_suspended"]
        self.later.pass_until(self.today + timedelta(days=29))
        over = f"/plans/{self.plan}/hindrances/{begun['record_id']}/end"
        await self.act("POST", over, {"last": str(self.today)})
        found = await self.read(f"/plans/{self.plan}")
        assert found["status"] == "in_force"
        moved = date.fromisoformat(found["valid_until"]) - date.fromisoformat(before["valid_until"])
        assert moved == timedelta(days=30)

    async def followed(self) -> None:
        """How the goal is reached is recorded, and what was neglected, with what the customer says of it."""
        [goal] = (await self.read(f"/plans/{self.plan}"))["in_force"]["content"]["goals"]
        followed = {"goal_id": goal["goal_id"], "followed_on": str(self.today), "progress": "under_way", "text": WHY}
        await self.act("POST", f"/plans/{self.plan}/follow-ups", followed)
        neglect = {"happened_on": str(self.today), "fact": WHY, "explanation": WHY}
        wrong = await self.act("POST", f"/plans/{self.plan}/neglects", neglect)
        withdraw = f"/plans/{self.plan}/records/{wrong['record_id']}/withdraw"
        await self.act("POST", withdraw, {"why": WHY}, wrong["version"])
        await self.act("POST", f"/plans/{self.plan}/neglects", neglect)
        acts = (await self.read(f"/plans/{self.plan}/history"))["acts"][:4]
        assert [(each["act"], bool(each["withdrawn"])) for each in acts] == [
            ("record_neglect", False),
            ("withdraw_record", False),
            ("record_neglect", True),
            ("record_follow_up", False),
        ]

    async def ended(self, family: str = "") -> None:
        """The time is over: the program proposes to end the plan, and a person ends it with a plan to follow.

        The family's plan goes with the last of the members' own.
        """
        until = date.fromisoformat((await self.read(f"/plans/{self.plan}"))["valid_until"])
        self.later.pass_until(until + timedelta(days=1))
        found = await self.read(f"/plans/{self.plan}")
        assert (found["status"], found["proposed_end"]) == ("in_force", "time_over")
        follow_on = {"plan": "employment_plan", "to_whom": "Esimerkkialueen työllisyyspalvelut", "text": WHY}
        ending = {"reason": "time_over", "ended_on": str(until), "follow_on": follow_on}
        await self.act("POST", f"/plans/{self.plan}/end", ending, found["version"])
        found = await self.read(f"/plans/{self.plan}")
        assert (found["status"], found["ended_on"]) == ("ended", str(until))
        assert found["follow_on"] == follow_on
        if family:
            found = await self.read(f"/plans/{family}")
            assert (found["status"], found["proposed_end"]) == ("in_force", "members_plans_ended")
            ending |= {"reason": "members_plans_ended", "follow_on": {"plan": "none"}}
            await self.act("POST", f"/plans/{family}/end", ending, found["version"])
        assert (await self.read(f"/customers/{self.customer}/due-dates"))["due_dates"] == []

        async def nothing_open() -> bool:
            return (await self.read(f"/customers/{self.customer}/open-matters"))["matters"] == []

        await eventually(nothing_open, what="nothing left open")

    async def told(self, what: str, kind: str, due_on: date) -> list[Any]:
        """The events that told of a due date of the plan."""
        query = """SELECT FROM outbox WHERE type = $1 AND subject::text = $2
            AND data::json->>'kind' = $3 AND data::json->>'due_on' = $4"""
        told = (f"plan.deadline_{what}.v1", self.plan, kind, str(due_on))
        return await self.later.house.rows("plan", query, *told)

    async def leaves_traces_only_where_they_belong(self) -> None:
        """Each act is on the usage log, each deadline was told once, nothing is parked, and no log tells who it was."""
        done = {
            *("customer.open_customer.v1", "assessment.begin_interview.v1", "assessment.write_topic.v1"),
            *("assessment.conclude_assessment.v1", "plan.draft_plan.v1", "plan.approve_plan.v1"),
            *("records.get_document_content.v1", "plan.review_plan.v1", "plan.extend_plan.v1", "plan.end_plan.v1"),
        }
        lines = await eventually(lambda: self._usage(done), what="the usage log's lines")
        assert {(each["outcome"], each["organisation"]) for each in lines if each["request"] in done} == {
            ("done", "837")
        }
        twice = """SELECT type, subject FROM outbox WHERE type LIKE 'plan.deadline%'
            GROUP BY type, subject, data::json->>'kind', data::json->>'due_on' HAVING count(*) > 1"""
        assert await self.later.house.rows("plan", twice) == []
        for service in SERVICES:
            if service.answers:
                assert await self.later.house.rows(service.name, "SELECT type, reason FROM parked") == [], service.name
        found = logs(self.later.house)
        assert {"plan.log", "records.log", "assessment.log", "gateway.log"} <= {file for file, _ in found}
        assert leaks(found, {*PLANTED} & {FAMILY, GIVEN, WHY, "Gruemainen"}) == []

    async def _usage(self, requests: set[str]) -> list[Any] | None:
        """The log's lines of the customer, once these requests are among them."""
        lines: list[Any] = []
        cursor = ""
        while cursor is not None:
            page = await self.later.house.send("GET", f"{API}/customers/{self.customer}/usage{cursor}", user=OFFICER)
            if page.status != 200:
                return None
            lines += page.json["lines"]
            cursor = f"?cursor={page.json['next_cursor']}" if page.json["next_cursor"] else None
        return lines if requests <= {each["request"] for each in lines} else None


def by_law(code: str, counted_from: date) -> date:
    """A due date counted by the law in force."""
    return laws().on(counted_from).due_date(code).length.after(counted_from)


async def test_who_moved_on_his_or_her_own_and_looks_for_work(later: Later) -> None:
    journey = Journey(later)
    await journey.arrive("moved", "study")
    assert await journey.read(f"/customers/{journey.customer}/assessments") in (None, {"assessments": []})
    facts = {"content": {"group": "life_situation", "facts": [{"fact": "unemployed_jobseeker", "description": WHY}]}}
    await journey.act("PUT", f"/customers/{journey.customer}/background/life_situation", facts, 0)
    await journey.to_start("unemployed_jobseeker")
    whole = await journey.whole()
    assert whole["responsible"]["authority"] == "employment_authority"
    assert whole["responsible"]["transfer_proposed"]
    await journey.interviewed()
    await journey.assessed()
    await journey.planned("individual")
    await journey.referred()
    await journey.followed()
    await journey.reviewed()
    await journey.extended()
    await journey.ended()
    await journey.leaves_traces_only_where_they_belong()


async def test_who_was_directed_to_the_municipality_with_a_family(later: Later) -> None:
    journey = Journey(later, parties=("customer", "expert", "county"))
    await journey.arrive("directed", "international_protection_asylum")
    child = {"name": {"family": FAMILY, "given": "Ilta"}, "year_of_birth": 2019}
    related = {"kind": "child", "relative": child, "same_household": True, "why": WHY}
    await journey.act("POST", f"/customers/{journey.customer}/family", related)
    await journey.to_start("integration_act_group")
    assert (await journey.whole())["responsible"]["authority"] == "municipality"
    await journey.interviewed()
    await journey.assessed()
    await journey.planned("multidisciplinary")
    found = await journey.read(f"/plans/{journey.plan}")
    assert (found["county_takes_part"], found["is_statutory"]) == (True, False)
    spouse = await paths.opened(journey, paths.person(journey.today), "moved")
    await paths.to_start(journey, spouse)
    family = await journey.family_planned(spouse)
    await journey.referred()
    await journey.reviewed()
    await journey.extended()
    await journey.ended(family)
    await journey.leaves_traces_only_where_they_belong()


async def test_who_came_by_the_refugee_quota_and_fell_ill(later: Later) -> None:
    journey = Journey(later, parties=("customer", "expert", "county"))
    await journey.arrive("quota_refugee", "quota_refugee")
    await journey.to_start("integration_act_group")
    await journey.interviewed(missed=1)
    await journey.county_heard()
    await journey.assessed()
    await journey.planned("multidisciplinary")
    await journey.referred()
    await journey.hindered()
    await journey.reviewed()
    await journey.extended()
    await journey.ended()
    await journey.leaves_traces_only_where_they_belong()
